//! Decides from which instant the records of a source replace what the npm client sent from this machine.
//!
//! A handover removes usage, so it states only what is certain: the logs are complete from an instant on. A tool that deletes old logs
//! keeps the old lines of sessions that were resumed, so its first line proves nothing.

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::api::SyncState;

/// The tool may delete logs between the start of a run and the reading of its logs.
const SCAN_TIME: Duration = Duration::HOUR;

/// The npm client counts a response up to four times and misses others. Far more messages than that mean that logs are gone.
const MOST_MESSAGES_A_RESPONSE: u64 = 10;

/// So few messages say nothing about logs.
const FEW_MESSAGES: u64 = 100;

/// What is known on this machine of a source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalLogs {
    /// The first record.
    pub(crate) first_at: OffsetDateTime,
    /// The records.
    pub(crate) responses: u64,
    /// Whether all files were read.
    pub(crate) is_complete: bool,
    /// The days for which the tool certainly keeps logs; `None` if it deletes none.
    pub(crate) kept_days: Option<u32>,
    /// The user says that all logs are there from this instant on.
    pub(crate) complete_since: Option<OffsetDateTime>,
    /// Only records from this instant on are sent.
    pub(crate) since: Option<OffsetDateTime>,
    pub(crate) now: OffsetDateTime,
}

/// What a run does about the messages of the npm client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandoverPlan {
    /// All records are sent, and nothing is replaced.
    NotNeeded,
    /// Records from `floor` on are sent. What the npm client sent before stays, and would count twice with them.
    InForce { from: OffsetDateTime, floor: Option<OffsetDateTime> },
    /// Records from `floor` on are sent, and then replace the messages of the npm client from `from` on.
    Due { from: OffsetDateTime, floor: Option<OffsetDateTime> },
    /// Nothing is sent, because it would count twice.
    Waiting(WaitReason),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitReason {
    /// What is in the unread files would be removed without a replacement.
    UnreadFiles,
    /// The npm client has sent far more messages than there are responses in the logs.
    MissingLogs { messages: u64, responses: u64 },
}

impl LocalLogs {
    /// The instant from which the logs are certainly complete.
    pub(crate) fn complete_from(&self) -> OffsetDateTime {
        let kept_since = || {
            let kept = Duration::days(i64::from(self.kept_days?)) - SCAN_TIME;
            self.now.checked_sub(kept)
        };
        let certain = self.complete_since.or_else(kept_since);
        [certain, self.since].into_iter().flatten().fold(self.first_at, OffsetDateTime::max)
    }

    /// What to do, if `state` is what the server knows of the npm client's machine.
    pub(crate) fn plan(&self, state: &SyncState) -> HandoverPlan {
        let from = self.complete_from();
        // Without messages of the npm client, no record counts twice.
        let has_messages = state.messages_protocol_2 > 0;
        let floor = |from| has_messages.then_some(from);
        match state.handover_from {
            Some(earlier) if earlier <= from || !self.is_complete => {
                HandoverPlan::InForce { from: earlier, floor: floor(earlier) }
            }
            None if !self.is_complete && has_messages => HandoverPlan::Waiting(WaitReason::UnreadFiles),
            None if !self.is_complete => HandoverPlan::NotNeeded,
            None if self.lacks_logs(state.messages_protocol_2) => HandoverPlan::Waiting(WaitReason::MissingLogs {
                messages: state.messages_protocol_2,
                responses: self.responses,
            }),
            Some(_) | None => HandoverPlan::Due { from, floor: floor(from) },
        }
    }

    /// Whether the npm client has sent so many `messages` that logs must be gone, although their tool deletes none.
    fn lacks_logs(&self, messages: u64) -> bool {
        let is_certain = self.kept_days.is_some() || self.complete_since.is_some() || self.since.is_some();
        !is_certain && messages > FEW_MESSAGES.max(self.responses.saturating_mul(MOST_MESSAGES_A_RESPONSE))
    }
}

