//! `/achievements`: what there is to earn, and what people have earned of it.

mod bodies;
mod progress;
mod query;

use crate::answer::Revalidated;
use crate::error::ApiResult;
use crate::input::Query;
use crate::openapi::failures;
use crate::routes::Routes;
use bodies::CatalogueBody;
use query::CatalogueQuery;

/// The routes of achievements.
pub fn routes() -> Routes {
    crate::routes![catalogue: Public;].and(progress::routes())
}

/// List all achievements
///
/// The catalogue is the same for all users. A hidden achievement shows only category, rarity and XP; its slug is its id. The counts
/// cover the listed achievements.
#[utoipa::path(
    get, path = "/achievements", tag = "Achievements", params(CatalogueQuery),
    responses(
        (status = 200, description = "The achievements, grouped by category", body = CatalogueBody,
         example = json!(bodies::example())),
        failures::NotModified,
    )
)]
async fn catalogue(query: Query<CatalogueQuery>) -> ApiResult<Revalidated<CatalogueBody>> {
    let CatalogueQuery { category, rarity } = query.read()?;
    Ok(Revalidated(CatalogueBody::of(category, rarity)))
}
