//! Plausibility: one statement for each kind of evidence, over everybody, and what was found.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date as SqlDate, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::page::{Page, PageRequest};
use domain::plausibility::ports::{PlausibilityReader, PlausibilityRepository};
use domain::plausibility::{Evidence, Finding, Flags, Kind, Limits, Reason, Shared, StandingFlag, Suspect};
use domain::users::Username;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::database::Database;
use crate::error::store_error;
use crate::schema::{account_flags, plausibility_reasons};
use crate::statement::{Statement, statement};
use crate::unit_of_work::PgUnitOfWork;

/// Names the lock that a look holds.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('burntop plausibility', 0))";

type DayColumns = (SqlUuid, SqlDate, BigInt);
type SharedColumns = (SqlUuid, BigInt, BigInt, SqlUuid, Bool);
type SharedRow = (Uuid, i64, i64, Uuid, bool);

impl PgUnitOfWork {
    /// What each account has most of on a day, where that is more than `most`.
    async fn largest_days(&mut self, text: &'static str, most: i64) -> Result<Vec<(Uuid, Date, i64)>, StoreError> {
        let days = statement::<DayColumns>(text).bind::<BigInt, _>(most);
        days.load(self.connection()?).await.map_err(store_error)
    }

    /// What accounts have in common with others.
    async fn in_common(&mut self, query: Statement<'_, SharedColumns>) -> Result<Vec<(UserId, Shared)>, StoreError> {
        let rows: Vec<SharedRow> = query.load(self.connection()?).await.map_err(store_error)?;
        let shared = |(user, shared, of, other, was_first)| {
            (UserId(user), Shared { shared, of, other: UserId(other), was_first })
        };
        Ok(rows.into_iter().map(shared).collect())
    }

    async fn rates(&mut self, limits: &Limits) -> Result<Vec<(UserId, Evidence)>, StoreError> {
        let written = include_str!("written.sql");
        let written = self.largest_days(written, limits.written_a_day).await?.into_iter();
        let mut found: Vec<_> =
            written.map(|(user, day, tokens)| (UserId(user), Evidence::Written { day, tokens })).collect();
        let days = include_str!("used_in_a_day.sql");
        let days = self.largest_days(days, limits.used_a_day).await?.into_iter();
        found.extend(days.map(|(user, day, tokens)| (UserId(user), Evidence::UsedInADay { day, tokens })));
        let hours = include_str!("used_in_an_hour.sql");
        let hours: Vec<(Uuid, Date, i16, i64)> = statement::<(SqlUuid, SqlDate, SmallInt, BigInt)>(hours)
            .bind::<BigInt, _>(limits.used_an_hour)
            .load(self.connection()?)
            .await
            .map_err(store_error)?;
        found.extend(hours.into_iter().map(|(user, day, hour, tokens)| {
            let hour = u8::try_from(hour).unwrap_or(0);
            (UserId(user), Evidence::UsedInAnHour { day, hour, tokens })
        }));
        Ok(found)
    }

    async fn unknown_models(&mut self, limits: &Limits) -> Result<Vec<(UserId, Evidence)>, StoreError> {
        let text = include_str!("unknown_models.sql");
        let rows: Vec<(Uuid, i64, String, i64)> = statement::<(SqlUuid, BigInt, Text, BigInt)>(text)
            .bind::<BigInt, _>(limits.unknown_models)
            .load(self.connection()?)
            .await
            .map_err(store_error)?;
        let evidence = |(user, models, name, tokens)| {
            let models = u32::try_from(models).unwrap_or(u32::MAX);
            (UserId(user), Evidence::UnknownModels { models, name, tokens })
        };
        Ok(rows.into_iter().map(evidence).collect())
    }
}

#[async_trait]
impl PlausibilityRepository for PgUnitOfWork {
    async fn lock(&mut self) -> Result<(), StoreError> {
        self.batch(LOCK).await
    }

    async fn look(&mut self, limits: &Limits, since: Date) -> Result<Vec<(UserId, Evidence)>, StoreError> {
        self.make_room().await?;
        let mut found = self.rates(limits).await?;
        found.extend(self.unknown_models(limits).await?);
        let messages = statement(include_str!("shared_messages.sql"))
            .bind::<BigInt, _>(limits.messages)
            .bind::<BigInt, _>(limits.share);
        let messages = self.in_common(messages).await?.into_iter();
        found.extend(messages.map(|(user, shared)| (user, Evidence::SharedMessages(shared))));
        let days = statement(include_str!("same_days.sql"))
            .bind::<SqlDate, _>(since)
            .bind::<BigInt, _>(limits.day_tokens)
            .bind::<BigInt, _>(limits.days)
            .bind::<BigInt, _>(limits.share);
        let days = self.in_common(days).await?.into_iter();
        found.extend(days.map(|(user, shared)| (user, Evidence::SameDays(shared))));
        Ok(found)
    }

