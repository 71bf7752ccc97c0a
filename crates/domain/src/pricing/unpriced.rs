//! Lists models without a price.

use std::sync::Arc;

use super::current::CurrentBook;
use super::error::PricingError;
use super::ports::PriceReader;
use super::unpriced_model::UnpricedModel;
use crate::administration::Administrator;
use crate::usage::Model;

/// Lists models without a price over all accounts, for administrators.
#[derive(Clone)]
pub struct UnpricedModels {
    reader: Arc<dyn PriceReader>,
    prices: Arc<CurrentBook>,
}

impl UnpricedModels {
    /// Reads from `reader`, and looks models up in the book in force.
    pub fn new(reader: Arc<dyn PriceReader>, prices: Arc<CurrentBook>) -> Self {
        Self { reader, prices }
    }

    /// Up to `limit` models, those with the most tokens first.
    pub async fn list(&self, _: &Administrator, limit: u32) -> Result<Vec<UnpricedModel>, PricingError> {
        let mut models = self.reader.unpriced_models(limit).await?;
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
        let models = UnpricedModels::new(Arc::new(reader), prices);
        let listed = pollster::block_on(models.list(&admin, 5)).expect("a list");
        assert_eq!(listed.iter().map(|model| model.is_known_by_now).collect::<Vec<_>>(), [true, false]);
    }
}
