//! What can go wrong with prices.

use thiserror::Error;

use super::price_override::DecisionId;
use crate::error::{DomainError, ErrorKind, StoreError, Subject};

/// Why a use case of prices failed; nothing was changed.
#[derive(Debug, Error)]
pub enum PricingError {
    /// An override has no prices, or one beyond reason.
    #[error("A price is missing or more than 1,000 USD per million tokens.")]
    Implausible,
    /// There is no override to end.
    #[error("This override does not stand.")]
    NotOverridden(DecisionId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for PricingError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Implausible => ErrorKind::Invalid,
            Self::NotOverridden(_) => ErrorKind::NotFound,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Implausible => "implausible_price",
            Self::NotOverridden(_) => "not_overridden",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::Implausible => None,
            Self::NotOverridden(id) => Some(Subject::new("PriceOverride", "id", id.to_string())),
            Self::Store(error) => error.subject(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_promises;

    #[test]
    fn each_error_of_prices_is_as_the_api_promises() {
        assert_promises([
            (
                PricingError::Implausible,
                ErrorKind::Invalid,
                "implausible_price",
                None,
                "A price is missing or more than 1,000 USD per million tokens.",
            ),
            (
                PricingError::NotOverridden(DecisionId(4)),
                ErrorKind::NotFound,
                "not_overridden",
                Some(Subject::new("PriceOverride", "id", "4")),
                "This override does not stand.",
            ),
        ]);
    }
}
