//! The engine of achievements.

use std::collections::BTreeSet;

use domain::achievements::{AchievementFacts, UnlockedTiers, UsageFacts, UserFacts, judge};
use domain::usage::{ModelName, Sums};
use time::macros::{date, datetime};
use time::{Date, Duration};

use crate::Workload;
use crate::messages::{MODELS, NOW};

const FIRST_DAY: Date = date!(2025 - 10 - 01);

pub(crate) fn workloads() -> Vec<Workload> {
    let judged =
        |(facts, totals): (AchievementFacts, Sums)| judge(&facts.metrics(&totals, NOW), 5_000_000, &facts.held);
    vec![
        Workload::new(
            "judge achievements of a year, with nothing new",
            1,
            move || {
                let (mut facts, totals) = account();
                let held = judged((facts.clone(), totals));
                facts.held.take(&held);
                (facts, totals)
            },
            judged,
        ),
        Workload::new("judge achievements of a year for the first time", 1, account, judged),
    ]
}

/// An account with five active days a week for a year, and no achievement.
fn account() -> (AchievementFacts, Sums) {
    let days = (0..400).filter(|day| day % 7 < 5).map(|day| FIRST_DAY + Duration::days(day));
    let facts = AchievementFacts {
        active_days: days.collect::<BTreeSet<_>>(),
        monthly_tokens: 80_000_000,
        usage: UsageFacts {
            models: MODELS.into_iter().chain(["gpt-5.2-codex", "gemini-3-pro"]).map(ModelName::trusted).collect(),
            tools: 3,
            machines: 2,
            busiest_day: 20_000_000,
            tools_in_a_day: 2,
            models_in_a_day: 4,
            early_days: 30,
            night_days: 12,
            hours_of_day: 20,
        },
        user: UserFacts {
            followers: 12,
            following: 30,
            referrals: 1,
            referral_network: 2,
            profile_fields: 4,
            account_number: 1_234,
            registered_at: datetime!(2025-10-01 8:00 UTC),
            best_rank: 77,
            rank: Some(80),
        },
        held: UnlockedTiers::default(),
    };
    let totals = Sums {
        messages: 60_000,
        tokens: 900_000_000,
        input: 20_000_000,
        output: 30_000_000,
        cache_read: 800_000_000,
        cache_write: 50_000_000,
        ..Sums::default()
    };
    (facts, totals)
}
