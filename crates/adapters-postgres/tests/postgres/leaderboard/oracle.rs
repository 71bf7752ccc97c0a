//! Whatever the community, the statements rank it like the rules do.

use domain::days::Period;
use domain::days::Zone;
use domain::ids::UserId;
use domain::leaderboard::ranking::{BoardCandidate, DayUsageByModel, RankedAccount, rank};
use domain::leaderboard::{Board, BoardFilter, BoardKind, BoardQuery, BoardScope, Measure, SortBy};
use domain::money::Usd;
use domain::store::Store;
use domain::usage::{ModelName, Source};
use domain::users::User;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use time::Duration;

use super::community::TODAY;
use crate::common::{Fixture, NOW, fixture, test_user};

/// A member: zone, whether private, whether flagged.
type MemberSpec = (u8, bool, bool);
/// A row: whose, days ago, tool, model, tokens, cost, input, cache reads, reasoning.
type Row = (u8, i64, u8, u8, i64, i128, i64, i64, i64);

const ZONES: [Option<&str>; 4] = [None, Some("UTC"), Some("Pacific/Kiritimati"), Some("Pacific/Niue")];
const TOOLS: [&str; 2] = ["codex", "cursor"];
const MODELS: [&str; 3] = ["gpt-5", "o3", "claude-opus-4-1"];

fn community() -> impl Strategy<Value = (Vec<MemberSpec>, Vec<Row>)> {
    let member_spec = (0..4_u8, prop::bool::weighted(0.2), prop::bool::weighted(0.1));
    let days_ago = prop_oneof![4 => -1..4_i64, 3 => 4..16_i64, 1 => 26..33_i64, 1 => 300..302_i64];
    let tokens = prop_oneof![0..3_i64, Just(100_000), 99_990..100_010_i64, 1..5_000_000_i64];
    let input = prop_oneof![Just(0), Just(500_000_i64), 0..2_000_000_i64];
    let cached = prop_oneof![Just(0), Just(500_000_i64), 0..2_000_000_i64];
    let cost = prop_oneof![Just(0_i128), 0..3_i128, 0..1_000_000_000_000_000_000_i128];
    let row = (0..8_u8, days_ago, 0..2_u8, 0..3_u8, tokens, cost, input, cached, 0..3_i64);
    (prop::collection::vec(member_spec, 8), prop::collection::vec(row, 0..60))
}

async fn write(
    fixture: &Fixture,
    someones: &[MemberSpec],
    rows: &[Row],
    run: usize,
) -> (Vec<BoardCandidate>, Vec<DayUsageByModel>) {
    let mut members = Vec::new();
    let mut tx = fixture.store.begin().await.expect("a transaction");
    for (number, (zone, private, flagged)) in someones.iter().enumerate() {
        let zone = ZONES[usize::from(*zone)].and_then(Zone::parse);
        let user = User { zone: zone.clone(), is_public: !private, ..test_user(&format!("p{run}_{number}")) };
        tx.users().insert(&user, None).await.expect("an account");
        let today = zone.unwrap_or_else(Zone::utc).date(NOW);
        members.push((BoardCandidate { user: user.id, today, shown: !private && !flagged }, user, *flagged));
    }
    tx.commit().await.expect("a commit");
    for (_, user, flagged) in &members {
        if *flagged {
            fixture.flag(user, None).await;
        }
    }
    let members: Vec<BoardCandidate> = members.into_iter().map(|(member, ..)| member).collect();
    let used: Vec<DayUsageByModel> = rows
        .iter()
        .map(|&(whose, days_ago, tool, model, tokens, cost, input, cache_read, reasoning)| DayUsageByModel {
            user: members[usize::from(whose)].user,
            day: TODAY - Duration::days(days_ago),
            tool: Source::trusted(TOOLS[usize::from(tool)]),
            model: ModelName::trusted(MODELS[usize::from(model)]),
            tokens,
            cost: if tokens > 0 { Usd::from_atto(cost) } else { Usd::ZERO },
            input,
            cache_read,
            reasoning,
        })
        .collect();
    (members, used)
}

