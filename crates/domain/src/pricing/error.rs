//! Errors of pricing.

use thiserror::Error;

use super::price_override::DecisionId;
use crate::error::{DomainError, ErrorKind, StoreError, Subject};

/// Why a use case of prices failed. Nothing was changed.
#[derive(Debug, Error)]
pub enum PricingError {
    /// An override has no prices, or one above [`Price::MOST`](super::price::Price::MOST).
    #[error("A price is missing or above 1,000 USD per million tokens. State all prices within this limit.")]
    Implausible,
    /// The decision is not an override in effect.
    #[error("The price override {0} is not in effect. End the latest one of the model and provider.")]
    NotOverridden(DecisionId),
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
    fn pricing_errors_keep_api_contract() {
        assert_promises([
            (
                PricingError::Implausible,
                ErrorKind::Invalid,
                "implausible_price",
                None,
                "A price is missing or above 1,000 USD per million tokens. State all prices within this limit.",
            ),
            (
                PricingError::NotOverridden(DecisionId(4)),
                ErrorKind::NotFound,
                "not_overridden",
                Some(Subject::new("PriceOverride", "id", "4")),
                "The price override 4 is not in effect. End the latest one of the model and provider.",
            ),
        ]);
    }
}
