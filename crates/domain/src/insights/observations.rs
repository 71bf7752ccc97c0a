//! What stands out in a comparison, in plain words: one rule each, the most interesting first.

use super::benchmark::{FLOOR, Measure};
use super::comparison::Comparison;
use crate::dashboard::Period;
use crate::money::Usd;
use crate::text::{grouped, plural};

/// How many are told at most.
const MOST: usize = 6;

/// From which percentile on a place is worth a word.
const HIGH: f64 = 90.0;

/// Cache efficiency in percent that is good, and that is poor.
const GOOD_CACHE: f64 = 80.0;
pub(super) const POOR_CACHE: f64 = 30.0;

/// Below so many tokens of input, cache efficiency says nothing.
pub(super) const ENOUGH_INPUT: i64 = 1_000_000;

/// A change by so many percent is one.
const CHANGE: i64 = 20;

/// What an insight is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The community itself.
    Community,
    /// Tokens.
    Tokens,
    /// Active days in a row.
    Streak,
    /// Tools.
    Tools,
    /// What comes from a cache.
    CacheEfficiency,
    /// This week against the week before.
    Trend,
    /// Usage whose cost is not known.
    Unpriced,
}

impl Topic {
    /// All topics.
    pub const ALL: [Self; 7] =
        [Self::Community, Self::Tokens, Self::Streak, Self::Tools, Self::CacheEfficiency, Self::Trend, Self::Unpriced];

    /// The topic's name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Community => "community",
            Self::Tokens => "tokens",
            Self::Streak => "streak",
            Self::Tools => "tools",
            Self::CacheEfficiency => "cache_efficiency",
            Self::Trend => "trend",
            Self::Unpriced => "unpriced",
        }
    }
}

/// Whether it is good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sentiment {
    /// It is.
    Positive,
    /// It is neither.
    Neutral,
    /// It is not.
    Negative,
}

impl Sentiment {
    /// The sentiment's name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Neutral => "neutral",
            Self::Negative => "negative",
        }
    }
}

/// Something that stands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insight {
    /// What it is about.
    pub topic: Topic,
    /// In a few words.
    pub title: String,
    /// In a sentence or two.
    pub message: String,
    /// Whether it is good news.
    pub sentiment: Sentiment,
}

impl Insight {
    fn new(topic: Topic, sentiment: Sentiment, title: impl Into<String>, message: impl Into<String>) -> Self {
        Self { topic, title: title.into(), message: message.into(), sentiment }
    }
}

impl Comparison {
    /// What stands out, the most interesting first, up to six.
    pub fn insights(&self) -> Vec<Insight> {
        // In the order of their interest.
        let rules: [fn(&Self) -> Option<Insight>; 10] = [
            Self::streak_at_risk,
            Self::small_community,
            Self::nothing_used,
            Self::place,
            Self::cache,
            Self::trend,
            Self::amount,
            Self::streak_beside_others,
            Self::unpriced,
            Self::tools,
        ];
        rules.into_iter().filter_map(|rule| rule(self)).take(MOST).collect()
    }

    fn streak_at_risk(&self) -> Option<Insight> {
        let streak = self.streak();
        streak.at_risk(self.now).then(|| {
            let title = format!("Your streak of {} is at risk", plural(streak.current.into(), "day"));
            Insight::new(Topic::Streak, Sentiment::Negative, title, "There is nothing yet today: it ends at midnight.")
        })
    }

    fn small_community(&self) -> Option<Insight> {
        let people = self.benchmark.people;
        (!self.benchmark.is_large_enough()).then(|| {
            let message = format!(
                "Percentiles need {FLOOR} people with usage {}; there {} {}.",
                self.when(),
                if people < 2 { "is" } else { "are" },
                if people == 0 { "nobody".to_owned() } else { grouped(people.into()) },
            );
            Insight::new(Topic::Community, Sentiment::Neutral, "Too few people for percentiles", message)
        })
    }

    fn nothing_used(&self) -> Option<Insight> {
        (self.own.tokens == 0).then(|| {
            let average = self.average(Measure::Tokens).map_or(0, whole);
            let rest = if average == 0 {
                "Nobody else did, either.".to_owned()
            } else {
                format!("The others used {} on average.", plural(average.unsigned_abs(), "token"))
            };
            let message = format!("You used no tokens {}. {rest}", self.when());
            Insight::new(Topic::Tokens, Sentiment::Neutral, "Nothing used", message)
        })
    }

