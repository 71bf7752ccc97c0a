//! Emails: queued with their notification, for their account, once.

use domain::identity::{Email, PasswordHash};
use domain::ids::{NotificationId, UserId};
use domain::jobs::Job;
use domain::mail::{EmailJob, EmailSubject};
use domain::notifications::{Channels, Notification, NotificationContent, NotificationKind, PreferencesChange};
use domain::store::Store;
use domain::users::User;
use time::Duration;
use uuid::Uuid;

use crate::common::{Fixture, NOW, fixture};

fn content(kind: NotificationKind, subject: &str) -> NotificationContent {
    let data = vec![("level", 7_u64.into()), ("title", "Adept".into())];
    NotificationContent {
        kind,
        title: "News".into(),
        message: "There is \"news\".".into(),
        data,
        subject: subject.to_owned(),
    }
}

/// A database of which emails go out.
fn sending() -> Fixture {
    let Fixture { store, database } = fixture();
    Fixture { store: store.with_email(true), database }
}

impl Fixture {
    /// Tells `user` all of this in one statement; returns how many of it the inbox took.
    async fn tell_by_mail(&self, user: UserId, news: Vec<NotificationContent>) -> u64 {
        let notifications: Vec<_> = (news.into_iter())
            .map(|content| Notification { id: NotificationId(Uuid::now_v7()), user, content, created_at: NOW })
            .collect();
        let mut tx = self.store.begin().await.expect("a transaction");
        let (queries, before) = (self.store.queries(), self.store.queries().statements());
        let count = tx.notifications().insert(user, &notifications).await.expect("it is told");
        assert_eq!(queries.statements() - before, 1, "an email costs no further statement");
        tx.commit().await.expect("a commit");
        count
    }

    async fn verify(&self, user: &User) {
        let mut tx = self.store.begin().await.expect("a transaction");
        let email = user.email.as_ref().expect("an address");
        assert!(tx.users().verify_email(user.id, email, NOW).await.expect("an answer"));
        tx.commit().await.expect("a commit");
    }

    async fn verified(&self, name: &str) -> User {
        let user = self.create_user(name, None).await;
        self.verify(&user).await;
        user
    }

    /// The keys of the emails that wait, in their order.
    async fn emails(&self) -> Vec<String> {
        let rows =
            self.client().await.query("SELECT idempotency_key FROM jobs WHERE queue = 'mail' ORDER BY 1", &[]).await;
        rows.expect("keys").iter().map(|row| row.get(0)).collect()
    }

