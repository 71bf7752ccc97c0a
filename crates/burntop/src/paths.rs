//! Where burntop keeps its own files: one row per system.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::failure::{Failure, FailureKind};

/// The systems whose conventions differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostSystem {
    Linux,
    MacOs,
    Windows,
}

impl HostSystem {
    pub(crate) const fn current() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::MacOs
        } else {
            Self::Linux
        }
    }
}

/// The conventions of a system. The variables are asked in order; relative values count as unset, as the XDG specification says.
struct PathRules {
    home: &'static str,
    config: (&'static [&'static str], &'static str),
    state: (&'static [&'static str], &'static str),
}

const fn rules(system: HostSystem) -> PathRules {
    match system {
        HostSystem::Linux => PathRules {
            home: "HOME",
            config: (&["XDG_CONFIG_HOME"], ".config"),
            state: (&["XDG_STATE_HOME"], ".local/state"),
        },
        HostSystem::MacOs => PathRules {
            home: "HOME",
            config: (&["XDG_CONFIG_HOME"], "Library/Application Support"),
            state: (&["XDG_STATE_HOME"], "Library/Application Support"),
        },
        HostSystem::Windows => PathRules {
            home: "USERPROFILE",
            config: (&["XDG_CONFIG_HOME", "APPDATA"], "AppData/Roaming"),
            state: (&["XDG_STATE_HOME", "LOCALAPPDATA"], "AppData/Local"),
        },
    }
}

/// The directories of burntop on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paths {
    pub(crate) home: PathBuf,
    /// Settings and credentials.
    config: PathBuf,
    /// What can be computed again.
    state: PathBuf,
    /// The parent of `config`, where the service manager looks.
    config_home: PathBuf,
}

impl Paths {
    /// The directories by the environment of this process.
    pub(crate) fn from_env() -> Result<Self, Failure> {
        let paths = Self::find(HostSystem::current(), |variable| std::env::var_os(variable))?;
        // Without this check, the directory would be created: accounts of services have one that is not meant to exist.
        if !paths.home.is_dir() {
            let message = format!("The home directory {} does not exist.", paths.home.display());
            return Err(Failure::new(FailureKind::Local, message));
        }
        Ok(paths)
    }

    fn find(system: HostSystem, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Failure> {
        let rules = rules(system);
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute(rules.home).ok_or_else(|| {
            Failure::new(FailureKind::Local, format!("The home directory is unknown. Set {}.", rules.home))
        })?;
        let base = |(names, below): (&[&str], &str)| {
            names.iter().find_map(|name| absolute(name)).unwrap_or_else(|| home.join(below))
        };
        let (config_home, state_home) = (base(rules.config), base(rules.state));
        let (config, state) = (config_home.join("burntop"), state_home.join("burntop"));
        Ok(Self { home, config, state, config_home })
    }

    /// The directories of a home without variables.
    #[cfg(test)]
    pub(crate) fn of_home(home: &std::path::Path) -> Self {
        let home = home.as_os_str().to_owned();
        Self::find(HostSystem::Linux, |variable| (variable == "HOME").then(|| home.clone())).expect("a home")
    }

    pub(crate) fn credentials(&self) -> PathBuf {
        self.config.join("credentials.toml")
    }

    pub(crate) fn settings(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    pub(crate) fn machine(&self) -> PathBuf {
        self.config.join("machine.toml")
    }

    pub(crate) fn state(&self) -> &PathBuf {
        &self.state
    }

    /// The units of the user's service manager.
    pub(crate) fn systemd_units(&self) -> PathBuf {
        self.config_home.join("systemd/user")
    }

    pub(crate) fn launch_agents(&self) -> PathBuf {
        self.home.join("Library/LaunchAgents")
    }

    /// The directory of the npm client, which is the same on every system.
    pub(crate) fn npm_client(&self) -> PathBuf {
        self.home.join(".config/burntop")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_variables_and_fall_back_to_home() {
        for (name, system, variables, config, state) in [
            (
                "linux",
                HostSystem::Linux,
                &[("HOME", "/h")] as &[(&str, &str)],
                "/h/.config/burntop",
                "/h/.local/state/burntop",
            ),
            (
                "variables of XDG",
                HostSystem::Linux,
                &[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "/s")],
                "/c/burntop",
                "/s/burntop",
            ),
            (
                "a relative variable is ignored",
                HostSystem::Linux,
                &[("HOME", "/h"), ("XDG_CONFIG_HOME", "c"), ("XDG_STATE_HOME", "")],
                "/h/.config/burntop",
                "/h/.local/state/burntop",
            ),
            (
                "macOS",
                HostSystem::MacOs,
                &[("HOME", "/h")],
                "/h/Library/Application Support/burntop",
                "/h/Library/Application Support/burntop",
            ),
            (
                "Windows",
                HostSystem::Windows,
                &[("USERPROFILE", "/u"), ("APPDATA", "/u/r"), ("LOCALAPPDATA", "/u/l")],
                "/u/r/burntop",
                "/u/l/burntop",
            ),
        ] {
            let lookup =
                |asked: &str| variables.iter().find(|(name, _)| *name == asked).map(|(_, value)| OsString::from(value));
            let paths = Paths::find(system, lookup).expect(name);
            assert_eq!((paths.config, paths.state), (config.into(), state.into()), "{name}");
        }
    }

    #[test]
    fn paths_without_home_fail() {
        let failure = Paths::find(HostSystem::Linux, |_| None).expect_err("no home");
        assert_eq!(failure.to_string(), "The home directory is unknown. Set HOME.");
    }
}
