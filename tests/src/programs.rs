//! The programs under test: found beside the test's own executable, and built if they are missing or outdated.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::SystemTime;

pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in a workspace")
}

/// The path of the program `name`, built from the current sources.
pub fn program(name: &str) -> PathBuf {
    static FRESH: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let mut fresh = FRESH.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = directory().join(name);
    if !fresh.contains(&path) {
        if !is_fresh(&path) {
            build(name);
        }
        assert!(path.is_file(), "{} is missing: build it with `cargo build -p {name}`", path.display());
        fresh.push(path.clone());
    }
    path
}

/// `target/<profile>`, which contains the directory `deps` with this test's executable.
fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let own = std::env::current_exe().expect("a test knows its own path");
        own.ancestors().nth(2).expect("cargo puts tests into target/<profile>/deps").to_owned()
    })
}

/// Whether the program at `path` exists and is no older than its sources.
fn is_fresh(path: &Path) -> bool {
    let Some(made) = modified(path) else { return false };
    sources(path).into_iter().chain(migrations()).all(|source| modified(&source).is_some_and(|changed| changed <= made))
}

/// The sources that `cargo build` has listed beside the program at `path`. A build together with the tests lists none; then all
/// sources of the workspace.
fn sources(path: &Path) -> Vec<PathBuf> {
    let Ok(dependencies) = fs::read_to_string(path.with_extension("d")) else {
        return files_below(&workspace().join("crates"));
    };
    // A line of make: `program: source source …`, with spaces in names escaped.
    let dependencies = dependencies.replace("\\ ", "\0");
    let sources = dependencies.split_once(": ").map_or("", |(_, sources)| sources).split_whitespace();
    sources.map(|source| PathBuf::from(source.replace('\0', " "))).collect()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// The files of all migrations, in order.
pub(crate) fn migrations() -> Vec<PathBuf> {
    let mut files = files_below(&workspace().join("migrations"));
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    files
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn build(name: &str) {
    let profile = directory().file_name().and_then(|name| name.to_str()).unwrap_or("debug");
    let target = directory().parent().expect("target/<profile> is below target");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace()).args(["build", "--quiet", "--package", name, "--bin", name]);
    command.args(["--profile", if profile == "debug" { "dev" } else { profile }]).arg("--target-dir").arg(target);
    let built = command.output().unwrap_or_else(|error| panic!("cargo cannot be run to build {name}: {error}"));
    assert!(built.status.success(), "{name} does not build:\n{}", String::from_utf8_lossy(&built.stderr));
}
