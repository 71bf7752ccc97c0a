//! Progress: the facts that achievements are judged by, and awards.

use std::collections::BTreeSet;

use diesel::sql_types::Datemultirange;
use domain::achievements::ports::{
    AccountAchievements, AchievementReader, ProgressChanges, ProgressEvent, ProgressRepository, ProgressSums,
    UnlockedAchievement,
};
use domain::achievements::{AchievementFacts, ProgressEvents, Tier, UsageFacts, UserFacts};
use domain::days::Window;
use domain::ids::AchievementId;
use domain::progression::{EventXp, Level, xp};
use domain::social::Activity;
use domain::usage::ModelName;

use crate::database::Database;
use crate::day_runs::DayRuns;
use crate::notifications::insert_notifications;
use crate::payload::json;
use crate::prelude::*;
use crate::schema::{progress_events, unlocked_achievements, usage_totals};
use crate::statement::run_if_any;
use crate::sums::SumsRow;
use crate::unit_of_work::PgUnitOfWork;

#[derive(QueryableByName)]
struct UsageRow {
    #[diesel(sql_type = Array<Text>)]
    models: Vec<String>,
    #[diesel(sql_type = Integer)]
    tools: i32,
    #[diesel(sql_type = Integer)]
    machines: i32,
    #[diesel(sql_type = BigInt)]
    busiest_day: i64,
    #[diesel(sql_type = Integer)]
    tools_in_a_day: i32,
    #[diesel(sql_type = Integer)]
    models_in_a_day: i32,
    #[diesel(sql_type = Integer)]
    hours: i32,
    #[diesel(sql_type = Datemultirange)]
    active: DayRuns,
    #[diesel(sql_type = Datemultirange)]
    early: DayRuns,
    #[diesel(sql_type = Datemultirange)]
    night: DayRuns,
}

impl From<UsageRow> for (BTreeSet<Date>, UsageFacts) {
    fn from(row: UsageRow) -> Self {
        let facts = UsageFacts {
            models: row.models.into_iter().map(ModelName::trusted).collect(),
            tools: row.tools.unsigned_abs(),
            machines: row.machines.unsigned_abs(),
            busiest_day: row.busiest_day,
            tools_in_a_day: row.tools_in_a_day.unsigned_abs(),
            models_in_a_day: row.models_in_a_day.unsigned_abs(),
            early_days: row.early.count(),
            night_days: row.night.count(),
            hours_of_day: row.hours.count_ones(),
        };
        (row.active.days(), facts)
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = usage_totals)]
struct UserFactsRow {
    #[diesel(sql_type = BigInt)]
    followers: i64,
    #[diesel(sql_type = BigInt)]
    following: i64,
    #[diesel(sql_type = BigInt)]
    referrals: i64,
    #[diesel(sql_type = BigInt)]
    referral_network: i64,
    #[diesel(sql_type = Integer)]
    profile_fields: i32,
    #[diesel(sql_type = Integer)]
    account_number: i32,
    #[diesel(sql_type = Timestamptz)]
    registered_at: OffsetDateTime,
    #[diesel(sql_type = Integer)]
    best_rank: i32,
    #[diesel(sql_type = Nullable<Integer>)]
    rank: Option<i32>,
    #[diesel(sql_type = BigInt)]
    monthly_tokens: i64,
    event_xp: i64,
    #[diesel(embed)]
    totals: SumsRow,
}

