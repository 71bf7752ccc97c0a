//! `worker admin`.

use std::sync::Arc;

use adapters_postgres::Database;
use bootstrap::StartupError;
use bootstrap::out::print_line;
use bootstrap::store::deps;
use domain::administration::{Administration, AdministrationError, ListedAdministrator};

use crate::cli::Admin;
use crate::failed;

pub(crate) async fn admin(store: &Database, args: Admin) -> Result<(), StartupError> {
    let administration = Administration::new(deps(store), Arc::new(store.clone()));
    let stopped = |error: AdministrationError| failed("managing administrators", reason(&error));
    match args {
        Admin::Grant { username } => {
            let is_new = administration.grant(&username).await.map_err(stopped)?;
            print_line(format_args!(
                "{username} {}",
                if is_new { "is now an administrator" } else { "is already an administrator" }
            ));
        }
        Admin::Revoke { username } => {
            let was_one = administration.revoke(&username).await.map_err(stopped)?;
            print_line(format_args!(
                "{username} {}",
                if was_one { "is no longer an administrator" } else { "is not an administrator" }
            ));
        }
        Admin::List => {
            for listed in administration.administrators().await.map_err(stopped)? {
                print_line(line(&listed));
            }
        }
    }
    Ok(())
}

/// The error as a text for an operator.
fn reason(error: &AdministrationError) -> String {
    match error {
        AdministrationError::UnknownUser(name) => format!("there is no account called {name}"),
        other => other.to_string(),
    }
}

/// One line about an administrator.
fn line(listed: &ListedAdministrator) -> String {
    let ListedAdministrator { id, username, has_left } = listed;
    let left = if *has_left { "  deleted; a sign-in restores the account as an administrator" } else { "" };
    format!("{id}  {username}{left}")
}

#[cfg(test)]
mod tests {
    use domain::ids::UserId;
    use domain::users::Username;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn administrator_line_shows_id_name_and_deletion() {
        let listed = |has_left| ListedAdministrator {
            id: UserId(Uuid::from_u128(7)),
            username: Username::trusted("root"),
            has_left,
        };
        assert_eq!(line(&listed(false)), "00000000-0000-0000-0000-000000000007  root");
        assert!(line(&listed(true)).contains("deleted"));
    }
}
