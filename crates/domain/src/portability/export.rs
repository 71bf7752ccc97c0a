//! Exports: reads the data of an account, part by part.

use time::OffsetDateTime;

use super::error::PortabilityError;
use super::owned::ExportPart;
use super::ports::{ExportSnapshot, SnapshotOpened};
use crate::deps::Deps;
use crate::ids::UserId;
use crate::users::User;

/// The use cases of exports.
#[derive(Clone)]
pub struct Exports {
    deps: Deps,
}

impl Exports {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Begins an export of `user`. Only one export of an account runs at a time.
    pub async fn begin(&self, user: UserId) -> Result<Export, PortabilityError> {
        let at = self.deps.now();
        let SnapshotOpened::Begun(mut snapshot) = self.deps.reads().exports().open(user, at).await? else {
            return Err(PortabilityError::UnderWay);
        };
        match snapshot.next().await? {
            Some(ExportPart::Account(user)) => Ok(Export { user, at, snapshot }),
            _ => Err(PortabilityError::UnknownUser(user)),
        }
    }
}

/// A running export. Dropping it ends the snapshot.
pub struct Export {
    pub user: Box<User>,
    /// The instant of the snapshot.
    pub at: OffsetDateTime,
    snapshot: Box<dyn ExportSnapshot>,
}

impl Export {
    /// The next part after the account; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<ExportPart>, PortabilityError> {
        Ok(self.snapshot.next().await?)
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;
    use uuid::Uuid;

    use super::*;
    use crate::portability::ports::{MockExportReader, MockExportSnapshot};
    use crate::testing::{TestReads, TestStore, test_user, variant};
    use crate::usage::testing::NOW;

    const ADA: UserId = UserId(Uuid::from_u128(1));

    fn exports(open: impl Fn() -> SnapshotOpened + Send + Sync + 'static) -> Exports {
        let mut reader = MockExportReader::new();
        reader.expect_open().withf(|user, now| (*user, *now) == (ADA, NOW)).returning(move |_, _| Ok(open()));
        Exports::new(TestStore::reading(TestReads { exports: reader, ..TestReads::default() }).deps())
    }

    #[test]
    fn export_first_part_is_the_account_and_others_follow() {
        let exports = exports(|| {
            let mut parts =
                vec![ExportPart::Machines(Vec::new()), ExportPart::Account(Box::new(test_user(ADA, "ada")))];
            let mut snapshot = MockExportSnapshot::new();
            snapshot.expect_next().returning(move || Ok(parts.pop()));
            SnapshotOpened::Begun(Box::new(snapshot))
        });
        let mut export = block_on(exports.begin(ADA)).expect("an export");
        assert_eq!((export.user.username.as_str(), export.at), ("ada", NOW));
        assert_eq!(block_on(export.next()).expect("a part"), Some(ExportPart::Machines(Vec::new())));
        assert_eq!(block_on(export.next()).expect("no part"), None);
    }

    #[test]
    fn export_unknown_user_or_second_at_once_is_refused() {
        let unknown_user = exports(|| {
            let mut snapshot = MockExportSnapshot::new();
            snapshot.expect_next().returning(|| Ok(None));
            SnapshotOpened::Begun(Box::new(snapshot))
        });
        assert_eq!(block_on(unknown_user.begin(ADA)).err().map(|error| variant(&error)), Some("UnknownUser"));
        let twice = exports(|| SnapshotOpened::UnderWay);
        assert_eq!(block_on(twice.begin(ADA)).err().map(|error| variant(&error)), Some("UnderWay"));
    }
}
