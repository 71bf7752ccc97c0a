//! Names are bounded: of a request, of an account, and in what is read.

use domain::dashboard::MOST_LISTED;
use domain::days::Period;
use domain::usage::room::{MOST_MACHINES, MOST_MODELS, MOST_MODELS_A_REQUEST, MOST_SOURCES};
use domain::usage::testing::{batch, sent};
use domain::usage::{MachineId, ModelName, SentMessage, Source, SyncBatch, SyncReport, UsageSelection};
use domain::users::{User, ViewedProfile};

use crate::common::{Fixture, fixture};

/// One message of each of the models `models`.
fn of_models(models: std::ops::Range<usize>) -> SyncBatch {
    let message = |n: usize| SentMessage { model: ModelName::trusted(format!("model-{n}")), ..sent(&format!("m{n}")) };
    batch(models.map(message).collect())
}

fn counts(report: &SyncReport) -> (usize, usize) {
    (report.new, report.rejected)
}

fn reasons(report: &SyncReport) -> Vec<&'static str> {
    let mut reasons: Vec<_> = report.rejections.iter().map(|rejection| rejection.reason.code()).collect();
    reasons.dedup();
    reasons
}

impl Fixture {
    async fn sync_batch(&self, user: &User, batch: SyncBatch) -> SyncReport {
        self.usage().sync(user.id, batch).await.expect("a sync")
    }

    async fn count(&self, table: &str) -> i64 {
        let query = format!("SELECT count(*) FROM {table}");
        self.client().await.query_one(&query, &[]).await.expect("a row").get(0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn model_names_are_limited_by_request_and_account() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let first = fixture.sync_batch(&ada, of_models(0..MOST_MODELS_A_REQUEST + 50)).await;
    assert_eq!(counts(&first), (MOST_MODELS_A_REQUEST, 50));
    assert_eq!((reasons(&first), first.unpriced_models.len()), (vec!["too_many_models"], 100));

    for start in [1_000, 2_000, 3_000] {
        assert_eq!(counts(&fixture.sync_batch(&ada, of_models(start..start + 1_000)).await), (1_000, 0));
    }
    assert_eq!(counts(&fixture.sync_batch(&ada, of_models(4_000..4_990)).await), (990, 0));
    // Ten more fit; what the account has already fits always.
    let last = fixture.sync_batch(&ada, of_models(4_980..5_020)).await;
    assert_eq!((counts(&last), last.duplicates), ((10, 20), 10));
    assert_eq!(fixture.count("models").await, i64::try_from(MOST_MODELS).expect("few"), "no name is made in vain");
    assert!(fixture.usage().rebuild(ada.id).await.expect("a rebuild").is_clean());

    let listed = fixture.dashboard().models(&ViewedProfile::own(ada.clone()), Period::All).await.expect("models");
    assert_eq!((listed.items.len(), listed.total), (MOST_LISTED as usize, 5_000));
    assert_eq!(listed.tokens, 5_000 * 20);

    // Another account is not concerned, and deleted usage frees the names.
    let bob = fixture.create_user("bob", None).await;
    assert_eq!(counts(&fixture.sync_batch(&bob, of_models(5_000..5_010)).await), (10, 0));
    fixture.usage().forget(ada.id, &UsageSelection::default()).await.expect("it is gone");
    assert_eq!(counts(&fixture.sync_batch(&ada, of_models(5_010..5_020)).await), (10, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_and_machines_of_an_account_are_limited() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    fixture.sync_batch(&ada, batch(vec![sent("first")])).await;
    let most = [MOST_SOURCES, MOST_MACHINES].map(|most| i64::try_from(most).expect("few"));
    fixture
        .run(&format!(
            "INSERT INTO sources (name) SELECT 'tool-' || n FROM generate_series(2, {}) AS n;
             INSERT INTO account_names (user_key, kind, name_key)
             SELECT users.key, 1, sources.key FROM users, sources WHERE sources.name LIKE 'tool-%';
             INSERT INTO machines (user_key, name, last_synced_at)
             SELECT users.key, 'machine-' || n, now() FROM users, generate_series(2, {}) AS n;",
            most[0], most[1]
        ))
        .await;

    let from = |tool: &str, machine: &str, id: &str| SyncBatch {
        source: Source::trusted(tool),
        machine: MachineId::trusted(machine),
        ..batch(vec![sent(id)])
    };
    let known = fixture.sync_batch(&ada, from("tool-2", "machine-2", "a")).await;
    assert_eq!(counts(&known), (1, 0));
    let another_tool = fixture.sync_batch(&ada, from("another", "machine-2", "b")).await;
    assert_eq!((counts(&another_tool), reasons(&another_tool)), ((0, 1), vec!["too_many_sources"]));
    let another_machine = fixture.sync_batch(&ada, from("tool-2", "another", "b")).await;
    assert_eq!((counts(&another_machine), reasons(&another_machine)), ((0, 1), vec!["too_many_machines"]));
    assert_eq!([fixture.count("sources").await, fixture.count("machines").await], most);

    let machines = fixture.dashboard().machines(ada.id).await.expect("machines");
    assert_eq!((machines.items.len(), machines.total, machines.tokens), (500, 1_000, 40));
}
