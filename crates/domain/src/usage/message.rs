//! A message as the ledger keeps it, and which of two copies of it wins.

use std::borrow::Borrow;
use std::cmp::Reverse;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::names::{MachineId, ModelName, Provider, Source};
use super::quirks;
use super::tokens::TokenCounts;
use crate::pricing::Cost;

/// What stands for a message's id: the first 128 bits of the SHA-256 of the id, quirks undone. Unkeyed, so that every
/// instance builds the same key and an export can be imported elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey(pub [u8; 16]);

impl MessageKey {
    /// The key of the message that its tool calls `id`.
    pub fn of(id: &str) -> Self {
        let digest = Sha256::digest(quirks::stable_id(id).as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Self(key)
    }
}

/// The model that answered, and who served it where the client knows: together they find the price.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Model {
    /// The model's name.
    pub name: ModelName,
    /// Who served it.
    pub provider: Option<Provider>,
}

/// One model response. Its identity is (user, source, key); the machine is only a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Which message this is.
    pub key: MessageKey,
    /// The tool that logged it.
    pub source: Source,
    /// When the model answered.
    pub at: OffsetDateTime,
    /// The model that answered.
    pub model: Model,
    /// The machine this copy came from.
    pub machine: MachineId,
    /// The tokens it used.
    pub tokens: TokenCounts,
}

impl Message {
    /// Whether this copy wins over `other`, another copy of the same message.
    ///
    /// The larger total wins: streamed responses are logged in growing pieces. Every further step only makes the order
    /// total, so that any two different copies have the same winner wherever and whenever they meet.
    pub fn supersedes(&self, other: &Self) -> bool {
        self.precedence() < other.precedence()
    }

    fn precedence(&self) -> impl Ord + '_ {
        let TokenCounts { input, output, cache_read, cache_write, cache_write_1h, reasoning, reasoning_in_output } =
            self.tokens;
        (
            (Reverse(self.tokens.total()), self.at, &self.model.name, &self.machine),
            (input, output, cache_read, cache_write, cache_write_1h, reasoning, reasoning_in_output),
            &self.model.provider,
        )
    }
}

/// A message with its cost, as one row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The message.
    pub message: Message,
    /// What it cost when it was priced.
    pub cost: Cost,
}

/// Leaves one copy of each message: the one that wins. The result is in the order of the keys.
pub fn fold_copies<M: Borrow<Message>>(mut messages: Vec<M>) -> Vec<M> {
    messages.sort_unstable_by(|a, b| {
        let (a, b): (&Message, &Message) = (a.borrow(), b.borrow());
        a.key.cmp(&b.key).then_with(|| a.precedence().cmp(&b.precedence()))
    });
    messages.dedup_by(|later, kept| {
        let (later, kept): (&Message, &Message) = ((*later).borrow(), (*kept).borrow());
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
    fn each_step_of_the_merge_rule_decides_when_those_before_are_equal() {
        let base = message("m", 10);
        let with = |change: &dyn Fn(&mut Message)| {
            let mut copy = base.clone();
            change(&mut copy);
            copy
        };
        let table = [
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
        ];
        for (why, winner, loser) in table {
            assert!(winner.supersedes(&loser), "{why}");
            assert!(!loser.supersedes(&winner), "{why}, the other way round");
        }
        assert!(!base.supersedes(&base), "a copy does not beat itself");
    }

    #[test]
    fn folding_keeps_the_winner_of_each_message_in_key_order() {
        let small = message("a", 1);
        let big = message("a", 2);
        let other = message("b", 1);
        let folded = fold_copies(vec![small.clone(), other.clone(), big.clone(), small]);
        let mut expected = vec![big, other];
        expected.sort_by_key(|m| m.key);
        assert_eq!(folded, expected);
    }

    #[test]
    fn keys_are_the_same_in_every_instance() {
        // printf 'msg_1' | sha256sum
        assert_eq!(
            MessageKey::of("msg_1").0,
            [0x11, 0x6b, 0x88, 0xf1, 0x73, 0x00, 0x7b, 0xe5, 0xe0, 0x5d, 0xf2, 0xa8, 0x71, 0x05, 0xf0, 0x95]
        );
    }
}
