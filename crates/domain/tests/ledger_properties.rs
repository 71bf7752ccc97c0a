//! The same messages end in the same ledger and sums, in any order, repetition and split (I4).

use std::collections::{BTreeMap, BTreeSet};

use domain::days::Zone;
use domain::pricing::PriceBook;
use domain::progression::{EventXp, xp};
use domain::usage::{
    Derived, Handover, LedgerChanges, LedgerEntry, MachineId, MessageKey, Model, ModelName, Pricer, ProjectName,
    Protocol, Provider, Reading, Source, TokenCounts, UsageMessage, fold_copies,
};
use proptest::prelude::*;
use time::macros::datetime;
use time::{Date, Duration};

/// A ledger in memory. Other tests compare PostgreSQL with it.
#[derive(Debug, Clone, PartialEq, Default)]
struct Ledger {
    entries: BTreeMap<MessageKey, LedgerEntry>,
    derived: Derived,
    handovers: Vec<Handover>,
}

impl Ledger {
    fn take(&mut self, mut messages: Vec<UsageMessage>, zone: &Zone) {
        messages.retain(|message| !self.handovers.iter().any(|handover| handover.covers(message)));
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

    fn hand_over(&mut self, handover: Handover, zone: &Zone) {
        let covered = |entry: &LedgerEntry| handover.covers(&entry.message);
        self.entries.values().filter(|entry| covered(entry)).for_each(|entry| self.derived.remove(entry, zone));
        self.entries.retain(|_, entry| !covered(entry));
        self.derived = std::mem::take(&mut self.derived).without_zeros();
        self.handovers.push(handover);
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

/// What a machine sends: a message of an exact reader or of the client before it, or a handover.
#[derive(Debug, Clone)]
enum Sent {
    Message(UsageMessage),
    Handover(Handover),
}

/// As in logs, an id is of one machine and one time. A response can have the same id in both protocols; an exact reader states a version.
fn sent() -> impl Strategy<Value = Sent> {
    (message(), 0..6_i64, 0..4_u8).prop_map(|(mut message, hour, kind)| {
        // Few times, so that copies meet.
        message.at = datetime!(2026-11-01 00:00 UTC) + Duration::hours(hour);
        let (machine, source) = (message.machine.clone(), message.source.clone());
        let reading = match kind {
            0 => return Sent::Handover(Handover { machine, source, from: message.at }),
            1 => Reading {
                parser_version: message.reading.parser_version.max(1),
                protocol: Protocol::V3,
                ..Reading::default()
            },
            _ => Reading::default(),
        };
        let key = MessageKey::of(&format!("{machine} {} {:?}", message.at, message.key));
        Sent::Message(UsageMessage { key, reading, ..message })
    })
}

fn reading() -> impl Strategy<Value = Reading> {
    let protocol = prop::sample::select(vec![Protocol::V2, Protocol::V3]);
    (any::<bool>(), 0..3_u16, protocol).prop_map(|(is_incomplete, parser_version, protocol)| Reading {
        is_incomplete,
        parser_version,
        protocol,
    })
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
    fn ledger_with_handovers_is_same_in_any_order(
        sent in prop::collection::vec(sent(), 0..40).prop_shuffle(),
        others in Just(()).prop_perturb(|(), mut rng| rng.next_u64()),
        zone in zone(),
    ) {
        let of = |sent: &[Sent]| {
            let mut ledger = Ledger::default();
            for sent in sent {
                match sent.clone() {
                    Sent::Message(message) => ledger.take(vec![message], &zone),
                    Sent::Handover(handover) => ledger.hand_over(handover, &zone),
                }
            }
            (ledger.entries, ledger.derived)
        };
        let mut again = sent.clone();
        again.rotate_left(usize::try_from(others % 40).expect("a small number").min(sent.len()));
        again.reverse();
        again.extend(sent.clone());
        prop_assert_eq!(of(&again), of(&sent));
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
