//! Flags: decisions that keep an account off the boards.

use time::OffsetDateTime;
use uuid::Uuid;

use super::error::AdministrationError;
use super::reason::Reason;
use crate::ids::UserId;
use crate::users::Username;

/// A decision to keep an account off the boards, as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagOrder {
    /// Why; the account's owner may read it.
    pub reason: Reason,
    /// Until when; `None` is until it is lifted.
    pub expires_at: Option<OffsetDateTime>,
}

impl FlagOrder {
    /// Fails where the flag would be over at `now`.
    pub fn check(&self, now: OffsetDateTime) -> Result<(), AdministrationError> {
        match self.expires_at {
            Some(end) if end <= now => Err(AdministrationError::FlagEndsBefore(end)),
            _ => Ok(()),
        }
    }
}

/// A decision that keeps, or kept, an account off the boards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Names the decision.
    pub id: Uuid,
    /// Whom it is about.
    pub user: UserId,
    /// What they are called.
    pub username: Username,
    /// Why.
    pub reason: Reason,
    /// Who decided; `None` once that account is gone for good.
    pub by: Option<Username>,
    /// When.
    pub created_at: OffsetDateTime,
    /// When it ends by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// When it was lifted, or noted that it was over.
    pub lifted_at: Option<OffsetDateTime>,
}

/// What became of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagState {
    /// It keeps the account off the boards.
    Standing,
    /// Its time is over.
    Expired,
    /// An administrator took it back before.
    Lifted,
}

impl FlagState {
    /// The state's name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::Expired => "expired",
            Self::Lifted => "lifted",
        }
    }
}

impl Flag {
    /// What has become of it by `now`. One whose end was noted is over like one whose end was not.
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
    fn a_flag_stands_until_it_is_lifted_or_over() {
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
                reason: Reason::trusted("no"),
                by: None,
                created_at: earlier - Duration::HOUR,
                expires_at,
                lifted_at,
            };
            assert_eq!(flag.state(NOW), state, "{expires_at:?} {lifted_at:?}");
        }
    }

    #[test]
    fn what_became_of_a_flag_is_called_what_the_api_calls_it() {
        let states = [FlagState::Standing, FlagState::Expired, FlagState::Lifted];
        assert_eq!(states.map(FlagState::name), ["standing", "expired", "lifted"]);
    }

    #[test]
    fn a_flag_ends_after_it_begins() {
        let order = |expires_at| FlagOrder { reason: Reason::trusted("no"), expires_at };
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
