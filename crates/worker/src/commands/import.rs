//! `worker import`.

use adapters_postgres::Database;
use bootstrap::StartupError;
use bootstrap::out::print_line;
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

pub(crate) async fn import(store: &Database, args: Import) -> Result<(), StartupError> {
    let unknown = |name: &str| failed("importing", format!("there is no account called {name}"));
    let target = args.user.map(|name| Username::parse(&name).map_err(|_| unknown(&name))).transpose()?;
    let deps = deps(store);
    let followed = PriceBookFollower::start(deps.clone()).await;
    let importer = Importer {
        imports: Imports::new(deps.clone(), followed.book()),
        social: Social::new(deps.clone()),
        usage: Usage::new(deps, followed.book()),
    };
    let done = importer.import(&args.file, target, args.trust_email, &SystemClock, print_line).await;
    done.map_err(|error| failed("importing", error.to_string()))
}
