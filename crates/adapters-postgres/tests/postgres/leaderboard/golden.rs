//! Boards of small communities.

use domain::days::Period;
use domain::error::{DomainError, ErrorKind};
use domain::leaderboard::ranking::DayUsageByModel;
use domain::leaderboard::{BoardFilter, BoardKind, BoardQuery, BoardScope, BoardSlice, HistoryDays, RankedDay, SortBy};
use domain::money::Usd;
use domain::social::FollowOutcome;
use domain::store::Store;
use domain::usage::{MOST_TOKENS, ModelName, Source};
use domain::users::Region;
use time::Duration;

use super::community::{TODAY, by_tokens, line, of_kind, of_scope, used, with};
use crate::common::{NOW, fixture};

#[tokio::test(flavor = "multi_thread")]
async fn account_with_the_most_possible_tokens_leaves_the_board_readable() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.use_up(&[used(&ada, 0, MOST_TOKENS), used(&bob, 0, 1)]).await;
    fixture.refresh().await;
    assert_eq!(fixture.lines(&by_tokens(), None).await, ["1 ada 4611686018427387904", "2 bob 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn board_before_the_first_refresh_is_empty() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    for kind in BoardKind::ALL {
        let board = fixture.board(&of_kind(kind, Period::All), Some(ada.id)).await;
        assert_eq!((board.entries.len(), board.total, board.computed_at, board.me), (0, 0, None, None), "{kind:?}");
    }
    fixture.refresh().await;
    let board = fixture.board(&by_tokens(), Some(ada.id)).await;
    assert_eq!((board.entries.len(), board.total, board.computed_at, board.me), (0, 0, Some(NOW), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_scores_share_a_rank_and_the_earlier_one_comes_first() {
    let fixture = fixture();
    let mut rows = Vec::new();
    for (name, days_ago, tokens) in [("ada", 0, 9), ("bob", 0, 5), ("cyd", 4, 5), ("dee", 0, 2), ("eve", 0, 0)] {
        rows.push(used(&fixture.create_user(name, None).await, days_ago, tokens));
    }
    fixture.use_up(&rows).await;
    fixture.refresh().await;
    assert_eq!(fixture.lines(&by_tokens(), None).await, ["1 ada 9", "2 cyd 5", "2 bob 5", "4 dee 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn board_private_profile_is_hidden_immediately() {
    let fixture = fixture();
    let names = ["ada", "bob", "cyd", "dee", "eve", "fay"];
    let mut people = Vec::new();
    for name in names {
        people.push(fixture.create_user(name, None).await);
    }
    let rows: Vec<DayUsageByModel> =
        people.iter().zip([60, 50, 40, 30, 20, 10]).map(|(user, n)| used(user, 0, n)).collect();
    fixture.use_up(&rows).await;
    fixture.refresh().await;

    let [_, bob, cyd, _, eve, _] = &people[..] else { panic!("six people") };
    fixture.set_public(bob, false).await;
    fixture.flag(cyd, None).await;
    fixture.run(&format!("UPDATE users SET deleted_at = now() WHERE id = '{}'", eve.id)).await;
    let gaps = ["1 ada 60", "4 dee 30", "6 fay 10"];
    for (refreshed, expected) in [(false, gaps), (true, ["1 ada 60", "2 dee 30", "3 fay 10"])] {
        if refreshed {
            fixture.refresh().await;
        }
        let board = fixture.board(&by_tokens(), None).await;
        assert_eq!(board.entries.iter().map(line).collect::<Vec<_>>(), expected);
        assert_eq!(board.total, 3);
        for (offset, limit) in [(0, 1), (1, 1), (2, 1), (1, 2), (3, 5)] {
            let part = BoardSlice { limit, offset };
            let shown = fixture.leaderboard().board(&by_tokens(), part, None).await.expect("a part").entries;
            let lines: Vec<String> = shown.iter().map(line).collect();
            let wanted: Vec<&str> =
                expected.into_iter().skip(usize::try_from(offset).expect("few")).take(limit as usize).collect();
            assert_eq!(lines, wanted, "{offset} {limit}");
        }
        // They themselves still see where they would stand.
        for (hidden, own) in [(bob, "2 bob 50"), (cyd, if refreshed { "2 cyd 40" } else { "3 cyd 40" })] {
            let me = fixture.board(&by_tokens(), Some(hidden.id)).await.me.expect("their own entry");
            assert_eq!(line(&me), own);
            let leaderboard = fixture.leaderboard();
            let entry = async |viewer| leaderboard.entry(&hidden.username, Period::All, SortBy::Tokens, viewer).await;
            assert_eq!(line(&entry(Some(hidden.id)).await.expect("theirs")), own);
            let entry = entry(None).await;
            assert_eq!(entry.expect_err("hidden").kind(), ErrorKind::NotFound);
        }
        assert_eq!(fixture.board(&by_tokens(), Some(eve.id)).await.me, None, "who was deleted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn board_hides_a_flagged_account_until_the_flag_expires_or_is_lifted() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.use_up(&[used(&ada, 0, 9), used(&bob, 0, 5)]).await;
    fixture.flag(&ada, Some(NOW)).await;
    fixture.flag(&bob, Some(NOW + Duration::SECOND)).await;
    fixture.refresh().await;
    assert_eq!(fixture.lines(&by_tokens(), None).await, ["1 ada 9"]);
    fixture.run("UPDATE account_flags SET lifted_at = now()").await;
    fixture.refresh().await;
    assert_eq!(fixture.lines(&by_tokens(), None).await, ["1 ada 9", "2 bob 5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_end_with_the_local_date_of_each_account() {
    let fixture = fixture();
    // At noon in UTC it is tomorrow in Kiritimati: there, what UTC calls six days ago is a week ago.
    let (ada, bob) =
        (fixture.create_user("ada", None).await, fixture.create_user("bob", Some("Pacific/Kiritimati")).await);
    fixture
        .use_up(&[used(&ada, 6, 3), used(&bob, 6, 5), used(&ada, 29, 3), used(&bob, 29, 5), used(&bob, -1, 1)])
        .await;
    fixture.refresh().await;
    for (period, expected) in [
        (Period::All, ["1 bob 11", "2 ada 6"]),
        (Period::Month, ["1 ada 6", "1 bob 6"]),
        (Period::Week, ["1 ada 3", "2 bob 1"]),
    ] {
        assert_eq!(fixture.lines(&BoardQuery::global(SortBy::Tokens, period), None).await, expected, "{period:?}");
    }
    assert_eq!(fixture.lines(&of_kind(BoardKind::Streak, Period::All), None).await, ["1 bob 1", "2 ada 0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_board_kind_scores_by_its_measure() {
    let fixture = fixture();
    let (ada, bob, cyd) = (
        fixture.create_user("ada", None).await,
        fixture.create_user("bob", None).await,
        fixture.create_user("cyd", None).await,
    );
    let million = 1_000_000;
    let cached = |row: DayUsageByModel, input, cache_read| DayUsageByModel { input, cache_read, ..row };
    fixture
        .use_up(&[
            cached(used(&ada, 0, million), million, 2 * million),
            with(&used(&ada, 1, 5), "codex", "gpt-5-mini"),
            used(&ada, 8, 400_000),
            cached(used(&bob, 1, 150_000), million - 1, 0),
            DayUsageByModel { reasoning: 7, cost: Usd::from_atto(1), ..used(&bob, 7, 100_000) },
            cached(used(&cyd, 0, 9), million, 0),
            used(&cyd, 13, 99_999),
        ])
        .await;
    fixture.refresh().await;
    for (kind, expected) in [
        (BoardKind::Diverse, &["1 ada 2", "2 bob 1", "2 cyd 1"][..]),
        (BoardKind::Efficient, &["1 ada 66.666666", "2 cyd 0"]),
        (BoardKind::Streak, &["1 ada 2", "2 bob 1", "2 cyd 1"]),
        (BoardKind::Rising, &["1 ada 1.500012", "2 bob 0.5"]),
        (BoardKind::Reasoning, &["1 bob 7"]),
    ] {
        assert_eq!(fixture.lines(&of_kind(kind, Period::All), None).await, expected, "{kind:?}");
    }
    let by_cost = fixture.lines(&BoardQuery::global(SortBy::Cost, Period::All), None).await;
    assert_eq!(by_cost, ["1 bob 0", "2 ada 0", "2 cyd 0"], "an atto-dollar is more than nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_models_and_regions_have_boards() {
    let fixture = fixture();
    let (ada, bob, cyd) = (
        fixture.create_user("ada", None).await,
        fixture.create_user("bob", None).await,
        fixture.create_private_user("cyd").await,
    );
    fixture
        .use_up(&[
            used(&ada, 0, 10),
            with(&used(&ada, 1, 90), "cursor", "gpt-5"),
            with(&used(&ada, 2, 90), "cursor", "o3"),
            used(&bob, 0, 10),
            used(&cyd, 0, 50),
        ])
        .await;
    fixture.run(&format!("UPDATE users SET region = 'EU' WHERE id IN ('{}', '{}')", bob.id, cyd.id)).await;
    fixture.refresh().await;
    let tool = |name: &str| of_scope(BoardScope::Tool(Source::trusted(name)));
    let model = |name: &str| of_scope(BoardScope::Model(ModelName::trusted(name)));
    let region = BoardQuery::new(
        BoardKind::Global,
        SortBy::Tokens,
        Period::All,
        BoardFilter { region: Some(Region::Eu), ..BoardFilter::default() },
    );
    assert_eq!(fixture.lines(&tool("codex"), None).await, ["1 ada 10", "1 bob 10"]);
    assert_eq!(fixture.lines(&tool("cursor"), None).await, ["1 ada 180"]);
    assert_eq!(fixture.lines(&model("gpt-5"), None).await, ["1 ada 100", "2 bob 10"]);
    assert!(fixture.lines(&tool("nothing"), None).await.is_empty());
    assert!(fixture.lines(&model("nothing"), None).await.is_empty());
    assert_eq!(fixture.lines(&region, None).await, ["1 bob 10"]);
    for (query, me) in [(tool("codex"), "1 cyd 50"), (region.clone(), "1 cyd 50"), (model("o3"), "")] {
        let board = fixture.board(&query, Some(cyd.id)).await;
        assert_eq!(board.me.as_ref().map(line).unwrap_or_default(), me);
    }
    let me = fixture.board(&region, Some(ada.id)).await.me;
    assert_eq!(me, None, "who lives elsewhere is not on the board of a region");
    let entry = &fixture.board(&tool("codex"), None).await.entries[0];
    assert_eq!((entry.tokens, entry.streak), (10, 1), "only the usage that is scored");
    assert_eq!(entry.preferred_tool, Some(Source::trusted("cursor")), "of all usage");
}

#[tokio::test(flavor = "multi_thread")]
async fn friends_board_holds_followed_accounts_and_the_viewer() {
    let fixture = fixture();
    let (ada, bob, cyd, dee) = (
        fixture.create_user("ada", None).await,
        fixture.create_user("bob", None).await,
        fixture.create_user("cyd", None).await,
        fixture.create_user("dee", None).await,
    );
    fixture.use_up(&[used(&ada, 0, 10), used(&bob, 0, 30), used(&cyd, 0, 20), used(&dee, 0, 99)]).await;
    fixture.follow(&ada, &bob).await;
    fixture.follow(&ada, &cyd).await;
    fixture.set_public(&bob, false).await;
    fixture.refresh().await;
    let friends = of_kind(BoardKind::Friends, Period::All);
    assert_eq!(fixture.lines(&friends, Some(ada.id)).await, ["1 bob 30", "2 cyd 20", "3 ada 10"]);
    assert_eq!(fixture.lines(&friends, Some(bob.id)).await, ["1 bob 30"]);
    assert_eq!(fixture.lines(&by_tokens(), Some(ada.id)).await, ["1 dee 99", "2 cyd 20", "3 ada 10"]);
    let board = fixture.board(&friends, Some(ada.id)).await;
    assert_eq!((board.total, board.me.as_ref().map(line).as_deref()), (3, Some("3 ada 10")));
    let following: Vec<_> = board.entries.iter().map(|entry| (entry.followers, entry.is_following)).collect();
    assert_eq!(following, [(1, Some(true)), (1, Some(true)), (0, None)]);
    fixture.flag(&cyd, None).await;
    assert_eq!(fixture.lines(&friends, Some(ada.id)).await, ["1 bob 30", "2 ada 10"]);
    let query = fixture.social().follow(dee.id, &bob.username).await.expect("a request");
    assert!(matches!(query, FollowOutcome::Requested), "{query:?}");
    assert_eq!(fixture.lines(&friends, Some(dee.id)).await, ["1 dee 99"], "whom one only asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn ranks_are_compared_with_the_previous_refresh() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.use_up(&[used(&ada, 1, 10), used(&bob, 1, 5)]).await;
    fixture.refresh().await;
    let tool = of_scope(BoardScope::Tool(Source::trusted("codex")));
    let changes = async |query: &BoardQuery| -> Vec<Option<i64>> {
        fixture.board(query, None).await.entries.iter().map(|entry| entry.standing.change()).collect()
    };
    assert_eq!((changes(&by_tokens()).await, changes(&tool).await), (vec![None, None], vec![None, None]));
    let cyd = fixture.create_user("cyd", None).await;
    fixture.use_up(&[used(&bob, 0, 10), used(&cyd, 0, 1)]).await;
    fixture.refresh().await;
    let climbed = vec![Some(1), Some(-1), None];
    assert_eq!((changes(&by_tokens()).await, changes(&tool).await), (climbed.clone(), climbed));
    fixture.refresh().await;
    assert_eq!(changes(&by_tokens()).await, [Some(0), Some(0), Some(0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rank_history_is_pruned_and_as_visible_as_statistics() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.use_up(&[used(&ada, 1, 10), used(&bob, 1, 5)]).await;
    fixture.leaderboard_at(NOW - Duration::days(1)).refresh().await.expect("yesterday");
    fixture.use_up(&[used(&bob, 0, 10)]).await;
    fixture.refresh().await;
    fixture.refresh().await;
    let look = fixture.profiles().visible(&bob.username, None).await.expect("public");
    let days = |days| HistoryDays::new(days).expect("days");
    let leaderboard = fixture.leaderboard();
    let history = async |period, days| leaderboard.history(&look, period, SortBy::Tokens, days).await;
    let (yesterday, today) = (TODAY - Duration::DAY, TODAY);
    let ranked = |date, rank| RankedDay { date, rank };
    let both = [ranked(yesterday, 2), ranked(today, 1)];
    assert_eq!(history(Period::All, days(30)).await.expect("ranks"), both);
    assert_eq!(history(Period::Week, days(1)).await.expect("ranks"), both[1..]);

    fixture.set_public(&bob, false).await;
    let hidden = history(Period::All, days(30)).await.expect_err("private now");
    assert_eq!(hidden.kind(), ErrorKind::Forbidden);

    for (kept_days, later, pruned) in [(400, 399, 0), (500, 400, 0), (400, 400, 2), (366, 366, 0), (366, 367, 2)] {
        let leaderboard = fixture.leaderboard_at(NOW + Duration::days(later));
        let found = leaderboard.prune(kept_days, || false).await.expect("pruned");
        assert_eq!(found, pruned, "{later} days later, of {kept_days} kept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_without_commit_changes_nothing_and_excludes_others() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    fixture.use_up(&[used(&ada, 0, 10)]).await;
    fixture.refresh().await;
    fixture.use_up(&[used(&ada, 1, 10)]).await;
    let mut tx = fixture.store.begin().await.expect("a transaction");
    let todays = domain::leaderboard::ports::ZoneDay { zone: "UTC".to_owned(), today: TODAY };
    tx.leaderboard().lock().await.expect("a lock");
    tx.leaderboard().refresh(&[todays], NOW, None).await.expect("a refresh");
    assert_eq!(fixture.lines(&by_tokens(), None).await, ["1 ada 10"], "readers go on reading");
    drop(tx);
    assert_eq!(fixture.lines(&by_tokens(), None).await, ["1 ada 10"]);
    let leaderboard = fixture.leaderboard();
    let (one, other, third) = tokio::join!(leaderboard.refresh(), leaderboard.refresh(), leaderboard.refresh());
    assert!(one.is_ok() && other.is_ok() && third.is_ok());
    assert_eq!(fixture.lines(&by_tokens(), None).await, ["1 ada 20"]);
    let kept = fixture.client().await.query_one("SELECT count(*) FROM board_snapshots", &[]).await.expect("a count");
    assert_eq!(kept.get::<_, i64>(0), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn board_of_an_older_release_is_readable_until_the_next_refresh() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    let cyd = fixture.create_private_user("cyd").await;
    fixture.use_up(&[used(&ada, 0, 9), used(&bob, 0, 9), used(&cyd, 1, 20)]).await;
    for _ in 0..2 {
        fixture.refresh().await;
    }
    let boards = async || {
        let mut boards = Vec::new();
        for kind in BoardKind::ALL {
            for viewer in [&ada, &cyd] {
                boards.push(fixture.board(&of_kind(kind, Period::All), Some(viewer.id)).await);
            }
        }
        boards
    };
    let stored = boards().await;
    fixture.run("DELETE FROM boards; DELETE FROM board_entries").await;
    assert_eq!(boards().await, stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn board_entry_shows_the_profile_of_this_moment_and_the_figures_of_the_refresh() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.use_up(&[used(&ada, 0, 9)]).await;
    fixture.refresh().await;
    fixture.follow(&bob, &ada).await;
    fixture.run(&format!("UPDATE users SET username = 'eve', name = 'Eve' WHERE id = '{}'", ada.id)).await;
    let shown = async || {
        let entry = fixture.board(&by_tokens(), Some(bob.id)).await.entries.remove(0);
        (entry.username.to_string(), entry.name, entry.is_following, entry.followers)
    };
    let eve = |followers| ("eve".to_owned(), Some("Eve".to_owned()), Some(true), followers);
    assert_eq!(shown().await, eve(0));
    fixture.refresh().await;
    assert_eq!(shown().await, eve(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn part_of_any_board_is_one_statement() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    fixture.use_up(&[used(&ada, 0, 10)]).await;
    fixture.refresh().await;
    let queries = fixture.store.queries();
    for kind in BoardKind::ALL {
        let before = queries.statements();
        fixture.board(&of_kind(kind, Period::Month), Some(ada.id)).await;
        assert_eq!(queries.statements() - before, 1, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rank_history_of_a_flagged_account_is_visible_to_its_owner_only() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.follow(&bob, &ada).await;
    fixture.use_up(&[used(&ada, 0, 9)]).await;
    fixture.refresh().await;
    fixture.flag(&ada, Some(NOW + Duration::HOUR)).await;
    fixture.refresh().await;
    let days = HistoryDays::new(30).expect("days");
    for (at, shown) in [(NOW, 0), (NOW + Duration::HOUR, 1)] {
        for (viewer, shown) in [(None, shown), (Some(bob.id), shown), (Some(ada.id), 1)] {
            let look = fixture.profiles().visible(&ada.username, viewer).await.expect("a profile");
            let history = fixture.leaderboard_at(at).history(&look, Period::All, SortBy::Tokens, days).await;
            assert_eq!(history.expect("no secret").len(), shown, "{at} {viewer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gaps_of_hidden_accounts_are_found_with_a_slow_clock() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    let (cyd, dee) = (fixture.create_user("cyd", None).await, fixture.create_user("dee", None).await);
    fixture.use_up(&[used(&ada, 0, 9), used(&bob, 0, 7), used(&cyd, 0, 5), used(&dee, 0, 3)]).await;
    fixture.refresh().await;
    let behind = NOW - Duration::minutes(59);
    let hide = format!(
        "UPDATE users SET is_public = false, updated_at = '{behind}' WHERE id = '{}';
         UPDATE users SET updated_at = '2026-01-01', deleted_at = '{behind}' WHERE id = '{}';
         INSERT INTO account_flags (id, user_id, reason, created_at) VALUES ('{}', '{}', 'no', '{behind}')",
        ada.id, bob.id, bob.id, cyd.id
    );
    fixture.run(&hide).await;
    let part = BoardSlice { limit: 1, offset: 0 };
    let board = fixture.leaderboard().board(&by_tokens(), part, None).await.expect("a board");
    assert_eq!((board.total, board.entries.iter().map(line).collect::<Vec<_>>()), (1, vec!["4 dee 3".to_owned()]));
}
