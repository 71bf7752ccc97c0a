//! The errors at start say what to do, and hide passwords.

use super::*;

const URL: &str = "postgres://me:hunter2@db.example.org:5432/burntop?sslmode=require";

#[track_caller]
fn assert_contains(error: &StartupError, expected: &[&str]) {
    let text = error.to_string();
    assert!(!text.contains("hunter2"), "{text}");
    for part in expected {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn startup_error_from_sqlstate_gives_advice() {
    for (code, expected) in [
        ("28P01", ["password", "DATABASE_URL"]),
        ("28000", ["user", "DATABASE_URL"]),
        ("3D000", ["`burntop` does not exist", "api-server migrate --create-database"]),
        ("53300", ["DATABASE_POOL_SIZE", "max_connections"]),
        ("57P03", ["not ready", "try again"]),
        ("42501", ["does not allow it (boom)", "OWNER TO"]),
        ("55P03", ["in use by other sessions", "Stop servers"]),
        ("53100", ["no space left", "free disk space"]),
        ("25006", ["read-only", "standby"]),
        ("08006", ["cannot be reached", "start it"]),
        ("XX000", ["opening the database failed", "boom"]),
    ] {
        assert_contains(&StartupError::database("opening the database", URL, Some(code), "boom"), &expected);
    }
    let hostssl = "no pg_hba.conf entry for host \"192.0.2.1\", user \"me\", database \"x\", no encryption";
    assert_contains(&StartupError::database("connecting", URL, Some("28000"), hostssl), &["sslmode=require"]);
}

#[test]
fn startup_error_without_sqlstate_follows_message() {
    for (message, expected) in [
        ("error connecting to server: Connection refused (os error 111)", "cannot be reached"),
        ("failed to lookup address information: Name or service not known", "cannot be reached"),
        ("connection timed out", "cannot be reached"),
        ("FATAL: password authentication failed for user \"me\"", "refuses the user"),
        ("FATAL: role \"me\" does not exist", "refuses the user"),
        ("FATAL: database \"burntop\" does not exist", "migrate --create-database"),
        ("FATAL: sorry, too many clients already", "no connection left"),
        ("FATAL: the database system is starting up", "not ready"),
        ("ERROR: permission denied for schema public", "does not allow"),
        ("invalid database URL: sslmode=verify-ca needs sslrootcert", "correct DATABASE_URL"),
        ("FATAL: no pg_hba.conf entry for host \"192.0.2.1\", no encryption", "add sslmode=require"),
        ("error performing TLS handshake: the server does not offer TLS, which sslmode requires", "turn on ssl"),
        ("error performing TLS handshake: invalid peer certificate: UnknownIssuer", "set sslrootcert"),
        ("the server asks for the password in clear text over a connection without TLS", "use scram-sha-256"),
        ("the server does not ask for SCRAM authentication, which is required", "the password was not sent"),
        (
            "error communicating with the server: the server does not speak the protocol of PostgreSQL",
            "correct the host and the port",
        ),
        ("error performing TLS handshake: the server did not understand the request for TLS", "5432"),
        ("connection closed", "does not answer as PostgreSQL does"),
        ("timed out: no answer to the start of a session within 15s", "cannot be reached"),
        ("something new", "opening the database failed: something new"),
    ] {
        assert_contains(&StartupError::database("opening the database", URL, None, message), &[expected]);
    }
}

#[test]
fn database_name_is_read_from_url() {
    assert_eq!(database_name(URL), "burntop");
    assert_eq!(database_name("postgres://me:p/w@host/x"), "x");
    assert_eq!(database_name("postgres://host"), "");
    assert_eq!(database_name("postgres://me:hunter2@host?sslmode=disable"), "me");
}

#[test]
fn startup_error_of_creation_gives_statement() {
    for (code, message) in [
        (Some("42501"), "ERROR: permission denied to create database"),
        (Some("3D000"), "FATAL: database \"postgres\" does not exist"),
        (Some("28000"), "FATAL: no pg_hba.conf entry for database \"postgres\""),
        (Some("22023"), "ERROR: new encoding (UTF8) is incompatible"),
    ] {
        let error = StartupError::creating_database(URL, code, message);
        assert_contains(&error, &["CREATEDB", "CREATE DATABASE \"burntop\" OWNER … ENCODING 'UTF8'", message]);
    }
    assert_contains(&StartupError::creating_database(URL, Some("53100"), "boom"), &["no space left"]);
}

#[test]
fn startup_error_of_listening_names_address_and_setting() {
    let taken = io::Error::from(io::ErrorKind::AddrInUse);
    assert_contains(
        &StartupError::listening("127.0.0.1:8000", "PORT", &taken),
        &["127.0.0.1:8000 is in use", "set PORT"],
    );
    let foreign = io::Error::from(io::ErrorKind::AddrNotAvailable);
    assert_contains(
        &StartupError::listening("192.0.2.1:80", "HOST", &foreign),
        &["cannot listen on 192.0.2.1:80", "HOST"],
    );
}

#[test]
fn startup_error_of_migration_or_directory_gives_advice() {
    assert_contains(&StartupError::NewerMigrations { version: "2030".into() }, &["2030", "newer release"]);
    let locked = embedded_postgres::Error::AlreadyInUse { dir: "/data".into(), pid: Some(7) };
    assert_contains(&locked.into(), &["/data is in use by process 7", "BURNTOP_DATA_DIR"]);
}
