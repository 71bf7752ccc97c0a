//! A machine that the npm client synced from: what it sent is replaced as far as the logs are certainly complete.

use time::{Duration, OffsetDateTime};

use crate::fake_server::{FakeServer, Fault};
use crate::fixture_home::{FixtureHome, Response, SESSION};

const THREAD: &str = "019a0000-0000-7000-8000-00000000aaaa";
const OLDER_THREAD: &str = "019a0000-0000-7000-8000-00000000bbbb";

/// A signed-in home on which the npm client has the id `abcd1234`.
fn home_of_npm_client(server: &FakeServer) -> FixtureHome {
    let home = FixtureHome::new();
    home.write(".config/burntop/machine-id", "ABCD1234");
    home.sign_in(&server.url());
    home
}

/// The time of a message that the npm client sent so many hours before `home` was made.
fn hours_ago(home: &FixtureHome, hours: i64) -> OffsetDateTime {
    home.now - Duration::hours(hours)
}

/// Whether each sync has a handover; all are of the machine of [`home_of_npm_client`].
fn handovers(server: &FakeServer) -> Vec<bool> {
    let of_machine = |(machine, has_handover)| {
        assert_eq!(machine, "abcd1234");
        has_handover
    };
    server.handovers().into_iter().map(of_machine).collect()
}

#[test]
fn handover_follows_all_records_and_is_sent_once() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_claude(SESSION, &[Response::new("first", 30, 5), Response::new("second", 1, 5)]);
    server.set_npm_messages([40, 30, 30, 1, 1].map(|hours| hours_ago(&home, hours)));
    let report = home.json(&["sync"]);
    let handover = &report["sources"][0]["handed_over"];
    assert_eq!((&handover["removed"], &handover["kept"]), (&4.into(), &1.into()), "{report}");
    let syncs = server.syncs();
    assert_eq!(syncs[1]["handover"]["from"], syncs[0]["messages"][0]["timestamp"], "from the first response on");
    assert_eq!(home.text(&["sync"]), "Nothing new to send.\n");
    home.log_claude(SESSION, &[Response::new("third", 0, 5)]);
    home.text(&["sync"]);
    std::fs::remove_dir_all(home.path(".local/state/burntop")).expect("removed");
    home.text(&["sync"]);
    assert_eq!(handovers(&server), [false, true, false, false], "the server knows it after a lost state");
    assert_eq!((server.totals().0, server.npm_messages()), (3, 1));
}

#[test]
fn handover_starts_where_the_tool_has_certainly_deleted_nothing() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    // A session of 40 days ago that was resumed. Other logs of that time are deleted, although the tool keeps all from now on.
    home.write(".claude/settings.json", r#"{"cleanupPeriodDays": 9999}"#);
    home.log_claude(SESSION, &[Response::new("old", 24 * 40, 5), Response::new("new", 1, 5)]);
    server.set_npm_messages([24 * 40, 24 * 35, 1, 1].map(|hours| hours_ago(&home, hours)));
    let text = home.text(&["sync"]);
    assert!(text.contains("Replaced 2 messages of the npm client. 2 messages before "), "{text}");
    assert_eq!((server.totals().0, server.npm_messages()), (1, 2), "the old response would count twice");
    assert_eq!(home.json(&["doctor"])["tools"][0]["pending"], 0);
    assert_eq!(home.text(&["sync"]), "Nothing new to send.\n");

    let text = home.text(&["sync", "--replace-from", "60d"]);
    assert!(text.contains("Replaced 2 messages of the npm client.\n"), "{text}");
    assert_eq!((server.totals().0, server.npm_messages()), (2, 0));
}

#[test]
fn handover_that_leaves_nothing_of_npm_client_sends_older_records_too() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_claude(SESSION, &[Response::new("old", 24 * 40, 5), Response::new("new", 1, 5)]);
    server.set_npm_messages([hours_ago(&home, 1)]);
    home.text(&["sync"]);
    assert_eq!((server.totals().0, server.npm_messages()), (2, 0));
}

#[test]
fn handover_grows_only_if_the_user_says_so() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_codex(THREAD, 1);
    server.set_npm_messages([24 * 90, 24 * 60, 24 * 9, 1].map(|hours| hours_ago(&home, hours)));
    home.text(&["sync"]);
    assert_eq!((server.totals().0, server.npm_messages()), (1, 3));
    // Such as one that was restored. It says nothing about the days since.
    home.log_codex(OLDER_THREAD, 24 * 60);
    assert_eq!(home.text(&["sync"]), "Nothing new to send.\n");
    assert_eq!((server.totals().0, server.npm_messages()), (1, 3));
    let text = home.text(&["doctor"]);
    assert!(text.contains("1 response of codex before ") && text.contains("--replace-from DAY"), "{text}");
    home.text(&["sync", "--replace-from", "70d"]);
    assert_eq!((server.totals().0, server.npm_messages()), (2, 1));
    home.text(&["sync"]);
    assert_eq!(handovers(&server), [false, true, false, true]);
}

