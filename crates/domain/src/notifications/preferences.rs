//! Preferences: the channels of each kind of notification.

use std::collections::BTreeMap;

use super::notification::NotificationKind;

/// The channels of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channels {
    /// The list of notifications.
    pub in_app: bool,
    /// The email address.
    pub email: bool,
}

impl Channels {
    /// The default: all kinds in the app, and by email those that lose their use when they are read late. One email per
    /// achievement would be too many.
    pub const fn of(kind: NotificationKind) -> Self {
        use NotificationKind::{FollowRequest, StreakAtRisk, WeeklySummary};
        Self { in_app: true, email: matches!(kind, WeeklySummary | StreakAtRisk | FollowRequest) }
    }
}

/// The channels of each kind: [`Channels::of`], unless the account has chosen otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preferences(BTreeMap<NotificationKind, Channels>);

impl Preferences {
    pub fn iter(&self) -> impl Iterator<Item = (NotificationKind, Channels)> {
        NotificationKind::ALL.into_iter().map(|kind| (kind, self.of(kind)))
    }

    pub fn of(&self, kind: NotificationKind) -> Channels {
        self.0.get(&kind).copied().unwrap_or(Channels::of(kind))
    }
}

impl FromIterator<(NotificationKind, Channels)> for Preferences {
    /// From the account's own choices.
    fn from_iter<I: IntoIterator<Item = (NotificationKind, Channels)>>(chosen: I) -> Self {
        Self(chosen.into_iter().collect())
    }
}

/// A change of the channels of one kind; `None` keeps the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChannelsChange {
    pub in_app: Option<bool>,
    pub email: Option<bool>,
}

/// A change of preferences; absent kinds keep their value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PreferencesChange(BTreeMap<NotificationKind, ChannelsChange>);

impl PreferencesChange {
    /// The changes of both channels. The last one counts if a kind is repeated.
    pub fn of(
        in_app: impl IntoIterator<Item = (NotificationKind, bool)>,
        email: impl IntoIterator<Item = (NotificationKind, bool)>,
    ) -> Self {
        let mut changes = BTreeMap::<_, ChannelsChange>::new();
        for (kind, wanted) in in_app {
            changes.entry(kind).or_default().in_app = Some(wanted);
        }
        for (kind, wanted) in email {
            changes.entry(kind).or_default().email = Some(wanted);
        }
        Self(changes)
    }

    /// The changed kinds, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (NotificationKind, ChannelsChange)> {
        self.0.iter().map(|(kind, change)| (*kind, *change))
    }
}

#[cfg(test)]
mod tests {
    use super::NotificationKind::{
        AchievementUnlocked, FollowRequest, LeaderboardRank, LevelUp, NewFollower, StreakAtRisk, WeeklySummary,
    };
    use super::*;

    #[test]
    fn preferences_default_is_in_app_and_few_by_email() {
        for (kind, email) in [
            (AchievementUnlocked, false),
            (LevelUp, false),
            (LeaderboardRank, false),
            (StreakAtRisk, true),
            (WeeklySummary, true),
            (NewFollower, false),
            (FollowRequest, true),
        ] {
            assert_eq!(Preferences::default().of(kind), Channels { in_app: true, email }, "{kind:?}");
        }
    }

    #[test]
    fn preferences_chosen_kind_does_not_affect_others() {
        let chosen = [(LevelUp, Channels { in_app: false, email: true })];
        let preferences: Preferences = chosen.into_iter().collect();
        let unusual: Vec<_> = preferences.iter().filter(|(kind, channels)| *channels != Channels::of(*kind)).collect();
        assert_eq!(unusual, chosen);
        assert_eq!(preferences.iter().map(|(kind, _)| kind).collect::<Vec<_>>(), NotificationKind::ALL);
    }

    #[test]
    fn preferences_change_merges_channels_per_kind() {
        let change = |in_app, email| ChannelsChange { in_app, email };
        for (in_app, email, changes) in [
            (vec![], vec![], vec![]),
            (vec![(LevelUp, false)], vec![], vec![(LevelUp, change(Some(false), None))]),
            (vec![(LevelUp, false)], vec![(LevelUp, true)], vec![(LevelUp, change(Some(false), Some(true)))]),
            (vec![(LevelUp, false), (LevelUp, true)], vec![], vec![(LevelUp, change(Some(true), None))]),
            (
                vec![(NewFollower, true)],
                vec![(AchievementUnlocked, false)],
                vec![(AchievementUnlocked, change(None, Some(false))), (NewFollower, change(Some(true), None))],
            ),
        ] {
            let of = PreferencesChange::of(in_app.clone(), email.clone());
            assert_eq!(of.iter().collect::<Vec<_>>(), changes, "{in_app:?} {email:?}");
        }
    }
}
