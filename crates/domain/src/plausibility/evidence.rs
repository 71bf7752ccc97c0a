//! Evidence of implausible usage, its score and its text. Scores go from 1 (a remark) to 100 (impossible).

use time::Date;

use crate::ids::UserId;
use crate::text::{grouped, plural};

/// The conversations that one user keeps busy at once, autonomous agents included.
const CONCURRENT_CONVERSATIONS: i64 = 40;

/// The tokens that a model writes per second in one conversation. Models for coding write 50 to 200.
const TOKENS_PER_SECOND: i64 = 250;

/// The size of a large context.
const CONTEXT: i64 = 1_000_000;

/// The responses per hour of a conversation with such a context: one every 15 seconds.
const RESPONSES_PER_HOUR: i64 = 240;

/// The limits from which evidence is searched; below them, the score is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Tokens written on a local day by [`CONCURRENT_CONVERSATIONS`] conversations without a pause.
    pub written_a_day: i64,
    /// Tokens of all kinds in a local hour, of as many conversations with a full context. Doubled, because the local hour in
    /// which clocks are set back lasts two hours.
    pub used_an_hour: i64,
    /// Tokens of all kinds on a local day from which the day is remarked.
    pub used_a_day: i64,
    /// Tokens of models that have no price and no other users.
    pub unknown_models: i64,
    /// Messages of an account; with fewer, a share is not meaningful.
    pub messages: i64,
    /// Days on which two accounts have equal sums.
    pub days: i64,
    /// Fewer tokens on a day can be equal by chance.
    pub day_tokens: i64,
    /// The share in common with another account, in percent.
    pub share: i64,
    /// The local days over which two accounts are compared.
    pub days_back: u16,
}

impl Limits {
    pub const ALL: Self = Self {
        written_a_day: CONCURRENT_CONVERSATIONS * TOKENS_PER_SECOND * 86_400,
        used_an_hour: 2 * CONCURRENT_CONVERSATIONS * RESPONSES_PER_HOUR * CONTEXT,
        used_a_day: 10_000_000_000,
        unknown_models: 1_000_000_000,
        messages: 100,
        days: 5,
        day_tokens: 10_000,
        share: 50,
        days_back: 90,
    };
}

/// Evidence about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// More tokens were written on a day than models write.
    Written {
        day: Date,
        /// Output tokens, or reasoning tokens if those are more.
        tokens: i64,
    },
    /// More tokens were used in an hour than conversations can use.
    UsedInAnHour {
        day: Date,
        hour: u8,
        /// Tokens of all kinds.
        tokens: i64,
    },
    /// A large day. Some users have such days, so it is only remarked.
    UsedInADay {
        day: Date,
        /// Tokens of all kinds.
        tokens: i64,
    },
    /// Models without a price and without other users.
    UnknownModels {
        /// The number of models.
        models: u32,
        /// The one with the most tokens.
        name: String,
        /// Tokens of all of them.
        tokens: i64,
    },
    /// Messages that another account has too: with the same key, tool and instant.
    SharedMessages(Shared),
    /// Days whose sums equal those of another account.
    SameDays(Shared),
}

/// What an account has in common with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The common messages or days.
    pub shared: i64,
    /// All messages or days of this account.
    pub of: i64,
    pub other: UserId,
    /// Whether the other account is younger, and so more likely the copy.
    pub was_first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// [`Evidence::Written`].
    OutputRate,
    /// [`Evidence::UsedInAnHour`].
    HourlyRate,
    /// [`Evidence::UsedInADay`].
    DailyVolume,
    /// [`Evidence::UnknownModels`].
    UnknownModels,
    /// [`Evidence::SharedMessages`].
    SharedMessages,
    /// [`Evidence::SameDays`].
    SameDays,
}

