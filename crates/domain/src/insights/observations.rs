//! Observations about a comparison, in sentences: one rule each, the most interesting first.

use std::cmp::Ordering;

use super::benchmark::{MIN_PERCENTILE_ACCOUNTS, Measure, Spread};
use super::comparison::Comparison;
use crate::days::Period;
use crate::money::Usd;
use crate::text::{grouped, plural};
use crate::usage::MIN_EFFICIENCY_INPUT;

/// The most observations that are given.
const MOST: usize = 6;

/// A place is mentioned up to this percentage from the top.
const MENTIONED_TOP_PERCENT: u64 = 10;

/// Cache efficiency in percent from which it is good, and below which it is poor.
const GOOD_CACHE: f64 = 80.0;
pub(super) const POOR_CACHE: f64 = 30.0;

/// A change is mentioned from this percentage.
const MENTIONED_CHANGE_PERCENT: i64 = 20;

/// The topic of an insight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The community itself.
    Community,
    Tokens,
    Streak,
    Tools,
    CacheEfficiency,
    /// This week compared with the week before.
    Trend,
    /// Usage without a known cost.
    Unpriced,
}

impl Topic {
    pub const ALL: [Self; 7] =
        [Self::Community, Self::Tokens, Self::Streak, Self::Tools, Self::CacheEfficiency, Self::Trend, Self::Unpriced];

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sentiment {
    Positive,
    Neutral,
    Negative,
}

impl Sentiment {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Neutral => "neutral",
            Self::Negative => "negative",
        }
    }
}

/// An observation that stands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insight {
    pub topic: Topic,
    /// A few words.
    pub title: String,
    /// A sentence or two.
    pub message: String,
    pub sentiment: Sentiment,
}

impl Insight {
    fn new(topic: Topic, sentiment: Sentiment, title: impl Into<String>, message: impl Into<String>) -> Self {
        Self { topic, title: title.into(), message: message.into(), sentiment }
    }
}

