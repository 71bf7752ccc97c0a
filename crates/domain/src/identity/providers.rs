//! The configured identity providers, by name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::error::IdentityError;
use super::external::ProviderName;
use super::ports::IdentityProvider;

#[derive(Clone, Default)]
pub struct Providers(BTreeMap<ProviderName, Arc<dyn IdentityProvider>>);

impl Providers {
    pub fn new(providers: impl IntoIterator<Item = Arc<dyn IdentityProvider>>) -> Self {
        Self(providers.into_iter().map(|provider| (provider.name(), provider)).collect())
    }

    /// The providers, by name.
    pub fn iter(&self) -> impl Iterator<Item = &dyn IdentityProvider> {
        self.0.values().map(|provider| &**provider)
    }

    pub fn get(&self, name: &str) -> Result<&Arc<dyn IdentityProvider>, IdentityError> {
        self.0.get(&ProviderName::trusted(name)).ok_or_else(|| IdentityError::UnknownProvider(name.to_owned()))
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
