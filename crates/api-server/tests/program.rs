//! The program as a process: its output and its exit.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// The program without metrics, with only `PATH` and `variables` in its environment.
fn program(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_api-server"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("METRICS_BIND", "").args(arguments).envs(variables.iter().copied()).stdin(Stdio::null());
    command
}

#[track_caller]
fn fails_with(output: &Output, expected: &str) {
    let output_text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output_text}");
    assert!(
        output_text.lines().any(|line| line.starts_with("error: ")) && output_text.contains(expected),
        "{output_text}"
    );
    assert!(!output_text.contains("panicked") && !output_text.contains("Error {"), "{output_text}");
}

fn data_dir() -> tempfile::TempDir {
    let top = tempfile::tempdir().unwrap();
    fs::set_permissions(top.path(), PermissionsExt::from_mode(0o711)).unwrap();
    top
}

/// Reads the program's log until a line contains `what`.
fn wait_for_line(child: &mut Child, what: &str) {
    let lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    let seen: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.contains(what)).collect();
    assert!(child.try_wait().unwrap().is_none(), "it ended: {seen:?}");
}

#[test]
fn config_command_prints_effective_values_without_secrets() {
    let variables = [("DATABASE_URL", "postgres://me:hunter2@db/x"), ("DEBUG", "true"), ("PORT", "9001")];
    let output = program(&["config"], &variables).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("port = 9001") && text.contains("me:***@db") && !text.contains("hunter2"), "{text}");
}

#[test]
fn config_command_prints_reference() {
    let output = program(&["config", "--reference"], &[]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("BURNTOP__SYNC__MAX_MESSAGES"));
}

#[test]
fn start_with_invalid_configuration_reports_all_problems() {
    let output = program(&[], &[("PORT", "x"), ("DATABASE_URL", "postgres://db/x")]).output().unwrap();
    fails_with(&output, "PORT: must be a whole number");
    fails_with(&output, "SECRET_KEY: production needs");
}

#[test]
fn start_on_taken_port_names_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let top = data_dir();
    let data = top.path().join("data");
    let output = program(&[], &[("PORT", &port), ("BURNTOP_DATA_DIR", data.to_str().unwrap())]).output().unwrap();
    fails_with(&output, &format!("127.0.0.1:{port} is in use by another program"));
    assert!(!data.exists(), "no database is created");
}

#[test]
fn server_with_embedded_database_serves_until_signal() {
    let top = data_dir();
    let data = top.path().join("data");
    let variables = [("PORT", "0"), ("BURNTOP_DATA_DIR", data.to_str().unwrap())];
    for signal in [Signal::TERM, Signal::INT] {
        let mut child = program(&[], &variables).stderr(Stdio::piped()).spawn().unwrap();
        wait_for_line(&mut child, "ready");
        assert!(data.join("cluster/postmaster.pid").exists());

        let second = program(&[], &variables).output().unwrap();
        fails_with(&second, &format!("is in use by process {}", child.id()));

        kill_process(Pid::from_raw(child.id().try_into().unwrap()).unwrap(), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert!(!data.join("cluster/postmaster.pid").exists(), "the database is stopped");
    }
}

#[test]
fn server_with_embedded_database_runs_jobs_unless_disabled() {
    let top = data_dir();
    let data = top.path().join("data");
    let variables = [("PORT", "0"), ("BURNTOP_DATA_DIR", data.to_str().unwrap()), ("PRICING_URL", "")];
    let stop = |mut child: Child| {
        kill_process(Pid::from_raw(child.id().try_into().unwrap()).unwrap(), Signal::TERM).unwrap();
        let mut output_text = String::new();
        child.stderr.take().unwrap().read_to_string(&mut output_text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        output_text
    };
    let mut alone = program(&["--no-worker"], &variables).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_line(&mut alone, "ready");
    let output_text = stop(alone);
    assert!(!output_text.contains("job="), "{output_text}");
    let mut living = program(&[], &variables).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_line(&mut living, "job=\"streak_risk\"");
    stop(living);
}
