//! Benchmarks: whatever the community, the statements come to what the rules say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::days::Period;
use domain::days::Zone;
use domain::error::{DomainError, ErrorKind};
use domain::ids::UserId;
use domain::insights::ports::InsightReader;
use domain::insights::{Benchmark, Comparison, Insights, Measure, OwnFigures, Spread};
use domain::leaderboard::ranking::DayUsageByModel;
use domain::money::Usd;
use domain::store::Store;
use domain::streaks::Streak;
use domain::users::User;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use time::{Date, Duration, OffsetDateTime};

use crate::common::{Fixture, NOW, fixture, test_user};
use crate::leaderboard::community::{TODAY, used, with};

impl Fixture {
    fn insights_at(&self, now: OffsetDateTime) -> Insights {
        Insights::new(self.deps_at(now))
    }

    fn insights(&self) -> Insights {
        self.insights_at(NOW)
    }

    async fn benchmark(&self, period: Period) -> Benchmark {
        self.store.benchmark(period).await.expect("a lookup").expect("a benchmark")
    }

    async fn compare(&self, user: &User, period: Period) -> Comparison {
        self.insights().compare(user.id, period).await.expect("a comparison")
    }
}

/// A member: its zone, whether it is private, whether it is left out.
type MemberSpec = (u8, bool, u8);
/// A row: whose, days ago, tool, tokens, cost, input, cache reads.
type Row = (u8, i64, u8, i64, i128, i64, i64);

const ZONES: [Option<&str>; 4] = [None, Some("UTC"), Some("Pacific/Kiritimati"), Some("Pacific/Niue")];
const TOOLS: [&str; 3] = ["codex", "cursor", "gemini-cli"];

fn community() -> impl Strategy<Value = (Vec<MemberSpec>, Vec<Row>)> {
    // One in ten is flagged, one in ten was flagged once, one in ten is deleted.
    let member_spec = (0..4_u8, prop::bool::weighted(0.2), 0..10_u8);
    let days_ago = prop_oneof![4 => -1..4_i64, 3 => 4..9_i64, 1 => 26..33_i64, 1 => 300..302_i64];
    let tokens = prop_oneof![0..3_i64, 1..5_000_000_i64, Just(i64::MAX / 4)];
    let cost = prop_oneof![Just(0_i128), 0..3_i128, 0..1_000_000_000_000_000_000_i128];
    let input = prop_oneof![Just(0), 0..2_000_000_i64];
    let row = (0..12_u8, days_ago, 0..3_u8, tokens, cost, input.clone(), input);
    (prop::collection::vec(member_spec, 12), prop::collection::vec(row, 0..70))
}

/// What one person comes to in `period`; nothing where they used nothing.
fn figures(rows: &[&DayUsageByModel], period: Period, today: Date) -> Option<[Option<i128>; 5]> {
    let within =
        |day: Date| period.days().is_none_or(|days| (0..i64::from(days)).contains(&(today - day).whole_days()));
    let counted: Vec<_> = rows.iter().filter(|row| row.tokens > 0 && within(row.day)).collect();
    let sum = |of: fn(&DayUsageByModel) -> i128| counted.iter().map(|row| of(row)).sum::<i128>();
    let tools: BTreeSet<_> = counted.iter().map(|row| row.tool.as_str()).collect();
    let active = rows.iter().filter(|row| row.tokens > 0).map(|row| row.day).collect();
    let (input, cached) = (sum(|row| row.input.into()), sum(|row| row.cache_read.into()));
    (!counted.is_empty()).then(|| {
        [
            Some(sum(|row| row.tokens.into())),
            Some(sum(|row| row.cost.atto())),
            Some(Streak::of(&active, today).current.into()),
            Some(i128::try_from(tools.len()).expect("few")),
            (input + cached > 0).then(|| cached * 100_000_000 / (input + cached)),
        ]
    })
}

