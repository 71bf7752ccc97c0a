//! Sign-in through a provider in a browser: the cookie that ties its beginning to its end, and the redirects.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite, time as cookie_time};
use actix_web::http::header;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::identity::{Authorization, IssuedSession, NamedInvitation, PkceVerifier};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

/// The cookie's name.
pub(super) const COOKIE: &str = "oauth_state";

/// The longest time between the beginning and the end of a sign-in.
const SIGN_IN_TIMEOUT: Duration = Duration::minutes(10);

/// Separates this key from others that are derived from the same secret. The number changes with the signed fields.
const PURPOSE: &str = "burntop oauth_state 2\n";

/// Answers browsers that sign in through a provider. Every address comes from the configuration.
#[derive(Clone)]
pub struct Browser {
    frontend_url: String,
    https: bool,
    signer: Hmac<Sha256>,
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("frontend_url", &self.frontend_url).finish_non_exhaustive()
    }
}

/// What the cookie of a sign-in says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SignInCookie {
    pub(super) verifier: PkceVerifier,
    pub(super) invitation: Option<NamedInvitation>,
}

/// Why a sign-in failed, as the frontend receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SignInFailure {
    /// The user refused at the provider.
    AccessDenied,
    /// The provider sent no code.
    MissingCode,
    /// Another browser began the sign-in, or it began too long ago.
    InvalidState,
    /// The provider does not answer.
    ProviderUnavailable,
    /// Anything else.
    AuthFailed,
    /// The account is disabled, or a limit on new accounts refused it, in a sentence.
    NoAccount(String),
}

impl SignInFailure {
    /// The `error` and its description.
    fn row(&self) -> (&'static str, &str) {
        match self {
            Self::AccessDenied => ("access_denied", "You did not give burntop access to your account at the provider."),
            Self::MissingCode => ("missing_code", "The provider sent no code. Begin the sign-in again."),
            Self::InvalidState => (
                "invalid_state",
                "This sign-in was begun in another browser, or more than 10 minutes ago. Begin it again.",
            ),
            Self::ProviderUnavailable => {
                ("auth_failed", "The provider does not answer. Try again later, or sign in another way.")
            }
            Self::NoAccount(reason) => ("auth_failed", reason),
            Self::AuthFailed => ("auth_failed", "The sign-in through the provider failed. Try again."),
        }
    }
}

impl Browser {
    /// Browsers go on at `frontend_url` (without a slash at the end); cookies are signed with `secret_key`, and sent over
    /// https alone where the public address is `https`.
    pub fn new(frontend_url: impl Into<String>, https: bool, secret_key: &[u8]) -> Self {
        // A key of its own, whatever else the secret key signs.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&Sha256::new().chain_update(PURPOSE).chain_update(secret_key).finalize());
        let signer = Hmac::new(&key.into());
        Self { frontend_url: frontend_url.into(), https, signer }
    }

    /// Sends the browser to the provider at `path`'s end, with the cookie that only lets this browser back in.
    pub(super) fn send_away(
        &self,
        provider: &str,
        begun: &Authorization,
        invitation: &str,
        now: OffsetDateTime,
    ) -> HttpResponse {
        let expiry = (now + SIGN_IN_TIMEOUT).unix_timestamp();
        let verifier = begun.verifier.expose();
        let invitation = BASE64_URL_SAFE_NO_PAD.encode(invitation);
        let tag = self.signature(provider, begun.state.as_str(), verifier, &invitation, expiry).finalize().into_bytes();
        let value = format!("{expiry}.{verifier}.{invitation}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag));
        let mut cookie = self.cookie(provider, value);
        cookie.set_max_age(cookie_time::Duration::seconds(SIGN_IN_TIMEOUT.whole_seconds()));
        redirect(&begun.url, &cookie)
    }

    /// The sign-in that this browser began with `state` at `provider`, if `cookie` says so and is ours.
    pub(super) fn read_cookie(
        &self,
        provider: &str,
        state: &str,
        cookie: Option<&str>,
        now: OffsetDateTime,
    ) -> Option<SignInCookie> {
        let mut parts = cookie?.splitn(4, '.');
        let (expiry, verifier, invitation, tag) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let expiry: i64 = expiry.parse().ok()?;
        let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).ok()?;
        // Takes the same time whatever is wrong.
        self.signature(provider, state, verifier, invitation, expiry).verify_slice(&tag).ok()?;
        let invitation = BASE64_URL_SAFE_NO_PAD.decode(invitation).ok()?;
        let invitation = NamedInvitation::typed(&String::from_utf8_lossy(&invitation));
        (now.unix_timestamp() < expiry).then(|| SignInCookie { verifier: PkceVerifier::trusted(verifier), invitation })
    }

