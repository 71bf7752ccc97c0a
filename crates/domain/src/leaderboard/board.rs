//! Boards: what is asked for, and what is shown.

use time::OffsetDateTime;

use crate::days::Period;
use crate::ids::UserId;
use crate::money::Usd;
use crate::progression::Level;
use crate::usage::{ModelName, Source};
use crate::users::{Region, Username, WebUrl};

/// What a board is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BoardKind {
    /// Everybody.
    #[default]
    Global,
    /// How many different models.
    Diverse,
    /// The share of input that came from a cache.
    Efficient,
    /// The run of active days that is under way.
    Streak,
    /// This week against the week before.
    Rising,
    /// Reasoning tokens.
    Reasoning,
    /// The people one follows, and oneself.
    Friends,
}

impl BoardKind {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Global, Self::Diverse, Self::Efficient, Self::Streak, Self::Rising, Self::Reasoning, Self::Friends];

    /// The kind's name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Diverse => "diverse",
            Self::Efficient => "efficient",
            Self::Streak => "streak",
            Self::Rising => "rising",
            Self::Reasoning => "reasoning",
            Self::Friends => "friends",
        }
    }
}

/// What the boards of everybody and of friends are sorted by; the other kinds have a measure of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// All tokens.
    #[default]
    Tokens,
    /// What they cost.
    Cost,
    /// The run of active days that is under way.
    Streak,
}

impl SortBy {
    /// Everything to sort by.
    pub const ALL: [Self; 3] = [Self::Tokens, Self::Cost, Self::Streak];

    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Cost => "cost",
            Self::Streak => "streak",
        }
    }

    /// What is measured.
    pub const fn measure(self) -> Measure {
        match self {
            Self::Tokens => Measure::Tokens,
            Self::Cost => Measure::Cost,
            Self::Streak => Measure::Streak,
        }
    }
}

/// What people are ranked by. More is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// All tokens.
    Tokens,
    /// What they cost; unpriced tokens cost nothing here.
    Cost,
    /// The run of active days that is under way at the refresh. The period says who is ranked, it does not cut the run.
    Streak,
    /// How many different models, by canonical name.
    Models,
    /// Cache reads in percent of all input, from [`EFFICIENCY_FLOOR`](super::ranking::EFFICIENCY_FLOOR) input tokens.
    Efficiency,
    /// The growth of this week over the week before, as a fraction of that, where that came to at least
    /// [`GROWTH_FLOOR`](super::ranking::GROWTH_FLOOR) tokens.
    Growth,
    /// Reasoning tokens, of those who have any.
    Reasoning,
}

impl Measure {
    /// All measures, in the order in which they are stored.
    pub const ALL: [Self; 7] =
        [Self::Tokens, Self::Cost, Self::Streak, Self::Models, Self::Efficiency, Self::Growth, Self::Reasoning];
}

/// A score: an exact decimal number with up to 18 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(Usd);

impl Score {
    /// The count `count`.
    pub fn count(count: i64) -> Self {
        Self::millionths(i128::from(count) * 1_000_000)
    }

    /// `count` millionths.
    pub const fn millionths(count: i128) -> Self {
        Self(Usd::from_atto(count * 1_000_000_000_000))
    }

    /// The exact number `number`, given as so many dollars.
    pub const fn dollars(number: Usd) -> Self {
        Self(number)
    }

    /// The score as a decimal number, rounded half-even to six places.
    pub fn rounded(self) -> String {
        self.0.rounded()
    }
}

/// Which usage is scored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scope {
    /// All of it.
    #[default]
    Everything,
    /// That with one tool.
    Tool(Source),
    /// That with one model, however it is spelled and whoever served it.
    Model(ModelName),
}

/// What a board is restricted to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// The usage that is scored.
    pub scope: Scope,
    /// Where people live; anywhere when `None`.
    pub region: Option<Region>,
}

/// Which entries of a board are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// How many at most.
    pub limit: u32,
    /// How many better ones to pass over.
    pub offset: u64,
}

/// Which board is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardQuery {
    kind: BoardKind,
    sort_by: SortBy,
    period: Period,
    /// What it is restricted to.
    pub filter: Filter,
}

impl BoardQuery {
    /// The board of that kind. A rising board is one of the week, whatever period is asked for.
    pub fn new(kind: BoardKind, sort_by: SortBy, period: Period, filter: Filter) -> Self {
        let period = if kind == BoardKind::Rising { Period::Week } else { period };
        Self { kind, sort_by, period, filter }
    }

    /// The board of everybody.
    pub fn global(sort_by: SortBy, period: Period) -> Self {
        Self::new(BoardKind::Global, sort_by, period, Filter::default())
    }

    /// What it is about.
    pub const fn kind(&self) -> BoardKind {
        self.kind
    }

    /// What was asked to sort by.
    pub const fn sort_by(&self) -> SortBy {
        self.sort_by
    }

    /// The time it covers.
    pub const fn period(&self) -> Period {
        self.period
    }

    /// What people are ranked by.
    pub const fn measure(&self) -> Measure {
        match self.kind {
            BoardKind::Global | BoardKind::Friends => self.sort_by.measure(),
            BoardKind::Diverse => Measure::Models,
            BoardKind::Efficient => Measure::Efficiency,
            BoardKind::Streak => Measure::Streak,
            BoardKind::Rising => Measure::Growth,
            BoardKind::Reasoning => Measure::Reasoning,
        }
    }

