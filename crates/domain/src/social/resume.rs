//! The position of a live feed: the text of an event's id, which the client returns as `Last-Event-ID`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::feed_item::ActivityMark;
use crate::ids::ActivityId;

/// The most activities that an id lists. It lists more than a few only while a transaction stays open. If more are sent
/// meanwhile, a client that reconnects receives the first of them again.
const MOST_LISTED: usize = 256;

/// The random end of an activity's id, enough to distinguish a few hundred.
type Fingerprint = [u8; 6];

/// The last sent activity, and those sent before it although they may follow it (see [`ActivityMark::may_follow`], I6).
///
/// As text: the activity's id, then, if there are such activities, a dot and their fingerprints in base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumePoint {
    /// The activity sent last.
    pub last: ActivityId,
    sent: Vec<Fingerprint>,
}

impl ResumePoint {
    /// The position after `last`. `sent` was sent before it, oldest first, and what `earlier` lists was sent before that.
    pub(super) fn new<'a>(
        last: &ActivityMark,
        sent: impl IntoIterator<Item = &'a ActivityMark>,
        earlier: Option<&Self>,
    ) -> Self {
        let listed = sent.into_iter().filter(|mark| mark.id != last.id && mark.may_follow(last));
        let earlier = earlier.into_iter().flat_map(|point| &point.sent).copied();
        let mut sent: Vec<Fingerprint> = earlier.chain(listed.map(|mark| fingerprint(mark.id))).collect();
        sent.drain(..sent.len().saturating_sub(MOST_LISTED));
        Self { last: last.id, sent }
    }

    /// Reads the text of a position; `None` for any other text. A bare activity id is a position.
    pub fn parse(text: &str) -> Option<Self> {
        let (last, listed) = text.split_once('.').unwrap_or((text, ""));
        let bytes = URL_SAFE_NO_PAD.decode(listed).ok()?;
        let (sent, rest) = bytes.as_chunks::<6>();
        let fits = rest.is_empty() && sent.len() <= MOST_LISTED;
        Some(Self { last: ActivityId(last.parse().ok()?), sent: sent.to_vec() }).filter(|_| fits)
    }

    /// Removes the activity `id` from the list; returns whether it was listed.
    pub(super) fn remove(&mut self, id: ActivityId) -> bool {
        let before = self.sent.len();
        self.sent.retain(|listed| *listed != fingerprint(id));
        self.sent.len() < before
    }

    pub(super) fn clear(&mut self) {
        self.sent.clear();
    }
}

impl fmt::Display for ResumePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.last.fmt(f)?;
        if self.sent.is_empty() {
            return Ok(());
        }
        write!(f, ".{}", URL_SAFE_NO_PAD.encode(self.sent.as_flattened()))
    }
}

fn fingerprint(id: ActivityId) -> Fingerprint {
    let mut end = Fingerprint::default();
    end.copy_from_slice(&id.0.as_bytes()[10..]);
    end
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;

    /// The activity `number`, one second after the previous one, of `transaction`, written while `horizon` was open.
    fn mark(number: u16, transaction: i64, horizon: i64) -> ActivityMark {
        let at = datetime!(2026-11-22 12:00 UTC) + Duration::seconds(number.into());
        ActivityMark { id: ActivityId(Uuid::from_u128(number.into())), at, transaction, horizon }
    }

    #[test]
    fn resume_point_lists_only_what_may_follow() {
        let last = mark(5, 20, 18);
        for (name, sent, is_listed) in [
            ("older transaction", mark(1, 17, 17), false),
            ("same transaction, earlier", mark(4, 20, 18), false),
            ("itself", last, false),
            ("transaction that was open", mark(1, 18, 18), true),
            ("later transaction", mark(1, 21, 18), true),
            ("later time by another server's clock", mark(9, 3, 3), true),
        ] {
            let mut point = ResumePoint::new(&last, [&sent], None);
            assert_eq!(point.to_string().len() > 36, is_listed, "{name}");
            assert_eq!(ResumePoint::parse(&point.to_string()).as_ref(), Some(&point), "{name}");
            assert_eq!((point.remove(sent.id), point.remove(sent.id)), (is_listed, false), "{name}");
        }
    }

    #[test]
    fn resume_point_keeps_newest_beyond_limit() {
        let many: Vec<ActivityMark> = (1..=300).map(|number| mark(number, 30, 18)).collect();
        let earlier = ResumePoint::new(&mark(0, 20, 18), &many[..100], None);
        let mut point = ResumePoint::new(&mark(0, 20, 18), &many[100..], Some(&earlier));
        assert_eq!(ResumePoint::parse(&point.to_string()).as_ref(), Some(&point));
        let listed = many.iter().map(|mark| point.remove(mark.id));
        assert!(listed.eq((0..300).map(|place| place >= 300 - MOST_LISTED)), "the newest");
    }

    #[test]
    fn resume_point_malformed_is_refused() {
        let id = Uuid::from_u128(7);
        assert_eq!(ResumePoint::parse(&id.to_string()).map(|point| point.last), Some(ActivityId(id)));
        let long = format!("{id}.{}", "A".repeat(8 * (MOST_LISTED + 1)));
        for text in ["", "yesterday", ".AAAAAAAA", &format!("{id}.AAAA"), &format!("{id}.!!!!!!!!"), &long] {
            assert_eq!(ResumePoint::parse(text), None, "{text}");
        }
    }
}
