//! Models are counted by their canonical names, wherever they are counted.

use std::sync::Arc;

use domain::days::Period;
use domain::days::Window;
use domain::ids::UserId;
use domain::leaderboard::{BoardKind, BoardScope};
use domain::pricing::{CurrentBook, ModelNaming, PriceBook, line};
use domain::store::Store;
use domain::usage::testing::{batch, sent};
use domain::usage::{ModelName, Provider, SentMessage, SyncBatch};

use crate::common::{Fixture, NOW, fixture};
use crate::leaderboard::community::{of_kind, of_scope};

/// One model as tools and providers spell it, with the provider.
const SPELLINGS: [(&str, &str); 10] = [
    ("claude-opus-4-5", ""),
    ("claude-opus-4.5", "github-copilot"),
    ("claude-opus-4-5", "anthropic"),
    ("claude-4.5-opus-high-thinking", ""),
    ("claude-opus-4-5-20251101", ""),
    ("claude-opus-4-5[1m]", ""),
    ("anthropic/claude-opus-4.5", "openrouter"),
    ("us.anthropic.claude-opus-4-5-20251101-v1:0", ""),
    ("antigravity-claude-opus-4-5-thinking", ""),
    ("anthropic:claude-opus-4-5 (xhigh)", ""),
];

impl Fixture {
    /// Stores a message of each of `models` (name and provider) for `user`.
    async fn uses(&self, user: UserId, models: &[(&str, &str)]) {
        let message = |(n, (name, provider)): (usize, &(&str, &str))| SentMessage {
            at: NOW,
            model: ModelName::trusted(*name),
            provider: Provider::parse(provider),
            input: 100,
            ..sent(&format!("{n} {name} {provider}"))
        };
        let messages: SyncBatch = batch(models.iter().enumerate().map(message).collect());
        self.usage().sync(user, messages).await.expect("a sync");
    }

    /// How many models `user` used: on the overview, for achievements, on one day, and on the board for variety.
    async fn models_of(&self, user: UserId) -> [u32; 4] {
        self.refresh().await;
        let dashboard = self.dashboard();
        let look = self.own(user).await;
        let overview = dashboard.overview(&look).await.expect("an overview");
        let mut tx = self.store.begin().await.expect("a transaction");
        let facts = tx.progress().facts(Window::month(user, NOW.date())).await.expect("facts").expect("an account");
        let usage = facts.0.usage;
        let board = self.board(&of_kind(BoardKind::Diverse, Period::All), None).await;
        let entry = board.entries.iter().find(|entry| entry.user == user).expect("an entry");
        let on_board = entry.standing.score.rounded().parse().expect("a number");
        [overview.models, u32::try_from(usage.models.len()).expect("few"), usage.models_in_a_day, on_board]
    }

    /// What is stored of models: name and canonical name.
    async fn canonical_names(&self) -> Vec<(String, Option<String>)> {
        let rows = self.client().await.query("SELECT name, canonical FROM models ORDER BY name, provider", &[]).await;
        rows.expect("rows").iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn model_in_ten_spellings_counts_as_one() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", Some("UTC")).await.id;
    fixture.uses(ada, &SPELLINGS).await;
    assert_eq!(fixture.models_of(ada).await, [1; 4]);
    fixture.uses(ada, &[("house-9", ""), ("house-9-thinking", "ollama"), ("house-10", ""), ("gpt-5.2", "")]).await;
    assert_eq!(fixture.models_of(ada).await, [4; 4], "models that no table lists count by their own names");

    let look = fixture.own(ada).await;
    let listed = fixture.dashboard().models(&look, Period::All).await.expect("models");
    assert_eq!(listed.items.len(), 9 + 4, "lists show the names as they were sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn board_of_a_model_covers_all_its_spellings() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", Some("UTC")).await.id;
    fixture.uses(ada, &SPELLINGS).await;
    fixture.refresh().await;
    for model in ["claude-opus-4-5", "claude-4.5-opus-high-thinking", "claude-opus-4-5[1m]"] {
        let scope = of_scope(BoardScope::Model(ModelName::trusted(model)));
        assert_eq!(fixture.lines(&scope, None).await, ["1 ada 1100"], "{model}");
    }
    assert!(fixture.lines(&of_scope(BoardScope::Model(ModelName::trusted("claude-9"))), None).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_models_with_another_book_are_renamed_and_counted_so() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", Some("UTC")).await.id;
    fixture.uses(ada, &[("kimi-99", ""), ("kimi-99-thinking", "")]).await;
    assert_eq!(fixture.models_of(ada).await, [1; 4], "a mark that clients add");

    let rows = line::rows("moonshot/kimi-99-thinking moonshot 2026-01-01 in=1 out=1").map(|row| row.expect("a row"));
    let prices = Arc::new(CurrentBook::new(PriceBook::shipped_with(rows.collect())));
    let naming = ModelNaming::new(Arc::new(fixture.store.clone()), Arc::clone(&prices));
    assert_eq!(naming.run().await.expect("names"), 1);
    assert_eq!(naming.run().await.expect("names"), 0);
    assert_eq!(fixture.models_of(ada).await, [2; 4], "a model of its own");

    fixture.run("UPDATE models SET canonical = NULL").await;
    assert_eq!(fixture.models_of(ada).await, [2; 4], "names of before count as they are");
    assert_eq!(naming.run().await.expect("names"), 2);

    fixture.store.name_models_by(prices);
    fixture.uses(ada, &[("antigravity-kimi-99-thinking", "")]).await;
    let kimi = |name: &str| (name.to_owned(), Some("kimi-99-thinking".to_owned()));
    let expected = [
        kimi("antigravity-kimi-99-thinking"),
        ("kimi-99".to_owned(), Some("kimi-99".to_owned())),
        kimi("kimi-99-thinking"),
    ];
    assert_eq!(fixture.canonical_names().await, expected);
}
