//! The same messages end in the same ledger and sums, in any order, repetition and split (I4).

use std::collections::{BTreeMap, BTreeSet};

use domain::days::Zone;
use domain::pricing::PriceBook;
use domain::progression::{EventXp, xp};
use domain::usage::{
    Derived, LedgerChanges, LedgerEntry, MachineId, MessageKey, Model, ModelName, Pricer, ProjectName, Provider,
    Reading, Source, TokenCounts, UsageMessage, fold_copies,
};
use proptest::prelude::*;
use time::macros::datetime;
use time::{Date, Duration};

/// A ledger in memory. Other tests compare PostgreSQL with it.
#[derive(Debug, Clone, PartialEq, Default)]
struct Ledger {
    entries: BTreeMap<MessageKey, LedgerEntry>,
    derived: Derived,
}

impl Ledger {
    fn take(&mut self, messages: Vec<UsageMessage>, zone: &Zone) {
        let mut pricer = Pricer::new(PriceBook::shipped());
        let incoming: Vec<LedgerEntry> =
            fold_copies(messages).into_iter().map(|message| pricer.price(message)).collect();
        let stored = incoming.iter().filter_map(|entry| self.entries.get(&entry.message.key).cloned()).collect();
        let changes = LedgerChanges::between(stored, incoming);
        changes.derive(&mut self.derived, zone);
        self.derived = std::mem::take(&mut self.derived).without_zeros();
        let winners = changes.new.into_iter().chain(changes.replaced.into_iter().map(|(_, winner)| winner));
        self.entries.extend(winners.map(|entry| (entry.message.key, entry)));
    }

    fn active_days(&self) -> BTreeSet<Date> {
        self.derived.days.iter().filter(|(_, sums)| sums.tokens > 0).map(|(day, _)| *day).collect()
    }

    fn xp(&self) -> u64 {
        let days = u32::try_from(self.active_days().len()).expect("few days");
        xp(self.derived.totals.tokens, days, EventXp::default())
    }
}

/// Few ids and values, so that copies meet, tie and differ in every field.
fn message() -> impl Strategy<Value = UsageMessage> {
    let names = (0..2_usize, 0..2_usize, 0..3_usize, 0..3_usize);
    (0..6_u8, 0..200_i64, names, prop::array::uniform6(0..4_u64), any::<bool>(), reading()).prop_map(
        |(id, hours, (model, provider, machine, project), counts, reasoning_in_output, reading)| {
            let [input, output, cache_read, cache_write, hour_writes, reasoning] = counts;
            UsageMessage {
                key: MessageKey::of(&format!("message {id}")),
                source: Source::trusted("claude-code"),
                at: datetime!(2026-11-01 00:00 UTC) + Duration::hours(hours),
                model: Model {
                    name: ModelName::trusted(["claude-sonnet-4-5", "nobody-knows-me"][model]),
                    provider: [None, Some(Provider::trusted("anthropic"))][provider].clone(),
                },
                machine: MachineId::trusted(["desk", "lap", "rack"][machine]),
                tokens: TokenCounts {
                    input,
                    output,
                    cache_read,
                    cache_write,
                    cache_write_1h: hour_writes.min(cache_write),
                    reasoning,
                    reasoning_in_output,
                },
                reading,
                project: [None, Some("shop"), Some("blog")][project].map(ProjectName::trusted),
            }
        },
    )
}

fn reading() -> impl Strategy<Value = Reading> {
    (any::<bool>(), 0..3_u16).prop_map(|(is_incomplete, parser_version)| Reading { is_incomplete, parser_version })
}

fn zone() -> impl Strategy<Value = Zone> {
    prop::sample::select(vec!["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati"])
        .prop_map(|name| Zone::parse(name).expect("a zone"))
}

proptest! {
    #[test]
    fn ledger_is_same_in_any_order_repetition_and_split(
        messages in prop::collection::vec(message(), 0..40),
        picks in prop::collection::vec((any::<prop::sample::Index>(), 1..6_usize), 0..30),
        order in any::<u64>(),
        zone in zone(),
    ) {
        let mut at_once = Ledger::default();
        at_once.take(messages.clone(), &zone);

        // Everything once in another order, and some of it again, in pieces.
        let mut sent = messages.clone();
        sent.extend(picks.iter().filter(|_| !messages.is_empty()).map(|(pick, _)| pick.get(&messages).clone()));
        let mut state = order | 1;
        for last in (1..sent.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sent.swap(last, usize::try_from(state >> 33).expect("31 bits") % (last + 1));
        }
        let mut piecewise = Ledger::default();
        let mut sizes = picks.iter().map(|(_, size)| *size).cycle();
        while !sent.is_empty() {
            let size = sizes.next().unwrap_or(3).min(sent.len());
            piecewise.take(sent.split_off(sent.len() - size), &zone);
        }
        prop_assert_eq!(&piecewise, &at_once);

        // The incrementally kept data equals the derived data.
        let mut anew = Derived::default();
        at_once.entries.values().for_each(|entry| anew.add(entry, &zone));
        prop_assert_eq!(anew.without_zeros(), at_once.derived);
    }

    #[test]
    fn xp_never_falls_by_messages_with_new_keys(
        messages in prop::collection::vec(message(), 1..20),
        zone in zone(),
    ) {
        let mut ledger = Ledger::default();
        let mut before = 0;
        for (n, message) in messages.into_iter().enumerate() {
            ledger.take(vec![UsageMessage { key: MessageKey::of(&format!("new {n}")), ..message }], &zone);
            prop_assert!(ledger.xp() >= before);
            before = ledger.xp();
        }
    }
}
