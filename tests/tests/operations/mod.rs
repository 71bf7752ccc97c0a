//! docs/OPERATIONS.md: its commands work as written, in its order, on one machine from the installation to the move to another.
//!
//! The blocks run in a directory that stands for the machine: paths such as `/etc/burntop` and the ports lead into it. The programs in
//! `stand-ins` replace those that need root, a service manager, a package manager or Docker.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use embedded_postgres::Binaries;
use rustix::process::{Pid, Signal, geteuid, kill_process, kill_process_group};
use serde_json::json;
use tempfile::TempDir;
use tests::{Client, PASSWORD, program, wait_until};

use super::commands_below;

const MANUAL: &str = include_str!("../../../docs/OPERATIONS.md");

/// The address in the manual.
const PUBLIC_URL: &str = "https://burntop.example.org";

/// The directories in the manual that are below the test's directory.
const DIRECTORIES: [&str; 5] = ["/etc", "/opt/burntop", "/var/lib/burntop", "/run/postgresql", "/usr/local/sbin"];

/// Makes the machine one on which the programs and an empty database are installed, and no settings.
const EMPTY_THE_MACHINE: &str = "
    rm -r /etc/burntop
    sudo -u postgres dropdb burntop
    sudo -u postgres createdb --owner=burntop --encoding=UTF8 --template=template0 burntop";

/// The tokens of the sample that the account of the test syncs.
const SAMPLE_TOKENS: u64 = 24_228_115;

/// One block of commands.
#[derive(Debug)]
struct Block {
    heading: &'static str,
    /// The comment in the line before, such as `background`.
    directive: Option<&'static str>,
    text: String,
}

/// The blocks of the manual that are marked `sh`. Those of a list are indented.
fn blocks() -> Vec<Block> {
    let (mut blocks, mut heading, mut directive) = (Vec::new(), "", None);
    let mut lines = MANUAL.lines();
    while let Some(line) = lines.next() {
        if let Some((_, title)) = line.split_once("# ").filter(|(marks, _)| marks.chars().all(|mark| mark == '#')) {
            heading = title;
        } else if let Some(indentation) = line.strip_suffix("```sh") {
            let text = lines.by_ref().take_while(|line| line.trim() != "```");
            let text = text.map(|line| line.strip_prefix(indentation).unwrap_or(line)).collect::<Vec<_>>().join("\n");
            blocks.push(Block { heading, directive: directive.take(), text });
        } else if line.trim().starts_with("```") {
            // A block of another language is no text.
            lines.by_ref().take_while(|line| line.trim() != "```").for_each(drop);
        } else if !line.trim().is_empty() {
            directive = line.trim().strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->"));
        }
    }
    blocks
}

/// The directory that stands for a machine, with a PostgreSQL. Dropping the value ends all processes.
struct Machine {
    root: TempDir,
    port: u16,
    metrics_ports: [u16; 2],
    postgres: Option<Child>,
    background: Option<Child>,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a directory");
        // PostgreSQL runs as another user than root, and must be able to enter the directory.
        fs::set_permissions(root.path(), PermissionsExt::from_mode(0o755)).expect("a directory");
        let [port, server, worker] = free_ports();
        let mut machine = Self { root, port, metrics_ports: [server, worker], postgres: None, background: None };
        for directory in ["checkout", "etc", "run/postgresql", "units", "usr/local/sbin"] {
            fs::create_dir_all(machine.path(directory)).expect("a directory");
        }
        machine.check_out();
        let settings =
            format!("PRICING_URL=\nMETRICS_BIND=127.0.0.1:{server}\nWORKER_METRICS_BIND=127.0.0.1:{worker}\n");
        fs::write(machine.path("test.env"), settings).expect("a file");
        fs::write(machine.path("stdin"), format!("{PASSWORD}\n")).expect("a file");
        machine.postgres = Some(machine.start_postgres());
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The text with the directories and ports of this machine.
    fn localize(&self, text: &str) -> String {
        let (address, [server, worker]) = (format!("127.0.0.1:{}", self.port), self.metrics_ports);
        let mut text = text.replace(PUBLIC_URL, &format!("http://{address}"));
        text = text.replace("127.0.0.1:8000", &address).replace("port = 8000", &format!("port = {}", self.port));
        text = text.replace("127.0.0.1:9464", &format!("127.0.0.1:{server}"));
        text = text.replace("127.0.0.1:9465", &format!("127.0.0.1:{worker}"));
        for directory in DIRECTORIES {
            text = text.replace(directory, &format!("{}{directory}", self.root.path().display()));
        }
        text
    }

