//! Which part of the catalogue is asked for.

use domain::achievements::{Category, Rarity};
use utoipa::IntoParams;

use crate::validation::{Fields, FromFields, checks};

/// `?category=streaks&rarity=rare`; of any where one is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfKind {
    /// What they are about.
    #[param(value_type = Option<String>, required = false, inline,
            pattern = "^(onboarding|usage|social|streaks|efficiency|diversity|milestones|special)$")]
    pub(super) category: Option<Category>,
    /// How hard they are to come by.
    #[param(value_type = Option<String>, required = false, inline, pattern = "^(common|uncommon|rare|epic|legendary)$")]
    pub(super) rarity: Option<Rarity>,
}

impl FromFields for OfKind {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let category = fields.optional("category", checks::named(&Category::ALL, Category::name));
        let rarity = fields.optional("rarity", checks::named(&Rarity::ALL, Rarity::name));
        Some(Self { category: category?, rarity: rarity? })
    }
}
