//! The rules of ranking.

use domain::days::Period;
use domain::ids::UserId;
use domain::leaderboard::ranking::{BoardCandidate, DayUsageByModel, rank};
use domain::leaderboard::{BoardScope, Measure};
use domain::money::Usd;
use domain::usage::{ModelName, Source};
use time::macros::date;
use time::{Date, Duration};
use uuid::Uuid;

use crate::Workload;

const TODAY: Date = date!(2026 - 11 - 22);
const ACCOUNTS: u32 = 1_000;
const DAYS: u32 = 30;

pub(crate) fn workloads() -> Vec<Workload> {
    let ranked = |measure| {
        move |(members, used): (Vec<BoardCandidate>, Vec<DayUsageByModel>)| {
            rank(&members, &used, &BoardScope::Everything, Period::Month, measure)
        }
    };
    vec![
        Workload::new("rank 1,000 accounts of 30 days by tokens", 1, board, ranked(Measure::Tokens)),
        Workload::new("rank 1,000 accounts of 30 days by streak", 1, board, ranked(Measure::Streak)),
    ]
}

fn board() -> (Vec<BoardCandidate>, Vec<DayUsageByModel>) {
    let id = |number: u32| UserId(Uuid::from_u128(u128::from(number)));
    let member = |number| BoardCandidate { user: id(number), today: TODAY, shown: number % 20 > 0 };
    let (tool, model) = (Source::trusted("codex"), ModelName::trusted("gpt-5"));
    let used = |number: u32, day: u32| DayUsageByModel {
        user: id(number),
        day: TODAY - Duration::days(i64::from(day)),
        tool: tool.clone(),
        model: model.clone(),
        tokens: i64::from(number * 7_919 % 1_009 + day),
        cost: Usd::ZERO,
        input: 0,
        cache_read: 0,
        reasoning: 0,
    };
    let rows = (0..DAYS)
        .flat_map(|day| (0..ACCOUNTS).filter(move |number| (number + day) % 9 > 0).map(move |number| (number, day)));
    ((0..ACCOUNTS).map(member).collect(), rows.map(|(number, day)| used(number, day)).collect())
}
