//! What a rank earns: once, and for good.

use super::community::used;
use crate::common::{Fixture, fixture};
use domain::leaderboard::ranking::Used;
use domain::users::User;

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
async fn a_rank_is_announced_once_and_a_better_one_again() {
    let fixture = fixture();
    let mut people = Vec::new();
    for number in 0..12 {
        people.push(fixture.person(&format!("person{number}"), None).await);
    }
    let hidden = fixture.private_person("hidden").await;
    let mut rows: Vec<Used> = people.iter().zip(1..).map(|(user, number)| used(user, 1, 1000 - number)).collect();
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

    // Nothing new, nothing told.
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
async fn what_a_crash_left_out_the_next_refresh_does() {
    let fixture = fixture();
    let (ada, bob) = (fixture.person("ada", None).await, fixture.person("bob", None).await);
    fixture.use_up(&[used(&ada, 0, 9), used(&bob, 0, 5)]).await;
    // Bob's part fails: ranks are kept, Ada has hers.
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
    fixture.run("DROP TRIGGER trap ON progress_events").await;
    assert_eq!(fixture.leaderboard().refresh().await.expect("a refresh").settled, 2);
    assert!(!earned(&fixture, &ada).await.is_empty() && !earned(&fixture, &bob).await.is_empty());
}
