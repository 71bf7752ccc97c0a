//! From lines to what they mean, or the field that cannot be.

use domain::achievements::Tier;
use domain::achievements::ports::ProgressEvent;
use domain::days::Zone;
use domain::display::{cleaned_name, cleaned_paragraphs};
use domain::identity::{Device, Email, ExternalLink, ProviderName, Scope};
use domain::ids::{AchievementId, UserId};
use domain::notifications::{Channels, NotificationKind};
use domain::payload::StoredData;
use domain::portability::{
    Came, IssuedBefore, Machine, OwnCode, Part, PastActivity, PastEvent, PastNotification, PastProject, PastUnlock,
    Person, Referred, SignedIn, Target,
};
use domain::pricing::Cost;
use domain::progression::EventXp;
use domain::projects::{Description, ProjectDetails, Title};
use domain::referrals::ReferralCode;
use domain::social::ActivityKind;
use domain::text::{TextProblem, bounded};
use domain::usage::{
    Entry, MAX_COUNT, MachineId, Message, MessageKey, Model, ModelName, Provider, Reason, Source, TokenCounts,
};
use domain::users::{Profile, Region, User, Username, WebUrl};
use portable::Line;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) field: &'static str,
    pub(super) reason: String,
}

fn problem(field: &'static str, reason: impl Into<String>) -> Problem {
    Problem { field, reason: reason.into() }
}

/// The most hundredths of XP that one event pays: far more than any achievement of any catalogue.
const MOST_XP: u64 = 100_000_000;

/// Whoever takes in a link says whose it is.
const NOBODY: UserId = UserId(Uuid::nil());

/// How far the clock of another instance may run ahead.
const MOST_AHEAD: Duration = Duration::DAY;

/// The account of `line`, which goes to `target`. Only a new one has to have a name that can be given.
pub(super) fn account(line: portable::Account, target: &Target, now: OffsetDateTime) -> Result<User, Problem> {
    let username = match target {
        Target::New { .. } => Username::parse(&line.username).map_err(|why| text_problem("username", why))?,
        Target::Existing(_) => name("username", line.username)?,
    };
    let email = line.email.map(|email| Email::parse(&email).map_err(|why| text_problem("email", why)));
    let url = |field, url: Option<String>| {
        url.map(|url| WebUrl::parse(&url).map_err(|why| text_problem(field, why))).transpose()
    };
    let region = |region: String| Region::parse(&region).ok_or_else(|| problem("region", "is no region"));
    let zone = |zone: String| Zone::parse(&zone).ok_or_else(|| problem("timezone", "is no time zone that is known"));
    Ok(User {
        id: UserId(line.id),
        username,
        email: email.transpose()?,
        email_verified: line.email_verified,
        profile: Profile {
            name: line.name.map(|name| shown("name", name, 0)).transpose()?,
            bio: line.bio.map(|bio| text("bio", bio, 0, 500).map(|bio| cleaned_paragraphs(&bio))).transpose()?,
            location: line.location.map(|place| shown("location", place, 0)).transpose()?,
            region: line.region.map(region).transpose()?,
            website_url: url("website_url", line.website_url)?,
            image: url("image", line.image)?,
        },
        is_public: line.is_public,
        is_admin: false,
        zone: line.timezone.map(zone).transpose()?,
        created_at: past("created_at", line.created_at, now)?,
        updated_at: past("updated_at", line.updated_at, now)?,
    })
}

/// The one thing that `line`, which is neither the first, the second nor the last, is about.
pub(super) fn part(line: Line, now: OffsetDateTime) -> Result<Part, Problem> {
    Ok(match line {
        Line::Message(line) => Part::Messages(vec![message(line, now)?]),
        Line::Machine(line) => Part::Machines(vec![Machine {
            id: MachineId::parse(&line.name).ok_or_else(|| length("name", MachineId::LONGEST))?,
            last_synced_at: past("last_synced_at", line.last_synced_at, now)?,
        }]),
        Line::Project(line) => Part::Projects(vec![project(line, now)?]),
        Line::ExternalAccount(line) => Part::ExternalAccounts(vec![external_account(line, now)?]),
        Line::ApiToken(line) => Part::ApiTokens(vec![api_token(line, now)?]),
        Line::Session(line) => Part::Sessions(vec![SignedIn {
            created_at: past("created_at", line.created_at, now)?,
            expires_at: cut(line.expires_at),
            last_used_at: past("last_used_at", line.last_used_at, now)?,
            device: Device { ip: line.ip, user_agent: line.user_agent },
        }]),
        Line::Preference(line) => {
            let kind = NotificationKind::of(&line.kind).ok_or_else(|| unknown_kind("kind"))?;
            Part::Preferences(vec![(kind, Channels { in_app: line.in_app, email: line.email })])
        }
        Line::ReferralCode(line) => Part::Code(OwnCode {
            code: ReferralCode::parse(&line.code).ok_or_else(|| problem("code", "is no referral code"))?,
            created_at: past("created_at", line.created_at, now)?,
            clicks: line.clicks,
            converted: line.converted,
        }),
        Line::ReferredBy(line) => Part::Referrals(vec![referral(Came::ByThem, line, now)?]),
        Line::Referred(line) => Part::Referrals(vec![referral(Came::ByOwner, line, now)?]),
        Line::Follow(line) => Part::Follows(vec![person(line, now)?]),
        Line::Follower(line) => Part::Followers(vec![person(line, now)?]),
        Line::Event(line) => Part::Events(vec![event(line, now)?]),
        Line::Achievement(line) => Part::Unlocks(vec![unlock(&line, now)?]),
        Line::Activity(line) => {
            ActivityKind::named(&line.kind).ok_or_else(|| unknown_kind("kind"))?;
            let (data, at) = (data(line.data.get())?, past("at", line.at, now)?);
            Part::Activities(vec![PastActivity { kind: line.kind, data, at }])
        }
        Line::Notification(line) => Part::Notifications(vec![notification(line, now)?]),
        Line::Manifest(_) | Line::Account(_) | Line::End(_) => return Err(problem("type", "stands elsewhere")),
    })
}

