//! The use cases of leaderboards over mocked ports.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pollster::block_on;
use time::macros::{date, datetime};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::ports::{BestRank, MockLeaderboardReader, ZoneDay};
use super::*;
use crate::administration::{AdminActionKind, Administrator};
use crate::days::Period;
use crate::error::{DomainError, ErrorKind, StoreError};
use crate::ids::{JobId, UserId};
use crate::jobs::{Job, JobAttempt};
use crate::testing::{TestReads, TestUnitOfWork, test_user};
use crate::usage::testing::account;
use crate::users::{User, Username, ViewedProfile};

const NOW: OffsetDateTime = datetime!(2026-11-22 12:30 UTC);
const ADA: UserId = UserId(Uuid::from_u128(1));
const BOB: UserId = UserId(Uuid::from_u128(2));

fn leaderboard(
    reader: MockLeaderboardReader,
    prepare: impl Fn(&mut TestUnitOfWork) + Send + Sync + 'static,
) -> (Leaderboard, Arc<AtomicUsize>) {
    let commits = Arc::new(AtomicUsize::new(0));
    let counter = commits.clone();
    let store = TestUnitOfWork::store(move || {
        let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
        prepare(&mut tx);
        tx
    });
    let reads = TestReads { leaderboard: reader, ..TestReads::default() };
    (Leaderboard::new(store.with_reads(reads).deps_at(NOW)), commits)
}

/// The steps of the transactions of a refresh, in order.
type Log = Arc<Mutex<Vec<String>>>;

/// When the first account was created.
const FIRST_ACCOUNT: OffsetDateTime = datetime!(2026-08-03 08:00 UTC);

/// A refresh of an instance with accounts since August and usage since `first`, with `frozen` seasons and accounts with a new
/// best rank.
fn refresh(
    first: Option<Date>,
    frozen: &'static [&'static str],
    people: &[UserId],
) -> (RefreshReport, Vec<String>, usize) {
    let log = Log::default();
    let (recorded, left) = (log.clone(), Arc::new(Mutex::new(people.to_vec())));
    let (leaderboard, commits) = leaderboard(MockLeaderboardReader::new(), move |tx| {
        tx.expect_settling(std::collections::BTreeSet::new());
        tx.accounts.expect_lock().returning(|user| Ok((user == ADA).then(account)));
        tx.leaderboard.expect_lock().returning(|| Ok(()));
        tx.leaderboard.expect_note_duration().returning(|_| Ok(()));
        tx.leaderboard
            .expect_zones()
            .returning(|| Ok(["UTC", "Pacific/Kiritimati", "Gone/Zone"].map(str::to_owned).to_vec()));
        let log = recorded.clone();
        tx.leaderboard.expect_note_duration().returning(|_| Ok(()));
        tx.leaderboard.expect_refresh().returning(move |todays, now, _| {
            let todays: Vec<String> = todays.iter().map(|ZoneDay { zone, today }| format!("{zone} {today}")).collect();
            log.lock().expect("a log").push(format!("refresh {} at {now}", todays.join(", ")));
            Ok(7)
        });
        let months = || frozen.iter().map(|month| SeasonMonth::parse(month).expect("a month")).collect::<Vec<_>>();
        tx.leaderboard.expect_is_frozen().returning(move |month| Ok(months().contains(&month)));
        tx.leaderboard.expect_frozen().returning(move || Ok(months()));
        tx.leaderboard.expect_first_day().returning(move || Ok(first));
        tx.leaderboard.expect_first_account().returning(|| Ok(Some(FIRST_ACCOUNT)));
        let log = recorded.clone();
        tx.leaderboard.expect_freeze().returning(move |month, _| {
            log.lock().expect("a log").push(format!("freeze {month}"));
            Ok(())
        });
        let waiting = left.clone();
        tx.leaderboard.expect_unsettled().returning(move |marks, after, _| {
            assert_eq!((marks, after), (&[1, 3, 10, 50, 100][..], None));
            Ok(waiting.lock().expect("people").iter().map(|user| BestRank { user: *user, rank: 3 }).collect())
        });
        let waiting = left.clone();
        tx.leaderboard.expect_settled().returning(move |best| {
            waiting.lock().expect("people").retain(|other| (*other, 3) != (best.user, best.rank));
            Ok(())
        });
    });
    let refreshed = block_on(leaderboard.refresh()).expect("a refresh");
    let log = log.lock().expect("a log").clone();
    (refreshed, log, commits.load(Ordering::SeqCst))
}

#[test]
fn refresh_uses_local_dates_and_utc_for_unknown_zones() {
    let (refreshed, log, _) = refresh(None, &[], &[]);
    let todays = "UTC 2026-11-22, Pacific/Kiritimati 2026-11-23, Gone/Zone 2026-11-22";
    assert_eq!(log, [format!("refresh {todays} at {NOW}")]);
    assert_eq!(refreshed, RefreshReport { people: Some(7), ..RefreshReport::default() });
}