    /// Makes a checkout of the repository with the files that the manual uses.
    fn check_out(&self) {
        let (source, checkout) = (workspace(), self.path("checkout"));
        for name in ["Cargo.toml", "compose.yaml", "crates", "docs"] {
            std::os::unix::fs::symlink(source.join(name), checkout.join(name)).expect("a link");
        }
        for file in files_below(&source.join("config")) {
            let copy = checkout.join(file.strip_prefix(&source).expect("a file of the workspace"));
            fs::create_dir_all(copy.parent().expect("a directory")).expect("a directory");
            fs::write(&copy, self.localize(&fs::read_to_string(&file).expect("text"))).expect("a copy");
            let permissions = fs::metadata(&file).expect("a file").permissions();
            fs::set_permissions(&copy, permissions).expect("a copy");
        }
    }

    /// Starts a PostgreSQL that listens on a Unix socket alone and trusts its clients. A real one would ask the system for their
    /// names (`peer`).
    fn start_postgres(&self) -> Child {
        let (data, socket) = (self.path("postgres"), self.path("run/postgresql"));
        fs::create_dir(&data).expect("a directory");
        if geteuid().is_root() {
            let given = Command::new("chown").arg("postgres").args([&data, &socket]).status().expect("chown runs");
            assert!(given.success(), "{given}");
        }
        let mut initdb = unprivileged("initdb");
        initdb.args(["--username=postgres", "--auth=trust", "--no-sync", "--pgdata"]).arg(&data);
        let output = initdb.output().expect("initdb runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut postgres = unprivileged("postgres");
        postgres.args(["-F", "-h", "", "-D"]).arg(&data).arg("-k").arg(&socket);
        let log = File::create(self.path("postgres.log")).expect("a file");
        postgres.stdout(log.try_clone().expect("a file")).stderr(log).spawn().expect("postgres runs")
    }

    /// A command with the environment of the operator's shell.
    fn shell(&self, script: &str) -> Command {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/operations/stand-ins");
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let first = [own, self.path("usr/local/sbin"), postgres_program("psql").parent().expect("a directory").into()];
        let path = std::env::join_paths(first.into_iter().chain(std::env::split_paths(&inherited))).expect("a PATH");
        let programs = program("api-server");
        program("worker");
        let mut bash = Command::new("bash");
        bash.env_clear().env("PATH", path).env("HOME", self.root.path()).env("LC_ALL", "C.UTF-8");
        bash.env("OPS_ROOT", self.root.path()).env("OPS_PROGRAMS", programs.parent().expect("a directory"));
        bash.args(["-euo", "pipefail", "-c"]).arg(self.localize(script)).current_dir(self.path("checkout"));
        bash.stdin(File::open(self.path("stdin")).expect("a file"));
        bash
    }

    /// Runs commands, and returns their output.
    fn run(&self, heading: &str, script: &str) -> String {
        let output = self.shell(script).output().expect("bash runs");
        let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(
            output.status.success(),
            "the commands of {heading:?} failed ({}):\n{script}\n\n{printed}\n{errors}",
            output.status
        );
        printed.into_owned()
    }

    /// Starts commands that run on, and waits until the server among them is ready.
    async fn run_in_background(&mut self, script: &str) {
        let path = self.path("background.log");
        let log = File::create(&path).expect("a file");
        let mut shell = self.shell(script);
        shell.stdout(log.try_clone().expect("a file")).stderr(log).process_group(0);
        let child = self.background.insert(shell.spawn().expect("bash runs"));
        wait_until("the server in the background is ready", async || {
            let log = fs::read_to_string(&path).unwrap_or_default();
            let ended = child.try_wait().expect("a child process");
            assert!(ended.is_none(), "{script}\nended ({ended:?}):\n{log}");
            log.contains(" ready ")
        })
        .await;
    }

    /// Ends the commands in the background, as Ctrl-C does.
    fn interrupt(&mut self) {
        if let Some(mut child) = self.background.take() {
            let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process has an id");
            kill_process_group(group, Signal::INT).expect("a child process");
            child.wait().expect("a child process");
        }
    }

    /// A client without connections, which a restart would close.
    fn client(&self) -> Client {
        Client::to_port(self.port)
    }

    /// Creates an account with an invitation link that a command printed; returns the token of its session.
    async fn register(&self, username: &str, printed: &str) -> String {
        let (_, rest) = printed.split_once("/register?invitation=").expect("a link");
        let is_token = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        let invitation = rest.split(|letter| !is_token(letter)).next().expect("a token");
        let email = format!("{username}@example.org");
        let body = json!({"email": email, "username": username, "password": PASSWORD, "invitation": invitation});
        let session = self.client().post("/auth/register", &body).await.expect(201);
        session["token"].as_str().expect("a token").to_owned()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for unit in ["burntop-api", "burntop-worker"] {
                let log = fs::read_to_string(self.path(&format!("units/{unit}.log"))).unwrap_or_default();
                let lines: Vec<&str> = log.lines().collect();
                eprintln!("the end of the log of {unit}:\n{}", lines[lines.len().saturating_sub(20)..].join("\n"));
            }
        }
        let ids =
            ["burntop-api", "burntop-worker"].map(|unit| fs::read_to_string(self.path(&format!("units/{unit}.pid"))));
        let units = ids.into_iter().flatten().filter_map(|id| id.trim().parse().ok().and_then(Pid::from_raw));
        for unit in units {
            let _ = kill_process(unit, Signal::KILL);
        }
        if let Some(child) = &mut self.background {
            if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process_group(group, Signal::TERM);
            }
            let _ = child.wait();
        }
        if let Some(postgres) = &mut self.postgres {
            if let Some(id) = i32::try_from(postgres.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process(id, Signal::QUIT);
            }
            let _ = postgres.wait();
        }
    }
}

