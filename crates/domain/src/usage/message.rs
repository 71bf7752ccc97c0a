//! A message in the ledger, and the rule that decides between two copies.

use std::borrow::Borrow;
use std::cmp::Reverse;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::names::{MachineId, ModelName, ProjectName, Provider, Source};
use super::quirks;
use super::tokens::TokenCounts;
use crate::pricing::Cost;

/// The first 128 bits of the SHA-256 of a message's id, with quirks corrected. It has no secret key, so all instances compute
/// the same key and an export can be imported elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey(pub [u8; 16]);

impl MessageKey {
    /// The key of the message with the tool's id `id`.
    pub fn of(id: &str) -> Self {
        let digest = Sha256::digest(quirks::stable_id(id).as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Self(key)
    }
}

/// A model and its provider, if known. Together they determine the price.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Model {
    pub name: ModelName,
    pub provider: Option<Provider>,
}

/// The protocol of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Protocol {
    /// The client states nothing about its reading; its ids can be those of log lines, of which a response has several.
    #[default]
    V2,
    /// The client states how it read each message.
    V3,
}

impl Protocol {
    /// The number by which clients and exports name it.
    pub const fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }

    /// The protocol `number`, if it is known.
    pub fn numbered(number: u8) -> Option<Self> {
        [Self::V2, Self::V3].into_iter().find(|protocol| protocol.number() == number)
    }
}

/// How a client read a copy of a message. The default is that of protocol 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Reading {
    /// The client knows that the counts are below the truth, as of a response that never ended.
    pub is_incomplete: bool,
    /// The version of the client's parser, at most [`Self::LATEST_PARSER`]; 0 for protocol 2.
    pub parser_version: u16,
    pub protocol: Protocol,
}

impl Reading {
    /// The largest version of a parser.
    pub const LATEST_PARSER: u16 = 30_000;
}

/// A response of a model. Its identity is (user, source, key); the machine is only a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageMessage {
    pub key: MessageKey,
    /// The tool that logged it.
    pub source: Source,
    /// When the model answered.
    pub at: OffsetDateTime,
    pub model: Model,
    /// The machine that sent this copy.
    pub machine: MachineId,
    pub tokens: TokenCounts,
    pub reading: Reading,
    /// The project that the response was for. Only the owner sees it.
    pub project: Option<ProjectName>,
}

impl UsageMessage {
    /// Whether this copy supersedes `other`, another copy of the same message.
    ///
    /// A complete copy wins over an incomplete one. Then the newer parser wins, so that a corrected one lowers a total, and then the
    /// larger total, because streamed responses are logged in growing pieces. The further steps only make the order total, so that
    /// two different copies have the same winner in every order of arrival (I4). A copy with a project wins over an otherwise equal
    /// one without, so that a client that starts to send projects adds them to its history.
    pub fn supersedes(&self, other: &Self) -> bool {
        self.precedence() < other.precedence()
    }

    fn precedence(&self) -> impl Ord + '_ {
        let TokenCounts { input, output, cache_read, cache_write, cache_write_1h, reasoning, reasoning_in_output } =
            self.tokens;
        let Reading { is_incomplete, parser_version, protocol } = self.reading;
        (
            (is_incomplete, Reverse(parser_version)),
            (Reverse(self.tokens.total()), self.at, &self.model.name, &self.machine),
            (input, output, cache_read, cache_write, cache_write_1h, reasoning, reasoning_in_output),
            &self.model.provider,
            (self.project.is_none(), &self.project),
            Reverse(protocol),
        )
    }
}

/// A message with its cost: a row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    pub message: UsageMessage,
    /// The cost at the time of pricing.
    pub cost: Cost,
}

