//! From things one by one to parts that are worth a statement.

use domain::portability::ExportPart;

/// How many things a part has at most.
const MOST: usize = 5_000;

/// Gathers things of the same kind that come one after the other.
#[derive(Default)]
pub(super) struct Parts(Option<ExportPart>);

impl Parts {
    /// Adds `next`; returns what was gathered before, if it is full or of another kind.
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

    /// What is left.
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
    fn things_of_a_kind_are_gathered_until_there_are_enough_or_another_comes() {
        let mut parts = Parts::default();
        assert!((0..MOST).all(|number| parts.add(machine(&number.to_string())).is_none()));
        let Some(ExportPart::Machines(full)) = parts.add(machine("next")) else { panic!("it is full") };
        assert_eq!((full.len(), full[MOST - 1].id.as_str()), (MOST, "4999"));
        assert_eq!(parts.add(ExportPart::Follows(Vec::new())), Some(machine("next")));
        assert_eq!(parts.last(), Some(ExportPart::Follows(Vec::new())));
        assert_eq!(Parts::default().last(), None);
    }
}