fn message(line: portable::Message, now: OffsetDateTime) -> Result<Entry, Problem> {
    let count = |field, count: u64| {
        let fits = count <= MAX_COUNT;
        if fits { Ok(count) } else { Err(problem(field, format!("must not be more than {MAX_COUNT}"))) }
    };
    let provider = |provider: String| Provider::parse(&provider).ok_or_else(|| length("provider", Provider::LONGEST));
    let message = Message {
        key: MessageKey(line.key.0),
        source: Source::parse(&line.source).ok_or_else(|| length("source", Source::LONGEST))?,
        at: cut(line.at),
        model: Model {
            name: ModelName::parse(&line.model).ok_or_else(|| length("model", ModelName::LONGEST))?,
            provider: line.provider.map(provider).transpose()?,
        },
        machine: MachineId::parse(&line.machine).ok_or_else(|| length("machine", MachineId::LONGEST))?,
        tokens: TokenCounts {
            input: count("input", line.input)?,
            output: count("output", line.output)?,
            cache_read: count("cache_read", line.cache_read)?,
            cache_write: count("cache_write", line.cache_write)?,
            cache_write_1h: count("cache_write_1h", line.cache_write_1h)?,
            reasoning: count("reasoning", line.reasoning)?,
            reasoning_in_output: line.reasoning_in_output,
        },
    };
    message.check(now).map_err(|reason| match reason {
        Reason::TimestampInFuture => problem("at", "is more than a day ahead"),
        Reason::TimestampTooOld => problem("at", "is before 2020"),
        Reason::HourWritesExceedWrites => problem("cache_write_1h", "is more than cache_write"),
        Reason::ReasoningExceedsOutput => problem("reasoning", "is more than output, which includes it"),
        other => problem("key", other.code()),
    })?;
    Ok(Entry { message, cost: Cost::Unpriced })
}

fn external_account(line: portable::ExternalAccount, now: OffsetDateTime) -> Result<ExternalLink, Problem> {
    let provider = text("provider", line.provider, 1, 50)?;
    if !provider.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Err(problem("provider", "is no name of a provider"));
    }
    Ok(ExternalLink {
        user: NOBODY,
        provider: ProviderName::trusted(provider),
        subject: text("subject", line.subject, 1, 200)?,
        login: text("login", line.login, 1, 200)?,
        linked_at: past("linked_at", line.linked_at, now)?,
    })
}

fn api_token(line: portable::ApiToken, now: OffsetDateTime) -> Result<IssuedBefore, Problem> {
    let scope = |name: &String| Scope::parse(name).ok_or_else(|| problem("scopes", format!("{name:?} is no scope")));
    Ok(IssuedBefore {
        name: shown("name", line.name, 1)?,
        scopes: line.scopes.iter().map(scope).collect::<Result<_, _>>()?,
        created_at: past("created_at", line.created_at, now)?,
        expires_at: line.expires_at.map(cut),
        last_used_at: line.last_used_at.map(cut),
    })
}

fn project(line: portable::Project, now: OffsetDateTime) -> Result<PastProject, Problem> {
    let title = |text: String| Title::parse(&text).map_err(|why| text_problem("title", why));
    let description = |text: String| Description::parse(&text).map_err(|why| text_problem("description", why));
    Ok(PastProject {
        details: ProjectDetails {
            title: line.title.map(title).transpose()?,
            description: line.description.map(description).transpose()?,
            url: WebUrl::parse(&line.url).map_err(|why| text_problem("url", why))?,
            is_featured: line.is_featured,
        },
        created_at: past("created_at", line.created_at, now)?,
        updated_at: past("updated_at", line.updated_at, now)?,
    })
}

