//! `worker import`.

use adapters_postgres::Database;
use bootstrap::StartupError;
use bootstrap::out::say;
use bootstrap::prices::PriceBookFollower;
use bootstrap::store::deps;
use bootstrap::system::SystemClock;
use domain::portability::Imports;
use domain::social::Social;
use domain::usage::Usage;
use domain::users::Username;
use worker::import::Importer;

use crate::cli::Import;
use crate::failed;

pub(crate) async fn import(store: &Database, asked: Import) -> Result<(), StartupError> {
    let unknown = |name: &str| failed("importing", format!("there is no account called {name}"));
    let target = asked.user.map(|name| Username::parse(&name).map_err(|_| unknown(&name))).transpose()?;
    let deps = deps(store);
    let followed = PriceBookFollower::start(deps.clone()).await;
    let importer = Importer {
        imports: Imports::new(deps.clone(), followed.book()),
        social: Social::new(deps.clone()),
        usage: Usage::new(deps, followed.book()),
    };
    let done = importer.import(&asked.file, target, asked.trust_email, &SystemClock, say).await;
    done.map_err(|error| failed("importing", error.to_string()))
}
