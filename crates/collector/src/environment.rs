//! Where things are on this machine, as an explicit value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fmt};

use crate::wsl;

/// An operating system family, as far as tools' directories differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    Linux,
    MacOs,
    Windows,
}

impl Platform {
    /// The one that this program was compiled for.
    pub const CURRENT: Self = if cfg!(target_os = "macos") {
        Self::MacOs
    } else if cfg!(windows) {
        Self::Windows
    } else {
        Self::Linux
    };
}

/// Home directory, variables and extra roots. Readers take paths from here only.
#[derive(Clone)]
pub struct Environment {
    pub platform: Platform,
    pub home: PathBuf,
    /// Variables that tools read, such as `CLAUDE_CONFIG_DIR`. An empty one counts as unset.
    pub variables: BTreeMap<String, String>,
    /// Extra roots per source.
    pub extra_dirs: BTreeMap<String, Vec<PathBuf>>,
    /// Homes of another system on this machine. They are read too.
    pub neighbours: Vec<Environment>,
    /// Where copies of databases go that cannot be opened in place.
    pub temporary: PathBuf,
}

/// Without the variables: other programs' secrets are among them.
impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Environment")
            .field("platform", &self.platform)
            .field("home", &self.home)
            .field("extra_dirs", &self.extra_dirs)
            .field("neighbours", &self.neighbours)
            .finish_non_exhaustive()
    }
}

impl Environment {
    pub fn new(platform: Platform, home: impl Into<PathBuf>) -> Self {
        Self {
            platform,
            home: home.into(),
            variables: BTreeMap::new(),
            extra_dirs: BTreeMap::new(),
            neighbours: Vec::new(),
            temporary: env::temp_dir(),
        }
    }

    /// The environment of this process, with the extra roots of `BURNTOP_EXTRA_DIRS`, and with the homes on the other side of the Windows
    /// Subsystem for Linux if `BURNTOP_WSL` is set. `None` without a home directory.
    pub fn from_process() -> Option<Self> {
        let mut environment = Self::new(Platform::CURRENT, env::home_dir()?);
        environment.variables = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let extra = environment.variable("BURNTOP_EXTRA_DIRS").unwrap_or_default().to_owned();
        environment.add_extra_dirs(&extra);
        if environment.variable("BURNTOP_WSL").is_some() {
            environment.neighbours = wsl::neighbours(&environment);
        }
        Some(environment)
    }

    /// Adds extra roots written as `source:path,source:path`.
    pub fn add_extra_dirs(&mut self, list: &str) {
        for (source, path) in list.split(',').filter_map(|entry| entry.trim().split_once(':')) {
            if !path.is_empty() {
                let path = self.expand(path);
                self.extra_dirs.entry(source.trim().to_owned()).or_default().push(path);
            }
        }
    }

    /// The same home without variables, extra roots and neighbours: where tools and other clients look by default.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self { temporary: self.temporary.clone(), ..Self::new(self.platform, self.home.clone()) }
    }

    /// The value of a variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The path in a variable.
    pub fn variable_path(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).map(|path| self.expand(path))
    }

    /// The paths in a variable that holds a list separated by commas.
    pub fn variable_paths(&self, name: &str) -> Option<Vec<PathBuf>> {
        self.variable(name).map(|list| {
            list.split(',').map(str::trim).filter(|path| !path.is_empty()).map(|path| self.expand(path)).collect()
        })
    }

    pub fn extra(&self, source: &str) -> &[PathBuf] {
        self.extra_dirs.get(source).map_or(&[], Vec::as_slice)
    }

    /// Where desktop programs keep their settings.
    ///
    /// | Linux | macOS | Windows |
    /// |---|---|---|
    /// | `$XDG_CONFIG_HOME`, `~/.config` | `~/Library/Application Support` | `%APPDATA%`, `~/AppData/Roaming` |
    pub fn config_dir(&self) -> PathBuf {
        match self.platform {
            Platform::Linux => self.xdg_config_dir(),
            Platform::MacOs => self.home.join("Library/Application Support"),
            Platform::Windows => self.variable_path("APPDATA").unwrap_or_else(|| self.home.join("AppData/Roaming")),
        }
    }

    /// `$XDG_CONFIG_HOME` or `~/.config`, on every system: many tools use it on macOS and Windows too.
    pub fn xdg_config_dir(&self) -> PathBuf {
        self.variable_path("XDG_CONFIG_HOME").unwrap_or_else(|| self.home.join(".config"))
    }

    /// `$XDG_DATA_HOME` or `~/.local/share`, on every system.
    pub fn xdg_data_dir(&self) -> PathBuf {
        self.variable_path("XDG_DATA_HOME").unwrap_or_else(|| self.home.join(".local/share"))
    }

    /// `%LOCALAPPDATA%` or `~/AppData/Local`.
    pub fn local_app_data(&self) -> PathBuf {
        self.variable_path("LOCALAPPDATA").unwrap_or_else(|| self.home.join("AppData/Local"))
    }

    /// Replaces a leading `~` by the home directory.
    fn expand(&self, path: &str) -> PathBuf {
        match path.strip_prefix('~') {
            Some("") => self.home.clone(),
            Some(rest) if rest.starts_with(['/', '\\']) => self.home.join(&rest[1..]),
            _ => Path::new(path).to_path_buf(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_dirs_list_adds_a_root_per_entry() {
        let mut environment = Environment::new(Platform::Linux, "/home/eve");
        environment.add_extra_dirs("codex:/mnt/old, claude-code:~/backup,codex:C:\\logs,broken,amp:");
        assert_eq!(environment.extra("codex"), [PathBuf::from("/mnt/old"), PathBuf::from("C:\\logs")]);
        assert_eq!(environment.extra("claude-code"), [PathBuf::from("/home/eve/backup")]);
        assert!(environment.extra("amp").is_empty());
    }

    #[test]
    fn config_dir_follows_the_platform() {
        for (platform, expected) in [
            (Platform::Linux, "/home/eve/.config"),
            (Platform::MacOs, "/home/eve/Library/Application Support"),
            (Platform::Windows, "/home/eve/AppData/Roaming"),
        ] {
            assert_eq!(Environment::new(platform, "/home/eve").config_dir(), PathBuf::from(expected), "{platform:?}");
        }
    }

    #[test]
    fn debug_output_has_no_variables() {
        let mut environment = Environment::new(Platform::Linux, "/home/eve");
        environment.variables.insert("SOME_TOKEN".into(), "secret".into());
        assert!(!format!("{environment:?}").contains("secret"));
    }

    #[test]
    fn variable_empty_counts_as_unset() {
        let mut environment = Environment::new(Platform::Linux, "/home/eve");
        environment.variables.insert("XDG_CONFIG_HOME".into(), " ".into());
        assert_eq!(environment.xdg_config_dir(), PathBuf::from("/home/eve/.config"));
    }
}
