//! Tells the crate the commit of the sources and the commit's time, for `src/version.rs`.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let (commit, time) = named_commit().or_else(checked_out_commit).unwrap_or_default();
    println!("cargo::rustc-env=COMMIT={commit}");
    println!("cargo::rustc-env=COMMIT_TIME={time}");
}

/// The commit that the environment names. It precedes the repository: an image or a package is built from sources without one, or
/// inside the repository of another project.
fn named_commit() -> Option<(String, String)> {
    let [commit, time] = ["BURNTOP_COMMIT", "SOURCE_DATE_EPOCH"].map(|variable| {
        println!("cargo::rerun-if-env-changed={variable}");
        std::env::var(variable).unwrap_or_default()
    });
    let is_hash = !commit.is_empty() && commit.chars().all(|character| character.is_ascii_hexdigit());
    is_hash.then_some((commit, time))
}

/// The commit that is checked out, if the workspace is the top of a repository.
fn checked_out_commit() -> Option<(String, String)> {
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != Path::new("../..").canonicalize().ok()? {
        return None;
    }
    rerun_after_commits();
    let shown = git(&["show", "--no-patch", "--format=%H %ct", "HEAD"])?;
    shown.split_once(' ').map(|(commit, time)| (commit.to_owned(), time.to_owned()))
}

/// Runs this script again after a commit or a checkout. Both are recorded in the log of HEAD. Without that log, which git can be
/// told not to keep, the files are watched that hold the hash.
fn rerun_after_commits() {
    let path = |name: &str| git(&["rev-parse", "--git-path", name]).filter(|path| Path::new(path).exists());
    let watched = path("logs/HEAD").map_or_else(
        || {
            let branch = git(&["symbolic-ref", "--quiet", "HEAD"]);
            [Some("HEAD"), branch.as_deref(), Some("packed-refs")].into_iter().flatten().filter_map(path).collect()
        },
        |log| vec![log],
    );
    // Cargo runs the script at each build if a path does not exist.
    for file in watched {
        println!("cargo::rerun-if-changed={file}");
    }
}

/// The output of git for this directory; a hook of another repository sets `GIT_DIR` and `GIT_WORK_TREE`.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
