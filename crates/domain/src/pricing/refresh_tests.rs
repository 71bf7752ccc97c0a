use std::sync::{Mutex, MutexGuard};

use super::super::current::Edition;
use super::super::line;
use super::super::ports::MockPriceSource;
use super::*;
use crate::testing::TestUnitOfWork;
use crate::usage::testing::NOW;
use time::Duration;
use uuid::Uuid;

const TABLE_AT: &str = "https://prices.example.org/table.json";

fn entry(model: &str, provider: &str, input: &str) -> TableEntry {
    let field = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
    TableEntry {
        model: model.to_owned(),
        provider: Some(provider.to_owned()),
        mode: Some("chat".to_owned()),
        prices: vec![field("input_cost_per_token", input), field("output_cost_per_token", "1e-6")],
        ..TableEntry::default()
    }
}

fn rows(text: &str) -> Vec<PriceRow> {
    line::rows(text).collect::<Result<_, _>>().expect("good lines")
}

fn share(share: f64) -> MaxChangedShare {
    MaxChangedShare::parse(share).expect("a share")
}

#[test]
fn outcome_round_trips_by_name_and_reason() {
    let why = || "too few models".to_owned();
    for (outcome, name, reason) in [
        (PriceUpdateOutcome::Applied, "applied", None),
        (PriceUpdateOutcome::Unchanged, "unchanged", None),
        (PriceUpdateOutcome::Refused(why()), "refused", Some("too few models")),
        (PriceUpdateOutcome::Failed(why()), "failed", Some("too few models")),
    ] {
        assert_eq!((outcome.name(), outcome.reason()), (name, reason));
        assert_eq!(PriceUpdateOutcome::named(name, why()), Some(outcome));
    }
    assert_eq!(PriceUpdateOutcome::named("lost", why()), None);
}

#[test]
fn price_update_displays_one_line() {
    let update = |outcome, listed| PriceUpdate {
        id: Uuid::nil(),
        at: NOW,
        source: TABLE_AT.to_owned(),
        etag: None,
        outcome,
        listed,
        added: 2,
        changed: 1,
        refused: 3,
        refusals: Vec::new(),
    };
    for (outcome, listed, line) in [
        (PriceUpdateOutcome::Applied, 9, "2 new models, 1 new prices: 9 models listed, 3 entries refused"),
        (PriceUpdateOutcome::Unchanged, 9, "prices unchanged: 9 models listed, 3 entries refused"),
        (PriceUpdateOutcome::Unchanged, 0, "prices unchanged: the table has not changed"),
        (PriceUpdateOutcome::Refused("it shrank".to_owned()), 9, "prices unchanged, the table was refused: it shrank"),
        (PriceUpdateOutcome::Failed("away".to_owned()), 0, "prices unchanged: away"),
    ] {
        assert_eq!(update(outcome, listed).to_string(), line);
    }
}

#[test]
fn news_has_row_for_new_model_or_price() {
    let known = KnownPrices::of(rows(
        "same x 2026-01-01 in=1 out=1\n\
         dearer x 2026-01-01 in=1 out=1\n\
         back x 2026-01-01 in=2 out=1\nback x 2026-02-01 in=1 out=1\n\
         gone x 2026-01-01 in=1 out=1\n\
         later x 2027-01-01 in=1 out=1\n\
         announced x 2026-01-01 in=1 out=1\nannounced x 2027-01-01 in=9 out=1\n\
         elsewhere y 2026-01-01 in=1 out=1\n",
    ));
    let table = PriceTable::read(vec![
        entry("same", "x", "1e-6"),
        entry("dearer", "x", "2e-6"),
        entry("back", "x", "2e-6"),
        entry("later", "x", "1e-6"),
        entry("announced", "x", "1e-6"),
        entry("elsewhere", "x", "1e-6"),
    ]);
    let news = PriceChanges::of(&known, &table, NOW);
    let opened: Vec<_> = news.rows.iter().map(|row| (row.model.as_str(), row.prices.to_string())).collect();
    let expected = [("back", "in=2 out=1"), ("dearer", "in=2 out=1"), ("elsewhere", "in=1 out=1")];
    assert_eq!(opened, expected.map(|(model, prices)| (model, prices.to_owned())));
    assert!(news.rows.iter().all(|row| row.valid_from == NOW));
    assert_eq!((news.listed, news.added, news.changed), (6, 1, 2));
}

