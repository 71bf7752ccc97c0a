//! Settling: derives the rewards of a change (achievements, level, streak milestone, badge), and writes them in the transaction
//! of the change.

use std::collections::BTreeSet;

use time::{Date, OffsetDateTime};

use super::{EventXp, Level, MonthlyBadge};
use crate::accounts::Account;
use crate::achievements::ports::{ProgressChanges, ProgressEvent, ProgressSums};
use crate::achievements::{AchievementFacts, ProgressEvents, Tier, Unlock, judge};
use crate::days::Window;
use crate::days::Zone;
use crate::error::StoreError;
use crate::ids::{ActivityId, Ids, NotificationId, UserId};
use crate::notifications::{Notification, NotificationContent};
use crate::social::{
    Activity, NewActivity, achievement_unlocked, badge_earned, level_up, rank_reached, streak_milestone,
};
use crate::store::UnitOfWork;
use crate::streaks::{Streak, longest_run};

/// The streaks that are announced, in days.
const MILESTONES: [u32; 5] = [7, 30, 100, 365, 1000];

/// The ranks on the board of all time by tokens that are announced, the easiest first.
pub(crate) const RANK_MARKS: [u32; 3] = [100, 10, 1];

/// A change of an account.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AccountChange {
    /// The level before.
    pub before: Level,
    /// The account with its totals afterwards.
    pub account: Account,
    /// XP that the change itself pays.
    pub granted: Vec<ProgressEvent>,
    /// Notifications of the change itself.
    pub content: Vec<NotificationContent>,
}

impl AccountChange {
    /// A change of `account`, in its state under the lock.
    pub(crate) fn of(account: Account) -> Self {
        Self { before: account.level(), account, granted: Vec::new(), content: Vec::new() }
    }
}

/// The result of settling.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SettleOutcome {
    /// The account afterwards.
    pub account: Account,
    pub streak: Streak,
    /// The unlocked achievements, each once.
    pub unlocks: Vec<Unlock>,
    /// The rank on the newest board of all time by tokens.
    pub rank: Option<u32>,
    /// Whether the change raised the level.
    pub leveled_up: bool,
    /// Whether the stored progress differed from the facts.
    pub corrected: bool,
}

/// Judges `user`, whose lock is held, and writes the rewards (I5).
pub(crate) async fn settle(
    tx: &mut dyn UnitOfWork,
    ids: &dyn Ids,
    now: OffsetDateTime,
    user: UserId,
    change: AccountChange,
) -> Result<SettleOutcome, StoreError> {
    let today = change.account.zone.clone().unwrap_or_else(Zone::utc).date(now);
    let facts = tx.progress().facts(Window::month(user, today)).await?;
    settle_by(tx, ids, now, user, change, facts).await
}

/// Settles like [`settle`] by `facts`, which were read after the change.
pub(crate) async fn settle_by(
    tx: &mut dyn UnitOfWork,
    ids: &dyn Ids,
    now: OffsetDateTime,
    user: UserId,
    change: AccountChange,
    facts: Option<(AchievementFacts, ProgressEvents)>,
) -> Result<SettleOutcome, StoreError> {
    let today = change.account.zone.clone().unwrap_or_else(Zone::utc).date(now);
    let (facts, events) = facts.ok_or_else(|| StoreError::Internal(format!("the account {user} has no progress")))?;
    let streak = Streak::of(&facts.active_days, today);
    let stored = change.account.progress();
    let outcome = decide(change, &facts, &events, now, today);
    let award = ProgressChanges {
        sums: (outcome.account.progress() != stored).then(|| outcome.account.progress()),
        unlocks: outcome.unlocks.iter().map(|unlock| (unlock.definition.id(), unlock.tier)).collect(),
        events: outcome.events,
        activities: (outcome.happenings.into_iter())
            .map(|(kind, data)| Activity { id: ActivityId(ids.fresh()), user, kind, data, created_at: now })
            .collect(),
        notifications: (outcome.content.into_iter())
            .map(|content| Notification { id: NotificationId(ids.fresh()), user, content, created_at: now })
            .collect(),
    };
    if !award.is_empty() {
        tx.progress().award(user, &award, now).await?;
    }
    Ok(SettleOutcome {
        leveled_up: outcome.account.level().level > outcome.before.level,
        rank: facts.user.rank,
        corrected: stored != outcome.derived,
        account: outcome.account,
        streak,
        unlocks: outcome.unlocks,
    })
}

