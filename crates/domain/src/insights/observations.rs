//! What stands out in a comparison, in plain words: one rule each, the most interesting first.

use std::cmp::Ordering;

use super::benchmark::{FLOOR, Measure, Spread};
use super::comparison::Comparison;
use crate::dashboard::Period;
use crate::money::Usd;
use crate::text::{grouped, plural};

/// How many are told at most.
const MOST: usize = 6;

/// Among how many first percent a place is worth a word.
const HIGH: u64 = 10;

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
            Insight::new(Topic::Streak, Sentiment::Negative, title, "There is no usage today yet: it ends at midnight.")
        })
    }

    fn small_community(&self) -> Option<Insight> {
        let people = self.benchmark.people;
        let told = |title: &str, message| Some(Insight::new(Topic::Community, Sentiment::Neutral, title, message));
        if self.is_alone() {
            let own = match self.own.tokens.unsigned_abs() {
                0 => "no tokens".to_owned(),
                tokens => plural(tokens, "token"),
            };
            let message = format!(
                "You used {own} {}. Comparisons begin with the second person, percentiles with the {FLOOR}th.",
                self.when()
            );
            return told("Nobody to compare with yet", message);
        }
        if self.benchmark.is_large_enough() {
            return None;
        }
        let message = format!("Percentiles need {FLOOR} people with usage {}; there are {people}.", self.when());
        told("Too few people for percentiles", message)
    }

    fn nothing_used(&self) -> Option<Insight> {
        (self.own.tokens == 0 && !self.is_alone()).then(|| {
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
        // What it is by, whom it is among, and what those ahead have.
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
            0 => "nobody has",
            1 => "one has",
            _ => "few have",
        };
        let (people, period) = (grouped(people.into()), self.period());
        let message = format!("Of {people} people with {having}{period}, {ahead} {more}.");
        Some(Insight::new(topic, Sentiment::Positive, format!("Among the first {first} % by {what}"), message))
    }

    /// Among how many first percent of the people they are, those who have as much included, rounded up; `None` where that is
    /// not worth a word, or means nothing.
    fn first_percent(&self, measure: Measure) -> Option<u64> {
        if measure == Measure::CacheEfficiency && !self.has_enough_input() {
            return None;
        }
        self.percentile(measure)?;
        let spread = self.benchmark.spread(measure)?;
        let (less, _) = spread.up_to(self.value(measure)?);
        // Somebody who is ahead of everybody only since the last benchmark is one.
        let first = spread.people.saturating_sub(less).max(1);
        let percent = (u64::from(first) * 100).div_ceil(spread.people.into());
        (percent <= HIGH).then_some(percent)
    }

    /// How many people have a figure, and how many of them no more than they.
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
        // What is at risk is told already.
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
            let told = Insight::new(Topic::Streak, Sentiment::Neutral, "No streak at the moment", message.join(" "));
            return (!message.is_empty()).then_some(told);
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

    /// Whether there is nobody else to compare with.
    fn is_alone(&self) -> bool {
        self.benchmark.people < 2
    }

    /// The average, rounded as it is shown; `None` where it is one person's figure, who may be the same.
    fn average_of_many(&self, measure: Measure) -> Option<i128> {
        self.benchmark.spread(measure).filter(|spread| spread.people >= 2).map(Spread::average)
    }

    /// Whether there is enough input for cache efficiency to mean something.
    pub(super) fn has_enough_input(&self) -> bool {
        self.own.input.saturating_add(self.own.cache_read) >= ENOUGH_INPUT
    }

    /// The period, as a sentence about what is counted has it.
    fn when(&self) -> &'static str {
        match self.benchmark.period {
            Period::All => "so far",
            Period::Month => "in the last 30 days",
            Period::Week => "in the last 7 days",
        }
    }

    /// The period, as what a sentence speaks of is limited by it; nothing for all time.
    fn period(&self) -> &'static str {
        match self.benchmark.period {
            Period::All => "",
            Period::Month => " in the last 30 days",
            Period::Week => " in the last 7 days",
        }
    }
}

