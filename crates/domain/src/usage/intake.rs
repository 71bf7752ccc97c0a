//! From what was sent to what the ledger may keep: conventions undone, implausible items set aside.

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::batch::{Batch, Conventions, SentMessage};
use super::message::{Message, MessageKey, Model, fold_copies};
use super::tokens::TokenCounts;

/// How far a client's clock may run ahead.
const MOST_AHEAD: Duration = Duration::DAY;

/// Nothing that logs tokens is older.
const EARLIEST: OffsetDateTime = datetime!(2020-01-01 00:00 UTC);

/// How many rejected items are listed by name.
const LISTED: usize = 100;

/// Why an item was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its time is more than 24 hours ahead.
    TimestampInFuture,
    /// Its time is before 2020-01-01.
    TimestampTooOld,
    /// More was read from the cache than was sent, although the client counts one within the other.
    CachedExceedsInput,
    /// More was cached for an hour than was cached at all.
    HourWritesExceedWrites,
    /// There is more reasoning than output, although the reasoning is part of the output.
    ReasoningExceedsOutput,
    /// The account's lifetime total would leave the range that is kept (2^62 tokens).
    TotalOutOfRange,
}

impl Reason {
    /// The reason's name in the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TimestampInFuture => "timestamp_in_future",
            Self::TimestampTooOld => "timestamp_too_old",
            Self::CachedExceedsInput => "cached_exceeds_input",
            Self::HourWritesExceedWrites => "cache_write_1h_exceeds_cache_write",
            Self::ReasoningExceedsOutput => "reasoning_exceeds_output",
            Self::TotalOutOfRange => "account_total_out_of_range",
        }
    }
}

/// An item that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Its place in the request, from 0.
    pub index: usize,
    /// Its id as sent.
    pub id: Box<str>,
    /// Why.
    pub reason: Reason,
}

/// What a request brings to the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// One copy of each plausible message, in the order of their keys.
    pub messages: Vec<Message>,
    /// How many messages the request had.
    pub received: usize,
    /// How many were set aside.
    pub rejected: usize,
    /// The first hundred of them.
    pub rejections: Vec<Rejection>,
}

impl Intake {
    /// Judges the items of `batch` at `now`, for an account that has room for `room` more tokens.
    pub fn of(batch: Batch, now: OffsetDateTime, mut room: i64) -> Self {
        let received = batch.messages.len();
        let mut messages = Vec::with_capacity(received);
        let (mut rejected, mut rejections) = (0, Vec::new());
        for (index, sent) in batch.messages.into_iter().enumerate() {
            let judged = judge(&sent, batch.conventions, now).and_then(|tokens| {
                room = room
                    .checked_sub_unsigned(tokens.total())
                    .filter(|&left| left >= 0)
                    .ok_or(Reason::TotalOutOfRange)?;
                Ok(tokens)
            });
            match judged {
                Ok(tokens) => messages.push(Message {
                    key: MessageKey::of(&sent.id),
                    source: batch.source.clone(),
                    at: sent.at,
                    model: Model { name: sent.model, provider: sent.provider },
                    machine: batch.machine.clone(),
                    tokens,
                }),
                Err(reason) => {
                    rejected += 1;
                    if rejections.len() < LISTED {
                        rejections.push(Rejection { index, id: sent.id, reason });
                    }
                }
            }
        }
        Self { messages: fold_copies(messages), received, rejected, rejections }
    }
}

/// The disjoint token counts of a plausible item.
fn judge(sent: &SentMessage, conventions: Conventions, now: OffsetDateTime) -> Result<TokenCounts, Reason> {
    let input = if conventions.input_includes_cached {
        sent.input.checked_sub(sent.cache_read).ok_or(Reason::CachedExceedsInput)?
    } else {
        sent.input
    };
    let tokens = TokenCounts {
        input,
        output: sent.output,
        cache_read: sent.cache_read,
        cache_write: sent.cache_write,
        cache_write_1h: sent.cache_write_1h,
        reasoning: sent.reasoning,
        reasoning_in_output: conventions.reasoning_included_in_output,
    };
    check(sent.at, &tokens, now)?;
    Ok(tokens)
}

/// Judges a message by the rules that hold for a sync and for an import. Every count that passes is part of the total or
/// bounded by a count that is, so a bounded total bounds each sum of counts.
fn check(at: OffsetDateTime, tokens: &TokenCounts, now: OffsetDateTime) -> Result<(), Reason> {
    if at - now > MOST_AHEAD {
        return Err(Reason::TimestampInFuture);
    }
    if at < EARLIEST {
        return Err(Reason::TimestampTooOld);
    }
    if tokens.cache_write_1h > tokens.cache_write {
        return Err(Reason::HourWritesExceedWrites);
    }
    if tokens.reasoning_in_output && tokens.reasoning > tokens.output {
        return Err(Reason::ReasoningExceedsOutput);
    }
    Ok(())
}

