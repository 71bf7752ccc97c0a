//! `/achievements`: what there is to earn, and what people have earned of it.

mod bodies;
mod person;
mod query;

use crate::answer::Revalidated;
use crate::error::ApiResult;
use crate::input::Query;
use crate::routes::Routes;
use bodies::CatalogueBody;
use query::CatalogueQuery;

/// The routes of achievements.
pub fn routes() -> Routes {
    crate::routes![catalogue: Public;].and(person::routes())
}

/// What there is to earn
///
/// The same for everybody. Of a hidden achievement, category, rarity and XP are told; its slug is its id. The counts are
/// of what is listed.
#[utoipa::path(
    get, path = "/achievements", tag = "Achievements", params(CatalogueQuery),
    responses(
        (status = 200, description = "The achievements, those of a category together", body = CatalogueBody,
         example = json!(bodies::example())),
        (status = 304, description = "What the client has is still right"),
    )
)]
async fn catalogue(query: Query<CatalogueQuery>) -> ApiResult<Revalidated<CatalogueBody>> {
    let CatalogueQuery { category, rarity } = query.read()?;
    Ok(Revalidated(CatalogueBody::of(category, rarity)))
}