    /// The best place, where it is a good one. A high cost is no achievement.
    fn place(&self) -> Option<Insight> {
        let places = [
            (Measure::CacheEfficiency, Topic::CacheEfficiency, "cache efficiency"),
            (Measure::Streak, Topic::Streak, "streak"),
            (Measure::Tools, Topic::Tools, "variety of tools"),
            (Measure::Tokens, Topic::Tokens, "tokens"),
        ];
        let mut best: Option<(f64, Topic, &str)> = None;
        for (measure, topic, what) in places {
            let Some(percentile) = self.percentile(measure).filter(|percentile| *percentile >= HIGH) else { continue };
            if best.is_none_or(|(other, ..)| percentile > other) {
                best = Some((percentile, topic, what));
            }
        }
        let (percentile, topic, what) = best?;
        let title = format!("Among the first {} % by {what}", first_percent(percentile));
        let others = plural(self.benchmark.people.into(), "person").replace("persons", "people");
        let message = format!("Of {others} with usage {}, few have more.", self.when());
        Some(Insight::new(topic, Sentiment::Positive, title, message))
    }

    fn cache(&self) -> Option<Insight> {
        let efficiency = self.cache_efficiency().filter(|_| self.has_enough_input())?;
        let share = format!("{efficiency:.0} % of what you sent {} came from a cache", self.when());
        let average = self
            .average(Measure::CacheEfficiency)
            .map_or_else(String::new, |average| format!("; the average is {} %", (average + 500_000) / 1_000_000));
        let (sentiment, title) = match efficiency {
            good if good >= GOOD_CACHE => (Sentiment::Positive, "Good use of caches"),
            poor if poor < POOR_CACHE => (Sentiment::Negative, "Little comes from caches"),
            _ => return None,
        };
        Some(Insight::new(Topic::CacheEfficiency, sentiment, title, format!("{share}{average}.")))
    }

    fn trend(&self) -> Option<Insight> {
        let (week, before) = (i128::from(self.own.week), i128::from(self.own.week_before));
        if before <= 0 {
            return None;
        }
        let percent = i64::try_from((week - before) * 100 / before).unwrap_or(i64::MAX);
        let (title, sentiment, than) = match percent {
            up if up >= CHANGE => ("More than the week before", Sentiment::Positive, "more"),
            down if down <= -CHANGE => ("Less than the week before", Sentiment::Neutral, "less"),
            _ => return None,
        };
        let message = format!(
            "{} in the last 7 days, {} % {than} than in the 7 days before.",
            plural(self.own.week.unsigned_abs(), "token"),
            grouped(percent.saturating_abs()),
        );
        Some(Insight::new(Topic::Trend, sentiment, title, message))
    }

    /// Tokens beside the average.
    fn amount(&self) -> Option<Insight> {
        let average = self.average(Measure::Tokens).filter(|average| *average > 0)?;
        if self.own.tokens == 0 {
            return None;
        }
        let own = plural(self.own.tokens.unsigned_abs(), "token");
        let median = self.benchmark.spread(Measure::Tokens).map_or(0, |spread| whole(spread.median()));
        let message = format!(
            "You used {own} {}; the average is {}, and half of the people used no more than {}.",
            self.when(),
            grouped(whole(average)),
            grouped(median),
        );
        Some(if self.is_above_average(Measure::Tokens) == Some(true) {
            let title = match tenths(self.own.tokens.into(), average) {
                // Hardly more.
                ..=10 => "More tokens than the average".to_owned(),
                tenths => format!("{}.{} times the average", grouped(tenths / 10), tenths % 10),
            };
            Insight::new(Topic::Tokens, Sentiment::Positive, title, message)
        } else {
            Insight::new(Topic::Tokens, Sentiment::Neutral, "Fewer tokens than the average", message)
        })
    }

    fn streak_beside_others(&self) -> Option<Insight> {
        let streak = self.streak();
        let average = self.average(Measure::Streak)?;
        // What is at risk is told already.
        if streak.at_risk(self.now) {
            return None;
        }
        let others = format!("The average is {}.", plural(whole(average).unsigned_abs(), "day"));
        if streak.current == 0 {
            let longest = streak.longest;
            let message = match longest {
                0 => others,
                _ => format!("Your longest was {}. {others}", plural(longest.into(), "day")),
            };
            return Some(Insight::new(Topic::Streak, Sentiment::Neutral, "No streak at the moment", message));
        }
        let title = format!("A streak of {}", plural(streak.current.into(), "day"));
        let is_more = self.is_above_average(Measure::Streak) == Some(true);
        let sentiment = if is_more { Sentiment::Positive } else { Sentiment::Neutral };
        Some(Insight::new(Topic::Streak, sentiment, title, others))
    }

    fn unpriced(&self) -> Option<Insight> {
        (self.own.unpriced_tokens > 0).then(|| {
            let known = self.own.cost;
            let message = format!(
                "No price is known for {} {}, so the real cost is more than {}.",
                plural(self.own.unpriced_tokens.unsigned_abs(), "token"),
                self.when(),
                if known == Usd::ZERO { "what is shown".to_owned() } else { known.cents() },
            );
            Insight::new(Topic::Unpriced, Sentiment::Neutral, "Some usage has no price", message)
        })
    }

