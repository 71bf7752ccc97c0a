//! Auxiliary fields that cannot be read: they are ignored, and the answer says so.

use domain::usage::Warning;

use crate::validation::Fault;

/// The ignored fields of a request, each named once however many messages have it.
#[derive(Debug, Default)]
pub(super) struct Ignored(Vec<IgnoredField>);

#[derive(Debug)]
struct IgnoredField {
    /// The name under which the client sent it.
    spelling: &'static str,
    /// The first message that has it; `None` where it is the request's own.
    first: Option<usize>,
    /// How many messages have it.
    messages: usize,
    /// What is wrong with the first.
    fault: Fault,
}

impl Ignored {
    /// Notes that the field `spelling` of the message `index`, or of the request, is ignored because of `fault`.
    pub(super) fn add(&mut self, index: Option<usize>, spelling: &'static str, fault: Fault) {
        let known =
            self.0.iter_mut().find(|field| field.spelling == spelling && field.first.is_some() == index.is_some());
        match known {
            Some(field) => field.messages += 1,
            None => self.0.push(IgnoredField { spelling, first: index, messages: 1, fault }),
        }
    }

    /// Adds what `other` noted, which comes later.
    pub(super) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn warnings(self) -> Vec<Warning> {
        self.0.into_iter().map(IgnoredField::warning).collect()
    }
}

impl IgnoredField {
    fn warning(self) -> Warning {
        let Self { spelling, first, messages, fault } = self;
        let field = first.map_or_else(|| spelling.to_owned(), |index| format!("messages[{index}].{spelling}"));
        let what = match first {
            Some(_) if messages > 1 => format!("{messages} messages have such a field; it was ignored"),
            _ => "The field was ignored".to_owned(),
        };
        Warning { code: "field_ignored", field, message: format!("{what}: {}.", fault.msg) }
    }
}
