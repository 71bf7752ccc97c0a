//! The command line.

use clap::{Args, Parser, Subcommand};

/// The burntop API server. Without a command it serves; without a database URL it starts a database of its own.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    /// Leave the jobs to a worker of their own; otherwise the server does them where it runs a database of its own
    #[arg(long)]
    pub(crate) no_worker: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do instead of serving.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the configuration in effect, without secrets
    Config {
        /// Print the reference of every key instead
        #[arg(long)]
        reference: bool,
    },
    /// Bring the database's schema up to date
    Migrate(Migrate),
    /// Print the OpenAPI document
    Openapi,
}

/// What to do about the schema.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Migrate {
    /// Undo the last N migrations instead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "create_database")]
    pub(crate) down: Option<u32>,
    /// Create the database first, if it does not exist
    #[arg(long)]
    pub(crate) create_database: bool,
    #[command(subcommand)]
    pub(crate) command: Option<MigrateCommand>,
}

/// What to say about the schema.
#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// List the migrations, and which of them the database has
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
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serving_needs_no_command() {
        let cli = parse("api-server").unwrap();
        assert!(cli.command.is_none());
    }

    #[test]
    fn migrating_goes_up_or_down_or_tells() {
        let migrate = |line| match parse(line).unwrap().command {
            Some(Command::Migrate(migrate)) => migrate,
            other => panic!("{other:?}"),
        };
        assert_eq!(migrate("api-server migrate").down, None);
        assert_eq!(migrate("api-server migrate --down 2").down, Some(2));
        assert!(migrate("api-server migrate --create-database").create_database);
        assert!(matches!(migrate("api-server migrate status").command, Some(MigrateCommand::Status)));
        for wrong in ["migrate --down 0", "migrate --down 1 --create-database", "migrate --down 1 status", "serve"] {
            assert!(parse(&format!("api-server {wrong}")).is_err(), "{wrong}");
        }
    }
}