/// The rewards to be written.
#[derive(Debug)]
struct Outcome {
    before: Level,
    /// The progress by the facts, before new rewards.
    derived: ProgressSums,
    account: Account,
    unlocks: Vec<Unlock>,
    events: Vec<ProgressEvent>,
    happenings: Vec<NewActivity>,
    content: Vec<NotificationContent>,
}

/// Judges a change by `facts`. A reward with an event in `past` is not repeated (I5).
fn decide(
    change: AccountChange,
    facts: &AchievementFacts,
    past: &ProgressEvents,
    now: OffsetDateTime,
    today: Date,
) -> Outcome {
    let AccountChange { before, mut account, granted, mut content } = change;
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
        content.push(NotificationContent::achievement_unlocked(unlock));
    }

    let mark = |reason: String| ProgressEvent { reason, xp: EventXp(0) };
    let level = account.level();
    let reached = mark(format!("level:{}", level.level));
    if level.level > before.level && !past.contains(&reached.reason) {
        events.push(reached);
        happenings.push(level_up(level));
        content.push(NotificationContent::level_up(level));
    }
    let passed: BTreeSet<u32> = (MILESTONES.into_iter())
        .filter(|days| *days <= account.longest_streak && !past.contains(&streak_reason(*days)))
        .collect();
    happenings.extend(passed.last().map(|days| streak_milestone(*days)));
    events.extend(passed.into_iter().map(|days| mark(streak_reason(days))));
    let rank = facts.user.best_rank;
    let marks =
        RANK_MARKS.into_iter().filter(|mark| (1..=*mark).contains(&rank) && !past.contains(&rank_reason(*mark)));
    let marks: Vec<u32> = marks.collect();
    if let Some(&mark) = marks.last() {
        happenings.push(rank_reached(mark, rank));
        content.push(NotificationContent::leaderboard_rank(mark, rank));
    }
    events.extend(marks.into_iter().map(|reached| mark(rank_reason(reached))));
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
    Outcome { before, derived, account, unlocks, events, happenings, content }
}

fn rank_reason(mark: u32) -> String {
    format!("rank:{mark}")
}

