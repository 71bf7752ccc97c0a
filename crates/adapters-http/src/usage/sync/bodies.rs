//! The answer to a sync, and the examples of the document.

use domain::achievements::{Tier, Unlock};
use domain::usage::{AccountSummary, Rejection, SyncReport, Warning};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::json::Dollars;

/// The outcome of a sync: received = synced + duplicate + rejected.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SyncAnswer {
    success: bool,
    message: String,
    messages_received: usize,
    /// New and updated ones.
    messages_synced: usize,
    messages_updated: usize,
    messages_duplicate: usize,
    /// The duplicates of protocol 2 that a handover sets aside.
    messages_superseded: usize,
    messages_rejected: usize,
    /// The first hundred rejected messages.
    rejected: Vec<RejectedMessage>,
    /// The number of new and updated roll-up rows.
    records_processed: usize,
    new_records: usize,
    updated_records: usize,
    /// Models in the request without a price; the first hundred, by name.
    #[schema(max_items = 100)]
    unpriced_models: Vec<String>,
    /// Fields that could not be read, or are beyond a limit, and were ignored; usually none.
    warnings: Vec<SyncWarning>,
    stats: SyncStats,
    new_achievements: Vec<NewAchievement>,
}

/// A rejected message.
#[derive(Debug, Serialize, ToSchema)]
struct RejectedMessage {
    /// The index in the request, from 0.
    index: usize,
    id: String,
    reason: &'static str,
}

/// A field that was ignored.
#[derive(Debug, Serialize, ToSchema)]
struct SyncWarning {
    /// `field_ignored`, `too_many_projects`, or `handover_ignored`.
    code: &'static str,
    /// The field: `timezone`, or `messages[3].project` for the first message that has it.
    field: String,
    message: String,
}

impl From<Warning> for SyncWarning {
    fn from(warning: Warning) -> Self {
        let Warning { code, field, message } = warning;
        Self { code, field, message }
    }
}

/// The account's totals after the sync.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SyncStats {
    total_tokens: i64,
    total_cost: Dollars,
    current_streak: u32,
    longest_streak: u32,
    achievements_unlocked: u32,
    xp: u64,
    level: u64,
    title: &'static str,
    leveled_up: bool,
    /// The rank on the global board of all time; null without one.
    rank: Option<u64>,
}

/// An achievement that the sync unlocked.
#[derive(Debug, Serialize, ToSchema)]
struct NewAchievement {
    id: Uuid,
    slug: &'static str,
    name: &'static str,
    description: &'static str,
    category: &'static str,
    rarity: &'static str,
    /// The base reward.
    xp_reward: u64,
    /// The highest tier reached, from 1; null without tiers.
    tier: Option<u8>,
    icon_url: Option<String>,
}

impl From<Unlock> for NewAchievement {
    fn from(unlock: Unlock) -> Self {
        let definition = unlock.definition;
        Self {
            id: definition.id().0,
            slug: definition.slug,
            name: definition.name,
            description: definition.description,
            category: definition.category.name(),
            rarity: definition.rarity.name(),
            xp_reward: definition.rarity.xp(),
            tier: unlock.tier.map(Tier::number),
            icon_url: None,
        }
    }
}

impl From<SyncReport> for SyncAnswer {
    fn from(report: SyncReport) -> Self {
        Self {
            success: true,
            message: sentence(&report),
            messages_received: report.received,
            messages_synced: report.new + report.updated,
            messages_updated: report.updated,
            messages_duplicate: report.duplicates,
            messages_superseded: report.set_aside,
            messages_rejected: report.rejected,
            rejected: report.rejections.into_iter().map(RejectedMessage::from).collect(),
            records_processed: report.new_rollups + report.updated_rollups,
            new_records: report.new_rollups,
            updated_records: report.updated_rollups,
            unpriced_models: report.unpriced_models.iter().map(ToString::to_string).collect(),
            warnings: report.warnings.into_iter().map(SyncWarning::from).collect(),
            stats: SyncStats::of(report.standing, report.leveled_up),
            new_achievements: report.unlocks.into_iter().map(NewAchievement::from).collect(),
        }
    }
}

impl From<Rejection> for RejectedMessage {
    fn from(rejection: Rejection) -> Self {
        Self { index: rejection.index, id: rejection.id.into(), reason: rejection.reason.code() }
    }
}

impl SyncStats {
    fn of(standing: AccountSummary, leveled_up: bool) -> Self {
        let AccountSummary { tokens, cost, streak, level, achievements, rank } = standing;
        Self {
            total_tokens: tokens,
            total_cost: cost.into(),
            current_streak: streak.current,
            longest_streak: streak.longest,
            achievements_unlocked: achievements,
            xp: level.xp,
            level: level.level,
            title: level.title(),
            leveled_up,
            rank: rank.map(u64::from),
        }
    }
}

/// The outcome in words: "3 of 5 messages synced, 1 known already, 1 rejected. 12 messages of an earlier client were removed."
fn sentence(report: &SyncReport) -> String {
    let plural = if report.received == 1 { "" } else { "s" };
    let synced = format!("{} of {} message{plural} synced", report.new + report.updated, report.received);
    let rest = [(report.duplicates, "known already"), (report.rejected, "rejected")];
    let rest = rest.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let parts: Vec<String> = std::iter::once(synced).chain(rest).collect();
    let replaced = match report.handed_over {
        0 => String::new(),
        1 => " 1 message of an earlier client was removed.".to_owned(),
        count => format!(" {count} messages of an earlier client were removed."),
    };
    parts.join(", ") + "." + &replaced
}

/// A request for the API's document.
pub(super) fn request_example() -> Value {
    json!({
        "version": "2.0.0", "client": "burntop-cli", "machineId": "abcd1234", "syncedAt": "2026-11-22T12:34:56.789Z",
        "source": "claude-code", "timezone": "Europe/Berlin",
        "messages": [{
            "id": "0f9c2d", "timestamp": "2026-11-22T12:30:00.000Z", "model": "claude-sonnet-4-5-20250929",
            "inputTokens": 1_000, "outputTokens": 2_000, "cacheCreationTokens": 4_000, "cacheReadTokens": 30_000,
            "reasoningTokens": 0,
        }],
    })
}

/// An answer for the API's document.
pub(super) fn answer_example() -> Value {
    json!({
        "success": true, "message": "3 of 5 messages synced, 1 known already, 1 rejected.", "messagesReceived": 5,
        "messagesSynced": 3, "messagesUpdated": 1, "messagesDuplicate": 1, "messagesSuperseded": 0,
        "messagesRejected": 1,
        "rejected": [{"index": 4, "id": "0f9d", "reason": "timestamp_in_future"}],
        "recordsProcessed": 3, "newRecords": 2, "updatedRecords": 1, "unpricedModels": ["somebodys-model"],
        "warnings": [],
        "stats": {"totalTokens": 112_250, "totalCost": 0.3508, "currentStreak": 3, "longestStreak": 9,
                  "achievementsUnlocked": 5, "xp": 610, "level": 2, "title": "Novice", "leveledUp": true, "rank": null},
        "newAchievements": [{
            "id": "3f6d2f6e-0d1b-8c55-9a55-1c2d3e4f5a6b", "slug": "first-sync", "name": "First Light",
            "description": "Sync your first message.", "category": "onboarding", "rarity": "common", "xp_reward": 50,
            "tier": null, "icon_url": null,
        }],
    })
}
