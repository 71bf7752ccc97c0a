//! The hourly sync, with stand-ins for the schedulers' programs.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::fake_server::FakeServer;
use crate::fixture_home::FixtureHome;

/// Logs its arguments and succeeds.
const SYSTEMCTL: &str = "#!/bin/sh\necho \"$@\" >> \"$HOME/systemctl.log\"\n";
/// Keeps the table in a file, as cron does.
const CRONTAB: &str =
    "#!/bin/sh\nif [ \"$1\" = -l ]; then cat \"$HOME/crontab\" 2>/dev/null; else cat > \"$HOME/crontab\"; fi\n";

/// A signed-in home whose path has only `programs` and the tools of the shell.
fn home(programs: &[(&str, &str)]) -> FixtureHome {
    let home = FixtureHome::new();
    for (name, script) in programs {
        home.write(&format!("bin/{name}"), script);
        fs::set_permissions(home.path(&format!("bin/{name}")), fs::Permissions::from_mode(0o755)).expect("changed");
    }
    fs::create_dir_all(home.path("bin")).expect("created");
    // The scripts need `cat`.
    std::os::unix::fs::symlink("/bin/cat", home.path("bin/cat")).expect("linked");
    let path = home.path("bin").to_string_lossy().into_owned();
    let home = home.set("PATH", &path);
    home.sign_in(&FakeServer::start().url());
    home
}

#[test]
fn service_with_systemd_is_installed_and_removed() {
    let home = home(&[("systemctl", SYSTEMCTL), ("crontab", CRONTAB)]);
    let home = home.set("CODEX_HOME", "/mnt/codex");
    let installed = home.json(&["service", "install"]);
    assert_eq!(installed["service"]["scheduler"], "systemd");
    let unit = home.read(".config/systemd/user/burntop-sync.service");
    assert!(unit.contains(&format!("ExecStart=\"{}\" sync", env!("CARGO_BIN_EXE_burntop"))), "{unit}");
    assert!(unit.contains("Environment=\"CODEX_HOME=/mnt/codex\""), "{unit}");
    let timer = home.read(".config/systemd/user/burntop-sync.timer");
    assert!(timer.contains("OnCalendar=hourly") && timer.contains("RandomizedDelaySec="), "{timer}");
    assert!(home.read("systemctl.log").contains("--user enable --now burntop-sync.timer"));
    assert_eq!(home.json(&["service", "status"])["service"]["is_active"], true);

    assert_eq!(home.text(&["service", "remove"]), "The hourly sync is removed.\n");
    assert!(home.read("systemctl.log").contains("--user disable --now burntop-sync.timer"));
    assert!(!home.path(".config/systemd/user/burntop-sync.service").exists());
    assert!(home.json(&["service", "status"])["service"].is_null());
    assert_eq!(home.text(&["service", "remove"]), "The hourly sync was not installed.\n");
}

#[test]
fn service_without_systemd_uses_cron_and_touches_only_its_line() {
    let home = home(&[("crontab", CRONTAB)]);
    home.write("crontab", "0 4 * * * backup\n");
    assert_eq!(home.json(&["service", "install"])["service"]["scheduler"], "cron");
    home.text(&["service", "install"]);
    let table = home.read("crontab");
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(table.starts_with("0 4 * * * backup\n"), "{table}");
    home.text(&["service", "remove"]);
    assert_eq!(home.read("crontab"), "0 4 * * * backup\n");
}

#[test]
fn service_changes_scheduler_without_doubling() {
    let home = home(&[("systemctl", SYSTEMCTL), ("crontab", CRONTAB)]);
    home.text(&["service", "install", "--with", "cron"]);
    home.text(&["service", "install", "--with", "systemd"]);
    assert_eq!(home.read("crontab"), "");
    assert_eq!(home.json(&["service", "remove"])["removed"], serde_json::json!(["systemd"]));
}

#[test]
fn service_that_fails_leaves_what_was_there() {
    let fails = "#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n";
    let home = home(&[("systemctl", fails), ("crontab", CRONTAB)]);
    home.text(&["service", "install", "--with", "cron"]);
    let table = home.read("crontab");
    let (code, text) = home.failure(&["service", "install", "--with", "systemd"]);
    assert!(code == 1 && text.contains("Failed to connect to bus"), "{code} {text}");
    assert!(!home.path(".config/systemd/user/burntop-sync.service").exists());
    assert!(!home.path(".config/systemd/user/burntop-sync.timer").exists());
    assert_eq!(home.read("crontab"), table);
    assert_eq!(home.json(&["service", "status"])["service"]["scheduler"], "cron");
}

#[test]
fn service_with_variable_that_cannot_be_written_is_refused() {
    let home = home(&[("crontab", CRONTAB)]).set("CLAUDE_CONFIG_DIR", "/a\n* * * * * evil");
    home.write("crontab", "0 4 * * * backup\n");
    let (code, text) = home.failure(&["service", "install", "--with", "cron"]);
    assert!(code == 2 && text.contains("CLAUDE_CONFIG_DIR"), "{code} {text}");
    assert_eq!(home.read("crontab"), "0 4 * * * backup\n");
}

#[test]
fn service_needs_sign_in_and_scheduler() {
    let without_scheduler = home(&[]);
    assert_eq!(without_scheduler.failure(&["service", "install"]).0, 1);
    assert_eq!(FixtureHome::new().failure(&["service", "install"]).0, 3);
}
