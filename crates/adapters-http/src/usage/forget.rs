//! `DELETE /users/me/usage`: what its owner does not want kept.

use actix_web::web::Data;
use domain::usage::{Selection, Source, Usage};
use serde::Serialize;
use time::Date;
use utoipa::{IntoParams, ToSchema};

use crate::answer::Json;
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::input::Query;
use crate::openapi::failures;
use crate::routes::Routes;
use crate::validation::{Fault, Fields, FromFields, Rule, Scalar, checks};

pub(super) fn routes() -> Routes {
    crate::routes![forget]
}

/// `?source=codex&from=2026-01-01&to=2026-01-31`; everything where nothing is said.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only messages of this tool.
    #[param(value_type = Option<String>, required = false, inline, min_length = 1, max_length = 50)]
    source: Option<Source>,
    /// Only messages of this local day or later ones.
    #[param(value_type = Option<String>, required = false, inline, format = Date)]
    from: Option<Date>,
    /// Only messages of this local day or earlier ones.
    #[param(value_type = Option<String>, required = false, inline, format = Date)]
    to: Option<Date>,
}

/// The parameters there are.
const NAMES: [&str; 3] = ["source", "from", "to"];

impl FromFields for Which {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        // A misspelt name would mean that nothing is excluded.
        let known = fields.entries(|name| parameter(&name), |_| Ok(()));
        // One that is refused must never come to mean none.
        let name = checks::parsed(1..=Source::LONGEST, "Input should be the name of a tool", Source::parse);
        let source = fields.optional("source", name);
        let from = fields.optional("from", checks::date);
        let to = fields.optional("to", checks::date);
        let which = Self { source: source?, from: from?, to: to? };
        if which.from.zip(which.to).is_some_and(|(from, to)| from > to) {
            return fields.refuse("to", Fault::new(Rule::GreaterThanEqual, "Input should not be before from"));
        }
        known.map(|_| which)
    }
}

fn parameter(name: &Scalar<'_>) -> Result<(), Fault> {
    let known = NAMES.iter().any(|known| matches!(name, Scalar::Word(name) if *name == *known));
    if known { Ok(()) } else { Err(Fault::new(Rule::ValueError, "There is no such parameter here")) }
}

/// What was removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForgottenUsage)]
struct ForgottenBody {
    /// How many messages.
    messages_deleted: u64,
}

/// Delete the caller's usage
///
/// All of it, or that of a tool, or of a span of the caller's local days, both included. Roll-ups, streaks and XP from usage
/// follow at once, and machines that nothing is left of go; achievements and the XP they paid stay. A machine whose tools still
/// have the logs sends them again. A tool that was never used has nothing to delete; an unknown parameter is refused, since
/// without it everything would go. Only a session may ask.
#[utoipa::path(
    delete, path = "/users/me/usage", tag = "Users", security(("bearer" = [])), params(Which),
    responses(
        (status = 200, description = "It is gone", body = ForgottenBody, example = json!({"messages_deleted": 1234})),
        failures::NotFound,
    )
)]
async fn forget(caller: Caller, which: Query<Which>, usage: Data<Usage>) -> ApiResult<Json<ForgottenBody>> {
    let Which { source, from, to } = which.read()?;
    let messages_deleted = usage.forget(caller.id, &Selection { source, from, to }).await?;
    Ok(Json(ForgottenBody { messages_deleted }))
}
