use crate::testing::{Home, Scanned, tokens};

const SOURCE: &str = "cursor";
const EXPORT: &str = "exports/usage-events.csv";
const EVENTS: &str = include_str!("fixtures/usage-events.csv");

/// A home whose user has named the directory `exports`.
fn home() -> Home {
    let mut home = Home::new();
    let exports = home.path("exports");
    home.environment.add_extra_dirs(&format!("cursor:{}", exports.display()));
    home
}

fn ids(scanned: &Scanned) -> Vec<String> {
    let mut ids: Vec<_> = scanned.records.iter().map(|record| record.id.clone()).collect();
    ids.sort();
    ids
}

#[test]
fn equal_rows_are_events_of_their_own() {
    let home = home();
    home.write(EXPORT, EVENTS);
    let scanned = home.scan(SOURCE);
    let of_claude: Vec<_> = scanned.records.iter().filter(|record| &*record.model == "claude-sonnet-5").collect();
    assert_eq!(of_claude.len(), 2);
    assert!(of_claude.iter().all(|record| record.tokens == tokens([700, 41_000, 1_500, 0, 900, 0])));
    assert_eq!((scanned.records.len(), scanned.report.not_calls, scanned.report.problem_count), (3, 1, 0));
    let other = scanned.records.iter().find(|record| &*record.model == "gpt-5.4, high").expect("the third row");
    assert_eq!((other.tokens, other.reported_cost_nanousd), (tokens([100, 0, 0, 0, 50, 0]), Some(120_000_000)));
}

#[test]
fn export_with_other_columns_and_order_has_the_same_events() {
    let home = home();
    home.write(EXPORT, EVENTS);
    let first = home.scan(SOURCE);
    let newer = "Kind,Date,Cloud Agent ID,Model,Input (w/o Cache Write),Input (w/ Cache Write),Output Tokens,Cache Read,Cost\n\
        Included,2026-11-20T08:00:05.123Z,,claude-sonnet-5,700,2200,900,41000,Included\n";
    home.write("exports/newer.csv", newer);
    let second = home.scan_again(SOURCE, &first.state);
    assert_eq!(second.records.len(), 0, "the event is known: {:?}", ids(&second));
}

#[test]
fn later_export_adds_its_new_rows() {
    let home = home();
    let lines: Vec<&str> = EVENTS.lines().collect();
    home.write(EXPORT, lines[..2].join("\n"));
    let first = home.scan(SOURCE);
    assert_eq!(first.records.len(), 1);
    home.write("exports/later.csv", EVENTS);
    let second = home.scan_again(SOURCE, &first.state);
    assert_eq!(second.records.len(), 2, "{:?}", ids(&second));
}

#[test]
fn bad_row_is_named_and_others_count() {
    let home = home();
    let torn = format!("{EVENTS}\"2026-11-20T11:00:00.000Z\",\"Included\",\"auto\",\"No\",\"12\"\n");
    let wrong =
        "2026-11-20T12:00:00Z,Included,auto,No,5,9,0,1,6,-\n2026-11-20T13:00:00Z,Included,auto,No,x,9,0,1,6,-\n";
    home.write(EXPORT, torn + wrong);
    let scanned = home.scan(SOURCE);
    assert_eq!((scanned.records.len(), scanned.report.problem_count), (3, 3));
    assert_eq!(scanned.report.problems[0].line, Some(6), "{:?}", scanned.report.problems);
}

#[test]
fn only_named_directories_and_exports_are_read() {
    let home = home();
    home.write("exports/others.csv", "a,b\n1,2\n");
    home.write("Downloads/usage-events.csv", EVENTS);
    let scanned = home.scan(SOURCE);
    assert_eq!((scanned.records.len(), scanned.report.problem_count), (0, 0));
}
