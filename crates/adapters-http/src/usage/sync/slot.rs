//! The place of one field while its object is read: the last value given wins, even over an earlier mistake.

use super::ignored::Ignored;
use crate::validation::checks::Checked;
use crate::validation::{Fault, Problems, Scalar, Step};

/// What was last said about a field.
#[derive(Debug, Default)]
pub(super) enum Slot<T> {
    /// Nothing.
    #[default]
    Absent,
    /// A value that fits.
    Good(T),
    /// A value that does not, under the name the client used.
    Bad(Box<(&'static str, Fault)>),
}

impl<T> Slot<T> {
    /// Notes what was said about an auxiliary field, of which `null` says nothing.
    pub(super) fn set_auxiliary(
        &mut self,
        spelling: &'static str,
        value: Scalar<'_>,
        check: impl FnOnce(Scalar<'_>) -> Checked<T>,
    ) {
        if value == Scalar::Null {
            *self = Self::Absent;
        } else {
            self.set(spelling, check(value));
        }
    }

    /// Notes what was said under the name `spelling`.
    pub(super) fn set(&mut self, spelling: &'static str, checked: Checked<T>) {
        *self = match checked {
            Ok(value) => Self::Good(value),
            Err(fault) => Self::Bad(Box::new((spelling, fault))),
        };
    }
}

/// Collects the problems of one object at the end of it.
pub(super) struct Findings<'a> {
    /// Where the object is.
    pub(super) place: &'a [Step],
    /// Where its problems go.
    pub(super) problems: &'a mut Problems,
}

impl Findings<'_> {
    /// A value that must be there; `name` is what the protocol calls it.
    pub(super) fn required<T>(&mut self, name: &'static str, slot: Slot<T>) -> Option<T> {
        match slot {
            Slot::Good(value) => Some(value),
            Slot::Absent => self.refuse(name, Fault::missing()),
            Slot::Bad(bad) => self.refuse(bad.0, bad.1),
        }
    }

    /// A value that may be absent.
    #[expect(clippy::option_option, reason = "whether it fits, then whether it is there")]
    pub(super) fn optional<T>(&mut self, slot: Slot<T>) -> Option<Option<T>> {
        match slot {
            Slot::Good(value) => Some(Some(value)),
            Slot::Absent => Some(None),
            Slot::Bad(bad) => self.refuse(bad.0, bad.1),
        }
    }

    /// A value that nothing depends on: one that cannot be read is noted in `ignored` and is as good as absent.
    pub(super) fn auxiliary<T>(slot: Slot<T>, index: Option<usize>, ignored: &mut Ignored) -> Option<T> {
        match slot {
            Slot::Good(value) => Some(value),
            Slot::Absent => None,
            Slot::Bad(bad) => {
                ignored.add(index, bad.0, bad.1);
                None
            }
        }
    }

    /// A value that has a default.
    pub(super) fn or_default<T: Default>(&mut self, slot: Slot<T>) -> Option<T> {
        self.optional(slot).map(Option::unwrap_or_default)
    }

    fn refuse<T>(&mut self, name: &'static str, fault: Fault) -> Option<T> {
        self.problems.add(self.place.iter().cloned().chain([name.into()]), fault);
        None
    }
}
