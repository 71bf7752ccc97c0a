//! A program's sign-in that a person confirms elsewhere, in the manner of RFC 8628.

use std::fmt;

use time::{Duration, OffsetDateTime};

use super::session::{Device, TokenHash};
use crate::ids::UserId;

/// The letters of user codes: no vowels, so they make no words, and none that look alike (RFC 8628, section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// How many letters a user code has: 20^8 codes.
const LENGTH: usize = 8;

/// What a person types to confirm a sign-in, shown as `BCDF-GHJK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// A code made of `random`, of which every byte that would prefer some letters is passed over; `None` in the rare
    /// case that too few are left.
    pub fn of(random: [u8; 32]) -> Option<Self> {
        let fair = random.into_iter().filter(|byte| *byte < 240);
        let code: String = fair.take(LENGTH).map(|byte| char::from(LETTERS[usize::from(byte % 20)])).collect();
        (code.len() == LENGTH).then_some(Self(code))
    }

    /// The code as somebody typed it: in whatever case, with or without dashes and spaces.
    pub fn parse(typed: &str) -> Option<Self> {
        let code: String = typed
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| c.to_ascii_uppercase())
            .take(LENGTH + 1)
            .collect();
        (code.len() == LENGTH && code.bytes().all(|byte| LETTERS.contains(&byte))).then_some(Self(code))
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

/// What a person answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// Nothing yet.
    Open,
    /// This person signs the program in.
    Approved(UserId),
    /// No.
    Denied,
}

/// A sign-in that waits for somebody's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceLogin {
    /// What the program's code hashes to.
    pub device_code: TokenHash,
    /// What a person types.
    pub user_code: UserCode,
    /// What the program calls itself: a [`name`](crate::display::name) of 1 to 100 characters.
    pub client_name: String,
    /// Where the program runs.
    pub device: Device,
    /// When it was begun.
    pub created_at: OffsetDateTime,
    /// When it is too late.
    pub expires_at: OffsetDateTime,
    /// When the program last asked.
    pub last_polled_at: Option<OffsetDateTime>,
    /// What was answered.
    pub confirmation: Confirmation,
}

/// What a program that asks is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poll {
    /// Nobody has answered: ask again.
    Pending,
    /// It asks too often.
    SlowDown,
    /// Somebody said no.
    Denied,
    /// It is too late, or there is no such sign-in.
    Expired,
    /// It is signed in as this person.
    Approved(UserId),
}

impl DeviceLogin {
    /// How long somebody may take.
    pub const PATIENCE: Duration = Duration::minutes(15);

    /// How long a program waits between two questions.
    pub const INTERVAL: Duration = Duration::seconds(5);

    /// What a program is told that asks at `now`.
    pub fn poll(&self, now: OffsetDateTime) -> Poll {
        // Programs count their interval from the answer, we from the question.
        let hasty = self.last_polled_at.is_some_and(|last| now - last < Self::INTERVAL - Duration::SECOND);
        match self.confirmation {
            _ if now >= self.expires_at => Poll::Expired,
            Confirmation::Denied => Poll::Denied,
            Confirmation::Approved(user) => Poll::Approved(user),
            Confirmation::Open if hasty => Poll::SlowDown,
            Confirmation::Open => Poll::Pending,
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
    fn a_code_is_eight_letters_however_it_is_typed() {
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
    fn a_program_is_told_what_was_answered_until_it_is_too_late() {
        let ada = UserId(Uuid::from_u128(1));
        let login = DeviceLogin {
            device_code: Secret::api_token([1; 32]).hash(),
            user_code: UserCode::of([7; 32]).expect("a code"),
            client_name: "burntop-cli".into(),
            device: Device::default(),
            created_at: NOW,
            expires_at: NOW + DeviceLogin::PATIENCE,
            last_polled_at: None,
            confirmation: Confirmation::Open,
        };
        let end = DeviceLogin::PATIENCE.whole_seconds();
        for (confirmation, last, now, told) in [
            (Confirmation::Open, None, 0, Poll::Pending),
            (Confirmation::Open, Some(10), 15, Poll::Pending),
            (Confirmation::Open, Some(10), 14, Poll::Pending),
            (Confirmation::Open, Some(10), 13, Poll::SlowDown),
            (Confirmation::Open, None, end, Poll::Expired),
            (Confirmation::Denied, Some(10), 11, Poll::Denied),
            (Confirmation::Approved(ada), Some(10), 11, Poll::Approved(ada)),
            (Confirmation::Approved(ada), None, end - 1, Poll::Approved(ada)),
            (Confirmation::Approved(ada), None, end, Poll::Expired),
        ] {
            let at = |seconds: i64| NOW + Duration::seconds(seconds);
            let login = DeviceLogin { confirmation, last_polled_at: last.map(at), ..login.clone() };
            assert_eq!(login.poll(at(now)), told, "{confirmation:?} {last:?} {now}");
        }
    }
}
