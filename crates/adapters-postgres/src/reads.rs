//! The readers of projections: each is the pool itself.

use domain::achievements::ports::AchievementReader;
use domain::administration::ports::AdministrationReader;
use domain::dashboard::ports::DashboardReader;
use domain::insights::ports::{InsightReader, WeeklyReader};
use domain::leaderboard::ports::LeaderboardReader;
use domain::notifications::ports::NotificationReader;
use domain::plausibility::ports::PlausibilityReader;
use domain::portability::ports::ExportReader;
use domain::pricing::ports::PriceReader;
use domain::projects::ports::ProjectReader;
use domain::referrals::ports::ReferralReader;
use domain::social::ports::{FeedReader, FollowReader};
use domain::store::Reads;
use domain::streaks::ports::StreakReader;
use domain::usage::ports::{SyncStateReader, UnpricedReader};
use domain::users::ports::ProfileReader;

use crate::database::Database;

macro_rules! reads {
    ($($name:ident: $port:ident),+ $(,)?) => {
        impl Reads for Database {
            $(fn $name(&self) -> &dyn $port {
                self
            })+
        }
    };
}

reads! {
    profiles: ProfileReader,
    dashboard: DashboardReader,
    achievements: AchievementReader,
    streaks: StreakReader,
    leaderboard: LeaderboardReader,
    follows: FollowReader,
    feed: FeedReader,
    notifications: NotificationReader,
    referrals: ReferralReader,
    projects: ProjectReader,
    insights: InsightReader,
    weekly: WeeklyReader,
    prices: PriceReader,
    sync_state: SyncStateReader,
    unpriced: UnpricedReader,
    plausibility: PlausibilityReader,
    administration: AdministrationReader,
    exports: ExportReader,
}
