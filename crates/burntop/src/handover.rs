//! Decides from which instant the records of a source replace what the npm client sent from this machine.
//!
//! A handover removes usage, so it states only what is certain: the logs are complete from an instant on. A tool that deletes old logs
//! keeps the old lines of sessions that were resumed, so its first line proves nothing. Once made, it grows only if the user says so.

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::api::SyncState;
use crate::store::KnownHandover;

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
    /// Why not all that was logged would be sent.
    pub(crate) hindrance: Option<WaitReason>,
    /// The days for which the tool certainly keeps logs; `None` if it deletes none.
    pub(crate) kept_days: Option<u32>,
    /// Whether the npm client was installed after burntop, so that it has sent nothing that burntop has not read.
    pub(crate) npm_came_later: bool,
    /// The user says that all logs are there from this instant on.
    pub(crate) complete_since: Option<OffsetDateTime>,
    /// The handover that was made from here.
    pub(crate) known: Option<KnownHandover>,
    pub(crate) now: OffsetDateTime,
}

/// What a run does about the messages of the npm client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandoverPlan {
    /// All records are sent, and nothing is replaced.
    NotNeeded,
    /// Records from `floor` on are sent. What the npm client sent before stays, and would count twice with them.
    InForce { from: OffsetDateTime, floor: Option<OffsetDateTime> },
    /// Records from `floor` on are sent, those that were delivered too if `sends_again` is set, and then replace the messages of the npm
    /// client from `from` on.
    Due { from: OffsetDateTime, floor: Option<OffsetDateTime>, sends_again: bool },
    /// Nothing is sent, because it would count twice.
    Waiting(WaitReason),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitReason {
    /// What is in the unread files would be removed without a replacement.
    UnreadFiles,
    /// So would what is in the unread directories.
    UnreadRoots,
    /// Only a part of the records would be sent.
    PartOnly,
    /// The npm client has sent far more messages than there are responses in the logs.
    MissingLogs { messages: u64, responses: u64 },
}

impl LocalLogs {
    /// The instant from which the logs are certainly complete.
    fn complete_from(&self) -> OffsetDateTime {
        let kept_since = || {
            let kept_days = self.kept_days.filter(|_| !self.npm_came_later)?;
            self.now.checked_sub(Duration::days(i64::from(kept_days)) - SCAN_TIME)
        };
        let certain = self.complete_since.or_else(kept_since).map_or(self.first_at, |at| at.max(self.first_at));
        // What was complete then is still here.
        self.known.filter(|_| self.complete_since.is_none()).map_or(certain, |known| certain.min(known.from))
    }

    /// What to do, if `state` is what the server knows of the npm client's machine.
    pub(crate) fn plan(&self, state: &SyncState) -> HandoverPlan {
        let from = self.complete_from();
        // Without messages of the npm client, no record counts twice.
        let has_messages = state.messages_protocol_2 > 0;
        let floor = |from| has_messages.then_some(from);
        let known = self.known;
        match state.handover_from {
            Some(earlier) if has_messages && self.has_replaced_all_before(earlier) => {
                HandoverPlan::Due { from: self.first_at, floor: None, sends_again: false }
            }
            // It grows only if the user says so: a log that appears later says nothing about the time since.
            Some(earlier) if self.complete_since.is_none() || earlier <= from => HandoverPlan::InForce {
                from: earlier,
                floor: known.filter(|known| known.from == earlier).map_or_else(|| floor(earlier), |known| known.floor),
            },
            None if !has_messages => match known {
                Some(KnownHandover { from, floor }) => HandoverPlan::Due { from, floor, sends_again: false },
                None if self.hindrance.is_some() => HandoverPlan::NotNeeded,
                // The npm client can send nothing older than the logs.
                None => HandoverPlan::Due { from: self.first_at, floor: None, sends_again: false },
            },
            _ => match self.hindrance.or_else(|| self.missing_logs(state.messages_protocol_2)) {
                Some(reason) => HandoverPlan::Waiting(reason),
                // A server that has lost the handover, such as a restored one, may have lost records too.
                None => HandoverPlan::Due {
                    from,
                    floor: floor(from),
                    sends_again: known.is_some() && state.handover_from.is_none(),
                },
            },
        }
    }

    /// Whether the handover from `earlier` on had left nothing of the npm client, and records before it have appeared since. What the
    /// client has sent of their time is from the same logs, and nothing else.
    fn has_replaced_all_before(&self, earlier: OffsetDateTime) -> bool {
        self.known == Some(KnownHandover { from: earlier, floor: None })
            && self.first_at < earlier
            && self.hindrance.is_none()
    }

