//! The rows of an account beside its messages, kind by kind, in pages that continue after a key.

use diesel::pg::Pg;
use domain::achievements::ports::ProgressEvent;
use domain::identity::{Device, ExternalLink, ProviderName, Scopes};
use domain::ids::AchievementId;
use domain::notifications::ListedNotification;
use domain::payload::StoredData;
use domain::portability::{
    ExportPart, Machine, OwnReferralCode, PastActivity, PastApiToken, PastEvent, PastFollow, PastNotification,
    PastProject, PastReferral, PastSession, PastUnlock, ReferralDirection,
};
use domain::progression::EventXp;
use domain::projects::Project;
use domain::referrals::ReferralCode;
use domain::usage::MachineId;
use domain::users::Username;
use time::macros::datetime;

use super::PAGE;
use crate::notifications::{ListedNotificationRow, PreferenceRow, preferences};
use crate::prelude::*;
use crate::progress::stored_tier;
use crate::projects::ProjectRow;
use crate::schema::{
    activities, api_tokens, external_accounts, machines, notifications, progress_events, referral_codes, referrals,
    sessions, unlocked_achievements, users,
};
use crate::unit_of_work::PgUnitOfWork;

/// The kinds of rows, in the order in which they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowKind {
    ExternalAccounts,
    ApiTokens,
    Sessions,
    Preferences,
    Code,
    ReferredBy,
    Referred,
    Projects,
    Machines,
    Follows,
    RequestsSent,
    Followers,
    RequestsReceived,
    Events,
    Unlocks,
    Activities,
    Notifications,
}

/// The row after which a page starts: by time and id, or by a text, depending on the order of the kind.
pub(super) struct PageStart {
    at: OffsetDateTime,
    id: Uuid,
    text: String,
}

impl PageStart {
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
    pub(super) part: Option<ExportPart>,
    /// Where the next page starts, if there may be one.
    pub(super) next: Option<PageStart>,
}

/// The page of `rows`, each of which is an item and ends at a place.
async fn page<Row, Item>(
    connection: &AsyncPgConnection,
    rows: Statement<'_>,
    place: fn(&Row) -> PageStart,
    item: impl Fn(Row) -> Item,
    part: fn(Vec<Item>) -> ExportPart,
) -> Result<PageOf, StoreError>
where
    Row: QueryableByName<Pg> + Send + 'static,
{
    let rows: Vec<Row> = rows.rows(connection).await?;
    let next = rows.last().filter(|_| rows.len() == PAGE).map(place);
    let items: Vec<Item> = rows.into_iter().map(item).collect();
    Ok(PageOf { part: (!items.is_empty()).then(|| part(items)), next })
}

