//! Logs: text or JSON lines on standard error, filtered by level; and traces, where the program is built with them.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::settings::Settings;
use crate::startup::StartupError;
use crate::version::version;

/// Crates whose lines below a warning are useless to an operator.
const WARN_ONLY_CRATES: [&str; 8] =
    ["actix_server", "h2", "hyper", "mio", "opentelemetry", "reqwest", "rustls", "tokio_postgres"];

/// Logs each malformed request as an error. The client gets the error already, and clients must not be able to fill the log.
const SILENCED_DIRECTIVE: &str = "actix_http::h1::dispatcher=off";

/// Logging and the export of traces, for the lifetime of the process. The last traces are sent when it is dropped.
#[derive(Debug)]
#[must_use = "the export of traces ends when this is dropped"]
pub struct Telemetry {
    #[cfg(feature = "otlp")]
    _traces: Option<crate::traces::Traces>,
}

/// Starts logging and traces for the process; fails if it is started already. `service` names the program in traces. Call it outside of a
/// runtime.
pub fn start(settings: &Settings, service: &'static str) -> Result<Telemetry, StartupError> {
    // `Settings` has checked the level.
    let filter = filter(&level(settings)).unwrap_or_default();
    let lines: Box<dyn Layer<Registry> + Send + Sync> = if settings.log.json {
        Box::new(
            fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false).with_writer(stderr),
        )
    } else {
        Box::new(fmt::layer().with_ansi(stderr().is_terminal()).with_writer(stderr))
    };
    let layers = vec![lines.with_filter(filter).boxed()];
    #[cfg(feature = "otlp")]
    let (layers, traces) = match crate::traces::start(settings, service)? {
        Some((layer, traces)) => (layers.into_iter().chain([layer]).collect(), Some(traces)),
        None => (layers, None),
    };
    tracing_subscriber::registry()
        .with(layers)
        .try_init()
        .map_err(|error| StartupError::Other { doing: "starting the log", reason: error.to_string() })?;
    #[cfg(not(feature = "otlp"))]
    let _ = service;
    Ok(Telemetry {
        #[cfg(feature = "otlp")]
        _traces: traces,
    })
}

/// Logs what starts: a service writes this line first.
pub fn announce(settings: &Settings) {
    let file = settings.file().map_or_else(|| "none".to_owned(), |file| file.display().to_string());
    tracing::info!(version = version(), configuration = file, "starting");
}

/// The configured level. Development mode means `debug` unless a level is set.
fn level(settings: &Settings) -> String {
    let by_debug = settings.app.debug && !settings.is_set("log.level");
    if by_debug { "debug".to_owned() } else { settings.log.level.clone() }
}

/// Parses a level (also `WARNING` and `CRITICAL`) or a list of directives.
pub(crate) fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    let directives = match level.to_ascii_lowercase().as_str() {
        "warning" => "warn".to_owned(),
        "critical" => "error".to_owned(),
        "error" | "warn" | "info" | "debug" | "trace" => level.to_ascii_lowercase(),
        // A misspelt level would be a valid directive, because it looks like the name of a crate.
        other if other.chars().all(char::is_alphanumeric) => format!("{other}=?"),
        _ => return EnvFilter::try_new(level),
    };
    let quiet = WARN_ONLY_CRATES.map(|name| format!("{name}=warn")).join(",");
    let quiet = if directives == "error" { String::new() } else { format!(",{quiet}") };
    EnvFilter::try_new(format!("{directives},{SILENCED_DIRECTIVE}{quiet}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::from_environment(owned).unwrap()
    }

    #[test]
    fn log_level_in_development_is_debug_unless_set() {
        assert_eq!(level(&settings(&[])), "info");
        assert_eq!(level(&settings(&[("DEBUG", "1")])), "debug");
        assert_eq!(level(&settings(&[("DEBUG", "1"), ("LOG_LEVEL", "warn")])), "warn");
    }

    #[test]
    fn log_level_any_case_is_accepted_and_misspelt_refused() {
        for good in ["INFO", "Warning", "critical", "trace", "info,domain=debug", "off,worker=info"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        for bad in ["inof", "loud=very"] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn log_filter_limits_other_crates_to_warnings() {
        let shown = filter("debug").unwrap().to_string();
        assert!(shown.contains("hyper=warn") && shown.contains("debug"), "{shown}");
        assert!(!filter("error").unwrap().to_string().contains("warn"));
        for level in ["error", "debug"] {
            assert!(filter(level).unwrap().to_string().contains(SILENCED_DIRECTIVE), "{level}");
        }
    }
}
