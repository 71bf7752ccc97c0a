//! An agent of launchd.

use std::path::{Path, PathBuf};

use super::program::{output, run, succeeds};
use super::variables::{Variable, inherited};
use super::{InstalledService, Scheduler};
use crate::failure::Failure;
use crate::files;
use crate::paths::Paths;
use crate::random;

const LABEL: &str = "io.burntop.sync";

fn agent(paths: &Paths) -> PathBuf {
    paths.launch_agents().join(format!("{LABEL}.plist"))
}

pub(super) fn install(paths: &Paths, program: &Path) -> Result<InstalledService, Failure> {
    let path = agent(paths);
    let minute = random::number() % 60;
    let log = paths.state().join("sync.log");
    let text = path.to_string_lossy();
    let was_installed = path.exists();
    files::replace_for(&[(&*path, plist(program, &inherited()?, minute, &log))], || {
        // An agent of an earlier installation has to go first.
        let _ = output("launchctl", &["unload", &text]);
        run("launchctl", &["load", "-w", &text])
    })
    .inspect_err(|_| {
        if was_installed {
            let _ = output("launchctl", &["load", "-w", &text]);
        }
    })?;
    Ok(InstalledService { scheduler: Scheduler::Launchd, files: vec![path], is_active: true })
}

pub(super) fn status(paths: &Paths) -> Option<InstalledService> {
    let path = agent(paths);
    path.exists().then(|| InstalledService {
        scheduler: Scheduler::Launchd,
        files: vec![path],
        is_active: succeeds("launchctl", &["list", LABEL]),
    })
}

pub(super) fn remove(paths: &Paths) -> Result<bool, Failure> {
    let path = agent(paths);
    if !path.exists() {
        return Ok(false);
    }
    let _ = output("launchctl", &["unload", "-w", &path.to_string_lossy()]);
    files::remove(&path)
}

/// The agent: hourly at `minute`, which differs between machines, and after the machine slept.
fn plist(program: &Path, variables: &[Variable], minute: u64, log: &Path) -> String {
    let variable =
        |(name, value): &Variable| format!("        <key>{name}</key>\n        <string>{}</string>\n", escaped(value));
    let variables = variables.iter().map(variable).collect::<Vec<_>>().concat();
    let [program, log] = [program, log].map(|path| escaped(&path.to_string_lossy()));
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
    <key>Label</key>
    <string>{LABEL}</string>
    <key>ProgramArguments</key>
    <array>
        <string>{program}</string>
        <string>sync</string>
    </array>
    <key>EnvironmentVariables</key>
    <dict>
{variables}    </dict>
    <key>StartCalendarInterval</key>
    <dict>
        <key>Minute</key>
        <integer>{minute}</integer>
    </dict>
    <key>ProcessType</key>
    <string>Background</string>
    <key>LowPriorityIO</key>
    <true/>
    <key>StandardErrorPath</key>
    <string>{log}</string>
</dict>
</plist>
"#
    )
}

/// Text in XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_runs_program_at_minute() {
        let variables = [("CODEX_HOME", "/a<b".to_owned())];
        let text = plist(Path::new("/Users/ada & co/burntop"), &variables, 17, Path::new("/l"));
        for part in [
            "<string>/Users/ada &amp; co/burntop</string>",
            "<string>sync</string>",
            "<key>CODEX_HOME</key>\n        <string>/a&lt;b</string>",
            "<integer>17</integer>",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
