//! Rules that every entry of the catalogue follows.

use std::collections::{BTreeMap, BTreeSet};

use super::{AchievementDefinition, Category, Metric, Rarity, catalogue, find, find_by_slug, of_kind};
use crate::ids::AchievementId;

/// Metrics that measure volume.
const VOLUME: [Metric; 6] = [
    Metric::Tokens,
    Metric::Messages,
    Metric::OutputTokens,
    Metric::ReasoningTokens,
    Metric::CacheReadTokens,
    Metric::BusiestDay,
];

/// The largest value of `metric` that an account can reach within ten years.
fn within_reach(metric: Metric) -> u64 {
    const DAYS: u64 = 3_652;
    match metric {
        Metric::Tokens | Metric::CacheReadTokens | Metric::OutputTokens | Metric::ReasoningTokens => 100_000_000_000,
        Metric::BusiestDay => 20_000_000_000,
        Metric::Messages => 1_000_000,
        Metric::ActiveDays
        | Metric::LongestStreak
        | Metric::LongestComeback
        | Metric::AccountDays
        | Metric::EarlyDays
        | Metric::NightDays => DAYS,
        Metric::WeekendDays => DAYS / 7 * 2,
        Metric::FullWeekends | Metric::PerfectWeeks | Metric::Comebacks => DAYS / 7,
        Metric::PerfectMonths | Metric::MonthsActive => 120,
        Metric::Models | Metric::ModelsInADay => 50,
        Metric::Tools | Metric::ToolsInADay | Metric::Machines | Metric::Makers => 10,

        Metric::CacheEfficiency => 10_000,
        Metric::HoursOfDay => 24,
        Metric::ProfileFields => 6,
        Metric::Followers | Metric::Following | Metric::Referrals | Metric::ReferralNetwork => 1_000,
        Metric::AccountNumber | Metric::BestRank => u64::MAX,
        Metric::Level => 101,
        // All others, except those that only one account of an instance can have.
        Metric::Unlocked => catalogue().len() as u64 - 3,
    }
}

/// The spellings of `threshold` in descriptions.
fn spelled(metric: Metric, threshold: u64) -> Vec<String> {
    let value = if metric == Metric::CacheEfficiency { threshold / 100 } else { threshold };
    let digits = value.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let mut ways = vec![grouped];
    for (unit, word) in [(1_000, "thousand"), (1_000_000, "million"), (1_000_000_000, "billion")] {
        if value % unit == 0 {
            ways.push(format!("{} {word}", value / unit));
        }
    }
    if value == 1 {
        ways.push("first".into());
    }
    ways
}

/// Whether `text` contains `words` as whole words.
fn contains_phrase(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + words.len()..].chars();
        let goes_on = match after.next() {
            Some(',') => after.next().is_some_and(|next| next.is_ascii_digit()),
            next => next.is_some_and(char::is_alphanumeric),
        };
        !goes_on && !before.is_some_and(|before| before.is_alphanumeric() || before == ',')
    })
}

fn count<K: Ord>(key: impl Fn(&AchievementDefinition) -> K) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    for definition in catalogue() {
        *counts.entry(key(definition)).or_default() += 1;
    }
    counts
}

#[test]
fn catalogue_slugs_ids_and_names_are_unique() {
    assert_eq!(count(|definition| definition.slug).len(), catalogue().len());
    assert_eq!(count(AchievementDefinition::id).len(), catalogue().len());
    assert_eq!(count(|definition| definition.name).len(), catalogue().len());
    for definition in catalogue() {
        assert_eq!(find(definition.id()), Some(definition));
        assert_eq!(find_by_slug(definition.slug), Some(definition));
    }
    assert_eq!(find(AchievementId(uuid::Uuid::nil())), None);
    assert_eq!(find_by_slug("no-such-thing"), None);
}

#[test]
fn catalogue_ids_never_change() {
    for (slug, id) in [
        ("first-sync", "b21a5f43-ff21-8a8f-ad4a-fd9c6c54982c"),
        ("token-ocean", "518a5f8f-075e-8bac-b1a4-c9dafb5c2481"),
        ("streak-365", "a544f606-8d61-8387-9e75-27527128867a"),
        ("number-one", "b77144ce-482c-8cb0-a36c-c958cbe72342"),
    ] {
        assert_eq!(find_by_slug(slug).map(|definition| definition.id().to_string()).as_deref(), Some(id), "{slug}");
    }
}

#[test]
fn catalogue_slugs_are_lower_case_with_dashes() {
    for AchievementDefinition { slug, .. } in catalogue() {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        assert!(slug.len() <= 50 && slug.split('-').all(word), "{slug}");
    }
}

#[test]
fn catalogue_thresholds_are_one_to_five_and_grow_harder() {
    for AchievementDefinition { slug, metric, thresholds, .. } in catalogue() {
        assert!((1..=5).contains(&thresholds.len()) && !thresholds.contains(&0), "{slug}");
        let harder = |pair: &[u64]| if metric.fewer_is_better() { pair[0] > pair[1] } else { pair[0] < pair[1] };
        assert!(thresholds.windows(2).all(harder), "{slug}");
    }
}

#[test]
fn catalogue_every_threshold_can_be_reached() {
    for AchievementDefinition { slug, metric, thresholds, .. } in catalogue() {
        assert!(thresholds.iter().all(|threshold| *threshold <= within_reach(*metric)), "{slug}");
    }
}

