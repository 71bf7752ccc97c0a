//! Sends emails, unless they are no longer wanted.

use std::fmt;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::email_job::{EmailJob, EmailSubject, NotificationEmail};
use super::error::MailError;
use super::ports::{EmailContent, Mailer, OutgoingEmail};
use crate::deps::Deps;
use crate::error::StoreError;
use crate::identity::{Email, PasswordHash};
use crate::notifications::NotificationKind;
use crate::payload;
use crate::signed_token::{Purpose, SignedToken, TokenKey};
use crate::store::UnitOfWork;
use crate::streaks::streak_at_risk;
use crate::users::User;

/// The validity of links in emails.
#[derive(Debug, Clone, Copy)]
pub struct TokenLifetimes;

impl TokenLifetimes {
    /// For the verification of an address.
    pub const VERIFICATION: Duration = Duration::hours(48);

    /// For a password reset.
    pub const PASSWORD_RESET: Duration = Duration::HOUR;
}

/// The result of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendOutcome {
    /// The mail server accepted it.
    Sent,
    /// The account is deleted, has no verified address or has switched the kind off; or the content no longer holds.
    Unwanted,
}

impl fmt::Display for SendOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sent => "email sent",
            Self::Unwanted => "email skipped: no longer needed",
        })
    }
}

/// The use case of sending emails.
#[derive(Clone)]
pub struct Emails {
    deps: Deps,
    mailer: Arc<dyn Mailer>,
    tickets: TokenKey,
}

impl Emails {
    /// Sends through `mailer`, with links that `tickets` signs.
    pub fn new(deps: Deps, mailer: Arc<dyn Mailer>, tickets: TokenKey) -> Self {
        Self { deps, mailer, tickets }
    }

    /// Sends `email`, if it is still wanted. No transaction is open during the sending (I12).
    pub async fn send(&self, email: &EmailJob) -> Result<SendOutcome, MailError> {
        let mut tx = self.deps.begin().await?;
        let Some((user, password)) = tx.users().find_with_password(email.to).await? else {
            return Ok(SendOutcome::Unwanted);
        };
        let Some(to) = user.email.clone() else { return Ok(SendOutcome::Unwanted) };
        let now = self.deps.now();
        if !still_holds(&mut *tx, email, now).await? {
            return Ok(SendOutcome::Unwanted);
        }
        drop(tx);
        let content = match &email.about {
            EmailSubject::Verification => self.verification(&user, &to, now),
            EmailSubject::PasswordReset => self.password_reset(&user, &to, password.as_ref(), now),
            EmailSubject::PasswordChanged => user.email_verified.then_some(EmailContent::PasswordChanged),
            EmailSubject::News(news) => self.news(&user, news).await?,
        };
        let Some(content) = content else { return Ok(SendOutcome::Unwanted) };
        let outgoing = OutgoingEmail { id: email.id, to, reader: user.username, sent_at: now, content };
        self.mailer.send(&outgoing).await?;
        Ok(SendOutcome::Sent)
    }

    fn verification(&self, user: &User, to: &Email, now: OffsetDateTime) -> Option<EmailContent> {
        let ends_at = Some(now + TokenLifetimes::VERIFICATION);
        let ticket = SignedToken { purpose: Purpose::VerifyEmail, user: user.id, ends_at };
        (!user.email_verified)
            .then(|| EmailContent::Verification { ticket: self.tickets.seal(&ticket, &[to.as_str()]) })
    }

    fn password_reset(
        &self,
        user: &User,
        to: &Email,
        password: Option<&PasswordHash>,
        now: OffsetDateTime,
    ) -> Option<EmailContent> {
        let ends_at = Some(now + TokenLifetimes::PASSWORD_RESET);
        let ticket = SignedToken { purpose: Purpose::ResetPassword, user: user.id, ends_at };
        let bound = bound_to_password(to, password);
        user.email_verified.then(|| EmailContent::PasswordReset { ticket: self.tickets.seal(&ticket, &bound) })
    }

    async fn news(&self, user: &User, news: &NotificationEmail) -> Result<Option<EmailContent>, MailError> {
        if !user.email_verified || !self.deps.reads().notifications().preferences(user.id).await?.of(news.kind).email {
            return Ok(None);
        }
        let ticket = SignedToken { purpose: Purpose::Unsubscribe(news.kind), user: user.id, ends_at: None };
        Ok(Some(EmailContent::News { news: news.clone(), unsubscribe: self.tickets.seal(&ticket, &[]) }))
    }
}

/// Whether the content of `email` still holds at `now`. A streak is at risk only on the email's day, and until a message
/// arrives; other content always holds.
async fn still_holds(tx: &mut dyn UnitOfWork, email: &EmailJob, now: OffsetDateTime) -> Result<bool, StoreError> {
    match &email.about {
        EmailSubject::News(news) if news.kind == NotificationKind::StreakAtRisk => {
            let at_risk = streak_at_risk(tx, email.to, now).await?;
            Ok(at_risk.is_some_and(|(_, day)| payload::text(&news.facts, "date") == Some(day.to_string().as_str())))
        }
        _ => Ok(true),
    }
}