/// A program of PostgreSQL, run as an ordinary user.
fn unprivileged(name: &str) -> Command {
    let program = postgres_program(name);
    if !geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program).current_dir("/");
    command
}

fn postgres_program(name: &str) -> PathBuf {
    Binaries::find(None).expect("PostgreSQL is installed").program(name)
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in a workspace").to_owned()
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("it can be read").path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Ports of this machine that no program gets by asking for any port: the services of the test are restarted on theirs.
fn free_ports<const N: usize>() -> [u16; N] {
    let first = 10_000 + u16::try_from(std::process::id() % 20_000).expect("below 20,000");
    let mut free = (first..32_000).chain(10_000..first).filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    std::array::from_fn(|_| free.next().expect("a free port"))
}

#[tokio::test]
async fn operations_commands_work_as_written() {
    let mut machine = Machine::new();
    let socket = machine.path("run/postgresql/.s.PGSQL.5432");
    wait_until("PostgreSQL listens", async || socket.exists()).await;
    let mut ada = None;
    for Block { heading, directive, text } in blocks() {
        match directive {
            Some("background") => {
                machine.run_in_background(&text).await;
                continue;
            }
            Some(reason) if reason.starts_with("not run: ") => continue,
            Some("stop") => machine.interrupt(),
            Some("another machine") => drop(machine.run(heading, EMPTY_THE_MACHINE)),
            Some("a worker runs") => {
                let client = machine.client();
                wait_until("the worker has begun", async || client.get("/health/worker").await.status == 200).await;
            }
            Some(other) => panic!("the block under {heading:?} has an unknown directive: {other}"),
            None => {}
        }
        let printed = machine.run(heading, &text);
        match heading {
            "Create the first administrator" => {
                let token = machine.register("ada", &printed).await;
                let sample =
                    fs::read_to_string(workspace().join("tests/samples/sync-claude-code.json")).expect("a sample");
                let client = machine.client().with_token(&token);
                client.post("/sync", &serde_json::from_str(&sample).expect("JSON")).await.expect(200);
                ada = Some(token);
            }
            "Invite users" => drop(machine.register("grace", &printed).await),
            "Move an account" => {
                let expected = if text.contains("/export") { r#""type":"end""# } else { "nothing to repair" };
                assert!(printed.contains(expected), "{printed}");
            }
            "Start and stop" | "Restore" | "Upgrade" | "Rotate secrets" | "Repair derived data" => {
                let client = machine.client().with_token(ada.as_ref().expect("an account"));
                let overview = client.get("/dashboard/overview").await.expect(200);
                assert_eq!(overview["total_tokens"], SAMPLE_TOKENS, "after {heading:?}");
            }
            _ => {}
        }
    }
    machine.run("the end", "sudo systemctl stop burntop-api burntop-worker");
}

/// Commands inside sentences and tables are not run; their names and options exist.
#[test]
fn operations_commands_in_text_exist() {
    let known = ["api-server", "worker"].map(|name| (name, commands_below(&[name])));
    // A log message may begin with the name of a program.
    let is_message = |line: &&str| line.starts_with("| ERROR") || line.starts_with("| WARN");
    let lines: Vec<&str> = MANUAL.lines().filter(|line| !is_message(line)).collect();
    let text = lines.join("\n");
    let mut checked = 0;
    for span in text.split('`').skip(1).step_by(2).filter(|span| !span.contains('\n')) {
        let words: Vec<&str> = span.trim_start_matches("sudo burntop-run ").split_whitespace().collect();
        let Some((program, commands)) = known.iter().find(|(name, _)| words.first() == Some(name)) else { continue };
        let options: Vec<&&str> = words.iter().filter(|word| word.starts_with("--")).collect();
        let is_command = |word: &&&str| word.starts_with(|first: char| first.is_ascii_lowercase());
        let names = words[1..].iter().take_while(is_command).count();
        if names == 0 && options.is_empty() {
            continue;
        }
        // Arguments such as `ada` look like commands.
        let mut prefixes = (1..=names).rev().map(|end| words[..=end].join(" "));
        let command = prefixes.find(|prefix| commands.contains(prefix));
        assert!(command.is_some() || names == 0, "`{span}` is no command");
        let command = command.unwrap_or_else(|| (*program).to_owned());
        let arguments: Vec<&str> = command.split(' ').skip(1).chain(["--help"]).collect();
        let help = super::print(program, &arguments);
        for option in options {
            assert!(help.contains(*option), "`{span}`: `{command}` has no option {option}");
        }
        checked += 1;
    }
    assert!(checked > 20, "{checked} commands were found");
}

#[test]
fn operations_files_and_links_exist() {
    let docs = workspace().join("docs");
    for name in ["OPERATIONS.md", "OPERATIONS-REFERENCE.md"] {
        let text = fs::read_to_string(docs.join(name)).expect("text");
        for rest in text.split("](").skip(1) {
            let target = rest.split(')').next().expect("a link");
            if target.contains("://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = docs.join(if file.is_empty() { name } else { file });
            assert!(path.exists(), "{name}: {target} does not exist");
            if !heading.is_empty() {
                let linked = fs::read_to_string(path).expect("text");
                let mut anchors = linked.lines().filter(|line| line.starts_with('#')).map(anchor);
                assert!(anchors.any(|anchor| anchor == heading), "{name}: there is no heading for {target}");
            }
        }
        for span in text.split('`').skip(1).step_by(2).filter(|span| !span.contains(char::is_whitespace)) {
            let is_path = ["config/", "crates/", "docs/", "scripts/", "tests/"].iter().any(|top| span.starts_with(top));
            assert!(!is_path || workspace().join(span).exists(), "{name}: {span} does not exist");
        }
    }
}

/// The anchor that GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let title = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = title.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}
