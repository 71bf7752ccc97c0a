//! Which part of the notifications is asked for.

use domain::notifications::Listing;
use utoipa::IntoParams;

use crate::validation::{Fields, FromFields, checks};

/// `?limit=50&offset=0&unread_only=false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// How many at most.
    #[param(required = false, minimum = 1, maximum = 100, default = 50)]
    limit: u32,
    /// How many newer ones to pass over.
    #[param(required = false, minimum = 0, maximum = 9_007_199_254_740_991_u64, default = 0)]
    offset: u64,
    /// Whether to pass over those that were read.
    #[param(required = false, default = false)]
    unread_only: bool,
}

impl FromFields for Part {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.or("limit", 50, checks::integer(1..=100));
        let offset = fields.or("offset", 0, checks::integer(0..=i64::MAX));
        let unread_only = fields.or("unread_only", false, checks::boolean);
        Some(Self {
            limit: u32::try_from(limit?).ok()?,
            offset: u64::try_from(offset?).ok()?,
            unread_only: unread_only?,
        })
    }
}

impl From<Part> for Listing {
    fn from(part: Part) -> Self {
        Self { limit: part.limit, offset: part.offset, unread_only: part.unread_only }
    }
}
