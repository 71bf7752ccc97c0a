//! Keeps the canonical names of stored models in step with the price book.

use std::sync::Arc;

use super::current::CurrentBook;
use super::error::PricingError;
use super::ports::ModelNames;
use crate::usage::{Model, ModelName};

/// Updates the canonical names of stored models. A model gets its name when it is first stored; a later book may know the model,
/// or another name for it.
#[derive(Clone)]
pub struct ModelNaming {
    names: Arc<dyn ModelNames>,
    prices: Arc<CurrentBook>,
}

impl ModelNaming {
    /// Names what is stored in `names` by the book in force.
    pub fn new(names: Arc<dyn ModelNames>, prices: Arc<CurrentBook>) -> Self {
        Self { names, prices }
    }

    /// Names every stored model by the book in force and returns how many names changed. Writes nothing without a change. The
    /// caller follows the stored edition first.
    pub async fn run(&self) -> Result<usize, PricingError> {
        let book = self.prices.get();
        let renamed = |(model, stored): (Model, Option<ModelName>)| {
            let canonical = book.canonical(&model.name, model.provider.as_ref());
            (stored.as_ref() != Some(&canonical)).then_some((model, canonical))
        };
        let renamed: Vec<(Model, ModelName)> = self.names.named().await?.into_iter().filter_map(renamed).collect();
        if !renamed.is_empty() {
            self.names.name(&renamed).await?;
        }
        Ok(renamed.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::book::PriceBook;
    use super::super::line;
    use super::super::ports::MockModelNames;
    use super::*;

    fn model(name: &str) -> Model {
        Model { name: ModelName::trusted(name), provider: None }
    }

    #[test]
    fn naming_updates_only_changed_names() {
        let mut names = MockModelNames::new();
        names.expect_named().returning(|| {
            Ok(vec![
                (model("claude-9-opus"), None),
                (model("claude-opus-9"), Some(ModelName::trusted("claude-opus-9"))),
                (model("kimi-9-thinking"), Some(ModelName::trusted("kimi-9"))),
                (model("house-9-thinking"), Some(ModelName::trusted("house-9"))),
            ])
        });
        names
            .expect_name()
            .times(1)
            .withf(|names| {
                let expected = [("claude-9-opus", "claude-opus-9"), ("kimi-9-thinking", "kimi-9-thinking")];
                names.iter().map(|(model, canonical)| (model.name.as_str(), canonical.as_str())).eq(expected)
            })
            .returning(|_| Ok(()));
        let rows = line::rows("moonshot/kimi-9-thinking moonshot 2026-01-01 in=1 out=1").map(|row| row.expect("a row"));
        let naming = ModelNaming::new(Arc::new(names), Arc::new(CurrentBook::new(PriceBook::new(rows))));
        assert_eq!(pollster::block_on(naming.run()).ok(), Some(2));
    }

    #[test]
    fn naming_without_change_writes_nothing() {
        let mut names = MockModelNames::new();
        names.expect_named().returning(|| Ok(vec![(model("house-9"), Some(ModelName::trusted("house-9")))]));
        let naming = ModelNaming::new(Arc::new(names), Arc::new(CurrentBook::new(PriceBook::default())));
        assert_eq!(pollster::block_on(naming.run()).ok(), Some(0));
    }
}
