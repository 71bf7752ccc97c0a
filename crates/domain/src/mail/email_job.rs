//! An email in the queue.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::ids::{Ids, JobId, UserId};
use crate::jobs::{Job, JobKind, NewJob};
use crate::notifications::{Notification, NotificationKind};
use crate::payload::{self, ParsedPayload, Value};

/// An email to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailJob {
    /// Also the id of its job; the same for every attempt.
    pub id: JobId,
    /// The recipient.
    pub to: UserId,
    /// The subject.
    pub about: EmailSubject,
}

/// The subject of an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailSubject {
    /// Verification of the address.
    Verification,
    /// A link to reset the password.
    PasswordReset,
    /// The password was changed.
    PasswordChanged,
    News(NotificationEmail),
}

/// A notification in the form of an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationEmail {
    pub kind: NotificationKind,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub message: String,
    pub facts: ParsedPayload,
}

/// The stored fields besides the notification's data. The names of data fields do not begin with `_`.
const ID: &str = "_id";
const TO: &str = "_to";
const ABOUT: &str = "_about";
const KIND: &str = "_kind";
const TITLE: &str = "_title";
const MESSAGE: &str = "_message";

impl EmailSubject {
    const fn name(&self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::PasswordReset => "password_reset",
            Self::PasswordChanged => "password_changed",
            Self::News(_) => "news",
        }
    }
}

impl EmailJob {
    /// The job of an email that informs `user` of a changed password.
    pub fn password_changed(ids: &dyn Ids, user: UserId, now: OffsetDateTime) -> (JobId, NewJob) {
        let email = Self { id: JobId(ids.fresh()), to: user, about: EmailSubject::PasswordChanged };
        let key = format!("password_changed:{}", email.id);
        email.job(key, now)
    }

    /// The job of an email with `notification`: one per subject.
    pub fn of(notification: &Notification) -> (JobId, NewJob) {
        let content = &notification.content;
        let news = NotificationEmail {
            kind: content.kind,
            title: content.title.clone(),
            message: content.message.clone(),
            facts: content.data.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        };
        let email = Self { id: JobId(notification.id.0), to: notification.user, about: EmailSubject::News(news) };
        email.job(format!("{}:{}", content.dedup_key(), notification.user), notification.created_at)
    }

    pub(super) fn job(self, key: String, run_at: OffsetDateTime) -> (JobId, NewJob) {
        (self.id, NewJob { job: Job::Mail(self), key, run_at })
    }

    /// The priority: lower runs first. A user waits for a requested email, or must know at once; a streak ends at midnight.
    /// Other news, of which a Monday brings many, can wait and must not delay other jobs.
    pub fn priority(&self) -> i16 {
        match &self.about {
            EmailSubject::Verification | EmailSubject::PasswordReset | EmailSubject::PasswordChanged => {
                JobKind::Mail.priority()
            }
            EmailSubject::News(news) if news.kind == NotificationKind::StreakAtRisk => 80,
            EmailSubject::News(_) => 95,
        }
    }

    /// The stored form.
    pub fn data(&self) -> ParsedPayload {
        let fixed = |name: &str, text: String| (name.to_owned(), Value::Text(text));
        let mut data = vec![
            fixed(ID, self.id.to_string()),
            fixed(TO, self.to.to_string()),
            fixed(ABOUT, self.about.name().to_owned()),
        ];
        if let EmailSubject::News(news) = &self.about {
            data.push(fixed(KIND, news.kind.name().to_owned()));
            data.push(fixed(TITLE, news.title.clone()));
            data.push(fixed(MESSAGE, news.message.clone()));
            data.extend(news.facts.iter().cloned());
        }
        data
    }

    /// Reads the stored form.
    pub fn parse(data: &[(String, Value)]) -> Option<Self> {
        let text = |name| payload::text(data, name);
        let id = |name| text(name)?.parse::<Uuid>().ok();
        let about = match text(ABOUT)? {
            "verification" => EmailSubject::Verification,
            "password_reset" => EmailSubject::PasswordReset,
            "password_changed" => EmailSubject::PasswordChanged,
            "news" => EmailSubject::News(NotificationEmail {
                kind: NotificationKind::of(text(KIND)?)?,
                title: text(TITLE)?.to_owned(),
                message: text(MESSAGE)?.to_owned(),
                facts: data.iter().filter(|(name, _)| !name.starts_with('_')).cloned().collect(),
            }),
            _ => return None,
        };
        Some(Self { id: JobId(id(ID)?), to: UserId(id(TO)?), about })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CountingIds, NotificationId};
    use crate::notifications::NotificationContent;
    use crate::testing::test_user;
    use crate::usage::testing::NOW;

    const ADA: UserId = UserId(Uuid::from_u128(1));

    fn notification() -> Notification {
        let bob = test_user(UserId(Uuid::from_u128(2)), "bob");
        Notification {
            id: NotificationId(Uuid::from_u128(7)),
            user: ADA,
            content: NotificationContent::follow_request(&bob),
            created_at: NOW,
        }
    }

    fn asked_for(about: EmailSubject) -> (JobId, NewJob) {
        EmailJob { id: JobId(Uuid::from_u128(8)), to: ADA, about }.job("asked for".to_owned(), NOW)
    }

    #[test]
    fn email_job_round_trips() {
        for (id, NewJob { job, .. }) in [
            asked_for(EmailSubject::Verification),
            asked_for(EmailSubject::PasswordReset),
            EmailJob::password_changed(&CountingIds, ADA, NOW),
            EmailJob::of(&notification()),
        ] {
            let data = job.data();
            assert_eq!(Job::parse("mail", &data), Ok(job.clone()));
            let Job::Mail(email) = job else { panic!("an email") };
            assert_eq!((email.id, email.to), (id, ADA));
            for missing in 0..3 {
                let mut less = data.clone();
                less.remove(missing);
                assert!(Job::parse("mail", &less).is_err(), "{less:?}");
            }
        }
        assert!(Job::parse("mail", &[]).is_err());
    }

    #[test]
    fn email_priority_requested_before_streak_before_news() {
        let news = |content| EmailJob::of(&Notification { content, ..notification() });
        let jobs = [
            asked_for(EmailSubject::Verification),
            asked_for(EmailSubject::PasswordReset),
            news(NotificationContent::streak_at_risk(7, NOW.date())),
            EmailJob::of(&notification()),
        ];
        let priorities = jobs.map(|(_, job)| job.job.priority());
        assert!(priorities[0] == priorities[1] && priorities[1..].is_sorted_by(|a, b| a < b), "{priorities:?}");
        let others = [JobKind::Leaderboard, JobKind::StreakRisk, JobKind::WeeklySummary, JobKind::Reprice];
        assert!(others.iter().all(|kind| (priorities[0]..priorities[2]).contains(&kind.priority())));
    }

    #[test]
    fn email_job_of_notification_is_keyed_by_subject_and_recipient() {
        let (id, job) = EmailJob::of(&notification());
        assert_eq!((id, job.run_at), (JobId(Uuid::from_u128(7)), NOW));
        let bob = Uuid::from_u128(2);
        assert_eq!(job.key, format!("follow_request:{bob}:{ADA}"));
        let Job::Mail(EmailJob { about: EmailSubject::News(news), .. }) = job.job else { panic!("news") };
        assert_eq!((news.title.as_str(), news.message.as_str()), ("Follow request", "bob would like to follow you."));
        assert_eq!(payload::text(&news.facts, "username"), Some("bob"));
    }
}