impl UserFactsRow {
    fn facts(&self) -> UserFacts {
        UserFacts {
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

#[derive(QueryableByName)]
#[diesel(table_name = unlocked_achievements)]
struct UnlockedRow {
    achievement_id: Uuid,
    tier: Option<i16>,
    unlocked_at: OffsetDateTime,
    pinned_at: Option<OffsetDateTime>,
}

impl From<UnlockedRow> for UnlockedAchievement {
    fn from(row: UnlockedRow) -> Self {
        let (id, tier) = (AchievementId(row.achievement_id), stored_tier(row.tier));
        Self { id, tier, at: row.unlocked_at, pinned: row.pinned_at.is_some() }
    }
}

pub(crate) fn stored_tier(number: Option<i16>) -> Option<Tier> {
    Tier::of(number?.try_into().ok()?)
}

/// The figures that give an account its level.
#[derive(Queryable, QueryableByName)]
#[diesel(table_name = usage_totals)]
pub(crate) struct LevelRow {
    #[diesel(sql_type = BigInt)]
    lifetime_tokens: i64,
    active_days: i32,
    event_xp: i64,
}

impl LevelRow {
    pub(crate) fn level(&self) -> Level {
        Level::of(xp(self.lifetime_tokens, self.active_days.unsigned_abs(), EventXp(self.event_xp)))
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = progress_events)]
struct EventRow {
    reason: String,
    xp: i64,
}

fn facts(usage: UsageRow, user_row: &UserFactsRow, unlocked: &[UnlockedAchievement]) -> AchievementFacts {
    let (active_days, usage) = usage.into();
    AchievementFacts {
        user: user_row.facts(),
        active_days,
        monthly_tokens: user_row.monthly_tokens,
        usage,
        held: unlocked.iter().map(|unlocked| (unlocked.id, unlocked.tier)).collect(),
    }
}

fn usage_facts(user: UserId) -> Statement<'static> {
    statement(include_str!("usage_facts.sql")).bind::<SqlUuid>(user.0)
}

fn person_facts(month: Window, viewer: Option<UserId>) -> Statement<'static> {
    statement(include_str!("person_facts.sql"))
        .bind::<SqlUuid>(month.user.0)
        .bind::<SqlDate>(month.from)
        .bind::<SqlDate>(month.to)
        .bind::<Nullable<SqlUuid>>(viewer.map(|viewer| viewer.0))
}

fn unlocked(user: UserId) -> Statement<'static> {
    statement(include_str!("unlocked_achievements.sql")).bind::<SqlUuid>(user.0)
}

#[async_trait]
impl AchievementReader for Database {
    async fn achievements(
        &self,
        month: Window,
        viewer: Option<UserId>,
    ) -> Result<Option<AccountAchievements>, StoreError> {
        let connection = self.connection().await?;
        let c = &connection.pg;
        let (usage, user_row, rows) = futures_util::try_join!(
            usage_facts(month.user).optional(c),
            person_facts(month, viewer).optional(c),
            unlocked(month.user).rows::<UnlockedRow>(c),
        )?;
        let (Some(usage), Some(user_row)): (_, Option<UserFactsRow>) = (usage, user_row) else { return Ok(None) };
        let unlocked: Vec<UnlockedAchievement> = rows.into_iter().map(UnlockedAchievement::from).collect();
        Ok(Some(AccountAchievements {
            facts: facts(usage, &user_row, &unlocked),
            totals: user_row.totals.into(),
            event_xp: EventXp(user_row.event_xp),
            unlocked,
        }))
    }
}

/// The facts and the events of `month.user`. One round trip.
pub(crate) async fn read_facts(
    month: Window,
    c: &AsyncPgConnection,
) -> Result<Option<(AchievementFacts, ProgressEvents)>, StoreError> {
    let user = month.user;
    let events = statement("SELECT reason, xp FROM progress_events WHERE user_id = $1").bind::<SqlUuid>(user.0);
    let (usage, user_row, held, events) = futures_util::try_join!(
        usage_facts(user).optional(c),
        person_facts(month, Some(user)).optional(c),
        unlocked(user).rows::<UnlockedRow>(c),
        events.rows(c),
    )?;
    let (Some(usage), Some(user_row)) = (usage, user_row) else { return Ok(None) };
    let held: Vec<UnlockedAchievement> = held.into_iter().map(UnlockedAchievement::from).collect();
    let events = events.into_iter().map(|row: EventRow| (row.reason, EventXp(row.xp))).collect();
    Ok(Some((facts(usage, &user_row, &held), events)))
}

