//! The application: routes inside, then slashes, compression, and the edge around everything.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, NormalizePath, from_fn};
use actix_web::web::Data;
use actix_web::{App, Error};

use crate::edge::Edge;
use crate::routes::Routes;
use crate::{identity, openapi};

/// An application that serves `routes` under `/api/v1`, their document and its pages. It has the clock; `app_data` adds the other data
/// of the handlers.
pub fn app(edge: &Edge, routes: Routes) -> App<impl AppServiceFactory + use<>> {
    let routes = routes.under("/api/v1");
    let pages = openapi::pages(&openapi::document(&routes));
    let outermost = edge.clone();
    App::new()
        .app_data(Data::from(edge.clock()))
        .configure(|config| routes.and(pages).and(identity::pages()).mount(config))
        .wrap(NormalizePath::trim())
        .wrap(Compress::default())
        .wrap(from_fn(move |request, next| outermost.clone().serve(request, next)))
}

/// The service factory of an [`App`] with all its layers.
pub trait AppServiceFactory:
    ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>
{
}

impl<F> AppServiceFactory for F where
    F: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>
{
}
