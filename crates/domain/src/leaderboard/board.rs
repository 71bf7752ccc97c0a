//! Boards: the query, the entries and the page.

use time::OffsetDateTime;

use crate::days::Period;
use crate::ids::UserId;
use crate::money::Usd;
use crate::progression::Level;
use crate::usage::{ModelName, Source};
use crate::users::{Region, Username, WebUrl};

/// What a board ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum BoardKind {
    /// All accounts.
    #[default]
    Global,
    /// The number of different models.
    Diverse,
    /// The share of input read from a cache.
    Efficient,
    /// The current streak.
    Streak,
    /// The growth of this week over the week before.
    Rising,
    /// Reasoning tokens.
    Reasoning,
    /// The viewer and the accounts that the viewer follows.
    Friends,
}

impl BoardKind {
    pub const ALL: [Self; 7] =
        [Self::Global, Self::Diverse, Self::Efficient, Self::Streak, Self::Rising, Self::Reasoning, Self::Friends];

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

/// The order of the global and friends boards. The other kinds have a measure of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SortBy {
    #[default]
    Tokens,
    Cost,
    /// The current streak.
    Streak,
}

impl SortBy {
    pub const ALL: [Self; 3] = [Self::Tokens, Self::Cost, Self::Streak];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Cost => "cost",
            Self::Streak => "streak",
        }
    }

    pub const fn measure(self) -> Measure {
        match self {
            Self::Tokens => Measure::Tokens,
            Self::Cost => Measure::Cost,
            Self::Streak => Measure::Streak,
        }
    }
}

/// The figure that a board ranks by. More is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    Tokens,
    /// The cost; unpriced tokens cost nothing here.
    Cost,
    /// The current streak at the refresh. The period selects the ranked accounts; it does not cut the streak.
    Streak,
    /// Different models, by canonical name.
    Models,
    /// Cache reads in percent of all input, from [`MIN_EFFICIENCY_INPUT`](crate::usage::MIN_EFFICIENCY_INPUT) input tokens on.
    Efficiency,
    /// This week's growth as a fraction of the week before, which must have [`MIN_GROWTH_TOKENS`](super::ranking::MIN_GROWTH_TOKENS)
    /// tokens at least.
    Growth,
    /// Reasoning tokens, of accounts that have any.
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
    pub fn count(count: i64) -> Self {
        Self::millionths(i128::from(count) * 1_000_000)
    }

    pub const fn millionths(count: i128) -> Self {
        Self(Usd::from_atto(count * 1_000_000_000_000))
    }

    /// The exact number that `number` states in dollars.
    pub const fn dollars(number: Usd) -> Self {
        Self(number)
    }

    /// The score as a decimal number, rounded half-even to six places.
    pub fn rounded(self) -> String {
        self.0.rounded()
    }
}

/// The usage that is scored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum BoardScope {
    #[default]
    Everything,
    Tool(Source),
    /// Usage with one model, by canonical name and of any provider.
    Model(ModelName),
}

/// The restriction of a board.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct BoardFilter {
    pub scope: BoardScope,
    /// The region of the ranked accounts; `None` is any.
    pub region: Option<Region>,
}

/// A page of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BoardSlice {
    /// The most entries.
    pub limit: u32,
    /// How many better entries are skipped.
    pub offset: u64,
}

/// Selects a board.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BoardQuery {
    kind: BoardKind,
    sort_by: SortBy,
    period: Period,
    pub filter: BoardFilter,
}

impl BoardQuery {
    /// A rising board is always of the week, whatever `period` is.
    pub fn new(kind: BoardKind, sort_by: SortBy, period: Period, filter: BoardFilter) -> Self {
        let period = if kind == BoardKind::Rising { Period::Week } else { period };
        Self { kind, sort_by, period, filter }
    }

    /// The board of all accounts and usage.
    pub fn global(sort_by: SortBy, period: Period) -> Self {
        Self::new(BoardKind::Global, sort_by, period, BoardFilter::default())
    }

    pub const fn kind(&self) -> BoardKind {
        self.kind
    }

    pub const fn sort_by(&self) -> SortBy {
        self.sort_by
    }

    pub const fn period(&self) -> Period {
        self.period
    }

    /// The measure that results from kind and order.
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

    /// Whether the board covers all accounts and usage, so that its order is stored.
    pub fn is_whole(&self) -> bool {
        self.kind != BoardKind::Friends && self.filter == BoardFilter::default()
    }
}

/// The position of an account on a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankPosition {
    /// From 1; equal scores share a rank (1, 2, 2, 4). A hidden account has the rank it would have.
    pub rank: u32,
    /// The rank on this board at the previous refresh, if any.
    pub before: Option<u32>,
    pub score: Score,
}

