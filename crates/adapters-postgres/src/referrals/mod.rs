//! Codes, clicks, and who came by whom.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Date as SqlDate, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::error::StoreError;
use domain::ids::UserId;
use domain::progression::{EventXp, Level, xp};
use domain::referrals::ports::{ReferralReader, ReferralRepository};
use domain::referrals::{
    ClickLimits, ClickStats, ReferralCode, ReferralStats, ReferredPerson, ReferredSeen, Visitor, VisitorNetwork,
};
use domain::users::{Username, WebUrl};
use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

use crate::database::Database;
use crate::error::store_error;
use crate::schema::{referral_codes, referrals, users};
use crate::statement::statement;
use crate::unit_of_work::PgUnitOfWork;

/// The advisory lock that those take who join an account with a chain, so that no two of them close a circle together: who
/// is above somebody may be further away than the accounts that are locked. It is the last lock of its transaction.
const JOINING: i64 = 0x6275_726e_746f_7001;

async fn find_code(connection: &mut AsyncPgConnection, user: UserId) -> Result<Option<ReferralCode>, StoreError> {
    let code: Option<String> = referral_codes::table
        .find(user.0)
        .select(referral_codes::code)
        .first(connection)
        .await
        .optional()
        .map_err(store_error)?;
    Ok(code.map(ReferralCode::trusted))
}

#[async_trait]
impl ReferralRepository for PgUnitOfWork {
    async fn code(&mut self, user: UserId) -> Result<Option<ReferralCode>, StoreError> {
        find_code(self.connection()?, user).await
    }

    async fn give_code(&mut self, user: UserId, code: &ReferralCode, now: OffsetDateTime) -> Result<bool, StoreError> {
        let row = (
            referral_codes::user_id.eq(user.0),
            referral_codes::code.eq(code.as_str()),
            referral_codes::created_at.eq(now),
        );
        let query = diesel::insert_into(referral_codes::table).values(row).on_conflict_do_nothing();
        Ok(query.execute(self.connection()?).await.map_err(store_error)? > 0)
    }

    async fn owner(&mut self, code: &ReferralCode) -> Result<Option<UserId>, StoreError> {
        let owner: Option<Uuid> = referral_codes::table
            .inner_join(users::table.on(users::id.eq(referral_codes::user_id)))
            .filter(referral_codes::code.eq(code.as_str()))
            .filter(users::deleted_at.is_null())
            .select(users::id)
            .first(self.connection()?)
            .await
            .optional()
            .map_err(store_error)?;
        Ok(owner.map(UserId))
    }