    async fn want(&self, user: &User, kind: NotificationKind, channels: Channels) {
        let mut tx = self.store.begin().await.expect("a transaction");
        let change = PreferencesChange::of([(kind, channels.in_app)], [(kind, channels.email)]);
        tx.notifications().change_preferences(user.id, &change).await.expect("a change");
        tx.commit().await.expect("a commit");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn email_is_queued_with_its_notification_once() {
    use domain::jobs::JobKind;
    use domain::jobs::JobStore;
    use domain::jobs::ports::Capacity;
    let fixture = sending();
    let ada = fixture.verified("ada").await;
    let news = || NotificationKind::ALL.map(|kind| content(kind, "x")).to_vec();
    assert_eq!(fixture.tell_by_mail(ada.id, news()).await, 7);
    let key = |kind: &str| format!("{kind}:x:{}", ada.id);
    let expected = ["follow_request", "streak_at_risk", "weekly_summary"].map(key);
    assert_eq!(fixture.emails().await, expected);
    assert_eq!(fixture.tell_by_mail(ada.id, news()).await, 0);
    assert_eq!(fixture.emails().await, expected, "nothing is sent twice");
    // Long after the jobs of the emails were pruned.
    let client = fixture.client().await;
    client.batch_execute("CREATE TABLE kept AS TABLE jobs; DELETE FROM jobs").await.expect("gone");
    fixture.tell_by_mail(ada.id, news()).await;
    assert_eq!(fixture.emails().await, Vec::<String>::new(), "what the inbox knows is no news");
    client.batch_execute("INSERT INTO jobs TABLE kept").await.expect("back again");

    let all = Capacity { total: 9, by_kind: vec![(JobKind::Mail, 9)] };
    let taken = fixture.store.take("w", &all, NOW, std::time::Duration::from_mins(1)).await.expect("jobs");
    assert_eq!(taken.len(), 3);
    for job in taken {
        assert_eq!((job.attempts, job.kind), (JobKind::Mail.attempts(), JobKind::Mail));
        let Ok(Job::Mail(EmailJob { id, to, about: EmailSubject::News(news) })) = job.job else { panic!("{job:?}") };
        assert_eq!((id, to), (job.id, ada.id));
        assert_eq!((news.title.as_str(), news.message.as_str()), ("News", "There is \"news\"."));
        let mut facts = news.facts;
        facts.sort_by(|(one, _), (other, _)| one.cmp(other));
        let expected = [("level".to_owned(), 7_u64.into()), ("title".to_owned(), "Adept".into())];
        assert_eq!(facts, expected, "particulars may be called like what an email has itself");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn email_goes_only_to_the_verified_address_that_wants_it() {
    use NotificationKind::{FollowRequest, LevelUp};
    let fixture = sending();
    let unverified = fixture.create_user("una", None).await;
    let deleted = fixture.verified("gone").await;
    fixture.users_at(NOW).leave(deleted.id).await.expect("gone");
    let without_email = User { email: None, email_verified: true, ..crate::common::test_user("nobody") };
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.users().insert(&without_email, None).await.expect("an account");
    tx.commit().await.expect("a commit");
    for user in [&unverified, &deleted, &without_email] {
        fixture.tell_by_mail(user.id, vec![content(FollowRequest, "x")]).await;
        assert_eq!(fixture.emails().await, Vec::<String>::new(), "{}", user.username);
    }

    let wishes =
        [(FollowRequest, false, true), (FollowRequest, true, false), (LevelUp, true, true), (LevelUp, false, true)];
    for (number, (kind, in_app, email)) in wishes.into_iter().enumerate() {
        let ada = fixture.verified(&format!("ada{number}")).await;
        fixture.want(&ada, kind, Channels { in_app, email }).await;
        let before = fixture.emails().await.len();
        assert_eq!(fixture.tell_by_mail(ada.id, vec![content(kind, "x")]).await, u64::from(in_app), "{kind:?}");
        assert_eq!(fixture.emails().await.len() - before, usize::from(email), "{kind:?} {in_app} {email}");
        fixture.tell_by_mail(ada.id, vec![content(kind, "x")]).await;
        assert_eq!(
            fixture.emails().await.len() - before,
            usize::from(email),
            "once, also where the inbox keeps nothing"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn email_is_not_queued_without_mail_or_commit() {
    let fixture = fixture();
    let ada = fixture.verified("ada").await;
    assert_eq!(fixture.tell_by_mail(ada.id, vec![content(NotificationKind::FollowRequest, "x")]).await, 1);
    assert_eq!(fixture.emails().await, Vec::<String>::new());
    let store = fixture.store.clone().with_email(true);
    let notification = Notification {
        id: NotificationId(Uuid::now_v7()),
        user: ada.id,
        content: content(NotificationKind::FollowRequest, "y"),
        created_at: NOW,
    };
    let mut tx = store.begin().await.expect("a transaction");
    assert_eq!(tx.notifications().insert(ada.id, &[notification]).await.expect("it is told"), 1);
    drop(tx);
    assert_eq!(fixture.emails().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn address_is_verified_only_for_its_present_owner() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let own = ada.email.clone().expect("an address");
    let verify = async |email: &Email| {
        let mut tx = fixture.store.begin().await.expect("a transaction");
        let later = NOW + Duration::MINUTE;
        let verified = tx.users().verify_email(ada.id, email, later).await.expect("an answer");
        tx.commit().await.expect("a commit");
        let mut tx = fixture.store.begin().await.expect("a transaction");
        let found = tx.users().find_with_password(ada.id).await.expect("an answer");
        (verified, found.map(|(user, _)| (user.email_verified, user.updated_at == later)))
    };
    assert_eq!(verify(&Email::trusted("old@example.org")).await, (false, Some((false, false))));
    assert_eq!(verify(&own).await, (true, Some((true, true))));
    assert_eq!(verify(&own).await, (true, Some((true, true))));
    fixture.users_at(NOW).leave(ada.id).await.expect("gone");
    assert_eq!(verify(&own).await, (false, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn account_is_found_with_its_password() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let find = async |id| {
        let mut tx = fixture.store.begin().await.expect("a transaction");
        tx.users().find_with_password(id).await.expect("an answer")
    };
    assert_eq!(find(ada.id).await.map(|(user, hash)| (user.id, hash)), Some((ada.id, None)));
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.users().set_password(ada.id, PasswordHash("hash".into())).await.expect("a password");
    tx.commit().await.expect("a commit");
    assert_eq!(find(ada.id).await.and_then(|(_, hash)| hash), Some(PasswordHash("hash".into())));
    assert!(find(UserId(Uuid::now_v7())).await.is_none());
}
