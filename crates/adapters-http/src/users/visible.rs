//! The user that a path names.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use domain::users::{Profiles, ViewedProfile};

use super::username;
use crate::caller::MaybeCaller;
use crate::error::ApiError;
use crate::input::PathArgs;

/// The user that the path names, as the caller can see the profile: 404 for an unknown user, 403 for a private profile.
pub(crate) struct Visible(pub(crate) ViewedProfile);

impl FromRequest for Visible {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = MaybeCaller::from_request(request, payload);
        let path = PathArgs::extract(request);
        let profiles = request.app_data::<Data<Profiles>>().cloned();
        Box::pin(async move {
            let viewer = caller.await?.id();
            let Ok(path) = path.await;
            let profiles = profiles.ok_or_else(ApiError::internal)?;
            Ok(Self(profiles.visible(&username(&path)?, viewer).await?))
        })
    }
}
