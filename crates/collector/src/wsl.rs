//! Homes on the other side of the Windows Subsystem for Linux.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Environment, Platform};

/// Homes of Windows users from within a Linux distribution, and of a distribution's users from Windows. `/mnt/c` is where Windows is unless
/// its owner chose another place.
pub(crate) fn neighbours(environment: &Environment) -> Vec<Environment> {
    match environment.platform {
        Platform::Linux if environment.variable("WSL_DISTRO_NAME").is_some() => {
            homes(Path::new("/mnt/c/Users"), Platform::Windows)
        }
        Platform::Windows => {
            let homes_of = |name: &String| homes(&PathBuf::from(format!(r"\\wsl$\{name}\home")), Platform::Linux);
            running_distributions().iter().flat_map(homes_of).collect()
        }
        Platform::Linux | Platform::MacOs => Vec::new(),
    }
}

/// An environment per directory.
fn homes(users: &Path, platform: Platform) -> Vec<Environment> {
    let entries = fs::read_dir(users).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut homes: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    homes.sort();
    homes.into_iter().map(|home| Environment::new(platform, home)).collect()
}

/// Only distributions that run: a look at the files of another one starts it.
fn running_distributions() -> Vec<String> {
    let output = Command::new("wsl.exe").args(["--list", "--quiet", "--running"]).output();
    output.map(|output| names(&output.stdout)).unwrap_or_default()
}

/// The names in the output of `wsl.exe`, which is UTF-16.
fn names(output: &[u8]) -> Vec<String> {
    let units: Vec<u16> = output.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let text = String::from_utf16_lossy(&units);
    text.lines()
        .map(|line| line.trim_matches(['\u{feff}', '\0', ' ']).to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Home;

    #[test]
    fn names_of_distributions_are_utf16() {
        let output: Vec<u8> = "\u{feff}Ubuntu\r\nDebian 13\r\n\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(names(&output), ["Ubuntu", "Debian 13"]);
    }

    #[test]
    fn logs_of_neighbours_are_read() {
        let mut home = Home::new();
        home.write("Users/eve/.claude/projects/one/1.jsonl", include_str!("claude/fixtures/null-id.jsonl"));
        home.write("Users/desktop.ini", "");
        home.environment.neighbours = homes(&home.path("Users"), Platform::Windows);
        assert_eq!(home.environment.neighbours.len(), 1);
        assert_eq!(home.scan("claude-code").ids(), ["req_N1"]);
    }
}