/// More than the average is good news; the same or less is none.
fn good_if_more(beside: Ordering) -> Sentiment {
    if beside == Ordering::Greater { Sentiment::Positive } else { Sentiment::Neutral }
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

    use super::super::Own;
    use super::super::comparison::testing::{NOON, beside, comparison, days_until};
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
                with(|own| own.tokens = 1_000),
                Topic::Tokens,
                "neutral: As many tokens as the average: You used 1,000 tokens so far, which is the average, and half of the \
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
            (with(|_| ()), Topic::Streak, "neutral: A streak of 3 days: That is the average."),
            (
                with(|own| own.active_days = days_until(NOON.date, 4)),
                Topic::Streak,
                "positive: A streak of 4 days: The average is 3 days.",
            ),
            (
                with(|own| own.active_days = days_until(NOON.date, 1)),
                Topic::Streak,
                "neutral: A streak of 1 day: The average is 3 days.",
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
                with(|own| (own.input, own.cache_read) = (100_000, 900_000)),
                Topic::CacheEfficiency,
                "positive: Good use of caches: 90 % of what you sent so far came from a cache; the average is 50 %.",
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
                "neutral: Some usage has no price: No price is known for 700 of the tokens you used, so the real cost is \
                 higher than what is shown.",
            ),
            (
                with(|own| (own.unpriced_tokens, own.cost) = (1, Usd::from_atto(1_500_000_000_000_000_000))),
                Topic::Unpriced,
                "neutral: Some usage has no price: No price is known for 1 of the tokens you used, so the real cost is \
                 higher than $1.50.",
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
            Some("positive: Among the first 5 % by variety of tools: Of 100 people with usage, few have more.")
        );
        let costly = Own { tools: 0, ..own };
        assert_eq!(place(&costly), None);
    }

    /// Somebody with so many tools, and nothing else, beside people with these.
    fn beside_tools(tools: u32, others: &[i128]) -> Comparison {
        let mut comparison = comparison();
        comparison.own.tools = tools;
        comparison.benchmark.people = u32::try_from(others.len()).expect("few");
        comparison.benchmark.spreads = vec![(Measure::Tools, Spread::of(others))];
        comparison
    }

    #[test]
    fn a_place_counts_those_who_have_as_much_and_says_when_nobody_has_more() {
        let place = |tools, others: &[i128]| {
            let insight = beside_tools(tools, others).place()?;
            Some(format!("{}: {}", insight.title, insight.message))
        };
        let rising: Vec<i128> = (1..=20).collect();
        let first =
            |percent, message: &str| Some(format!("Among the first {percent} % by variety of tools: {message}"));
        assert_eq!(place(20, &rising), first(5, "Of 20 people with usage, nobody has more."));
        assert_eq!(
            place(21, &rising),
            first(5, "Of 20 people with usage, nobody has more."),
            "since the last benchmark"
        );
        assert_eq!(place(19, &rising), first(10, "Of 20 people with usage, one has more."));
        assert_eq!(place(18, &rising), None);
        // Three of them have the most: of 20 people that is 15 %, of 40 it is 7.5 %.
        assert_eq!(place(3, &[[1; 17].as_slice(), &[3; 3]].concat()), None);
        assert_eq!(
            place(3, &[[1; 37].as_slice(), &[3; 3]].concat()),
            first(8, "Of 40 people with usage, nobody has more.")
        );
        // Everybody has the same; too few do.
        assert_eq!(place(1, &[1; 20]), None);
        assert_eq!(place(19, &(1..=19).collect::<Vec<_>>()), None);
        let hundred: Vec<i128> = (1..=100).collect();
        assert_eq!(place(98, &hundred), first(3, "Of 100 people with usage, few have more."));
        let mut week = beside_tools(100, &hundred);
        week.benchmark.period = Period::Week;
        let message = week.place().map(|insight| insight.message);
        assert_eq!(message.as_deref(), Some("Of 100 people with usage in the last 7 days, nobody has more."));
    }

    #[test]
    fn a_place_by_cache_efficiency_needs_enough_input() {
        let place = |input, cache_read| {
            let own = Own { input, cache_read, ..Own::default() };
            beside(own, 100, [1, 1, 1, 1, 900_000])
                .place()
                .map(|insight| format!("{}: {}", insight.title, insight.message))
        };
        assert_eq!(place(1, 99), None, "100 tokens say nothing");
        assert_eq!(place(9_999, 990_000), None);
        assert_eq!(
            place(10_000, 990_000).as_deref(),
            Some("Among the first 1 % by cache efficiency: Of 100 people with input, nobody has a higher one.")
        );
    }

    #[test]
    fn of_equal_places_the_rarer_sort_comes_first() {
        let own = Own { tokens: 99, tools: 99, active_days: days_until(NOON.date, 99), ..Own::default() };
        let place = beside(own, 100, [1; 5]).place().map(|insight| format!("{}: {}", insight.title, insight.message));
        assert_eq!(
            place.as_deref(),
            Some("Among the first 1 % by streak: Of 100 people with usage, nobody has a longer one.")
        );
    }

    #[test]
    fn who_is_alone_is_compared_with_nobody() {
        let own = Own {
            tokens: 24_228_115,
            input: 100_000,
            cache_read: 900_000,
            tools: 4,
            active_days: days_until(NOON.date, 61),
            ..Own::default()
        };
        let mut alone = beside(own, 1, [0; 5]);
        let figures = Measure::ALL.map(|measure| (measure, Spread::of(&[alone.value(measure).expect("a figure")])));
        alone.benchmark.spreads = figures.into();
        let told: Vec<_> =
            alone.insights().into_iter().map(|told| format!("{}: {}", told.title, told.message)).collect();
        assert_eq!(
            told,
            [
                "Nobody to compare with yet: You used 24,228,115 tokens so far. Comparisons begin with the second person, \
                 percentiles with the 20th.",
                "Good use of caches: 90 % of what you sent so far came from a cache.",
            ]
        );
        let nothing = comparison().insights();
        assert!(nothing[0].message.starts_with("You used no tokens so far. Comparisons begin"), "{nothing:?}");
        assert_eq!(nothing.len(), 1);
        // One of ten has a cache: nine have no figure to be compared with.
        let mut others = among_equals(alone.own.clone(), [1_000, 5, 3, 1, 0]);
        others.benchmark.spreads[4].1 = Spread::of(&[90_000_000]);
        assert_eq!(
            self::told(&others, Topic::CacheEfficiency).as_deref(),
            Some("positive: Good use of caches: 90 % of what you sent so far came from a cache.")
        );
    }

    #[test]
    fn figures_that_read_alike_are_told_alike() {
        // 3 and 2.5, which is shown as 3; 90 % twice.
        let own = Own {
            tokens: 3,
            input: 100_000,
            cache_read: 900_000,
            active_days: days_until(NOON.date, 3),
            ..Own::default()
        };
        let mut among = beside(own, 2, [0; 5]);
        let spread = |figures: [i128; 2]| Spread::of(&figures);
        among.benchmark.spreads = vec![
            (Measure::Tokens, spread([2, 3])),
            (Measure::Streak, spread([2, 3])),
            (Measure::CacheEfficiency, spread([90_000_000, 90_000_001])),
        ];
        for (topic, words) in [
            (
                Topic::Tokens,
                "neutral: As many tokens as the average: You used 3 tokens so far, which is the average, and half of the \
                 people used no more than 3.",
            ),
            (Topic::Streak, "neutral: A streak of 3 days: That is the average."),
            (
                Topic::CacheEfficiency,
                "positive: Good use of caches: 90 % of what you sent so far came from a cache, which is the average.",
            ),
        ] {
            assert_eq!(told(&among, topic).as_deref(), Some(words));
        }
        // Nobody has a streak, and there never was one.
        let never = among_equals(Own::default(), [1, 0, 0, 1, 0]);
        assert_eq!(told(&never, Topic::Streak), None);
        let once = Own { active_days: days_until(date!(2026 - 11 - 10), 1), ..Own::default() };
        assert_eq!(
            told(&among_equals(once, [1, 0, 0, 1, 0]), Topic::Streak).as_deref(),
            Some("neutral: No streak at the moment: Your longest was 1 day.")
        );
    }

    #[test]
    fn many_tools_are_told_beside_the_average() {
        let among = among_equals(Own { tools: 3, ..Own::default() }, [0, 0, 0, 3, 0]);
        assert_eq!(
            told(&among, Topic::Tools).as_deref(),
            Some("neutral: You work with 3 tools: People use as many on average.")
        );
        for (average, words) in [
            (1, "positive: You work with 4 tools: People use 1 tool on average."),
            (5, "neutral: You work with 4 tools: People use 5 tools on average."),
        ] {
            let among = among_equals(Own { tools: 4, ..Own::default() }, [0, 0, 0, average, 0]);
            assert_eq!(told(&among, Topic::Tools).as_deref(), Some(words));
        }
    }

    #[test]
    fn a_small_community_says_so_in_every_period() {
        for (period, people, words) in [
            (Period::All, 2, "so far; there are 2."),
            (Period::Month, 3, "in the last 30 days; there are 3."),
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
        assert_eq!(topics, [Topic::Community]);
    }

    #[test]
    fn topics_have_names_of_their_own() {
        let names: std::collections::BTreeSet<_> = Topic::ALL.into_iter().map(Topic::name).collect();
        assert_eq!(names.len(), Topic::ALL.len());
    }
}