/// The rows of `user` that `text` reads after `$2`, `$3`, up to `$4` of them.
fn by_time(text: &'static str, user: UserId, place: &PageStart) -> Statement<'static> {
    statement(text)
        .bind::<SqlUuid>(user.0)
        .bind::<Timestamptz>(place.at)
        .bind::<SqlUuid>(place.id)
        .bind::<BigInt>(to_bigint(PAGE))
}

/// The same after the text `$2`, up to `$3` of them.
fn by_text(text: &'static str, user: UserId, place: PageStart) -> Statement<'static> {
    statement(text).bind::<SqlUuid>(user.0).bind::<Text>(place.text).bind::<BigInt>(to_bigint(PAGE))
}

impl RowKind {
    /// The kind that is read first.
    pub(super) const FIRST: Self = Self::ExternalAccounts;

    const ALL: [Self; 17] = [
        Self::ExternalAccounts,
        Self::ApiTokens,
        Self::Sessions,
        Self::Preferences,
        Self::Code,
        Self::ReferredBy,
        Self::Referred,
        Self::Projects,
        Self::Machines,
        Self::Follows,
        Self::RequestsSent,
        Self::Followers,
        Self::RequestsReceived,
        Self::Events,
        Self::Unlocks,
        Self::Activities,
        Self::Notifications,
    ];

    /// The kind that is read after this one.
    pub(super) fn next(self) -> Option<Self> {
        Self::ALL.into_iter().skip_while(|kind| *kind != self).nth(1)
    }

    /// The page of the rows of `user` after `place`, at `now`.
    pub(super) async fn read(
        self,
        tx: &mut PgUnitOfWork,
        user: UserId,
        now: OffsetDateTime,
        place: PageStart,
    ) -> Result<PageOf, StoreError> {
        let c = tx.connection()?;
        match self {
            Self::ExternalAccounts => external_accounts(c, user, place).await,
            Self::ApiTokens => api_tokens(c, user, place).await,
            Self::Sessions => sessions(c, user, now, place).await,
            Self::Preferences => notification_preferences(c, user, place).await,
            Self::Code => code(c, user).await,
            Self::ReferredBy => referrals(c, REFERRED_BY, ReferralDirection::ByThem, user, place).await,
            Self::Referred => referrals(c, REFERRED, ReferralDirection::ByOwner, user, place).await,
            Self::Projects => projects(c, user, place).await,
            Self::Machines => machines(c, user, place).await,
            Self::Follows => people(c, FOLLOWS, false, ExportPart::Follows, user, place).await,
            Self::RequestsSent => people(c, REQUESTS_SENT, true, ExportPart::Follows, user, place).await,
            Self::Followers => people(c, FOLLOWERS, false, ExportPart::Followers, user, place).await,
            Self::RequestsReceived => people(c, REQUESTS_RECEIVED, true, ExportPart::Followers, user, place).await,
            Self::Events => events(c, user, place).await,
            Self::Unlocks => unlocks(c, user, place).await,
            Self::Activities => activities(c, user, place).await,
            Self::Notifications => notifications(c, user, place).await,
        }
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = external_accounts)]
struct ExternalAccountRow {
    provider: String,
    subject: String,
    login: String,
    created_at: OffsetDateTime,
}

async fn external_accounts(c: &AsyncPgConnection, user: UserId, place: PageStart) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT provider, subject, login, created_at FROM external_accounts
        WHERE user_id = $1 AND provider > $2 ORDER BY provider LIMIT $3";
    let link = |row: ExternalAccountRow| ExternalLink {
        user,
        provider: ProviderName::trusted(row.provider),
        subject: row.subject,
        login: row.login,
        linked_at: row.created_at,
    };
    page(c, by_text(TEXT, user, place), |row| PageStart::after_text(&row.provider), link, ExportPart::ExternalAccounts)
        .await
}

#[derive(QueryableByName)]
#[diesel(table_name = api_tokens)]
struct IssuedRow {
    id: Uuid,
    name: String,
    may_sync: bool,
    may_read: bool,
    created_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    last_used_at: Option<OffsetDateTime>,
}

async fn api_tokens(c: &AsyncPgConnection, user: UserId, place: PageStart) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT id, name, may_sync, may_read, created_at, expires_at, last_used_at FROM api_tokens
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    let token = |row: IssuedRow| PastApiToken {
        name: row.name,
        scopes: Scopes { sync: row.may_sync, read: row.may_read },
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
    };
    page(c, by_time(TEXT, user, &place), |row| PageStart::after(row.created_at, row.id), token, ExportPart::ApiTokens)
        .await
}

#[derive(QueryableByName)]
#[diesel(table_name = sessions)]
struct SessionRow {
    id: Uuid,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    last_used_at: OffsetDateTime,
    ip: Option<String>,
    user_agent: Option<String>,
}

async fn sessions(
    c: &AsyncPgConnection,
    user: UserId,
    now: OffsetDateTime,
    place: PageStart,
) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT id, created_at, expires_at, last_used_at, ip, user_agent FROM sessions
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) AND expires_at > $5 ORDER BY created_at, id LIMIT $4";
    let session = |row: SessionRow| PastSession {
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        device: Device { ip: row.ip, user_agent: row.user_agent },
    };
    let open = by_time(TEXT, user, &place).bind::<Timestamptz>(now);
    page(c, open, |row| PageStart::after(row.created_at, row.id), session, ExportPart::Sessions).await
}

async fn notification_preferences(c: &AsyncPgConnection, user: UserId, place: PageStart) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT kind, in_app, email FROM notification_preferences
        WHERE user_id = $1 AND kind > $2 ORDER BY kind LIMIT $3";
    let rows: Vec<PreferenceRow> = by_text(TEXT, user, place).rows(c).await?;
    let known: Vec<_> = preferences(rows);
    Ok(PageOf { part: (!known.is_empty()).then_some(ExportPart::Preferences(known)), next: None })
}