    /// Whether it is over everybody and all usage, so that its order is stored.
    pub fn is_whole(&self) -> bool {
        self.kind != BoardKind::Friends && self.filter == Filter::default()
    }
}

/// Where somebody stands on a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankPosition {
    /// The rank, from 1; equal scores share it (1, 2, 2, 4). Who is not shown stands where they would.
    pub rank: u32,
    /// The rank on the same board of the refresh before; `None` when there was none.
    pub before: Option<u32>,
    /// The score.
    pub score: Score,
}

impl RankPosition {
    /// How many ranks were climbed since the refresh before; negative after a fall, `None` for somebody new.
    pub fn change(&self) -> Option<i64> {
        self.before.map(|before| i64::from(before) - i64::from(self.rank))
    }
}

/// One person on a board.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Who.
    pub user: UserId,
    /// Their username.
    pub username: Username,
    /// What they are called.
    pub name: Option<String>,
    /// Their picture.
    pub image: Option<WebUrl>,
    /// Where they stand.
    pub standing: RankPosition,
    /// All tokens of the usage that is scored.
    pub tokens: i64,
    /// What they cost.
    pub cost: Usd,
    /// The streak of that usage that was under way at the refresh, in days.
    pub streak: u32,
    /// The level, as of now.
    pub level: Level,
    /// The tool with the most tokens of all time.
    pub preferred_tool: Option<Source>,
    /// How many follow them, as of now.
    pub followers: u64,
    /// Whether the viewer follows them; `None` for nobody known and for oneself.
    pub is_following: Option<bool>,
    /// When the account was made.
    pub created_at: OffsetDateTime,
    /// When the profile last changed.
    pub updated_at: OffsetDateTime,
}

/// A part of a board.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Board {
    /// The entries that were asked for, the best first.
    pub entries: Vec<Entry>,
    /// How many entries the board shows.
    pub total: u64,
    /// When it was computed; `None` before the first refresh.
    pub computed_at: Option<OffsetDateTime>,
    /// The viewer's own entry, wherever it is and whether or not it is shown to others.
    pub me: Option<Entry>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_measure_and_only_two_are_sorted() {
        for sort_by in SortBy::ALL {
            let measure = |kind| BoardQuery::new(kind, sort_by, Period::All, Filter::default()).measure();
            assert_eq!([BoardKind::Global, BoardKind::Friends].map(measure), [sort_by.measure(); 2]);
            assert_eq!(
                [BoardKind::Diverse, BoardKind::Efficient, BoardKind::Streak, BoardKind::Rising, BoardKind::Reasoning]
                    .map(measure),
                [Measure::Models, Measure::Efficiency, Measure::Streak, Measure::Growth, Measure::Reasoning]
            );
        }
    }

    #[test]
    fn boards_and_orders_are_called_what_the_api_calls_them() {
        let kinds = ["global", "diverse", "efficient", "streak", "rising", "reasoning", "friends"];
        assert_eq!(BoardKind::ALL.map(BoardKind::name), kinds);
        assert_eq!(SortBy::ALL.map(SortBy::name), ["tokens", "cost", "streak"]);
        for (kind, sort_by) in BoardKind::ALL.into_iter().flat_map(|kind| SortBy::ALL.map(|sort_by| (kind, sort_by))) {
            let query = BoardQuery::new(kind, sort_by, Period::All, Filter::default());
            assert_eq!((query.kind(), query.sort_by()), (kind, sort_by), "what was asked for is told, used or not");
        }
    }

    #[test]
    fn a_rising_board_is_about_the_week() {
        for period in Period::ALL {
            assert_eq!(
                BoardQuery::new(BoardKind::Rising, SortBy::Tokens, period, Filter::default()).period(),
                Period::Week
            );
            assert_eq!(BoardQuery::global(SortBy::Tokens, period).period(), period);
        }
    }

    #[test]
    fn boards_of_everybody_without_a_filter_are_whole() {
        let region = Filter { region: Some(Region::Eu), ..Filter::default() };
        let tool = Filter { scope: Scope::Tool(Source::trusted("codex")), ..Filter::default() };
        for (kind, filter, whole) in [
            (BoardKind::Global, Filter::default(), true),
            (BoardKind::Rising, Filter::default(), true),
            (BoardKind::Friends, Filter::default(), false),
            (BoardKind::Global, region, false),
            (BoardKind::Global, tool, false),
        ] {
            assert_eq!(
                BoardQuery::new(kind, SortBy::Cost, Period::All, filter.clone()).is_whole(),
                whole,
                "{filter:?}"
            );
        }
    }

    #[test]
    fn a_change_is_positive_when_climbing() {
        let change = |before, rank| RankPosition { rank, before, score: Score::count(1) }.change();
        assert_eq!([change(Some(5), 2), change(Some(2), 5), change(Some(3), 3)], [Some(3), Some(-3), Some(0)]);
        assert_eq!(change(None, 1), None);
    }

    #[test]
    fn scores_are_written_with_the_decimals_they_need() {
        for (score, written) in [
            (Score::count(20_000_000_000), "20000000000"),
            (Score::millionths(66_666_666), "66.666666"),
            (Score::millionths(-500_000), "-0.5"),
            (Score::dollars(Usd::from_atto(350_800_000_000_000_000)), "0.3508"),
        ] {
            assert_eq!(score.rounded(), written);
        }
    }
}
