//! `config.toml`: what the user may choose.

use std::path::Path;

use serde::Deserialize;

use crate::failure::{Failure, FailureKind};
use crate::files;

/// The settings. Each has a default, so the file is optional. An unknown key is an error, because a misspelt privacy setting must
/// not pass for the default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    pub(crate) projects: ProjectNames,
}

/// Whether the names of projects are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ProjectNames {
    /// Not at all.
    #[default]
    Off,
    /// As a hash that is the same on all machines of the account.
    Hashed,
    /// As they are.
    Plain,
}

impl Settings {
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let Some(text) = files::read(path)? else { return Ok(Self::default()) };
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let message = format!("Line {line} of {} is not valid: {}", path.display(), error.message());
            Failure::new(FailureKind::Usage, message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Settings, Failure> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.toml");
        files::replace(&path, text.as_bytes()).expect("written");
        Settings::load(&path)
    }

    #[test]
    fn settings_have_defaults_and_refuse_unknown_keys() {
        assert_eq!(Settings::load(Path::new("/nowhere/config.toml")), Ok(Settings::default()));
        assert_eq!(load(""), Ok(Settings { projects: ProjectNames::Off }));
        assert_eq!(load("projects = \"hashed\""), Ok(Settings { projects: ProjectNames::Hashed }));
        for (text, part) in [
            ("project = \"off\"", "unknown field `project`"),
            ("projects = \"yes\"", "unknown variant `yes`"),
            ("projects", "expected"),
            ("# names\nprojects = \"of\"", "Line 2 of "),
        ] {
            let failure = load(text).expect_err(text);
            assert_eq!(failure.kind, FailureKind::Usage);
            assert!(failure.to_string().contains(part), "{text}: {failure}");
        }
    }
}