#[derive(QueryableByName)]
#[diesel(table_name = referral_codes)]
struct CodeRow {
    code: String,
    created_at: OffsetDateTime,
    #[diesel(sql_type = BigInt)]
    clicks: i64,
    #[diesel(sql_type = BigInt)]
    converted: i64,
}

async fn code(c: &AsyncPgConnection, user: UserId) -> Result<PageOf, StoreError> {
    const TEXT: &str =
        "SELECT codes.code, codes.created_at, count(clicks.id) AS clicks, count(clicks.converted_at) AS converted
        FROM referral_codes AS codes LEFT JOIN referral_clicks AS clicks ON clicks.user_id = codes.user_id
        WHERE codes.user_id = $1 GROUP BY codes.code, codes.created_at";
    let row: Option<CodeRow> = statement(TEXT).bind::<SqlUuid>(user.0).optional(c).await?;
    let own = |row: CodeRow| OwnReferralCode {
        code: ReferralCode::trusted(row.code),
        created_at: row.created_at,
        clicks: row.clicks.unsigned_abs(),
        converted: row.converted.unsigned_abs(),
    };
    Ok(PageOf { part: row.map(own).map(ExportPart::Code), next: None })
}

const REFERRED_BY: &str = "SELECT users.id, users.username, referrals.created_at, referrals.paid_at
    FROM referrals JOIN users ON users.id = referrals.referrer_id AND users.deleted_at IS NULL
    WHERE referrals.referred_id = $1 AND (referrals.created_at, users.id) > ($2, $3)
    ORDER BY referrals.created_at, users.id LIMIT $4";
const REFERRED: &str = "SELECT users.id, users.username, referrals.created_at, referrals.paid_at
    FROM referrals JOIN users ON users.id = referrals.referred_id AND users.deleted_at IS NULL
    WHERE referrals.referrer_id = $1 AND (referrals.created_at, referrals.referred_id) > ($2, $3)
    ORDER BY referrals.created_at, referrals.referred_id LIMIT $4";

#[derive(QueryableByName)]
#[diesel(table_name = referrals)]
struct ReferredRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    username: String,
    created_at: OffsetDateTime,
    paid_at: Option<OffsetDateTime>,
}

async fn referrals(
    c: &AsyncPgConnection,
    text: &'static str,
    came: ReferralDirection,
    user: UserId,
    place: PageStart,
) -> Result<PageOf, StoreError> {
    let referred = |row: ReferredRow| PastReferral {
        came,
        username: Username::trusted(row.username),
        created_at: row.created_at,
        paid_at: row.paid_at,
    };
    page(
        c,
        by_time(text, user, &place),
        |row| PageStart::after(row.created_at, row.id),
        referred,
        ExportPart::Referrals,
    )
    .await
}

async fn projects(c: &AsyncPgConnection, user: UserId, place: PageStart) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT id, title, description, url, is_featured, created_at, updated_at FROM profile_projects
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    let past = |row: ProjectRow| {
        let Project { id: _, details, created_at, updated_at } = row.into();
        PastProject { details, created_at, updated_at }
    };
    page(c, by_time(TEXT, user, &place), |row| PageStart::after(row.created_at, row.id), past, ExportPart::Projects)
        .await
}

#[derive(QueryableByName)]
#[diesel(table_name = machines)]
struct MachineRow {
    name: String,
    last_synced_at: OffsetDateTime,
}

async fn machines(c: &AsyncPgConnection, user: UserId, place: PageStart) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT name, last_synced_at FROM machines
        WHERE user_key = (SELECT key FROM users WHERE id = $1) AND name > $2 ORDER BY name LIMIT $3";
    let machine = |row: MachineRow| Machine { id: MachineId::trusted(row.name), last_synced_at: row.last_synced_at };
    page(c, by_text(TEXT, user, place), |row| PageStart::after_text(&row.name), machine, ExportPart::Machines).await
}

/// The accounts `$other` of rows of `$table`, where the account `$own` is the exported one.
macro_rules! people {
    ($table:literal, $own:literal, $other:literal) => {
        concat!(
            "SELECT users.id, users.username, follow.created_at FROM ",
            $table,
            " AS follow JOIN users ON users.id = follow.",
            $other,
            " AND users.deleted_at IS NULL WHERE follow.",
            $own,
            " = $1 AND (follow.created_at, follow.",
            $other,
            ") > ($2, $3) ORDER BY follow.created_at, follow.",
            $other,
            " LIMIT $4"
        )
    };
}

