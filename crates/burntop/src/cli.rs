//! The arguments.

use clap::{Parser, Subcommand};

use crate::commands::completions::CompletionsArgs;
use crate::commands::explain::ExplainArgs;
use crate::commands::login::LoginArgs;
use crate::commands::service::ServiceArgs;
use crate::commands::stats::StatsArgs;
use crate::commands::sync::SyncArgs;

/// Reads the logs of coding tools on this machine, shows their usage and syncs it with a burntop server.
#[derive(Debug, Parser)]
#[command(name = "burntop", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Prints JSON for scripts
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Signs in to a server
    Login(LoginArgs),
    /// Signs out: forgets the token, and ends it on the server if the server permits that
    Logout,
    /// Shows the signed-in account
    Whoami,
    /// Sends new usage to the server
    Sync(SyncArgs),
    /// Shows usage of this machine, offline
    Stats(StatsArgs),
    /// Shows where the figures of a day or session come from
    Explain(ExplainArgs),
    /// Checks tools, logs, sign-in and server
    Doctor,
    /// Prints one line for a prompt: today's tokens and cost, and the streak
    Statusline,
    /// Syncs every hour
    Service(ServiceArgs),
    /// Prints the completions of a shell
    Completions(CompletionsArgs),
}
