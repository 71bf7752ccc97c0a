//! The bodies of `/auth`.

use std::borrow::Cow;

use domain::days::Zone;
use domain::identity::{
    AccessToken, Email, IssuedSession, LinkedAccount, NamedInvitation, Password, PasswordChange, Registration, Session,
};
use domain::ids::SessionId;
use domain::progression::Level;
use domain::referrals::ReferralCode;
use domain::users::{Profile, User, Username, WebUrl};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::json::Instant;
use crate::validation::kinds::{Field, property};
use crate::validation::{Fault, Fields, Flag, FromFields, Line, Optional, Text, TypedPassword, body};

/// An e-mail address or a username; accounts can have names that today's rules refuse.
type SignInText = Text<1, 254>;

body! {
    /// A new account.
    pub(super) struct RegisterBody as "Register" {
        /// The e-mail address. One account has it, in whatever case. Characters beyond ASCII are accepted; the domain is stored in
        /// ASCII (IDNA).
        email: Email,
        /// The password. Only a hash of it is stored.
        password: Password,
        /// The name in addresses. Two names that differ only by case are the same.
        username: Username,
        /// The name to show: one line without control or formatting characters.
        name: Optional<Line<0, 100>>,
        /// The IANA time zone in which days are counted.
        timezone: Optional<Zone>,
        /// The referral code of the referrer. An unknown code is ignored.
        referral_code: Optional<Text<0, 100>>,
        /// The token of an invitation, where the server demands one.
        invitation: Optional<Text<0, 100>>,
    }
}

impl From<RegisterBody> for Registration {
    fn from(body: RegisterBody) -> Self {
        let RegisterBody { email, password, username, name, timezone, referral_code, invitation } = body;
        let referral_code = referral_code.as_deref().and_then(ReferralCode::parse);
        let invitation = invitation.as_deref().and_then(NamedInvitation::typed);
        Self { email, password, username, name, zone: timezone, referral_code, invitation }
    }
}

/// An e-mail address or username, and a password.
#[derive(Debug)]
pub(super) struct LoginBody {
    pub(super) email: String,
    pub(super) password: Password,
}

impl FromFields for LoginBody {
    /// Some clients send the name as `username`.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let email = Optional::<SignInText>::take(fields, "email");
        let username = Optional::<SignInText>::take(fields, "username");
        let password = TypedPassword::take(fields, "password");
        let Some(email) = email?.or(username?) else { return fields.refuse("email", Fault::missing()) };
        Some(Self { email, password: password? })
    }
}

impl PartialSchema for LoginBody {
    fn schema() -> RefOr<Schema> {
        let object = ObjectBuilder::new().description(Some("An e-mail address or username, and a password."));
        let object = property::<SignInText>(object, "email", &["The e-mail address or the username."]);
        property::<TypedPassword>(object, "password", &["The password."]).into()
    }
}

impl ToSchema for LoginBody {
    fn name() -> Cow<'static, str> {
        "Login".into()
    }
}

body! {
    /// A change of the password.
    pub(super) struct PasswordBody as "PasswordChange" {
        current_password: TypedPassword,
        new_password: Password,
        /// Whether API tokens stay valid. By default they are revoked.
        keep_api_tokens: Flag<false>,
    }
}

impl From<PasswordBody> for PasswordChange {
    fn from(body: PasswordBody) -> Self {
        let PasswordBody { current_password, new_password, keep_api_tokens } = body;
        Self { current: current_password, new: new_password, keep_api_tokens }
    }
}

body! {
    /// A token that a provider issued to this application.
    pub(super) struct ProviderTokenBody as "ProviderToken" {
        /// The token. It is used to ask the provider for the account, and not stored.
        pub(super) access_token: AccessToken,
    }
}

body! {
    /// A token that a provider issued to this application, to sign in.
    pub(super) struct ProviderSignInBody as "ProviderSignIn" {
        /// The token. It is used to ask the provider for the account, and not stored.
        pub(super) access_token: AccessToken,
        /// The token of an invitation, where the server demands one for a new account.
        pub(super) invitation: Optional<Text<0, 100>>,
    }
}

/// A new session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionBody {
    id: Uuid,
    user_id: Uuid,
    /// The session's token; shown this once.
    token: String,
    expires_at: Instant,
    created_at: Instant,
}

impl From<IssuedSession> for SessionBody {
    fn from(IssuedSession { session, token }: IssuedSession) -> Self {
        Self {
            id: session.id.0,
            user_id: session.user.0,
            token: token.expose().to_owned(),
            expires_at: session.expires_at.into(),
            created_at: session.created_at.into(),
        }
    }
}

/// A new session, for the API's document.
pub(super) fn session_example() -> Value {
    json!({
        "id": "019a9f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b", "user_id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b",
        "token": "s_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
        "expires_at": "2026-12-22T12:34:56.789Z", "created_at": "2026-11-22T12:34:56.789Z",
    })
}

/// An open session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenSession)]
pub(super) struct OpenSessionBody {
    id: Uuid,
    created_at: Instant,
    last_used_at: Instant,
    /// The address from which it was opened.
    ip: Option<String>,
    /// The program that opened it.
    user_agent: Option<String>,
    /// Whether it is the session of this request.
    current: bool,
}

impl OpenSessionBody {
    pub(super) fn of(session: Session, current: SessionId) -> Self {
        Self {
            id: session.id.0,
            created_at: session.created_at.into(),
            last_used_at: session.last_used_at.into(),
            ip: session.device.ip,
            user_agent: session.device.user_agent,
            current: session.id == current,
        }
    }
}

/// An account as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(super) struct AccountBody {
    id: Uuid,
    /// Null for an account from a provider that has no address for it.
    email: Option<String>,
    email_verified: bool,
    username: String,
    name: Option<String>,
    bio: Option<String>,
    location: Option<String>,
    website_url: Option<String>,
    image: Option<String>,
    is_public: bool,
    created_at: Instant,
    updated_at: Instant,
    /// Null while none is set, which counts as UTC.
    timezone: Option<String>,
    level: u64,
    xp: u64,
    is_admin: bool,
}

impl AccountBody {
    pub(super) fn of(user: User, level: Level) -> Self {
        // The region is on the profile alone.
        let Profile { name, bio, location, region: _, website_url, image } = user.profile;
        Self {
            id: user.id.0,
            email: user.email.map(|email| email.as_str().to_owned()),
            email_verified: user.email_verified,
            username: user.username.to_string(),
            name,
            bio,
            location,
            website_url: website_url.as_ref().map(WebUrl::as_str).map(str::to_owned),
            image: image.as_ref().map(WebUrl::as_str).map(str::to_owned),
            is_public: user.is_public,
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
            timezone: user.zone.map(|zone| zone.name().to_owned()),
            level: level.level,
            xp: level.xp,
            is_admin: user.is_admin,
        }
    }
}

/// A provider through which users sign in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignInProvider)]
pub(super) struct ProviderBody {
    /// Its name in addresses.
    pub(super) provider: String,
    /// Its name for users.
    pub(super) display_name: String,
    /// The address at which a browser begins to sign in.
    pub(super) url: String,
}

/// An account at a provider, through which the caller signs in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinkedAccount)]
pub(super) struct LinkedBody {
    provider: String,
    /// The username at the provider at the last sign-in.
    login: String,
    created_at: Instant,
    last_used_at: Instant,
}

impl From<LinkedAccount> for LinkedBody {
    fn from(linked: LinkedAccount) -> Self {
        Self {
            provider: linked.provider.to_string(),
            login: linked.login,
            created_at: linked.linked_at.into(),
            last_used_at: linked.last_used_at.into(),
        }
    }
}