async fn write(
    fixture: &Fixture,
    someones: &[MemberSpec],
    rows: &[Row],
    run: usize,
) -> (BTreeMap<UserId, Date>, Vec<DayUsageByModel>) {
    let (mut counted, mut all_users) = (BTreeMap::new(), Vec::new());
    for (number, (zone, private, fate)) in someones.iter().enumerate() {
        let zone = ZONES[usize::from(*zone)].and_then(Zone::parse);
        let user = User { zone: zone.clone(), is_public: !private, ..test_user(&format!("p{run}_{number}")) };
        let mut tx = fixture.store.begin().await.expect("a transaction");
        tx.users().insert(&user, None).await.expect("an account");
        tx.commit().await.expect("a commit");
        match fate {
            0 => fixture.flag(&user, None).await,
            1 => fixture.flag(&user, Some(NOW)).await,
            2 => fixture.run(&format!("UPDATE users SET deleted_at = now() WHERE id = '{}'", user.id)).await,
            _ => {}
        }
        if !matches!(fate, 0 | 2) {
            counted.insert(user.id, zone.unwrap_or_else(Zone::utc).date(NOW));
        }
        all_users.push(user);
    }
    let mut rows: Vec<DayUsageByModel> = rows
        .iter()
        .map(|&(whose, days_ago, tool, tokens, cost, input, cache_read)| DayUsageByModel {
            cost: if tokens > 0 { Usd::from_atto(cost) } else { Usd::ZERO },
            input: if tokens > 0 { input } else { 0 },
            cache_read: if tokens > 0 { cache_read } else { 0 },
            ..with(&used(&all_users[usize::from(whose)], days_ago, tokens), TOOLS[usize::from(tool)], "gpt-5")
        })
        .collect();
    // One row of each tool and day, and no more than an account may have.
    rows.sort_by_key(|row| (row.user, row.day, row.tool.as_str().to_owned()));
    rows.dedup_by_key(|row| (row.user, row.day, row.tool.as_str().to_owned()));
    let mut sums = BTreeMap::<UserId, i64>::new();
    rows.retain(|row| {
        let sum = sums.entry(row.user).or_default();
        sum.checked_add(row.tokens).is_some_and(|more| {
            *sum = more;
            more <= i64::MAX / 2
        })
    });
    (counted, rows)
}

#[test]
fn benchmarks_agree_with_the_rule() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let _guard = runtime.enter();
    let fixture = fixture();
    let mut runner = TestRunner::new(Config { cases: 24, max_shrink_iters: 200, ..Config::default() });
    let run = std::sync::atomic::AtomicUsize::new(0);
    let check = |(someones, rows): (Vec<MemberSpec>, Vec<Row>)| {
        runtime.block_on(async {
            let run = run.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            fixture.run("TRUNCATE usage_rollups, usage_days, account_flags, users CASCADE").await;
            let (counted, rows) = write(&fixture, &someones, &rows, run).await;
            fixture.use_up(&rows).await;
            let people = fixture.insights().refresh().await.expect("a refresh");
            for period in Period::ALL {
                let found = fixture.benchmark(period).await;
                let of = |user: &UserId| rows.iter().filter(|row| row.user == *user).collect::<Vec<_>>();
                let each: Vec<_> =
                    counted.iter().filter_map(|(user, today)| figures(&of(user), period, *today)).collect();
                prop_assert_eq!(found.people as usize, each.len(), "{:?}", period);
                if period == Period::All {
                    prop_assert_eq!(people, each.len() as u64);
                }
                for (place, measure) in Measure::ALL.into_iter().enumerate() {
                    let values: Vec<i128> = each.iter().filter_map(|figures| figures[place]).collect();
                    let expected = Some(Spread::of(&values)).filter(|spread| spread.people > 0);
                    prop_assert_eq!(found.spread(measure), expected.as_ref(), "{:?} {:?}", period, measure);
                }
            }
            Ok(())
        })
    };
    runner.run(&community(), check).expect("the same figures");
}

