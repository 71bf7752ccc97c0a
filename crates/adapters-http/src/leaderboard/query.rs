//! The parameters of boards.

use domain::days::Period;
use domain::leaderboard::{BoardFilter, BoardKind, BoardQuery, BoardScope, BoardSlice, HistoryDays, SortBy};
use domain::usage::{ModelName, Source};
use domain::users::Region;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::validation::checks::Checked;
use crate::validation::kinds::Field;
use crate::validation::{
    Fault, Fields, Format, FromFields, Int, LARGEST, Optional, Or, OrDefault, Rule, Scalar, Text, formats, query,
};

query! {
    /// `?period=all&sort_by=tokens&kind=global&tool=&model=&region=&limit=100&offset=0`.
    pub(super) struct BoardParams {
        /// `all`, or the last 30 or 7 local days of each user.
        period: OrDefault<Period>,
        /// The measure of the boards `global` and `friends`.
        sort_by: OrDefault<SortBy>,
        /// What the board ranks.
        kind: OrDefault<BoardKind>,
        /// Only usage with this tool; not together with `model`.
        tool: Optional<ToolFilter>,
        /// Only usage of this model; not together with `tool`.
        model: Optional<ModelFilter>,
        /// Only users of this region.
        region: Optional<RegionFilter>,
        /// The number of entries at most.
        limit: Or<100, Int<u32, 1, 1000>>,
        /// The number of better entries to skip.
        offset: Or<0, Int<u64, 0, LARGEST>>,
    }
}

/// A board, and the part of it that is requested.
#[derive(Debug)]
pub(super) struct BoardPart {
    pub(super) query: BoardQuery,
    pub(super) part: BoardSlice,
}

impl FromFields for BoardPart {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let params = BoardParams::from_fields(fields);
        // Judged even where other parameters are refused, so that all problems are listed at once.
        let tool = fields.peek("tool", ToolFilter::read).flatten();
        if tool.is_some() && fields.peek("model", ModelFilter::read).flatten().is_some() {
            return fields
                .refuse("model", Fault::new(Rule::ValueError, "tool and model cannot be combined; send one of them"));
        }
        let BoardParams { period, sort_by, kind, tool, model, region, limit, offset } = params?;
        let scope = match (tool.flatten(), model.flatten()) {
            (Some(tool), _) => BoardScope::Tool(tool),
            (None, Some(model)) => BoardScope::Model(model),
            (None, None) => BoardScope::Everything,
        };
        let filter = BoardFilter { scope, region: region.flatten() };
        Some(Self { query: BoardQuery::new(kind, sort_by, period, filter), part: BoardSlice { limit, offset } })
    }
}

// Filters of a board; an empty text, as a form sends it, is none.
struct ToolFilter;
struct ModelFilter;
struct RegionFilter;

type ToolText = Text<0, { Source::LONGEST }>;
type ModelText = Text<0, { ModelName::LONGEST }>;

formats! {
    [] ToolFilter: Option<Source>, |value| Ok(Source::parse(&ToolText::read(value)?)), ToolText::schema();
    [] ModelFilter: Option<ModelName>, |value| Ok(ModelName::parse(&ModelText::read(value)?)), ModelText::schema();
    [] RegionFilter: Option<Region>, region, region_schema();
}

fn region(value: Scalar<'_>) -> Checked<Option<Region>> {
    if value == Scalar::Word("") { Ok(None) } else { Region::read(value).map(Some) }
}

fn region_schema() -> ObjectBuilder {
    let pattern = format!("^({})?$", Region::ALL.map(Region::name).join("|"));
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern))
}

/// Whether the board of friends is requested, whatever else is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ForFriends(pub(super) bool);

impl FromFields for ForFriends {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        OrDefault::<BoardKind>::take(fields, "kind").map(|kind| Self(kind == BoardKind::Friends))
    }
}

query! {
    /// `?period=all&sort_by=tokens`.
    pub(super) struct EntryQuery {
        /// `all`, or the last 30 or 7 local days of each user.
        pub(super) period: OrDefault<Period>,
        /// The measure of the board.
        pub(super) sort_by: OrDefault<SortBy>,
    }
}

query! {
    /// `?period=all&sort_by=tokens&days=30`.
    pub(super) struct HistoryQuery {
        /// `all`, or the last 30 or 7 local days of each user.
        pub(super) period: OrDefault<Period>,
        /// The measure of the board.
        pub(super) sort_by: OrDefault<SortBy>,
        /// The number of days, today included.
        pub(super) days: Or<30, HistoryDays>,
    }
}
