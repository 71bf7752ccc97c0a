//! The parameters of the catalogue.

use domain::achievements::{Category, Rarity};

use crate::validation::{Optional, query};

query! {
    /// `?category=streaks&rarity=rare`; all achievements where one is absent.
    pub(super) struct CatalogueQuery {
        /// Only this category.
        pub(super) category: Optional<Category>,
        /// Only this rarity.
        pub(super) rarity: Optional<Rarity>,
    }
}