    async fn above(&mut self, user: UserId, most: u32) -> Result<Vec<UserId>, StoreError> {
        let rows: Vec<Uuid> = statement::<SqlUuid>(include_str!("referrers_above.sql"))
            .bind::<SqlUuid, _>(user.0)
            .bind::<Integer, _>(i32::try_from(most).unwrap_or(i32::MAX))
            .load(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(rows.into_iter().map(UserId).collect())
    }

    async fn is_above(&mut self, other: UserId, user: UserId) -> Result<bool, StoreError> {
        let connection = self.shared()?;
        let (mut first, mut second) = (connection, connection);
        let wait = statement::<()>("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(JOINING);
        // Two statements, because one sees nothing of what was committed while it waited; sent together.
        let ask =
            statement::<Bool>(include_str!("is_above.sql")).bind::<SqlUuid, _>(user.0).bind::<SqlUuid, _>(other.0);
        let (_, found) =
            futures_util::try_join!(wait.execute(&mut first), ask.get_result(&mut second)).map_err(store_error)?;
        Ok(found)
    }

    async fn insert(&mut self, newcomer: UserId, referrer: UserId, now: OffsetDateTime) -> Result<bool, StoreError> {
        let row = (
            referrals::referred_id.eq(newcomer.0),
            referrals::referrer_id.eq(referrer.0),
            referrals::created_at.eq(now),
        );
        let query = diesel::insert_into(referrals::table).values(row).on_conflict_do_nothing();
        Ok(query.execute(self.connection()?).await.map_err(store_error)? > 0)
    }

    async fn set_paid(&mut self, referred: UserId, now: OffsetDateTime) -> Result<(), StoreError> {
        diesel::update(referrals::table.find(referred.0).filter(referrals::paid_at.is_null()))
            .set(referrals::paid_at.eq(now))
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn click(
        &mut self,
        code: &ReferralCode,
        visitor: Visitor,
        network: VisitorNetwork,
        now: OffsetDateTime,
        limits: ClickLimits,
    ) -> Result<(), StoreError> {
        statement::<()>(include_str!("insert_click.sql"))
            .bind::<Text, _>(code.as_str().to_owned())
            .bind::<Binary, _>(visitor.0.to_vec())
            .bind::<Timestamptz, _>(now)
            .bind::<SqlDate, _>(now.to_offset(UtcOffset::UTC).date())
            .bind::<BigInt, _>(i64::from(limits.a_day))
            .bind::<Binary, _>(network.0.to_vec())
            .bind::<BigInt, _>(i64::from(limits.of_network))
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn convert_click(
        &mut self,
        referrer: UserId,
        visitor: Visitor,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        statement::<()>(include_str!("convert_click.sql"))
            .bind::<SqlUuid, _>(referrer.0)
            .bind::<Binary, _>(visitor.0.to_vec())
            .bind::<Timestamptz, _>(now)
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

/// People by level, XP, clicks and those that were converted.
type StatsColumns = (BigInt, BigInt, BigInt, BigInt, BigInt, BigInt);

/// Id, username, name, picture; whether the rest is shown: tokens, active days, event XP, since when, whether it was paid and
/// how much.
type PersonColumns =
    (SqlUuid, Text, Nullable<Text>, Nullable<Text>, Bool, BigInt, Integer, BigInt, Timestamptz, Bool, BigInt);

#[derive(Queryable)]
struct PersonRow {
    id: Uuid,
    username: String,
    name: Option<String>,
    image: Option<String>,
    is_open: bool,
    tokens: i64,
    active_days: i32,
    event_xp: i64,
    joined_at: OffsetDateTime,
    is_active: bool,
    paid: i64,
}

impl From<PersonRow> for ReferredPerson {
    fn from(row: PersonRow) -> Self {
        let seen = ReferredSeen {
            level: Level::of(xp(row.tokens, row.active_days.unsigned_abs(), EventXp(row.event_xp))),
            joined_at: row.joined_at,
            is_active: row.is_active,
            xp: EventXp(row.paid),
        };
        Self {
            id: UserId(row.id),
            username: Username::trusted(row.username),
            name: row.name,
            image: row.image.map(WebUrl::trusted),
            seen: row.is_open.then_some(seen),
        }
    }
}

#[async_trait]
impl ReferralReader for Database {
    async fn code(&self, user: UserId) -> Result<Option<ReferralCode>, StoreError> {
        find_code(&mut self.connection().await?.pg, user).await
    }

    async fn stats(&self, user: UserId, listed: u32) -> Result<ReferralStats, StoreError> {
        let connection = self.connection().await?;
        let (mut first, mut second) = (&connection.pg, &connection.pg);
        let sums = statement::<StatsColumns>(include_str!("referral_stats.sql")).bind::<SqlUuid, _>(user.0);
        let people = statement::<PersonColumns>(include_str!("referred_people.sql"))
            .bind::<SqlUuid, _>(user.0)
            .bind::<BigInt, _>(i64::from(listed));
        let (sums, people) = futures_util::try_join!(
            sums.get_result::<(i64, i64, i64, i64, i64, i64)>(&mut first),
            people.load::<PersonRow>(&mut second),
        )
        .map_err(store_error)?;
        let (one, two, three, xp, clicks, converted) = sums;
        Ok(ReferralStats {
            totals: [one, two, three].map(i64::unsigned_abs),
            xp: EventXp(xp),
            people: people.into_iter().map(ReferredPerson::from).collect(),
            clicks: ClickStats { total: clicks.unsigned_abs(), converted: converted.unsigned_abs() },
        })
    }
}