#[test]
fn handover_of_the_user_stays_where_it_is() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_codex(OLDER_THREAD, 24 * 60);
    home.log_codex(THREAD, 24 * 2);
    server.set_npm_messages((1..200).map(|n| hours_ago(&home, n * 8)));
    let text = home.text(&["sync"]);
    assert!(text.contains("sent 199 messages, and the logs have 2 responses, so logs seem to be deleted"), "{text}");
    let text = home.text(&["doctor"]);
    assert!(text.contains("warning: Nothing of codex was sent: the npm client has sent 199 messages"), "{text}");
    home.text(&["sync", "--replace-from", "5d"]);
    let kept = server.npm_messages();
    assert!(kept > 180, "{kept}");
    home.log_codex("019a0000-0000-7000-8000-00000000dddd", 1);
    for arguments in [&["sync"][..], &["sync", "--full"], &["sync", "--since", "1d"]] {
        home.text(arguments);
        assert_eq!((server.totals().0, server.npm_messages()), (2, kept), "{arguments:?}");
    }
    std::fs::remove_dir_all(home.path(".local/state/burntop")).expect("removed");
    home.text(&["sync"]);
    assert_eq!((server.totals().0, server.npm_messages()), (2, kept), "after a lost state");
}

#[test]
fn part_of_the_records_is_sent_only_after_the_handover() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_codex(THREAD, 1);
    server.set_npm_messages([hours_ago(&home, 1)]);
    let text = home.text(&["sync", "--since", "7d"]);
    assert!(text.contains("Run `burntop sync` without --since once."), "{text}");
    assert_eq!((server.totals().0, server.npm_messages()), (0, 1));
    home.text(&["sync"]);
    home.log_codex(OLDER_THREAD, 0);
    home.text(&["sync", "--since", "7d"]);
    assert_eq!((server.totals().0, server.npm_messages()), (2, 0));
}

#[test]
fn server_that_has_lost_the_handover_receives_all_records_again() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_codex(THREAD, 2);
    server.set_npm_messages([hours_ago(&home, 2)]);
    home.text(&["sync"]);
    server.forget_everything();
    server.set_npm_messages([hours_ago(&home, 2)]);
    home.log_codex(OLDER_THREAD, 1);
    home.text(&["sync"]);
    assert_eq!((server.totals().0, server.npm_messages()), (2, 0));
}

#[test]
fn records_that_were_withheld_stay_so_when_the_user_deletes_that_time() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_claude(SESSION, &[Response::new("old", 24 * 40, 5), Response::new("new", 1, 5)]);
    server.set_npm_messages([24 * 40, 1].map(|hours| hours_ago(&home, hours)));
    home.text(&["sync"]);
    server.set_npm_messages([]);
    home.log_claude(SESSION, &[Response::new("newer", 0, 5)]);
    home.text(&["sync"]);
    assert_eq!(server.totals().0, 2, "deleted usage does not come back");
}

#[test]
fn link_to_nothing_and_unread_directory_hold_the_handover_back() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_claude(SESSION, &[Response::new("one", 1, 5)]);
    server.set_npm_messages([hours_ago(&home, 1)]);
    let link = home.path(".claude/projects/-mnt-disk");
    std::os::unix::fs::symlink("/nothing/is/here", &link).expect("a link");
    let text = home.text(&["sync"]);
    assert!(text.contains("not all of its files could be read"), "{text}");
    let (code, _) = home.failure(&["doctor"]);
    assert_eq!((code, server.npm_messages()), (7, 1));
    std::fs::remove_file(&link).expect("removed");

    let home = home.set("CLAUDE_CONFIG_DIR", "/nowhere");
    home.write("work/projects/-home-eve-shop/other.jsonl", "");
    let elsewhere = home.path("work").display().to_string();
    let home = home.set("CLAUDE_CONFIG_DIR", &elsewhere);
    let text = home.text(&["sync"]);
    assert!(text.contains("its usual directory is not read"), "{text}");
    let text = home.text(&["doctor"]);
    assert!(text.contains("BURNTOP_EXTRA_DIRS=claude-code:"), "{text}");
    let usual = home.path(".claude/projects").display().to_string();
    let home = home.set("BURNTOP_EXTRA_DIRS", &format!("claude-code:{usual}"));
    home.text(&["sync"]);
    assert_eq!((server.totals().0, server.npm_messages()), (1, 0));
}

#[test]
fn retention_of_no_days_is_one_day() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.write(".claude/settings.json", r#"{"cleanupPeriodDays": 0}"#);
    home.log_claude(SESSION, &[Response::new("one", 2, 5)]);
    server.set_npm_messages([24 * 9, 2].map(|hours| hours_ago(&home, hours)));
    home.text(&["sync"]);
    assert_eq!((server.totals().0, server.npm_messages()), (1, 1));
}

#[test]
fn handover_waits_for_server_that_knows_it() {
    let server = FakeServer::start();
    server.set_older_release(true);
    let home = home_of_npm_client(&server);
    home.log_claude(SESSION, &[Response::new("first", 1, 5)]);
    home.text(&["sync"]);
    server.set_older_release(false);
    home.text(&["sync"]);
    home.text(&["sync"]);
    assert_eq!(handovers(&server), [false, true]);
}

