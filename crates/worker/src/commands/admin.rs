//! `worker admin`: who administers this instance.

use std::sync::Arc;

use adapters_postgres::Database;
use bootstrap::StartupError;
use bootstrap::out::say;
use bootstrap::store::deps;
use domain::administration::{Administration, AdministrationError, ListedAdministrator};

use crate::cli::Admin;
use crate::failed;

pub(crate) async fn admin(store: &Database, asked: Admin) -> Result<(), StartupError> {
    let administration = Administration::new(deps(store), Arc::new(store.clone()));
    let stopped = |error: AdministrationError| failed("administering", reason(&error));
    match asked {
        Admin::Grant { username } => {
            let is_new = administration.grant(&username).await.map_err(stopped)?;
            say(format_args!(
                "{username} {}",
                if is_new { "is an administrator now" } else { "is an administrator already" }
            ));
        }
        Admin::Revoke { username } => {
            let was_one = administration.revoke(&username).await.map_err(stopped)?;
            say(format_args!(
                "{username} {}",
                if was_one { "is no administrator any more" } else { "is no administrator" }
            ));
        }
        Admin::List => {
            for listed in administration.administrators().await.map_err(stopped)? {
                say(line(&listed));
            }
        }
    }
    Ok(())
}

/// Why nothing was done, in words for an operator.
fn reason(error: &AdministrationError) -> String {
    match error {
        AdministrationError::UnknownUser(name) => format!("there is no account called {name}"),
        other => other.to_string(),
    }
}

/// An administrator in a line.
fn line(listed: &ListedAdministrator) -> String {
    let ListedAdministrator { id, username, has_left } = listed;
    let left = if *has_left { "  deleted, comes back as an administrator by signing in" } else { "" };
    format!("{id}  {username}{left}")
}

#[cfg(test)]
mod tests {
    use domain::ids::UserId;
    use domain::users::Username;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_line_tells_who_it_is_and_whether_they_left() {
        let listed = |has_left| ListedAdministrator {
            id: UserId(Uuid::from_u128(7)),
            username: Username::trusted("root"),
            has_left,
        };
        assert_eq!(line(&listed(false)), "00000000-0000-0000-0000-000000000007  root");
        assert!(line(&listed(true)).contains("deleted"));
    }
}
