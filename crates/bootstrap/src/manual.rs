//! Completions of shells and manual pages, made from the definition of a command line. Both programs have these commands.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use clap::Subcommand;
use clap_complete::Shell;

use crate::startup::StartupError;

#[derive(Debug, Subcommand)]
pub enum Manual {
    /// Print the completions of a shell; packages install them
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual pages, one for each command, into a directory; packages install them
    Man {
        /// The directory, which is created if it does not exist
        directory: PathBuf,
    },
}

impl Manual {
    /// Prints or writes the manual of `program`.
    pub fn write(self, mut program: clap::Command) -> Result<(), StartupError> {
        match self {
            Self::Completions { shell } => {
                let name = program.get_name().to_owned();
                // `generate` panics if its output fails, as a closed pipe does.
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut program, name, &mut script);
                match io::stdout().write_all(&script) {
                    Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(failed("printing", &error.to_string())),
                    _ => Ok(()),
                }
            }
            Self::Man { directory } => std::fs::create_dir_all(&directory)
                .and_then(|()| clap_mangen::generate_to(program, &directory))
                .map_err(|error| failed("writing manual pages", &format!("{}: {error}", directory.display()))),
        }
    }
}

fn failed(doing: &'static str, reason: &str) -> StartupError {
    StartupError::Other { doing, reason: reason.to_owned() }
}