fn referral(came: Came, line: portable::Referral, now: OffsetDateTime) -> Result<Referred, Problem> {
    Ok(Referred {
        came,
        username: name("username", line.username)?,
        created_at: past("created_at", line.created_at, now)?,
        paid_at: line.paid_at.map(cut),
    })
}

fn person(line: portable::Person, now: OffsetDateTime) -> Result<Person, Problem> {
    let username = name("username", line.username)?;
    Ok(Person { username, since: past("since", line.since, now)?, is_requested: line.requested })
}

fn event(line: portable::Event, now: OffsetDateTime) -> Result<PastEvent, Problem> {
    let xp = i64::try_from(line.xp_hundredths).ok().filter(|_| line.xp_hundredths <= MOST_XP);
    let xp = xp.ok_or_else(|| problem("xp_hundredths", format!("must not be more than {MOST_XP}")))?;
    let event = ProgressEvent { reason: text("reason", line.reason, 1, 300)?, xp: EventXp(xp) };
    Ok(PastEvent { event, at: past("at", line.at, now)? })
}

fn unlock(line: &portable::Achievement, now: OffsetDateTime) -> Result<PastUnlock, Problem> {
    let tier = |number| Tier::of(number).ok_or_else(|| problem("tier", "must be 1 to 5"));
    Ok(PastUnlock {
        id: AchievementId(line.id),
        tier: line.tier.map(tier).transpose()?,
        at: past("unlocked_at", line.unlocked_at, now)?,
        pinned_at: line.pinned_at.map(|at| past("pinned_at", at, now)).transpose()?,
    })
}

fn notification(line: portable::Notification, now: OffsetDateTime) -> Result<PastNotification, Problem> {
    NotificationKind::of(&line.kind).ok_or_else(|| unknown_kind("kind"))?;
    Ok(PastNotification {
        kind: line.kind,
        title: text("title", line.title, 0, 500)?,
        message: text("message", line.message, 0, 5_000)?,
        data: data(line.data.get())?,
        dedup_key: text("dedup_key", line.dedup_key, 1, 300)?,
        created_at: past("created_at", line.created_at, now)?,
        read_at: line.read_at.map(cut),
    })
}

/// The particulars of something: a JSON object that the database takes.
fn data(json: &str) -> Result<StoredData, Problem> {
    if !json.starts_with('{') {
        return Err(problem("data", "is no object"));
    }
    if json.contains("\\u0000") {
        return Err(problem("data", "must not contain NUL characters"));
    }
    Ok(StoredData(json.to_owned()))
}

/// What somebody is called, by whatever rules of the release that wrote it.
fn name(field: &'static str, value: String) -> Result<Username, Problem> {
    Ok(Username::trusted(text(field, value, 1, 100)?))
}

/// A name that is shown to others. Characters that are refused by now are dropped: the instance it comes from may have taken them.
fn shown(field: &'static str, value: String, shortest: usize) -> Result<String, Problem> {
    let name = cleaned_name(&text(field, value, shortest, 100)?, 100);
    text(field, name, shortest, 100)
}

fn text(field: &'static str, value: String, shortest: usize, longest: usize) -> Result<String, Problem> {
    bounded(&value, shortest, longest).map_err(|why| text_problem(field, why))?;
    Ok(value)
}

fn text_problem(field: &'static str, why: TextProblem) -> Problem {
    match why {
        TextProblem::TooShort(shortest) => problem(field, format!("must have at least {shortest} characters")),
        TextProblem::TooLong(longest) => problem(field, format!("must have at most {longest} characters")),
        TextProblem::Pattern(pattern) => problem(field, format!("must look like {pattern}")),
        TextProblem::Value(why) => problem(field, why),
    }
}

fn length(field: &'static str, longest: usize) -> Problem {
    problem(field, format!("must have 1 to {longest} characters and no NUL"))
}

fn unknown_kind(field: &'static str) -> Problem {
    problem(field, "is no kind that this release knows")
}

/// An instant that is over, but for the clocks of two instances.
fn past(field: &'static str, at: OffsetDateTime, now: OffsetDateTime) -> Result<OffsetDateTime, Problem> {
    if at - now > MOST_AHEAD {
        return Err(problem(field, "is more than a day ahead"));
    }
    // Nothing of ours is that old, and not every instant that can be written can be stored.
    if at.year() < 2000 {
        return Err(problem(field, "is before 2000"));
    }
    Ok(cut(at))
}

/// An instant in microseconds, which is what is stored.
fn cut(at: OffsetDateTime) -> OffsetDateTime {
    at - Duration::nanoseconds(i64::from(at.nanosecond() % 1_000))
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
