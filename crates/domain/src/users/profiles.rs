//! Finds users by name, and decides visibility.

use super::error::UserError;
use super::profile::{User, Username};
use super::viewed_profile::{FoundProfile, ViewedProfile};
use crate::deps::Deps;
use crate::ids::UserId;

/// The use cases of looking people up.
#[derive(Clone)]
pub struct Profiles {
    deps: Deps,
}

impl Profiles {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// The user `name`, and whether `viewer` may see the profile; [`UserError::Unknown`] if there is none.
    async fn find(&self, name: &Username, viewer: Option<UserId>) -> Result<FoundProfile, UserError> {
        self.deps.reads().profiles().find(name, viewer).await?.ok_or_else(|| UserError::unknown(name.as_str()))
    }

    /// The user `name`, if `viewer` may see the profile; otherwise [`UserError::Private`].
    pub async fn visible(&self, name: &Username, viewer: Option<UserId>) -> Result<ViewedProfile, UserError> {
        let FoundProfile { user, is_visible } = self.find(name, viewer).await?;
        if is_visible { Ok(ViewedProfile { user, viewer }) } else { Err(UserError::Private) }
    }

    /// The users of `names` whose profiles `viewer` may see.
    pub async fn visible_among(&self, names: &[Username], viewer: Option<UserId>) -> Result<Vec<User>, UserError> {
        Ok(self.deps.reads().profiles().visible_among(names, viewer).await?)
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;
    use uuid::Uuid;

    use super::super::ports::MockProfileReader;
    use super::*;
    use crate::error::{DomainError, ErrorKind, StoreError};
    use crate::testing::{TestReads, TestStore, test_user};

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const BOB: UserId = UserId(Uuid::from_u128(2));
    const EVE: UserId = UserId(Uuid::from_u128(3));

    fn ada() -> User {
        User { is_public: false, ..test_user(ADA, "ada") }
    }

    /// The use cases, where Ada is private and Bob follows her.
    fn profiles() -> Profiles {
        let mut reader = MockProfileReader::new();
        reader.expect_find().returning(|name, viewer| {
            let is_visible = viewer == Some(ADA) || viewer == Some(BOB);
            Ok((name.as_str() == "ada").then(|| FoundProfile { user: ada(), is_visible }))
        });
        Profiles::new(TestStore::reading(TestReads { profiles: reader, ..TestReads::default() }).deps())
    }

    #[test]
    fn profile_private_is_visible_to_owner_and_followers() {
        for (viewer, is_visible) in [(None, false), (Some(EVE), false), (Some(BOB), true), (Some(ADA), true)] {
            match block_on(profiles().visible(&Username::trusted("ada"), viewer)) {
                Ok(profile) => assert_eq!((is_visible, profile), (true, ViewedProfile { user: ada(), viewer })),
                Err(error) => assert!(!is_visible && matches!(error, UserError::Private), "{viewer:?}: {error}"),
            }
        }
    }

    #[test]
    fn profile_unknown_is_not_found_by_name() {
        let (profiles, eve) = (profiles(), Username::trusted("eve"));
        for error in [block_on(profiles.find(&eve, Some(ADA))).err(), block_on(profiles.visible(&eve, Some(ADA))).err()]
        {
            let subject = error.and_then(|error| error.details().subject).expect("a subject");
            assert_eq!((subject.resource, subject.field, subject.value.as_deref()), ("User", "username", Some("eve")));
        }
    }

    #[test]
    fn profile_unavailable_store_is_not_unknown_user() {
        let away = || StoreError::Unavailable("away".to_owned());
        let mut reader = MockProfileReader::new();
        reader.expect_find().returning(move |_, _| Err(away()));
        let reads = TestReads { profiles: reader, ..TestReads::default() };
        let (profiles, name) = (Profiles::new(TestStore::reading(reads).deps()), Username::trusted("ada"));
        for error in [block_on(profiles.find(&name, None)).err(), block_on(profiles.visible(&name, None)).err()] {
            assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Unavailable));
        }
    }
}
