//! `GET /sync/state`: what the server has of a tool and a machine.

use actix_web::web::Data;
use domain::usage::{MachineId, Source, SyncState, Usage};
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};

use crate::answer::Json;
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::input::Query;
use crate::json::Instant;
use crate::routes::Routes;
use crate::validation::kinds::{Field, parameter};
use crate::validation::{Fields, FromFields, Optional};

pub(super) fn routes() -> Routes {
    crate::routes![sync_state: Token(Sync);]
}

/// `?source=codex&machineId=abcd1234`.
struct SyncStateQuery {
    source: Source,
    machine: MachineId,
}

impl FromFields for SyncStateQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let source = Source::take(fields, "source");
        let machine = Optional::<MachineId>::take(fields, "machineId")?;
        Some(Self { source: source?, machine: machine.unwrap_or_else(MachineId::unnamed) })
    }
}

impl IntoParams for SyncStateQuery {
    // Spelt as in a sync request, unlike other parameters.
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            parameter::<Source>(ParameterIn::Query, "source", &["The tool."]),
            parameter::<Optional<MachineId>>(ParameterIn::Query, "machineId", &["The machine; `default` if absent."]),
        ]
    }
}

/// What the server has of a tool and a machine. Without messages, counts are 0 and instants null.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncState)]
struct SyncStateBody {
    /// The time of the newest message.
    newest_message_at: Option<Instant>,
    /// The messages whose counted copy came from this machine.
    messages: u64,
    /// Those of them that a client of protocol 2 sent.
    messages_protocol_2: u64,
    /// The instant since which a client of protocol 3 has read everything.
    handover_from: Option<Instant>,
}

impl From<SyncState> for SyncStateBody {
    fn from(state: SyncState) -> Self {
        let SyncState { newest_message_at, messages, messages_protocol_2, handover_from } = state;
        Self {
            newest_message_at: newest_message_at.map(Instant),
            messages,
            messages_protocol_2,
            handover_from: handover_from.map(Instant),
        }
    }
}

/// Show what the server has of a tool and a machine
///
/// For a client that lost its state: it sends what is newer, and sends its handover again if the server has none.
#[utoipa::path(
    get, path = "/sync/state", tag = "Sync", params(SyncStateQuery),
    responses(
        (status = 200, description = "The state", body = SyncStateBody, example = json!({
            "newest_message_at": "2026-11-22T12:34:56.789Z", "messages": 1234, "messages_protocol_2": 0,
            "handover_from": "2026-10-23T08:00:00Z",
        })),
    )
)]
async fn sync_state(
    caller: Caller,
    query: Query<SyncStateQuery>,
    usage: Data<Usage>,
) -> ApiResult<Json<SyncStateBody>> {
    let SyncStateQuery { source, machine } = query.read()?;
    Ok(Json(usage.sync_state(caller.id, &source, &machine).await?.into()))
}
