//! What is asked of figures: how many days, which period, which year.

use domain::dashboard::TrendDays;
use domain::days::Period;
use utoipa::IntoParams;

use crate::validation::{Fields, FromFields, checks};

/// `?days=30`; `DEFAULT` days unless given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Days<const DEFAULT: u16>(pub(crate) TrendDays);

impl<const DEFAULT: u16> FromFields for Days<DEFAULT> {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let days = fields.or("days", i64::from(DEFAULT), checks::integer(1..=365))?;
        u16::try_from(days).ok().and_then(TrendDays::new).map(Self)
    }
}

/// `?period=all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfPeriod {
    /// `all`, or the last 30 or 7 local days.
    #[param(value_type = String, required = false, inline, pattern = "^(all|month|week)$", default = "all")]
    pub(crate) period: Period,
}

impl FromFields for OfPeriod {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let period = fields.or("period", Period::All, checks::named(&Period::ALL, Period::name))?;
        Some(Self { period })
    }
}