impl Message {
    /// Judges a message at `now` that comes as the ledger keeps it, not as it is sent.
    pub fn check(&self, now: OffsetDateTime) -> Result<(), Reason> {
        check(self.at, &self.tokens, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::sums::MOST_TOKENS;
    use crate::usage::testing::{NOW, batch, sent};

    fn reasons(messages: Vec<SentMessage>, conventions: Conventions) -> Vec<(usize, Reason)> {
        let intake = Intake::of(Batch { conventions, ..batch(messages) }, NOW, MOST_TOKENS);
        assert_eq!(intake.rejected, intake.rejections.len());
        intake.rejections.into_iter().map(|r| (r.index, r.reason)).collect()
    }

    #[test]
    fn a_reason_is_called_what_the_api_calls_it() {
        for (reason, code) in [
            (Reason::TimestampInFuture, "timestamp_in_future"),
            (Reason::TimestampTooOld, "timestamp_too_old"),
            (Reason::CachedExceedsInput, "cached_exceeds_input"),
            (Reason::HourWritesExceedWrites, "cache_write_1h_exceeds_cache_write"),
            (Reason::ReasoningExceedsOutput, "reasoning_exceeds_output"),
            (Reason::TotalOutOfRange, "account_total_out_of_range"),
        ] {
            assert_eq!(reason.code(), code);
        }
    }

    #[test]
    fn implausible_items_are_set_aside_and_the_rest_stays() {
        let at = |id, at| SentMessage { at, ..sent(id) };
        let found = reasons(
            vec![
                at("on time", NOW),
                at("a day ahead", NOW + Duration::DAY),
                at("more than a day ahead", NOW + Duration::DAY + Duration::MICROSECOND),
                at("first instant", EARLIEST),
                at("too old", EARLIEST - Duration::MICROSECOND),
                SentMessage { cache_write: 5, cache_write_1h: 6, ..sent("1 h") },
                SentMessage { input: 1, cache_read: 2, ..sent("disjoint by default") },
            ],
            Conventions::default(),
        );
        let expected =
            [(2, Reason::TimestampInFuture), (4, Reason::TimestampTooOld), (5, Reason::HourWritesExceedWrites)];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_message_of_the_ledger_is_judged_like_a_sent_one() {
        let message = crate::usage::testing::message("m", 1);
        let with = |at, cache_write_1h| Message {
            at,
            tokens: TokenCounts { cache_write_1h, ..message.tokens },
            ..message.clone()
        };
        let with_reasoning = |reasoning| Message {
            tokens: TokenCounts { reasoning, reasoning_in_output: true, ..message.tokens },
            ..message.clone()
        };
        for (message, expected) in [
            (with(NOW, 0), Ok(())),
            (with(NOW + Duration::DAY, 0), Ok(())),
            (with(NOW + Duration::DAY + Duration::MICROSECOND, 0), Err(Reason::TimestampInFuture)),
            (with(EARLIEST - Duration::MICROSECOND, 0), Err(Reason::TimestampTooOld)),
            (with(NOW, 1), Err(Reason::HourWritesExceedWrites)),
            (with_reasoning(1), Ok(())),
            (with_reasoning(2), Err(Reason::ReasoningExceedsOutput)),
        ] {
            assert_eq!(message.check(NOW), expected, "{message:?}");
        }
    }

    #[test]
    fn included_kinds_are_made_disjoint() {
        let conventions = Conventions { input_includes_cached: true, reasoning_included_in_output: true };
        let items = vec![
            SentMessage { input: 100, cache_read: 70, output: 9, reasoning: 4, ..sent("a") },
            SentMessage { input: 1, cache_read: 2, ..sent("b") },
        ];
        let intake = Intake::of(Batch { conventions, ..batch(items) }, NOW, MOST_TOKENS);
        assert_eq!(intake.rejections[0].reason, Reason::CachedExceedsInput);
        let tokens = intake.messages[0].tokens;
        assert_eq!((tokens.input, tokens.cache_read, tokens.total()), (30, 70, 109));
    }

    #[test]
    fn reasoning_beyond_the_output_that_includes_it_is_rejected() {
        let included = Conventions { reasoning_included_in_output: true, ..Conventions::default() };
        let items = || {
            vec![
                SentMessage { output: 5, reasoning: 5, ..sent("all of it") },
                SentMessage { output: 1, reasoning: (1 << 53) - 1, ..sent("more") },
                SentMessage { output: 0, reasoning: 1, ..sent("of nothing") },
            ]
        };
        let excess = Reason::ReasoningExceedsOutput;
        assert_eq!(reasons(items(), included), [(1, excess), (2, excess)]);
        assert_eq!(reasons(items(), Conventions::default()), [], "disjoint counts have no such bound");
    }

    #[test]
    fn what_would_overflow_the_account_is_set_aside() {
        let items = vec![sent("a"), SentMessage { input: 2_000, ..sent("b") }, sent("c")];
        let intake = Intake::of(batch(items), NOW, 40);
        assert_eq!(
            intake.rejections.iter().map(|r| (r.index, r.reason.code())).collect::<Vec<_>>(),
            [(1, "account_total_out_of_range")]
        );
        assert_eq!(intake.messages.len(), 2);
    }

    #[test]
    fn only_the_first_hundred_rejections_are_listed() {
        let old = (0..150).map(|n| SentMessage { at: datetime!(2019-01-01 0:00 UTC), ..sent(&n.to_string()) });
        let intake = Intake::of(batch(old.collect()), NOW, MOST_TOKENS);
        assert_eq!((intake.received, intake.rejected, intake.rejections.len()), (150, 150, 100));
    }
}
