//! Flags: decisions that hide an account from the boards.

use time::OffsetDateTime;
use uuid::Uuid;

use super::error::AdministrationError;
use super::reason::AuditReason;
use crate::ids::UserId;
use crate::users::Username;

/// A flag to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagOrder {
    /// The owner of the account can read it.
    pub reason: AuditReason,
    /// `None`: valid until it is lifted.
    pub expires_at: Option<OffsetDateTime>,
}

impl FlagOrder {
    /// Fails unless the flag ends after `now`.
    pub fn check(&self, now: OffsetDateTime) -> Result<(), AdministrationError> {
        match self.expires_at {
            Some(end) if end <= now => Err(AdministrationError::FlagEndsBefore(end)),
            _ => Ok(()),
        }
    }
}

/// A decision that hides, or hid, an account from the boards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    pub id: Uuid,
    /// The flagged account.
    pub user: UserId,
    pub username: Username,
    pub reason: AuditReason,
    /// The deciding administrator; `None` once that account is purged.
    pub by: Option<Username>,
    pub created_at: OffsetDateTime,
    pub expires_at: Option<OffsetDateTime>,
    /// When the flag was lifted, or its expiry was recorded.
    pub lifted_at: Option<OffsetDateTime>,
}

/// The state of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagState {
    /// It hides the account.
    Standing,
    /// It has expired.
    Expired,
    /// An administrator lifted it before its expiry.
    Lifted,
}

impl FlagState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::Expired => "expired",
            Self::Lifted => "lifted",
        }
    }
}

impl Flag {
    /// The state at `now`. An expired flag is expired whether or not its expiry was recorded.
    pub fn state(&self, now: OffsetDateTime) -> FlagState {
        let ends_by = |at: OffsetDateTime| self.expires_at.is_some_and(|end| end <= at);
        match self.lifted_at {
            Some(lifted) if ends_by(lifted) => FlagState::Expired,
            Some(_) => FlagState::Lifted,
            None if ends_by(now) => FlagState::Expired,
            None => FlagState::Standing,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::usage::testing::NOW;

    #[test]
    fn flag_stands_until_lifted_or_expired() {
        let (earlier, later) = (NOW - Duration::HOUR, NOW + Duration::HOUR);
        for (expires_at, lifted_at, state) in [
            (None, None, FlagState::Standing),
            (Some(later), None, FlagState::Standing),
            (Some(NOW), None, FlagState::Expired),
            (Some(earlier), None, FlagState::Expired),
            (None, Some(earlier), FlagState::Lifted),
            (Some(later), Some(earlier), FlagState::Lifted),
            (Some(earlier), Some(earlier), FlagState::Expired),
            (Some(NOW), Some(earlier), FlagState::Lifted),
        ] {
            let flag = Flag {
                id: Uuid::from_u128(1),
                user: UserId(Uuid::from_u128(2)),
                username: Username::trusted("ada"),
                reason: AuditReason::trusted("no"),
                by: None,
                created_at: earlier - Duration::HOUR,
                expires_at,
                lifted_at,
            };
            assert_eq!(flag.state(NOW), state, "{expires_at:?} {lifted_at:?}");
        }
    }

    #[test]
    fn flag_states_have_api_names() {
        let states = [FlagState::Standing, FlagState::Expired, FlagState::Lifted];
        assert_eq!(states.map(FlagState::name), ["standing", "expired", "lifted"]);
    }

    #[test]
    fn flag_order_must_end_in_future() {
        let order = |expires_at| FlagOrder { reason: AuditReason::trusted("no"), expires_at };
        for (end, is_fine) in [
            (None, true),
            (Some(NOW + Duration::MICROSECOND), true),
            (Some(NOW), false),
            (Some(NOW - Duration::DAY), false),
        ] {
            assert_eq!(order(end).check(NOW).is_ok(), is_fine, "{end:?}");
        }
    }
}