#[test]
fn refresh_freezes_ended_and_missed_months_once() {
    let first = Some(date!(2026 - 08 - 30));
    let (refreshed, log, _) = refresh(first, &["2026-09"], &[]);
    assert_eq!(log[1..], ["freeze 2026-08", "freeze 2026-10"]);
    assert_eq!(refreshed.frozen.len(), 2);
    let (refreshed, log, commits) = refresh(first, &["2026-10"], &[]);
    assert_eq!((log.len(), refreshed.frozen.len(), commits), (1, 0, 1));
}

#[test]
fn refresh_never_freezes_month_before_first_account() {
    let (_, log, _) = refresh(Some(date!(2020 - 04 - 28)), &[], &[]);
    assert_eq!(log[1..], ["freeze 2026-08", "freeze 2026-09", "freeze 2026-10"]);
    let (refreshed, ..) = refresh(Some(date!(2026 - 11 - 01)), &[], &[]);
    assert_eq!(refreshed.frozen, [], "nothing was used in August");
}

#[test]
fn refresh_settles_each_rank_in_own_transaction() {
    let (refreshed, _, commits) = refresh(None, &[], &[ADA, BOB]);
    assert_eq!((refreshed.settled, commits), (2, 3), "the boards, Ada, and Bob who is gone");
}

/// The result of a refresh with `people` unsettled accounts of which the one with the rank `failing` fails with `error`, and the
/// settled ranks.
fn settling(
    people: u32,
    failing: u32,
    error: fn() -> StoreError,
) -> (Result<RefreshReport, LeaderboardError>, Vec<u32>) {
    let settled = Arc::new(Mutex::new(Vec::new()));
    let recorded = settled.clone();
    let (leaderboard, _) = leaderboard(MockLeaderboardReader::new(), move |tx| {
        tx.expect_settling(std::collections::BTreeSet::new());
        tx.leaderboard.expect_lock().returning(|| Ok(()));
        tx.leaderboard.expect_zones().returning(|| Ok(Vec::new()));
        tx.leaderboard.expect_note_duration().returning(|_| Ok(()));
        tx.leaderboard.expect_refresh().returning(|_, _, _| Ok(7));
        tx.leaderboard.expect_is_frozen().returning(|_| Ok(true));
        tx.leaderboard.expect_unsettled().returning(move |_, after, most| {
            let best = |rank: u32| BestRank { user: UserId(Uuid::from_u128(rank.into())), rank };
            let first = after.map_or(0, |best| best.rank) + 1;
            Ok((first..=people).take(most as usize).map(best).collect())
        });
        tx.accounts.expect_lock().returning(|_| Ok(None));
        let recorded = recorded.clone();
        tx.leaderboard.expect_settled().returning(move |best| {
            if best.rank == failing {
                return Err(error());
            }
            recorded.lock().expect("ranks").push(best.rank);
            Ok(())
        });
    });
    let refreshed = block_on(leaderboard.refresh());
    let settled = settled.lock().expect("ranks").clone();
    (refreshed, settled)
}

#[test]
fn refresh_failing_account_does_not_affect_others() {
    for people in [3, 500, 1_203] {
        let (refreshed, settled) = settling(people, 2, || StoreError::Internal("a row that makes no sense".to_owned()));
        assert!(matches!(refreshed, Err(LeaderboardError::Store(StoreError::Internal(_)))), "{refreshed:?}");
        assert!(settled.iter().copied().eq((1..=people).filter(|rank| *rank != 2)), "{people}: {settled:?}");
    }
}

#[test]
fn refresh_unavailable_store_ends_settling() {
    let (refreshed, settled) = settling(9, 3, || StoreError::Unavailable("away".to_owned()));
    assert!(matches!(refreshed, Err(LeaderboardError::Store(StoreError::Unavailable(_)))), "{refreshed:?}");
    assert_eq!(settled, [1, 2]);
}

