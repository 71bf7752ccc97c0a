//! What was earned: the facts it is judged by, and the awards.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Date as SqlDate, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::achievements::ports::{
    AchievementReader, Award, ProgressEvent, ProgressRepository, ProgressSums, Shown, Unlocked,
};
use domain::achievements::{Events, Facts, PersonFacts, Tier, UsageFacts};
use domain::days::Window;
use domain::error::StoreError;
use domain::ids::{AchievementId, UserId};
use domain::progression::EventXp;
use domain::social::Activity;
use domain::usage::ModelName;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::database::Database;
use crate::error::store_error;
use crate::notifications::insert_notifications;
use crate::payload::json;
use crate::schema::unlocked_achievements;
use crate::statement::{Statement, statement};
use crate::sums::{SumsColumns, SumsRow};
use crate::unit_of_work::PgUnitOfWork;

type UsageColumns = (Array<Text>, Integer, Integer, BigInt, Integer, Integer, Integer, Integer, Integer);

#[derive(Queryable)]
struct UsageRow {
    models: Vec<String>,
    tools: i32,
    machines: i32,
    busiest_day: i64,
    tools_in_a_day: i32,
    models_in_a_day: i32,
    early_days: i32,
    night_days: i32,
    hours_of_day: i32,
}

impl From<UsageRow> for UsageFacts {
    fn from(row: UsageRow) -> Self {
        Self {
            models: row.models.into_iter().map(ModelName::trusted).collect(),
            tools: row.tools.unsigned_abs(),
            machines: row.machines.unsigned_abs(),
            busiest_day: row.busiest_day,
            tools_in_a_day: row.tools_in_a_day.unsigned_abs(),
            models_in_a_day: row.models_in_a_day.unsigned_abs(),
            early_days: row.early_days.unsigned_abs(),
            night_days: row.night_days.unsigned_abs(),
            hours_of_day: row.hours_of_day.unsigned_abs(),
        }
    }
}

type PersonColumns = (
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    Integer,
    Integer,
    Timestamptz,
    Integer,
    Nullable<Integer>,
    Array<SqlDate>,
    BigInt,
    BigInt,
    SumsColumns,
);

#[derive(Queryable)]
struct PersonRow {
    followers: i64,
    following: i64,
    referrals: i64,
    referral_network: i64,
    profile_fields: i32,
    account_number: i32,
    registered_at: OffsetDateTime,
    best_rank: i32,
    rank: Option<i32>,
    active_days: Vec<Date>,
    monthly_tokens: i64,
    event_xp: i64,
    totals: SumsRow,
}

impl PersonRow {
    fn facts(&self) -> PersonFacts {
        PersonFacts {
            followers: self.followers.unsigned_abs(),
            following: self.following.unsigned_abs(),
            referrals: self.referrals.unsigned_abs(),
            referral_network: self.referral_network.unsigned_abs(),
            profile_fields: self.profile_fields.unsigned_abs(),
            account_number: self.account_number.unsigned_abs().into(),
            registered_at: self.registered_at,
            best_rank: self.best_rank.unsigned_abs(),
            rank: self.rank.map(i32::unsigned_abs),
        }
    }
}

type UnlockedColumns = (SqlUuid, Nullable<SmallInt>, Timestamptz, Bool);

#[derive(Queryable)]
struct UnlockedRow {
    id: Uuid,
    tier: Option<i16>,
    at: OffsetDateTime,
    pinned: bool,
}

impl From<UnlockedRow> for Unlocked {
    fn from(row: UnlockedRow) -> Self {
        let tier = row.tier.and_then(|number| u8::try_from(number).ok()).and_then(Tier::of);
        Self { id: AchievementId(row.id), tier, at: row.at, pinned: row.pinned }
    }
}

fn facts(usage: UsageRow, person: &PersonRow, unlocked: &[Unlocked]) -> Facts {
    Facts {
        person: person.facts(),
        active_days: person.active_days.iter().copied().collect(),
        monthly_tokens: person.monthly_tokens,
        usage: usage.into(),
        held: unlocked.iter().map(|unlocked| (unlocked.id, unlocked.tier)).collect(),
    }
}

fn usage_facts(user: UserId) -> Statement<'static, UsageColumns> {
    statement(include_str!("usage_facts.sql")).bind::<SqlUuid, _>(user.0)
}

fn person_facts(month: Window, viewer: Option<UserId>) -> Statement<'static, PersonColumns> {
    statement(include_str!("person_facts.sql"))
        .bind::<SqlUuid, _>(month.person.0)
        .bind::<SqlDate, _>(month.from)
        .bind::<SqlDate, _>(month.to)
        .bind::<Nullable<SqlUuid>, _>(viewer.map(|viewer| viewer.0))
}

fn unlocked(user: UserId) -> Statement<'static, UnlockedColumns> {
    statement(include_str!("unlocked.sql")).bind::<SqlUuid, _>(user.0)
}

#[async_trait]
impl AchievementReader for Database {
    async fn achievements(&self, month: Window, viewer: Option<UserId>) -> Result<Option<Shown>, StoreError> {
        let connection = self.connection().await?;
        let (mut c1, mut c2, mut c3) = (&connection.pg, &connection.pg, &connection.pg);
        let (usage, person, rows) = futures_util::try_join!(
            usage_facts(month.person).load::<UsageRow>(&mut c1),
            person_facts(month, viewer).load::<PersonRow>(&mut c2),
            unlocked(month.person).load::<UnlockedRow>(&mut c3),
        )
        .map_err(store_error)?;
        let Some((usage, person)) = usage.into_iter().next().zip(person.into_iter().next()) else { return Ok(None) };
        let unlocked: Vec<Unlocked> = rows.into_iter().map(Unlocked::from).collect();
        Ok(Some(Shown {
            facts: facts(usage, &person, &unlocked),
            totals: person.totals.into(),
            event_xp: EventXp(person.event_xp),
            unlocked,
        }))
    }
}

