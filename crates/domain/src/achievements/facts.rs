//! The facts that achievements are judged by, and their metrics.

use std::collections::{BTreeMap, BTreeSet};

use time::{Date, OffsetDateTime};

use super::{Metric, Metrics, UnlockedTiers, calendar};
use crate::pricing::makers::maker_of;
use crate::pricing::names::plainest;
use crate::progression::EventXp;
use crate::usage::{MIN_EFFICIENCY_INPUT, ModelName, Sums};

/// The facts of an account besides its totals.
#[derive(Debug, Clone, PartialEq)]
pub struct AchievementFacts {
    /// The days with tokens.
    pub active_days: BTreeSet<Date>,
    /// Tokens of the last 30 local days.
    pub monthly_tokens: i64,
    /// The facts of its roll-ups.
    pub usage: UsageFacts,
    /// The facts of the user.
    pub user: UserFacts,
    pub held: UnlockedTiers,
}

/// The events of an account with their XP, by reason, which is unique per account (I5).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProgressEvents(BTreeMap<String, EventXp>);

impl ProgressEvents {
    pub fn xp(&self) -> EventXp {
        EventXp(self.0.values().map(|xp| xp.0).sum())
    }

    pub fn contains(&self, reason: &str) -> bool {
        self.0.contains_key(reason)
    }
}

impl FromIterator<(String, EventXp)> for ProgressEvents {
    fn from_iter<I: IntoIterator<Item = (String, EventXp)>>(events: I) -> Self {
        Self(events.into_iter().collect())
    }
}

/// The facts of an account's roll-ups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageFacts {
    /// The used models, by canonical name.
    pub models: Vec<ModelName>,
    pub tools: u32,
    /// Machines that ever sent a message with tokens.
    pub machines: u32,
    /// The most tokens of one day.
    pub busiest_day: i64,
    /// The most tools on one day.
    pub tools_in_a_day: u32,
    /// The most models on one day.
    pub models_in_a_day: u32,
    /// Days with usage from 06:00 to 08:59.
    pub early_days: u32,
    /// Days with usage from 22:00 to 01:59.
    pub night_days: u32,
    /// Hours of the day, of 24, that ever had usage.
    pub hours_of_day: u32,
}

/// The facts of a user besides usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserFacts {
    pub followers: u64,
    pub following: u64,
    /// Accounts that registered with the user's code.
    pub referrals: u64,
    /// Accounts referred by the user, directly and over three levels.
    pub referral_network: u64,
    /// The filled fields among name, bio, location, region, website and image.
    pub profile_fields: u32,
    /// The permanent number of the account on the instance, from 1.
    pub account_number: u64,
    pub registered_at: OffsetDateTime,
    /// The best rank ever on the board of all time by tokens, from 1; 0 if never ranked.
    pub best_rank: u32,
    /// The rank on the newest board of all time by tokens.
    pub rank: Option<u32>,
}

impl AchievementFacts {
    /// The metrics at `now`, with the lifetime `totals`. The engine sets level and number of unlocks, which change as it runs.
    pub fn metrics(&self, totals: &Sums, now: OffsetDateTime) -> Metrics {
        let Self { usage, user, .. } = self;
        let makers: BTreeSet<_> = usage
            .models
            .iter()
            .filter_map(|model| maker_of(&plainest(model.as_str())))
            .map(|maker| maker.sellers)
            .collect();
        let mut metrics = Metrics::default();
        calendar::fill(&mut metrics, &self.active_days);
        for (metric, value) in [
            (Metric::Tokens, count(totals.tokens)),
            (Metric::Messages, count(totals.messages)),
            (Metric::OutputTokens, count(totals.output)),
            (Metric::ReasoningTokens, count(totals.reasoning)),
            (Metric::CacheReadTokens, count(totals.cache_read)),
            (Metric::Models, usage.models.len() as u64),
            (Metric::Tools, usage.tools.into()),
            (Metric::Machines, usage.machines.into()),
            (Metric::Makers, makers.len() as u64),
            (Metric::CacheEfficiency, efficiency(totals)),
            (Metric::BusiestDay, count(usage.busiest_day)),
            (Metric::ToolsInADay, usage.tools_in_a_day.into()),
            (Metric::ModelsInADay, usage.models_in_a_day.into()),
            (Metric::EarlyDays, usage.early_days.into()),
            (Metric::NightDays, usage.night_days.into()),
            (Metric::HoursOfDay, usage.hours_of_day.into()),
            (Metric::Followers, user.followers),
            (Metric::Following, user.following),
            (Metric::Referrals, user.referrals),
            (Metric::ReferralNetwork, user.referral_network),
            (Metric::ProfileFields, user.profile_fields.into()),
            (Metric::AccountNumber, user.account_number),
            (Metric::BestRank, user.best_rank.into()),
            (Metric::AccountDays, count((now - user.registered_at).whole_days())),
        ] {
            metrics.set(metric, value);
        }
        metrics
    }
}

fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// The cache efficiency in whole basis points, rounded down; 0 below [`MIN_EFFICIENCY_INPUT`].
fn efficiency(totals: &Sums) -> u64 {
    let read = u128::from(count(totals.cache_read));
    let input = read + u128::from(count(totals.input));
    if input < u128::from(MIN_EFFICIENCY_INPUT.unsigned_abs()) {
        0
    } else {
        u64::try_from(read * 10_000 / input).unwrap_or(0)
    }
}