/// The values that bind a reset ticket: it becomes invalid with the password or the address.
pub(crate) fn bound_to_password<'a>(email: &'a Email, password: Option<&'a PasswordHash>) -> [&'a str; 2] {
    [email.as_str(), password.map_or("", |hash| hash.0.as_str())]
}

/// The values that bind an administrator's link: it becomes invalid with the password, and when access to the account is ended.
pub(crate) fn bound_to_access<'a>(password: Option<&'a PasswordHash>, access_mark: &'a str) -> [&'a str; 2] {
    [password.map_or("", |hash| hash.0.as_str()), access_mark]
}

/// The text for the instant at which access was ended last.
pub(crate) fn access_mark(ended_at: Option<OffsetDateTime>) -> String {
    ended_at.map(|at| at.unix_timestamp_nanos().to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use pollster::block_on;
    use time::macros::{date, datetime};
    use uuid::Uuid;

    use super::*;
    use crate::achievements::ProgressEvents;
    use crate::error::{DomainError, ErrorKind};
    use crate::ids::{JobId, UserId};
    use crate::mail::ports::MockMailer;
    use crate::notifications::ports::MockNotificationReader;
    use crate::notifications::{Channels, NotificationContent, Preferences};
    use crate::signed_token::UnverifiedToken;
    use crate::testing::{TestReads, TestUnitOfWork, facts, test_user, variant};
    use crate::usage::testing::{NOW, account};

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const ID: JobId = JobId(Uuid::from_u128(7));

    fn key() -> TokenKey {
        TokenKey::of(b"a secret")
    }

    fn news(kind: NotificationKind) -> EmailSubject {
        EmailSubject::News(NotificationEmail {
            kind,
            title: "News".into(),
            message: "There is news.".into(),
            facts: Vec::new(),
        })
    }

    /// Sends an email about `about` at `now` to `found`, with the preferences `chosen` and activity on the last two days but not
    /// on the 22nd. Returns the result and the sent emails.
    fn send_at(
        now: OffsetDateTime,
        about: EmailSubject,
        found: Option<(User, Option<PasswordHash>)>,
        chosen: Vec<(NotificationKind, Channels)>,
    ) -> (Result<SendOutcome, MailError>, Option<OutgoingEmail>) {
        let store = TestUnitOfWork::store(move || {
            let (mut tx, found) = (TestUnitOfWork::default(), found.clone());
            tx.users.expect_find_with_password().returning(move |id| Ok(found.clone().filter(|_| id == ADA)));
            tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
            let facts = facts([date!(2026 - 11 - 20), date!(2026 - 11 - 21), date!(2026 - 11 - 23)].into());
            tx.progress.expect_facts().returning(move |_| Ok(Some((facts.clone(), ProgressEvents::default()))));
            tx
        });
        let mut wishes = MockNotificationReader::new();
        wishes.expect_preferences().returning(move |_| Ok(chosen.iter().copied().collect::<Preferences>()));
        let (mut mailer, out) = (MockMailer::new(), Arc::new(Mutex::new(None)));
        let kept = out.clone();
        mailer.expect_send().returning(move |email| {
            assert!(kept.lock().expect("an email").replace(email.clone()).is_none(), "it is sent once");
            Ok(())
        });
        let reads = TestReads { notifications: wishes, ..TestReads::default() };
        let emails = Emails::new(store.with_reads(reads).deps_at(now), Arc::new(mailer), key());
        let sent = block_on(emails.send(&EmailJob { id: ID, to: ADA, about }));
        let out = out.lock().expect("an email").clone();
        (sent, out)
    }

    fn send(
        about: EmailSubject,
        found: Option<(User, Option<PasswordHash>)>,
        chosen: Vec<(NotificationKind, Channels)>,
    ) -> (Result<SendOutcome, MailError>, Option<OutgoingEmail>) {
        send_at(NOW, about, found, chosen)
    }

    fn ada(email_verified: bool) -> (User, Option<PasswordHash>) {
        (User { email_verified, ..test_user(ADA, "ada") }, Some(PasswordHash("hash".into())))
    }

    #[test]
    fn email_is_sent_only_while_wanted() {
        let without_email = || (User { email: None, ..ada(true).0 }, None);
        let (weekly, level) = (NotificationKind::WeeklySummary, NotificationKind::LevelUp);
        let chosen = |kind, email| vec![(kind, Channels { in_app: false, email })];
        for (about, found, chosen, sent) in [
            (EmailSubject::Verification, Some(ada(false)), vec![], true),
            (EmailSubject::Verification, Some(ada(true)), vec![], false),
            (EmailSubject::Verification, Some(without_email()), vec![], false),
            (EmailSubject::Verification, None, vec![], false),
            (EmailSubject::PasswordReset, Some(ada(true)), vec![], true),
            (EmailSubject::PasswordReset, Some(ada(false)), vec![], false),
            (EmailSubject::PasswordReset, Some(without_email()), vec![], false),
            (EmailSubject::PasswordReset, None, vec![], false),
            (EmailSubject::PasswordChanged, Some(ada(true)), chosen(weekly, false), true),
            (EmailSubject::PasswordChanged, Some(ada(false)), vec![], false),
            (EmailSubject::PasswordChanged, Some(without_email()), vec![], false),
            (EmailSubject::PasswordChanged, None, vec![], false),
            (news(weekly), Some(ada(true)), vec![], true),
            (news(weekly), Some(ada(true)), chosen(weekly, true), true),
            (news(weekly), Some(ada(true)), chosen(weekly, false), false),
            (news(weekly), Some(ada(true)), chosen(level, false), true),
            (news(weekly), Some(ada(false)), vec![], false),
            (news(weekly), Some(without_email()), vec![], false),
            (news(weekly), None, vec![], false),
            (news(level), Some(ada(true)), vec![], false),
            (news(level), Some(ada(true)), chosen(level, true), true),
        ] {
            let of = format!("{about:?} {found:?} {chosen:?}");
            let (became, out) = send(about, found, chosen);
            let expected = if sent { SendOutcome::Sent } else { SendOutcome::Unwanted };
            assert_eq!((became.expect("an end"), out.is_some()), (expected, sent), "{of}");
            if let Some(out) = out {
                assert_eq!(
                    (out.id, out.to.as_str(), out.reader.as_str(), out.sent_at),
                    (ID, "ada@example.org", "ada", NOW)
                );
            }
        }
    }

    #[test]
    fn streak_email_is_skipped_after_midnight_or_activity() {
        let warning = |date| {
            let NotificationContent { kind, title, message, data, .. } = NotificationContent::streak_at_risk(2, date);
            let facts = data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            EmailSubject::News(NotificationEmail { kind, title, message, facts })
        };
        for (now, about, sent) in [
            (datetime!(2026-11-22 23:59 UTC), date!(2026 - 11 - 22), SendOutcome::Sent),
            (datetime!(2026-11-23 00:00 UTC), date!(2026 - 11 - 22), SendOutcome::Unwanted),
            // The mail server was unreachable for a day.
            (datetime!(2026-11-22 23:59 UTC), date!(2026 - 11 - 21), SendOutcome::Unwanted),
            // A message has arrived meanwhile.
            (datetime!(2026-11-23 23:59 UTC), date!(2026 - 11 - 23), SendOutcome::Unwanted),
        ] {
            let (became, out) = send_at(now, warning(about), Some(ada(true)), Vec::new());
            assert_eq!((became.expect("an end"), out.is_some()), (sent, sent == SendOutcome::Sent), "{now} {about}");
        }
    }

    #[test]
    fn email_link_works_for_recipient_until_expiry() {
        let address = ["ada@example.org"];
        let with_password = ["ada@example.org", "hash"];
        let without = ["ada@example.org", ""];
        let foreign = (User { email_verified: true, ..ada(true).0 }, None);
        for (about, found, bound, life, purpose) in [
            (EmailSubject::Verification, ada(false), &address[..], Some(Duration::hours(48)), Purpose::VerifyEmail),
            (EmailSubject::PasswordReset, ada(true), &with_password[..], Some(Duration::HOUR), Purpose::ResetPassword),
            (EmailSubject::PasswordReset, foreign, &without[..], Some(Duration::HOUR), Purpose::ResetPassword),
            (
                news(NotificationKind::FollowRequest),
                ada(true),
                &[],
                None,
                Purpose::Unsubscribe(NotificationKind::FollowRequest),
            ),
        ] {
            let (_, out) = send(about, Some(found), Vec::new());
            let ticket = match out.expect("an email").content {
                EmailContent::Verification { ticket } | EmailContent::PasswordReset { ticket } => ticket,
                EmailContent::PasswordChanged => panic!("it has no link of its own"),
                EmailContent::News { unsubscribe, .. } => unsubscribe,
            };
            let unverified = UnverifiedToken::parse(&ticket).expect("a ticket");
            assert_eq!(unverified.claims(), SignedToken { purpose, user: ADA, ends_at: life.map(|life| NOW + life) });
            assert!(key().confirms(&unverified, bound, NOW), "{purpose:?}");
        }
    }

    #[test]
    fn email_failure_states_whether_retry_may_help() {
        for (error, kind, code) in [
            (MailError::Refused("550".into()), ErrorKind::Invalid, "Refused"),
            (MailError::Unavailable("away".into()), ErrorKind::Unavailable, "Unavailable"),
            (MailError::Unwritten("odd".into()), ErrorKind::Internal, "Unwritten"),
            (StoreError::Unavailable("away".into()).into(), ErrorKind::Unavailable, "Store"),
        ] {
            assert_eq!((error.kind(), variant(&error)), (kind, code));
        }
    }
}
