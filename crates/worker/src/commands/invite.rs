//! `worker invite`.

use adapters_postgres::Database;
use bootstrap::out::print_line;
use bootstrap::settings::RegistrationMode;
use bootstrap::store::deps;
use bootstrap::{Settings, StartupError};
use domain::administration::{AuditActor, Invitations};
use domain::text::rfc3339;
use time::Duration;

use crate::cli::Invite;
use crate::failed;

pub(crate) async fn invite(settings: &Settings, store: &Database, command: Invite) -> Result<(), StartupError> {
    if settings.registration.mode == RegistrationMode::Closed {
        let reason = "registration.mode is closed, so an invitation creates no account";
        return Err(failed("creating an invitation", reason.to_owned()));
    }
    let deps = deps(store);
    let Invite::Create { email, days } = command;
    let expires_at = deps.clock.now() + Duration::days(i64::from(days));
    let created = Invitations::new(deps).create(AuditActor::Operator, email, Some(expires_at)).await;
    let issued = created.map_err(|error| failed("creating an invitation", error.to_string()))?;
    print_line(format_args!(
        "{}\nvalid once, until {}; it is not shown again",
        issued.url(&settings.app.public_url),
        rfc3339(issued.invitation.expires_at)
    ));
    Ok(())
}
