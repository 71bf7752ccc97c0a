//! Limits the rate of emails: mail servers block senders of bursts.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Spaces emails evenly.
#[derive(Debug)]
pub(crate) struct Throttle {
    between: Duration,
    /// The time of the next turn.
    next: Mutex<Option<Instant>>,
}

impl Throttle {
    /// At most `per_minute` emails a minute; 0 is no limit.
    pub(crate) fn of(per_minute: u32) -> Self {
        let between = Duration::from_mins(1).checked_div(per_minute).unwrap_or(Duration::ZERO);
        Self { between, next: Mutex::default() }
    }

    /// Waits for the next turn. Turns follow the order of the calls; the turn of a cancelled call stays unused.
    pub(crate) async fn wait(&self) {
        sleep_until(self.turn(Instant::now())).await;
    }

    fn turn(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.map_or(now, |next| next.max(now));
        *next = Some(turn + self.between);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttle_spaces_turns_by_rate() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        for (per_minute, apart) in [(60, 1), (30, 2), (1, 60), (0, 0)] {
            let throttle = Throttle::of(per_minute);
            for nth in 0..4 {
                assert_eq!(throttle.turn(now), now + second * apart * nth, "{per_minute}");
            }
            // After a pause the next email goes at once, and the pause permits no burst.
            let later = now + second * 1_000;
            assert_eq!((throttle.turn(later), throttle.turn(later)), (later, later + second * apart));
        }
    }
}
