//! `api-server config --check`: tries what the configuration names, and changes nothing.

use bootstrap::adapters::check_mail_server;
use bootstrap::database::{Database, data_dir};
use bootstrap::out::print_line;
use bootstrap::settings::PostgresDownload;
use bootstrap::store::{inspect, outdated};
use bootstrap::{Settings, StartupError};
use embedded_postgres::Binaries;

use crate::serve::runtime;

/// Prints a line for the configuration, the database and the mail server; fails if one of them is not usable.
pub(crate) fn check() -> Result<(), StartupError> {
    let settings = match Settings::load() {
        Ok(settings) => settings,
        Err(error) => {
            print("configuration", &Err(error.to_string()));
            return Err(failed(1));
        }
    };
    print("configuration", &Ok("complete and valid".to_owned()));
    let runtime = runtime()?;
    let results = [
        ("database", runtime.block_on(database(&settings)).map_err(|error| error.to_string())),
        ("mail server", runtime.block_on(mail_server(&settings))),
    ];
    for (name, result) in &results {
        print(name, result);
    }
    match results.iter().filter(|(_, result)| result.is_err()).count() {
        0 => Ok(()),
        failures => Err(failed(failures)),
    }
}

fn print(name: &str, result: &Result<String, String>) {
    match result {
        Ok(state) => print_line(format_args!("OK      {name}: {state}")),
        Err(reason) => print_line(format_args!("FAILED  {name}: {reason}")),
    }
}

fn failed(failures: usize) -> StartupError {
    StartupError::Other { doing: "the check", reason: format!("checks that failed: {failures}") }
}

async fn database(settings: &Settings) -> Result<String, StartupError> {
    let database = match Database::attach(settings) {
        Err(StartupError::Embedded(embedded_postgres::Error::NotRunning { dir })) => {
            let embedded = &settings.embedded;
            let release = match Binaries::find_in(data_dir(settings)?.path(), None) {
                Ok(found) => found.major().to_string(),
                Err(embedded_postgres::Error::NoBinaries) if embedded.download != PostgresDownload::Off => {
                    format!("{}, which is downloaded from {},", embedded.release_version, embedded.release_url)
                }
                Err(error) => return Err(error.into()),
            };
            return Ok(format!("embedded PostgreSQL {release} in {}, which `api-server` starts", dir.display()));
        }
        attached => attached?,
    };
    let found = inspect(database.url()).await?;
    let server = format!("{} (PostgreSQL {})", found.address, found.server_major);
    match outdated(&found) {
        None => Ok(format!("{server}, the schema is current")),
        Some(StartupError::NewerMigrations { version }) => Err(StartupError::NewerMigrations { version }),
        Some(_) if settings.database.migrate_on_start => Ok(format!("{server}, the next start migrates the schema")),
        Some(error) => Err(error),
    }
}

async fn mail_server(settings: &Settings) -> Result<String, String> {
    match check_mail_server(settings).await {
        Ok(Some(server)) => Ok(format!("{server} accepts the connection and the credentials; no email was sent")),
        Ok(None) => Ok("off, because SMTP_URL is not set".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