#[test]
fn news_implausible_table_is_refused() {
    let news = |listed, added, changed| PriceChanges { rows: Vec::new(), listed, added, changed };
    let table = [
        ("empty", news(0, 0, 0), 0, 1.0, true),
        ("half as long", news(50, 0, 0), 100, 0.2, false),
        ("less than half as long", news(49, 0, 0), 100, 0.2, true),
        ("all of it new", news(10, 10, 0), 0, 0.2, false),
        ("a fifth changes", news(110, 10, 20), 100, 0.2, false),
        ("more than a fifth", news(110, 10, 21), 100, 0.2, true),
        ("new models dilute nothing", news(1_000, 900, 21), 100, 0.2, true),
        ("no change is let through", news(100, 0, 1), 100, 0.0, true),
        ("any change is let through", news(100, 0, 100), 100, 1.0, false),
    ];
    for (case, news, last, most, is_refused) in table {
        assert_eq!(news.objection(last, share(most)).is_some(), is_refused, "{case}");
    }
}

#[test]
fn max_changed_share_is_0_to_1() {
    for (number, is_one) in [(0.0, true), (1.0, true), (-0.1, false), (1.1, false), (f64::NAN, false)] {
        assert_eq!(MaxChangedShare::parse(number).is_some(), is_one, "{number}");
    }
}

/// The stored prices.
#[derive(Default)]
struct Stored {
    origin: TableOrigin,
    rows: Vec<PriceRow>,
    edition: i64,
    updates: Vec<PriceUpdate>,
}

type Shared = Arc<Mutex<Stored>>;

fn locked(stored: &Shared) -> MutexGuard<'_, Stored> {
    stored.lock().expect("no panic")
}

/// A refresh on `stored` at `now`, whose source returns `fetched` unless `known` matches.
fn refresh(
    stored: &Shared,
    now: OffsetDateTime,
    known: Option<&'static str>,
    fetched: Result<FetchOutcome, SourceError>,
) -> PriceRefresh {
    let shared = Arc::clone(stored);
    let store = TestUnitOfWork::store(move || {
        let mut tx = TestUnitOfWork::default();
        let kept = Arc::clone(&shared);
        tx.prices.expect_lock().returning(move || Ok(locked(&kept).origin.clone()));
        let kept = Arc::clone(&shared);
        tx.prices.expect_live_rows().returning(move || Ok(locked(&kept).rows.clone()));
        let kept = Arc::clone(&shared);
        tx.prices.expect_insert_live().returning(move |rows, _| {
            locked(&kept).rows.extend_from_slice(rows);
            Ok(())
        });
        let kept = Arc::clone(&shared);
        tx.prices.expect_set_origin().returning(move |origin| {
            locked(&kept).origin = origin.clone();
            Ok(())
        });
        let kept = Arc::clone(&shared);
        tx.prices.expect_next_edition().returning(move || {
            locked(&kept).edition += 1;
            Ok(Edition(locked(&kept).edition))
        });
        let kept = Arc::clone(&shared);
        tx.prices.expect_insert_update().returning(move |update| {
            locked(&kept).updates.push(update.clone());
            Ok(())
        });
        tx
    });
    let mut source = MockPriceSource::new();
    source.expect_address().return_const(TABLE_AT.to_owned());
    source.expect_fetch().withf(move |sent_etag| sent_etag.as_deref() == known).returning(move |_| fetched.clone());
    PriceRefresh::new(store.deps_at(now), Arc::new(source), share(0.2))
}

fn run(refresh: &PriceRefresh) -> PriceUpdate {
    pollster::block_on(refresh.run()).expect("an update")
}

/// The shipped table in its published form, with one more model.
fn published(price: &str) -> Vec<TableEntry> {
    let known = KnownPrices::of(PriceBook::shipped_rows());
    let mut entries = vec![entry("brand-new-1", "somebody", price), entry("nonsense", "somebody", "-1")];
    for (model, provider) in known.0.keys() {
        let prices = known.at(model, provider, NOW).expect("it is known");
        if !prices.tiers().is_empty() || prices.off_peak().is_some() {
            continue;
        }
        let rates = prices.base();
        let each = [
            ("input_cost_per_token", Some(rates.input)),
            ("output_cost_per_token", Some(rates.output)),
            ("cache_read_input_token_cost", rates.cache_read),
            ("cache_creation_input_token_cost", rates.cache_write),
            ("cache_creation_input_token_cost_above_1hr", rates.cache_write_1h),
            ("output_cost_per_reasoning_token", rates.reasoning),
        ];
        let stated = each.into_iter().filter_map(|(name, price)| Some((name, price?)));
        entries.push(TableEntry {
            prices: stated.map(|(name, price)| (name.to_owned(), Some(format!("{}e-15", price.femto())))).collect(),
            ..entry(model.as_str(), provider.as_str(), "0")
        });
    }
    entries
}

