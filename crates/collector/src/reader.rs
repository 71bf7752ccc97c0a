//! What a reader of a tool's logs is, and the tables of all tools.

use std::path::PathBuf;

use serde::Serialize;

use crate::scan::SourceScan;
use crate::{DayTotal, Environment};

/// Reads the logs of one tool.
pub trait Reader: Send + Sync {
    /// Slug of the tool in records.
    fn source(&self) -> &'static str;

    /// Grows when the reader understands something better. The records of a newer version supersede those of an older one, and a state
    /// that an older version left is not used. The records of telemetry have the version before.
    fn parser_version(&self) -> u16;

    /// Directories and files that are searched, whether they exist or not.
    fn roots(&self, environment: &Environment) -> Vec<PathBuf>;

    /// How long the tool keeps its logs, if it deletes them at all.
    fn retention(&self, _environment: &Environment) -> Option<Retention> {
        None
    }

    /// The days for which the tool has certainly kept its logs, whatever is set today: the setting may have been shorter before. `None` if
    /// it deletes none.
    fn kept_days(&self, _environment: &Environment) -> Option<u32> {
        None
    }

    /// Roots that may be the tool's, but are not read unless they are added as extra directories.
    fn suggestions(&self, _environment: &Environment) -> Vec<PathBuf> {
        Vec::new()
    }

    /// What the tool itself counted by day, which outlives its logs.
    fn day_totals(&self, _environment: &Environment) -> Vec<DayTotal> {
        Vec::new()
    }

    /// Reads what is new below the roots.
    fn read(&self, scan: &mut SourceScan<'_>);
}

/// A directory or file that a reader searches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Root {
    pub path: PathBuf,
    pub exists: bool,
}

/// How long a tool keeps its logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Retention {
    pub days: u32,
    /// The setting that changes it, and where it is.
    pub setting: &'static str,
}

/// A tool that stores no token counts. They are never estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NoTokenData {
    pub tool: &'static str,
    pub reason: &'static str,
    /// Where the tool's data are: below the home directory, and below the directory of settings.
    home: &'static [&'static str],
    config: &'static [&'static str],
}

impl NoTokenData {
    /// The tool's directories that exist.
    pub fn found(&self, environment: &Environment) -> Vec<PathBuf> {
        let home = self.home.iter().map(|path| environment.home.join(path));
        let config = self.config.iter().map(|path| environment.config_dir().join(path));
        home.chain(config).filter(|path| path.exists()).collect()
    }
}

/// Tools whose usage cannot be read from this machine.
#[rustfmt::skip]
pub const NO_TOKEN_DATA: &[NoTokenData] = &[
    NoTokenData { tool: "Windsurf", reason: "counts credits on its server", home: &[".codeium/windsurf"], config: &["Windsurf"] },
    NoTokenData { tool: "Cursor", reason: "stores 0 for each count; the account exports its usage as CSV, which BURNTOP_EXTRA_DIRS=cursor:DIR reads", home: &[".cursor"], config: &["Cursor"] },
    NoTokenData { tool: "Kiro", reason: "stores credits only", home: &[".kiro", ".local/share/kiro-cli"], config: &["Kiro"] },
    NoTokenData { tool: "Warp", reason: "counts credits on its server", home: &[".warp", ".local/state/warp-terminal"], config: &[] },
    NoTokenData { tool: "Trae", reason: "usage is on its server only", home: &[], config: &["Trae"] },
    NoTokenData { tool: "Crush", reason: "stores the size of the last context only", home: &[".local/share/crush"], config: &[] },
    NoTokenData { tool: "Command Code", reason: "stores no counts", home: &[".commandcode"], config: &[] },
    NoTokenData { tool: "iFlow", reason: "its counts are unreliable", home: &[".iflow"], config: &[] },
    NoTokenData { tool: "Zencoder", reason: "stores no counts", home: &[".zencoder"], config: &[] },
    NoTokenData { tool: "Aider", reason: "logs counts only on request, and without cache reads", home: &[".aider"], config: &[] },
    NoTokenData { tool: "Continue", reason: "its counts are estimates", home: &[".continue"], config: &[] },
    NoTokenData { tool: "GitHub Copilot in JetBrains", reason: "stores no counts", home: &[".config/github-copilot"], config: &[] },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Home;

    #[test]
    fn tool_without_tokens_is_found_by_its_directory() {
        let home = Home::new();
        home.write(".kiro/sessions/cli/one.json", "{}");
        let found: Vec<_> = NO_TOKEN_DATA
            .iter()
            .filter(|tool| !tool.found(&home.environment).is_empty())
            .map(|tool| tool.tool)
            .collect();
        assert_eq!(found, ["Kiro"]);
    }
}
