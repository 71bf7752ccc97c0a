//! The command line.

use bootstrap::manual::Manual;
use clap::{Args, Parser, Subcommand};

/// The burntop API server. Without a command it serves; without a database URL it starts an embedded database.
#[derive(Debug, Parser)]
#[command(version = bootstrap::version::version())]
pub(crate) struct Cli {
    /// Do not run jobs; start `worker run` instead. Without this option a server with an embedded database runs them
    #[arg(long)]
    pub(crate) no_worker: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the configuration in effect, without secrets
    Config {
        /// Print the reference of every key instead
        #[arg(long)]
        reference: bool,
        /// Try the database and the mail server instead, without changing anything or sending an email
        #[arg(long, conflicts_with = "reference")]
        check: bool,
    },
    /// Ask the running server for its health; the exit code is 0 if it is healthy
    Healthcheck,
    /// Migrate the schema of the database
    Migrate(Migrate),
    /// Print the OpenAPI document
    Openapi,
    #[command(flatten)]
    Manual(Manual),
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Migrate {
    /// Revert the last N migrations instead. Lists what is dropped; needs --yes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "create_database")]
    pub(crate) down: Option<u32>,
    /// Drop what --down lists
    #[arg(long, requires = "down")]
    pub(crate) yes: bool,
    /// Create the database first, if it does not exist
    #[arg(long)]
    pub(crate) create_database: bool,
    #[command(subcommand)]
    pub(crate) command: Option<MigrateCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// List the migrations as applied or pending
    Status,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn command_line_without_command_serves() {
        let cli = parse("api-server").unwrap();
        assert!(cli.command.is_none());
    }

    #[test]
    fn migrate_command_runs_up_down_or_status() {
        let migrate = |line| match parse(line).unwrap().command {
            Some(Command::Migrate(migrate)) => migrate,
            other => panic!("{other:?}"),
        };
        assert_eq!(migrate("api-server migrate").down, None);
        let down = migrate("api-server migrate --down 2");
        assert_eq!((down.down, down.yes), (Some(2), false));
        assert!(migrate("api-server migrate --down 2 --yes").yes);
        assert!(migrate("api-server migrate --create-database").create_database);
        assert!(matches!(migrate("api-server migrate status").command, Some(MigrateCommand::Status)));
        for wrong in [
            "migrate --down 0",
            "migrate --down 1 --create-database",
            "migrate --down 1 status",
            "migrate --yes",
            "serve",
        ] {
            assert!(parse(&format!("api-server {wrong}")).is_err(), "{wrong}");
        }
    }
}
