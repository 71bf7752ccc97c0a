//! Limits attempts to guess a password, by account and by the address that the attempts come from.

use std::net::IpAddr;

use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use super::credentials::SignInName;
use super::error::IdentityError;
use super::ports::LoginAttemptRepository;
use super::session::Device;
use crate::error::StoreError;
use crate::ids::UserId;
use crate::network::ClientNetwork;

/// The key that attempts are counted by. It is a SHA-256, so that mistyped input is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptKey(pub [u8; 32]);

impl AttemptKey {
    /// An account, whichever of its names is used and whatever it is renamed to.
    pub fn account(user: UserId) -> Self {
        Self::hashed(b"account", user.0.as_bytes())
    }

    /// A name that no account has. Spellings that differ in case or surrounding space are one key.
    pub fn unknown_name(typed: &str) -> Self {
        let name = match SignInName::parse(typed) {
            Some(SignInName::Email(email)) => email.as_str().to_owned(),
            Some(SignInName::Username(name)) => name.as_str().to_lowercase(),
            None => typed.trim().to_lowercase(),
        };
        Self::hashed(b"name", name.as_bytes())
    }

    /// The network of a client's address.
    pub fn network(network: ClientNetwork) -> Self {
        Self::hashed(b"network", &network.to_bytes())
    }

    fn hashed(kind: &[u8], value: &[u8]) -> Self {
        Self(Sha256::new().chain_update(kind).chain_update(b"\0").chain_update(value).finalize().into())
    }
}

/// An attempt to sign in with a password. It counts as failed from before the password is checked until it succeeds, so that
/// concurrent attempts cannot exceed the limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoginAttempt {
    /// The account or name whose password is tried.
    target: AttemptKey,
    /// The client's network, if its address is known.
    network: Option<AttemptKey>,
    at: OffsetDateTime,
}

impl LoginAttempt {
    pub(super) fn new(target: AttemptKey, device: &Device, now: OffsetDateTime) -> Self {
        let address = device.ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok());
        let network = address.map(|address| AttemptKey::network(ClientNetwork::new(address)));
        Self { target, network, at: now }
    }

    /// Counts the attempt. Fails if it exceeds the limit of its target or of its network.
    pub(super) async fn begin(
        self,
        attempts: &mut dyn LoginAttemptRepository,
        limit: FailedLogins,
    ) -> Result<(), IdentityError> {
        let by_target = Some((self.target, limit));
        let by_network = self.network.map(|network| (network, limit.of_network()));
        for (key, limit) in by_target.into_iter().chain(by_network) {
            let outcome = attempts.note(key, self.at, FailedLogins::over_by(self.at), limit.0).await?;
            if !outcome.let_through {
                let retry_after = limit.wait(&outcome.tries, self.at).unwrap_or(Duration::ZERO);
                return Err(IdentityError::TooManyFailures { retry_after });
            }
        }
        Ok(())
    }

    /// Forgets all failures of the target, but only this attempt of the network: a client that knows one password may still be
    /// guessing others.
    pub(super) async fn succeed(self, attempts: &mut dyn LoginAttemptRepository) -> Result<(), StoreError> {
        attempts.forget(self.target).await?;
        match self.network {
            Some(network) => attempts.take_back(network, self.at).await,
            None => Ok(()),
        }
    }
}

/// How many attempts on one account, or under one unknown name, can fail within [`Self::WINDOW`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedLogins(pub u32);

impl FailedLogins {
    /// The time over which attempts are counted.
    pub const WINDOW: Duration = Duration::minutes(1);

    /// The limit of a network as a multiple of an account's: many users share one address. Guessing one password for many
    /// accounts is still stopped.
    const NETWORK_FACTOR: u32 = 10;

    /// The limit of one network.
    #[must_use]
    pub const fn of_network(self) -> Self {
        Self(self.0.saturating_mul(Self::NETWORK_FACTOR))
    }

    /// Attempts up to this instant no longer count at `now`.
    pub fn over_by(now: OffsetDateTime) -> OffsetDateTime {
        now - Self::WINDOW
    }

    /// How long after `now` the next attempt is permitted, given the attempts `tries` that did not succeed, in any order; `None`
    /// if it is permitted at once.
    pub fn wait(self, tries: &[OffsetDateTime], now: OffsetDateTime) -> Option<Duration> {
        let mut counted: Vec<OffsetDateTime> = tries.iter().copied().filter(|at| *at > Self::over_by(now)).collect();
        counted.sort_unstable();
        // So many must leave the window that one more is within the limit.
        let excess = counted.len().checked_sub(usize::try_from(self.0).unwrap_or(usize::MAX))?;
        // An attempt can be later than `now`: it was noted after the clock was read, or by a server whose clock is ahead.
        counted.get(excess).map(|at| Self::WINDOW - (now - *at).max(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    #[test]
    fn failed_logins_limit_slides_over_one_minute() {
        // The limit, the age of each attempt in seconds, and the seconds to wait.
        for (limit, tries, wait) in [
            (5, &[][..], None),
            (5, &[1, 2, 3, 4], None),
            (5, &[1, 2, 3, 4, 5], Some(55)),
            (5, &[5, 3, 4, 1, 2], Some(55)),
            (5, &[0, 0, 0, 0, 0], Some(60)),
            (5, &[59, 40, 30, 20, 10], Some(1)),
            (5, &[60, 40, 30, 20, 10], None),
            (5, &[61, 60, 40, 30, 20, 10], None),
            (5, &[3600, 50, 40, 30, 20, 10], Some(10)),
            // More than the limit: it was lowered, or another server's clock is ahead.
            (2, &[50, 40, 30, 20], Some(30)),
            (2, &[10, -5], Some(50)),
            (1, &[-5], Some(60)),
            (1, &[59], Some(1)),
            (1, &[60], None),
        ] {
            let tries: Vec<_> = tries.iter().map(|ago| NOW - Duration::seconds(*ago)).collect();
            assert_eq!(FailedLogins(limit).wait(&tries, NOW), wait.map(Duration::seconds), "{limit} {tries:?}");
        }
    }

    #[test]
    fn attempt_key_unknown_name_ignores_spelling() {
        for (one, other, same) in [
            ("ada@example.org", " Ada@Example.ORG ", true),
            ("ada", "ADA", true),
            (" no name ", "No Name", true),
            ("ada", "ada@example.org", false),
            ("ada", "adb", false),
        ] {
            assert_eq!(AttemptKey::unknown_name(one) == AttemptKey::unknown_name(other), same, "{one} {other}");
        }
    }

    #[test]
    fn attempt_key_differs_by_kind() {
        let ada = UserId(uuid::Uuid::from_u128(1));
        let network = ClientNetwork::new("::1".parse().expect("an address"));
        let keys = [AttemptKey::account(ada), AttemptKey::unknown_name("ada"), AttemptKey::network(network)];
        let distinct: std::collections::BTreeSet<_> = keys.into_iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn failed_logins_network_limit_is_ten_times_account_limit() {
        assert_eq!(FailedLogins(5).of_network(), FailedLogins(50));
        assert_eq!(FailedLogins(u32::MAX).of_network(), FailedLogins(u32::MAX));
    }
}
