//! A timer in the user's instance of systemd.

use std::path::Path;

use super::program::{output, run, succeeds};
use super::variables::{Variable, inherited};
use super::{InstalledService, Scheduler};
use crate::failure::Failure;
use crate::files;
use crate::paths::Paths;

const SERVICE: &str = "burntop-sync.service";
const TIMER: &str = "burntop-sync.timer";

/// Whether the user's instance runs: it does not in containers and in some sessions of `su`.
pub(super) fn is_available() -> bool {
    succeeds("systemctl", &["--user", "show-environment"])
}

pub(super) fn install(paths: &Paths, program: &Path) -> Result<InstalledService, Failure> {
    let units = paths.systemd_units();
    let (service_path, timer_path) = (units.join(SERVICE), units.join(TIMER));
    let units = [(&*service_path, service(program, &inherited()?)), (&*timer_path, timer())];
    let was_installed = timer_path.exists();
    let activate = || {
        run("systemctl", &["--user", "daemon-reload"])?;
        run("systemctl", &["--user", "enable", "--now", TIMER]).inspect_err(|_| {
            // A timer that does not start is enabled nevertheless.
            if !was_installed {
                let _ = output("systemctl", &["--user", "disable", TIMER]);
            }
        })
    };
    files::replace_for(&units, activate).inspect_err(|_| {
        let _ = output("systemctl", &["--user", "daemon-reload"]);
    })?;
    Ok(InstalledService { scheduler: Scheduler::Systemd, files: vec![service_path, timer_path], is_active: true })
}

pub(super) fn status(paths: &Paths) -> Option<InstalledService> {
    let units = paths.systemd_units();
    let files: Vec<_> =
        [SERVICE, TIMER].map(|name| units.join(name)).into_iter().filter(|path| path.exists()).collect();
    (!files.is_empty()).then(|| {
        let is_active = succeeds("systemctl", &["--user", "is-active", "--quiet", TIMER]);
        InstalledService { scheduler: Scheduler::Systemd, files, is_active }
    })
}

pub(super) fn remove(paths: &Paths) -> Result<bool, Failure> {
    let Some(installed) = status(paths) else { return Ok(false) };
    // The files go even if the instance does not run now.
    let _ = output("systemctl", &["--user", "disable", "--now", TIMER]);
    for file in &installed.files {
        files::remove(file)?;
    }
    let _ = output("systemctl", &["--user", "daemon-reload"]);
    Ok(true)
}

/// The unit that syncs once. Another sync that runs already is no failure (exit code 6).
fn service(program: &Path, variables: &[Variable]) -> String {
    let program = quoted(&program.to_string_lossy());
    let variable = |(name, value): &Variable| format!("Environment={}\n", quoted(&format!("{name}={value}")));
    let variables = variables.iter().map(variable).collect::<Vec<_>>().concat();
    format!(
        "[Unit]
Description=Sync usage of coding tools with burntop
Documentation=https://github.com/agusmdev/burntop

[Service]
Type=oneshot
{variables}ExecStart={program} sync
SuccessExitStatus=6
TimeoutStartSec=30min
Nice=10
IOSchedulingClass=idle
NoNewPrivileges=yes
"
    )
}

/// The timer: hourly, at another minute on each machine and in each hour, and after the machine was off.
fn timer() -> String {
    "[Unit]
Description=Sync usage of coding tools with burntop every hour

[Timer]
OnCalendar=hourly
RandomizedDelaySec=50min
Persistent=true

[Install]
WantedBy=timers.target
"
    .to_owned()
}

/// A path of a program, or a variable, in a unit. Systemd expands `%` in both, and no variables.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn path_of_program_is_quoted() {
        assert_eq!(quoted("/home/ada/bin/burntop"), r#""/home/ada/bin/burntop""#);
        assert_eq!(quoted(r#"/o "d\d/5%/$x"#), r#""/o \"d\\d/5%%/$x""#);
    }

    #[test]
    fn units_pass_verification_of_systemd() {
        if !super::super::program::exists("systemd-analyze") {
            return;
        }
        let directory = tempfile::tempdir().expect("a directory");
        let program = directory.path().join("a program 5% $x");
        fs::write(&program, "#!/bin/sh\n").expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("changed");
        }
        let (service_path, timer_path) = (directory.path().join(SERVICE), directory.path().join(TIMER));
        fs::write(&service_path, service(&program, &[("CODEX_HOME", "/mnt/a \"b\" 5%/$x".to_owned())]))
            .expect("written");
        fs::write(&timer_path, timer()).expect("written");
        let [service_path, timer_path] = [&service_path, &timer_path].map(|path| path.to_str().expect("UTF-8"));
        let verified = output("systemd-analyze", &["verify", "--man=no", service_path, timer_path]).expect("it runs");
        let text = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success() && !text.contains("burntop-sync"), "{text}");
    }
}
