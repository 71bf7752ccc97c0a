//! The rows of an account beside its messages, kind by kind, in pages that go on after a key.

use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use domain::achievements::Tier;
use domain::achievements::ports::ProgressEvent;
use domain::error::StoreError;
use domain::identity::{Device, ExternalLink, ProviderName, Scopes};
use domain::ids::{AchievementId, UserId};
use domain::notifications::{Channels, NotificationKind};
use domain::payload::StoredData;
use domain::portability::{
    Came, IssuedBefore, Machine, OwnCode, Part, PastActivity, PastEvent, PastNotification, PastProject, PastUnlock,
    Person, Referred, SignedIn,
};
use domain::progression::EventXp;
use domain::projects::Project;
use domain::referrals::ReferralCode;
use domain::usage::MachineId;
use domain::users::Username;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use super::export::PAGE;
use crate::error::store_error;
use crate::projects::{ProjectColumns, ProjectRow};
use crate::statement::{Statement, statement};
use crate::unit_of_work::PgUnitOfWork;

/// The kinds of rows, in the order in which they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ExternalAccounts,
    ApiTokens,
    Sessions,
    Preferences,
    Code,
    CameBy,
    UnverifiedToken,
    Projects,
    Machines,
    Follows,
    FollowsAsked,
    Followers,
    FollowersAsking,
    Events,
    Unlocks,
    Activities,
    Notifications,
}

/// After which row a page goes on: by time and id, or by a text, as the kind is ordered.
pub(super) struct Place {
    at: OffsetDateTime,
    id: Uuid,
    text: String,
}

impl Place {
    /// Before all rows.
    pub(super) fn start() -> Self {
        Self { at: datetime!(0001-01-01 00:00 UTC), id: Uuid::nil(), text: String::new() }
    }

    fn after(at: OffsetDateTime, id: Uuid) -> Self {
        Self { at, id, text: String::new() }
    }

    fn after_text(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::start() }
    }
}

/// A page of one kind.
#[derive(Default)]
pub(super) struct PageOf {
    /// `None` where there are no rows.
    pub(super) part: Option<Part>,
    /// Where it goes on, if there may be more.
    pub(super) next: Option<Place>,
}

/// The page of `rows`, each of which is a thing and ends at a place.
fn page<Row, Thing>(
    rows: Vec<Row>,
    place: impl Fn(&Row) -> Place,
    thing: impl Fn(Row) -> Thing,
    part: fn(Vec<Thing>) -> Part,
) -> PageOf {
    let next = rows.last().filter(|_| rows.len() == PAGE).map(place);
    let things: Vec<Thing> = rows.into_iter().map(thing).collect();
    PageOf { part: (!things.is_empty()).then(|| part(things)), next }
}

