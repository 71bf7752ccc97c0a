//! Checks values beyond their type, alone and together.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use domain::identity::Email;
use embedded_postgres::MINIMUM_MAJOR;
use ipnet::IpNet;
use toml::{Table, Value};

use super::keys::{MAX, Rule, SETTINGS, Setting};
use super::schema;

/// The fewest characters of a secret key.
const SECRET_CHARACTERS: usize = 32;

/// The most bytes of an issuer: it is part of the subject of each account that is linked through it.
const LONGEST_ISSUER: usize = 500;

/// Adds the problems of `values` to `problems`. `named` has the name under which each key was set.
pub(super) fn check(values: &Table, named: &BTreeMap<String, String>, problems: &mut Vec<String>) {
    let name = |path: &str| named.get(path).cloned().unwrap_or_else(|| schema::variable(path));
    for Setting { path, rule, .. } in SETTINGS {
        let value = schema::get(values, path);
        if let Some(reason) = rule.zip(value).and_then(|(rule, value)| breach(&rule, value)) {
            problems.push(format!("{}: {reason}", name(path)));
        }
    }
    check_together(values, &name, problems);
}

fn check_together(values: &Table, name: &dyn Fn(&str) -> String, problems: &mut Vec<String>) {
    let text = |path| schema::get(values, path).and_then(Value::as_str).unwrap_or_default();
    let number = |path| schema::get(values, path).and_then(Value::as_integer).unwrap_or_default();
    let is_debug = schema::get(values, "app.debug").and_then(Value::as_bool).unwrap_or_default();

    let key_characters = text("app.secret_key").chars().count();
    if !text("database.url").is_empty() && !is_debug && key_characters < SECRET_CHARACTERS {
        let found = if key_characters == 0 { "is missing".into() } else { format!("has only {key_characters}") };
        problems.push(format!(
            "{}: production needs a secret of at least {SECRET_CHARACTERS} characters, and it {found}; \
             generate one with `openssl rand -hex 32`, or set DEBUG=true for development",
            name("app.secret_key")
        ));
    }
    for (one, other) in [
        ("github.client_id", "github.client_secret"),
        ("github.client_secret", "github.client_id"),
        ("gitlab.client_id", "gitlab.client_secret"),
        ("gitlab.client_secret", "gitlab.client_id"),
        ("oidc.client_id", "oidc.client_secret"),
        ("oidc.client_secret", "oidc.client_id"),
        ("oidc.client_id", "oidc.issuer"),
        ("oidc.issuer", "oidc.client_id"),
    ] {
        if !text(one).is_empty() && text(other).is_empty() {
            problems.push(format!("{}: must be set together with {}", name(other), name(one)));
        }
    }
    let organizations = schema::get(values, "registration.github_organizations").and_then(Value::as_array);
    if organizations.is_some_and(|names| !names.is_empty()) && text("github.client_id").is_empty() {
        let (organizations, id) = (name("registration.github_organizations"), name("github.client_id"));
        problems.push(format!("{organizations}: needs {id}, because members sign in with GitHub"));
    }
    let groups = schema::get(values, "oidc.groups").and_then(Value::as_array);
    if groups.is_some_and(|names| !names.is_empty()) && text("oidc.client_id").is_empty() {
        let (groups, id) = (name("oidc.groups"), name("oidc.client_id"));
        problems.push(format!("{groups}: needs {id}, because members sign in through the provider"));
    }
    if !text("mail.smtp_url").is_empty() && text("mail.from").is_empty() {
        problems.push(format!("{}: must be set together with {}", name("mail.from"), name("mail.smtp_url")));
    }
    if !text("database.replica_url").is_empty() && text("database.url").is_empty() {
        problems.push(format!("{}: needs {}", name("database.replica_url"), name("database.url")));
    }
    let listens = |host: &str, port: i64, at: SocketAddr| {
        let host = host.parse::<IpAddr>();
        let shares = |host: IpAddr| host == at.ip() || host.is_unspecified() || at.ip().is_unspecified();
        port == i64::from(at.port()) && port != 0 && host.is_ok_and(shares)
    };
    let public_url = text("app.public_url");
    if is_web(public_url) && public_url.trim_end_matches('/').split('/').nth(3).is_some() {
        problems.push(format!("{}: must have no path, not `{public_url}`", name("app.public_url")));
    }
    if let Ok(at) = text("metrics.bind").parse()
        && listens(text("server.host"), number("server.port"), at)
    {
        let (metrics, port) = (name("metrics.bind"), name("server.port"));
        problems.push(format!("{metrics}: must have another port than {port}, where the API is served"));
    }
    if !text("traces.endpoint").is_empty() && !cfg!(feature = "otlp") {
        let endpoint = name("traces.endpoint");
        problems.push(format!("{endpoint}: this program sends no traces; build it with `--features otlp`"));
    }
    if 2 * number("worker.poll_seconds") >= number("worker.lease_seconds") {
        let (poll, lease) = (name("worker.poll_seconds"), name("worker.lease_seconds"));
        problems.push(format!("{poll}: must be less than half of {lease}, or leases expire while their jobs run"));
    }
    if number("retention.unread_notifications_days") < number("retention.read_notifications_days") {
        let (unread, read) = (name("retention.unread_notifications_days"), name("retention.read_notifications_days"));
        problems.push(format!(
            "{unread}: must not be less than {read}, or unread notifications are removed before read ones"
        ));
    }
    if number("sync.max_inflight_bytes") < number("sync.max_body_bytes") {
        let (all, one) = (name("sync.max_inflight_bytes"), name("sync.max_body_bytes"));
        problems.push(format!("{all}: must not be less than {one}, or a body of the largest size is never accepted"));
    }
}