#[test]
fn handover_and_its_records_wait_until_all_files_can_be_read() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_codex(THREAD, 1);
    let damaged =
        ".codex/sessions/2026/11/01/rollout-2026-11-01T10-00-00-019a0000-0000-7000-8000-00000000cccc.jsonl.zst";
    home.write(damaged, "this is no archive");
    server.set_npm_messages([hours_ago(&home, 1)]);
    let text = home.text(&["sync"]);
    assert!(text.contains("Nothing of codex was sent: not all of its files could be read"), "{text}");
    assert_eq!(home.text(&["sync", "--dry-run"]), "");
    assert_eq!((server.totals().0, server.npm_messages()), (0, 1));
    std::fs::remove_file(home.path(damaged)).expect("removed");
    home.text(&["sync"]);
    assert_eq!((server.totals().0, server.npm_messages()), (1, 0));
}

#[test]
fn unread_file_does_not_hold_back_a_tool_that_npm_client_did_not_send() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_codex(THREAD, 1);
    home.write(".codex/sessions/2026/11/01/rollout-2026-11-01T10-00-00-019a.jsonl.zst", "this is no archive");
    home.text(&["sync"]);
    assert_eq!((server.totals().0, handovers(&server)), (1, vec![false]));
}

#[test]
fn handover_of_far_more_messages_than_responses_waits_for_the_user() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_codex(THREAD, 50);
    server.set_npm_messages((0..200).map(|n| hours_ago(&home, n)));
    let text = home.text(&["sync"]);
    assert!(text.contains("sent 200 messages, and the logs have 1 response, so logs seem to be deleted"), "{text}");
    assert_eq!((server.totals().0, server.npm_messages()), (0, 200));
    home.text(&["sync", "--replace-from", "30d"]);
    assert_eq!((server.totals().0, server.npm_messages()), (1, 149));
}

#[test]
fn handover_needs_a_record_that_the_server_has_accepted() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_claude(SESSION, &[Response::new("ahead", 1, 5)]);
    server.set_npm_messages([hours_ago(&home, 1)]);
    server.fail([Fault::RejectFirst("timestamp_in_future")]);
    let text = home.text(&["sync"]);
    assert!(text.contains("timestamp_in_future") && !text.contains("Replaced"), "{text}");
    assert_eq!(server.npm_messages(), 1);
    home.text(&["sync"]);
    assert_eq!((handovers(&server), server.npm_messages()), (vec![false, false, true], 0));
}

#[test]
fn messages_of_npm_client_that_came_later_are_replaced_under_its_id() {
    let server = FakeServer::start();
    let home = FixtureHome::new();
    home.log_claude(SESSION, &[Response::new("old", 24 * 90, 5), Response::new("first", 30, 5)]);
    home.sign_in(&server.url());
    home.text(&["sync"]);
    for machine in ["abcd1234", "0badcafe"] {
        // It is installed, and then again.
        home.write(".config/burntop/machine-id", machine);
        server.forget_handover();
        server.set_npm_messages([24 * 90, 30, 30].map(|hours| hours_ago(&home, hours)));
        home.text(&["sync"]);
        assert_eq!((server.totals().0, server.npm_messages()), (2, 0), "{machine}");
    }
    let machines: Vec<(String, bool)> = server.handovers();
    let own = machines[0].0.clone();
    let expected = [(own, false), ("abcd1234".to_owned(), true), ("0badcafe".to_owned(), true)];
    assert_eq!(machines, expected);
}

#[test]
fn npm_client_that_sends_for_the_first_time_after_burntop_counts_nothing_twice() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_claude(SESSION, &[Response::new("old", 24 * 90, 5), Response::new("new", 1, 5)]);
    home.text(&["sync"]);
    let from = server.syncs()[1]["handover"]["from"].clone();
    assert_eq!(from, server.syncs()[0]["messages"][0]["timestamp"], "all that it can send is replaced");
    assert_eq!(server.totals().0, 2);
}

#[test]
fn dry_run_shows_the_handover_that_a_sync_sends() {
    let server = FakeServer::start();
    let home = home_of_npm_client(&server);
    home.log_claude(SESSION, &[Response::new("first", 30, 5), Response::new("second", 1, 5)]);
    let bodies = |text: &str| {
        let body = |line: &str| {
            let mut body: serde_json::Value = serde_json::from_str(line).expect("a body");
            body["syncedAt"] = "now".into();
            body
        };
        text.lines().map(body).collect::<Vec<_>>()
    };
    let shown = bodies(&home.text(&["sync", "--dry-run"]));
    assert_eq!((shown.len(), server.syncs().len()), (2, 0));
    home.text(&["sync"]);
    let requests = server.requests().into_iter();
    let sent = requests.filter(|request| request.line.starts_with("POST /api/v1/sync"));
    assert_eq!(sent.map(|request| bodies(&request.body).remove(0)).collect::<Vec<_>>(), shown);
}
