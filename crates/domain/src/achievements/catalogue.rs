//! The catalogue of achievements. A slug never changes: ids are derived from it, and accounts hold them.

use std::sync::LazyLock;

use super::definition::AchievementDefinition;
use super::definition::Category::{
    self, Diversity, Efficiency, Milestones, Onboarding, Social, Special, Streaks, Usage,
};
use super::definition::Rarity::{self, Common, Epic, Legendary, Rare, Uncommon};
use super::metrics::Metric;
use crate::ids::AchievementId;

const fn entry(category: Category, rarity: Rarity, slug: &'static str, name: &'static str) -> AchievementDefinition {
    let (metric, thresholds) = (Metric::Messages, &[1]);
    AchievementDefinition { slug, name, description: "", category, rarity, hidden: false, metric, thresholds }
}

impl AchievementDefinition {
    /// Sets the description.
    const fn described(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    /// Earned when `metric` reaches a threshold; the easiest threshold is first.
    const fn at(self, metric: Metric, thresholds: &'static [u64]) -> Self {
        Self { metric, thresholds, ..self }
    }

    const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }
}

const CATALOGUE: &[AchievementDefinition] = &[
    // Getting started.
    entry(Onboarding, Common, "first-sync", "First Light")
        .described("Sync your first message.")
        .at(Metric::Messages, &[1]),
    entry(Onboarding, Common, "hello-tokens", "A Thousand Hellos")
        .described("Use 1,000 tokens.")
        .at(Metric::Tokens, &[1_000]),
    entry(Onboarding, Common, "getting-talkative", "Getting Talkative")
        .described("Sync 100 messages.")
        .at(Metric::Messages, &[100]),
    entry(Onboarding, Common, "second-day", "Came Back for More")
        .described("Be active on 2 days.")
        .at(Metric::ActiveDays, &[2]),
    entry(Onboarding, Common, "name-tag", "Name Tag")
        .described("Fill in 3 parts of your profile.")
        .at(Metric::ProfileFields, &[3]),
    entry(Onboarding, Uncommon, "profile-complete", "The Full Picture")
        .described("Fill in all 6 parts of your profile: name, bio, location, region, website and image.")
        .at(Metric::ProfileFields, &[6]),
    entry(Onboarding, Common, "second-machine", "Two Desks")
        .described("Sync from 2 machines.")
        .at(Metric::Machines, &[2]),
    // Volume.
    entry(Usage, Common, "token-stream", "Token Stream")
        .described("Use 10 thousand, 100 thousand, 1 million, 10 million or 100 million tokens.")
        .at(Metric::Tokens, &[10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]),
    entry(Usage, Epic, "token-ocean", "Token Ocean")
        .described("Use 1 billion, 10 billion or 100 billion tokens. Mind the water level.")
        .at(Metric::Tokens, &[1_000_000_000, 10_000_000_000, 100_000_000_000]),
    entry(Usage, Uncommon, "message-mill", "Message Mill")
        .described("Sync 1,000, 10,000, 50,000, 100,000 or 500,000 messages.")
        .at(Metric::Messages, &[1_000, 10_000, 50_000, 100_000, 500_000]),
    entry(Usage, Uncommon, "wordsmith", "Wordsmith by Proxy")
        .described("Have 100 thousand, 1 million, 10 million, 100 million or 1 billion tokens written for you.")
        .at(Metric::OutputTokens, &[100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000]),
    entry(Usage, Uncommon, "deep-thought", "Deep Thought")
        .described("Let models reason for 10 thousand, 100 thousand, 1 million, 10 million or 100 million tokens.")
        .at(Metric::ReasoningTokens, &[10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]),
    entry(Usage, Uncommon, "big-day", "Quite a Day")
        .described("Use 1 million, 10 million, 100 million or 1 billion tokens in a single day.")
        .at(Metric::BusiestDay, &[1_000_000, 10_000_000, 100_000_000, 1_000_000_000]),
    // Consistency.
    entry(Streaks, Common, "streak-3", "Hat Trick")
        .described("Be active 3 days in a row.")
        .at(Metric::LongestStreak, &[3]),
    entry(Streaks, Common, "streak-7", "One Whole Week")
        .described("Be active 7 days in a row.")
        .at(Metric::LongestStreak, &[7]),
    entry(Streaks, Uncommon, "streak-14", "Fortnight")
        .described("Be active 14 days in a row.")
        .at(Metric::LongestStreak, &[14]),
    entry(Streaks, Uncommon, "streak-30", "Monthly Ritual")
        .described("Be active 30 days in a row.")
        .at(Metric::LongestStreak, &[30]),
    entry(Streaks, Rare, "streak-60", "Second Nature")
        .described("Be active 60 days in a row.")
        .at(Metric::LongestStreak, &[60]),
    entry(Streaks, Rare, "streak-100", "Triple Digits")
        .described("Be active 100 days in a row.")
        .at(Metric::LongestStreak, &[100]),
    entry(Streaks, Epic, "streak-200", "No Signs of Stopping")
        .described("Be active 200 days in a row.")
        .at(Metric::LongestStreak, &[200]),
    entry(Streaks, Legendary, "streak-365", "Once around the Sun")
        .described("Be active 365 days in a row.")
        .at(Metric::LongestStreak, &[365]),
    entry(Streaks, Legendary, "streak-1000", "A Thousand and No Nights Off")
        .described("Be active 1,000 days in a row.")
        .at(Metric::LongestStreak, &[1_000]),
    entry(Streaks, Common, "regular", "The Usual, Please")
        .described("Be active on 10, 50, 100, 250 or 500 days.")
        .at(Metric::ActiveDays, &[10, 50, 100, 250, 500]),
    entry(Streaks, Epic, "fixture", "Part of the Furniture")
        .described("Be active on 1,000 days.")
        .at(Metric::ActiveDays, &[1_000]),
    entry(Streaks, Uncommon, "perfect-week", "Seven out of Seven")
        .described("Be active on every day from Monday to Sunday, for 1, 4, 13, 26 or 52 weeks.")
        .at(Metric::PerfectWeeks, &[1, 4, 13, 26, 52]),
    entry(Streaks, Rare, "perfect-month", "Not a Day Missed")
        .described("Be active on every day of a calendar month, for 1, 3, 6 or 12 months.")
        .at(Metric::PerfectMonths, &[1, 3, 6, 12]),
    entry(Streaks, Uncommon, "season-ticket", "Season Ticket")
        .described("Be active in 2, 6, 12, 24 or 36 calendar months.")
        .at(Metric::MonthsActive, &[2, 6, 12, 24, 36]),
    entry(Streaks, Common, "welcome-back", "Welcome Back")
        .described("Return after 7 days away. The streak is gone, you are not.")
        .at(Metric::LongestComeback, &[7]),
    entry(Streaks, Uncommon, "long-time-no-see", "Long Time No See")
        .described("Return after 30 days away.")
        .at(Metric::LongestComeback, &[30]),
    entry(Streaks, Rare, "phoenix", "Phoenix")
        .described("Return after 90 days away, from the ashes of a streak.")
        .at(Metric::LongestComeback, &[90]),
    entry(Streaks, Uncommon, "boomerang", "Boomerang")
        .described("Return 2, 5 or 10 times after at least a week away.")
        .at(Metric::Comebacks, &[2, 5, 10]),
    // Cache efficiency.
    entry(Efficiency, Common, "warm-cache", "Warm Cache")
        .described("Reach 10 % cache efficiency over at least a million input tokens.")
        .at(Metric::CacheEfficiency, &[1_000]),
    entry(Efficiency, Uncommon, "half-remembered", "Half Remembered")
        .described("Reach 50 % cache efficiency over at least a million input tokens.")
        .at(Metric::CacheEfficiency, &[5_000]),
    entry(Efficiency, Rare, "cache-keeper", "Cache Keeper")
        .described("Reach 80 % cache efficiency over at least a million input tokens.")
        .at(Metric::CacheEfficiency, &[8_000]),
    entry(Efficiency, Epic, "total-recall", "Total Recall, Nearly")
        .described("Reach 95 % cache efficiency over at least a million input tokens.")
        .at(Metric::CacheEfficiency, &[9_500]),
    entry(Efficiency, Uncommon, "recycler", "Recycler")
        .described("Read 1 million, 10 million, 100 million, 1 billion or 10 billion tokens from the cache.")
        .at(Metric::CacheReadTokens, &[1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000]),
    // Variety.
    entry(Diversity, Common, "models-3", "Second and Third Opinion")
        .described("Use 3 different models.")
        .at(Metric::Models, &[3]),
    entry(Diversity, Uncommon, "models-5", "Panel of Experts")
        .described("Use 5 different models.")
        .at(Metric::Models, &[5]),
    entry(Diversity, Rare, "models-10", "Model Citizen")
        .described("Use 10 different models.")
        .at(Metric::Models, &[10]),
    entry(Diversity, Epic, "models-25", "Benchmark Suite")
        .described("Use 25 different models.")
        .at(Metric::Models, &[25]),
    entry(Diversity, Common, "tools-2", "On the Other Hand")
        .described("Use 2 different tools.")
        .at(Metric::Tools, &[2]),
    entry(Diversity, Uncommon, "tools-3", "Toolbelt").described("Use 3 different tools.").at(Metric::Tools, &[3]),
    entry(Diversity, Rare, "tools-5", "Toolbox").described("Use 5 different tools.").at(Metric::Tools, &[5]),
    entry(Diversity, Epic, "tools-8", "Hardware Store").described("Use 8 different tools.").at(Metric::Tools, &[8]),
    entry(Diversity, Uncommon, "machines-3", "Home, Work, Sofa")
        .described("Sync from 3 machines.")
        .at(Metric::Machines, &[3]),
    entry(Diversity, Rare, "machines-5", "Small Data Centre")
        .described("Sync from 5 machines.")
        .at(Metric::Machines, &[5]),
    entry(Diversity, Common, "makers-2", "Two Camps").described("Use models of 2 makers.").at(Metric::Makers, &[2]),
    entry(Diversity, Uncommon, "makers-3", "Neutral Ground")
        .described("Use models of 3 makers.")
        .at(Metric::Makers, &[3]),
    entry(Diversity, Rare, "makers-5", "Diplomatic Corps")
        .described("Use models of 5 makers.")
        .at(Metric::Makers, &[5]),
    entry(Diversity, Uncommon, "context-switch", "Context Switch")
        .described("Use 2 different tools in a single day.")
        .at(Metric::ToolsInADay, &[2]),
    entry(Diversity, Rare, "juggler", "Juggler")
        .described("Use 4 different tools in a single day.")
        .at(Metric::ToolsInADay, &[4]),
    entry(Diversity, Common, "tasting-menu", "Tasting Menu")
        .described("Use 3 different models in a single day.")
        .at(Metric::ModelsInADay, &[3]),
    entry(Diversity, Rare, "five-courses", "Five Courses")
        .described("Use 5 different models in a single day.")
        .at(Metric::ModelsInADay, &[5]),
    entry(Diversity, Uncommon, "around-the-clock", "Around the Clock")
        .described("Be active in 6, 12, 18 or all 24 hours of the day, not necessarily in a row.")
        .at(Metric::HoursOfDay, &[6, 12, 18, 24]),
    // Followers, referrals and ranks.
    entry(Social, Common, "first-follower", "Somebody Is Watching")
        .described("Win your first follower.")
        .at(Metric::Followers, &[1]),
    entry(Social, Rare, "audience", "Audience")
        .described("Win 5, 25, 100, 250 or 1,000 followers.")
        .at(Metric::Followers, &[5, 25, 100, 250, 1_000]),
    entry(Social, Common, "first-follow", "Curious").described("Follow your first person.").at(Metric::Following, &[1]),
    entry(Social, Common, "well-connected", "Well Connected")
        .described("Follow 5, 25 or 100 people.")
        .at(Metric::Following, &[5, 25, 100]),
    entry(Social, Uncommon, "first-referral", "Plus One")
        .described("Bring your first person along.")
        .at(Metric::Referrals, &[1]),
    entry(Social, Rare, "recruiter", "Recruiter")
        .described("Bring 3, 10, 25, 50 or 100 people along.")
        .at(Metric::Referrals, &[3, 10, 25, 50, 100]),
    entry(Social, Rare, "family-tree", "Family Tree")
        .described("See 5, 25, 100 or 250 people sign up through you and those you brought, three levels down.")
        .at(Metric::ReferralNetwork, &[5, 25, 100, 250]),
    entry(Social, Uncommon, "top-100", "On the Map")
        .described("Be among the top 100 of the global board.")
        .at(Metric::BestRank, &[100]),
    entry(Social, Uncommon, "top-50", "Upper Half")
        .described("Be among the top 50 of the global board.")
        .at(Metric::BestRank, &[50]),
    entry(Social, Rare, "top-10", "Front Page")
        .described("Be among the top 10 of the global board.")
        .at(Metric::BestRank, &[10]),
    entry(Social, Epic, "top-3", "Podium")
        .described("Be among the top 3 of the global board.")
        .at(Metric::BestRank, &[3]),
    entry(Social, Legendary, "number-one", "Number One")
        .described("Be first on the global board. It is all downhill from here.")
        .at(Metric::BestRank, &[1]),
    // Level, collection, age of the account.
    entry(Milestones, Uncommon, "climber", "Climber")
        .described("Reach level 5, 10, 25, 50 or 75.")
        .at(Metric::Level, &[5, 10, 25, 50, 75]),
    entry(Milestones, Legendary, "living-legend", "Living Legend")
        .described("Reach level 101.")
        .at(Metric::Level, &[101]),
    entry(Milestones, Common, "collector", "Collector")
        .described("Unlock 5, 15, 30, 45 or 60 achievements.")
        .at(Metric::Unlocked, &[5, 15, 30, 45, 60]),
    entry(Milestones, Common, "settled-in", "Settled In")
        .described("Have an account for 30 days.")
        .at(Metric::AccountDays, &[30]),
    entry(Milestones, Rare, "anniversary", "Paper Anniversary")
        .described("Have an account for 365 days.")
        .at(Metric::AccountDays, &[365]),
    entry(Milestones, Rare, "old-guard", "Old Guard")
        .described("Have an account for 730, 1,095 or 1,825 days.")
        .at(Metric::AccountDays, &[730, 1_095, 1_825]),
    // Hours, weekends, oddities.
    entry(Special, Common, "early-bird", "Early Bird")
        .described("Be active between 6 and 9 in the morning, on 1, 10, 50, 100 or 200 days.")
        .at(Metric::EarlyDays, &[1, 10, 50, 100, 200]),
    entry(Special, Common, "night-owl", "Night Owl")
        .described("Be active between 10 in the evening and 2 at night, on 1, 10, 50, 100 or 200 days.")
        .at(Metric::NightDays, &[1, 10, 50, 100, 200]),
    entry(Special, Common, "weekend-shift", "Weekend Shift")
        .described("Be active on 2, 20, 50, 100 or 200 Saturdays and Sundays.")
        .at(Metric::WeekendDays, &[2, 20, 50, 100, 200]),
    entry(Special, Uncommon, "no-other-plans", "No Other Plans")
        .described("Be active on both days of a weekend, for 1, 5, 13, 26 or 52 weekends.")
        .at(Metric::FullWeekends, &[1, 5, 13, 26, 52]),
    entry(Special, Uncommon, "early-adopter", "Early Adopter")
        .described("Be among the first 100 accounts of this instance.")
        .at(Metric::AccountNumber, &[100]),
    entry(Special, Rare, "somebody-had-to", "Somebody Had To")
        .described("Be the first account of this instance.")
        .at(Metric::AccountNumber, &[1])
        .hidden(),
    entry(Special, Rare, "the-answer", "The Answer")
        .described("Reach level 42. Nobody remembers the question.")
        .at(Metric::Level, &[42])
        .hidden(),
    entry(Special, Epic, "lab-rat", "Lab Rat")
        .described("Use 10 different models in a single day.")
        .at(Metric::ModelsInADay, &[10])
        .hidden(),
    entry(Special, Epic, "twenty-years-it-seemed", "Twenty Years, It Seemed")
        .described("Return after 365 days away.")
        .at(Metric::LongestComeback, &[365])
        .hidden(),
    entry(Special, Legendary, "the-grid-flickered", "The Grid Flickered")
        .described("Use 10 billion tokens in a single day.")
        .at(Metric::BusiestDay, &[10_000_000_000])
        .hidden(),
];

