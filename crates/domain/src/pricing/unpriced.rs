//! Lists models without a price.

use std::sync::Arc;

use super::current::CurrentBook;
use super::error::PricingError;
use super::unpriced_model::UnpricedModel;
use crate::administration::Administrator;
use crate::deps::Deps;
use crate::usage::Model;

/// Lists models without a price over all accounts, for administrators.
#[derive(Clone)]
pub struct UnpricedModels {
    deps: Deps,
    prices: Arc<CurrentBook>,
}

impl UnpricedModels {
    /// Looks models up in the book in force in `prices`.
    pub fn new(deps: Deps, prices: Arc<CurrentBook>) -> Self {
        Self { deps, prices }
    }

    /// Up to `limit` models, those with the most tokens first.
    pub async fn list(&self, _: &Administrator, limit: u32) -> Result<Vec<UnpricedModel>, PricingError> {
        let mut models = self.deps.reads().prices().unpriced_models(limit).await?;
        let book = self.prices.get();
        for unpriced in &mut models {
            let Model { name, provider } = &unpriced.model;
            unpriced.is_known_by_now = book.find(name, provider.as_ref()).is_some();
        }
        Ok(models)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ports::MockPriceReader;
    use super::*;
    use crate::ids::UserId;
    use crate::testing::{TestReads, TestStore};
    use crate::usage::ModelName;
    use crate::usage::testing::NOW;
    use uuid::Uuid;

    #[test]
    fn unpriced_list_marks_models_known_by_now() {
        let unpriced = |name: &str| UnpricedModel {
            model: Model { name: ModelName::trusted(name), provider: None },
            tokens: 1,
            messages: 1,
            people: 1,
            first_seen: NOW,
            last_seen: NOW,
            is_known_by_now: false,
        };
        let mut reader = MockPriceReader::new();
        reader
            .expect_unpriced_models()
            .withf(|limit| *limit == 5)
            .returning(move |_| Ok(vec![unpriced("claude-sonnet-4-5"), unpriced("nobody-s")]));
        let prices = Arc::new(CurrentBook::shipped());
        let admin = Administrator::unchecked(UserId(Uuid::from_u128(7)));
        let reads = TestReads { prices: reader, ..TestReads::default() };
        let models = UnpricedModels::new(TestStore::reading(reads).deps(), prices);
        let listed = pollster::block_on(models.list(&admin, 5)).expect("a list");
        assert_eq!(listed.iter().map(|model| model.is_known_by_now).collect::<Vec<_>>(), [true, false]);
    }
}
