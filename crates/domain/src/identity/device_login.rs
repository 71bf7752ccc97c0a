//! A program's sign-in that a user confirms elsewhere, after RFC 8628.

use std::fmt;

use time::{Duration, OffsetDateTime};

use super::session::{Device, TokenHash};
use crate::ids::UserId;

/// The letters of user codes: no vowels, so they form no words, and none that look alike (RFC 8628, section 6.1).
const USER_CODE_ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// The letters of a user code: 20^8 codes.
const LENGTH: usize = 8;

/// The code that a user types to confirm a sign-in, shown as `BCDF-GHJK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// Makes a code of `random`. Bytes from 240 on are skipped, so that all letters are equally likely; `None` in the rare case
    /// that too few remain.
    pub fn of(random: [u8; 32]) -> Option<Self> {
        let fair = random.into_iter().filter(|byte| *byte < 240);
        let code: String =
            fair.take(LENGTH).map(|byte| char::from(USER_CODE_ALPHABET[usize::from(byte % 20)])).collect();
        (code.len() == LENGTH).then_some(Self(code))
    }

    /// Reads a code in any case, with or without dashes and spaces.
    pub fn parse(typed: &str) -> Option<Self> {
        let code: String = typed
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| c.to_ascii_uppercase())
            .take(LENGTH + 1)
            .collect();
        (code.len() == LENGTH && code.bytes().all(|byte| USER_CODE_ALPHABET.contains(&byte))).then_some(Self(code))
    }

    /// The code without its dash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (left, right) = self.0.split_at(LENGTH / 2);
        write!(f, "{left}-{right}")
    }
}

/// The user's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// No answer yet.
    Open,
    /// Signs the program in to this account.
    Approved(UserId),
    Denied,
}

/// A device login, from its start until the program has fetched the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceLogin {
    pub device_code: TokenHash,
    pub user_code: UserCode,
    /// Given by the program: a [`name`](crate::display::name) of 1 to 100 characters.
    pub client_name: String,
    /// The device that the program runs on.
    pub device: Device,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    pub last_polled_at: Option<OffsetDateTime>,
    pub confirmation: Confirmation,
}

/// The result of a program's poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DevicePollState {
    /// No answer yet: poll again.
    Pending,
    /// The program polls too often.
    SlowDown,
    /// The user refused.
    Denied,
    /// The login has expired or does not exist.
    Expired,
    /// The program is signed in to this account.
    Approved(UserId),
}

impl DeviceLogin {
    /// The time in which the user must answer.
    pub const LIFETIME: Duration = Duration::minutes(15);

    /// The least time between two polls.
    pub const POLL_INTERVAL: Duration = Duration::seconds(5);

    /// The result of a poll at `now`.
    pub fn poll(&self, now: OffsetDateTime) -> DevicePollState {
        // A program counts its interval from the response, the server from the request: one second is tolerated.
        let hasty = self.last_polled_at.is_some_and(|last| now - last < Self::POLL_INTERVAL - Duration::SECOND);
        match self.confirmation {
            _ if now >= self.expires_at => DevicePollState::Expired,
            Confirmation::Denied => DevicePollState::Denied,
            Confirmation::Approved(user) => DevicePollState::Approved(user),
            Confirmation::Open if hasty => DevicePollState::SlowDown,
            Confirmation::Open => DevicePollState::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Secret;
    use crate::usage::testing::NOW;
    use uuid::Uuid;

    #[test]
    fn user_code_is_eight_letters_in_any_spelling() {
        let code = UserCode::of([7; 32]).expect("a code");
        assert_eq!((code.as_str(), &*code.to_string()), ("KKKKKKKK", "KKKK-KKKK"));
        for typed in ["kkkk-kkkk", "KKKKKKKK", " KKKK kkkk"] {
            assert_eq!(UserCode::parse(typed), Some(code.clone()), "{typed}");
        }
        for wrong in ["", "KKKK-KKK", "KKKK-KKKKK", "KKKK-KKKA", "KKKK-KKK1", "KKKK-KKKÜ"] {
            assert_eq!(UserCode::parse(wrong), None, "{wrong}");
        }
        assert_eq!(UserCode::of([240; 32]), None, "bytes that would prefer some letters are passed over");
    }

    #[test]
    fn device_login_poll_reports_answer_until_expiry() {
        let ada = UserId(Uuid::from_u128(1));
        let login = DeviceLogin {
            device_code: Secret::api_token([1; 32]).hash(),
            user_code: UserCode::of([7; 32]).expect("a code"),
            client_name: "burntop-cli".into(),
            device: Device::default(),
            created_at: NOW,
            expires_at: NOW + DeviceLogin::LIFETIME,
            last_polled_at: None,
            confirmation: Confirmation::Open,
        };
        let end = DeviceLogin::LIFETIME.whole_seconds();
        for (confirmation, last, now, expected) in [
            (Confirmation::Open, None, 0, DevicePollState::Pending),
            (Confirmation::Open, Some(10), 15, DevicePollState::Pending),
            (Confirmation::Open, Some(10), 14, DevicePollState::Pending),
            (Confirmation::Open, Some(10), 13, DevicePollState::SlowDown),
            (Confirmation::Open, None, end, DevicePollState::Expired),
            (Confirmation::Denied, Some(10), 11, DevicePollState::Denied),
            (Confirmation::Approved(ada), Some(10), 11, DevicePollState::Approved(ada)),
            (Confirmation::Approved(ada), None, end - 1, DevicePollState::Approved(ada)),
            (Confirmation::Approved(ada), None, end, DevicePollState::Expired),
        ] {
            let at = |seconds: i64| NOW + Duration::seconds(seconds);
            let login = DeviceLogin { confirmation, last_polled_at: last.map(at), ..login.clone() };
            assert_eq!(login.poll(at(now)), expected, "{confirmation:?} {last:?} {now}");
        }
    }
}
