//! The rules of ranking on plain values: the score of an account's days, and the order of accounts.

use std::collections::{BTreeMap, BTreeSet};

use time::{Date, Duration};

use super::board::{BoardScope, Measure, Score};
use crate::days::{Period, window_start};
use crate::ids::UserId;
use crate::money::Usd;
use crate::streaks::Streak;
use crate::usage::{MIN_EFFICIENCY_INPUT, ModelName, Source};

/// The tokens of the week before from which growth counts.
pub const MIN_GROWTH_TOKENS: i64 = 100_000;

/// The usage of an account on a day with a tool and a model: a row of the roll-ups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayUsageByModel {
    pub user: UserId,
    /// The local date.
    pub day: Date,
    pub tool: Source,
    /// The canonical name of the model.
    pub model: ModelName,
    /// All tokens; a row without any is no usage.
    pub tokens: i64,
    pub cost: Usd,
    /// Uncached input.
    pub input: i64,
    /// Input read from a cache.
    pub cache_read: i64,
    pub reasoning: i64,
}

/// A candidate for a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoardCandidate {
    pub user: UserId,
    /// The local date at the refresh.
    pub today: Date,
    /// Whether boards show the account.
    pub shown: bool,
}

/// The result for a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankedAccount {
    pub user: UserId,
    /// The rank among shown accounts, from 1; a hidden account has the rank it would have.
    pub rank: u32,
    /// Whether boards show the account.
    pub shown: bool,
    pub score: Score,
    /// The last local day with usage in the period: the score has not grown since. Of equal scores, the one reached earlier
    /// comes first.
    pub reached: Date,
}

/// Ranks the members with usage of `scope` in `period` that have a score by `measure`. Hidden members are placed among the
/// others without taking a rank.
pub fn rank(
    members: &[BoardCandidate],
    used: &[DayUsageByModel],
    scope: &BoardScope,
    period: Period,
    measure: Measure,
) -> Vec<RankedAccount> {
    let mut by_user = BTreeMap::<UserId, Vec<&DayUsageByModel>>::new();
    for row in used.iter().filter(|row| row.tokens > 0 && is_in(row, scope)) {
        by_user.entry(row.user).or_default().push(row);
    }
    let scored = members.iter().filter_map(|member| {
        let days = by_user.get(&member.user)?;
        let within = in_period(days, period, member.today);
        let reached = within.iter().map(|row| row.day).max()?;
        let points = score(days, &within, measure, member.today)?;
        Some(RankedAccount { user: member.user, rank: 0, shown: member.shown, score: points, reached })
    });
    let mut board: Vec<RankedAccount> = scored.collect();
    board.sort_by(|a, b| b.score.cmp(&a.score).then(a.reached.cmp(&b.reached)).then(a.user.cmp(&b.user)));
    let shown: Vec<Score> = board.iter().filter(|ranked| ranked.shown).map(|ranked| ranked.score).collect();
    for ranked in &mut board {
        ranked.rank = competition_rank(&shown, ranked.score);
    }
    board
}

/// The rank of `score` among the descending `scores`: one more than there are better ones (1, 2, 2, 4).
pub fn competition_rank(scores: &[Score], score: Score) -> u32 {
    u32::try_from(scores.partition_point(|other| *other > score)).unwrap_or(u32::MAX - 1) + 1
}

fn is_in(row: &DayUsageByModel, scope: &BoardScope) -> bool {
    match scope {
        BoardScope::Everything => true,
        BoardScope::Tool(tool) => row.tool == *tool,
        BoardScope::Model(model) => row.model == *model,
    }
}

fn in_period<'a>(days: &[&'a DayUsageByModel], period: Period, today: Date) -> Vec<&'a DayUsageByModel> {
    let first = period.days().map(|days| window_start(today, days));
    days.iter().copied().filter(|row| first.is_none_or(|first| (first..=today).contains(&row.day))).collect()
}