/// The catalogue with ids, in the order of the catalogue.
static BY_ID: LazyLock<Vec<(AchievementId, &'static AchievementDefinition)>> =
    LazyLock::new(|| CATALOGUE.iter().map(|definition| (definition.id(), definition)).collect());

/// All definitions, grouped by category, the easier ones first.
pub fn catalogue() -> &'static [AchievementDefinition] {
    CATALOGUE
}

/// All definitions with their ids, in the same order.
pub(super) fn by_id() -> &'static [(AchievementId, &'static AchievementDefinition)] {
    &BY_ID
}

/// The definitions of a category and a rarity, in the same order; `None` is any.
pub fn of_kind(
    category: Option<Category>,
    rarity: Option<Rarity>,
) -> impl Iterator<Item = &'static AchievementDefinition> {
    let fits = move |definition: &&AchievementDefinition| {
        category.is_none_or(|category| definition.category == category)
            && rarity.is_none_or(|rarity| definition.rarity == rarity)
    };
    CATALOGUE.iter().filter(fits)
}

pub fn find(id: AchievementId) -> Option<&'static AchievementDefinition> {
    BY_ID.iter().find(|(known, _)| *known == id).map(|(_, definition)| *definition)
}

pub fn find_by_slug(slug: &str) -> Option<&'static AchievementDefinition> {
    CATALOGUE.iter().find(|definition| definition.slug == slug)
}