#[test]
fn refresh_second_attempt_does_not_rank_again() {
    let job = JobId(Uuid::from_u128(9));
    for (attempt, has_ranked, people) in [
        (None, true, Some(7)),
        // Retried by an administrator, or returned when a worker ended.
        (Some(1), true, Some(7)),
        (Some(2), false, Some(7)),
        (Some(2), true, None),
        (Some(5), true, None),
    ] {
        let (leaderboard, _) = leaderboard(MockLeaderboardReader::new(), move |tx| {
            tx.leaderboard.expect_lock().returning(|| Ok(()));
            tx.leaderboard.expect_has_ranked().withf(move |of| *of == job).returning(move |_| Ok(has_ranked));
            tx.leaderboard.expect_zones().returning(|| Ok(Vec::new()));
            let of_attempt = attempt.map(|_| job);
            tx.leaderboard.expect_note_duration().returning(|_| Ok(()));
            tx.leaderboard.expect_refresh().withf(move |_, _, of| *of == of_attempt).returning(|_, _, _| Ok(7));
            tx.leaderboard.expect_is_frozen().returning(|_| Ok(true));
            tx.leaderboard.expect_unsettled().returning(|_, _, _| Ok(Vec::new()));
        });
        let attempt = attempt.map(|number| JobAttempt { job, number });
        let refreshed = block_on(leaderboard.refresh_in(attempt)).expect("a refresh");
        assert_eq!(refreshed.people, people, "{attempt:?}");
    }
}

#[test]
fn board_friends_without_viewer_is_unauthenticated() {
    let mut reader = MockLeaderboardReader::new();
    reader.expect_board().returning(|_, _, _, _| Ok(Board::default()));
    let (leaderboard, _) = leaderboard(reader, |_| {});
    let query = BoardQuery::new(BoardKind::Friends, SortBy::Tokens, Period::All, BoardFilter::default());
    let part = BoardSlice { limit: 100, offset: 0 };
    let refused = block_on(leaderboard.board(&query, part, None)).expect_err("nobody's friends");
    assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
    assert!(block_on(leaderboard.board(&query, part, Some(ADA))).is_ok());
}

#[test]
fn board_unknown_entry_or_season_is_not_found() {
    let mut reader = MockLeaderboardReader::new();
    reader.expect_entry().returning(|_, _, _, _, _| Ok(None));
    reader.expect_season().returning(|_, _| Ok(None));
    let (leaderboard, _) = leaderboard(reader, |_| {});
    let unranked = block_on(leaderboard.entry(&Username::trusted("bob"), Period::All, SortBy::Cost, None));
    let unranked = unranked.expect_err("unranked");
    let unknown = block_on(leaderboard.season(SeasonMonth::of(date!(2026 - 10 - 01)))).expect_err("unknown");
    assert_eq!([unranked.kind(), unknown.kind()], [ErrorKind::NotFound; 2]);
    assert_eq!(unranked.details().subject.and_then(|subject| subject.value).as_deref(), Some("bob"));
    assert_eq!(unknown.details().subject.and_then(|subject| subject.value).as_deref(), Some("2026-10"));
}

#[test]
fn prune_removes_old_ranks_until_none_or_stop() {
    let left = Arc::new(AtomicUsize::new(12_000));
    let rest = left.clone();
    let (leaderboard, commits) = leaderboard(MockLeaderboardReader::new(), move |tx| {
        let left = rest.clone();
        tx.leaderboard.expect_prune().returning(move |before, most| {
            assert_eq!(before, date!(2025 - 10 - 18));
            let removed = left.load(Ordering::SeqCst).min(usize::try_from(most).expect("a few"));
            left.fetch_sub(removed, Ordering::SeqCst);
            Ok(removed as u64)
        });
    });
    assert_eq!(block_on(leaderboard.prune(400, || true)).expect("stopped"), 0);
    assert_eq!(block_on(leaderboard.prune(400, || false)).expect("pruned"), 12_000);
    assert_eq!(commits.load(Ordering::SeqCst), 3);
}

#[test]
fn request_refresh_shares_waiting_job_or_queues_another() {
    const KNOWN: JobId = JobId(Uuid::from_u128(9));
    let second = "asked:2026-11-22T12:30:00";
    // The waiting job at each look and whether the key of the second is taken; the returned job and the tried keys.
    for (waiting, taken, is_known, keys) in [
        (&[Some(KNOWN)][..], false, true, &[][..]),
        (&[None], false, false, &[second]),
        // A concurrent request queued it.
        (&[None, Some(KNOWN)], true, true, &[second]),
        // The job of the same second has begun.
        (&[None, None], true, false, &[second, "asked:its own"]),
    ] {
        let (recorded, tried) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let (kept, queued) = (recorded.clone(), tried.clone());
        let (leaderboard, commits) = leaderboard(MockLeaderboardReader::new(), move |tx| {
            let mut looks = waiting.iter().copied();
            tx.jobs
                .expect_waiting()
                .withf(|kind, due| (kind.name(), *due) == ("leaderboard", NOW))
                .returning(move |_, _| Ok(looks.next().expect("another look")));
            let queued = queued.clone();
            tx.jobs.expect_enqueue().returning(move |jobs, now| {
                let [(id, job)] = jobs else { panic!("one job") };
                assert_eq!((&job.job, job.run_at, now), (&Job::Leaderboard, NOW, NOW));
                let key = if job.key == format!("asked:{id}") { "asked:its own" } else { &job.key };
                queued.lock().expect("keys").push(key.to_owned());
                Ok(u64::from(!taken || key != second))
            });
            let kept = kept.clone();
            tx.administration.expect_record().times(1).returning(move |entry| {
                kept.lock().expect("a list").push((entry.action.kind, entry.action.details.clone()));
                Ok(())
            });
        });
        let job = block_on(leaderboard.request_refresh(&Administrator::unchecked(ADA))).expect("a job");
        assert_eq!(
            (job == KNOWN, &**tried.lock().expect("keys")),
            (is_known, &keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>()[..])
        );
        assert_eq!(commits.load(Ordering::SeqCst), 1);
        let details = vec![("job", job.to_string().into())];
        assert_eq!(*recorded.lock().expect("a list"), [(AdminActionKind::RefreshBoards, details)]);
    }
}