/// The rows of `user` that `text` reads after `$2`, `$3`, up to `$4` of them.
fn by_time<Columns>(text: &'static str, user: UserId, place: &Place) -> Statement<'static, Columns> {
    statement(text)
        .bind::<SqlUuid, _>(user.0)
        .bind::<Timestamptz, _>(place.at)
        .bind::<SqlUuid, _>(place.id)
        .bind::<BigInt, _>(i64::try_from(PAGE).unwrap_or(i64::MAX))
}

/// The same after the text `$2`, up to `$3` of them.
fn by_text<Columns>(text: &'static str, user: UserId, place: Place) -> Statement<'static, Columns> {
    statement(text)
        .bind::<SqlUuid, _>(user.0)
        .bind::<Text, _>(place.text)
        .bind::<BigInt, _>(i64::try_from(PAGE).unwrap_or(i64::MAX))
}

/// The rows that a statement reads.
macro_rules! load {
    ($tx:expr, $statement:expr) => {
        $statement.load($tx.connection()?).await.map_err(store_error)?
    };
}

type IssuedColumns = (SqlUuid, Text, Bool, Bool, Timestamptz, Nullable<Timestamptz>, Nullable<Timestamptz>);
type IssuedRow = (Uuid, String, bool, bool, OffsetDateTime, Option<OffsetDateTime>, Option<OffsetDateTime>);
type SessionColumns = (SqlUuid, Timestamptz, Timestamptz, Timestamptz, Nullable<Text>, Nullable<Text>);
type SessionRow = (Uuid, OffsetDateTime, OffsetDateTime, OffsetDateTime, Option<String>, Option<String>);
type ReferredColumns = (SqlUuid, Text, Timestamptz, Nullable<Timestamptz>);
type ReferredRow = (Uuid, String, OffsetDateTime, Option<OffsetDateTime>);
type UnlockColumns = (SqlUuid, Nullable<SmallInt>, Timestamptz, Nullable<Timestamptz>);
type UnlockRow = (Uuid, Option<i16>, OffsetDateTime, Option<OffsetDateTime>);
type NotificationColumns = (SqlUuid, Text, Text, Text, Text, Text, Timestamptz, Nullable<Timestamptz>);
type NotificationRow = (Uuid, String, String, String, String, String, OffsetDateTime, Option<OffsetDateTime>);

impl Kind {
    /// What is read first.
    pub(super) const FIRST: Self = Self::ExternalAccounts;

    const ALL: [Self; 17] = [
        Self::ExternalAccounts,
        Self::ApiTokens,
        Self::Sessions,
        Self::Preferences,
        Self::Code,
        Self::CameBy,
        Self::UnverifiedToken,
        Self::Projects,
        Self::Machines,
        Self::Follows,
        Self::FollowsAsked,
        Self::Followers,
        Self::FollowersAsking,
        Self::Events,
        Self::Unlocks,
        Self::Activities,
        Self::Notifications,
    ];

    /// What is read after this kind.
    pub(super) fn next(self) -> Option<Self> {
        Self::ALL.into_iter().skip_while(|kind| *kind != self).nth(1)
    }

    /// A page of what `user` has of this kind at `now`, after `place`.
    pub(super) async fn read(
        self,
        tx: &mut PgUnitOfWork,
        user: UserId,
        now: OffsetDateTime,
        place: Place,
    ) -> Result<PageOf, StoreError> {
        match self {
            Self::ExternalAccounts => external_accounts(tx, user, place).await,
            Self::ApiTokens => api_tokens(tx, user, place).await,
            Self::Sessions => sessions(tx, user, now, place).await,
            Self::Preferences => preferences(tx, user, place).await,
            Self::Code => code(tx, user).await,
            Self::CameBy => referrals(tx, CAME_BY, Came::ByThem, user, place).await,
            Self::UnverifiedToken => referrals(tx, BROUGHT, Came::ByOwner, user, place).await,
            Self::Projects => projects(tx, user, place).await,
            Self::Machines => machines(tx, user, place).await,
            Self::Follows => people(tx, FOLLOWS, false, Part::Follows, user, place).await,
            Self::FollowsAsked => people(tx, FOLLOWS_ASKED, true, Part::Follows, user, place).await,
            Self::Followers => people(tx, FOLLOWERS, false, Part::Followers, user, place).await,
            Self::FollowersAsking => people(tx, FOLLOWERS_ASKING, true, Part::Followers, user, place).await,
            Self::Events => events(tx, user, place).await,
            Self::Unlocks => unlocks(tx, user, place).await,
            Self::Activities => activities(tx, user, place).await,
            Self::Notifications => notifications(tx, user, place).await,
        }
    }
}

async fn external_accounts(tx: &mut PgUnitOfWork, user: UserId, place: Place) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT provider, subject, login, created_at FROM external_accounts
        WHERE user_id = $1 AND provider > $2 ORDER BY provider LIMIT $3";
    let rows: Vec<(String, String, String, OffsetDateTime)> =
        load!(tx, by_text::<(Text, Text, Text, Timestamptz)>(TEXT, user, place));
    let link = |(provider, subject, login, linked_at)| ExternalLink {
        user,
        provider: ProviderName::trusted(provider),
        subject,
        login,
        linked_at,
    };
    Ok(page(rows, |row| Place::after_text(&row.0), link, Part::ExternalAccounts))
}

async fn api_tokens(tx: &mut PgUnitOfWork, user: UserId, place: Place) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT id, name, may_sync, may_read, created_at, expires_at, last_used_at FROM api_tokens
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    let rows: Vec<IssuedRow> = load!(tx, by_time::<IssuedColumns>(TEXT, user, &place));
    let token = |(_, name, sync, read, created_at, expires_at, last_used_at): IssuedRow| IssuedBefore {
        name,
        scopes: Scopes { sync, read },
        created_at,
        expires_at,
        last_used_at,
    };
    Ok(page(rows, |row| Place::after(row.4, row.0), token, Part::ApiTokens))
}

async fn sessions(
    tx: &mut PgUnitOfWork,
    user: UserId,
    now: OffsetDateTime,
    place: Place,
) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT id, created_at, expires_at, last_used_at, ip, user_agent FROM sessions
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) AND expires_at > $5 ORDER BY created_at, id LIMIT $4";
    let open = by_time::<SessionColumns>(TEXT, user, &place).bind::<Timestamptz, _>(now);
    let rows: Vec<SessionRow> = load!(tx, open);
    let session = |(_, created_at, expires_at, last_used_at, ip, user_agent): SessionRow| SignedIn {
        created_at,
        expires_at,
        last_used_at,
        device: Device { ip, user_agent },
    };
    Ok(page(rows, |row| Place::after(row.1, row.0), session, Part::Sessions))
}

