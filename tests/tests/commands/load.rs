//! `loadgen servers`: it measures a running server over HTTP alone.

use std::process::Command;

use tests::Server;

/// Few requests in each scenario, and time enough for a slow machine.
const BOUNDS: [&str; 7] =
    ["--accounts=2", "--history=20", "--batch=10", "--messages=40", "--connections=2", "--requests=8", "--seconds=60"];

#[tokio::test]
async fn loadgen_measures_all_scenarios_of_two_running_servers() {
    let (first, second) = (Server::start().await, Server::start().await);
    let bases = [&first, &second].map(|server| format!("--base=http://{}", server.client().address()));
    let mut command = Command::new(tests::program("loadgen"));
    let output = command.arg("servers").args(bases).args(BOUNDS).output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    // After the head and the line below it.
    let rows: Vec<Vec<&str>> = (text.lines().filter(|line| line.starts_with('|')).skip(2))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 21, "three kinds of syncs and all reads: {text}");
    for row in &rows {
        let [what, one, other, ratio] = &row[..] else { panic!("{row:?}") };
        if what.contains("/insights") {
            assert_eq!([*one, other, ratio], ["—"; 3], "no worker has computed benchmarks");
        } else {
            let is_measured = |cell: &str| cell.ends_with(" ms)") && !cell.contains("429");
            assert!(is_measured(one) && is_measured(other) && ratio.starts_with("**"), "{row:?}");
        }
    }
}
