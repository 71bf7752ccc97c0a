//! `/auth/device`: a sign-in that the user confirms in a browser (RFC 8628).

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, RequestBody};
use crate::credentials::Token;

/// The codes of a begun sign-in.
#[derive(Debug, Deserialize)]
pub(crate) struct DeviceCodes {
    pub(crate) device_code: String,
    pub(crate) user_code: String,
    pub(crate) verification_uri: String,
    pub(crate) verification_uri_complete: String,
    /// Seconds until the codes expire.
    pub(crate) expires_in: u64,
    /// Seconds between two polls.
    pub(crate) interval: u64,
}

/// The state of a begun sign-in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DevicePoll {
    /// The token of a session.
    SignedIn(Token),
    Pending,
    /// Polled too soon: the interval becomes five seconds longer.
    SlowDown,
    Denied,
    Expired,
}

impl Api {
    /// Begins the sign-in of the program `client_name`.
    pub(crate) fn begin_device_login(&self, client_name: &str) -> Result<DeviceCodes, ApiError> {
        self.send(Method::POST, "/auth/device/code", RequestBody::Json(json!({"client_name": client_name})))?.read()
    }

    pub(crate) fn poll_device_login(&self, codes: &DeviceCodes) -> Result<DevicePoll, ApiError> {
        #[derive(Deserialize)]
        struct DeviceToken {
            access_token: Token,
        }
        let body = RequestBody::Json(json!({"device_code": codes.device_code}));
        match self.send(Method::POST, "/auth/device/token", body) {
            Ok(answer) => Ok(DevicePoll::SignedIn(answer.read::<DeviceToken>()?.access_token)),
            Err(ApiError::Answered { status: 400, detail, code: Some(code), retry_after }) => match code.as_str() {
                "authorization_pending" => Ok(DevicePoll::Pending),
                "slow_down" => Ok(DevicePoll::SlowDown),
                "access_denied" => Ok(DevicePoll::Denied),
                "expired_token" => Ok(DevicePoll::Expired),
                _ => Err(ApiError::Answered { status: 400, detail, code: Some(code), retry_after }),
            },
            Err(error) => Err(error),
        }
    }
}
