//! The metrics that achievements are judged by.

macro_rules! metrics {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal $grows:literal,)*) => {
        /// A figure of an account that achievements are judged by.
        ///
        /// A monotone metric ends in the same value for the same messages, referrals and board refreshes in any order, and none of
        /// them lowers it. Only deletion or a changed definition can.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Metric {
            /// All metrics.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The stable name, in `snake_case`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Whether no sync, in any order, ever lowers it: then its rewards do not depend on the order.
            pub const fn is_monotone(self) -> bool {
                match self {
                    $(Self::$variant => $grows,)*
                }
            }
        }
    };
}

metrics! {
    /// Lifetime tokens. Monotone: of two copies of a message the larger total wins.
    Tokens "tokens" true,
    /// Messages in the ledger. Monotone: a copy replaces another and never removes one.
    Messages "messages" true,
    /// Output tokens. Not monotone: the superseding copy has the larger total, of which less may be output.
    OutputTokens "output_tokens" false,
    /// Reasoning tokens. Not monotone: the superseding copy may have less reasoning in its larger total.
    ReasoningTokens "reasoning_tokens" false,
    /// Tokens read from a cache. Not monotone: the superseding copy may have read less in its larger total.
    CacheReadTokens "cache_read_tokens" false,
    /// Days with usage. Not monotone: the superseding copy may carry another instant, and a change of zone moves days.
    ActiveDays "active_days" false,
    /// The longest run of consecutive active days, ever. Not monotone, because active days are not.
    LongestStreak "longest_streak" false,
    /// Distinct models. Not monotone: the superseding copy may name another model, and the first may then have no message left.
    Models "models" false,
    /// Distinct tools. Monotone: the tool is part of a message's key, so no copy changes it.
    Tools "tools" true,
    /// Machines that ever sent tokens. Monotone: they are noted when they sync, also if their copies are superseded.
    Machines "machines" true,
    /// Distinct makers of models. Not monotone, because models are not.
    Makers "makers" false,
    /// Cache reads in basis points of cache reads and input, 0 to 10,000; 0 below 1,000,000 tokens of both. Not monotone:
    /// ratios fall.
    CacheEfficiency "cache_efficiency" false,
    /// Tokens of the best local day. Not monotone: the superseding copy may fall on another day.
    BusiestDay "busiest_day" false,
    /// The most distinct tools on one local day. Not monotone: the superseding copy may fall on another day.
    ToolsInADay "tools_in_a_day" false,
    /// The most distinct models on one local day. Not monotone: the superseding copy may name another model or another day.
    ModelsInADay "models_in_a_day" false,
    /// Distinct days with usage from 06:00 to 08:59 local. Not monotone: the superseding copy may carry another instant.
    EarlyDays "early_days" false,
    /// Distinct days with usage from 22:00 to 01:59 local. Not monotone: the superseding copy may carry another instant.
    NightDays "night_days" false,
    /// Active Saturdays and Sundays. Not monotone, because active days are not.
    WeekendDays "weekend_days" false,
    /// Weekends with both days active. Not monotone, because active days are not.
    FullWeekends "full_weekends" false,
    /// Weeks from Monday to Sunday with every day active. Not monotone, because active days are not.
    PerfectWeeks "perfect_weeks" false,
    /// Calendar months with every day active. Not monotone, because active days are not.
    PerfectMonths "perfect_months" false,
    /// Calendar months with an active day. Not monotone, because active days are not.
    MonthsActive "months_active" false,
    /// Distinct local hours of the day ever used, 0 to 24. Not monotone: the superseding copy may carry another instant.
    HoursOfDay "hours_of_day" false,
    /// Days without usage before the most belated return. Not monotone: a day that arrives late fills the gap.
    LongestComeback "longest_comeback" false,
    /// Returns after at least 7 days away. Not monotone: a day that arrives late fills the gap.
    Comebacks "comebacks" false,
    /// Followers. Not monotone: follows can be undone.
    Followers "followers" false,
    /// Followed accounts. Not monotone: follows can be undone.
    Following "following" false,
    /// Accounts registered with this account's code. Monotone: a referrer never changes.
    Referrals "referrals" true,
    /// Accounts referred over three levels. Monotone: a referrer never changes.
    ReferralNetwork "referral_network" true,
    /// The filled fields among name, bio, location, region, website and image, 0 to 6. Not monotone: they can be cleared.
    ProfileFields "profile_fields" false,
    /// The number of the account on the instance, from 1; 0 if unknown. Monotone: it is fixed at registration.
    AccountNumber "account_number" true,
    /// Whole days since registration. Monotone: time does not run back.
    AccountDays "account_days" true,
    /// The best rank ever on the global board of all time, from 1; 0 if never ranked. Monotone: only a better one replaces it.
    BestRank "best_rank" true,
    /// The level. Not monotone: an active day that disappears takes its XP along.
    Level "level" false,
    /// Achievements unlocked. Not monotone: their number depends on when falling metrics were judged.
    UnlockedAchievement "unlocked" false,
}

impl Metric {
    /// Whether a smaller value is better; 0 then means no value.
    pub const fn fewer_is_better(self) -> bool {
        matches!(self, Self::AccountNumber | Self::BestRank)
    }
}

/// An account's metrics: one value each, 0 unless set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics([u64; Metric::ALL.len()]);

impl Default for Metrics {
    fn default() -> Self {
        Self([0; Metric::ALL.len()])
    }
}

impl Metrics {
    pub const fn get(&self, metric: Metric) -> u64 {
        self.0[metric as usize]
    }

    pub const fn set(&mut self, metric: Metric, value: u64) {
        self.0[metric as usize] = value;
    }

    #[must_use]
    pub const fn with(mut self, metric: Metric, value: u64) -> Self {
        self.set(metric, value);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn metrics_have_distinct_places_and_names() {
        let mut metrics = Metrics::default();
        for (value, metric) in (1..).zip(Metric::ALL) {
            assert_eq!(metrics.get(metric), 0, "{metric:?}");
            metrics.set(metric, value);
        }
        for (value, metric) in (1..).zip(Metric::ALL) {
            assert_eq!(metrics.get(metric), value, "{metric:?}");
        }
        assert_eq!(Metric::ALL.map(Metric::name).into_iter().collect::<BTreeSet<_>>().len(), Metric::ALL.len());
    }

    #[test]
    fn metrics_monotone_ones_are_known() {
        let monotone: Vec<_> =
            Metric::ALL.into_iter().filter(|metric| metric.is_monotone()).map(Metric::name).collect();
        assert_eq!(
            monotone,
            [
                "tokens",
                "messages",
                "tools",
                "machines",
                "referrals",
                "referral_network",
                "account_number",
                "account_days",
                "best_rank",
            ]
        );
    }
}
