//! `DELETE /users/me/usage`: deletes usage of the caller.

use actix_web::web::Data;
use domain::usage::{Source, Usage, UsageSelection};
use serde::Serialize;
use time::Date;
use utoipa::ToSchema;

use crate::answer::Json;
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::input::Query;
use crate::openapi::failures;
use crate::routes::Routes;
use crate::validation::{Fault, Fields, FromFields, Optional, Rule, query};

pub(super) fn routes() -> Routes {
    crate::routes![forget: Session;]
}

query! {
    /// `?source=codex&from=2026-01-01&to=2026-01-31`; without parameters, all usage.
    struct ForgetQuery {
        /// Only messages of this tool.
        source: Optional<Source>,
        /// Only messages of this local day or later ones.
        from: Optional<Date>,
        /// Only messages of this local day or earlier ones.
        to: Optional<Date>,
    }
    where days_are_in_order
}

fn days_are_in_order(query: &ForgetQuery, fields: &mut Fields<'_>) -> Option<()> {
    if query.from.zip(query.to).is_some_and(|(from, to)| from > to) {
        return fields
            .refuse("to", Fault::new(Rule::GreaterThanEqual, "Input should be the same day as from or later"));
    }
    Some(())
}

/// Which usage to delete.
struct Selected(UsageSelection);

impl FromFields for Selected {
    /// Refuses unknown parameters: with a misspelt name, all usage would be deleted.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let known = fields.only(&["source", "from", "to"], "Unknown parameter. The parameters are source, from and to");
        let ForgetQuery { source, from, to } = ForgetQuery::from_fields(fields)?;
        known.map(|()| Self(UsageSelection { source, from, to }))
    }
}

/// The outcome of a deletion of usage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForgottenUsage)]
struct ForgottenBody {
    /// The number of deleted messages.
    messages_deleted: u64,
}

/// Delete the caller's usage
///
/// Deletes all usage, or that of one tool, or that of a range of the caller's local days, both included. Sums, streaks and XP from
/// usage follow at once, and machines and projects without usage are removed; achievements and their XP stay. Handovers end unless days are
/// selected. A machine whose tools still have the logs sends them again. An unknown parameter is refused, since without it all usage would be deleted. Requires a session.
#[utoipa::path(
    delete, path = "/users/me/usage", tag = "Users", params(ForgetQuery),
    responses(
        (status = 200, description = "The usage is deleted", body = ForgottenBody, example = json!({"messages_deleted": 1234})),
        failures::NotFound,
    )
)]
async fn forget(caller: Caller, query: Query<Selected>, usage: Data<Usage>) -> ApiResult<Json<ForgottenBody>> {
    let Selected(selection) = query.read()?;
    let messages_deleted = usage.forget(caller.id, &selection).await?;
    Ok(Json(ForgottenBody { messages_deleted }))
}
