//! A damaged database of the state: it is set aside, and every command works.

use std::fs;

use serde_json::json;

use crate::fake_server::FakeServer;
use crate::fixture_home::{FixtureHome, Response, SESSION};

const RESPONSES: u64 = 300;
const DATABASE: &str = ".local/state/burntop/usage.db";
const PAGE: usize = 4_096;

/// A signed-in home that has read and sent its logs.
fn home(server: &FakeServer) -> FixtureHome {
    let home = FixtureHome::new();
    let responses: Vec<_> = (0..RESPONSES).map(|n| Response::new(format!("req_{n:04}"), 1, 10)).collect();
    home.log_claude(SESSION, &responses);
    home.sign_in(&server.url());
    home.text(&["sync"]);
    home
}

/// Overwrites every page but the first, so that the database opens and its statements fail.
fn overwrite_pages(home: &FixtureHome) {
    change(home, |content| content[PAGE..].fill(0xA5));
}

fn change(home: &FixtureHome, change: impl FnOnce(&mut Vec<u8>)) {
    let mut content = fs::read(home.path(DATABASE)).expect("readable");
    assert!(content.len() > 4 * PAGE, "the database has pages to damage");
    change(&mut content);
    fs::write(home.path(DATABASE), content).expect("written");
}

/// Replaces the bytes of each `text` in the database by some that are no text.
fn overwrite_text(content: &mut [u8], text: &[u8]) {
    for start in 0..content.len().saturating_sub(text.len()) {
        if content[start..].starts_with(text) {
            content[start..start + text.len()].fill(0xFF);
        }
    }
}

#[test]
fn damage_found_by_any_command_is_set_aside_and_logs_are_read_again() {
    for command in [&["stats"][..], &["stats", "--no-read"], &["sync"], &["sync", "--dry-run"], &["doctor"]] {
        let server = FakeServer::start();
        let home = home(&server);
        overwrite_pages(&home);
        let output = home.run(command);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {message}");
        assert!(message.contains("usage.damaged"), "{command:?}: {message}");
        assert_eq!(home.json(&["stats"])["total"]["responses"], RESPONSES, "{command:?}");
        home.text(&["sync"]);
        assert_eq!(server.totals().0 as u64, RESPONSES, "{command:?}");
    }
}

#[test]
fn damage_of_each_kind_is_found() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 5] = [
        ("pages are overwritten", |content| content[2 * PAGE..].fill(0)),
        ("the end is missing", |content| content.truncate(2 * PAGE)),
        ("a text is not UTF-8", |content| overwrite_text(content, b"claude-opus-4-5-20251101")),
        ("the version is overwritten", |content| content[60..64].fill(0xA5)),
        ("the tables are missing", |content| {
            // A leaf of the schema without cells.
            content[100..108].copy_from_slice(&[13, 0, 0, 0, 0, 16, 0, 0]);
        }),
    ];
    let server = FakeServer::start();
    for (name, damage) in damages {
        let home = home(&server);
        change(&home, damage);
        assert_eq!(home.json(&["stats"])["total"]["responses"], RESPONSES, "{name}");
        assert!(home.path(".local/state/burntop/usage.damaged").exists(), "{name}");
    }
}

#[test]
fn damage_is_named_by_doctor_until_file_is_deleted() {
    let home = home(&FakeServer::start());
    overwrite_pages(&home);
    home.text(&["stats"]);
    overwrite_pages(&home);
    let kept = |report: &serde_json::Value| {
        let warnings = report["warnings"].as_array().expect("warnings").clone();
        warnings.iter().filter(|warning| warning.to_string().contains("damaged state")).count()
    };
    let report = home.json(&["doctor"]);
    assert_eq!((kept(&report), &report["tools"][0]["records"]), (2, &json!(RESPONSES)), "{report}");
    for file in ["usage.damaged", "usage-2.damaged"] {
        fs::remove_file(home.path(&format!(".local/state/burntop/{file}"))).expect(file);
    }
    assert_eq!(kept(&home.json(&["doctor"])), 0);
}
