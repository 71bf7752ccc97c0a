//! Which board is asked for, and which part of it.

use domain::days::Period;
use domain::leaderboard::{BoardKind, BoardQuery, Filter, HistoryDays, Part, Scope, SortBy};
use domain::usage::{ModelName, Source};
use domain::users::Region;
use utoipa::IntoParams;

use crate::validation::{Fault, Fields, FromFields, Rule, checks};

/// How many entries a part has unless asked otherwise.
const LIMIT: u32 = 100;

/// How many days of ranks are told unless asked otherwise.
const DAYS: i64 = 30;

/// `?period=all&sort_by=tokens&kind=global&tool=&model=&region=&limit=100&offset=0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OfBoard {
    pub(super) query: BoardQuery,
    pub(super) part: Part,
}

impl IntoParams for OfBoard {
    fn into_params(
        parameter_in_provider: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<utoipa::openapi::path::Parameter> {
        OfBoardParams::into_params(parameter_in_provider)
    }
}

/// The parameters of a board, for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its documentation is used")]
struct OfBoardParams {
    /// `all`, or the last 30 or 7 local days of each person.
    #[param(required = false, inline, pattern = "^(all|month|week)$", default = "all")]
    period: String,
    /// What `global` and `friends` are sorted by.
    #[param(required = false, inline, pattern = "^(tokens|cost|streak)$", default = "tokens")]
    sort_by: String,
    /// What the board is about.
    #[param(
        required = false,
        inline,
        pattern = "^(global|diverse|efficient|streak|rising|reasoning|friends)$",
        default = "global"
    )]
    kind: String,
    /// Only usage with this tool; not together with `model`.
    #[param(required = false, max_length = 50)]
    tool: String,
    /// Only usage of this model; not together with `tool`.
    #[param(required = false, max_length = 200)]
    model: String,
    /// Only people who live there.
    #[param(required = false, inline, pattern = "^(NA|EU|APAC|SA|AF|OCE)?$")]
    region: String,
    /// How many entries at most.
    #[param(required = false, minimum = 1, maximum = 1000, default = 100)]
    limit: u32,
    /// How many better ones to pass over.
    #[param(required = false, minimum = 0, maximum = 9_007_199_254_740_991_u64, default = 0)]
    offset: u64,
}

impl FromFields for OfBoard {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let sorted = Sorted::from_fields(fields);
        let kind = fields.or("kind", BoardKind::Global, checks::named(&BoardKind::ALL, BoardKind::name));
        let tool = fields.or("tool", None, |value| {
            let name = checks::text(0..=Source::LONGEST)(value)?;
            Ok(Source::parse(&name))
        });
        let model = fields.or("model", None, |value| {
            let name = checks::text(0..=ModelName::LONGEST)(value)?;
            Ok(ModelName::parse(&name))
        });
        let region = fields.or("region", None, |value| {
            let name = checks::text(0..=usize::MAX)(value.clone())?;
            if name.is_empty() { Ok(None) } else { checks::named(&Region::ALL, Region::name)(value).map(Some) }
        });
        let limit = fields.or("limit", i64::from(LIMIT), checks::integer(1..=1000));
        let offset = fields.or("offset", 0, checks::integer(0..=i64::MAX));
        let scope = match (tool?, model?) {
            (None, None) => Scope::Everything,
            (Some(tool), None) => Scope::Tool(tool),
            (None, Some(model)) => Scope::Model(model),
            (Some(_), Some(_)) => {
                return fields.refuse("model", Fault::new(Rule::ValueError, "Name a tool or a model, not both"));
            }
        };
        let Sorted { period, sort_by } = sorted?;
        Some(Self {
            query: BoardQuery::new(kind?, sort_by, period, Filter { scope, region: region? }),
            part: Part { limit: u32::try_from(limit?).ok()?, offset: u64::try_from(offset?).ok()? },
        })
    }
}

/// Whether the board of friends is asked for, whatever else is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ForFriends(pub(super) bool);

impl FromFields for ForFriends {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        fields
            .or("kind", BoardKind::Global, checks::named(&BoardKind::ALL, BoardKind::name))
            .map(|kind| Self(kind == BoardKind::Friends))
    }
}

/// `?period=all&sort_by=tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Sorted {
    /// `all`, or the last 30 or 7 local days of each person.
    #[param(value_type = String, required = false, inline, pattern = "^(all|month|week)$", default = "all")]
    pub(super) period: Period,
    /// What it is sorted by.
    #[param(value_type = String, required = false, inline, pattern = "^(tokens|cost|streak)$", default = "tokens")]
    pub(super) sort_by: SortBy,
}

impl FromFields for Sorted {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let period = fields.or("period", Period::All, checks::named(&Period::ALL, Period::name));
        let sort_by = fields.or("sort_by", SortBy::Tokens, checks::named(&SortBy::ALL, SortBy::name));
        Some(Self { period: period?, sort_by: sort_by? })
    }
}

/// `?period=all&sort_by=tokens&days=30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfHistory {
    /// `all`, or the last 30 or 7 local days of each person.
    #[param(value_type = String, required = false, inline, pattern = "^(all|month|week)$", default = "all")]
    pub(super) period: Period,
    /// What the board is sorted by.
    #[param(value_type = String, required = false, inline, pattern = "^(tokens|cost|streak)$", default = "tokens")]
    pub(super) sort_by: SortBy,
    /// How many days, today included.
    #[param(value_type = u16, required = false, minimum = 1, maximum = 365, default = 30)]
    pub(super) days: HistoryDays,
}

impl FromFields for OfHistory {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let sorted = Sorted::from_fields(fields);
        let days = fields.or("days", DAYS, checks::integer(1..=365));
        let days = u16::try_from(days?).ok().and_then(HistoryDays::new)?;
        let Sorted { period, sort_by } = sorted?;
        Some(Self { period, sort_by, days })
    }
}