impl EvidenceKind {
    pub const ALL: [Self; 6] = [
        Self::OutputRate,
        Self::HourlyRate,
        Self::DailyVolume,
        Self::UnknownModels,
        Self::SharedMessages,
        Self::SameDays,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::OutputRate => "output_rate",
            Self::HourlyRate => "hourly_rate",
            Self::DailyVolume => "daily_volume",
            Self::UnknownModels => "unknown_models",
            Self::SharedMessages => "shared_messages",
            Self::SameDays => "same_days",
        }
    }

    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The stored form of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub user: UserId,
    pub kind: EvidenceKind,
    /// From 1 to 100.
    pub score: u8,
    /// The text for the account's owner; it does not identify the other account.
    pub message: String,
    /// The other account concerned, for administrators.
    pub other: Option<UserId>,
}

impl Evidence {
    /// The finding about `user`; `None` within the limits.
    pub fn judge(&self, user: UserId) -> Option<Finding> {
        let score = self.score();
        (score > 0).then(|| Finding { user, kind: self.kind(), score, message: self.message(), other: self.other() })
    }

    fn kind(&self) -> EvidenceKind {
        match self {
            Self::Written { .. } => EvidenceKind::OutputRate,
            Self::UsedInAnHour { .. } => EvidenceKind::HourlyRate,
            Self::UsedInADay { .. } => EvidenceKind::DailyVolume,
            Self::UnknownModels { .. } => EvidenceKind::UnknownModels,
            Self::SharedMessages(_) => EvidenceKind::SharedMessages,
            Self::SameDays(_) => EvidenceKind::SameDays,
        }
    }

    fn other(&self) -> Option<UserId> {
        match self {
            Self::SharedMessages(shared) | Self::SameDays(shared) => Some(shared.other),
            _ => None,
        }
    }

    /// 0 within the limits.
    fn score(&self) -> u8 {
        let limits = Limits::ALL;
        match self {
            Self::Written { tokens, .. } => growing(*tokens, limits.written_a_day, 40, 60, 100),
            Self::UsedInAnHour { tokens, .. } => growing(*tokens, limits.used_an_hour, 40, 60, 100),
            Self::UsedInADay { tokens, .. } => growing(*tokens, limits.used_a_day, 10, 10, 30),
            // A company's own model, or a local one, has no price and no other users either.
            Self::UnknownModels { tokens, .. } => growing(*tokens, limits.unknown_models, 20, 20, 90),
            Self::SharedMessages(shared) if shared.of >= limits.messages => shared.score(100),
            // Weaker: two users who share an account of a tool can agree on many days.
            Self::SameDays(shared) if shared.shared >= limits.days => shared.score(80),
            Self::SharedMessages(_) | Self::SameDays(_) => 0,
        }
    }

    fn message(&self) -> String {
        let limits = Limits::ALL;
        match self {
            Self::Written { day, tokens } => format!(
                "{} were written on {day}. {CONCURRENT_CONVERSATIONS} conversations at once, at {TOKENS_PER_SECOND} tokens a second all day, come \
                 to {}.",
                some(*tokens),
                grouped(limits.written_a_day)
            ),
            Self::UsedInAnHour { day, hour, tokens } => format!(
                "{} were used on {day} between {hour}:00 and {}:00. {CONCURRENT_CONVERSATIONS} conversations at once with {} tokens of context, \
                 answering every 15 seconds, come to half of {}.",
                some(*tokens),
                u16::from(*hour) + 1,
                grouped(CONTEXT),
                grouped(limits.used_an_hour)
            ),
            Self::UsedInADay { day, tokens } => format!(
                "{} were used on {day}. People with many agents do reach that, mostly by reading caches, so this is a remark \
                 and no more.",
                some(*tokens)
            ),
            Self::UnknownModels { models, name, tokens } => {
                let origin = match models {
                    1 => format!("{name}, a model that has no known price and that no other account uses"),
                    _ => format!(
                        "{} that have no known price and that no other account uses, mostly {name}",
                        plural((*models).into(), "model")
                    ),
                };
                format!("{} come from {origin}. A private model is a good reason for that.", some(*tokens))
            }
            Self::SharedMessages(shared) => format!(
                "{} of {} are also in another account.",
                grouped(shared.shared),
                plural(shared.of.unsigned_abs(), "message")
            ),
            Self::SameDays(shared) => format!(
                "{} of {} came to the same as another account's, to the token.",
                grouped(shared.shared),
                plural(shared.of.unsigned_abs(), "day")
            ),
        }
    }
}

