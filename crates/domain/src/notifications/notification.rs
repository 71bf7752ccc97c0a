//! A notification: its kind, its text, and the key that prevents a second one for the same event.

use time::{Date, OffsetDateTime};

use crate::achievements::Unlock;
use crate::ids::{NotificationId, UserId};
use crate::payload::Payload;
use crate::progression::Level;
use crate::social::unlock_data;
use crate::users::User;

/// The kinds of notifications. An account can switch each of them off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotificationKind {
    /// An achievement was unlocked, or a higher tier of it reached.
    AchievementUnlocked,
    LevelUp,
    /// A rank among the first 100, 10 or 1 was reached.
    LeaderboardRank,
    /// A streak ends at midnight.
    StreakAtRisk,
    /// The summary of the last week.
    WeeklySummary,
    /// The account has a new follower.
    NewFollower,
    /// The account has a request to follow it.
    FollowRequest,
}

impl NotificationKind {
    pub const ALL: [Self; 7] = [
        Self::AchievementUnlocked,
        Self::LevelUp,
        Self::LeaderboardRank,
        Self::StreakAtRisk,
        Self::WeeklySummary,
        Self::NewFollower,
        Self::FollowRequest,
    ];

    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::AchievementUnlocked => "achievement_unlocked",
            Self::LevelUp => "level_up",
            Self::LeaderboardRank => "leaderboard_rank",
            Self::StreakAtRisk => "streak_at_risk",
            Self::WeeklySummary => "weekly_summary",
            Self::NewFollower => "new_follower",
            Self::FollowRequest => "follow_request",
        }
    }
}

/// A notification for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    pub id: NotificationId,
    /// The recipient.
    pub user: UserId,
    pub content: NotificationContent,
    pub created_at: OffsetDateTime,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationContent {
    pub kind: NotificationKind,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub message: String,
    pub data: Payload,
    /// Identifies the event within the kind: an account gets one notification per subject.
    pub subject: String,
}

impl NotificationContent {
    /// The key that is unique per account: `kind:subject`.
    pub fn dedup_key(&self) -> String {
        format!("{}:{}", self.kind.name(), self.subject)
    }

    /// An achievement was unlocked, or a higher tier of it reached.
    pub fn achievement_unlocked(unlock: &Unlock) -> Self {
        let (name, xp) = (unlock.definition.name, unlock.xp);
        let (title, tier) = match unlock.tier {
            Some(tier) => (format!("{name}: {} reached", tier.name()), tier.number()),
            None => (format!("{name} unlocked"), 0),
        };
        Self {
            kind: NotificationKind::AchievementUnlocked,
            title,
            message: format!("{} +{xp} XP", unlock.definition.description),
            data: unlock_data(unlock),
            subject: format!("{}:{tier}", unlock.definition.slug),
        }
    }

    pub fn level_up(level: Level) -> Self {
        let number = level.level;
        Self {
            kind: NotificationKind::LevelUp,
            title: format!("Level {number}"),
            message: format!("You have reached level {number}. Your title: {}.", level.title()),
            data: vec![("level", number.into()), ("title", level.title().into())],
            subject: number.to_string(),
        }
    }

    /// A streak of `days` days ends with `date` unless a message arrives.
    pub fn streak_at_risk(days: u32, date: Date) -> Self {
        Self {
            kind: NotificationKind::StreakAtRisk,
            title: format!("Your streak of {days} days ends at midnight"),
            message: "Nothing has arrived today. One message before midnight keeps the streak.".to_owned(),
            data: vec![("streak", days.into()), ("date", date.to_string().into())],
            subject: date.to_string(),
        }
    }

    /// The account is among the first `top` of the board of all time, with this `rank`.
    pub fn leaderboard_rank(top: u32, rank: u32) -> Self {
        let (title, place) = match top {
            1 => ("Number one".to_owned(), "number 1".to_owned()),
            _ => (format!("Top {top}"), format!("among the top {top}, at number {rank},")),
        };
        Self {
            kind: NotificationKind::LeaderboardRank,
            title,
            message: format!("You are {place} of the leaderboard of all time."),
            data: vec![("top", top.into()), ("rank", rank.into())],
            subject: top.to_string(),
        }
    }

    pub fn new_follower(follower: &User) -> Self {
        Self::about_follower(NotificationKind::NewFollower, "New follower", "follows you", follower)
    }

    pub fn follow_request(asking: &User) -> Self {
        Self::about_follower(NotificationKind::FollowRequest, "Follow request", "would like to follow you", asking)
    }

    fn about_follower(kind: NotificationKind, title: &str, does: &str, user: &User) -> Self {
        Self {
            kind,
            title: title.to_owned(),
            message: format!("{} {does}.", user.username),
            data: vec![("user_id", user.id.to_string().into()), ("username", user.username.as_str().into())],
            subject: user.id.to_string(),
        }
    }
}
