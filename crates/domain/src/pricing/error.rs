//! Errors of pricing.

use thiserror::Error;

use super::price_override::PriceDecisionId;
use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};

/// Why a use case of prices failed. Nothing was changed.
#[derive(Debug, Error)]
pub enum PricingError {
    /// An override has no prices, or one above [`Price::MOST`](super::price::Price::MOST).
    #[error("A price is missing or above 1,000 USD per million tokens. State all prices within this limit.")]
    Implausible,
    /// The decision is not an override in effect.
    #[error("The price override {0} is not in effect. End the latest one of the model and provider.")]
    NotOverridden(PriceDecisionId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for PricingError {
    fn details(&self) -> ErrorDetails {
        match self {
            Self::Implausible => ErrorKind::Invalid.into(),
            Self::NotOverridden(id) => ErrorKind::NotFound.about("PriceOverride", "id", id),
            Self::Store(error) => error.details(),
        }
    }
}