impl Comparison {
    /// Up to six observations, the most interesting first.
    pub fn insights(&self) -> Vec<Insight> {
        // In the order of interest.
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
            Insight::new(Topic::Streak, Sentiment::Negative, title, "There is no usage today yet: it ends at midnight.")
        })
    }

    fn small_community(&self) -> Option<Insight> {
        let people = self.benchmark.people;
        let insight = |title: &str, message| Some(Insight::new(Topic::Community, Sentiment::Neutral, title, message));
        if self.is_alone() {
            let own = match self.own.tokens.unsigned_abs() {
                0 => "no tokens".to_owned(),
                tokens => plural(tokens, "token"),
            };
            let message = format!(
                "You used {own} {}. Comparisons begin with the second person, percentiles with the {MIN_PERCENTILE_ACCOUNTS}th.",
                self.when()
            );
            return insight("No comparison yet", message);
        }
        if self.benchmark.is_large_enough() {
            return None;
        }
        let message = format!(
            "Percentiles need {MIN_PERCENTILE_ACCOUNTS} people with usage {}; there are {people}.",
            self.when()
        );
        insight("Too few people for percentiles", message)
    }

    fn nothing_used(&self) -> Option<Insight> {
        (self.own.tokens == 0 && !self.is_alone()).then(|| {
            let average = self.average(Measure::Tokens).map_or(0, whole);
            let rest = if average == 0 {
                "Neither did the others.".to_owned()
            } else {
                format!("The others used {} on average.", plural(average.unsigned_abs(), "token"))
            };
            let message = format!("You used no tokens {}. {rest}", self.when());
            Insight::new(Topic::Tokens, Sentiment::Neutral, "Nothing used", message)
        })
    }

    /// The best place, if it is a good one. A high cost is not praised.
    fn place(&self) -> Option<Insight> {
        // The name of the measure, the accounts it is compared among, and the word for a better figure.
        let places = [
            (Measure::CacheEfficiency, Topic::CacheEfficiency, "cache efficiency", "input", "a higher one"),
            (Measure::Streak, Topic::Streak, "streak", "usage", "a longer one"),
            (Measure::Tools, Topic::Tools, "variety of tools", "usage", "more"),
            (Measure::Tokens, Topic::Tokens, "tokens", "usage", "more"),
        ];
        let found = places.into_iter().filter_map(|words| Some((self.first_percent(words.0)?, words)));
        let (first, (measure, topic, what, having, more)) = found.min_by_key(|(first, _)| *first)?;
        let (people, upto) = self.crowd(measure)?;
        let ahead = match people.saturating_sub(upto) {
            0 => "none has",
            1 => "one has",
            _ => "few have",
        };
        let (people, period) = (grouped(people.into()), self.period());
        let message = format!("Of {people} people with {having}{period}, {ahead} {more}.");
        Some(Insight::new(topic, Sentiment::Positive, format!("Among the first {first} % by {what}"), message))
    }

    /// The place from the top in percent, accounts with as much included, rounded up; `None` if it is above [`MENTIONED_TOP_PERCENT`] or not
    /// meaningful.
    fn first_percent(&self, measure: Measure) -> Option<u64> {
        if measure == Measure::CacheEfficiency && !self.has_enough_input() {
            return None;
        }
        self.percentile(measure)?;
        let spread = self.benchmark.spread(measure)?;
        let (less, _) = spread.up_to(self.value(measure)?);
        // An account that has taken the lead since the last benchmark counts as one.
        let first = spread.people.saturating_sub(less).max(1);
        let percent = (u64::from(first) * 100).div_ceil(spread.people.into());
        (percent <= MENTIONED_TOP_PERCENT).then_some(percent)
    }

    /// The accounts with a figure, and those of them with at most this account's figure.
    fn crowd(&self, measure: Measure) -> Option<(u32, u32)> {
        let spread = self.benchmark.spread(measure)?;
        Some((spread.people, spread.up_to(self.value(measure)?).1))
    }

    fn cache(&self) -> Option<Insight> {
        let efficiency = self.cache_efficiency().filter(|_| self.has_enough_input())?;
        let (sentiment, title) = match efficiency {
            good if good >= GOOD_CACHE => (Sentiment::Positive, "Good use of caches"),
            poor if poor < POOR_CACHE => (Sentiment::Negative, "Little comes from caches"),
            _ => return None,
        };
        let own = format!("{efficiency:.0}");
        let average = self.average_of_many(Measure::CacheEfficiency).map(|average| (average + 500_000) / 1_000_000);
        let beside = match average.map(|average| average.to_string()) {
            None => String::new(),
            Some(average) if average == own => ", which is the average".to_owned(),
            Some(average) => format!("; the average is {average} %"),
        };
        let message = format!("{own} % of what you sent {} came from a cache{beside}.", self.when());
        Some(Insight::new(Topic::CacheEfficiency, sentiment, title, message))
    }

    fn trend(&self) -> Option<Insight> {
        let (week, before) = (i128::from(self.own.week), i128::from(self.own.week_before));
        if before <= 0 {
            return None;
        }
        let percent = i64::try_from((week - before) * 100 / before).unwrap_or(i64::MAX);
        let (title, sentiment, than) = match percent {
            up if up >= MENTIONED_CHANGE_PERCENT => ("More than the week before", Sentiment::Positive, "more"),
            down if down <= -MENTIONED_CHANGE_PERCENT => ("Less than the week before", Sentiment::Neutral, "less"),
            _ => return None,
        };
        let message = format!(
            "{} in the last 7 days, {} % {than} than in the 7 days before.",
            plural(self.own.week.unsigned_abs(), "token"),
            grouped(percent.saturating_abs()),
        );
        Some(Insight::new(Topic::Trend, sentiment, title, message))
    }

    /// Tokens compared with the average.
    fn amount(&self) -> Option<Insight> {
        let average = self.average_of_many(Measure::Tokens).filter(|average| *average > 0)?;
        if self.own.tokens == 0 {
            return None;
        }
        let beside = i128::from(self.own.tokens).cmp(&average);
        let (title, sentiment) = match (beside, tenths(self.own.tokens.into(), average)) {
            (Ordering::Less, _) => ("Fewer tokens than the average".to_owned(), Sentiment::Neutral),
            (Ordering::Equal, _) => ("As many tokens as the average".to_owned(), Sentiment::Neutral),
            // Hardly more.
            (Ordering::Greater, ..=10) => ("More tokens than the average".to_owned(), Sentiment::Positive),
            (Ordering::Greater, tenths) => {
                (format!("{}.{} times the average", grouped(tenths / 10), tenths % 10), Sentiment::Positive)
            }
        };
        let average = match beside {
            Ordering::Equal => ", which is the average".to_owned(),
            _ => format!("; the average is {}", grouped(whole(average))),
        };
        let median = self.benchmark.spread(Measure::Tokens).map_or(0, |spread| whole(spread.median()));
        let message = format!(
            "You used {} {}{average}, and half of the people used no more than {}.",
            plural(self.own.tokens.unsigned_abs(), "token"),
            self.when(),
            grouped(median),
        );
        Some(Insight::new(Topic::Tokens, sentiment, title, message))
    }

    fn streak_beside_others(&self) -> Option<Insight> {
        let streak = self.streak();
        let average = self.average_of_many(Measure::Streak)?;
        // A streak at risk is reported already.
        if streak.at_risk(self.now) {
            return None;
        }
        let beside = i128::from(streak.current).cmp(&average);
        let others = format!("The average is {}.", plural(whole(average).unsigned_abs(), "day"));
        if streak.current == 0 {
            let longest =
                (streak.longest > 0).then(|| format!("Your longest was {}.", plural(streak.longest.into(), "day")));
            let others = (beside == Ordering::Less).then_some(others);
            let message: Vec<String> = longest.into_iter().chain(others).collect();
            let insight = Insight::new(Topic::Streak, Sentiment::Neutral, "No streak at the moment", message.join(" "));
            return (!message.is_empty()).then_some(insight);
        }
        let title = format!("A streak of {}", plural(streak.current.into(), "day"));
        let message = if beside == Ordering::Equal { "That is the average.".to_owned() } else { others };
        Some(Insight::new(Topic::Streak, good_if_more(beside), title, message))
    }

    fn unpriced(&self) -> Option<Insight> {
        (self.own.unpriced_tokens > 0).then(|| {
            let known = self.own.cost;
            let message = format!(
                "No price is known for {} of the tokens you used{}, so the real cost is higher than {}.",
                grouped(self.own.unpriced_tokens),
                self.period(),
                if known == Usd::ZERO { "what is shown".to_owned() } else { known.cents() },
            );
            Insight::new(Topic::Unpriced, Sentiment::Neutral, "Some usage has no price", message)
        })
    }

    fn tools(&self) -> Option<Insight> {
        let average = self.average_of_many(Measure::Tools)?;
        (self.own.tools >= 3).then(|| {
            let title = format!("You work with {}", plural(self.own.tools.into(), "tool"));
            let beside = i128::from(self.own.tools).cmp(&average);
            let message = match beside {
                Ordering::Equal => "People use as many on average.".to_owned(),
                _ => format!("People use {} on average.", plural(whole(average).unsigned_abs(), "tool")),
            };
            Insight::new(Topic::Tools, good_if_more(beside), title, message)
        })
    }

    /// Whether there is no other account to compare with.
    fn is_alone(&self) -> bool {
        self.benchmark.people < 2
    }

    /// The average, rounded as shown; `None` if it is the figure of a single account, which may be this one.
    fn average_of_many(&self, measure: Measure) -> Option<i128> {
        self.benchmark.spread(measure).filter(|spread| spread.people >= 2).map(Spread::average)
    }

    /// Whether there is enough input for a meaningful cache efficiency.
    pub(super) fn has_enough_input(&self) -> bool {
        self.own.input.saturating_add(self.own.cache_read) >= MIN_EFFICIENCY_INPUT
    }

    /// The period, for a sentence about an amount.
    fn when(&self) -> &'static str {
        match self.benchmark.period {
            Period::All => "so far",
            Period::Month => "in the last 30 days",
            Period::Week => "in the last 7 days",
        }
    }

    /// The period, as a restriction of a noun; empty for all time.
    fn period(&self) -> &'static str {
        match self.benchmark.period {
            Period::All => "",
            Period::Month => " in the last 30 days",
            Period::Week => " in the last 7 days",
        }
    }
}

/// More than the average is good news; the same or less is neutral.
fn good_if_more(beside: Ordering) -> Sentiment {
    if beside == Ordering::Greater { Sentiment::Positive } else { Sentiment::Neutral }
}

/// `a` / `b` in tenths, truncated; `b` is more than 0.
fn tenths(a: i128, b: i128) -> i64 {
    whole(a.saturating_mul(10) / b)
}

fn whole(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "observations_tests.rs"]
mod tests;