    async fn replace(&mut self, findings: &[Finding], now: OffsetDateTime) -> Result<u64, StoreError> {
        let c = self.connection()?;
        let each = findings.iter();
        let users: Vec<Uuid> = each.clone().map(|finding| finding.user.0).collect();
        let kinds: Vec<&str> = each.clone().map(|finding| finding.kind.name()).collect();
        statement::<()>(include_str!("refute.sql"))
            .bind::<Array<SqlUuid>, _>(users.clone())
            .bind::<Array<Text>, _>(kinds.clone())
            .execute(c)
            .await
            .map_err(store_error)?;
        statement::<()>(include_str!("keep.sql"))
            .bind::<Array<SqlUuid>, _>(users)
            .bind::<Array<Text>, _>(kinds)
            .bind::<Array<SmallInt>, _>(each.clone().map(|finding| i16::from(finding.score)).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(each.clone().map(|finding| finding.message.as_str()).collect::<Vec<_>>())
            .bind::<Array<Nullable<SqlUuid>>, _>(
                each.map(|finding| finding.other.map(|other| other.0)).collect::<Vec<_>>(),
            )
            .bind::<Timestamptz, _>(now)
            .execute(c)
            .await
            .map_err(store_error)?;
        let accounts = diesel::dsl::count(plausibility_reasons::user_id).aggregate_distinct();
        let accounts: i64 = plausibility_reasons::table.select(accounts).first(c).await.map_err(store_error)?;
        Ok(accounts.unsigned_abs())
    }
}

/// Kind, score, message, found first and last.
type ReasonFields = (String, i16, String, OffsetDateTime, OffsetDateTime);

/// The reason; `None` where another version of the program found it.
fn reason((kind, score, message, first_seen, last_seen): ReasonFields) -> Option<Reason> {
    let score = u8::try_from(score).unwrap_or(100);
    Some(Reason { kind: Kind::of(&kind)?, score, message, first_seen, last_seen })
}

#[async_trait]
impl PlausibilityReader for Database {
    async fn flags(&self, user: UserId, now: OffsetDateTime) -> Result<Flags, StoreError> {
        use plausibility_reasons::{first_seen, kind, last_seen, message, score, user_id};
        let mut connection = self.connection().await?;
        let reasons: Vec<ReasonFields> = plausibility_reasons::table
            .filter(user_id.eq(user.0))
            .order((score.desc(), kind))
            .select((kind, score, message, first_seen, last_seen))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        let ended = account_flags::expires_at.le(now).assume_not_null();
        let standing: Option<(String, OffsetDateTime, Option<OffsetDateTime>)> = account_flags::table
            .filter(account_flags::user_id.eq(user.0))
            .filter(account_flags::lifted_at.is_null())
            .filter(account_flags::expires_at.is_null().or(diesel::dsl::not(ended)))
            .select((account_flags::reason, account_flags::created_at, account_flags::expires_at))
            .first(&mut connection.pg)
            .await
            .optional()
            .map_err(store_error)?;
        let standing = standing.map(|(reason, created_at, expires_at)| StandingFlag { reason, created_at, expires_at });
        Ok(Flags { reasons: reasons.into_iter().filter_map(reason).collect(), standing })
    }

    async fn suspects(
        &self,
        score: u8,
        now: OffsetDateTime,
        request: PageRequest,
    ) -> Result<Page<Suspect>, StoreError> {
        type Columns = (SqlUuid, Text, Bool, (Text, SmallInt, Text, Timestamptz, Timestamptz), Nullable<Text>);
        let mut connection = self.connection().await?;
        let count = "SELECT count(DISTINCT users.id) FROM plausibility_reasons AS reasons
                     JOIN users ON users.id = reasons.user_id AND users.deleted_at IS NULL
                     WHERE reasons.score >= $1";
        let total: i64 = statement::<BigInt>(count)
            .bind::<SmallInt, _>(i16::from(score))
            .get_result(&mut connection.pg)
            .await
            .map_err(store_error)?;
        let rows: Vec<(Uuid, String, bool, ReasonFields, Option<String>)> =
            statement::<Columns>(include_str!("suspects.sql"))
                .bind::<SmallInt, _>(i16::from(score))
                .bind::<BigInt, _>(i64::from(request.size))
                .bind::<BigInt, _>(i64::try_from(request.offset()).unwrap_or(i64::MAX))
                .bind::<Timestamptz, _>(now)
                .load(&mut connection.pg)
                .await
                .map_err(store_error)?;
        let mut items: Vec<Suspect> = Vec::new();
        for (user, username, is_flagged, fields, other) in rows {
            let user = UserId(user);
            if items.last().is_none_or(|suspect| suspect.user != user) {
                items.push(Suspect { user, username: Username::trusted(username), reasons: Vec::new(), is_flagged });
            }
            if let (Some(suspect), Some(reason)) = (items.last_mut(), reason(fields)) {
                suspect.reasons.push((reason, other.map(Username::trusted)));
            }
        }
        Ok(Page { items, total: total.unsigned_abs(), request })
    }
}
