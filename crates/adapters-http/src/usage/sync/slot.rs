//! The place of one field while its object is read: the last of two equal names wins, even over an earlier mistake.

use super::ignored::Ignored;
use crate::validation::checks::Checked;
use crate::validation::{Fault, PathStep, Problems};

/// What the client last sent for a field.
#[derive(Debug, Default)]
pub(super) enum Slot<T> {
    #[default]
    Absent,
    /// A value that can be read.
    Good(T),
    /// A value that cannot be read, under the name that the client used.
    Bad(Box<(&'static str, Fault)>),
}

impl<T> Slot<T> {
    /// Stores what was read under the name `spelling`.
    pub(super) fn set(&mut self, spelling: &'static str, checked: Checked<T>) {
        *self = match checked {
            Ok(value) => Self::Good(value),
            Err(fault) => Self::Bad(Box::new((spelling, fault))),
        };
    }
}

/// Collects the problems and the ignored fields of one object when it has been read.
pub(super) struct Findings<'a> {
    /// Where the object is.
    pub(super) place: &'a [PathStep],
    /// The index of the message; `None` for the request itself.
    pub(super) index: Option<usize>,
    pub(super) problems: &'a mut Problems,
    pub(super) ignored: &'a mut Ignored,
}

impl Findings<'_> {
    /// A required value.
    pub(super) fn required<T>(&mut self, name: &'static str, slot: Slot<T>) -> Option<T> {
        match slot {
            Slot::Good(value) => Some(value),
            Slot::Absent => self.refuse(name, Fault::missing()),
            Slot::Bad(bad) => self.refuse(bad.0, bad.1),
        }
    }

    /// A value that can be absent.
    #[expect(clippy::option_option, reason = "whether it can be read, then whether it is there")]
    pub(super) fn optional<T>(&mut self, slot: Slot<T>) -> Option<Option<T>> {
        match slot {
            Slot::Good(value) => Some(Some(value)),
            Slot::Absent => Some(None),
            Slot::Bad(bad) => self.refuse(bad.0, bad.1),
        }
    }

    /// A value that nothing depends on.
    pub(super) fn auxiliary<T>(&mut self, slot: Slot<T>) -> Option<T> {
        match slot {
            Slot::Good(value) => Some(value),
            Slot::Absent => None,
            Slot::Bad(bad) => {
                self.ignored.add(self.index, bad.0, bad.1);
                None
            }
        }
    }

    fn refuse<T>(&mut self, name: &'static str, fault: Fault) -> Option<T> {
        self.problems.add(self.place.iter().cloned().chain([name.into()]), fault);
        None
    }
}