fn table(etag: &str, price: &str) -> FetchOutcome {
    FetchOutcome::Table { etag: Some(etag.to_owned()), entries: published(price) }
}

#[test]
fn refresh_new_table_adds_rows_once_and_keeps_etag() {
    let stored = Shared::default();
    let first = run(&refresh(&stored, NOW, None, Ok(table("\"1\"", "3e-6"))));
    assert_eq!((&first.outcome, first.added, first.changed, first.refused), (&PriceUpdateOutcome::Applied, 1, 0, 1));
    assert_eq!(first.refusals, ["nonsense: a price is not a number from zero on"]);

    let again = run(&refresh(&stored, NOW + Duration::DAY, Some("\"1\""), Ok(table("\"1b\"", "3e-6"))));
    assert_eq!((again.outcome, again.added, again.changed), (PriceUpdateOutcome::Unchanged, 0, 0));
    let same = run(&refresh(&stored, NOW + Duration::DAY, Some("\"1b\""), Ok(FetchOutcome::Unchanged)));
    assert_eq!((same.outcome, same.etag.as_deref()), (PriceUpdateOutcome::Unchanged, Some("\"1b\"")));
    let dearer = run(&refresh(&stored, NOW + Duration::DAY * 2, Some("\"1b\""), Ok(table("\"2\"", "4e-6"))));
    assert_eq!((dearer.outcome, dearer.added, dearer.changed), (PriceUpdateOutcome::Applied, 0, 1));

    let stored = stored.lock().expect("no panic");
    let kept: Vec<_> = stored.rows.iter().map(|row| (row.valid_from, row.prices.to_string())).collect();
    assert_eq!(kept, [(NOW, "in=3 out=1".to_owned()), (NOW + Duration::DAY * 2, "in=4 out=1".to_owned())]);
    assert_eq!((stored.edition, stored.updates.len(), stored.origin.etag.as_deref()), (2, 4, Some("\"2\"")));
}

#[test]
fn refresh_failed_or_refused_keeps_book_and_is_recorded() {
    let stored = Shared::default();
    run(&refresh(&stored, NOW, None, Ok(table("\"1\"", "3e-6"))));
    let dearer = published("3e-6").into_iter().map(|mut entry| {
        entry.prices[0].1 = Some("0.0009".to_owned());
        entry
    });
    let tables = [
        (Err(SourceError::Unavailable("it is away".to_owned())), "failed"),
        (Err(SourceError::Nonsense("it is poetry".to_owned())), "failed"),
        (Ok(FetchOutcome::Table { etag: None, entries: Vec::new() }), "refused"),
        (Ok(FetchOutcome::Table { etag: None, entries: published("3e-6").split_off(2_000) }), "refused"),
        (Ok(FetchOutcome::Table { etag: Some("\"x\"".to_owned()), entries: dearer.collect() }), "refused"),
    ];
    for (fetched, outcome) in tables {
        let update = run(&refresh(&stored, NOW + Duration::DAY, Some("\"1\""), fetched));
        assert_eq!(update.outcome.name(), outcome, "{update}");
        assert!(update.outcome.reason().is_some() && update.to_string().starts_with("prices unchanged"), "{update}");
        let stored = stored.lock().expect("no panic");
        assert_eq!((stored.rows.len(), stored.edition, stored.origin.etag.as_deref()), (1, 1, Some("\"1\"")));
        assert_eq!(stored.updates.last(), Some(&update));
    }
}

#[test]
fn refresh_etag_of_other_address_is_ignored() {
    let stored = Shared::default();
    stored.lock().expect("no panic").origin = TableOrigin {
        source: Some("https://elsewhere.org".to_owned()),
        etag: Some("\"1\"".to_owned()),
        listed: Some(99_999),
    };
    let update = run(&refresh(&stored, NOW, None, Ok(table("\"1\"", "3e-6"))));
    assert_eq!(update.outcome, PriceUpdateOutcome::Applied);
}