const FOLLOWS: &str = people!("follows", "follower_id", "following_id");
const REQUESTS_SENT: &str = people!("follow_requests", "follower_id", "following_id");
const FOLLOWERS: &str = people!("follows", "following_id", "follower_id");
const REQUESTS_RECEIVED: &str = people!("follow_requests", "following_id", "follower_id");

#[derive(QueryableByName)]
#[diesel(table_name = users)]
struct FollowRow {
    id: Uuid,
    username: String,
    created_at: OffsetDateTime,
}

async fn people(
    c: &AsyncPgConnection,
    text: &'static str,
    is_requested: bool,
    part: fn(Vec<PastFollow>) -> ExportPart,
    user: UserId,
    place: PageStart,
) -> Result<PageOf, StoreError> {
    let person =
        |row: FollowRow| PastFollow { username: Username::trusted(row.username), since: row.created_at, is_requested };
    page(c, by_time(text, user, &place), |row| PageStart::after(row.created_at, row.id), person, part).await
}

#[derive(QueryableByName)]
#[diesel(table_name = progress_events)]
struct EventRow {
    reason: String,
    xp: i64,
    created_at: OffsetDateTime,
}

async fn events(c: &AsyncPgConnection, user: UserId, place: PageStart) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT reason, xp, created_at FROM progress_events
        WHERE user_id = $1 AND reason > $2 ORDER BY reason LIMIT $3";
    let event = |row: EventRow| PastEvent {
        event: ProgressEvent { reason: row.reason, xp: EventXp(row.xp) },
        at: row.created_at,
    };
    page(c, by_text(TEXT, user, place), |row| PageStart::after_text(&row.reason), event, ExportPart::Events).await
}

#[derive(QueryableByName)]
#[diesel(table_name = unlocked_achievements)]
struct UnlockRow {
    achievement_id: Uuid,
    tier: Option<i16>,
    unlocked_at: OffsetDateTime,
    pinned_at: Option<OffsetDateTime>,
}

async fn unlocks(c: &AsyncPgConnection, user: UserId, place: PageStart) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT achievement_id, tier, unlocked_at, pinned_at FROM unlocked_achievements
        WHERE user_id = $1 AND (unlocked_at, achievement_id) > ($2, $3) ORDER BY unlocked_at, achievement_id LIMIT $4";
    let unlock = |row: UnlockRow| PastUnlock {
        id: AchievementId(row.achievement_id),
        tier: stored_tier(row.tier),
        at: row.unlocked_at,
        pinned_at: row.pinned_at,
    };
    let last = |row: &UnlockRow| PageStart::after(row.unlocked_at, row.achievement_id);
    page(c, by_time(TEXT, user, &place), last, unlock, ExportPart::Unlocks).await
}

#[derive(QueryableByName)]
#[diesel(table_name = activities)]
struct ActivityRow {
    id: Uuid,
    kind: String,
    #[diesel(sql_type = Text)]
    data: String,
    created_at: OffsetDateTime,
}

async fn activities(c: &AsyncPgConnection, user: UserId, place: PageStart) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT id, kind, data::text, created_at FROM activities
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    let activity = |row: ActivityRow| PastActivity { kind: row.kind, data: StoredData(row.data), at: row.created_at };
    page(
        c,
        by_time(TEXT, user, &place),
        |row| PageStart::after(row.created_at, row.id),
        activity,
        ExportPart::Activities,
    )
    .await
}

#[derive(QueryableByName)]
#[diesel(table_name = notifications)]
struct NotificationRow {
    #[diesel(embed)]
    received: ListedNotificationRow,
    dedup_key: String,
}

async fn notifications(c: &AsyncPgConnection, user: UserId, place: PageStart) -> Result<PageOf, StoreError> {
    const TEXT: &str = "SELECT id, kind, title, message, data::text, dedup_key, created_at, read_at FROM notifications
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    let notification = |row: NotificationRow| {
        let ListedNotification { id: _, kind, title, message, data, created_at, read_at } = row.received.into();
        PastNotification { kind, title, message, data, dedup_key: row.dedup_key, created_at, read_at }
    };
    let last = |row: &NotificationRow| PageStart::after(row.received.created_at, row.received.id);
    page(c, by_time(TEXT, user, &place), last, notification, ExportPart::Notifications).await
}
