//! How fast emails go out: a mail server that is flooded stops believing the sender.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Lets so many through in a minute, evenly.
#[derive(Debug)]
pub(crate) struct Throttle {
    between: Duration,
    /// When the next may go.
    next: Mutex<Option<Instant>>,
}

impl Throttle {
    /// `per_minute` of them; 0 is as many as come.
    pub(crate) fn of(per_minute: u32) -> Self {
        let between = Duration::from_mins(1).checked_div(per_minute).unwrap_or(Duration::ZERO);
        Self { between, next: Mutex::default() }
    }

    /// Waits for one's turn. Turns are given in the order of the calls; who gives up waiting leaves theirs unused.
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
    fn turns_are_as_far_apart_as_the_rate_says() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        for (per_minute, apart) in [(60, 1), (30, 2), (1, 60), (0, 0)] {
            let throttle = Throttle::of(per_minute);
            for nth in 0..4 {
                assert_eq!(throttle.turn(now), now + second * apart * nth, "{per_minute}");
            }
            // After a while without emails, the next one goes at once, and saves up nothing.
            let later = now + second * 1_000;
            assert_eq!((throttle.turn(later), throttle.turn(later)), (later, later + second * apart));
        }
    }
}