#[async_trait]
impl ProgressRepository for PgUnitOfWork {
    async fn facts(&mut self, month: Window) -> Result<Option<(Facts, Events)>, StoreError> {
        let c = self.shared()?;
        let user = month.person;
        let events: Statement<'_, (Text, BigInt)> =
            statement("SELECT reason, xp FROM progress_events WHERE user_id = $1").bind::<SqlUuid, _>(user.0);
        // All sent together: one round trip.
        let (mut c1, mut c2, mut c3, mut c4) = (c, c, c, c);
        let (usage, person, held, events) = futures_util::try_join!(
            usage_facts(user).load::<UsageRow>(&mut c1),
            person_facts(month, Some(user)).load::<PersonRow>(&mut c2),
            unlocked(user).load::<UnlockedRow>(&mut c3),
            events.load::<(String, i64)>(&mut c4),
        )
        .map_err(store_error)?;
        let held: Vec<Unlocked> = held.into_iter().map(Unlocked::from).collect();
        let found = usage.into_iter().next().zip(person.into_iter().next());
        let events = events.into_iter().map(|(reason, xp)| (reason, EventXp(xp))).collect();
        Ok(found.map(|(usage, person)| (facts(usage, &person, &held), events)))
    }

    async fn unlocked(&mut self, user: UserId) -> Result<Vec<Unlocked>, StoreError> {
        let rows: Vec<UnlockedRow> = unlocked(user).load(self.connection()?).await.map_err(store_error)?;
        Ok(rows.into_iter().map(Unlocked::from).collect())
    }

    async fn set_pinned(
        &mut self,
        user: UserId,
        achievement: AchievementId,
        at: Option<OffsetDateTime>,
    ) -> Result<(), StoreError> {
        diesel::update(unlocked_achievements::table.find((user.0, achievement.0)))
            .set(unlocked_achievements::pinned_at.eq(at))
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn award(&mut self, user: UserId, award: &Award, now: OffsetDateTime) -> Result<(), StoreError> {
        let (c, sends_email) = (self.shared()?, self.sends_email);
        // All sent together: one round trip.
        futures_util::try_join!(
            run(award.sums.map(|sums| set_progress(user, sums)), c),
            run(unlock(user, award, now), c),
            run(insert_events(user, &award.events, now), c),
            run(insert_activities(user, &award.activities), c),
            run(insert_notifications(user, &award.notifications, sends_email), c),
        )
        .map_err(store_error)?;
        Ok(())
    }
}

/// Runs `statement`, where there is one.
async fn run(statement: Option<Statement<'_>>, mut connection: &AsyncPgConnection) -> diesel::QueryResult<usize> {
    match statement {
        Some(statement) => statement.execute(&mut connection).await,
        None => Ok(0),
    }
}

fn set_progress(user: UserId, sums: ProgressSums) -> Statement<'static> {
    let integer = |count| i32::try_from(count).unwrap_or(i32::MAX);
    statement::<()>(include_str!("set_progress.sql"))
        .bind::<SqlUuid, _>(user.0)
        .bind::<Integer, _>(integer(sums.active_days))
        .bind::<Integer, _>(integer(sums.longest_streak))
        .bind::<BigInt, _>(sums.event_xp.0)
        .bind::<Integer, _>(integer(sums.achievements))
}

fn unlock(user: UserId, award: &Award, now: OffsetDateTime) -> Option<Statement<'static>> {
    let unlocks = &award.unlocks;
    let tiers = unlocks.iter().map(|(_, tier)| tier.map(|tier| i16::from(tier.number())));
    let statement = || {
        statement::<()>(include_str!("unlock.sql"))
            .bind::<SqlUuid, _>(user.0)
            .bind::<Array<SqlUuid>, _>(unlocks.iter().map(|(id, _)| id.0).collect::<Vec<_>>())
            .bind::<Array<Nullable<SmallInt>>, _>(tiers.collect::<Vec<_>>())
            .bind::<Timestamptz, _>(now)
    };
    (!unlocks.is_empty()).then(statement)
}

fn insert_events(user: UserId, events: &[ProgressEvent], now: OffsetDateTime) -> Option<Statement<'_>> {
    let statement = || {
        statement::<()>(include_str!("insert_events.sql"))
            .bind::<SqlUuid, _>(user.0)
            .bind::<Array<Text>, _>(events.iter().map(|event| event.reason.as_str()).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(events.iter().map(|event| event.xp.0).collect::<Vec<_>>())
            .bind::<Timestamptz, _>(now)
    };
    (!events.is_empty()).then(statement)
}

fn insert_activities(user: UserId, activities: &[Activity]) -> Option<Statement<'static>> {
    let statement = || {
        statement::<()>(include_str!("insert_activities.sql"))
            .bind::<SqlUuid, _>(user.0)
            .bind::<Array<SqlUuid>, _>(activities.iter().map(|activity| activity.id.0).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(activities.iter().map(|activity| activity.kind.name()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(activities.iter().map(|activity| json(&activity.data)).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(activities.iter().map(|activity| activity.created_at).collect::<Vec<_>>())
    };
    (!activities.is_empty()).then(statement)
}