#[tokio::test(flavor = "multi_thread")]
async fn benchmark_cuts_of_many_accounts_agree_with_the_rule() {
    let fixture = fixture();
    fixture
        .run(
            "INSERT INTO users (id, username, created_at, updated_at)
             SELECT gen_random_uuid(), 'user' || n, now(), now() FROM generate_series(1, 1234) AS n;
             INSERT INTO sources (name) VALUES ('codex');
             INSERT INTO models (name, provider) VALUES ('gpt-5', '');
             INSERT INTO usage_rollups
             SELECT users.key, '2026-11-20', sources.key, models.key, 1, 1, 1 + users.key % 700, 0, 0, 0, 0, 0, 0, 0, 0, 0
             FROM users, sources, models;
             INSERT INTO usage_days
             SELECT user_key, day, messages, tokens, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM usage_rollups;",
        )
        .await;
    assert_eq!(fixture.insights().refresh().await.expect("a refresh"), 1234);
    let values: Vec<i128> = fixture
        .client()
        .await
        .query("SELECT tokens FROM usage_days", &[])
        .await
        .expect("tokens")
        .iter()
        .map(|row| row.get::<_, i64>(0).into())
        .collect();
    let benchmark = fixture.benchmark(Period::Month).await;
    let expected = Spread::of(&values);
    assert!(expected.cuts.len() > 90, "{}", expected.cuts.len());
    assert_eq!(benchmark.spread(Measure::Tokens), Some(&expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn comparison_needs_benchmarks() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let none = fixture.insights().compare(ada.id, Period::All).await.expect_err("no benchmark");
    assert_eq!(none.kind(), ErrorKind::NotFound);
    assert_eq!(fixture.insights().refresh().await.expect("a refresh"), 0);
    for period in Period::ALL {
        let comparison = fixture.compare(&ada, period).await;
        assert_eq!((comparison.benchmark.people, &comparison.own), (0, &OwnFigures::default()));
        assert_eq!(Measure::ALL.map(|measure| comparison.percentile(measure)), [None; 5]);
        assert!(!comparison.insights().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn own_figures_are_current_and_of_the_period() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let bob = fixture.create_user("bob", None).await;
    fixture.insights().refresh().await.expect("a refresh");
    let row = |days_ago, tokens, tool: &str| DayUsageByModel {
        cost: Usd::from_atto(1),
        input: 1,
        cache_read: 3,
        ..with(&used(&ada, days_ago, tokens), tool, "gpt-5")
    };
    let rows =
        [row(0, 10, "codex"), row(1, 20, "codex"), row(1, 5, "cursor"), row(8, 400, "zed"), row(40, 3_000, "amp")];
    fixture.use_up(&rows).await;
    fixture.use_up(&[used(&bob, 0, 7)]).await;
    fixture.run("UPDATE usage_days SET unpriced_tokens = 2").await;
    let own = async |period| fixture.compare(&ada, period).await.own;
    let days = |ago: &[i64]| ago.iter().map(|days| TODAY - Duration::days(*days)).collect::<BTreeSet<_>>();
    let week = OwnFigures {
        tokens: 35,
        input: 3,
        cache_read: 9,
        unpriced_tokens: 4,
        cost: Usd::from_atto(3),
        days: 2,
        tools: 2,
        week: 35,
        week_before: 400,
        active_days: days(&[0, 1, 8, 40]),
    };
    assert_eq!(own(Period::Week).await, week);
    let month = own(Period::Month).await;
    assert_eq!((month.tokens, month.days, month.tools, month.cost.atto()), (435, 3, 3, 4));
    let all = own(Period::All).await;
    assert_eq!((all.tokens, all.days, all.tools, all.unpriced_tokens, all.week), (3_435, 4, 4, 8, 35));
    // The community is still as it was computed.
    assert_eq!(fixture.compare(&ada, Period::All).await.benchmark.people, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn benchmark_is_replaced_as_a_whole() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    fixture.use_up(&[DayUsageByModel { input: 1, ..used(&ada, 0, 7) }]).await;
    fixture.insights().refresh().await.expect("a refresh");
    let first = fixture.benchmark(Period::All).await;
    assert_eq!(first.spreads.len(), 5);

    // Somebody else is at it and not done yet.
    let mut other = fixture.client().await;
    let tx = other.transaction().await.expect("a transaction");
    tx.batch_execute("UPDATE benchmarks SET people = 99; DELETE FROM benchmark_measures").await.expect("a change");
    assert_eq!(fixture.benchmark(Period::All).await, first);
    drop(tx);

    fixture.run("UPDATE usage_rollups SET input = 0; UPDATE usage_days SET input = 0").await;
    let later = NOW + Duration::HOUR;
    fixture.insights_at(later).refresh().await.expect("a refresh");
    let second = fixture.benchmark(Period::All).await;
    assert_eq!((second.created_at, second.computed_at, first.computed_at), (NOW, later, NOW));
    assert_eq!(second.spread(Measure::CacheEfficiency), None, "nobody has any now");
}

#[tokio::test(flavor = "multi_thread")]
async fn benchmark_refreshes_at_once_store_one_result() {
    let fixture = Arc::new(fixture());
    let ada = fixture.create_user("ada", None).await;
    fixture.use_up(&[used(&ada, 0, 7)]).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let fixture = fixture.clone();
        tasks.spawn(async move { fixture.insights().refresh().await.expect("a refresh") });
    }
    while let Some(people) = tasks.join_next().await {
        assert_eq!(people.expect("no panic"), 1);
    }
    let benchmark = fixture.benchmark(Period::Week).await;
    assert_eq!(benchmark.spread(Measure::Tokens), Some(&Spread::of(&[7])));
}

#[tokio::test(flavor = "multi_thread")]
async fn comparison_takes_at_most_three_statements() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    fixture.use_up(&[used(&ada, 0, 7)]).await;
    fixture.insights().refresh().await.expect("a refresh");
    let count = fixture.store.queries();
    let before = count.statements();
    fixture.compare(&ada, Period::Month).await;
    assert!(count.statements() - before <= 3);
}
