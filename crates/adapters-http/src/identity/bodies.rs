//! What is said on `/auth`, in both directions.

use domain::days::Zone;
use domain::identity::{AccessToken, Email, LinkedAccount, Password, PasswordChange, Registration, Session, SignedIn};
use domain::ids::SessionId;
use domain::progression::Level;
use domain::referrals::ReferralCode;
use domain::users::{User, Username, WebUrl};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::json::Instant;
use crate::validation::{Fault, Fields, FromFields, checks};

/// A new account.
#[derive(Debug, ToSchema)]
#[schema(as = Register)]
pub(super) struct RegisterBody {
    /// One account has it, in whatever case. Characters beyond ASCII are taken besides; a domain is kept in ASCII (IDNA).
    #[schema(value_type = String, min_length = 3, max_length = 254,
             pattern = r"^(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$")]
    email: Email,
    /// Kept as a hash only.
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    password: Password,
    /// The name in addresses; two that differ only by case are the same.
    #[schema(value_type = String, min_length = 3, max_length = 30, pattern = "^[A-Za-z0-9_]+$")]
    username: Username,
    /// A name to show: one line without control or formatting characters.
    #[schema(value_type = String, required = false, max_length = 100,
             pattern = r"^[^\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]*$")]
    name: Option<String>,
    /// The IANA zone that days are counted in.
    #[schema(value_type = String, required = false, format = "iana-time-zone")]
    timezone: Option<Zone>,
    /// Who brought this person along. A code that nobody has is ignored.
    #[schema(value_type = String, required = false, max_length = 100)]
    referral_code: Option<String>,
}

impl FromFields for RegisterBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let email = fields.required("email", checks::value(Email::parse));
        let password = fields.required("password", checks::value(Password::parse));
        let username = fields.required("username", checks::value(Username::parse));
        let name = fields.optional("name", checks::name(0..=100));
        let timezone = fields.optional("timezone", checks::zone);
        let referral_code = fields.optional("referral_code", checks::text(0..=100));
        Some(Self {
            email: email?,
            password: password?,
            username: username?,
            name: name?,
            timezone: timezone?,
            referral_code: referral_code?,
        })
    }
}

impl From<RegisterBody> for Registration {
    fn from(body: RegisterBody) -> Self {
        let RegisterBody { email, password, username, name, timezone, referral_code } = body;
        let referral_code = referral_code.as_deref().and_then(ReferralCode::parse);
        Self { email, password, username, name, zone: timezone, referral_code }
    }
}

/// Credentials.
#[derive(Debug, ToSchema)]
#[schema(as = Login)]
pub(super) struct LoginBody {
    /// The e-mail address or the username.
    #[schema(min_length = 1, max_length = 254)]
    pub(super) email: String,
    /// The password.
    #[schema(value_type = String, min_length = 1, max_length = 1024)]
    pub(super) password: Password,
}

impl FromFields for LoginBody {
    /// The name may also come as `username`, which is what it is for some.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let email = fields.optional("email", checks::text(1..=254));
        let username = fields.optional("username", checks::text(1..=254));
        let password = fields.required("password", checks::text(1..=1024));
        let name = email?.or(username?);
        let Some(email) = name else { return fields.refuse("email", Fault::missing()) };
        Some(Self { email, password: Password::typed(password?) })
    }
}

/// Another password.
#[derive(Debug, ToSchema)]
#[schema(as = PasswordChange)]
pub(super) struct PasswordBody {
    #[schema(value_type = String, min_length = 1, max_length = 1024)]
    current_password: Password,
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    new_password: Password,
    /// Whether API tokens stay valid. Without it they end with the old password.
    #[schema(required = false, default = false)]
    keep_api_tokens: bool,
}

impl FromFields for PasswordBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let current = fields.required("current_password", checks::text(1..=1024));
        let new_password = fields.required("new_password", checks::value(Password::parse));
        let keep_api_tokens = fields.or("keep_api_tokens", false, checks::boolean);
        Some(Self {
            current_password: Password::typed(current?),
            new_password: new_password?,
            keep_api_tokens: keep_api_tokens?,
        })
    }
}

impl From<PasswordBody> for PasswordChange {
    fn from(body: PasswordBody) -> Self {
        let PasswordBody { current_password, new_password, keep_api_tokens } = body;
        Self { current: current_password, new: new_password, keep_api_tokens }
    }
}

/// A token that a provider issued to our application.
#[derive(Debug, ToSchema)]
#[schema(as = ProviderToken)]
pub(super) struct ProviderTokenBody {
    /// The token; used to ask the provider whose it is, and not kept.
    #[schema(value_type = String, min_length = 1, max_length = 2048, pattern = "^[!-~]+$")]
    pub(super) access_token: AccessToken,
}

impl FromFields for ProviderTokenBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { access_token: fields.required("access_token", checks::value(AccessToken::parse))? })
    }
}

/// A session just opened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionBody {
    id: Uuid,
    user_id: Uuid,
    /// Opens the session; shown this once.
    token: String,
    expires_at: Instant,
    created_at: Instant,
}

impl From<SignedIn> for SessionBody {
    fn from(SignedIn { session, token }: SignedIn) -> Self {
        Self {
            id: session.id.0,
            user_id: session.user.0,
            token: token.expose().to_owned(),
            expires_at: session.expires_at.into(),
            created_at: session.created_at.into(),
        }
    }
}

/// A session that is open.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenSession)]
pub(super) struct OpenSessionBody {
    id: Uuid,
    created_at: Instant,
    last_used_at: Instant,
    /// Where it was opened from.
    ip: Option<String>,
    /// What it was opened with.
    user_agent: Option<String>,
    /// Whether this request came with it.
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
    /// Null for an account that came from a provider without one.
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
    /// Null while none was set, which counts as UTC.
    timezone: Option<String>,
    level: u64,
    xp: u64,
    is_admin: bool,
}

impl AccountBody {
    pub(super) fn of(user: User, level: Level) -> Self {
        Self {
            id: user.id.0,
            email: user.email.map(|email| email.as_str().to_owned()),
            email_verified: user.email_verified,
            username: user.username.to_string(),
            name: user.profile.name,
            bio: user.profile.bio,
            location: user.profile.location,
            website_url: user.profile.website_url.as_ref().map(WebUrl::as_str).map(str::to_owned),
            image: user.profile.image.as_ref().map(WebUrl::as_str).map(str::to_owned),
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

/// An account at a provider, through which the caller signs in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinkedAccount)]
pub(super) struct LinkedBody {
    provider: String,
    /// What the caller was called there when they last came from it.
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
