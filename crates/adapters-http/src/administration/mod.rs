//! `/admin`: operations for administrators. All other operations treat administrators like other users.

mod audit;
mod flags;
mod invitations;
mod prices;
mod queue;
mod suspects;
mod users;

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use domain::administration::{Administration, AdministrationError, Administrator};

use crate::caller::{Caller, device};
use crate::error::ApiError;
use crate::routes::Routes;

/// The routes of administrators.
pub fn routes() -> Routes {
    let people =
        flags::routes().and(suspects::routes()).and(audit::routes()).and(invitations::routes()).and(users::routes());
    people.and(prices::routes()).and(queue::routes()).under("/admin")
}

/// An administrator with a session; 403 for every other caller.
#[derive(Debug)]
pub struct Admin(pub Administrator);

impl FromRequest for Admin {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, caller) = (request.clone(), Caller::from_request(request, payload));
        Box::pin(async move {
            let caller = caller.await?;
            let administration =
                request.app_data::<Data<Administration>>().ok_or(AdministrationError::NotAnAdministrator)?;
            Ok(Self(administration.admit(caller.id, caller.via, device(&request).ip).await?))
        })
    }
}
