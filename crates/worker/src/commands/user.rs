//! `worker user`.

use std::sync::Arc;

use adapters_postgres::Database;
use bootstrap::out::print_line;
use bootstrap::store::deps;
use bootstrap::{Settings, StartupError};
use domain::administration::{
    Administration, AdministrationError, AuditActor, AuditReason, ListedUser, UserAdministration, UserState,
};
use domain::page::PageRequest;
use domain::signed_token::TokenKey;
use domain::text::{plural, rfc3339};
use domain::users::{GRACE_PERIOD, Username};

use crate::cli::UserCommand;
use crate::failed;

/// The users of one page.
const PAGE_SIZE: u32 = 100;

pub(crate) async fn user(settings: &Settings, store: &Database, command: UserCommand) -> Result<(), StartupError> {
    let deps = deps(store);
    let key = bootstrap::database::secret_key(settings, &*deps.ids)?;
    let users = UserAdministration::new(deps, TokenKey::of(key.expose().as_bytes()));
    let stopped = |error: AdministrationError| failed("managing users", error.to_string());
    let operator = AuditActor::Operator;
    match command {
        UserCommand::List { search, page } => {
            let request = PageRequest { page, size: PAGE_SIZE };
            let found = users.list_for_operator(search.as_deref(), request).await.map_err(stopped)?;
            for user in &found.items {
                print_line(line(user));
            }
            print_line(format_args!("{}, page {page} of {}", plural(found.total, "user"), found.pages()));
        }
        UserCommand::Disable { username, reason } => {
            users.disable(operator, &parsed(&username)?, given(reason)?).await.map_err(stopped)?;
            print_line(format_args!("{username} is disabled, and nothing is signed in to the account"));
            note_without_administrator(store).await?;
        }
        UserCommand::Enable { username } => {
            users.enable(operator, &parsed(&username)?).await.map_err(stopped)?;
            print_line(format_args!("{username} is enabled"));
        }
        UserCommand::Delete { username, yes: false, .. } => {
            return Err(failed(
                "managing users",
                format!("this deletes {username} and all usage; confirm it with --yes"),
            ));
        }
        UserCommand::Delete { username, reason, yes: true } => {
            let purged_at = users.delete(operator, &parsed(&username)?, given(reason)?).await.map_err(stopped)?;
            print_line(format_args!("{username} is deleted, and purged after {}", rfc3339(purged_at)));
            note_without_administrator(store).await?;
        }
        UserCommand::EndSessions { username } => {
            users.end_sessions(operator, &parsed(&username)?).await.map_err(stopped)?;
            print_line(format_args!("nothing is signed in to the account {username}"));
        }
        UserCommand::PasswordLink { username } => {
            let link = users.password_link(operator, &parsed(&username)?).await.map_err(stopped)?;
            print_line(format_args!(
                "{}\nvalid once, until {}; it is not shown again",
                link.url(&settings.app.public_url),
                rfc3339(link.expires_at)
            ));
        }
    }
    Ok(())
}

/// Says so if the instance has no administrator who can sign in.
async fn note_without_administrator(store: &Database) -> Result<(), StartupError> {
    let administration = Administration::new(deps(store), Arc::new(store.clone()));
    let administrators = administration.administrators().await;
    let administrators = administrators.map_err(|error| failed("listing administrators", error.to_string()))?;
    if administrators.iter().all(|listed| listed.has_left) {
        print_line("no administrator is left who can sign in; `worker admin grant USERNAME` makes one");
    }
    Ok(())
}

fn parsed(username: &str) -> Result<Username, StartupError> {
    Username::parse(username).map_err(|_| failed("managing users", format!("there is no account called {username}")))
}

fn given(reason: Option<String>) -> Result<Option<AuditReason>, StartupError> {
    let parsed = reason.map(|reason| AuditReason::parse(&reason)).transpose();
    parsed.map_err(|_| {
        let limit =
            format!("the reason must have 1 to {} characters, none of them a control character", AuditReason::LONGEST);
        failed("managing users", limit)
    })
}

/// One line about a user.
fn line(user: &ListedUser) -> String {
    let state = match user.state {
        UserState::Active if user.is_admin => "administrator".to_owned(),
        UserState::Active => "active".to_owned(),
        UserState::Disabled(at) => format!("disabled {}", rfc3339(at)),
        UserState::Deleted { at, .. } => format!("purged after {}", rfc3339(at + GRACE_PERIOD)),
    };
    let seen = user.last_seen_at.map_or_else(|| "never".to_owned(), rfc3339);
    let email = user.email.as_ref().map_or("no address", |email| email.as_str());
    format!(
        "{}  {:<30}  {state}, {} messages, last seen {seen}, {email}",
        user.id,
        user.username.as_str(),
        user.messages
    )
}
