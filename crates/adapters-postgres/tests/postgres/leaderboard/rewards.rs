//! What a rank earns: once, and for good.

use super::community::{by_tokens, used};
use crate::common::{Fixture, fixture};
use domain::ids::JobId;
use domain::jobs::JobAttempt;
use domain::leaderboard::ports::BestRank;
use domain::leaderboard::ranking::DayUsageByModel;
use domain::store::Store;
use domain::users::User;
use uuid::Uuid;

/// What `user` has of ranks: activities, notifications, marks and achievements by their XP event.
async fn earned(fixture: &Fixture, user: &User) -> Vec<String> {
    let text = "
        SELECT 'activity ' || (data ->> 'top') || ' at ' || (data ->> 'rank') FROM activities
        WHERE kind = 'rank_reached' AND user_id::text = $1
        UNION ALL SELECT dedup_key FROM notifications WHERE kind = 'leaderboard_rank' AND user_id::text = $1
        UNION ALL SELECT reason FROM progress_events WHERE user_id::text = $1 AND (reason LIKE 'rank:%' OR reason LIKE '%:top-%')
        ORDER BY 1";
    let rows = fixture.client().await.query(text, &[&user.id.to_string()]).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rank_is_announced_once_and_a_better_one_again() {
    let fixture = fixture();
    let mut people = Vec::new();
    for number in 0..12 {
        people.push(fixture.create_user(&format!("person{number}"), None).await);
    }
    let hidden = fixture.create_private_user("hidden").await;
    let mut rows: Vec<DayUsageByModel> =
        people.iter().zip(1..).map(|(user, number)| used(user, 1, 1000 - number)).collect();
    rows.push(used(&hidden, 1, 5000));
    fixture.use_up(&rows).await;
    let refreshed = fixture.leaderboard().refresh().await.expect("a refresh");
    assert_eq!(refreshed.settled, 12, "all but who is hidden");
    let first = earned(&fixture, &people[0]).await;
    let of_first = ["activity 1 at 1", "leaderboard_rank:1", "rank:1", "rank:10", "rank:100"];
    assert!(of_first.iter().all(|one| first.contains(&(*one).to_owned())), "{first:?}");
    assert!(first.contains(&"achievement:top-1:0".to_owned()) || first.len() > of_first.len(), "{first:?}");
    let last = earned(&fixture, &people[11]).await;
    assert!(last.contains(&"activity 100 at 12".to_owned()) && !last.contains(&"rank:10".to_owned()), "{last:?}");
    assert!(earned(&fixture, &hidden).await.is_empty());

    // Nothing new, no notification.
    assert_eq!(fixture.leaderboard().refresh().await.expect("a refresh").settled, 0);
    // The last becomes the first.
    fixture.use_up(&[used(&people[11], 0, 9000)]).await;
    assert_eq!(fixture.leaderboard().refresh().await.expect("a refresh").settled, 1);
    let last = earned(&fixture, &people[11]).await;
    let activities = last.iter().filter(|one| one.starts_with("activity")).count();
    assert_eq!(activities, 2, "{last:?}");
    assert_eq!(earned(&fixture, &people[0]).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn reward_that_fails_delays_no_other_and_is_caught_up() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.use_up(&[used(&ada, 0, 9), used(&bob, 0, 5)]).await;
    // Ada's part fails: ranks are kept, Bob has his.
    let trap = "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;";
    fixture.run(trap).await;
    let set = format!(
        "CREATE TRIGGER trap BEFORE INSERT ON progress_events FOR EACH ROW
         WHEN (NEW.user_id = '{}' AND NEW.reason = 'rank:1') EXECUTE FUNCTION trap()",
        ada.id
    );
    fixture.run(&set).await;
    assert!(fixture.leaderboard().refresh().await.is_err());
    assert!(earned(&fixture, &ada).await.is_empty());
    let of_bob = earned(&fixture, &bob).await;
    assert!(of_bob.contains(&"activity 10 at 2".to_owned()), "{of_bob:?}");
    fixture.run("DROP TRIGGER trap ON progress_events").await;
    assert_eq!(fixture.leaderboard().refresh().await.expect("a refresh").settled, 1);
    assert!(!earned(&fixture, &ada).await.is_empty());
    assert_eq!(earned(&fixture, &bob).await, of_bob);
}

/// The marks of the statements below.
const MARKS: [u32; 2] = [1, 10];

#[tokio::test(flavor = "multi_thread")]
async fn unsettled_accounts_are_paged_best_first() {
    let fixture = fixture();
    let mut rows = Vec::new();
    for number in 1..=12 {
        // Two share each rank.
        rows.push(used(&fixture.create_user(&format!("person{number}"), None).await, 1, 1000 - number / 2));
    }
    fixture.use_up(&rows).await;
    fixture.refresh().await;
    fixture.run("UPDATE best_ranks SET settled = NULL").await;
    let mut tx = fixture.store.begin().await.expect("a transaction");
    let all = tx.leaderboard().unsettled(&MARKS, None, 99).await.expect("people");
    assert_eq!(all.iter().map(|best| best.rank).collect::<Vec<_>>(), [1, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10]);
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = tx.leaderboard().unsettled(&MARKS, after, 2).await.expect("people");
        paged.extend(page.iter().copied());
        after = page.last().copied();
        if page.len() < 2 {
            break;
        }
    }
    assert_eq!(paged, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn rank_that_improves_during_settling_is_settled_again() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    fixture.use_up(&[used(&ada, 1, 9)]).await;
    fixture.refresh().await;
    fixture.run("UPDATE best_ranks SET rank = 7, settled = NULL").await;
    let mut tx = fixture.store.begin().await.expect("a transaction");
    let judged = tx.leaderboard().unsettled(&MARKS, None, 9).await.expect("people");
    assert_eq!(judged, [BestRank { user: ada.id, rank: 7 }]);
    fixture.run("UPDATE best_ranks SET rank = 1").await;
    tx.leaderboard().settled(judged[0]).await.expect("it is noted");
    let left = tx.leaderboard().unsettled(&MARKS, None, 9).await.expect("people");
    assert_eq!(left, [BestRank { user: ada.id, rank: 1 }]);
    tx.leaderboard().settled(left[0]).await.expect("it is noted");
    // A transaction that read it before settles later.
    tx.leaderboard().settled(judged[0]).await.expect("nothing to note");
    assert_eq!(tx.leaderboard().unsettled(&MARKS, None, 9).await.expect("people"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn reward_attempt_continues_after_the_previous_one() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.use_up(&[used(&ada, 1, 9), used(&bob, 1, 5)]).await;
    fixture.refresh().await;
    fixture.use_up(&[used(&bob, 0, 9)]).await;
    let attempt = |job: u128, number| Some(JobAttempt { job: JobId(Uuid::from_u128(job)), number });
    let climbed = async |attempt| {
        let refreshed = fixture.leaderboard().refresh_in(attempt).await.expect("a refresh");
        let bob = fixture.board(&by_tokens(), None).await.entries.remove(0);
        (refreshed.people, bob.standing.before)
    };
    assert_eq!(climbed(attempt(1, 1)).await, (Some(2), Some(2)));
    assert_eq!(climbed(attempt(1, 2)).await, (None, Some(2)), "he climbed since the hour before");
    assert_eq!(climbed(attempt(2, 2)).await, (Some(2), Some(1)), "the first attempt of the job ranked no account");
}
