//! The environment of the hourly sync. A scheduler does not start it from the user's shell, so variables that move logs or burntop's own
//! files are written into the service.

/// The variables that readers and burntop ask.
const NAMES: [&str; 35] = [
    "AMP_DATA_DIR",
    "BURNTOP_EXTRA_DIRS",
    "CLAUDE_CONFIG_DIR",
    "CLINE_DATA_DIR",
    "CLINE_DIR",
    "CLINE_SESSION_DATA_DIR",
    "CODEX_HOME",
    "COPILOT_HOME",
    "COPILOT_OTEL_FILE_EXPORTER_PATH",
    "FACTORY_DIR",
    "GEMINI_CLI_HOME",
    "GOOSE_PATH_ROOT",
    "GROK_HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "KIMI_CODE_HOME",
    "KIMI_MODEL_NAME",
    "KIMI_SHARE_DIR",
    "MUX_ROOT",
    "NO_PROXY",
    "OPENCLAW_DIR",
    "OPENCODE_DATA_DIR",
    "OPENCODE_DB",
    "PI_CODING_AGENT_DIR",
    "PI_CODING_AGENT_SESSION_DIR",
    "QWEN_DATA_DIR",
    "QWEN_PROJECTS_DIR",
    "TZ",
    "VIBE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "https_proxy",
    "http_proxy",
    "no_proxy",
];

/// A variable with its value, in one line.
pub(super) type Variable = (&'static str, String);

/// The variables that are set for this process.
pub(super) fn inherited() -> Vec<Variable> {
    set_among(|name| std::env::var(name).ok())
}

fn set_among(value: impl Fn(&str) -> Option<String>) -> Vec<Variable> {
    // A value with a line break would end the line of a unit or of a table of cron.
    let is_writable = |value: &String| !value.is_empty() && !value.chars().any(char::is_control);
    NAMES.into_iter().filter_map(|name| Some((name, value(name).filter(is_writable)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_those_that_are_set_in_one_line() {
        let value = |name: &str| match name {
            "CODEX_HOME" => Some("/mnt/codex".to_owned()),
            "TZ" => Some(String::new()),
            "CLAUDE_CONFIG_DIR" => Some("/a\nExecStart=/bin/evil".to_owned()),
            "PATH" => Some("/bin".to_owned()),
            _ => None,
        };
        assert_eq!(set_among(value), [("CODEX_HOME", "/mnt/codex".to_owned())]);
    }
}
