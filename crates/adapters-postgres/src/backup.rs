//! What `pg_dump` needs of a database: a connection in the form of libpq, and a snapshot that stands still.

use std::fmt::Write;

use tokio::task::JoinHandle;
use tokio_postgres::config::{ChannelBinding, Host, SslNegotiation};
use tokio_postgres::{Client, Config};

use crate::connect::{ConnectTarget, OwnParameters, is_this_machine};
use crate::error::{ConnectError, invalid_url};

/// The tables with rows of their own, except those of the system and of extensions.
const TABLES: &str = "
SELECT relnamespace::regnamespace::text || '.' || relname
FROM pg_class
WHERE relkind = 'r'
  AND relpersistence <> 't'
  AND relnamespace <> 'information_schema'::regnamespace
  AND relnamespace::regnamespace::text NOT LIKE 'pg\\_%'
  AND NOT EXISTS (
      SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
  )
ORDER BY 1";

/// A connection in the form of libpq.
#[derive(Clone, PartialEq, Eq)]
pub struct LibpqConnection {
    /// Keywords and values, without the password.
    pub conninfo: String,
    /// For the environment of a program.
    pub password: Option<String>,
}

impl LibpqConnection {
    /// The connection of `url` for a libpq of the release `major`. Parameters that this libpq does not know yet are left out.
    ///
    /// Without `require_auth`, which is known from 16 on, the server decides how the password is sent.
    pub fn from_url(url: &str, major: u32) -> Result<Self, ConnectError> {
        // The target checks the URL as every connection does.
        ConnectTarget::parse(url)?;
        let (rest, own) = OwnParameters::split(url)?;
        let config: Config = rest.parse().map_err(|error| invalid_url(&ConnectError::from(error).message))?;
        let password = config.get_password().map(|password| String::from_utf8(password.to_vec()));
        let password = password.transpose().map_err(|_| invalid_url("password: not UTF-8"))?;
        let mut conninfo = String::new();
        for (name, value) in parameters(&config, &own, major) {
            let value = value.replace('\\', "\\\\").replace('\'', "\\'");
            let _ = write!(conninfo, "{name}='{value}' ");
        }
        Ok(Self { conninfo: conninfo.trim_end().to_owned(), password })
    }
}

