//! Gathers lines into parts, each of which is one statement.

use domain::portability::ExportPart;

/// The most items of a part.
const MOST: usize = 5_000;

/// Gathers consecutive items of the same kind.
#[derive(Default)]
pub(super) struct Parts(Option<ExportPart>);

impl Parts {
    /// Adds `next`. Returns the gathered part if it is full or of another kind.
    pub(super) fn add(&mut self, next: ExportPart) -> Option<ExportPart> {
        macro_rules! gather {
            ($($kind:ident),+) => {
                match (&mut self.0, next) {
                    $((Some(ExportPart::$kind(all)), ExportPart::$kind(more)) if all.len() + more.len() <= MOST => {
                        all.extend(more);
                        None
                    })+
                    (gathered, next) => gathered.replace(next),
                }
            };
        }
        gather!(
            Machines,
            Handovers,
            Messages,
            Preferences,
            Events,
            Unlocks,
            Activities,
            Notifications,
            ExternalAccounts,
            Follows,
            Projects
        )
    }

    /// The rest.
    pub(super) fn last(self) -> Option<ExportPart> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use domain::portability::Machine;
    use domain::usage::MachineId;
    use time::OffsetDateTime;

    use super::*;

    fn machine(name: &str) -> ExportPart {
        let id = MachineId::parse(name).expect("a name");
        ExportPart::Machines(vec![Machine { id, last_synced_at: OffsetDateTime::UNIX_EPOCH }])
    }

    #[test]
    fn parts_gather_one_kind_until_full_or_another_kind_follows() {
        let mut parts = Parts::default();
        assert!((0..MOST).all(|number| parts.add(machine(&number.to_string())).is_none()));
        let Some(ExportPart::Machines(full)) = parts.add(machine("next")) else { panic!("it is full") };
        assert_eq!((full.len(), full[MOST - 1].id.as_str()), (MOST, "4999"));
        assert_eq!(parts.add(ExportPart::Follows(Vec::new())), Some(machine("next")));
        assert_eq!(parts.last(), Some(ExportPart::Follows(Vec::new())));
        assert_eq!(Parts::default().last(), None);
    }
}
