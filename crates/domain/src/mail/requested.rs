//! Emails on request, which also a stranger can trigger: limited in number.

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use super::email_job::{EmailJob, EmailSubject};
use crate::error::StoreError;
use crate::identity::Email;
use crate::ids::{Ids, JobId, UserId};
use crate::jobs::{JobKind, NewJob};
use crate::store::UnitOfWork;

/// The time in which the same email is sent once, in seconds.
const SLOT_SECONDS: i64 = 300;

/// Slots of a day.
const SLOTS_PER_DAY: i64 = 24 * 60 * 60 / SLOT_SECONDS;

/// An email on request. At most one is sent in five minutes, and [`most_a_day`](Self::most_a_day) within any 24 hours. The keys
/// of jobs are counted, so a done job is kept for at least a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedEmail {
    email: EmailJob,
    /// The prefix of the keys of its jobs.
    subject: String,
    most_a_day: u64,
}

impl RequestedEmail {
    /// The email that asks `user` to verify the address. The address may belong to a stranger, so the number is small.
    pub fn verification(ids: &dyn Ids, user: UserId) -> Self {
        let email = EmailJob { id: JobId(ids.fresh()), to: user, about: EmailSubject::Verification };
        Self { email, subject: format!("verification:{user}"), most_a_day: 5 }
    }

    /// The password reset for the `typed` address. Without an account it has no recipient, so that an unknown address takes as
    /// long as a known one.
    pub fn password_reset(ids: &dyn Ids, user: Option<UserId>, typed: &Email) -> Self {
        let to = user.unwrap_or_else(|| UserId(ids.fresh()));
        let email = EmailJob { id: JobId(ids.fresh()), to, about: EmailSubject::PasswordReset };
        // Hashed, because a mistyped address is not stored.
        let typed = Uuid::from_slice(&Sha256::digest(typed.as_str())[..16]).unwrap_or_default();
        Self { email, subject: format!("password_reset:{typed}"), most_a_day: 10 }
    }

    /// Queues the email at `now`, unless it was queued a moment ago or the daily limit is reached.
    pub async fn enqueue(self, tx: &mut dyn UnitOfWork, now: OffsetDateTime) -> Result<(), StoreError> {
        let slot = now.unix_timestamp().div_euclid(SLOT_SECONDS);
        let keys: Vec<String> = (0..SLOTS_PER_DAY).map(|ago| self.key(slot - ago)).collect();
        if tx.jobs().count_known(JobKind::Mail, &keys).await? < self.most_a_day {
            tx.jobs().enqueue(&[self.job(slot, now)], now).await?;
        }
        Ok(())
    }

    fn key(&self, slot: i64) -> String {
        format!("{}:{slot}", self.subject)
    }

    fn job(self, slot: i64, now: OffsetDateTime) -> (JobId, NewJob) {
        let key = self.key(slot);
        self.email.job(key, now)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex};

    use pollster::block_on;
    use time::Duration;

    use super::*;
    use crate::ids::CountingIds;
    use crate::jobs::Job;
    use crate::testing::TestUnitOfWork;
    use crate::usage::testing::NOW;

    const ADA: UserId = UserId(Uuid::from_u128(1));

    /// A queue that knows `keys` and accepts jobs.
    fn queue(keys: &Arc<Mutex<BTreeSet<String>>>) -> TestUnitOfWork {
        let mut tx = TestUnitOfWork::default();
        let known = keys.clone();
        tx.jobs.expect_count_known().returning(move |kind, keys| {
            assert_eq!(kind, JobKind::Mail);
            let known = known.lock().expect("keys");
            Ok(keys.iter().filter(|key| known.contains(*key)).count() as u64)
        });
        let known = keys.clone();
        tx.jobs.expect_enqueue().returning(move |jobs, _| {
            let mut known = known.lock().expect("keys");
            Ok(jobs.iter().filter(|(_, job)| known.insert(job.key.clone())).count() as u64)
        });
        tx
    }

    /// The emails queued by a request every minute for `hours` hours.
    fn queued(request: impl Fn() -> RequestedEmail, hours: i64) -> usize {
        let keys = Arc::default();
        for minute in 0..hours * 60 {
            block_on(request().enqueue(&mut queue(&keys), NOW + Duration::minutes(minute))).expect("an answer");
        }
        let known = keys.lock().expect("keys");
        known.len()
    }

    #[test]
    fn requested_email_stops_at_daily_limit_and_resumes() {
        let address = Email::trusted("ada@example.org");
        let verification = || RequestedEmail::verification(&CountingIds, ADA);
        let reset = || RequestedEmail::password_reset(&CountingIds, Some(ADA), &address);
        for (hours, verifications, resets) in [(1, 5, 10), (24, 5, 10), (25, 10, 20), (48, 10, 20)] {
            assert_eq!((queued(verification, hours), queued(reset, hours)), (verifications, resets), "{hours}");
        }
    }

    #[test]
    fn requested_email_is_queued_once_in_five_minutes() {
        let request = || RequestedEmail::verification(&CountingIds, ADA);
        let start = NOW.unix_timestamp().div_euclid(SLOT_SECONDS);
        let key = |seconds: i64| request().job((NOW.unix_timestamp() + seconds).div_euclid(SLOT_SECONDS), NOW).1.key;
        assert_eq!(key(0), request().key(start));
        assert_eq!(key(0), key(SLOT_SECONDS - 1 - NOW.unix_timestamp().rem_euclid(SLOT_SECONDS)));
        assert_ne!(key(0), key(SLOT_SECONDS));
    }

    #[test]
    fn requested_email_to_unknown_address_is_queued_and_not_stored() {
        let address = Email::trusted("ada@example.org");
        let known = RequestedEmail::password_reset(&CountingIds, Some(ADA), &address);
        let unknown = RequestedEmail::password_reset(&CountingIds, None, &address);
        assert_eq!(known.subject, unknown.subject);
        let other = RequestedEmail::password_reset(&CountingIds, None, &Email::trusted("bob@example.org"));
        assert_ne!(other.subject, known.subject);
        let (_, job) = unknown.job(0, NOW);
        let Job::Mail(email) = &job.job else { panic!("an e-mail") };
        assert_ne!(email.to, ADA);
        assert!(!format!("{email:?} {}", job.key).contains("example.org"));
    }
}