fn parameters(config: &Config, own: &OwnParameters, major: u32) -> Vec<(&'static str, String)> {
    let joined = |values: Vec<String>| Some(values.join(",")).filter(|all| !all.is_empty());
    let host = |host: &Host| match host {
        Host::Tcp(name) => name.trim_start_matches('[').trim_end_matches(']').to_owned(),
        Host::Unix(directory) => directory.display().to_string(),
    };
    let hosts = config.get_hosts().iter().map(host).collect();
    let addresses = config.get_hostaddrs().iter().map(ToString::to_string).collect();
    let ports = config.get_ports().iter().map(ToString::to_string).collect();
    // As for all other connections, the default depends on the host.
    let sslmode = match (&own.sslmode, &own.sslrootcert) {
        (Some(mode), _) => mode.as_str(),
        (None, Some(root)) if root == "system" => "verify-full",
        (None, _) if is_this_machine(config) => "disable",
        (None, _) => "prefer",
    };
    let channel_binding = match config.get_channel_binding() {
        ChannelBinding::Require => Some("require"),
        ChannelBinding::Disable => Some("disable"),
        _ => None,
    };
    let is_direct = config.get_ssl_negotiation() == SslNegotiation::Direct && major >= 17;
    let text = |text: Option<&str>| text.map(str::to_owned);
    let all = [
        ("host", joined(hosts)),
        ("hostaddr", joined(addresses)),
        ("port", joined(ports)),
        ("user", text(config.get_user())),
        ("dbname", text(config.get_dbname())),
        ("options", text(config.get_options())),
        ("sslmode", text(Some(sslmode))),
        ("sslrootcert", own.sslrootcert.clone()),
        ("sslcert", own.sslcert.clone()),
        ("sslkey", own.sslkey.clone()),
        ("sslnegotiation", is_direct.then(|| "direct".to_owned())),
        ("channel_binding", text(channel_binding)),
        ("require_auth", (own.scram_only && major >= 16).then(|| "scram-sha-256".to_owned())),
        ("connect_timeout", Some("15".to_owned())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// An open transaction whose view of the database `pg_dump` shares: `pg_dump --snapshot` dumps exactly what this value counts.
#[derive(Debug)]
pub struct ExportedSnapshot {
    client: Client,
    driving: JoinHandle<()>,
    id: String,
}

impl ExportedSnapshot {
    /// Begins the transaction on a connection of its own.
    pub async fn begin(url: &str) -> Result<Self, ConnectError> {
        let (client, driver) = ConnectTarget::parse(url)?.for_purpose("backup").connect().await?;
        let driving = tokio::spawn(async move { drop(driver.await) });
        // It waits for as long as the dump takes.
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
                     SET LOCAL statement_timeout = 0;
                     SET LOCAL idle_in_transaction_session_timeout = 0";
        client.batch_execute(begin).await?;
        let id = client.query_one("SELECT pg_export_snapshot()", &[]).await?.get(0);
        Ok(Self { client, driving, id })
    }

    /// The name of the snapshot for `pg_dump --snapshot`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The tables that a dump must contain, as `schema.name`.
    pub async fn tables(&self) -> Result<Vec<String>, ConnectError> {
        Ok(self.client.query(TABLES, &[]).await?.iter().map(|row| row.get(0)).collect())
    }

    /// The numbers of accounts and messages.
    pub async fn count(&self) -> Result<(i64, i64), ConnectError> {
        let counts = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM usage_messages)";
        let row = self.client.query_one(counts, &[]).await?;
        Ok((row.get(0), row.get(1)))
    }

    /// Ends the transaction.
    pub async fn end(self) {
        drop(self.client);
        // The driver ends with its client; its result does not matter.
        let _ = self.driving.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libpq_connection_has_parameters_of_url_without_password() {
        for (name, url, major, conninfo, password) in [
            (
                "embedded database",
                "postgres://burntop:s3cret@127.0.0.1:5433/burntop?require_auth=scram-sha-256",
                16,
                "host='127.0.0.1' port='5433' user='burntop' dbname='burntop' sslmode='disable' \
                 require_auth='scram-sha-256' connect_timeout='15'",
                Some("s3cret"),
            ),
            (
                "libpq 15 does not know require_auth and sslnegotiation",
                "postgres://me:a%3Ab@db.example.org/x?sslmode=require&sslnegotiation=direct&require_auth=scram-sha-256",
                15,
                "host='db.example.org' port='5432' user='me' dbname='x' sslmode='require' connect_timeout='15'",
                Some("a:b"),
            ),
            (
                "quotes are escaped",
                "postgres://o'neil:x@db.example.org/a%5Cb",
                17,
                "host='db.example.org' port='5432' user='o\\'neil' dbname='a\\\\b' sslmode='prefer' connect_timeout='15'",
                Some("x"),
            ),
            (
                "Unix socket without password",
                "postgres://me@%2Frun%2Fpostgresql/x",
                17,
                "host='/run/postgresql' port='5432' user='me' dbname='x' sslmode='disable' connect_timeout='15'",
                None,
            ),
            (
                "password as a parameter",
                "postgres://127.0.0.1/x?user=me&password=hunter2",
                17,
                "host='127.0.0.1' port='5432' user='me' dbname='x' sslmode='disable' connect_timeout='15'",
                Some("hunter2"),
            ),
        ] {
            let found = LibpqConnection::from_url(url, major).unwrap();
            assert_eq!(found.conninfo, conninfo, "{name}");
            assert_eq!(found.password.as_deref(), password, "{name}");
        }
    }
}
