//! A sync without its database: parsing, intake, prices, merging.

use std::collections::HashSet;
use std::hint::black_box;

use adapters_http::usage::sync::parse;
use domain::days::Zone;
use domain::money::Usd;
use domain::pricing::PriceBook;
use domain::usage::room::{AccountRoom, NameUse};
use domain::usage::{
    Derived, Intake, LedgerChanges, LedgerEntry, MOST_TOKENS, ModelName, Pricer, UsageMessage, fold_copies,
};

use crate::Workload;
use crate::messages::{MODELS, NOW, batch, messages, sync_body, tokens};

/// The messages of a large sync.
const LARGE: u32 = 5_000;

/// The look-ups of a model in one run.
const FINDS: u32 = 100;

/// The messages that one sync may have.
const MOST_MESSAGES: usize = 250_000;

pub(crate) fn workloads() -> Vec<Workload> {
    let book = PriceBook::shipped();
    // Many times, because the random seeds of its hash maps move a single look-up by more than 1 %.
    let find = |name, model: &'static str| {
        let run = |model: ModelName| (0..FINDS).filter(|_| book.find(black_box(&model), None).is_some()).count();
        Workload::new(name, FINDS, move || ModelName::trusted(model), run)
    };
    vec![
        Workload::new(
            "price a message of a found model",
            1_000,
            || book.find(&ModelName::trusted(MODELS[0]), None),
            |model| {
                let costs = (0..1_000).map(|number| model.as_ref()?.cost(black_box(&tokens(number)), NOW).amount());
                costs.flatten().sum::<Usd>()
            },
        ),
        find("find a model by its exact name", MODELS[0]),
        find("find a model by a client's name for it", "claude-4.5-opus-high-thinking"),
        find("search for an unknown model", "not-a-model"),
        Workload::new(
            "price a message of a model that its batch has already",
            1_000,
            || messages(1_000, 0),
            |messages| {
                let mut pricer = Pricer::new(book);
                messages.into_iter().map(|message| pricer.price(message)).collect::<Vec<_>>()
            },
        ),
        Workload::new("parse a sync body of 10 messages", 1, || sync_body(10), |body| parse(&body, MOST_MESSAGES)),
        Workload::new(
            "parse a sync body of 5,000 messages",
            1,
            || sync_body(LARGE),
            |body| parse(&body, MOST_MESSAGES),
        ),
        Workload::new(
            "take in and admit 5,000 messages",
            1,
            || batch(LARGE),
            |batch| {
                let names = NameUse { sources: 1, models: MODELS.len(), ..NameUse::default() };
                let room = AccountRoom { tokens: MOST_TOKENS, names, machine_fits: true, projects: HashSet::new() };
                Intake::new(batch, NOW).admit(&room, None).messages.len()
            },
        ),
        Workload::new(
            "fold two copies each of 5,000 messages",
            1,
            || [messages(LARGE, 0), messages(LARGE, 1)].concat(),
            fold_copies,
        ),
        Workload::new(
            "merge 5,000 messages, half of them known or grown, into roll-ups",
            1,
            merge_input,
            |(stored, incoming, zone)| {
                let mut delta = Derived::default();
                LedgerChanges::between(stored, incoming).derive(&mut delta, &zone);
                delta.without_zeros()
            },
        ),
    ]
}

/// A quarter of the incoming messages is stored as it is, a quarter as a smaller copy.
fn merge_input() -> (Vec<LedgerEntry>, Vec<LedgerEntry>, Zone) {
    let mut pricer = Pricer::new(PriceBook::shipped());
    let mut entries = |messages: Vec<UsageMessage>| messages.into_iter().map(|message| pricer.price(message)).collect();
    let mut stored: Vec<LedgerEntry> = entries(messages(LARGE / 2, 1));
    stored.splice(..LARGE as usize / 4, entries(messages(LARGE / 4, 0)));
    (stored, entries(messages(LARGE, 1)), Zone::parse("Europe/Berlin").unwrap_or_else(Zone::utc))
}