impl HandoverPlan {
    /// The first instant whose records are sent; `None` if all are.
    pub(crate) fn floor(self) -> Option<OffsetDateTime> {
        match self {
            Self::InForce { floor, .. } | Self::Due { floor, .. } => floor,
            Self::NotNeeded | Self::Waiting(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-30 12:00 UTC);

    fn days_ago(days: i64) -> OffsetDateTime {
        NOW - Duration::days(days)
    }

    /// 50 responses, the first one `days` ago, of a tool that deletes no logs.
    fn logs(days: i64) -> LocalLogs {
        LocalLogs {
            first_at: days_ago(days),
            responses: 50,
            is_complete: true,
            kept_days: None,
            complete_since: None,
            since: None,
            now: NOW,
        }
    }

    #[test]
    fn logs_are_complete_from_their_first_record_or_the_last_deletion_on() {
        let kept = days_ago(30) + Duration::HOUR;
        for (what, logs, expected) in [
            ("a tool that deletes nothing", logs(90), days_ago(90)),
            ("a resumed session of a tool that deletes", LocalLogs { kept_days: Some(30), ..logs(90) }, kept),
            ("young logs of it", LocalLogs { kept_days: Some(30), ..logs(5) }, days_ago(5)),
            (
                "the word of the user",
                LocalLogs { kept_days: Some(30), complete_since: Some(days_ago(60)), ..logs(90) },
                days_ago(60),
            ),
            ("only a part is sent", LocalLogs { since: Some(days_ago(7)), ..logs(90) }, days_ago(7)),
            ("a period beyond time", LocalLogs { kept_days: Some(u32::MAX), ..logs(90) }, days_ago(90)),
        ] {
            assert_eq!(logs.complete_from(), expected, "{what}");
        }
    }

    #[test]
    fn plan_replaces_what_is_certain_and_sends_nothing_twice() {
        let state = |messages_protocol_2, handover_from| SyncState { messages_protocol_2, handover_from };
        let (first, deleted) = (days_ago(9), LocalLogs { kept_days: Some(30), ..logs(90) });
        let unread = LocalLogs { is_complete: false, ..logs(9) };
        let kept = days_ago(30) + Duration::HOUR;
        let missing = WaitReason::MissingLogs { messages: 501, responses: 50 };
        for (what, logs, state, expected) in [
            (
                "the npm client sent messages",
                logs(9),
                state(500, None),
                HandoverPlan::Due { from: first, floor: Some(first) },
            ),
            ("it may send some", logs(9), state(0, None), HandoverPlan::Due { from: first, floor: None }),
            ("old lines stay", deleted, state(5, None), HandoverPlan::Due { from: kept, floor: Some(kept) }),
            ("handed over", logs(9), state(3, Some(first)), HandoverPlan::InForce { from: first, floor: Some(first) }),
            (
                "nothing is left of it",
                logs(9),
                state(0, Some(first)),
                HandoverPlan::InForce { from: first, floor: None },
            ),
            (
                "older logs appeared",
                logs(20),
                state(3, Some(first)),
                HandoverPlan::Due { from: days_ago(20), floor: Some(days_ago(20)) },
            ),
            (
                "and cannot be read",
                LocalLogs { is_complete: false, ..logs(20) },
                state(3, Some(first)),
                HandoverPlan::InForce { from: first, floor: Some(first) },
            ),
            ("unread files", unread, state(3, None), HandoverPlan::Waiting(WaitReason::UnreadFiles)),
            ("unread files without messages", unread, state(0, None), HandoverPlan::NotNeeded),
            ("logs are gone", logs(9), state(501, None), HandoverPlan::Waiting(missing)),
            (
                "the user knows that",
                LocalLogs { complete_since: Some(days_ago(7)), ..logs(9) },
                state(501, None),
                HandoverPlan::Due { from: days_ago(7), floor: Some(days_ago(7)) },
            ),
            (
                "few messages",
                LocalLogs { responses: 1, ..logs(9) },
                state(100, None),
                HandoverPlan::Due { from: first, floor: Some(first) },
            ),
            ("the tool deletes logs", deleted, state(9_999, None), HandoverPlan::Due { from: kept, floor: Some(kept) }),
        ] {
            assert_eq!(logs.plan(&state), expected, "{what}");
        }
    }
}