async fn preferences(tx: &mut PgUnitOfWork, user: UserId, place: Place) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT kind, in_app, email FROM notification_preferences
        WHERE user_id = $1 AND kind > $2 ORDER BY kind LIMIT $3";
    let rows: Vec<(String, bool, bool)> = load!(tx, by_text::<(Text, Bool, Bool)>(TEXT, user, place));
    // Kinds that only another release knows are nobody's business here.
    let known = |(kind, in_app, email): (String, bool, bool)| {
        NotificationKind::of(&kind).map(|kind| (kind, Channels { in_app, email }))
    };
    let said: Vec<_> = rows.into_iter().filter_map(known).collect();
    Ok(PageOf { part: (!said.is_empty()).then_some(Part::Preferences(said)), next: None })
}

async fn code(tx: &mut PgUnitOfWork, user: UserId) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT codes.code, codes.created_at, count(clicks.id), count(clicks.converted_at)
        FROM referral_codes AS codes LEFT JOIN referral_clicks AS clicks ON clicks.user_id = codes.user_id
        WHERE codes.user_id = $1 GROUP BY codes.code, codes.created_at";
    let read = statement::<(Text, Timestamptz, BigInt, BigInt)>(TEXT).bind::<SqlUuid, _>(user.0);
    let rows: Vec<(String, OffsetDateTime, i64, i64)> = load!(tx, read);
    let own = |(code, created_at, clicks, converted): (String, OffsetDateTime, i64, i64)| OwnCode {
        code: ReferralCode::trusted(code),
        created_at,
        clicks: clicks.unsigned_abs(),
        converted: converted.unsigned_abs(),
    };
    Ok(PageOf { part: rows.into_iter().next().map(own).map(Part::Code), next: None })
}

const CAME_BY: &str = "SELECT users.id, users.username, referrals.created_at, referrals.paid_at
    FROM referrals JOIN users ON users.id = referrals.referrer_id AND users.deleted_at IS NULL
    WHERE referrals.referred_id = $1 AND (referrals.created_at, users.id) > ($2, $3)
    ORDER BY referrals.created_at, users.id LIMIT $4";
const BROUGHT: &str = "SELECT users.id, users.username, referrals.created_at, referrals.paid_at
    FROM referrals JOIN users ON users.id = referrals.referred_id AND users.deleted_at IS NULL
    WHERE referrals.referrer_id = $1 AND (referrals.created_at, referrals.referred_id) > ($2, $3)
    ORDER BY referrals.created_at, referrals.referred_id LIMIT $4";

async fn referrals(
    tx: &mut PgUnitOfWork,
    text: &'static str,
    came: Came,
    user: UserId,
    place: Place,
) -> Result<PageOf, StoreError> {
    let rows: Vec<ReferredRow> = load!(tx, by_time::<ReferredColumns>(text, user, &place));
    let referred = |(_, username, created_at, paid_at): ReferredRow| Referred {
        came,
        username: Username::trusted(username),
        created_at,
        paid_at,
    };
    Ok(page(rows, |row| Place::after(row.2, row.0), referred, Part::Referrals))
}

async fn projects(tx: &mut PgUnitOfWork, user: UserId, place: Place) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT id, title, description, url, is_featured, created_at, updated_at FROM profile_projects
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    let rows: Vec<ProjectRow> = load!(tx, by_time::<ProjectColumns>(TEXT, user, &place));
    let last = |project: &Project| Place::after(project.created_at, project.id.0);
    let past = |Project { id: _, details, created_at, updated_at }| PastProject { details, created_at, updated_at };
    Ok(page(rows.into_iter().map(Project::from).collect(), last, past, Part::Projects))
}

async fn machines(tx: &mut PgUnitOfWork, user: UserId, place: Place) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT name, last_synced_at FROM machines
        WHERE user_key = (SELECT key FROM users WHERE id = $1) AND name > $2 ORDER BY name LIMIT $3";
    let rows: Vec<(String, OffsetDateTime)> = load!(tx, by_text::<(Text, Timestamptz)>(TEXT, user, place));
    let machine = |(name, last_synced_at): (String, _)| Machine { id: MachineId::trusted(name), last_synced_at };
    Ok(page(rows, |row| Place::after_text(&row.0), machine, Part::Machines))
}