/// Why `value` breaks `rule`, if it does.
fn breach(rule: &Rule, value: &Value) -> Option<String> {
    let text = value.as_str().unwrap_or_default();
    match rule {
        Rule::Between(least, most) => {
            let number = value.as_integer()?;
            let upper = if *most == MAX { "up".to_owned() } else { format!("to {most}") };
            (!(*least..=*most).contains(&number)).then(|| format!("must be from {least} {upper}, not {number}"))
        }
        Rule::ZeroOrBetween(least, most) => {
            let number = value.as_integer()?;
            (number != 0 && !(*least..=*most).contains(&number))
                .then(|| format!("must be 0 or from {least} to {most}, not {number}"))
        }
        Rule::Share => {
            let whole = value.as_integer().and_then(|number| i32::try_from(number).ok()).map(f64::from);
            let number = value.as_float().or(whole);
            let good = number.is_some_and(|number| (0.0..=1.0).contains(&number));
            (!good).then(|| format!("must be from 0 to 1, not {value}"))
        }
        Rule::NotEmpty => text.is_empty().then(|| "must not be empty".to_owned()),
        Rule::OneOf(values) => {
            let named: Vec<&str> = values.iter().copied().filter(|value| !value.is_empty()).collect();
            (!values.contains(&text)).then(|| format!("must be {}, not `{text}`", named.join(" or ")))
        }
        Rule::Domains => wrong_item(value, |item| Email::parse(&format!("any@{item}")).is_ok())
            .map(|item| format!("must list domains such as example.org, not `{item}`")),
        Rule::GitHubNames => wrong_item(value, is_github_name)
            .map(|item| format!("must list names of GitHub organizations, not `{item}`")),
        Rule::HttpsOrLoopback => (!is_web(text) || !http_client::is_trustworthy(text))
            .then(|| format!("must be an address that begins with https://, not `{text}`")),
        Rule::PostgresRelease => (!is_postgres_release(text))
            .then(|| format!("must be a release of version {MINIMUM_MAJOR} or newer such as 17.11.0, not `{text}`")),
        Rule::Sha256OrEmpty => {
            let is_digest = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            (!text.is_empty() && !is_digest)
                .then(|| format!("must be a SHA-256 of 64 hexadecimal digits, not `{text}`"))
        }
        Rule::WebOrEmpty | Rule::IssuerOrEmpty if text.is_empty() => None,
        Rule::IssuerOrEmpty => {
            let good = is_web(text) && !text.contains(['?', '#']) && text.len() <= LONGEST_ISSUER;
            (!good).then(|| format!("must be an address such as https://id.example.org/realms/main, not `{text}`"))
        }
        Rule::Scopes => {
            wrong_item(value, is_scope).map(|item| format!("must list scopes such as profile, not `{item}`"))
        }
        Rule::Web | Rule::WebOrEmpty => {
            (!is_web(text)).then(|| format!("must be an address such as https://example.org, not `{text}`"))
        }
        Rule::Schemes(schemes) => {
            let is_one = |(scheme, rest): (&str, &str)| schemes.contains(&scheme) && !rest.is_empty();
            let good = text.is_empty() || text.split_once("://").is_some_and(is_one);
            // The text may contain a password, so it is not repeated.
            (!good).then(|| format!("must begin with {}://", schemes.join(":// or ")))
        }
        Rule::AddressOrEmpty => {
            let good = text.is_empty() || text.parse::<SocketAddr>().is_ok();
            (!good).then(|| format!("must be an address and port such as 127.0.0.1:9464, not `{text}`"))
        }
        Rule::Origins => wrong_item(value, |item| is_web(item) && item.matches('/').count() == 2)
            .map(|item| format!("must list origins such as https://example.org, without a path, not `{item}`")),
        Rule::HeaderNames => wrong_item(value, is_header_name)
            .map(|item| format!("must list names of headers such as traceparent, not `{item}`")),
        Rule::Networks => wrong_item(value, is_network)
            .map(|item| format!("must list addresses or networks such as 10.0.0.0/8, not `{item}`")),
        Rule::LogFilter => {
            let good = !text.is_empty() && crate::telemetry::filter(text).is_ok();
            (!good).then(|| format!("must be error, warn, info, debug, trace or a filter, not `{text}`"))
        }
    }
}

fn wrong_item(list: &Value, good: impl Fn(&str) -> bool) -> Option<&str> {
    list.as_array()?.iter().filter_map(Value::as_str).find(|item| !good(item))
}

fn is_github_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_web(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    !host.is_empty() && !text.contains(char::is_whitespace)
}

fn is_postgres_release(text: &str) -> bool {
    let numbers: Option<Vec<u32>> = text.split('.').map(|number| number.parse().ok()).collect();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    numbers.is_some_and(|numbers| is_plain && numbers.len() == 3 && numbers[0] >= MINIMUM_MAJOR)
}

/// Whether `text` is one scope (RFC 6749, 3.3).
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

/// Whether `text` is a token (RFC 9110, 5.6.2), as names of headers are.
fn is_header_name(text: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(is_token)
}

fn is_network(text: &str) -> bool {
    text.parse::<IpNet>().is_ok() || text.parse::<IpAddr>().is_ok()
}
