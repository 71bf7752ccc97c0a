//! `worker rebuild`.

use adapters_postgres::Database;
use bootstrap::StartupError;
use bootstrap::out::print_line;
use bootstrap::store::deps;
use domain::usage::{Usage, UsageError};
use domain::users::Username;
use worker::rebuild;

use super::interrupted;
use crate::cli::Rebuild;
use crate::failed;

pub(crate) async fn rebuild(store: &Database, args: Rebuild) -> Result<(), StartupError> {
    // A rebuild sums stored costs and looks up no price, so the shipped book is enough.
    let book = bootstrap::prices::shipped();
    let usage = Usage::new(deps(store), book);
    let stopped = |error: UsageError| failed("rebuilding", error.to_string());
    let summary = match args.which.user {
        None => {
            let interrupted = interrupted()?;
            rebuild::all(store, &usage, args.after, || interrupted.is_cancelled()).await.map_err(stopped)?
        }
        Some(name) => {
            let unknown = || failed("rebuilding", format!("there is no account called {name}"));
            let username = Username::parse(&name).map_err(|_| unknown())?;
            rebuild::one(store, &usage, &username).await.map_err(stopped)?.ok_or_else(unknown)?
        }
    };
    print_line(format_args!("{} accounts, {} repaired", summary.accounts, summary.repaired));
    if let Some(after) = summary.stopped_after {
        let go_on = if after.is_empty() { String::new() } else { format!(" --after {after}") };
        eprintln!("interrupted; continue with: worker rebuild --all{go_on}");
    }
    if summary.failed > 0 {
        return Err(failed(
            "rebuilding",
            format!("{} accounts could not be rebuilt; the log names them", summary.failed),
        ));
    }
    Ok(())
}
