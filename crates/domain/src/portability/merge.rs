//! Merges imported progress into an account: nothing is paid twice, and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};

use super::owned::{PastEvent, PastUnlock};
use crate::achievements::ports::{ProgressEvent, UnlockedAchievement};
use crate::achievements::{MOST_PINNED, ProgressEvents, Tier, find, find_by_slug};
use crate::ids::AchievementId;
use crate::progression::EventXp;

/// The rows to store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct MergedProgress {
    /// Unlocks that are new, or that improve a stored one.
    pub unlocks: Vec<PastUnlock>,
    /// New events.
    pub events: Vec<PastEvent>,
}

/// Merges `unlocks` and `events` into an account that has the unlocks `held` and the events `past`.
///
/// An event is kept once per reason (I5). An achievement pays by tiers, and the two accounts may have reached the same tier in
/// different steps. So if the account was already paid for an achievement, its imported events are dropped, and a higher tier pays
/// the difference by the catalogue. Pins fill the free places, in the order in which they were pinned.
pub(super) fn merge(
    held: &[UnlockedAchievement],
    past: &ProgressEvents,
    unlocks: Vec<PastUnlock>,
    events: Vec<PastEvent>,
) -> MergedProgress {
    let known: BTreeMap<AchievementId, &UnlockedAchievement> =
        held.iter().map(|unlocked| (unlocked.id, unlocked)).collect();
    let paid = |id| known.get(&id).map_or(0, |held| steps(held.tier)).max(paid_by(past, id));
    let mut merged = MergedProgress::default();
    let mut taken = BTreeSet::new();
    for past_event in events {
        let reason = &past_event.event.reason;
        let climbed_here = achievement(reason).is_some_and(|(id, _)| paid(id) > 0);
        if !climbed_here && !past.contains(reason) && taken.insert(reason.clone()) {
            merged.events.push(past_event);
        }
    }
    let mut free = MOST_PINNED.saturating_sub(held.iter().filter(|held| held.pinned).count());
    for mut unlock in once_each(unlocks) {
        let (before, after) = (paid(unlock.id), steps(unlock.tier));
        let definition = find(unlock.id).filter(|_| before > 0 && after > before);
        if let Some(definition) = definition {
            let reason = format!("achievement:{}:{}", definition.slug, unlock.tier.map_or(0, Tier::number));
            let xp = i64::try_from(definition.xp_between(before, after)).unwrap_or(0) * 100;
            if !past.contains(&reason) && taken.insert(reason.clone()) {
                merged.events.push(PastEvent { event: ProgressEvent { reason, xp: EventXp(xp) }, at: unlock.at });
            }
        }
        let here = known.get(&unlock.id);
        if here.is_some_and(|held| held.pinned) || free == 0 {
            unlock.pinned_at = None;
        }
        free -= usize::from(unlock.pinned_at.is_some());
        let says_more =
            here.is_none_or(|held| held.tier < unlock.tier || unlock.at < held.at || unlock.pinned_at.is_some());
        if says_more {
            merged.unlocks.push(unlock);
        }
    }
    merged
}

/// The number of thresholds that an unlock in `tier` has reached; 1 for an achievement without tiers.
fn steps(tier: Option<Tier>) -> usize {
    tier.map_or(1, |tier| usize::from(tier.number()))
}

/// The number of thresholds of `id` that `past` has paid for.
fn paid_by(past: &ProgressEvents, id: AchievementId) -> usize {
    let Some(definition) = find(id) else { return 0 };
    let paid = |tier: &usize| past.contains(&format!("achievement:{}:{tier}", definition.slug));
    (0..=Tier::ALL.len()).rev().find(paid).map_or(0, |tier| tier.max(1))
}

/// The achievement and tier that an event with `reason` paid for; `None` for other events.
fn achievement(reason: &str) -> Option<(AchievementId, u8)> {
    let (slug, tier) = reason.strip_prefix("achievement:")?.rsplit_once(':')?;
    Some((find_by_slug(slug)?.id(), tier.parse().ok()?))
}

