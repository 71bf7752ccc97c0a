//! What somebody wants to be told, and where.

use std::collections::BTreeMap;

use super::notification::NotificationKind;

/// Where news of one kind goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channels {
    /// Into the inbox.
    pub in_app: bool,
    /// To the e-mail address.
    pub email: bool,
}

impl Channels {
    /// Where news of `kind` goes until its owner says otherwise: into the inbox, and by e-mail what is of little use when it
    /// is found later. Nobody wants an email for each achievement.
    pub const fn of(kind: NotificationKind) -> Self {
        use NotificationKind::{FollowRequest, StreakAtRisk, WeeklySummary};
        Self { in_app: true, email: matches!(kind, WeeklySummary | StreakAtRisk | FollowRequest) }
    }
}

/// What somebody wants to be told: of each kind what [`Channels::of`] says, unless they said otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preferences(BTreeMap<NotificationKind, Channels>);

impl Preferences {
    /// Every kind and where its news goes.
    pub fn iter(&self) -> impl Iterator<Item = (NotificationKind, Channels)> {
        NotificationKind::ALL.into_iter().map(|kind| (kind, self.of(kind)))
    }

    /// Where news of `kind` goes.
    pub fn of(&self, kind: NotificationKind) -> Channels {
        self.0.get(&kind).copied().unwrap_or(Channels::of(kind))
    }
}

impl FromIterator<(NotificationKind, Channels)> for Preferences {
    /// What was said of some kinds.
    fn from_iter<I: IntoIterator<Item = (NotificationKind, Channels)>>(said: I) -> Self {
        Self(said.into_iter().collect())
    }
}

/// What is to be changed of one kind; what is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChannelsChange {
    /// Whether its news goes into the inbox.
    pub in_app: Option<bool>,
    /// Whether its news goes to the e-mail address.
    pub email: Option<bool>,
}

/// What is to be changed of somebody's preferences; kinds that are not in it stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PreferencesChange(BTreeMap<NotificationKind, ChannelsChange>);

impl PreferencesChange {
    /// Sets what is said of each kind for the inbox and for e-mail; of what is said twice the last counts.
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

    /// The kinds that are changed, in their order.
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
    fn what_nobody_said_anything_of_is_told_in_the_application_and_little_of_it_by_mail() {
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
    fn what_somebody_said_stays_and_says_nothing_of_other_kinds() {
        let said = [(LevelUp, Channels { in_app: false, email: true })];
        let preferences: Preferences = said.into_iter().collect();
        let unusual: Vec<_> = preferences.iter().filter(|(kind, channels)| *channels != Channels::of(*kind)).collect();
        assert_eq!(unusual, said);
        assert_eq!(preferences.iter().map(|(kind, _)| kind).collect::<Vec<_>>(), NotificationKind::ALL);
    }

    #[test]
    fn a_change_names_each_kind_once_and_leaves_open_what_is_not_said() {
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
