//! Messages for tests.

use std::collections::HashSet;

use time::OffsetDateTime;
use time::macros::datetime;

use super::batch::{SentMessage, SyncBatch, TokenConventions};
use super::message::{LedgerEntry, MessageKey, Model, Protocol, Reading, UsageMessage};
use super::names::{MachineId, ModelName, Source};
use super::ports::SyncLock;
use super::sums::Sums;
use super::tokens::TokenCounts;
use crate::accounts::Account;
use crate::days::Zone;
use crate::progression::EventXp;

/// The time of the tests.
pub const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

/// An empty account in UTC.
pub fn account() -> Account {
    Account {
        zone: Some(Zone::utc()),
        totals: Sums::default(),
        active_days: 0,
        longest_streak: 0,
        event_xp: EventXp::default(),
        achievements: 0,
        referred_by: None,
        is_rebuild_due: false,
    }
}

/// `account` as a sync locks it.
pub fn locked(account: Account) -> SyncLock {
    locked_with(account, Vec::new())
}

/// `account` as a sync locks it, with the `stored` copies of its messages.
pub fn locked_with(account: Account, stored: Vec<LedgerEntry>) -> SyncLock {
    SyncLock { account, machine_fits: true, projects: HashSet::new(), stored, handover_from: None }
}

/// A message with `count` tokens of input and of output, an hour before [`NOW`].
pub fn message(id: &str, count: u64) -> UsageMessage {
    UsageMessage {
        key: MessageKey::of(id),
        source: Source::trusted("claude-code"),
        at: datetime!(2026-11-22 11:00 UTC),
        model: Model { name: ModelName::trusted("claude-sonnet-4-5"), provider: None },
        machine: MachineId::unnamed(),
        tokens: TokenCounts { input: count, output: count, ..TokenCounts::default() },
        reading: Reading::default(),
        project: None,
    }
}

/// A sent message with 10 tokens of input and of output, an hour before [`NOW`].
pub fn sent(id: &str) -> SentMessage {
    SentMessage {
        id: id.into(),
        at: datetime!(2026-11-22 11:00 UTC),
        model: ModelName::trusted("claude-sonnet-4-5"),
        provider: None,
        project: None,
        input: 10,
        output: 10,
        cache_read: 0,
        cache_write: 0,
        cache_write_1h: 0,
        reasoning: 0,
        is_incomplete: false,
    }
}

/// A protocol 2 request with `messages`.
pub fn batch(messages: Vec<SentMessage>) -> SyncBatch {
    SyncBatch {
        machine: MachineId::unnamed(),
        source: Source::trusted("claude-code"),
        zone: None,
        protocol: Protocol::V2,
        conventions: TokenConventions::default(),
        parser_version: 0,
        handover_from: None,
        dry_run: false,
        messages,
        warnings: Vec::new(),
    }
}