/// One unlock per achievement, with the highest tier and the earliest instants. Pinned ones come first, in the order of their pins.
fn once_each(unlocks: Vec<PastUnlock>) -> Vec<PastUnlock> {
    let mut each = BTreeMap::<AchievementId, PastUnlock>::new();
    for unlock in unlocks {
        let kept = each.entry(unlock.id).or_insert(unlock);
        kept.tier = kept.tier.max(unlock.tier);
        kept.at = kept.at.min(unlock.at);
        kept.pinned_at = [kept.pinned_at, unlock.pinned_at].into_iter().flatten().min();
    }
    let mut each: Vec<PastUnlock> = each.into_values().collect();
    each.sort_by_key(|unlock| (unlock.pinned_at.is_none(), unlock.pinned_at, unlock.at));
    each
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime};

    use super::*;
    use crate::usage::testing::NOW;

    const EARLIER: OffsetDateTime = NOW.saturating_sub(Duration::DAY);

    fn id(slug: &str) -> AchievementId {
        find_by_slug(slug).expect("a definition").id()
    }

    fn held(slug: &str, tier: u8, pinned: bool) -> UnlockedAchievement {
        UnlockedAchievement { id: id(slug), tier: Tier::of(tier), at: NOW, pinned }
    }

    fn unlock(slug: &str, tier: u8) -> PastUnlock {
        PastUnlock { id: id(slug), tier: Tier::of(tier), at: NOW, pinned_at: None }
    }

    fn event(reason: &str, xp: i64) -> PastEvent {
        PastEvent { event: ProgressEvent { reason: reason.to_owned(), xp: EventXp(xp * 100) }, at: NOW }
    }

    fn past(events: &[(&str, i64)]) -> ProgressEvents {
        events.iter().map(|(reason, xp)| ((*reason).to_owned(), EventXp(xp * 100))).collect()
    }

    /// Reason and XP of the merged events.
    fn paid(merged: &MergedProgress) -> Vec<(&str, i64)> {
        merged.events.iter().map(|past| (past.event.reason.as_str(), past.event.xp.0 / 100)).collect()
    }

    #[test]
    fn merge_into_account_without_progress_keeps_everything_unchanged() {
        let unlocks = vec![unlock("first-sync", 0), unlock("token-stream", 3)];
        let events = vec![
            event("achievement:first-sync:0", 50),
            event("achievement:token-stream:1", 50),
            event("achievement:token-stream:3", 300),
            event("level:2", 0),
            event("achievement:of-another-release:0", 70),
        ];
        let merged = merge(&[], &ProgressEvents::default(), unlocks.clone(), events.clone());
        assert_eq!(merged.events, events);
        assert_eq!(merged.unlocks.len(), 2);
        let again = merge(
            &[held("first-sync", 0, false), held("token-stream", 3, false)],
            &merged.events.iter().map(|past| (past.event.reason.clone(), past.event.xp)).collect(),
            unlocks,
            events,
        );
        assert_eq!(again, MergedProgress::default(), "a repetition adds nothing");
    }

    #[test]
    fn merge_paid_achievement_pays_only_the_difference_to_a_higher_tier() {
        let stream = |tier: u8| format!("achievement:token-stream:{tier}");
        // The tier here and its payments, the tier in the file and its payments, the new payment. The tiers of this achievement pay
        // 50, 100, 200, 500 and 1,000.
        for (here, paid_here, there, paid_there, expected) in [
            (2, &[(2, 150)][..], 3, &[(1, 50), (3, 300)][..], Some((3, 200))),
            (3, &[(1, 50), (3, 300)], 2, &[(2, 150)], None),
            (3, &[(3, 350)], 3, &[(1, 50), (2, 100), (3, 200)], None),
            (1, &[(1, 50)], 5, &[(5, 1_850)], Some((5, 1_800))),
            // Unlocked before the achievement had tiers.
            (0, &[(0, 50)], 2, &[(2, 150)], Some((2, 100))),
        ] {
            let events =
                |paid: &[(u8, i64)]| paid.iter().map(|(tier, xp)| event(&stream(*tier), *xp)).collect::<Vec<_>>();
            let before = events(paid_here).into_iter().map(|past| (past.event.reason, past.event.xp)).collect();
            let held = [held("token-stream", here, false)];
            let merged = merge(&held, &before, vec![unlock("token-stream", there)], events(paid_there));
            let expected: Vec<_> = expected.into_iter().map(|(tier, xp)| (stream(tier), xp)).collect();
            let found: Vec<_> = paid(&merged).into_iter().map(|(reason, xp)| (reason.to_owned(), xp)).collect();
            assert_eq!(found, expected, "{here} {there}");
        }
    }

    #[test]
    fn merge_other_events_keeps_each_reason_once() {
        let events = vec![event("level:2", 0), event("referral:x", 25), event("referral:y", 6), event("referral:y", 6)];
        let merged = merge(&[], &past(&[("referral:x", 25)]), Vec::new(), events);
        assert_eq!(paid(&merged), [("level:2", 0), ("referral:y", 6)]);
    }

    #[test]
    fn merge_unlock_is_stored_if_its_tier_is_higher_or_its_instant_earlier() {
        for (here, at_here, there, at_there, is_kept) in [
            (2, NOW, 2, NOW, false),
            (2, NOW, 3, NOW, true),
            (3, NOW, 2, NOW, false),
            (2, NOW, 2, EARLIER, true),
            (2, EARLIER, 2, NOW, false),
        ] {
            let held = [UnlockedAchievement { at: at_here, ..held("token-stream", here, false) }];
            let unlock = PastUnlock { at: at_there, ..unlock("token-stream", there) };
            let merged = merge(&held, &ProgressEvents::default(), vec![unlock], Vec::new());
            assert_eq!(!merged.unlocks.is_empty(), is_kept, "{here} {at_here} {there} {at_there}");
        }
    }

    #[test]
    fn merge_pins_fill_free_places_in_order_of_pinning() {
        let slugs = ["first-sync", "top-100", "top-50", "top-10", "top-3", "number-one", "token-stream"];
        let pinned = |count: usize| -> Vec<_> { slugs[..count].iter().map(|slug| held(slug, 0, true)).collect() };
        let imported_projects = |from: usize| -> Vec<_> {
            let pinned_at = |place: usize| Some(NOW - Duration::minutes(i64::try_from(place).expect("small")));
            let slugs = slugs.iter().enumerate().skip(from);
            slugs.map(|(place, slug)| PastUnlock { pinned_at: pinned_at(place), ..unlock(slug, 0) }).collect()
        };
        for (here, expected) in [(0, &slugs[1..]), (4, &slugs[5..]), (6, &[])] {
            let merged = merge(&pinned(here), &ProgressEvents::default(), imported_projects(here), Vec::new());
            let mut found: Vec<_> =
                merged.unlocks.iter().filter(|unlock| unlock.pinned_at.is_some()).map(|unlock| unlock.id).collect();
            found.reverse();
            let expected: Vec<_> = expected.iter().map(|slug| id(slug)).collect();
            assert_eq!(found, expected, "{here}");
        }
    }
}
