//! Observations, as tables of examples.

use time::macros::date;

use super::super::OwnFigures;
use super::super::comparison::testing::{NOON, beside, comparison, days_until};
use super::*;
use crate::days::LocalTime;

/// All accounts have the same figures, and they are too few for places.
fn among_equals(own: OwnFigures, figures: [i128; 5]) -> Comparison {
    let mut among = beside(own, 10, [0; 5]);
    let spreads = Measure::ALL.into_iter().zip(figures);
    among.benchmark.spreads = spreads.map(|(measure, figure)| (measure, Spread::of(&[figure; 10]))).collect();
    among
}

fn message_of(comparison: &Comparison, topic: Topic) -> Option<String> {
    let insight = comparison.insights().into_iter().find(|insight| insight.topic == topic)?;
    Some(format!("{}: {}: {}", insight.sentiment.name(), insight.title, insight.message))
}

#[test]
fn insights_every_rule_has_its_text() {
    let used = OwnFigures { tokens: 1_000, active_days: days_until(NOON.date, 3), ..OwnFigures::default() };
    let equals = [1_000, 5, 3, 1, 50_000_000];
    let with = |change: fn(&mut OwnFigures)| {
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
        assert_eq!(message_of(&comparison, topic).as_deref(), Some(words));
    }
}

#[test]
fn insights_ordinary_figures_are_not_mentioned() {
    let own = OwnFigures {
        tokens: 1_000,
        input: 500_000,
        cache_read: 500_000,
        week: 1_190,
        week_before: 1_000,
        ..OwnFigures::default()
    };
    let comparison = among_equals(own, [1_000, 0, 0, 0, 50_000_000]);
    for topic in [Topic::CacheEfficiency, Topic::Trend, Topic::Unpriced, Topic::Tools] {
        assert_eq!(message_of(&comparison, topic), None, "{topic:?}");
    }
    // Below a million tokens of input, cache efficiency is not meaningful, however poor.
    let little = OwnFigures { input: 999_999, ..OwnFigures::default() };
    assert_eq!(message_of(&among_equals(little, [0; 5]), Topic::CacheEfficiency), None);
}

#[test]
fn insights_mention_best_place_and_no_high_cost() {
    let own = OwnFigures { tokens: 5, cost: Usd::from_atto(1_000), tools: 95, ..OwnFigures::default() };
    let place = |own: &OwnFigures| message_of(&beside(own.clone(), 100, [1, 1, 1, 1, 1]), Topic::Tools);
    assert_eq!(
        place(&own).as_deref(),
        Some("positive: Among the first 5 % by variety of tools: Of 100 people with usage, few have more.")
    );
    let costly = OwnFigures { tools: 0, ..own };
    assert_eq!(place(&costly), None);
}

/// An account with this many tools and nothing else, in a community with the others.
fn beside_tools(tools: u32, others: &[i128]) -> Comparison {
    let mut comparison = comparison();
    comparison.own.tools = tools;
    comparison.benchmark.people = u32::try_from(others.len()).expect("few");
    comparison.benchmark.spreads = vec![(Measure::Tools, Spread::of(others))];
    comparison
}

#[test]
fn insights_place_counts_equal_accounts_and_names_leader() {
    let place = |tools, others: &[i128]| {
        let insight = beside_tools(tools, others).place()?;
        Some(format!("{}: {}", insight.title, insight.message))
    };
    let rising: Vec<i128> = (1..=20).collect();
    let first = |percent, message: &str| Some(format!("Among the first {percent} % by variety of tools: {message}"));
    assert_eq!(place(20, &rising), first(5, "Of 20 people with usage, none has more."));
    assert_eq!(place(21, &rising), first(5, "Of 20 people with usage, none has more."), "since the last benchmark");
    assert_eq!(place(19, &rising), first(10, "Of 20 people with usage, one has more."));
    assert_eq!(place(18, &rising), None);
    // Three of them have the most: of 20 accounts that is 15 %, of 40 it is 7.5 %.
    assert_eq!(place(3, &[[1; 17].as_slice(), &[3; 3]].concat()), None);
    assert_eq!(place(3, &[[1; 37].as_slice(), &[3; 3]].concat()), first(8, "Of 40 people with usage, none has more."));
    // All have the same; the accounts are too few.
    assert_eq!(place(1, &[1; 20]), None);
    assert_eq!(place(19, &(1..=19).collect::<Vec<_>>()), None);
    let hundred: Vec<i128> = (1..=100).collect();
    assert_eq!(place(98, &hundred), first(3, "Of 100 people with usage, few have more."));
    let mut week = beside_tools(100, &hundred);
    week.benchmark.period = Period::Week;
    let message = week.place().map(|insight| insight.message);
    assert_eq!(message.as_deref(), Some("Of 100 people with usage in the last 7 days, none has more."));
}

#[test]
fn insights_place_by_cache_efficiency_needs_enough_input() {
    let place = |input, cache_read| {
        let own = OwnFigures { input, cache_read, ..OwnFigures::default() };
        beside(own, 100, [1, 1, 1, 1, 900_000]).place().map(|insight| format!("{}: {}", insight.title, insight.message))
    };
    assert_eq!(place(1, 99), None, "100 tokens say nothing");
    assert_eq!(place(9_999, 990_000), None);
    assert_eq!(
        place(10_000, 990_000).as_deref(),
        Some("Among the first 1 % by cache efficiency: Of 100 people with input, none has a higher one.")
    );
}

#[test]
fn insights_equal_places_mention_rarer_measure() {
    let own = OwnFigures { tokens: 99, tools: 99, active_days: days_until(NOON.date, 99), ..OwnFigures::default() };
    let place = beside(own, 100, [1; 5]).place().map(|insight| format!("{}: {}", insight.title, insight.message));
    assert_eq!(
        place.as_deref(),
        Some("Among the first 1 % by streak: Of 100 people with usage, none has a longer one.")
    );
}