fn streak_reason(days: u32) -> String {
    format!("streak:{days}")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::achievements::{find_by_slug, ports::ProgressChanges};
    use crate::ids::CountingIds;
    use crate::notifications::NotificationKind;
    use crate::social::ActivityKind;
    use crate::testing::{TestUnitOfWork, facts};
    use crate::usage::Sums;
    use crate::usage::testing::{NOW, account};
    use time::Duration;
    use uuid::Uuid;

    const ADA: UserId = UserId(Uuid::from_u128(1));

    /// The last `days` days, today included.
    fn days(days: i64) -> BTreeSet<Date> {
        (0..days).map(|back| NOW.date() - Duration::days(back)).collect()
    }

    fn with_tokens(tokens: i64) -> AccountChange {
        let before = account();
        let totals = Sums { messages: 1, tokens, ..Sums::default() };
        AccountChange { account: Account { totals, ..before.clone() }, ..AccountChange::of(before) }
    }

    fn events(reasons: &[&str]) -> ProgressEvents {
        reasons.iter().map(|reason| ((*reason).to_owned(), EventXp(0))).collect()
    }

    fn of_kind(outcome: &Outcome, kind: ActivityKind) -> Vec<String> {
        let shown = |(_, data): &NewActivity| format!("{:?}", data[0].1);
        outcome.happenings.iter().filter(|(of, _)| *of == kind).map(shown).collect()
    }

    #[test]
    fn settle_unlock_is_awarded_shown_and_notified() {
        let outcome = decide(with_tokens(1), &facts(days(1)), &ProgressEvents::default(), NOW, NOW.date());
        let slugs: Vec<_> = outcome.unlocks.iter().map(|unlock| unlock.definition.slug).collect();
        assert_eq!(slugs, ["first-sync"]);
        assert_eq!(outcome.events, [ProgressEvent { reason: "achievement:first-sync:0".into(), xp: EventXp(5_000) }]);
        assert_eq!((outcome.account.event_xp, outcome.account.achievements), (EventXp(5_000), 1));
        assert_eq!(outcome.happenings.len(), 1);
        let [content] = &outcome.content[..] else { panic!("{:?}", outcome.content) };
        assert_eq!((content.kind, &*content.title), (NotificationKind::AchievementUnlocked, "First Light unlocked"));
        assert_eq!(content.dedup_key(), "achievement_unlocked:first-sync:0");
    }

    #[test]
    fn settle_jump_over_tiers_pays_all_and_notifies_once() {
        let outcome = decide(with_tokens(1_000_000), &facts(days(1)), &ProgressEvents::default(), NOW, NOW.date());
        let stream: Vec<_> = outcome.unlocks.iter().filter(|unlock| unlock.definition.slug == "token-stream").collect();
        let [unlock] = stream[..] else { panic!("{stream:?}") };
        assert_eq!((unlock.tier, unlock.xp), (Some(Tier::Gold), 50 + 100 + 200));
        let content = outcome.content.iter().filter(|content| content.subject.starts_with("token-stream:")).count();
        assert_eq!(content, 1);
    }

    #[test]
    fn settle_level_is_announced_once() {
        let tokens = 400 * 10_000;
        for (reasons, announced) in [(&[][..], true), (&["level:2"], false)] {
            let outcome = decide(with_tokens(tokens), &facts(days(1)), &events(reasons), NOW, NOW.date());
            assert_eq!(outcome.account.level().level, 2);
            assert_eq!(of_kind(&outcome, ActivityKind::LevelUp).len(), usize::from(announced), "{reasons:?}");
        }
        let outcome =
            decide(AccountChange::of(account()), &facts(BTreeSet::new()), &ProgressEvents::default(), NOW, NOW.date());
        assert!(of_kind(&outcome, ActivityKind::LevelUp).is_empty(), "nobody is told of level 1");
    }

    #[test]
    fn settle_highest_new_milestone_is_announced_and_all_are_marked() {
        for (length, reasons, announced, marks) in [
            (6, &[][..], &[][..], &[][..]),
            (7, &[], &["Integer(7)"], &["streak:7"]),
            (31, &[], &["Integer(30)"], &["streak:7", "streak:30"]),
            (31, &["streak:7"], &["Integer(30)"], &["streak:30"]),
            (31, &["streak:7", "streak:30"], &[], &[]),
        ] {
            let outcome = decide(with_tokens(1), &facts(days(length)), &events(reasons), NOW, NOW.date());
            assert_eq!(of_kind(&outcome, ActivityKind::StreakMilestone), announced, "{length} {reasons:?}");
            let marked: Vec<_> = outcome.events.iter().filter(|event| event.reason.starts_with("streak:")).collect();
            assert!(marked.iter().all(|event| event.xp == EventXp(0)));
            assert_eq!(marked.iter().map(|event| &*event.reason).collect::<Vec<_>>(), marks, "{length} {reasons:?}");
        }
    }

    #[test]
    fn settle_badge_is_announced_once_a_month_and_never_lower() {
        let (user, native) = ("badge:Power User:2026-11", "badge:AI Native:2026-11");
        for (monthly_tokens, reasons, announced, marks) in [
            (9_999_999, &[][..], &[][..], 0),
            (10_000_000, &[], &["Text(\"Power User\")"], 1),
            (100_000_000, &[], &["Text(\"AI Native\")"], 2),
            (100_000_000, &[user], &["Text(\"AI Native\")"], 1),
            (10_000_000, &[user, native], &[], 0),
            (10_000_000, &["badge:Power User:2026-10"], &["Text(\"Power User\")"], 1),
        ] {
            let facts = AchievementFacts { monthly_tokens, ..facts(days(1)) };
            let outcome = decide(with_tokens(1), &facts, &events(reasons), NOW, NOW.date());
            assert_eq!(of_kind(&outcome, ActivityKind::BadgeEarned), announced, "{monthly_tokens} {reasons:?}");
            let marked = outcome.events.iter().filter(|event| event.reason.starts_with("badge:")).count();
            assert_eq!(marked, marks, "{monthly_tokens} {reasons:?}");
        }
    }

    #[test]
    fn settle_highest_new_rank_is_announced_and_all_are_marked() {
        for (best_rank, reasons, announced, marks) in [
            (0, &[][..], None, &[][..]),
            (101, &[], None, &[]),
            (100, &[], Some(100), &["rank:100"]),
            (42, &["rank:100"], None, &[]),
            (10, &["rank:100"], Some(10), &["rank:10"]),
            (1, &[], Some(1), &["rank:100", "rank:10", "rank:1"]),
            (1, &["rank:100", "rank:10", "rank:1"], None, &[]),
        ] {
            let mut facts = facts(days(1));
            facts.user.best_rank = best_rank;
            let outcome = decide(with_tokens(1), &facts, &events(reasons), NOW, NOW.date());
            let shown = of_kind(&outcome, ActivityKind::RankReached);
            let expected: Vec<String> = announced.iter().map(|mark| format!("Integer({mark})")).collect();
            assert_eq!(shown, expected, "{best_rank} {reasons:?}");
            let content: Vec<_> =
                outcome.content.iter().filter(|content| content.kind == NotificationKind::LeaderboardRank).collect();
            let subjects: Vec<String> = announced.iter().map(ToString::to_string).collect();
            assert_eq!(
                content.iter().map(|content| content.subject.clone()).collect::<Vec<_>>(),
                subjects,
                "{best_rank}"
            );
            let marked: Vec<_> = outcome.events.iter().filter(|event| event.reason.starts_with("rank:")).collect();
            assert_eq!(marked.iter().map(|event| &*event.reason).collect::<Vec<_>>(), marks, "{best_rank} {reasons:?}");
        }
    }

    #[test]
    fn settle_granted_xp_is_paid_once() {
        let granted = || vec![ProgressEvent { reason: "referral:1".into(), xp: EventXp(625) }];
        let change = || AccountChange { granted: granted(), ..AccountChange::of(account()) };
        let outcome = decide(change(), &facts(BTreeSet::new()), &ProgressEvents::default(), NOW, NOW.date());
        assert_eq!((outcome.account.event_xp, &outcome.events), (EventXp(625), &granted()));
        let paid: ProgressEvents = [("referral:1".to_owned(), EventXp(625))].into_iter().collect();
        let outcome = decide(change(), &facts(BTreeSet::new()), &paid, NOW, NOW.date());
        assert_eq!((outcome.account.event_xp, outcome.events.len()), (EventXp(625), 0));
    }

    #[test]
    fn settle_corrects_wrong_sums() {
        let stored = Account { active_days: 9, event_xp: EventXp(1), achievements: 3, ..account() };
        let written = Arc::new(Mutex::new(Vec::<ProgressChanges>::new()));
        let first = find_by_slug("first-sync").expect("an achievement").id();
        for (stored, corrected) in
            [(stored, true), (Account { active_days: 1, longest_streak: 1, achievements: 1, ..account() }, false)]
        {
            let mut tx = TestUnitOfWork::default();
            let facts = AchievementFacts { held: [(first, None)].into_iter().collect(), ..facts(days(1)) };
            tx.progress.expect_facts().returning(move |_| Ok(Some((facts.clone(), ProgressEvents::default()))));
            let seen = written.clone();
            tx.progress.expect_award().returning(move |_, award, _| {
                seen.lock().expect("awards").push(award.clone());
                Ok(())
            });
            let settling = settle(&mut tx, &CountingIds, NOW, ADA, AccountChange::of(stored));
            let earned = pollster::block_on(settling).expect("a settlement");
            assert_eq!(earned.corrected, corrected);
            assert!(earned.unlocks.is_empty());
        }
        let written = written.lock().expect("awards");
        let right = ProgressSums { active_days: 1, longest_streak: 1, event_xp: EventXp(0), achievements: 1 };
        assert_eq!(
            written.iter().map(|award| award.sums).collect::<Vec<_>>(),
            [Some(right)],
            "nothing else is written"
        );
    }
}