impl RankPosition {
    /// The ranks climbed since the previous refresh; negative after a fall, `None` without a previous rank.
    pub fn change(&self) -> Option<i64> {
        self.before.map(|before| i64::from(before) - i64::from(self.rank))
    }
}

/// An account on a board.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardEntry {
    pub user: UserId,
    pub username: Username,
    /// The display name.
    pub name: Option<String>,
    pub image: Option<WebUrl>,
    pub standing: RankPosition,
    /// All tokens of the scored usage.
    pub tokens: i64,
    /// Their cost.
    pub cost: Usd,
    /// The current streak of the scored usage at the refresh, in days.
    pub streak: u32,
    /// The level; on stored boards as of the refresh.
    pub level: Level,
    /// The tool with the most tokens of all time.
    pub preferred_tool: Option<Source>,
    /// The number of followers; on stored boards as of the refresh.
    pub followers: u64,
    /// Whether the viewer follows the account; `None` for an anonymous viewer and the viewer's own entry.
    pub is_following: Option<bool>,
    pub created_at: OffsetDateTime,
    /// When the profile last changed.
    pub updated_at: OffsetDateTime,
}

/// A page of a board.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Board {
    /// The entries, the best first.
    pub entries: Vec<BoardEntry>,
    /// The number of entries on the board.
    pub total: u64,
    /// When the board was computed; `None` before the first refresh.
    pub computed_at: Option<OffsetDateTime>,
    /// The viewer's own entry, on whichever page it is, also if it is hidden from others.
    pub me: Option<BoardEntry>,
    /// The state that was read; `None` before the first refresh.
    pub version: Option<BoardVersion>,
}

/// The state on which all pages of boards depend, apart from their viewer: the same page of the same version is the same. A later one
/// is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct BoardVersion {
    /// The refresh.
    pub snapshot: i64,
    /// The changes of shown accounts since.
    pub changes: i64,
    /// The flags of accounts that have expired.
    pub expired_flags: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn board_kind_determines_measure_and_sorting() {
        for sort_by in SortBy::ALL {
            let measure = |kind| BoardQuery::new(kind, sort_by, Period::All, BoardFilter::default()).measure();
            assert_eq!([BoardKind::Global, BoardKind::Friends].map(measure), [sort_by.measure(); 2]);
            assert_eq!(
                [BoardKind::Diverse, BoardKind::Efficient, BoardKind::Streak, BoardKind::Rising, BoardKind::Reasoning]
                    .map(measure),
                [Measure::Models, Measure::Efficiency, Measure::Streak, Measure::Growth, Measure::Reasoning]
            );
        }
    }

    #[test]
    fn board_kinds_and_orders_have_api_names() {
        let kinds = ["global", "diverse", "efficient", "streak", "rising", "reasoning", "friends"];
        assert_eq!(BoardKind::ALL.map(BoardKind::name), kinds);
        assert_eq!(SortBy::ALL.map(SortBy::name), ["tokens", "cost", "streak"]);
        for (kind, sort_by) in BoardKind::ALL.into_iter().flat_map(|kind| SortBy::ALL.map(|sort_by| (kind, sort_by))) {
            let query = BoardQuery::new(kind, sort_by, Period::All, BoardFilter::default());
            assert_eq!((query.kind(), query.sort_by()), (kind, sort_by), "what was asked for is told, used or not");
        }
    }

    #[test]
    fn board_rising_is_of_the_week() {
        for period in Period::ALL {
            assert_eq!(
                BoardQuery::new(BoardKind::Rising, SortBy::Tokens, period, BoardFilter::default()).period(),
                Period::Week
            );
            assert_eq!(BoardQuery::global(SortBy::Tokens, period).period(), period);
        }
    }

    #[test]
    fn board_global_without_filter_is_whole() {
        let region = BoardFilter { region: Some(Region::Eu), ..BoardFilter::default() };
        let tool = BoardFilter { scope: BoardScope::Tool(Source::trusted("codex")), ..BoardFilter::default() };
        for (kind, filter, whole) in [
            (BoardKind::Global, BoardFilter::default(), true),
            (BoardKind::Rising, BoardFilter::default(), true),
            (BoardKind::Friends, BoardFilter::default(), false),
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
    fn rank_change_climbing_is_positive() {
        let change = |before, rank| RankPosition { rank, before, score: Score::count(1) }.change();
        assert_eq!([change(Some(5), 2), change(Some(2), 5), change(Some(3), 3)], [Some(3), Some(-3), Some(0)]);
        assert_eq!(change(None, 1), None);
    }

    #[test]
    fn score_is_written_with_needed_decimals() {
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