    /// Sends the browser to the frontend with a session's token, or why there is none, and takes the cookie back.
    pub(super) fn send_home(&self, provider: &str, outcome: &Result<IssuedSession, SignInFailure>) -> HttpResponse {
        let query = match outcome {
            Ok(signed_in) => format!("token={}", encoded(signed_in.token.expose())),
            Err(failure) => {
                let (error, description) = failure.row();
                format!("error={error}&error_description={}", encoded(description))
            }
        };
        let mut cookie = self.cookie(provider, String::new());
        cookie.make_removal();
        redirect(&format!("{}/auth/callback?{query}", self.frontend_url), &cookie)
    }

    fn cookie(&self, provider: &str, value: String) -> Cookie<'static> {
        Cookie::build(COOKIE, value)
            .path(format!("/api/v1/auth/oauth/{provider}"))
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.https)
            .finish()
    }

    /// Over everything that must belong together. The state is not in the cookie: it comes back through the provider.
    fn signature(&self, provider: &str, state: &str, verifier: &str, invitation: &str, expiry: i64) -> Hmac<Sha256> {
        let mut signer = self.signer.clone();
        for part in [provider, state, verifier, invitation, &expiry.to_string()] {
            Mac::update(&mut signer, &part.len().to_be_bytes());
            Mac::update(&mut signer, part.as_bytes());
        }
        signer
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().replace("%5F", "_").replace("%2D", "-")
}

fn redirect(location: &str, cookie: &Cookie<'_>) -> HttpResponse {
    HttpResponse::Found()
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .cookie(cookie.clone())
        .finish()
}

#[cfg(test)]
mod tests {
    use domain::identity::OAuthState;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    fn browser() -> Browser {
        Browser::new("https://app.example.org", true, &[1; 32])
    }

    fn begun() -> Authorization {
        Authorization {
            url: "https://provider.example/authorize".to_owned(),
            state: OAuthState::of([7; 32]),
            verifier: PkceVerifier::of([8; 32]),
        }
    }

    /// The cookie that a browser brings back.
    fn cookie(browser: &Browser) -> String {
        let sent = browser.send_away("github", &begun(), "i_1", NOW);
        let cookie = sent.cookies().next().expect("a cookie");
        cookie.value().to_owned()
    }

    #[test]
    fn oauth_cookie_is_accepted_until_expiry() {
        let (browser, state) = (browser(), begun().state);
        let cookie = cookie(&browser);
        assert!(!cookie.contains(state.as_str()), "the cookie does not reveal the state");
        let began = SignInCookie { verifier: begun().verifier, invitation: NamedInvitation::typed("i_1") };
        let later = NOW + SIGN_IN_TIMEOUT - Duration::seconds(1);
        let other = OAuthState::of([6; 32]);
        let back = |provider, state, cookie: &str, now| browser.read_cookie(provider, state, Some(cookie), now);
        assert_eq!(back("github", state.as_str(), &cookie, later), Some(began));
        assert_eq!(back("github", state.as_str(), &cookie, NOW + SIGN_IN_TIMEOUT), None, "too late");
        assert_eq!(back("gitlab", state.as_str(), &cookie, NOW), None, "of another provider");
        assert_eq!(back("github", other.as_str(), &cookie, NOW), None, "of another sign-in");
        assert_eq!(back("github", "", &cookie, NOW), None);
        assert_eq!(browser.read_cookie("github", state.as_str(), None, NOW), None);
    }

    #[test]
    fn oauth_cookie_changed_or_with_other_key_is_refused() {
        let (browser, state) = (browser(), begun().state);
        let good = cookie(&browser);
        let parts: Vec<&str> = good.split('.').collect();
        let (expiry, verifier, invitation, tag) = (parts[0], parts[1], parts[2], parts[3]);
        let later = expiry.parse::<i64>().expect("seconds") + 600;
        let other = PkceVerifier::of([9; 32]);
        let foreign = cookie(&Browser::new("https://app.example.org", true, &[2; 32]));
        for bad in [
            format!("{later}.{verifier}.{invitation}.{tag}"),
            format!("{expiry}.{}.{invitation}.{tag}", other.expose()),
            format!("{expiry}.{verifier}..{tag}"),
            format!("{expiry}.{verifier}.{invitation}.{}", &tag[..42]),
            format!("{expiry}.{verifier}.{invitation}."),
            format!("{expiry}.{verifier}.{invitation}"),
            format!("{verifier}.{expiry}.{invitation}.{tag}"),
            foreign,
            String::new(),
            "..".to_owned(),
        ] {
            assert_eq!(browser.read_cookie("github", state.as_str(), Some(&bad), NOW), None, "{bad}");
        }
    }
}
