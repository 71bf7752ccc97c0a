//! `/stats`: what the whole instance comes to.

use actix_web::web::Data;
use domain::dashboard::{Dashboard, PlatformTotals};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Cacheable;
use crate::error::ApiResult;
use crate::routes::Routes;

/// The lifetime of the totals in caches, in seconds.
const MAX_AGE_SECONDS: u32 = 900;

/// The totals of the instance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlatformTotals)]
#[expect(clippy::struct_field_names, reason = "clients know them by these names")]
struct PlatformBody {
    #[schema(value_type = i64)]
    total_tokens: i128,
    total_users: u64,
    total_tools: u64,
}

impl From<PlatformTotals> for PlatformBody {
    fn from(totals: PlatformTotals) -> Self {
        Self { total_tokens: totals.tokens, total_users: totals.users, total_tools: totals.tools }
    }
}

/// The routes of the instance's totals.
pub fn routes() -> Routes {
    crate::routes![platform: Optional(Read);].under("/stats")
}

/// Show the totals of the instance
#[utoipa::path(
    get, path = "/platform", tag = "Stats",
    responses((status = 200, description = "The totals over all accounts", body = PlatformBody,
               example = json!({"total_tokens": 112_250, "total_users": 3, "total_tools": 2})))
)]
async fn platform(dashboard: Data<Dashboard>) -> ApiResult<Cacheable<PlatformBody>> {
    Ok(Cacheable { body: dashboard.platform().await?.into(), seconds: MAX_AGE_SECONDS })
}