/// Rows of the same day, tool and model are one row of the roll-ups.
fn folded(used: &[DayUsageByModel]) -> Vec<DayUsageByModel> {
    let mut folded: Vec<DayUsageByModel> = Vec::new();
    for row in used {
        let same = |other: &&mut DayUsageByModel| {
            (other.user, other.day, &other.tool, &other.model) == (row.user, row.day, &row.tool, &row.model)
        };
        match folded.iter_mut().find(same) {
            Some(other) => {
                other.tokens += row.tokens;
                other.cost = other.cost + row.cost;
                other.input += row.input;
                other.cache_read += row.cache_read;
                other.reasoning += row.reasoning;
            }
            None => folded.push(row.clone()),
        }
    }
    folded
}

/// The boards there are for a measure.
fn query(measure: Measure, period: Period, scope: &BoardScope) -> Option<BoardQuery> {
    let (kind, sort_by) = match measure {
        Measure::Tokens => (BoardKind::Global, SortBy::Tokens),
        Measure::Cost => (BoardKind::Global, SortBy::Cost),
        Measure::Streak => (BoardKind::Streak, SortBy::Tokens),
        Measure::Models => (BoardKind::Diverse, SortBy::Tokens),
        Measure::Efficiency => (BoardKind::Efficient, SortBy::Tokens),
        Measure::Growth => (BoardKind::Rising, SortBy::Tokens),
        Measure::Reasoning => (BoardKind::Reasoning, SortBy::Tokens),
    };
    let query = BoardQuery::new(kind, sort_by, period, BoardFilter { scope: scope.clone(), region: None });
    (query.period() == period).then_some(query)
}

fn expect(board: &Board, expected: &[RankedAccount], viewer: UserId, what: &str) -> Result<(), TestCaseError> {
    let found: Vec<_> =
        board.entries.iter().map(|entry| (entry.standing.rank, entry.user, entry.standing.score)).collect();
    let shown: Vec<_> =
        expected.iter().filter(|ranked| ranked.shown).map(|ranked| (ranked.rank, ranked.user, ranked.score)).collect();
    prop_assert_eq!(&found, &shown, "{}", what);
    prop_assert_eq!(board.total, shown.len() as u64, "{}", what);
    let own = expected.iter().find(|ranked| ranked.user == viewer).map(|ranked| (ranked.rank, ranked.score));
    let me = board.me.as_ref().map(|me| (me.standing.rank, me.standing.score));
    prop_assert_eq!(me, own, "own entry of {}", what);
    Ok(())
}

#[test]
fn refresh_ranks_like_the_rule() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let _guard = runtime.enter();
    let fixture = fixture();
    let mut runner = TestRunner::new(Config { cases: 24, max_shrink_iters: 200, ..Config::default() });
    let run = std::sync::atomic::AtomicUsize::new(0);
    let check = |(someones, rows): (Vec<MemberSpec>, Vec<Row>)| {
        runtime.block_on(async {
            let run = run.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            fixture.run("TRUNCATE usage_rollups, usage_days, account_flags, users CASCADE").await;
            let (members, used) = write(&fixture, &someones, &rows, run).await;
            let used = folded(&used);
            fixture.use_up(&used).await;
            fixture.refresh().await;
            let mut scopes = vec![BoardScope::Everything];
            scopes.extend(TOOLS.map(|tool| BoardScope::Tool(Source::trusted(tool))));
            scopes.extend(MODELS.map(|model| BoardScope::Model(ModelName::trusted(model))));
            for scope in &scopes {
                for measure in Measure::ALL {
                    for period in Period::ALL {
                        let Some(query) = query(measure, period, scope) else { continue };
                        let viewer = members[run % members.len()].user;
                        let board = fixture.board(&query, Some(viewer)).await;
                        let expected = rank(&members, &used, scope, period, measure);
                        expect(&board, &expected, viewer, &format!("{scope:?} {measure:?} {period:?}"))?;
                    }
                }
            }
            Ok(())
        })
    };
    runner.run(&community(), check).expect("the same ranks");
}
