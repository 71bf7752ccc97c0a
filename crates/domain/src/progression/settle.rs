//! What somebody earns when something changed: achievements, a level, a streak milestone, a badge. Judged and written in the
//! transaction that changed it.

use std::collections::BTreeSet;

use time::{Date, OffsetDateTime};

use super::{EventXp, Level, MonthlyBadge};
use crate::achievements::ports::{Award, ProgressEvent, ProgressSums};
use crate::achievements::{Events, Facts, Tier, Unlock, judge};
use crate::dashboard::ports::Window;
use crate::days::Zone;
use crate::ids::{ActivityId, Ids, NotificationId, UserId};
use crate::notifications::{Notification, Told};
use crate::social::{Activity, Happening, achievement_unlocked, badge_earned, level_up, streak_milestone};
use crate::store::{StoreError, UnitOfWork};
use crate::streaks::{Streak, longest_run};
use crate::usage::ports::Account;

/// The streaks that are announced, in days.
const MILESTONES: [u32; 5] = [7, 30, 100, 365, 1000];

/// An account in which something changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// The level before.
    pub before: Level,
    /// The account with its totals after it.
    pub account: Account,
    /// XP that the change itself pays.
    pub granted: Vec<ProgressEvent>,
    /// What its owner is told of the change itself.
    pub told: Vec<Told>,
}

impl Change {
    /// A change of `account`, as it was locked.
    pub(crate) fn of(account: Account) -> Self {
        Self { before: account.level(), account, granted: Vec::new(), told: Vec::new() }
    }
}

/// What a change came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Earned {
    /// The account after it.
    pub account: Account,
    /// Its streaks as of now.
    pub streak: Streak,
    /// What was unlocked, each achievement once.
    pub unlocks: Vec<Unlock>,
    /// Whether the change reached a higher level.
    pub leveled_up: bool,
    /// Whether the stored progress was another than the facts come to.
    pub corrected: bool,
}

/// Judges `user`, whose lock is held, and writes what they earned.
pub(crate) async fn settle(
    tx: &mut dyn UnitOfWork,
    ids: &dyn Ids,
    now: OffsetDateTime,
    user: UserId,
    change: Change,
) -> Result<Earned, StoreError> {
    let today = change.account.zone.clone().unwrap_or_else(Zone::utc).date(now);
    let facts = tx.progress().facts(Window::month(user, today)).await?;
    let (facts, events) = facts.ok_or_else(|| StoreError::Internal(format!("the account {user} has no progress")))?;
    let streak = Streak::of(&facts.active_days, today);
    let stored = change.account.progress();
    let outcome = decide(change, &facts, &events, now, today);
    let award = Award {
        sums: (outcome.account.progress() != stored).then(|| outcome.account.progress()),
        unlocks: outcome.unlocks.iter().map(|unlock| (unlock.definition.id(), unlock.tier)).collect(),
        events: outcome.events,
        activities: (outcome.happenings.into_iter())
            .map(|(kind, data)| Activity { id: ActivityId(ids.fresh()), user, kind, data, created_at: now })
            .collect(),
        notifications: (outcome.told.into_iter())
            .map(|told| Notification { id: NotificationId(ids.fresh()), user, told, created_at: now })
            .collect(),
    };
    if !award.is_empty() {
        tx.progress().award(user, &award, now).await?;
    }
    Ok(Earned {
        leveled_up: outcome.account.level().level > outcome.before.level,
        corrected: stored != outcome.derived,
        account: outcome.account,
        streak,
        unlocks: outcome.unlocks,
    })
}

/// What is to be written.
#[derive(Debug)]
struct Outcome {
    before: Level,
    /// What the facts come to before anything new is awarded.
    derived: ProgressSums,
    account: Account,
    unlocks: Vec<Unlock>,
    events: Vec<ProgressEvent>,
    happenings: Vec<Happening>,
    told: Vec<Told>,
}

/// Judges a change by `facts`. Nothing that an event was written for happens again.
fn decide(change: Change, facts: &Facts, past: &Events, now: OffsetDateTime, today: Date) -> Outcome {
    let Change { before, mut account, granted, mut told } = change;
    account.active_days = u32::try_from(facts.active_days.len()).unwrap_or(u32::MAX);
    account.longest_streak = longest_run(&facts.active_days);
    account.event_xp = past.xp();
    account.achievements = u32::try_from(facts.held.len()).unwrap_or(u32::MAX);
    let derived = account.progress();

    let mut events: Vec<ProgressEvent> = granted.into_iter().filter(|event| !past.contains(&event.reason)).collect();
    account.event_xp.0 += events.iter().map(|event| event.xp.0).sum::<i64>();

    let hundredths = super::xp_in_hundredths(account.totals.tokens, account.active_days, account.event_xp);
    let unlocks = judge(&facts.metrics(&account.totals, now), hundredths, &facts.held);
    let mut happenings = Vec::new();
    for unlock in &unlocks {
        let paid = EventXp(i64::try_from(unlock.xp).unwrap_or(i64::MAX / 100) * 100);
        let tier = unlock.tier.map_or(0, Tier::number);
        events.push(ProgressEvent { reason: format!("achievement:{}:{tier}", unlock.definition.slug), xp: paid });
        account.event_xp.0 += paid.0;
        account.achievements += u32::from(unlock.is_new);
        happenings.push(achievement_unlocked(unlock));
        told.push(Told::achievement_unlocked(unlock));
    }

    let mark = |reason: String| ProgressEvent { reason, xp: EventXp(0) };
    let level = account.level();
    let reached = mark(format!("level:{}", level.level));
    if level.level > before.level && !past.contains(&reached.reason) {
        events.push(reached);
        happenings.push(level_up(level));
        told.push(Told::level_up(level));
    }
    let passed: BTreeSet<u32> = (MILESTONES.into_iter())
        .filter(|days| *days <= account.longest_streak && !past.contains(&streak_reason(*days)))
        .collect();
    happenings.extend(passed.last().map(|days| streak_milestone(*days)));
    events.extend(passed.into_iter().map(|days| mark(streak_reason(days))));
    let badge_reason =
        |badge: MonthlyBadge| format!("badge:{}:{:04}-{:02}", badge.name(), today.year(), u8::from(today.month()));
    let earned: Vec<MonthlyBadge> = (MonthlyBadge::ALL.into_iter())
        .filter(|badge| MonthlyBadge::of(facts.monthly_tokens) >= Some(*badge))
        .filter(|badge| !past.contains(&badge_reason(*badge)))
        .collect();
    if earned.last().copied() == MonthlyBadge::of(facts.monthly_tokens) {
        happenings.extend(earned.last().map(|badge| badge_earned(*badge)));
    }
    events.extend(earned.into_iter().map(|badge| mark(badge_reason(badge))));
    Outcome { before, derived, account, unlocks, events, happenings, told }
}

fn streak_reason(days: u32) -> String {
    format!("streak:{days}")
}
