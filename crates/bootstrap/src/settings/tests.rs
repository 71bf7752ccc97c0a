//! Valid configurations, and the problems reported for invalid ones.

use super::*;

fn load(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::from_environment(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn with_file(text: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let mut variables = variables.to_vec();
    variables.push((CONFIG_FILE, file.path().to_str().unwrap()));
    load(&variables)
}

#[track_caller]
fn refused(variables: &[(&str, &str)], expected: &[&str]) {
    let error = load(variables).unwrap_err();
    assert_eq!(error.problems.len(), expected.len(), "{error}");
    for (problem, start) in error.problems.iter().zip(expected) {
        assert!(problem.starts_with(start), "{problem}");
    }
}

const KEY: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn settings_empty_environment_uses_defaults() {
    let settings = load(&[("PATH", "/bin"), ("HOME", "/root")]).unwrap();
    assert_eq!((settings.server.host.as_str(), settings.server.port), ("127.0.0.1", 8000));
    assert_eq!(settings.database.max_connections(), 30);
    assert_eq!(settings.sync.max_body_bytes, 128 * 1024 * 1024);
    assert_eq!(settings.sync.max_messages, 250_000);
    assert_eq!(settings.metrics.bind, Some("127.0.0.1:9464".parse().unwrap()));
    assert_eq!(settings.metrics.worker_bind, Some("127.0.0.1:9465".parse().unwrap()));
    assert_eq!((settings.passwords.memory_kib, settings.passwords.iterations), (19_456, 2));
    assert!(settings.database.url.is_none() && settings.app.secret_key.is_none());
    assert!(!settings.is_production() && !settings.is_set("app.data_dir"));
}

#[test]
fn settings_environment_overrides_file_and_file_overrides_defaults() {
    let file = "[server]\nport = 9000\nhost = '::1'\n[log]\njson = true\n";
    let settings = with_file(file, &[("PORT", "9001"), ("BURNTOP__SYNC__MAX_MESSAGES", "7")]).unwrap();
    assert_eq!((settings.server.port, settings.server.host.as_str()), (9001, "::1"));
    assert!(settings.log.json && settings.is_set("log.json"));
    assert_eq!(settings.sync.max_messages, 7);
    assert_eq!(load(&[("PORT", "1"), ("BURNTOP__SERVER__PORT", "2")]).unwrap().server.port, 1);
}

#[test]
fn settings_short_names_set_their_keys() {
    for keys::Setting { path, short_name, .. } in keys::SETTINGS {
        let Some(name) = *short_name else { continue };
        let default = schema::get(&schema::defaults(), path).unwrap().clone();
        let text = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        assert!(load(&[(name, &text)]).unwrap().is_set(path), "{name}");
    }
}

#[test]
fn settings_list_is_json_or_comma_separated() {
    let origins = |text| load(&[("CORS_ORIGINS", text)]).unwrap().server.cors_origins;
    assert_eq!(origins(r#"["https://a.org","https://b.org:1"]"#), ["https://a.org", "https://b.org:1"]);
    assert_eq!(origins("https://a.org, https://b.org:1"), ["https://a.org", "https://b.org:1"]);
    assert!(origins("").is_empty());
}

#[test]
fn settings_boolean_has_several_spellings() {
    for (text, meant) in [("true", true), ("1", true), ("Yes", true), ("FALSE", false), ("0", false), ("", false)] {
        assert_eq!(load(&[("DEBUG", text)]).unwrap().app.debug, meant, "{text}");
    }
}

#[test]
fn settings_database_url_schemes_are_equivalent() {
    for scheme in ["postgres", "postgresql", "postgresql+asyncpg"] {
        let url = format!("{scheme}://me:pw@db:5432/burntop");
        let settings = load(&[("DATABASE_URL", &url), ("SECRET_KEY", KEY)]).unwrap();
        assert_eq!(settings.database.url.as_ref().unwrap().expose(), "postgres://me:pw@db:5432/burntop");
        assert!(settings.is_production());
    }
    refused(&[("DATABASE_URL", "mysql://db/x"), ("SECRET_KEY", KEY)], &["DATABASE_URL: must begin with"]);
}

#[test]
fn settings_unknown_key_is_refused_in_file_and_environment() {
    refused(&[("BURNTOP__SERVER__PROT", "1")], &["BURNTOP__SERVER__PROT: unknown"]);
    refused(&[("BURNTOP__NOTHING", "1")], &["BURNTOP__NOTHING: unknown"]);
    let error = with_file("[server]\nmax_messages = 5\n[sevrer]\nprot = 1\n", &[]).unwrap_err();
    assert!(error.problems[0].starts_with("server.max_messages (in "), "{error}");
    assert!(error.problems[0].contains("did you mean sync.max_messages (BURNTOP__SYNC__MAX_MESSAGES)?"), "{error}");
    assert!(error.problems[1].starts_with("sevrer.prot (in "), "{error}");
    assert!(with_file("port = 1\n", &[]).unwrap_err().problems[0].starts_with("port (in "));
}

#[test]
fn settings_value_of_wrong_type_is_refused() {
    refused(&[("PORT", "many")], &["PORT: must be a whole number, not `many`"]);
    refused(&[("DEBUG", "maybe")], &["DEBUG: must be true or false, not `maybe`"]);
    refused(&[("CORS_ORIGINS", "[1]")], &["CORS_ORIGINS: must be a list of texts"]);
    let error = with_file("[server]\nport = '8000'\ncors_origins = [1]\n", &[]).unwrap_err();
    assert!(error.problems.iter().any(|problem| problem.contains("port (in ")), "{error}");
    assert_eq!(error.problems.len(), 2);
}

#[test]
fn settings_value_out_of_range_is_refused() {
    for (name, value) in [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("DATABASE_POOL_SIZE", "0"),
        ("APP_NAME", " "),
        ("PUBLIC_URL", "example.org"),
        ("PUBLIC_URL", "https:///x"),
        ("FRONTEND_URL", ""),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://a.org/path"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "proxy"),
        ("METRICS_BIND", "9464"),
        ("LOG_LEVEL", "loud=very"),
        ("PRICING_URL", "file:///etc/passwd"),
        ("BURNTOP__PRICING__MAX_CHANGED_SHARE", "1.01"),
        ("BURNTOP__PRICING__MAX_CHANGED_SHARE", "-0.1"),
        ("BURNTOP__PRICING__MAX_CHANGED_SHARE", "NaN"),
        ("BURNTOP__PRICING__MAX_CHANGED_SHARE", "20%"),
        ("GITLAB_API_URL", "gitlab.com"),
        ("BURNTOP__OIDC__NAME", " "),
        ("BURNTOP__OIDC__SCOPES", "profile email"),
        ("BURNTOP__OIDC__TIMEOUT_SECONDS", "0"),
        ("BURNTOP__GITHUB__TIMEOUT_SECONDS", "0"),
        ("BURNTOP__RATE_LIMITS__SYNC_PER_MINUTE", "-5"),
        ("BURNTOP__SYNC__MAX_INFLIGHT_BYTES", "2048"),
        ("BURNTOP__RETENTION__EXPIRED_CREDENTIALS_DAYS", "-1"),
        ("BURNTOP__RETENTION__READ_NOTIFICATIONS_DAYS", "6"),
        ("BURNTOP__RETENTION__UNREAD_NOTIFICATIONS_DAYS", "89"),
        ("BURNTOP__RETENTION__RANK_HISTORY_DAYS", "365"),
        ("BURNTOP__RETENTION__FINISHED_JOBS_DAYS", "1"),
        ("BURNTOP__RETENTION__DEAD_JOBS_DAYS", "36501"),
        ("BURNTOP__RETENTION__AUDIT_LOG_DAYS", "89"),
        ("BURNTOP__RETENTION__AUDIT_LOG_DAYS", "36501"),
    ] {
        refused(&[(name, value)], &[&format!("{name}: ")]);
    }
}

#[test]
fn settings_value_at_limit_is_accepted() {
    for (name, value) in [
        ("PORT", "0"),
        ("PRICING_URL", ""),
        ("BURNTOP__PRICING__MAX_CHANGED_SHARE", "0"),
        ("BURNTOP__PRICING__MAX_CHANGED_SHARE", "1.0"),
        ("METRICS_BIND", ""),
        ("TRUSTED_PROXIES", "10.0.0.0/8,::1,fd00::/128"),
        ("LOG_LEVEL", "WARNING"),
        ("LOG_LEVEL", "info,adapters_http=debug"),
        ("BURNTOP__RATE_LIMITS__SYNC_PER_MINUTE", "0"),
        ("BURNTOP__RETENTION__EXPIRED_CREDENTIALS_DAYS", "36500"),
        ("BURNTOP__RETENTION__READ_NOTIFICATIONS_DAYS", "7"),
        ("BURNTOP__RETENTION__UNREAD_NOTIFICATIONS_DAYS", "90"),
        ("BURNTOP__RETENTION__RANK_HISTORY_DAYS", "366"),
        ("BURNTOP__RETENTION__FINISHED_JOBS_DAYS", "2"),
        ("BURNTOP__RETENTION__DEAD_JOBS_DAYS", "2"),
        ("BURNTOP__RETENTION__AUDIT_LOG_DAYS", "0"),
        ("BURNTOP__RETENTION__AUDIT_LOG_DAYS", "90"),
    ] {
        load(&[(name, value)]).unwrap();
    }
}

#[test]
fn settings_problems_are_reported_together() {
    let error = load(&[("PORT", "x"), ("DATABASE_POOL_SIZE", "0"), ("BURNTOP__A__B", "1")]).unwrap_err();
    assert_eq!(error.problems.len(), 3);
    assert_eq!(error.to_string().matches("\n  - ").count(), 3);
}

#[test]
fn settings_production_without_long_secret_are_refused() {
    let url = ("DATABASE_URL", "postgres://db/burntop");
    refused(&[url], &["SECRET_KEY: production needs a secret of at least 32 characters, and it is missing"]);
    refused(&[url, ("SECRET_KEY", &KEY[1..])], &["SECRET_KEY: production needs a secret"]);
    load(&[url, ("SECRET_KEY", KEY)]).unwrap();
    assert!(!load(&[url, ("DEBUG", "true")]).unwrap().is_production());
}

#[test]
fn settings_set_without_their_counterpart_are_refused() {
    refused(&[("GITHUB_CLIENT_ID", "x")], &["GITHUB_CLIENT_SECRET: must be set together with GITHUB_CLIENT_ID"]);
    refused(&[("GITHUB_CLIENT_SECRET", "x")], &["GITHUB_CLIENT_ID: must be set together with"]);
    refused(&[("GITLAB_CLIENT_ID", "x")], &["GITLAB_CLIENT_SECRET: must be set together with GITLAB_CLIENT_ID"]);
    refused(
        &[("OIDC_CLIENT_ID", "x")],
        &[
            "OIDC_CLIENT_SECRET: must be set together with OIDC_CLIENT_ID",
            "OIDC_ISSUER: must be set together with OIDC_CLIENT_ID",
        ],
    );
    refused(&[("BURNTOP__OIDC__GROUPS", "staff")], &["BURNTOP__OIDC__GROUPS: needs OIDC_CLIENT_ID"]);
    refused(&[("OIDC_ISSUER", "https://id.example.org")], &["OIDC_CLIENT_ID: must be set together with OIDC_ISSUER"]);
    refused(&[("SMTP_URL", "mail"), ("MAIL_FROM", "a@b.org")], &["SMTP_URL: must begin with smtp:// or smtps://"]);
    refused(&[("SMTP_URL", "smtp://mail")], &["MAIL_FROM: must be set together with SMTP_URL"]);
    refused(&[("DATABASE_REPLICA_URL", "postgres://db/x")], &["DATABASE_REPLICA_URL: needs DATABASE_URL"]);
}

#[test]
fn settings_issuer_is_an_address_without_query_and_fragment() {
    let with = |issuer| [("OIDC_ISSUER", issuer), ("OIDC_CLIENT_ID", "x"), ("OIDC_CLIENT_SECRET", "y")];
    let long = format!("https://id.example.org/{}", "x".repeat(480));
    for issuer in ["id.example.org", "https://id.example.org/?realm=main", "https://id.example.org/#main", &long] {
        refused(&with(issuer), &["OIDC_ISSUER: must be an address such as"]);
    }
    for issuer in ["https://id.example.org", "https://id.example.org/application/o/burntop/"] {
        assert_eq!(load(&with(issuer)).unwrap().oidc.issuer, issuer, "a slash at the end is part of it");
    }
}

#[test]
fn settings_missing_or_malformed_file_is_named() {
    refused(&[(CONFIG_FILE, "/no/such/file.toml")], &["BURNTOP_CONFIG: cannot read /no/such/file.toml"]);
    assert!(with_file("port 8000", &[]).unwrap_err().to_string().contains("is not TOML"));
}

#[test]
fn settings_printed_contain_no_secret() {
    let settings = load(&[
        ("DATABASE_URL", "postgresql://me:hunter2@db/burntop"),
        ("SECRET_KEY", "hunter2-hunter2-hunter2-hunter2-hunter2"),
        ("GITHUB_CLIENT_ID", "id"),
        ("GITHUB_CLIENT_SECRET", "hunter2"),
        ("GITLAB_CLIENT_ID", "id"),
        ("GITLAB_CLIENT_SECRET", "hunter2"),
        ("SMTP_URL", "smtps://me:hunter2@mail"),
        ("MAIL_FROM", "me@example.org"),
    ])
    .unwrap();
    let printed = settings.render_effective();
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("postgresql://me:***@db/burntop"), "{printed}");
    let debugged = format!("{settings:?}");
    assert!(!debugged.contains("hunter2"), "{debugged}");
}

#[test]
fn settings_trailing_slash_of_address_is_dropped() {
    assert_eq!(load(&[("PUBLIC_URL", "https://a.org/")]).unwrap().app.public_url, "https://a.org");
}

#[test]
fn settings_unset_public_url_is_the_listening_address() {
    let url = |variables: &[(&str, &str)], port: u16| {
        load(variables).unwrap().listening_on(([127, 0, 0, 1], port).into()).app.public_url
    };
    for (variables, expected) in [
        (&[][..], "http://127.0.0.1:8123"),
        (&[("HOST", "0.0.0.0")], "http://127.0.0.1:8123"),
        (&[("HOST", "::")], "http://[::1]:8123"),
        (&[("HOST", "192.0.2.7")], "http://192.0.2.7:8123"),
        (&[("HOST", "localhost")], "http://localhost:8123"),
        (&[("PUBLIC_URL", "")], "http://127.0.0.1:8123"),
        (&[("PUBLIC_URL", "https://a.org")], "https://a.org"),
    ] {
        assert_eq!(url(variables, 8123), expected, "{variables:?}");
    }
    assert_eq!(
        load(&[("PORT", "9000")]).unwrap().app.public_url,
        "http://127.0.0.1:9000",
        "a worker beside the server"
    );
}

#[test]
fn settings_cors_headers_must_be_header_names() {
    let name = "BURNTOP__SERVER__CORS_HEADERS";
    let headers = |text| load(&[(name, text)]).unwrap().server.cors_headers;
    assert_eq!(load(&[]).unwrap().server.cors_headers, ["traceparent", "tracestate", "baggage", "sentry-trace"]);
    assert_eq!(headers("x-trace,x-span"), ["x-trace", "x-span"]);
    refused(
        &[(name, "x-trace,no header")],
        &["BURNTOP__SERVER__CORS_HEADERS: must list names of headers such as traceparent, not `no header`"],
    );
}

#[test]
fn settings_public_url_with_a_path_is_refused() {
    refused(
        &[("PUBLIC_URL", "https://a.org/burntop")],
        &["PUBLIC_URL: must have no path, not `https://a.org/burntop`"],
    );
    assert_eq!(load(&[("PUBLIC_URL", "https://a.org/")]).unwrap().app.public_url, "https://a.org");
}

#[test]
fn settings_metrics_on_the_port_of_the_api_are_refused() {
    for (host, bind, is_refused) in [
        ("127.0.0.1", "127.0.0.1:9000", true),
        ("0.0.0.0", "127.0.0.1:9000", true),
        ("127.0.0.1", "0.0.0.0:9000", true),
        ("127.0.0.1", "127.0.0.2:9000", false),
        ("127.0.0.1", "127.0.0.1:9001", false),
    ] {
        let variables = [("HOST", host), ("PORT", "9000"), ("METRICS_BIND", bind)];
        if is_refused {
            refused(&variables, &["METRICS_BIND: must have another port than PORT"]);
        } else {
            load(&variables).unwrap();
        }
    }
    load(&[("PORT", "0"), ("METRICS_BIND", "127.0.0.1:0")]).unwrap();
}

#[test]
fn settings_lease_must_exceed_two_polls() {
    let poll = |seconds| ("BURNTOP__WORKER__POLL_SECONDS", seconds);
    let lease = ("BURNTOP__WORKER__LEASE_SECONDS", "10");
    assert_eq!(load(&[poll("4"), lease]).unwrap().worker.poll_seconds, 4);
    refused(&[poll("5"), lease], &["BURNTOP__WORKER__POLL_SECONDS: must be less than half of"]);
}