const FOLLOWS: &str = "SELECT users.id, users.username, follows.created_at
    FROM follows JOIN users ON users.id = follows.following_id AND users.deleted_at IS NULL
    WHERE follows.follower_id = $1 AND (follows.created_at, follows.following_id) > ($2, $3)
    ORDER BY follows.created_at, follows.following_id LIMIT $4";
const FOLLOWS_ASKED: &str = "SELECT users.id, users.username, asked.created_at
    FROM follow_requests AS asked JOIN users ON users.id = asked.following_id AND users.deleted_at IS NULL
    WHERE asked.follower_id = $1 AND (asked.created_at, asked.following_id) > ($2, $3)
    ORDER BY asked.created_at, asked.following_id LIMIT $4";
const FOLLOWERS: &str = "SELECT users.id, users.username, follows.created_at
    FROM follows JOIN users ON users.id = follows.follower_id AND users.deleted_at IS NULL
    WHERE follows.following_id = $1 AND (follows.created_at, follows.follower_id) > ($2, $3)
    ORDER BY follows.created_at, follows.follower_id LIMIT $4";
const FOLLOWERS_ASKING: &str = "SELECT users.id, users.username, asked.created_at
    FROM follow_requests AS asked JOIN users ON users.id = asked.follower_id AND users.deleted_at IS NULL
    WHERE asked.following_id = $1 AND (asked.created_at, asked.follower_id) > ($2, $3)
    ORDER BY asked.created_at, asked.follower_id LIMIT $4";

async fn people(
    tx: &mut PgUnitOfWork,
    text: &'static str,
    is_requested: bool,
    part: fn(Vec<Person>) -> Part,
    user: UserId,
    place: Place,
) -> Result<PageOf, StoreError> {
    let rows: Vec<(Uuid, String, OffsetDateTime)> =
        load!(tx, by_time::<(SqlUuid, Text, Timestamptz)>(text, user, &place));
    let person =
        |(_, username, since): (Uuid, String, _)| Person { username: Username::trusted(username), since, is_requested };
    Ok(page(rows, |row| Place::after(row.2, row.0), person, part))
}

async fn events(tx: &mut PgUnitOfWork, user: UserId, place: Place) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT reason, xp, created_at FROM progress_events
        WHERE user_id = $1 AND reason > $2 ORDER BY reason LIMIT $3";
    let rows: Vec<(String, i64, OffsetDateTime)> = load!(tx, by_text::<(Text, BigInt, Timestamptz)>(TEXT, user, place));
    let event = |(reason, xp, at): (String, i64, _)| PastEvent { event: ProgressEvent { reason, xp: EventXp(xp) }, at };
    Ok(page(rows, |row| Place::after_text(&row.0), event, Part::Events))
}

async fn unlocks(tx: &mut PgUnitOfWork, user: UserId, place: Place) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT achievement_id, tier, unlocked_at, pinned_at FROM unlocked_achievements
        WHERE user_id = $1 AND (unlocked_at, achievement_id) > ($2, $3) ORDER BY unlocked_at, achievement_id LIMIT $4";
    let rows: Vec<UnlockRow> = load!(tx, by_time::<UnlockColumns>(TEXT, user, &place));
    let unlock = |(id, tier, at, pinned_at): UnlockRow| PastUnlock {
        id: AchievementId(id),
        tier: tier.and_then(|number| u8::try_from(number).ok()).and_then(Tier::of),
        at,
        pinned_at,
    };
    Ok(page(rows, |row| Place::after(row.2, row.0), unlock, Part::Unlocks))
}

async fn activities(tx: &mut PgUnitOfWork, user: UserId, place: Place) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT id, kind, data::text, created_at FROM activities
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    let rows: Vec<(Uuid, String, String, OffsetDateTime)> =
        load!(tx, by_time::<(SqlUuid, Text, Text, Timestamptz)>(TEXT, user, &place));
    let activity = |(_, kind, data, at)| PastActivity { kind, data: StoredData(data), at };
    Ok(page(rows, |row| Place::after(row.3, row.0), activity, Part::Activities))
}

async fn notifications(tx: &mut PgUnitOfWork, user: UserId, place: Place) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT id, kind, title, message, data::text, dedup_key, created_at, read_at FROM notifications
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    let rows: Vec<NotificationRow> = load!(tx, by_time::<NotificationColumns>(TEXT, user, &place));
    let notification = |(_, kind, title, message, data, dedup_key, created_at, read_at): NotificationRow| {
        PastNotification { kind, title, message, data: StoredData(data), dedup_key, created_at, read_at }
    };
    Ok(page(rows, |row| Place::after(row.6, row.0), notification, Part::Notifications))
}
