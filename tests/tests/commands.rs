//! Commands that must not harm: they name their database, change no database that is not burntop's, and create none.

#[path = "commands/backup.rs"]
mod backup;
#[path = "commands/load.rs"]
mod load;
#[cfg(target_os = "linux")]
mod operations;
#[path = "commands/release.rs"]
mod release;

use std::fs::{self, Permissions};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{self, Command, Output};
use std::sync::Arc;

use tests::{Batch, Database, Server, TestMessage, TestUser};

/// Every command of the worker except `run`, which only reads or changes rows.
const WORKER_COMMANDS: [&[&str]; 11] = [
    &["admin", "list"],
    &["admin", "grant", "ada"],
    &["admin", "revoke", "ada"],
    &["jobs", "list"],
    &["jobs", "retry-dead"],
    &["jobs", "drop", "--yes", "00000000-0000-0000-0000-000000000007"],
    &["run-once", "cleanup"],
    &["run-once", "leaderboard"],
    &["rebuild", "--all"],
    &["rebuild", "--user", "ada"],
    &["import", "ada.ndjson"],
];

/// Programs and commands that may create the schema.
const MIGRATING_COMMANDS: [(&str, &[&str]); 6] = [
    ("api-server", &[]),
    ("api-server", &["--no-worker"]),
    ("api-server", &["migrate"]),
    ("api-server", &["migrate", "--create-database"]),
    ("worker", &["run"]),
    ("api-server", &["migrate", "--down", "1", "--yes"]),
];

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Fails unless the program ended with an error that contains all of `expected`.
#[track_caller]
fn refuses(output: &Output, expected: &[&str]) {
    let error = error(output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    let last = error.rfind("error: ").map(|at| &error[at..]).unwrap_or_default();
    for part in expected {
        assert!(last.contains(part), "{part:?} is missing: {error}");
    }
    assert!(!error.contains("db error") && !error.contains("panicked"), "{error}");
}

/// The relations of all schemas.
fn content(database: &Database) -> String {
    database.rows(
        "SELECT relnamespace::regnamespace, relname FROM pg_class
         WHERE relnamespace::regnamespace::text NOT LIKE 'pg\\_%' AND relnamespace::regnamespace::text <> 'information_schema'
         ORDER BY 1, 2",
    )
}

#[test]
fn version_of_both_programs_names_the_commit() {
    let shown = ["api-server", "worker"].map(|name| {
        let output = Command::new(tests::program(name)).arg("--version").output().expect("the program runs");
        let text = String::from_utf8(output.stdout).expect("text");
        text.trim().strip_prefix(name).unwrap_or_else(|| panic!("{text:?} does not begin with {name}")).to_owned()
    });
    assert_eq!(shown[0], shown[1]);
    let release = concat!(" ", env!("CARGO_PKG_VERSION"), " (");
    assert!(shown[0].starts_with(release) && shown[0].ends_with(')'), "{shown:?}");
}

/// The output of a command that needs no database.
#[track_caller]
fn print(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(tests::program(program)).args(arguments).output().expect("the program runs");
    assert!(output.status.success(), "{program} {arguments:?}: {}", error(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// All commands below `path`, such as `worker jobs`, as `--help` lists them. Fails if one has no description.
fn commands_below(path: &[&str]) -> Vec<String> {
    let help = print(path[0], &[&path[1..], &["--help"]].concat());
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let listed =
        lines.map(|line| line.trim().split_once(char::is_whitespace).unwrap_or_else(|| panic!("{path:?}: {line}")));
    let names = listed.map(|(name, _)| name).filter(|name| *name != "help");
    let below = names.flat_map(|name| {
        let path = [path, &[name]].concat();
        std::iter::once(path.join(" ")).chain(commands_below(&path))
    });
    below.collect()
}

#[test]
fn every_command_has_a_manual_page_that_renders() {
    let pages = tempfile::tempdir().expect("a directory");
    let directory = pages.path().join("man1");
    let has_groff = Command::new("groff").arg("--version").output().is_ok();
    for program in ["api-server", "worker"] {
        print(program, &["man", directory.to_str().expect("text")]);
        let commands = commands_below(&[program]);
        assert!(commands.len() > 5, "{commands:?}");
        for command in commands.into_iter().chain([program.to_owned()]) {
            let page = directory.join(format!("{}.1", command.replace(' ', "-")));
            let text = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
            assert!(text.contains("\n.SH NAME\n") && text.contains("\n.SH SYNOPSIS\n"), "{command}: {text}");
            if has_groff {
                let rendered =
                    Command::new("groff").args(["-man", "-Tutf8", "-ww"]).arg(&page).output().expect("groff runs");
                assert_eq!(error(&rendered), "", "{command}");
            }
        }
    }
}

#[test]
fn completions_offer_every_command() {
    for program in ["api-server", "worker"] {
        for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
            let script = print(program, &["completions", shell]);
            for command in commands_below(&[program]) {
                let name = command.rsplit(' ').next().expect("a word");
                assert!(script.contains(name), "{command} is missing for {shell}");
            }
            if shell == "bash" {
                let mut bash = Command::new("bash");
                let checked = bash.args(["-n", "-c", &script]).output().expect("bash runs");
                assert!(checked.status.success(), "{}", error(&checked));
            }
        }
    }
}

/// Neither an argument nor an option is left without a description.
#[test]
fn every_option_is_described() {
    for program in ["api-server", "worker"] {
        for command in commands_below(&[program]) {
            let arguments: Vec<&str> = command.split(' ').skip(1).collect();
            let help = print(program, &[&arguments[..], &["-h"]].concat());
            let entries = help.lines().filter(|line| line.starts_with("  ")).map(str::trim);
            for entry in entries.filter(|entry| entry.starts_with(['-', '<', '['])) {
                assert!(entry.split_once("  ").is_some(), "{command}: {entry:?} has no description");
            }
        }
    }
}

#[test]
fn every_command_refuses_a_database_of_another_program() {
    let database = Database::empty();
    database.rows("CREATE TABLE orders (id int PRIMARY KEY)");
    let before = content(&database);
    let worker = WORKER_COMMANDS.map(|arguments| ("worker", arguments));
    let status = [("api-server", &["migrate", "status"][..])];
    for (program, arguments) in worker.into_iter().chain(MIGRATING_COMMANDS).chain(status) {
        for migrate_on_start in ["true", "false"] {
            let mut command = database.command(program);
            command.args(arguments).env("BURNTOP__DATABASE__MIGRATE_ON_START", migrate_on_start);
            let output = command.output().expect("the program runs");
            let database = database.url().rsplit('/').next().expect("a name");
            refuses(&output, &[database, "127.0.0.1", "orders", "belongs to another program", "nothing was changed"]);
        }
    }
    assert_eq!(content(&database), before);
}

#[test]
fn commands_refuse_a_schema_that_is_not_current_and_name_the_remedy() {
    let database = Database::empty();
    for arguments in WORKER_COMMANDS {
        refuses(&database.run("worker", arguments), &["has no tables of burntop yet", "`api-server migrate`"]);
    }
    assert_eq!(content(&database), "");

    let database = Database::migrated();
    assert!(database.run("api-server", &["migrate", "--down", "1", "--yes"]).status.success());
    let before = content(&database);
    for arguments in WORKER_COMMANDS {
        let output = database.run("worker", arguments);
        refuses(&output, &["is older than this program", "lacks 1 migrations", "Run `api-server migrate`"]);
    }
    assert_eq!(content(&database), before);

    assert!(database.run("api-server", &["migrate"]).status.success());
    database.rows("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000001')");
    for arguments in WORKER_COMMANDS {
        let output = database.run("worker", arguments);
        refuses(&output, &["is newer than this program", "29990101000001", "Run the newer release"]);
    }
    let status = database.run("api-server", &["migrate", "status"]);
    assert!(status.status.success() && String::from_utf8_lossy(&status.stdout).contains("unknown 29990101000001"));
}

#[tokio::test]
async fn commands_name_their_database_without_password() {
    let server = Server::start().await;
    TestUser::register(&server, "ada").await;
    let database = server.database();
    let name = database.url().rsplit('/').next().expect("a name");
    let password = database.url().split([':', '@']).nth(2).expect("a password");
    for (program, arguments) in [
        ("worker", &["admin", "list"][..]),
        ("worker", &["admin", "grant", "ada"]),
        ("worker", &["jobs", "list"]),
        ("worker", &["rebuild", "--user", "ada"]),
        ("api-server", &["migrate"]),
        ("api-server", &["migrate", "status"]),
    ] {
        let output = database.run(program, arguments);
        let noted = error(&output);
        assert!(output.status.success(), "{noted}");
        assert!(noted.contains(&format!("database `{name}` at 127.0.0.1:")), "{arguments:?}: {noted}");
        assert!(!noted.contains(password), "{noted}");
    }
    assert!(server.log().contains(&format!("`{name}` at 127.0.0.1:")), "{}", server.log());
}

#[test]
fn commands_create_no_embedded_database() {
    let database = Database::empty();
    let worker = WORKER_COMMANDS.map(|arguments| ("worker", arguments));
    let migrate = [
        ("api-server", &["migrate", "status"][..]),
        ("api-server", &["migrate", "--down", "1", "--yes"]),
        ("api-server", &["migrate"]),
    ];
    for (program, arguments) in worker.into_iter().chain(migrate) {
        let output = database.command(program).args(arguments).env("DATABASE_URL", "").output().expect("it runs");
        refuses(&output, &["has no database", "DATABASE_URL", "BURNTOP_DATA_DIR"]);
    }
    assert_eq!(fs::read_dir(database.home()).expect("a directory").count(), 0);
}

#[tokio::test]
async fn commands_use_the_embedded_database_that_exists_running_or_stopped() {
    let database = Arc::new(Database::empty());
    fs::set_permissions(database.home(), Permissions::from_mode(0o711)).expect("permissions");
    let embedded = [("DATABASE_URL", "")];
    let mut server = Server::start_on(database.clone(), &embedded).await;
    TestUser::register(&server, "ada").await;
    let list = || {
        let output = database.command("worker").args(["admin", "list"]).envs(embedded).output().expect("it runs");
        assert!(
            output.status.success() && error(&output).contains("database `burntop` at 127.0.0.1:"),
            "{}",
            error(&output)
        );
        String::from_utf8(output.stdout).expect("text")
    };
    let grant = database.command("worker").args(["admin", "grant", "ada"]).envs(embedded).output().expect("it runs");
    assert!(grant.status.success(), "{}", error(&grant));
    assert!(list().contains("ada"));
    assert_eq!(server.terminate().await, Some(0));
    assert!(list().contains("ada"));
    assert!(!database.home().join("data/cluster/postmaster.pid").exists(), "the command stops what it started");
    assert_eq!(content(&database), "", "the other database is not used");
}

/// A role with a password that owns nothing, dropped with this value.
struct Role<'a> {
    database: &'a Database,
    name: String,
}

impl<'a> Role<'a> {
    fn new(database: &'a Database) -> Self {
        let name = format!("test_{}_stranger", process::id());
        database.rows(&format!("DROP ROLE IF EXISTS {name}"));
        database.rows(&format!("CREATE ROLE {name} LOGIN PASSWORD 'hunter2'"));
        Self { database, name }
    }

    /// The URL of the database `name` for this role.
    fn url(&self, name: &str) -> String {
        let server = self.database.url().rsplit('@').next().expect("a server").split('/').next().expect("an address");
        format!("postgres://{}:hunter2@{server}/{name}", self.name)
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        self.database.rows(&format!("DROP ROLE {}", self.name));
    }
}

#[test]
fn faults_of_the_database_say_what_to_do() {
    let database = Database::empty();
    let role = Role::new(&database);
    let own = database.url().rsplit('/').next().expect("a name");
    let http = TcpListener::bind("127.0.0.1:0").expect("a port");
    let http_port = http.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in http.incoming() {
            let _ = stream.and_then(|mut stream| stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        }
    });
    let closing = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closing_port = closing.local_addr().expect("an address").port();
    std::thread::spawn(move || closing.incoming().for_each(drop));
    let missing = format!("test_{}_missing", process::id());
    let run = |url: &str, arguments: &[&str]| -> Output {
        let mut command: Command = database.command("api-server");
        command.args(arguments).env("DATABASE_URL", url).output().expect("it runs")
    };
    for (name, url, arguments, expected) in [
        (
            "no CREATEDB",
            role.url(&missing),
            &["migrate", "--create-database"][..],
            &["CREATEDB", "TEMPLATE template0"][..],
        ),
        ("not the owner", role.url(own), &["migrate"], &["does not allow it", "permission denied", "OWNER TO"]),
        ("missing", role.url(&missing), &["migrate"], &["does not exist", "--create-database"]),
        (
            "wrong password",
            role.url(own).replace("hunter2", "hunter3"),
            &["migrate"],
            &["refuses the user or the password"],
        ),
        ("@ in password", role.url(own).replace("hunter2", "hunt@er2"), &["migrate"], &["%40", "DATABASE_URL"]),
        (
            "HTTP port",
            format!("postgres://me:hunter2@127.0.0.1:{http_port}/x"),
            &["migrate"],
            &["does not answer as PostgreSQL does", "correct the host and the port"],
        ),
        (
            "HTTP port asked for TLS",
            format!("postgres://me:hunter2@127.0.0.1:{http_port}/x?sslmode=require"),
            &["migrate", "--create-database"],
            &["does not answer as PostgreSQL does", "correct the host and the port"],
        ),
        (
            "server that hangs up",
            format!("postgres://me:hunter2@127.0.0.1:{closing_port}/x"),
            &["migrate", "status"],
            &["127.0.0.1", "DATABASE_URL"],
        ),
        (
            "closed port",
            "postgres://me:hunter2@127.0.0.1:1/x".to_owned(),
            &["migrate"],
            &["cannot be reached", "start it"],
        ),
    ] {
        for arguments in [arguments, &[]] {
            // The server does not create databases.
            if arguments.is_empty() && expected.contains(&"CREATEDB") {
                continue;
            }
            let output = run(&url, arguments);
            refuses(&output, expected);
            for secret in ["hunter", "hunt@", "er2"] {
                assert!(!error(&output).contains(secret), "{name}: {}", error(&output));
            }
        }
    }
}

#[test]
fn silent_server_is_an_error_and_does_not_hang() {
    let database = Database::empty();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let url = format!("postgres://me:hunter2@127.0.0.1:{port}/x?connect_timeout=1");
    let output = database.command("api-server").arg("migrate").env("DATABASE_URL", url).output().expect("it runs");
    refuses(&output, &["cannot be reached", "timed out", "DATABASE_URL"]);
}

#[tokio::test]
async fn fault_of_the_database_server_is_a_503_with_retry_after() {
    let server = Server::start_on(Arc::new(Database::migrated()), &[]).await;
    let ada = TestUser::register(&server, "ada").await;
    let database = server.database();
    let body = Batch::of([TestMessage::new("m1").output(7)]).json();
    for (sqlstate, status, code) in [
        ("53100", 503, "SERVICE_UNAVAILABLE"),
        ("53200", 503, "SERVICE_UNAVAILABLE"),
        ("57P01", 503, "SERVICE_UNAVAILABLE"),
        ("57P02", 503, "SERVICE_UNAVAILABLE"),
        ("57P03", 503, "SERVICE_UNAVAILABLE"),
        ("55P03", 503, "SERVICE_UNAVAILABLE"),
        ("40001", 503, "SERVICE_UNAVAILABLE"),
        ("40P01", 503, "SERVICE_UNAVAILABLE"),
        ("25006", 503, "SERVICE_UNAVAILABLE"),
        ("22012", 500, "INTERNAL_ERROR"),
    ] {
        database.rows(&format!(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'auf dem Gerät ist kein Platz' USING ERRCODE = '{sqlstate}'; END $$;
             CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON usage_messages FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
        ));
        let answer = ada.client.post("/sync", &body).await;
        answer.expect_error(status, code);
        assert_eq!(answer.header("retry-after").is_some(), status == 503, "{sqlstate}");
    }
    database.rows("DROP TRIGGER refuse ON usage_messages");
    ada.sync(&Batch::of([TestMessage::new("m1").output(7)])).await;
    assert_eq!(ada.overview().await["total_tokens"], 7);
}
