//! Referral codes, clicks and referrals.

use domain::progression::EventXp;
use domain::referrals::ports::{ReferralReader, ReferralRepository};
use domain::referrals::{
    ClickLimits, ClickStats, ReferralCode, ReferralStats, ReferredDetails, ReferredUser, Visitor, VisitorNetwork,
};
use domain::social::Author;
use time::UtcOffset;

use crate::database::Database;
use crate::prelude::*;
use crate::progress::LevelRow;
use crate::schema::{referral_codes, referrals, users};
use crate::unit_of_work::PgUnitOfWork;
use crate::users::AuthorRow;

/// Advisory lock that serialises new referrals, so that concurrent ones cannot form a cycle together: the chain may reach beyond
/// the locked accounts. It is the last lock of a transaction (I13).
const JOINING: i64 = 0x6275_726e_746f_7001;

async fn find_code(connection: &AsyncPgConnection, user: UserId) -> Result<Option<ReferralCode>, StoreError> {
    let code: Option<String> =
        referral_codes::table.find(user.0).select(referral_codes::code).optional(connection).await?;
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
        Ok(query.run(self.connection()?).await? > 0)
    }

    async fn owner(&mut self, code: &ReferralCode) -> Result<Option<UserId>, StoreError> {
        let owner: Option<Uuid> = referral_codes::table
            .inner_join(users::table.on(users::id.eq(referral_codes::user_id)))
            .filter(referral_codes::code.eq(code.as_str()))
            .filter(users::deleted_at.is_null())
            .select(users::id)
            .optional(self.connection()?)
            .await?;
        Ok(owner.map(UserId))
    }

    async fn above(&mut self, user: UserId, most: u32) -> Result<Vec<UserId>, StoreError> {
        let rows = statement(include_str!("referrers_above.sql"))
            .bind::<SqlUuid>(user.0)
            .bind::<Integer>(to_integer(most))
            .values::<SqlUuid, _>(self.connection()?)
            .await?;
        Ok(rows.into_iter().map(UserId).collect())
    }

    async fn is_above(&mut self, other: UserId, user: UserId) -> Result<bool, StoreError> {
        let c = self.connection()?;
        let lock = statement("SELECT pg_advisory_xact_lock($1)").bind::<BigInt>(JOINING);
        // Two statements: one does not see what was committed while it waited.
        let found = statement(include_str!("is_above.sql")).bind::<SqlUuid>(user.0).bind::<SqlUuid>(other.0);
        let (_, found) = futures_util::try_join!(lock.run(c), found.value::<Bool, _>(c))?;
        Ok(found)
    }

    async fn insert(&mut self, newcomer: UserId, referrer: UserId, now: OffsetDateTime) -> Result<bool, StoreError> {
        let row = (
            referrals::referred_id.eq(newcomer.0),
            referrals::referrer_id.eq(referrer.0),
            referrals::created_at.eq(now),
        );
        let query = diesel::insert_into(referrals::table).values(row).on_conflict_do_nothing();
        Ok(query.run(self.connection()?).await? > 0)
    }

    async fn set_paid(&mut self, referred: UserId, now: OffsetDateTime) -> Result<(), StoreError> {
        diesel::update(referrals::table.find(referred.0).filter(referrals::paid_at.is_null()))
            .set(referrals::paid_at.eq(now))
            .exec(self.connection()?)
            .await
    }

    async fn click(
        &mut self,
        code: &ReferralCode,
        visitor: Visitor,
        network: VisitorNetwork,
        now: OffsetDateTime,
        limits: ClickLimits,
    ) -> Result<(), StoreError> {
        statement(include_str!("insert_click.sql"))
            .bind::<Text>(code.as_str().to_owned())
            .bind::<Binary>(visitor.0.to_vec())
            .bind::<Timestamptz>(now)
            .bind::<SqlDate>(now.to_offset(UtcOffset::UTC).date())
            .bind::<BigInt>(i64::from(limits.a_day))
            .bind::<Binary>(network.0.to_vec())
            .bind::<BigInt>(i64::from(limits.of_network))
            .exec(self.connection()?)
            .await
    }

    async fn convert_click(
        &mut self,
        referrer: UserId,
        visitor: Visitor,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        statement(include_str!("convert_click.sql"))
            .bind::<SqlUuid>(referrer.0)
            .bind::<Binary>(visitor.0.to_vec())
            .bind::<Timestamptz>(now)
            .exec(self.connection()?)
            .await
    }
}

#[derive(QueryableByName)]
struct StatsRow {
    #[diesel(sql_type = Array<BigInt>)]
    totals: Vec<i64>,
    #[diesel(sql_type = BigInt)]
    xp: i64,
    #[diesel(sql_type = BigInt)]
    clicks: i64,
    #[diesel(sql_type = BigInt)]
    converted: i64,
}

#[derive(QueryableByName)]
struct ReferredUserRow {
    #[diesel(embed)]
    account: AuthorRow,
    #[diesel(sql_type = Bool)]
    is_open: bool,
    #[diesel(embed)]
    progress: LevelRow,
    #[diesel(sql_type = Timestamptz)]
    joined_at: OffsetDateTime,
    #[diesel(sql_type = Bool)]
    is_active: bool,
    #[diesel(sql_type = BigInt)]
    paid: i64,
}

impl From<ReferredUserRow> for ReferredUser {
    fn from(row: ReferredUserRow) -> Self {
        let Author { id, username, name, image } = row.account.into();
        let seen = ReferredDetails {
            level: row.progress.level(),
            joined_at: row.joined_at,
            is_active: row.is_active,
            xp: EventXp(row.paid),
        };
        Self { id, username, name, image, seen: row.is_open.then_some(seen) }
    }
}

#[async_trait]
impl ReferralReader for Database {
    async fn code(&self, user: UserId) -> Result<Option<ReferralCode>, StoreError> {
        find_code(&self.connection().await?.pg, user).await
    }

    async fn stats(&self, user: UserId, listed: u32) -> Result<ReferralStats, StoreError> {
        let connection = self.connection().await?;
        let c = &connection.pg;
        let stats = statement(include_str!("referral_stats.sql")).bind::<SqlUuid>(user.0);
        let people =
            statement(include_str!("referred_people.sql")).bind::<SqlUuid>(user.0).bind::<BigInt>(i64::from(listed));
        let (stats, people): (StatsRow, Vec<ReferredUserRow>) = futures_util::try_join!(stats.row(c), people.rows(c))?;
        let level = |level: usize| stats.totals.get(level).copied().unwrap_or_default().unsigned_abs();
        Ok(ReferralStats {
            totals: std::array::from_fn(level),
            xp: EventXp(stats.xp),
            people: people.into_iter().map(ReferredUser::from).collect(),
            clicks: ClickStats { total: stats.clicks.unsigned_abs(), converted: stats.converted.unsigned_abs() },
        })
    }
}
