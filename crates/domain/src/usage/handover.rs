//! Handovers: an exact reader takes the place of the client of protocol 2 on a machine.

use time::OffsetDateTime;

use super::batch::Warning;
use super::intake::{AcceptedMessages, is_plausible};
use super::message::{Protocol, UsageMessage};
use super::names::{MachineId, Source};

/// States that a reader of protocol 3 has read all messages of a tool on a machine since an instant. Messages of protocol 2 that it
/// covers do not count, whether they were stored before it or are sent after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    pub machine: MachineId,
    pub source: Source,
    /// The first instant that was read.
    pub from: OffsetDateTime,
}

impl Handover {
    /// Whether `message` is of protocol 2 and within the handover.
    pub fn covers(&self, message: &UsageMessage) -> bool {
        message.reading.protocol == Protocol::V2
            && message.at >= self.from
            && message.machine == self.machine
            && message.source == self.source
    }
}

/// Why a handover has no effect. It removes usage, so it needs a plausible start and a reader that delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoredHandover {
    /// It starts at a time that no message can have.
    StartOutOfRange,
    /// No message with tokens was accepted with it.
    NothingAccepted,
}

impl IgnoredHandover {
    /// Why `handover`, sent at `now` with messages of which `accepted` were accepted, has no effect; `None` if it has one.
    pub fn reason(handover: &Handover, accepted: &AcceptedMessages<'_>, now: OffsetDateTime) -> Option<Self> {
        if !is_plausible(handover.from, now) {
            Some(Self::StartOutOfRange)
        } else if !accepted.have_tokens() {
            Some(Self::NothingAccepted)
        } else {
            None
        }
    }

    pub fn warning(self) -> Warning {
        let reason = match self {
            Self::StartOutOfRange => "it starts before 2020 or more than 24 hours ahead",
            Self::NothingAccepted => "no message with tokens was accepted with it",
        };
        Warning {
            code: "handover_ignored",
            field: "handover".to_owned(),
            message: format!("The handover was ignored: {reason}."),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::usage::testing::message;

    #[test]
    fn handover_covers_protocol_2_of_its_machine_and_tool_from_its_instant() {
        let base = message("m", 10);
        let handover = Handover { machine: base.machine.clone(), source: base.source.clone(), from: base.at };
        let with = |change: &dyn Fn(&mut UsageMessage)| {
            let mut copy = base.clone();
            change(&mut copy);
            copy
        };
        for (what, message, is_covered) in [
            ("at its instant", base.clone(), true),
            ("later", with(&|m| m.at += Duration::DAY), true),
            ("earlier", with(&|m| m.at -= Duration::MICROSECOND), false),
            ("of protocol 3", with(&|m| m.reading.protocol = Protocol::V3), false),
            ("of another machine", with(&|m| m.machine = MachineId::trusted("other")), false),
            ("of another tool", with(&|m| m.source = Source::trusted("codex")), false),
        ] {
            assert_eq!(handover.covers(&message), is_covered, "{what}");
        }
    }
}