    /// Whether the npm client has sent so many `messages` that logs must be gone, although their tool deletes none.
    fn missing_logs(&self, messages: u64) -> Option<WaitReason> {
        let is_certain = (self.kept_days.is_some() && !self.npm_came_later) || self.complete_since.is_some();
        let has_more = messages > FEW_MESSAGES.max(self.responses.saturating_mul(MOST_MESSAGES_A_RESPONSE));
        (has_more && !is_certain).then_some(WaitReason::MissingLogs { messages, responses: self.responses })
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
            hindrance: None,
            kept_days: None,
            npm_came_later: false,
            complete_since: None,
            known: None,
            now: NOW,
        }
    }

    fn hindered(reason: WaitReason, days: i64) -> LocalLogs {
        LocalLogs { hindrance: Some(reason), ..logs(days) }
    }

    fn due(days: i64) -> HandoverPlan {
        due_from(days_ago(days))
    }

    fn due_from(from: OffsetDateTime) -> HandoverPlan {
        HandoverPlan::Due { from, floor: Some(from), sends_again: false }
    }

    fn in_force(days: i64, floor: Option<i64>) -> HandoverPlan {
        HandoverPlan::InForce { from: days_ago(days), floor: floor.map(days_ago) }
    }

    fn handed_over(days: i64, floor: Option<i64>, logs: LocalLogs) -> LocalLogs {
        let known = KnownHandover { from: days_ago(days), floor: floor.map(days_ago) };
        LocalLogs { known: Some(known), ..logs }
    }

    #[test]
    fn logs_are_complete_from_their_first_record_or_the_last_deletion_on() {
        let kept = days_ago(30) + Duration::HOUR;
        let deleting = LocalLogs { kept_days: Some(30), ..logs(90) };
        for (what, logs, expected) in [
            ("a tool that deletes nothing", logs(90), days_ago(90)),
            ("a resumed session of a tool that deletes", deleting, kept),
            ("young logs of it", LocalLogs { kept_days: Some(30), ..logs(5) }, days_ago(5)),
            ("an npm client that came later", LocalLogs { npm_came_later: true, ..deleting }, days_ago(90)),
            ("the word of the user", LocalLogs { complete_since: Some(days_ago(60)), ..deleting }, days_ago(60)),
            ("an earlier handover", handed_over(70, None, deleting), days_ago(70)),
            (
                "the word of the user after it",
                LocalLogs { complete_since: Some(days_ago(9)), ..handed_over(70, None, deleting) },
                days_ago(9),
            ),
            ("a period beyond time", LocalLogs { kept_days: Some(u32::MAX), ..logs(90) }, days_ago(90)),
        ] {
            assert_eq!(logs.complete_from(), expected, "{what}");
        }
    }

    #[test]
    fn plan_replaces_what_is_certain_and_sends_nothing_twice() {
        let state = |messages_protocol_2, from: Option<i64>| SyncState {
            messages_protocol_2,
            handover_from: from.map(days_ago),
        };
        let deleted = LocalLogs { kept_days: Some(30), ..logs(90) };
        let unread = hindered(WaitReason::UnreadFiles, 9);
        let part = hindered(WaitReason::PartOnly, 9);
        let kept = days_ago(30) + Duration::HOUR;
        let word = |days, logs| LocalLogs { complete_since: Some(days_ago(days)), ..logs };
        let waiting = HandoverPlan::Waiting;
        let missing = waiting(WaitReason::MissingLogs { messages: 501, responses: 50 });
        let all = HandoverPlan::Due { from: days_ago(9), floor: None, sends_again: false };
        let again = HandoverPlan::Due { from: days_ago(40), floor: Some(days_ago(40)), sends_again: true };
        for (what, logs, state, expected) in [
            ("the npm client sent messages", logs(9), state(500, None), due(9)),
            ("it may send some", logs(9), state(0, None), all),
            ("old lines stay", deleted, state(5, None), due_from(kept)),
            ("nothing was sent of their time", LocalLogs { first_at: days_ago(9), ..deleted }, state(0, None), all),
            ("handed over", logs(9), state(3, Some(9)), in_force(9, Some(9))),
            ("nothing is left of it", logs(9), state(0, Some(9)), in_force(9, None)),
            ("what is left was deleted", handed_over(9, Some(9), logs(20)), state(0, Some(9)), in_force(9, Some(9))),
            ("an older log appeared", logs(20), state(3, Some(9)), in_force(9, Some(9))),
            (
                "one did, and nothing was left before it",
                handed_over(9, None, logs(20)),
                state(3, Some(9)),
                HandoverPlan::Due { from: days_ago(20), floor: None, sends_again: false },
            ),
            (
                "but not all of it is read",
                handed_over(9, None, hindered(WaitReason::UnreadFiles, 20)),
                state(3, Some(9)),
                in_force(9, None),
            ),
            ("and the user says that all are there", word(20, logs(20)), state(3, Some(9)), due(20)),
            (
                "but they are not read",
                word(20, hindered(WaitReason::UnreadFiles, 20)),
                state(3, Some(9)),
                waiting(WaitReason::UnreadFiles),
            ),
            ("the user says less", word(3, logs(20)), state(3, Some(9)), in_force(9, Some(9))),
            ("the server has lost it", handed_over(40, Some(40), deleted), state(3, None), again),
            ("and the npm client's messages", handed_over(40, Some(40), deleted), state(0, None), due(40)),
            ("unread files", unread, state(3, None), waiting(WaitReason::UnreadFiles)),
            ("a part only", part, state(3, None), waiting(WaitReason::PartOnly)),
            ("unread files without messages", unread, state(0, None), HandoverPlan::NotNeeded),
            ("a part without messages", part, state(0, None), HandoverPlan::NotNeeded),
            ("a part after the handover", part, state(3, Some(9)), in_force(9, Some(9))),
            ("logs are gone", logs(9), state(501, None), missing),
            ("the user knows that", word(7, logs(9)), state(501, None), due(7)),
            ("few messages", LocalLogs { responses: 1, ..logs(9) }, state(100, None), due(9)),
            ("the tool deletes logs", deleted, state(9_999, None), due_from(kept)),
        ] {
            assert_eq!(logs.plan(&state), expected, "{what}");
        }
    }
}
