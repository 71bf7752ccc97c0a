//! The command line of burntop: usage of coding tools on this machine, offline and synced with a server.

mod api;
mod cli;
mod clock;
mod commands;
mod context;
mod credentials;
mod day;
mod delivery;
mod failure;
mod figures;
mod files;
mod handover;
mod machine;
mod output;
mod paths;
mod projects;
mod random;
mod scan;
mod service;
mod settings;
mod store;
mod summary;
mod table;
mod unlogged;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use context::Context;
use failure::Failure;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::note(format_args!("error: {failure}"));
            failure.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    // Packages are built where there may be no home directory.
    if let Command::Completions(args) = &cli.command {
        return commands::completions::completions(args);
    }
    clock::check()?;
    let context = Context::new(cli.json)?;
    match cli.command {
        Command::Login(args) => commands::login::login(&context, &args),
        Command::Logout => commands::logout::logout(&context),
        Command::Whoami => commands::whoami::whoami(&context),
        Command::Sync(args) => commands::sync::sync(&context, &args),
        Command::Stats(args) => commands::stats::stats(&context, &args),
        Command::Explain(args) => commands::explain::explain(&context, &args),
        Command::Doctor => commands::doctor::doctor(&context),
        Command::Statusline => commands::statusline::statusline(&context),
        Command::Service(args) => commands::service::service(&context, &args),
        Command::Completions(args) => commands::completions::completions(&args),
    }
}