/// The score of the rows `within` a period, of all `days`; `None` without a score.
fn score(days: &[&DayUsageByModel], within: &[&DayUsageByModel], measure: Measure, today: Date) -> Option<Score> {
    let sum =
        |rows: &[&DayUsageByModel], field: fn(&DayUsageByModel) -> i64| rows.iter().map(|row| field(row)).sum::<i64>();
    match measure {
        Measure::Tokens => Some(Score::count(sum(within, |row| row.tokens))),
        Measure::Cost => Some(Score::dollars(within.iter().map(|row| row.cost).sum())),
        Measure::Streak => {
            let active: BTreeSet<Date> = days.iter().map(|row| row.day).collect();
            Some(Score::count(Streak::of(&active, today).current.into()))
        }
        Measure::Models => {
            let models: BTreeSet<&ModelName> = within.iter().map(|row| &row.model).collect();
            Some(Score::count(i64::try_from(models.len()).unwrap_or(i64::MAX)))
        }
        Measure::Efficiency => efficiency(sum(within, |row| row.input), sum(within, |row| row.cache_read)),
        Measure::Growth => {
            let week = in_period(days, Period::Week, today);
            let before = in_period(days, Period::Week, today - Duration::WEEK);
            growth(sum(&week, |row| row.tokens), sum(&before, |row| row.tokens))
        }
        Measure::Reasoning => Some(sum(within, |row| row.reasoning)).filter(|tokens| *tokens > 0).map(Score::count),
    }
}

/// Cache reads in percent of all input, truncated to six decimals; `None` below [`MIN_EFFICIENCY_INPUT`].
pub fn efficiency(input: i64, cache_read: i64) -> Option<Score> {
    let all = i128::from(input) + i128::from(cache_read);
    (all >= i128::from(MIN_EFFICIENCY_INPUT)).then(|| Score::millionths(i128::from(cache_read) * 100_000_000 / all))
}