#[test]
fn insights_single_account_is_not_compared() {
    let own = OwnFigures {
        tokens: 24_228_115,
        input: 100_000,
        cache_read: 900_000,
        tools: 4,
        active_days: days_until(NOON.date, 61),
        ..OwnFigures::default()
    };
    let mut alone = beside(own, 1, [0; 5]);
    let figures = Measure::ALL.map(|measure| (measure, Spread::of(&[alone.value(measure).expect("a figure")])));
    alone.benchmark.spreads = figures.into();
    let message_of: Vec<_> = alone
        .insights()
        .into_iter()
        .map(|message_of| format!("{}: {}", message_of.title, message_of.message))
        .collect();
    assert_eq!(
        message_of,
        [
            "No comparison yet: You used 24,228,115 tokens so far. Comparisons begin with the second person, \
             percentiles with the 20th.",
            "Good use of caches: 90 % of what you sent so far came from a cache.",
        ]
    );
    let nothing = comparison().insights();
    assert!(nothing[0].message.starts_with("You used no tokens so far. Comparisons begin"), "{nothing:?}");
    assert_eq!(nothing.len(), 1);
    // One of ten has a cache: nine have no figure to compare with.
    let mut others = among_equals(alone.own.clone(), [1_000, 5, 3, 1, 0]);
    others.benchmark.spreads[4].1 = Spread::of(&[90_000_000]);
    assert_eq!(
        self::message_of(&others, Topic::CacheEfficiency).as_deref(),
        Some("positive: Good use of caches: 90 % of what you sent so far came from a cache.")
    );
}

#[test]
fn insights_figures_that_read_alike_are_equal() {
    // 3 and 2.5, which is shown as 3; 90 % twice.
    let own = OwnFigures {
        tokens: 3,
        input: 100_000,
        cache_read: 900_000,
        active_days: days_until(NOON.date, 3),
        ..OwnFigures::default()
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
        assert_eq!(message_of(&among, topic).as_deref(), Some(words));
    }
    // No account has a streak, and none ever had one.
    let never = among_equals(OwnFigures::default(), [1, 0, 0, 1, 0]);
    assert_eq!(message_of(&never, Topic::Streak), None);
    let once = OwnFigures { active_days: days_until(date!(2026 - 11 - 10), 1), ..OwnFigures::default() };
    assert_eq!(
        message_of(&among_equals(once, [1, 0, 0, 1, 0]), Topic::Streak).as_deref(),
        Some("neutral: No streak at the moment: Your longest was 1 day.")
    );
}

#[test]
fn insights_many_tools_are_compared_with_average() {
    let among = among_equals(OwnFigures { tools: 3, ..OwnFigures::default() }, [0, 0, 0, 3, 0]);
    assert_eq!(
        message_of(&among, Topic::Tools).as_deref(),
        Some("neutral: You work with 3 tools: People use as many on average.")
    );
    for (average, words) in [
        (1, "positive: You work with 4 tools: People use 1 tool on average."),
        (5, "neutral: You work with 4 tools: People use 5 tools on average."),
    ] {
        let among = among_equals(OwnFigures { tools: 4, ..OwnFigures::default() }, [0, 0, 0, average, 0]);
        assert_eq!(message_of(&among, Topic::Tools).as_deref(), Some(words));
    }
}

#[test]
fn insights_small_community_is_mentioned_in_every_period() {
    for (period, people, words) in [
        (Period::All, 2, "so far; there are 2."),
        (Period::Month, 3, "in the last 30 days; there are 3."),
        (Period::Week, 19, "in the last 7 days; there are 19."),
    ] {
        let mut small = comparison();
        (small.benchmark.period, small.benchmark.people) = (period, people);
        let message_of = message_of(&small, Topic::Community).expect("it says so");
        assert_eq!(
            message_of,
            format!("neutral: Too few people for percentiles: Percentiles need 20 people with usage {words}")
        );
    }
    assert_eq!(message_of(&beside(OwnFigures::default(), 20, [1; 5]), Topic::Community), None);
}

#[test]
fn insights_streak_at_risk_comes_first_and_once() {
    let own = OwnFigures { active_days: days_until(date!(2026 - 11 - 21), 12), ..OwnFigures::default() };
    let mut late = beside(own, 5, [1; 5]);
    late.now = LocalTime { hour: 22, ..NOON };
    let insights = late.insights();
    assert_eq!(insights[0].title, "Your streak of 12 days is at risk");
    assert_eq!(insights.iter().filter(|insight| insight.topic == Topic::Streak).count(), 1);
}

#[test]
fn insights_are_at_most_six() {
    let own = OwnFigures {
        tokens: 1_000_000_000,
        input: 10_000_000,
        unpriced_tokens: 1,
        tools: 4,
        week: 2,
        week_before: 1,
        active_days: days_until(date!(2026 - 11 - 21), 12),
        ..OwnFigures::default()
    };
    let mut full = beside(own, 25, [1; 5]);
    assert_eq!(full.insights().len(), 6);
    full.now = LocalTime { hour: 23, ..NOON };
    assert_eq!(full.insights().len(), 6);
    let topics: Vec<_> = comparison().insights().iter().map(|insight| insight.topic).collect();
    assert_eq!(topics, [Topic::Community]);
}

#[test]
fn topics_have_distinct_names() {
    let names: std::collections::BTreeSet<_> = Topic::ALL.into_iter().map(Topic::name).collect();
    assert_eq!(names.len(), Topic::ALL.len());
}