#[async_trait]
impl ProgressRepository for PgUnitOfWork {
    async fn facts(&mut self, month: Window) -> Result<Option<(AchievementFacts, ProgressEvents)>, StoreError> {
        read_facts(month, self.connection()?).await
    }

    async fn unlocked(&mut self, user: UserId) -> Result<Vec<UnlockedAchievement>, StoreError> {
        let rows: Vec<UnlockedRow> = unlocked(user).rows(self.connection()?).await?;
        Ok(rows.into_iter().map(UnlockedAchievement::from).collect())
    }

    async fn set_pinned(
        &mut self,
        user: UserId,
        achievement: AchievementId,
        at: Option<OffsetDateTime>,
    ) -> Result<(), StoreError> {
        diesel::update(unlocked_achievements::table.find((user.0, achievement.0)))
            .set(unlocked_achievements::pinned_at.eq(at))
            .exec(self.connection()?)
            .await
    }

    async fn award(&mut self, user: UserId, award: &ProgressChanges, now: OffsetDateTime) -> Result<(), StoreError> {
        let (c, sends_email) = (self.connection()?, self.sends_email);
        futures_util::try_join!(
            run_if_any(award.sums.map(|sums| set_progress(user, sums)), c),
            run_if_any(unlock(user, award, now), c),
            run_if_any(insert_events(user, &award.events, now), c),
            run_if_any(insert_activities(user, &award.activities), c),
            run_if_any(insert_notifications(user, &award.notifications, sends_email), c),
        )?;
        Ok(())
    }
}

fn set_progress(user: UserId, sums: ProgressSums) -> Statement<'static> {
    statement(include_str!("set_progress.sql"))
        .bind::<SqlUuid>(user.0)
        .bind::<Integer>(to_integer(sums.active_days))
        .bind::<Integer>(to_integer(sums.longest_streak))
        .bind::<BigInt>(sums.event_xp.0)
        .bind::<Integer>(to_integer(sums.achievements))
}

fn unlock(user: UserId, award: &ProgressChanges, now: OffsetDateTime) -> Option<Statement<'static>> {
    let unlocks = &award.unlocks;
    let tiers = unlocks.iter().map(|(_, tier)| tier.map(|tier| i16::from(tier.number())));
    let statement = || {
        statement(include_str!("upsert_unlocks.sql"))
            .bind::<SqlUuid>(user.0)
            .bind_array::<SqlUuid>(unlocks.iter().map(|(id, _)| id.0))
            .bind_array::<Nullable<SmallInt>>(tiers)
            .bind::<Timestamptz>(now)
    };
    (!unlocks.is_empty()).then(statement)
}

fn insert_events(user: UserId, events: &[ProgressEvent], now: OffsetDateTime) -> Option<Statement<'_>> {
    let statement = || {
        statement(include_str!("insert_events.sql"))
            .bind::<SqlUuid>(user.0)
            .bind_array::<Text>(events.iter().map(|event| event.reason.as_str()))
            .bind_array::<BigInt>(events.iter().map(|event| event.xp.0))
            .bind::<Timestamptz>(now)
    };
    (!events.is_empty()).then(statement)
}

fn insert_activities(user: UserId, activities: &[Activity]) -> Option<Statement<'static>> {
    let statement = || {
        statement(include_str!("insert_activities.sql"))
            .bind::<SqlUuid>(user.0)
            .bind_array::<SqlUuid>(activities.iter().map(|activity| activity.id.0))
            .bind_array::<Text>(activities.iter().map(|activity| activity.kind.name()))
            .bind_array::<Text>(activities.iter().map(|activity| json(&activity.data)))
            .bind_array::<Timestamptz>(activities.iter().map(|activity| activity.created_at))
    };
    (!activities.is_empty()).then(statement)
}