    fn tools(&self) -> Option<Insight> {
        let average = self.average(Measure::Tools)?;
        (self.own.tools >= 3).then(|| {
            let title = format!("You work with {}", plural(self.own.tools.into(), "tool"));
            let message = format!("People use {} on average.", plural(whole(average).unsigned_abs(), "tool"));
            Insight::new(Topic::Tools, Sentiment::Positive, title, message)
        })
    }

    /// Whether there is enough input for cache efficiency to mean something.
    pub(super) fn has_enough_input(&self) -> bool {
        self.own.input.saturating_add(self.own.cache_read) >= ENOUGH_INPUT
    }

    /// The period, as a sentence ends with it.
    fn when(&self) -> &'static str {
        match self.benchmark.period {
            Period::All => "so far",
            Period::Month => "in the last 30 days",
            Period::Week => "in the last 7 days",
        }
    }
}

/// Of how many first percent somebody at `percentile` is one, at least 1.
fn first_percent(percentile: f64) -> u8 {
    (1..=100).find(|first| 100.0 - f64::from(*first) <= percentile).unwrap_or(100)
}

/// `a` / `b` in tenths, cut; `b` is more than 0.
fn tenths(a: i128, b: i128) -> i64 {
    whole(a.saturating_mul(10) / b)
}