#[test]
fn catalogue_new_account_has_nothing() {
    // Level 1 and the age of a new account earn nothing.
    for AchievementDefinition { slug, metric, thresholds, .. } in catalogue() {
        assert!(*metric != Metric::Level || thresholds[0] > 1, "{slug}");
    }
}

#[test]
fn catalogue_conditions_are_distinct() {
    let mut used_metrics = BTreeSet::new();
    for AchievementDefinition { slug, metric, thresholds, .. } in catalogue() {
        assert!(thresholds.iter().all(|threshold| used_metrics.insert((*metric, *threshold))), "{slug}");
    }
}

#[test]
fn catalogue_descriptions_state_every_threshold() {
    for AchievementDefinition { slug, description, metric, thresholds, .. } in catalogue() {
        for threshold in *thresholds {
            let ways = spelled(*metric, *threshold);
            assert!(
                ways.iter().any(|way| contains_phrase(&description.to_lowercase(), way)),
                "{slug}: none of {ways:?}"
            );
        }
    }
}

#[test]
fn contains_phrase_number_only_as_whole_word() {
    for (text, words, stated) in [
        ("10 days", "10", true),
        ("5, 10 or 20", "10", true),
        ("10, 20", "10", true),
        ("100 days", "10", false),
        ("10,000 days", "10", false),
        ("1,010", "010", false),
        ("1 million", "1 million", true),
        ("91 million", "1 million", false),
    ] {
        assert_eq!(contains_phrase(text, words), stated, "{text}");
    }
}

#[test]
fn catalogue_names_are_titles_and_descriptions_are_sentences() {
    for AchievementDefinition { slug, name, description, .. } in catalogue() {
        assert!((3..=40).contains(&name.chars().count()) && name.trim() == *name && !name.ends_with('.'), "{slug}");
        assert!((10..=120).contains(&description.chars().count()) && description.ends_with('.'), "{slug}");
        assert!(name.starts_with(char::is_uppercase) && description.starts_with(char::is_uppercase), "{slug}");
    }
}

#[test]
fn catalogue_hidden_entries_are_special_without_tiers() {
    let hidden: Vec<_> = catalogue().iter().filter(|definition| definition.hidden).collect();
    assert_eq!(hidden.len(), 5);
    for definition in hidden {
        assert_eq!((definition.category, definition.is_tiered()), (Category::Special, false), "{}", definition.slug);
    }
}

#[test]
fn catalogue_every_metric_is_used() {
    let used = count(|definition| definition.metric);
    assert_eq!(Metric::ALL.into_iter().filter(|metric| !used.contains_key(metric)).collect::<Vec<_>>(), []);
}

#[test]
fn catalogue_volume_earns_less_than_other_categories() {
    let volume = catalogue().iter().filter(|definition| VOLUME.contains(&definition.metric));
    let other = catalogue().iter().filter(|definition| {
        let rewarded = [Category::Streaks, Category::Efficiency, Category::Diversity, Category::Social];
        rewarded.contains(&definition.category) && !VOLUME.contains(&definition.metric)
    });
    let pays = |definition: &AchievementDefinition| definition.xp_between(0, definition.thresholds.len());
    assert!(other.clone().count() >= volume.clone().count());
    assert!(other.map(pays).sum::<u64>() >= volume.map(pays).sum::<u64>(), "in XP too");
}

#[test]
fn catalogue_totals_are_known() {
    assert_eq!(catalogue().len(), 82);
    assert_eq!(
        count(|definition| definition.category).into_iter().collect::<Vec<_>>(),
        [
            (Category::Onboarding, 7),
            (Category::Usage, 6),
            (Category::Social, 12),
            (Category::Streaks, 18),
            (Category::Efficiency, 5),
            (Category::Diversity, 18),
            (Category::Milestones, 6),
            (Category::Special, 10),
        ]
    );
    assert_eq!(
        count(|definition| definition.rarity).into_iter().collect::<Vec<_>>(),
        [(Rarity::Common, 24), (Rarity::Uncommon, 25), (Rarity::Rare, 19), (Rarity::Epic, 9), (Rarity::Legendary, 5),]
    );
}

#[test]
fn catalogue_filters_by_category_and_rarity() {
    for (category, rarity, number) in [
        (None, None, 82),
        (Some(Category::Usage), None, 6),
        (None, Some(Rarity::Legendary), 5),
        (Some(Category::Usage), Some(Rarity::Epic), 1),
        (Some(Category::Usage), Some(Rarity::Legendary), 0),
    ] {
        let found: Vec<_> = of_kind(category, rarity).collect();
        assert_eq!(found.len(), number, "{category:?} {rarity:?}");
        assert!(found.iter().all(|definition| category.is_none_or(|category| definition.category == category)));
        assert!(found.iter().all(|definition| rarity.is_none_or(|rarity| definition.rarity == rarity)));
    }
}

#[test]
fn catalogue_categories_are_contiguous() {
    let mut seen: Vec<Category> = catalogue().iter().map(|definition| definition.category).collect();
    seen.dedup();
    assert_eq!(seen.len(), Category::ALL.len());
}

#[test]
fn catalogue_monotone_entries_are_known() {
    for (slug, monotone) in [("token-stream", true), ("top-10", true), ("streak-7", false), ("collector", false)] {
        assert_eq!(find_by_slug(slug).map(AchievementDefinition::monotone), Some(monotone), "{slug}");
    }
}
