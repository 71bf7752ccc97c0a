//! The environment of the hourly sync. A scheduler does not start it from the user's shell, so variables that move logs or burntop's own
//! files are written into the service.

use std::ffi::OsString;

use crate::failure::{Failure, FailureKind};

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

/// The variables that are set for this process. Fails for one that cannot be written into a service: the sync would read other logs than
/// this process.
pub(super) fn inherited() -> Result<Vec<Variable>, Failure> {
    set_among(|name| std::env::var_os(name))
}

fn set_among(value: impl Fn(&str) -> Option<OsString>) -> Result<Vec<Variable>, Failure> {
    let set = NAMES.into_iter().filter_map(|name| Some((name, value(name).filter(|value| !value.is_empty())?)));
    set.map(|(name, value)| {
        // A value with a line break would end the line of a unit or of a table of cron.
        let text = value.into_string().ok().filter(|text| !text.chars().any(char::is_control));
        text.map(|text| (name, text)).ok_or_else(|| {
            let message = format!(
                "The value of {name} has a line break, another control character or bytes that are no text, so it cannot be written into \
                 a service. Unset it, or change it."
            );
            Failure::new(FailureKind::Usage, message)
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_those_that_are_set_in_one_line() {
        let value = |name: &str| match name {
            "CODEX_HOME" => Some("/mnt/codex".into()),
            "TZ" => Some(OsString::new()),
            "PATH" => Some("/bin".into()),
            _ => None,
        };
        assert_eq!(set_among(value), Ok(vec![("CODEX_HOME", "/mnt/codex".to_owned())]));
    }

    #[test]
    fn variable_that_cannot_be_written_is_named() {
        for (name, value) in [
            ("CLAUDE_CONFIG_DIR", OsString::from("/a\nExecStart=/bin/evil")),
            ("CODEX_HOME", "/a\u{1b}".into()),
            #[cfg(unix)]
            ("QWEN_DATA_DIR", std::os::unix::ffi::OsStringExt::from_vec(vec![b'/', 0xFF])),
        ] {
            let failure = set_among(|asked| (asked == name).then(|| value.clone())).expect_err(name);
            assert!(failure.kind == FailureKind::Usage && failure.to_string().contains(name), "{failure}");
        }
    }
}