fn whole(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::super::comparison::testing::{NOON, beside, comparison, days_until};
    use super::super::{Own, Spread};
    use super::*;
    use crate::days::LocalTime;

    /// Everybody has the same, and they are too few for places.
    fn among_equals(own: Own, figures: [i128; 5]) -> Comparison {
        let mut among = beside(own, 10, [0; 5]);
        let spreads = Measure::ALL.into_iter().zip(figures);
        among.benchmark.spreads = spreads.map(|(measure, figure)| (measure, Spread::of(&[figure; 10]))).collect();
        among
    }

    fn told(comparison: &Comparison, topic: Topic) -> Option<String> {
        let insight = comparison.insights().into_iter().find(|insight| insight.topic == topic)?;
        Some(format!("{}: {}: {}", insight.sentiment.name(), insight.title, insight.message))
    }

    #[test]
    fn every_rule_has_its_words() {
        let used = Own { tokens: 1_000, active_days: days_until(NOON.date, 3), ..Own::default() };
        let equals = [1_000, 5, 3, 1, 50_000_000];
        let with = |change: fn(&mut Own)| {
            let mut own = used.clone();
            change(&mut own);
            among_equals(own, equals)
        };
        for (comparison, topic, words) in [
            (
                with(|own| own.tokens = 3_250),
                Topic::Tokens,
                "positive: 3.2 times the average: You used 3,250 tokens so far; the average is 1,000, and half of the people \
                 used no more than 1,000.",
            ),
            (
                with(|own| own.tokens = 1_001),
                Topic::Tokens,
                "positive: More tokens than the average: You used 1,001 tokens so far; the average is 1,000, and half of the \
                 people used no more than 1,000.",
            ),
            (
                with(|own| own.tokens = 1),
                Topic::Tokens,
                "neutral: Fewer tokens than the average: You used 1 token so far; the average is 1,000, and half of the \
                 people used no more than 1,000.",
            ),
            (
                with(|own| own.tokens = 0),
                Topic::Tokens,
                "neutral: Nothing used: You used no tokens so far. The others used 1,000 tokens on average.",
            ),
            (with(|_| ()), Topic::Streak, "neutral: A streak of 3 days: The average is 3 days."),
            (
                with(|own| own.active_days = days_until(NOON.date, 4)),
                Topic::Streak,
                "positive: A streak of 4 days: The average is 3 days.",
            ),
            (
                with(|own| own.active_days = days_until(date!(2026 - 11 - 20), 9)),
                Topic::Streak,
                "neutral: No streak at the moment: Your longest was 9 days. The average is 3 days.",
            ),
            (
                with(|own| own.active_days.clear()),
                Topic::Streak,
                "neutral: No streak at the moment: The average is 3 days.",
            ),
            (
                with(|own| (own.input, own.cache_read) = (900_000, 100_000)),
                Topic::CacheEfficiency,
                "negative: Little comes from caches: 10 % of what you sent so far came from a cache; the average is 50 %.",
            ),
            (
                with(|own| (own.week, own.week_before) = (1_500, 1_000)),
                Topic::Trend,
                "positive: More than the week before: 1,500 tokens in the last 7 days, 50 % more than in the 7 days before.",
            ),
            (
                with(|own| (own.week, own.week_before) = (0, 1_000)),
                Topic::Trend,
                "neutral: Less than the week before: 0 tokens in the last 7 days, 100 % less than in the 7 days before.",
            ),
            (
                with(|own| own.unpriced_tokens = 700),
                Topic::Unpriced,
                "neutral: Some usage has no price: No price is known for 700 tokens so far, so the real cost is more than \
                 what is shown.",
            ),
            (
                with(|own| (own.unpriced_tokens, own.cost) = (1, Usd::from_atto(1_500_000_000_000_000_000))),
                Topic::Unpriced,
                "neutral: Some usage has no price: No price is known for 1 token so far, so the real cost is more than $1.50.",
            ),
        ] {
            assert_eq!(told(&comparison, topic).as_deref(), Some(words));
        }
    }

    #[test]
    fn what_is_ordinary_is_not_worth_a_word() {
        let own = Own {
            tokens: 1_000,
            input: 500_000,
            cache_read: 500_000,
            week: 1_190,
            week_before: 1_000,
            ..Own::default()
        };
        let comparison = among_equals(own, [1_000, 0, 0, 0, 50_000_000]);
        for topic in [Topic::CacheEfficiency, Topic::Trend, Topic::Unpriced, Topic::Tools] {
            assert_eq!(told(&comparison, topic), None, "{topic:?}");
        }
        // 999,999 tokens say nothing about the cache, however poor.
        let little = Own { input: 999_999, ..Own::default() };
        assert_eq!(told(&among_equals(little, [0; 5]), Topic::CacheEfficiency), None);
    }

    #[test]
    fn the_best_place_is_told_and_a_high_cost_is_none() {
        let own = Own { tokens: 5, cost: Usd::from_atto(1_000), tools: 95, ..Own::default() };
        let place = |own: &Own| told(&beside(own.clone(), 100, [1, 1, 1, 1, 1]), Topic::Tools);
        assert_eq!(
            place(&own).as_deref(),
            Some("positive: Among the first 5 % by variety of tools: Of 100 people with usage so far, few have more.")
        );
        let costly = Own { tools: 0, ..own };
        assert_eq!(place(&costly), None);
    }

    #[test]
    fn many_tools_are_told_beside_the_average() {
        let among = among_equals(Own { tools: 3, ..Own::default() }, [0, 0, 0, 3, 0]);
        assert_eq!(
            told(&among, Topic::Tools).as_deref(),
            Some("positive: You work with 3 tools: People use 3 tools on average.")
        );
    }

    #[test]
    fn a_small_community_says_so_in_every_period() {
        for (period, people, words) in [
            (Period::All, 0, "so far; there is nobody."),
            (Period::Month, 1, "in the last 30 days; there is 1."),
            (Period::Week, 19, "in the last 7 days; there are 19."),
        ] {
            let mut small = comparison();
            (small.benchmark.period, small.benchmark.people) = (period, people);
            let told = told(&small, Topic::Community).expect("it says so");
            assert_eq!(
                told,
                format!("neutral: Too few people for percentiles: Percentiles need 20 people with usage {words}")
            );
        }
        assert_eq!(told(&beside(Own::default(), 20, [1; 5]), Topic::Community), None);
    }

    #[test]
    fn a_streak_at_risk_comes_before_all_and_is_told_once() {
        let own = Own { active_days: days_until(date!(2026 - 11 - 21), 12), ..Own::default() };
        let mut late = beside(own, 5, [1; 5]);
        late.now = LocalTime { hour: 22, ..NOON };
        let insights = late.insights();
        assert_eq!(insights[0].title, "Your streak of 12 days is at risk");
        assert_eq!(insights.iter().filter(|insight| insight.topic == Topic::Streak).count(), 1);
    }

    #[test]
    fn there_are_never_more_than_six_and_of_nothing_there_is_little() {
        let own = Own {
            tokens: 1_000_000_000,
            input: 10_000_000,
            unpriced_tokens: 1,
            tools: 4,
            week: 2,
            week_before: 1,
            active_days: days_until(date!(2026 - 11 - 21), 12),
            ..Own::default()
        };
        let mut full = beside(own, 25, [1; 5]);
        assert_eq!(full.insights().len(), 6);
        full.now = LocalTime { hour: 23, ..NOON };
        assert_eq!(full.insights().len(), 6);
        let topics: Vec<_> = comparison().insights().iter().map(|insight| insight.topic).collect();
        assert_eq!(topics, [Topic::Community, Topic::Tokens]);
    }

    #[test]
    fn first_percents_are_rounded_away_from_boasting() {
        for (percentile, first) in [(100.0, 1), (99.5, 1), (99.0, 1), (98.99, 2), (95.0, 5), (90.0, 10), (90.01, 10)] {
            assert_eq!(first_percent(percentile), first, "{percentile}");
        }
    }

    #[test]
    fn topics_have_names_of_their_own() {
        let names: std::collections::BTreeSet<_> = Topic::ALL.into_iter().map(Topic::name).collect();
        assert_eq!(names.len(), Topic::ALL.len());
    }
}