impl Shared {
    /// `most` if everything is in common, in proportion from [`Limits::share`] on, and half of that for the account that was
    /// first.
    fn score(&self, most: i64) -> u8 {
        let percent = if self.of > 0 { self.shared.min(self.of).saturating_mul(100) / self.of } else { 0 };
        if percent < Limits::ALL.share {
            return 0;
        }
        let score = percent * most / 100;
        u8::try_from(if self.was_first { score / 2 } else { score }).unwrap_or(100)
    }
}

fn some(tokens: i64) -> String {
    plural(tokens.unsigned_abs(), "token")
}

/// 0 up to `limit`, `first` above it, `step` more with each power of ten, up to `most`.
fn growing(tokens: i64, limit: i64, first: u8, step: u8, most: u8) -> u8 {
    if tokens <= limit {
        return 0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a score, not a count")]
    let powers = (tokens as f64 / limit as f64).log10();
    let score = f64::from(first) + f64::from(step) * powers;
    (first..=most).rev().find(|whole| f64::from(*whole) <= score).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use time::macros::date;
    use uuid::Uuid;

    use super::*;

    const DAY: Date = date!(2026 - 11 - 22);
    const ADA: UserId = UserId(Uuid::from_u128(1));
    const BOB: UserId = UserId(Uuid::from_u128(2));

    fn score(evidence: &Evidence) -> u8 {
        evidence.judge(ADA).map_or(0, |finding| finding.score)
    }

    #[test]
    fn evidence_more_than_models_write_is_scored() {
        assert_eq!(Limits::ALL.written_a_day, 864_000_000);
        for (tokens, expected) in
            [(864_000_000, 0), (864_000_001, 40), (1_728_000_000, 58), (8_640_000_000, 100), (i64::MAX, 100)]
        {
            assert_eq!(score(&Evidence::Written { day: DAY, tokens }), expected, "{tokens}");
        }
    }

    #[test]
    fn evidence_more_than_conversations_use_is_scored() {
        for (tokens, expected) in [(0, 0), (19_200_000_000, 0), (19_200_000_001, 40), (192_000_000_000, 100)] {
            assert_eq!(score(&Evidence::UsedInAnHour { day: DAY, hour: 23, tokens }), expected, "{tokens}");
        }
    }

    #[test]
    fn evidence_heavy_usage_is_only_remarked() {
        // 20 billion tokens, nearly all read from caches, within ten hours.
        let written = Evidence::Written { day: DAY, tokens: 100_000_000 };
        let hour = Evidence::UsedInAnHour { day: DAY, hour: 15, tokens: 2_000_000_000 };
        assert_eq!((score(&written), score(&hour)), (0, 0));
        for (tokens, expected) in
            [(10_000_000_000, 0), (10_000_000_001, 10), (20_000_000_000, 13), (100_000_000_000, 20), (i64::MAX, 30)]
        {
            assert_eq!(score(&Evidence::UsedInADay { day: DAY, tokens }), expected, "{tokens}");
        }
        let judged = Evidence::UsedInADay { day: DAY, tokens: 20_000_000_000 }.judge(ADA).expect("a remark");
        assert_eq!(
            judged.message,
            "20,000,000,000 tokens were used on 2026-11-22. People with many agents do reach that, mostly by reading caches, \
             so this is a remark and no more."
        );
    }

    #[test]
    fn evidence_private_models_are_scored_from_huge_volumes() {
        let of = |tokens| score(&Evidence::UnknownModels { models: 1, name: "x".into(), tokens });
        for (tokens, expected) in [
            (999_999_999, 0),
            (1_000_000_000, 0),
            (1_000_000_001, 20),
            (10_000_000_000, 40),
            (1_000_000_000_000, 80),
            (i64::MAX, 90),
        ] {
            assert_eq!(of(tokens), expected, "{tokens}");
        }
    }

    #[test]
    fn evidence_common_messages_are_scored_from_half() {
        let of = |shared, of, was_first| score(&Evidence::SharedMessages(Shared { shared, of, other: BOB, was_first }));
        for (shared, whole, was_first, expected) in [
            (99, 99, false, 0),
            (49, 100, false, 0),
            (50, 100, false, 50),
            (100, 100, false, 100),
            (100, 100, true, 50),
            (50, 100, true, 25),
            (499, 1_000, false, 0),
            (0, 0, false, 0),
        ] {
            assert_eq!(of(shared, whole, was_first), expected, "{shared} of {whole}");
        }
    }

    #[test]
    fn evidence_common_days_are_scored_from_five() {
        let of = |shared, of, was_first| score(&Evidence::SameDays(Shared { shared, of, other: BOB, was_first }));
        for (shared, whole, was_first, expected) in [
            (4, 4, false, 0),
            (5, 5, false, 80),
            (5, 10, false, 40),
            (5, 11, false, 0),
            (5, 5, true, 40),
            (30, 40, false, 60),
        ] {
            assert_eq!(of(shared, whole, was_first), expected, "{shared} of {whole}");
        }
    }

    #[test]
    fn evidence_message_does_not_identify_other_account() {
        let shared = Shared { shared: 1_200, of: 1_500, other: BOB, was_first: false };
        for (evidence, kind, message, other) in [
            (
                Evidence::Written { day: DAY, tokens: 2_000_000_000 },
                "output_rate",
                "2,000,000,000 tokens were written on 2026-11-22. 40 conversations at once, at 250 tokens a second all day, \
                 come to 864,000,000.",
                None,
            ),
            (
                Evidence::UsedInAnHour { day: DAY, hour: 23, tokens: 20_000_000_000 },
                "hourly_rate",
                "20,000,000,000 tokens were used on 2026-11-22 between 23:00 and 24:00. 40 conversations at once with 1,000,000 \
                 tokens of context, answering every 15 seconds, come to half of 19,200,000,000.",
                None,
            ),
            (
                Evidence::UnknownModels { models: 2, name: "gpt-99".into(), tokens: 2_000_000_000 },
                "unknown_models",
                "2,000,000,000 tokens come from 2 models that have no known price and that no other account uses, mostly gpt-99. A \
                 private model is a good reason for that.",
                None,
            ),
            (
                Evidence::UnknownModels { models: 1, name: "our-own".into(), tokens: 2_000_000_000 },
                "unknown_models",
                "2,000,000,000 tokens come from our-own, a model that has no known price and that no other account uses. A private model \
                 is a good reason for that.",
                None,
            ),
            (
                Evidence::SharedMessages(shared.clone()),
                "shared_messages",
                "1,200 of 1,500 messages are also in another account.",
                Some(BOB),
            ),
            (
                Evidence::SameDays(Shared { shared: 6, of: 7, ..shared }),
                "same_days",
                "6 of 7 days came to the same as another account's, to the token.",
                Some(BOB),
            ),
        ] {
            let finding = evidence.judge(ADA).expect("a finding");
            assert_eq!((finding.kind.name(), finding.message.as_str(), finding.other), (kind, message, other));
            assert_eq!((finding.user, EvidenceKind::of(kind)), (ADA, Some(finding.kind)));
        }
        assert_eq!(EvidenceKind::of("taste"), None);
    }
}