#[test]
fn history_ends_today_in_utc_and_is_hidden_with_profile() {
    let ranked = vec![RankedDay { date: date!(2026 - 11 - 20), rank: 3 }];
    for (viewer, zone, days, from, shown) in [
        (Some(ADA), None, 1, date!(2026 - 11 - 22), Some(&ranked)),
        (Some(BOB), Some("Pacific/Kiritimati"), 7, date!(2026 - 11 - 16), Some(&ranked)),
        (None, None, 365, date!(2025 - 11 - 23), None),
    ] {
        let mut reader = MockLeaderboardReader::new();
        let answer = shown.cloned();
        reader
            .expect_history()
            .withf(move |user, period, sort_by, since, by, now| {
                (*user, *period, *sort_by) == (ADA, Period::Week, SortBy::Cost)
                    && (*since, *by, *now) == (from, viewer, NOW)
            })
            .returning(move |_, _, _, _, _, _| Ok(answer.clone()));
        let zone = zone.and_then(crate::days::Zone::parse);
        let look = ViewedProfile { user: User { zone, ..test_user(ADA, "ada") }, viewer };
        let days = HistoryDays::new(days).expect("some days");
        let (leaderboard, _) = leaderboard(reader, |_| {});
        let history = block_on(leaderboard.history(&look, Period::Week, SortBy::Cost, days));
        match (history, shown) {
            (Ok(history), Some(shown)) => assert_eq!(history, *shown),
            (Err(LeaderboardError::Private), None) => {}
            (history, _) => panic!("{viewer:?}: {history:?}"),
        }
    }
}

#[test]
fn season_is_read_as_frozen_for_visible_accounts() {
    let month = SeasonMonth::of(date!(2026 - 10 - 01));
    let season = Season { month, frozen_at: NOW, people: 7 };
    let mut reader = MockLeaderboardReader::new();
    reader.expect_seasons().returning(move || Ok(vec![season]));
    reader
        .expect_season()
        .withf(move |of, now| (*of, *now) == (month, NOW))
        .returning(move |_, _| Ok(Some(SeasonBoard { season, entries: Vec::new() })));
    let (leaderboard, _) = leaderboard(reader, |_| {});
    assert_eq!(block_on(leaderboard.seasons()).expect("seasons"), [season]);
    assert_eq!(block_on(leaderboard.season(month)).expect("a season").season, season);
}

#[test]
fn refreshed_displays_one_line() {
    let month = |month| SeasonMonth::parse(month).expect("a month");
    for (people, settled, frozen, line) in [
        (Some(1), 0, vec![], "1 account ranked, 0 rewarded for a rank"),
        (Some(12_345), 2, vec![], "12,345 accounts ranked, 2 rewarded for a rank"),
        (
            Some(0),
            1,
            vec![month("2026-09"), month("2026-10")],
            "0 accounts ranked, 1 rewarded for a rank, season 2026-09 frozen, season 2026-10 frozen",
        ),
        (None, 3, vec![], "ranked by an earlier attempt, 3 rewarded for a rank"),
    ] {
        assert_eq!(RefreshReport { people, frozen, settled }.to_string(), line);
    }
}

#[test]
fn refresh_failed_ranking_keeps_boards_and_settles_nothing() {
    let (leaderboard, commits) = leaderboard(MockLeaderboardReader::new(), |tx| {
        tx.leaderboard.expect_lock().returning(|| Ok(()));
        tx.leaderboard.expect_zones().returning(|| Ok(Vec::new()));
        tx.leaderboard.expect_note_duration().returning(|_| Ok(()));
        tx.leaderboard.expect_refresh().returning(|_, _, _| Err(StoreError::Internal("out of memory".to_owned())));
    });
    let refreshed = block_on(leaderboard.refresh());
    assert!(matches!(refreshed, Err(LeaderboardError::Store(StoreError::Internal(_)))), "{refreshed:?}");
    assert_eq!(commits.load(Ordering::SeqCst), 0);
}