/// The growth from `before` to `now` as a fraction of `before`, truncated to six decimals; `None` below [`MIN_GROWTH_TOKENS`].
pub fn growth(now: i64, before: i64) -> Option<Score> {
    let change = i128::from(now) - i128::from(before);
    (before >= MIN_GROWTH_TOKENS).then(|| Score::millionths(change * 1_000_000 / i128::from(before)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;
    use uuid::Uuid;

    const TODAY: Date = date!(2026 - 11 - 22);

    fn user_id(number: u128) -> UserId {
        UserId(Uuid::from_u128(number))
    }

    fn member(number: u128) -> BoardCandidate {
        BoardCandidate { user: user_id(number), today: TODAY, shown: true }
    }

    fn used(number: u128, days_ago: i64, tokens: i64) -> DayUsageByModel {
        DayUsageByModel {
            user: user_id(number),
            day: TODAY - Duration::days(days_ago),
            tool: Source::trusted("codex"),
            model: ModelName::trusted("gpt-5"),
            tokens,
            cost: Usd::ZERO,
            input: 0,
            cache_read: 0,
            reasoning: 0,
        }
    }

    fn places(board: &[RankedAccount]) -> Vec<(u128, u32)> {
        board.iter().map(|ranked| (ranked.user.0.as_u128(), ranked.rank)).collect()
    }

    fn board(
        members: &[BoardCandidate],
        used: &[DayUsageByModel],
        period: Period,
        measure: Measure,
    ) -> Vec<(u128, u32)> {
        places(&rank(members, used, &BoardScope::Everything, period, measure))
    }

    #[test]
    fn rank_equal_scores_share_rank_in_order_reached() {
        let members: Vec<BoardCandidate> = (1..=5).map(member).collect();
        let rows = [used(1, 0, 9), used(2, 1, 5), used(3, 4, 5), used(4, 0, 2), used(5, 1, 5)];
        assert_eq!(board(&members, &rows, Period::All, Measure::Tokens), [(1, 1), (3, 2), (2, 2), (5, 2), (4, 5)]);
    }

    #[test]
    fn rank_hidden_member_takes_no_rank() {
        let members = [
            member(1),
            BoardCandidate { shown: false, ..member(2) },
            member(3),
            BoardCandidate { shown: false, ..member(4) },
        ];
        let rows = [used(1, 0, 9), used(2, 0, 5), used(3, 0, 3), used(4, 0, 3)];
        assert_eq!(board(&members, &rows, Period::All, Measure::Tokens), [(1, 1), (2, 2), (3, 2), (4, 2)]);
    }

    #[test]
    fn rank_window_is_last_local_days_with_today() {
        let ahead = BoardCandidate { today: TODAY + Duration::DAY, ..member(2) };
        for (period, days_ago, members) in
            [(Period::Week, 6, &[member(1), ahead][..]), (Period::Month, 29, &[member(1), ahead])]
        {
            let rows = [used(1, days_ago, 5), used(2, days_ago, 5)];
            assert_eq!(board(members, &rows, period, Measure::Tokens), [(1, 1)], "{period:?}");
        }
        let future = [used(1, -1, 5)];
        assert_eq!(board(&[member(1)], &future, Period::All, Measure::Tokens), [(1, 1)]);
        assert!(board(&[member(1)], &future, Period::Week, Measure::Tokens).is_empty());
    }

    #[test]
    fn rank_streak_is_independent_of_period() {
        let days = |number, from: i64, length: i64| (from..from + length).map(move |ago| used(number, ago, 1));
        let rows: Vec<DayUsageByModel> = days(1, 0, 3).chain(days(2, 1, 40)).chain(days(3, 2, 9)).collect();
        let members = [member(1), member(2), member(3)];
        for period in Period::ALL {
            let found = rank(&members, &rows, &BoardScope::Everything, period, Measure::Streak);
            let scores: Vec<String> = found.iter().map(|ranked| ranked.score.rounded()).collect();
            assert_eq!((places(&found), &*scores.join(" ")), (vec![(2, 1), (1, 2), (3, 3)], "40 3 0"));
        }
    }

    #[test]
    fn rank_growth_compares_two_weeks() {
        let weeks = |number, now, before: i64| {
            [used(number, 3, now), used(number, 7, before / 2), used(number, 13, before / 2)]
        };
        let rows: Vec<DayUsageByModel> = [
            weeks(1, 150_000, 100_000),
            weeks(2, 400_000, 200_000),
            weeks(3, 900_000, 99_998),
            weeks(4, 50_000, 100_000),
        ]
        .concat();
        let members: Vec<BoardCandidate> = (1..=4).map(member).collect();
        let found = rank(&members, &rows, &BoardScope::Everything, Period::Week, Measure::Growth);
        let scores: Vec<String> = found.iter().map(|ranked| ranked.score.rounded()).collect();
        assert_eq!((places(&found), &*scores.join(" ")), (vec![(2, 1), (1, 2), (4, 3)], "1 0.5 -0.5"));
    }

    #[test]
    fn rank_efficiency_counts_from_a_million_input_tokens() {
        for (input, cache_read, expected) in [
            (250_000, 750_000, Some("75")),
            (249_999, 750_000, None),
            (1_000_000, 2_000_000, Some("66.666666")),
            (1_000_000, 0, Some("0")),
            (0, i64::MAX, Some("100")),
        ] {
            assert_eq!(efficiency(input, cache_read).map(Score::rounded).as_deref(), expected, "{input} {cache_read}");
        }
    }

    #[test]
    fn rank_models_by_name_and_reasoning_if_any() {
        let other = |row: DayUsageByModel, model: &str| DayUsageByModel { model: ModelName::trusted(model), ..row };
        let rows = [
            used(1, 0, 5),
            other(used(1, 0, 5), "gpt-5-codex"),
            DayUsageByModel { reasoning: 3, ..used(2, 0, 5) },
            used(2, 1, 5),
            other(used(2, 2, 0), "never-used"),
        ];
        let members = [member(1), member(2)];
        assert_eq!(board(&members, &rows, Period::All, Measure::Models), [(1, 1), (2, 2)]);
        assert_eq!(board(&members, &rows, Period::All, Measure::Reasoning), [(2, 1)]);
    }

    #[test]
    fn rank_scope_counts_only_its_usage() {
        let cursor = DayUsageByModel { tool: Source::trusted("cursor"), ..used(2, 0, 100) };
        let rows = [used(1, 0, 5), used(2, 0, 3), cursor, DayUsageByModel { cost: Usd::from_atto(7), ..used(3, 0, 1) }];
        let members = [member(1), member(2), member(3)];
        let scoped = |scope| places(&rank(&members, &rows, &scope, Period::All, Measure::Tokens));
        assert_eq!(scoped(BoardScope::Tool(Source::trusted("codex"))), [(1, 1), (2, 2), (3, 3)]);
        assert_eq!(scoped(BoardScope::Tool(Source::trusted("cursor"))), [(2, 1)]);
        assert_eq!(scoped(BoardScope::Model(ModelName::trusted("gpt-5"))), [(2, 1), (1, 2), (3, 3)]);
        assert_eq!(board(&members, &rows, Period::All, Measure::Cost), [(3, 1), (1, 2), (2, 2)]);
    }
}