/// Keeps the superseding copy of each message of one source. The result is in the order of keys.
pub fn fold_copies<M: Borrow<UsageMessage>>(mut messages: Vec<M>) -> Vec<M> {
    messages.sort_unstable_by(|a, b| {
        let (a, b): (&UsageMessage, &UsageMessage) = (a.borrow(), b.borrow());
        a.key.cmp(&b.key).then_with(|| a.precedence().cmp(&b.precedence()))
    });
    messages.dedup_by(|later, kept| {
        let (later, kept): (&UsageMessage, &UsageMessage) = ((*later).borrow(), (*kept).borrow());
        later.key == kept.key
    });
    messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::testing::{NOW, message};
    use time::Duration;

    #[test]
    fn supersedes_each_step_decides_when_earlier_are_equal() {
        let base = message("m", 10);
        let with = |change: &dyn Fn(&mut UsageMessage)| {
            let mut copy = base.clone();
            change(&mut copy);
            copy
        };
        let read = |is_incomplete, parser_version| Reading { is_incomplete, parser_version, ..Reading::default() };
        let table = [
            (
                "complete, though of an older parser",
                base.clone(),
                with(&|m| (m.tokens.output, m.reading) = (99, read(true, 7))),
            ),
            (
                "incomplete, but of a newer parser",
                with(&|m| m.reading = read(true, 2)),
                with(&|m| m.reading = read(true, 1)),
            ),
            (
                "a newer parser, though smaller",
                with(&|m| (m.tokens.output, m.reading) = (1, read(false, 2))),
                with(&|m| m.reading = read(false, 1)),
            ),
            ("a parser of protocol 3", with(&|m| (m.tokens.output, m.reading) = (1, read(false, 1))), base.clone()),
            ("a larger total", with(&|m| m.tokens.output += 1), base.clone()),
            ("a larger total, though later", with(&|m| (m.tokens.output, m.at) = (99, NOW)), base.clone()),
            ("earlier", base.clone(), with(&|m| m.at += Duration::MICROSECOND)),
            ("a smaller model", base.clone(), with(&|m| m.model.name = ModelName::trusted("zz"))),
            ("a smaller machine", base.clone(), with(&|m| m.machine = MachineId::trusted("zz"))),
            ("less input", with(&|m| (m.tokens.input, m.tokens.output) = (9, 11)), base.clone()),
            ("less output", with(&|m| (m.tokens.output, m.tokens.cache_read) = (9, 1)), base.clone()),
            (
                "less cache read",
                with(&|m| (m.tokens.output, m.tokens.cache_read, m.tokens.cache_write) = (8, 0, 2)),
                with(&|m| (m.tokens.output, m.tokens.cache_read, m.tokens.cache_write) = (8, 1, 1)),
            ),
            (
                "less cache write",
                with(&|m| (m.tokens.output, m.tokens.cache_write, m.tokens.reasoning) = (8, 0, 2)),
                with(&|m| (m.tokens.output, m.tokens.cache_write, m.tokens.reasoning) = (8, 1, 1)),
            ),
            ("fewer 1 h writes", base.clone(), with(&|m| m.tokens.cache_write_1h = 1)),
            (
                "less reasoning",
                with(&|m| m.tokens.reasoning_in_output = true),
                with(&|m| (m.tokens.reasoning_in_output, m.tokens.reasoning) = (true, 1)),
            ),
            ("reasoning not in output", base.clone(), with(&|m| m.tokens.reasoning_in_output = true)),
            ("no provider", base.clone(), with(&|m| m.model.provider = Some(Provider::trusted("x")))),
            ("protocol 3", with(&|m| m.reading.protocol = Protocol::V3), base.clone()),
            ("a project", with(&|m| m.project = Some(ProjectName::trusted("x"))), base.clone()),
            (
                "a smaller project",
                with(&|m| m.project = Some(ProjectName::trusted("B"))),
                with(&|m| m.project = Some(ProjectName::trusted("a"))),
            ),
            (
                "no provider, though without a project",
                base.clone(),
                with(&|m| {
                    m.model.provider = Some(Provider::trusted("x"));
                    m.project = Some(ProjectName::trusted("x"));
                }),
            ),
        ];
        for (why, winner, loser) in table {
            assert!(winner.supersedes(&loser), "{why}");
            assert!(!loser.supersedes(&winner), "{why}, the other way round");
        }
        assert!(!base.supersedes(&base), "a copy does not beat itself");
    }

    #[test]
    fn fold_copies_keeps_one_copy_in_key_order() {
        let small = message("a", 1);
        let big = message("a", 2);
        let other = message("b", 1);
        let folded = fold_copies(vec![small.clone(), other.clone(), big.clone(), small]);
        let mut expected = vec![big, other];
        expected.sort_by_key(|m| m.key);
        assert_eq!(folded, expected);
    }

    #[test]
    fn message_key_is_same_on_every_instance() {
        // printf 'msg_1' | sha256sum
        assert_eq!(
            MessageKey::of("msg_1").0,
            [0x11, 0x6b, 0x88, 0xf1, 0x73, 0x00, 0x7b, 0xe5, 0xe0, 0x5d, 0xf2, 0xa8, 0x71, 0x05, 0xf0, 0x95]
        );
    }
}
