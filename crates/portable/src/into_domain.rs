//! The way in: lines as parts of an account, with every value checked.

use domain::achievements::Tier;
use domain::achievements::ports::ProgressEvent;
use domain::days::Zone;
use domain::display::{cleaned_name, cleaned_paragraphs};
use domain::identity::{Device, Email, ExternalLink, ProviderName, TokenScope};
use domain::ids::{AchievementId, UserId};
use domain::notifications::{Channels, NotificationKind};
use domain::payload::StoredData;
use domain::portability::{
    ExportPart, ImportTarget, Machine, OwnReferralCode, PastActivity, PastApiToken, PastEvent, PastFollow,
    PastNotification, PastProject, PastReferral, PastSession, PastUnlock, ReferralDirection,
};
use domain::pricing::Cost;
use domain::progression::EventXp;
use domain::projects::{Description, ProjectDetails, Title};
use domain::referrals::ReferralCode;
use domain::social::ActivityKind;
use domain::text::{TextProblem, bounded};
use domain::usage::{
    Handover, LedgerEntry, MAX_COUNT, MachineId, MessageKey, Model, ModelName, ProjectName, Protocol, Provider,
    Reading, RejectionReason, Source, TokenCounts, UsageMessage,
};
use domain::users::{Profile, Region, User, Username, WebUrl};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::Line;
use crate::lines;

/// A field of a line that an import does not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field.
    pub field: &'static str,
    /// What is wrong with its value.
    pub reason: String,
}

fn problem(field: &'static str, reason: impl Into<String>) -> FieldError {
    FieldError { field, reason: reason.into() }
}

/// The most hundredths of XP that one event pays: far more than any achievement of the catalogue.
const MOST_XP: u64 = 100_000_000;

/// Stands for the owner of a link, which the import sets.
const UNSET: UserId = UserId(Uuid::nil());

/// The most that the clock of another instance may be ahead.
const MAX_CLOCK_LEAD: Duration = Duration::DAY;

/// The account of `line` for `target`. The username of a new account must be valid in this release.
pub fn read_account(line: lines::AccountLine, target: &ImportTarget, now: OffsetDateTime) -> Result<User, FieldError> {
    let username = match target {
        ImportTarget::New { .. } => Username::parse(&line.username).map_err(|why| text_problem("username", why))?,
        ImportTarget::Existing(_) => name("username", line.username)?,
    };
    let email = line.email.map(|email| Email::parse(&email).map_err(|why| text_problem("email", why)));
    let url = |field, url: Option<String>| {
        url.map(|url| WebUrl::parse(&url).map_err(|why| text_problem(field, why))).transpose()
    };
    let region = |region: String| Region::parse(&region).ok_or_else(|| problem("region", "is not a region"));
    let zone = |zone: String| Zone::parse(&zone).ok_or_else(|| problem("timezone", "is not a known IANA time zone"));
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

/// The part with the one value of `line`, which is neither the manifest, the account nor the end.
pub fn read_part(line: Line, now: OffsetDateTime) -> Result<ExportPart, FieldError> {
    Ok(match line {
        Line::Message(line) => ExportPart::Messages(vec![message(line, now)?]),
        Line::Handover(line) => ExportPart::Handovers(vec![Handover {
            machine: machine_id("machine", &line.machine)?,
            source: source(&line.source)?,
            from: cut(line.from),
        }]),
        Line::Machine(line) => ExportPart::Machines(vec![Machine {
            id: machine_id("name", &line.name)?,
            last_synced_at: past("last_synced_at", line.last_synced_at, now)?,
        }]),
        Line::Project(line) => ExportPart::Projects(vec![project(line, now)?]),
        Line::ExternalAccount(line) => ExportPart::ExternalAccounts(vec![external_account(line, now)?]),
        Line::ApiToken(line) => ExportPart::ApiTokens(vec![api_token(line, now)?]),
        Line::Session(line) => ExportPart::Sessions(vec![PastSession {
            created_at: past("created_at", line.created_at, now)?,
            expires_at: cut(line.expires_at),
            last_used_at: past("last_used_at", line.last_used_at, now)?,
            device: Device { ip: line.ip, user_agent: line.user_agent },
        }]),
        Line::Preference(line) => {
            let kind = NotificationKind::of(&line.kind).ok_or_else(|| unknown_kind("kind"))?;
            ExportPart::Preferences(vec![(kind, Channels { in_app: line.in_app, email: line.email })])
        }
        Line::ReferralCode(line) => ExportPart::Code(OwnReferralCode {
            code: ReferralCode::parse(&line.code).ok_or_else(|| problem("code", "is not a referral code"))?,
            created_at: past("created_at", line.created_at, now)?,
            clicks: line.clicks,
            converted: line.converted,
        }),
        Line::ReferredBy(line) => ExportPart::Referrals(vec![referral(ReferralDirection::ByThem, line, now)?]),
        Line::Referred(line) => ExportPart::Referrals(vec![referral(ReferralDirection::ByOwner, line, now)?]),
        Line::Follow(line) => ExportPart::Follows(vec![follow(line, now)?]),
        Line::Follower(line) => ExportPart::Followers(vec![follow(line, now)?]),
        Line::Event(line) => ExportPart::Events(vec![event(line, now)?]),
        Line::Achievement(line) => ExportPart::Unlocks(vec![unlock(&line, now)?]),
        Line::Activity(line) => {
            ActivityKind::named(&line.kind).ok_or_else(|| unknown_kind("kind"))?;
            let (data, at) = (data(line.data.get())?, past("at", line.at, now)?);
            ExportPart::Activities(vec![PastActivity { kind: line.kind, data, at }])
        }
        Line::Notification(line) => ExportPart::Notifications(vec![notification(line, now)?]),
        Line::Manifest(_) | Line::Account(_) | Line::End(_) => return Err(problem("type", "is not allowed here")),
    })
}

fn machine_id(field: &'static str, name: &str) -> Result<MachineId, FieldError> {
    MachineId::parse(name).ok_or_else(|| length(field, MachineId::LONGEST))
}

fn source(name: &str) -> Result<Source, FieldError> {
    Source::parse(name).ok_or_else(|| length("source", Source::LONGEST))
}

/// The protocol that a message states. Without a statement it is the only one that states this `parser_version`.
fn protocol(number: Option<u8>, parser_version: u16) -> Result<Protocol, FieldError> {
    match number {
        None if parser_version == 0 => Ok(Protocol::V2),
        None => Ok(Protocol::V3),
        Some(number) => Protocol::numbered(number).ok_or_else(|| problem("protocol", "must be 2 or 3")),
    }
}

fn message(line: lines::MessageLine, now: OffsetDateTime) -> Result<LedgerEntry, FieldError> {
    let count = |field, count: u64| {
        let fits = count <= MAX_COUNT;
        if fits { Ok(count) } else { Err(problem(field, format!("must not be more than {MAX_COUNT}"))) }
    };
    let provider = |provider: String| Provider::parse(&provider).ok_or_else(|| length("provider", Provider::LONGEST));
    let project_name =
        |project: String| ProjectName::parse(&project).ok_or_else(|| length("project", ProjectName::LONGEST));
    let parser = |version| {
        let latest = Reading::LATEST_PARSER;
        let fits = version <= latest;
        if fits { Ok(version) } else { Err(problem("parser_version", format!("must not be more than {latest}"))) }
    };
    let message = UsageMessage {
        key: MessageKey(line.key.0),
        source: source(&line.source)?,
        at: cut(line.at),
        model: Model {
            name: ModelName::parse(&line.model).ok_or_else(|| length("model", ModelName::LONGEST))?,
            provider: line.provider.map(provider).transpose()?,
        },
        machine: machine_id("machine", &line.machine)?,
        tokens: TokenCounts {
            input: count("input", line.input)?,
            output: count("output", line.output)?,
            cache_read: count("cache_read", line.cache_read)?,
            cache_write: count("cache_write", line.cache_write)?,
            cache_write_1h: count("cache_write_1h", line.cache_write_1h)?,
            reasoning: count("reasoning", line.reasoning)?,
            reasoning_in_output: line.reasoning_in_output,
        },
        reading: Reading {
            is_incomplete: line.incomplete,
            parser_version: parser(line.parser_version)?,
            protocol: protocol(line.protocol, line.parser_version)?,
        },
        project: line.project.map(project_name).transpose()?,
    };
    message.check(now).map_err(|reason| match reason {
        RejectionReason::TimestampInFuture => problem("at", "is more than a day ahead"),
        RejectionReason::TimestampTooOld => problem("at", "is before 2020"),
        RejectionReason::HourWritesExceedWrites => problem("cache_write_1h", "is more than cache_write"),
        RejectionReason::ReasoningExceedsOutput => problem("reasoning", "is more than output, which includes it"),
        other => problem("key", other.code()),
    })?;
    Ok(LedgerEntry { message, cost: Cost::Unpriced })
}

fn external_account(line: lines::ExternalAccountLine, now: OffsetDateTime) -> Result<ExternalLink, FieldError> {
    let provider = text("provider", line.provider, 1, 50)?;
    if !provider.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Err(problem("provider", "must have lower-case letters, digits and hyphens"));
    }
    Ok(ExternalLink {
        user: UNSET,
        provider: ProviderName::trusted(provider),
        subject: text("subject", line.subject, 1, 1_000)?,
        login: text("login", line.login, 1, 200)?,
        linked_at: past("linked_at", line.linked_at, now)?,
    })
}

fn api_token(line: lines::ApiTokenLine, now: OffsetDateTime) -> Result<PastApiToken, FieldError> {
    let scope =
        |name: &String| TokenScope::parse(name).ok_or_else(|| problem("scopes", format!("{name:?} is not a scope")));
    Ok(PastApiToken {
        name: shown("name", line.name, 1)?,
        scopes: line.scopes.iter().map(scope).collect::<Result<_, _>>()?,
        created_at: past("created_at", line.created_at, now)?,
        expires_at: line.expires_at.map(cut),
        last_used_at: line.last_used_at.map(cut),
    })
}

fn project(line: lines::ProjectLine, now: OffsetDateTime) -> Result<PastProject, FieldError> {
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

fn referral(
    came: ReferralDirection,
    line: lines::ReferralLine,
    now: OffsetDateTime,
) -> Result<PastReferral, FieldError> {
    Ok(PastReferral {
        came,
        username: name("username", line.username)?,
        created_at: past("created_at", line.created_at, now)?,
        paid_at: line.paid_at.map(cut),
    })
}

fn follow(line: lines::FollowLine, now: OffsetDateTime) -> Result<PastFollow, FieldError> {
    let username = name("username", line.username)?;
    Ok(PastFollow { username, since: past("since", line.since, now)?, is_requested: line.requested })
}

fn event(line: lines::EventLine, now: OffsetDateTime) -> Result<PastEvent, FieldError> {
    let xp = i64::try_from(line.xp_hundredths).ok().filter(|_| line.xp_hundredths <= MOST_XP);
    let xp = xp.ok_or_else(|| problem("xp_hundredths", format!("must not be more than {MOST_XP}")))?;
    let event = ProgressEvent { reason: text("reason", line.reason, 1, 300)?, xp: EventXp(xp) };
    Ok(PastEvent { event, at: past("at", line.at, now)? })
}

fn unlock(line: &lines::AchievementLine, now: OffsetDateTime) -> Result<PastUnlock, FieldError> {
    let tier = |number| Tier::of(number).ok_or_else(|| problem("tier", "must be 1 to 5"));
    Ok(PastUnlock {
        id: AchievementId(line.id),
        tier: line.tier.map(tier).transpose()?,
        at: past("unlocked_at", line.unlocked_at, now)?,
        pinned_at: line.pinned_at.map(|at| past("pinned_at", at, now)).transpose()?,
    })
}

fn notification(line: lines::NotificationLine, now: OffsetDateTime) -> Result<PastNotification, FieldError> {
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

/// A JSON object without NUL, which PostgreSQL does not store.
fn data(json: &str) -> Result<StoredData, FieldError> {
    if !json.starts_with('{') {
        return Err(problem("data", "must be a JSON object"));
    }
    if json.contains("\\u0000") {
        return Err(problem("data", "must not contain NUL characters"));
    }
    Ok(StoredData(json.to_owned()))
}

/// A username by the rules of the release that wrote it.
fn name(field: &'static str, value: String) -> Result<Username, FieldError> {
    Ok(Username::trusted(text(field, value, 1, 100)?))
}

/// A name that others see. Characters that this release refuses are dropped: the release that wrote the file may have accepted them.
fn shown(field: &'static str, value: String, shortest: usize) -> Result<String, FieldError> {
    let name = cleaned_name(&text(field, value, shortest, 100)?, 100);
    text(field, name, shortest, 100)
}

fn text(field: &'static str, value: String, shortest: usize, longest: usize) -> Result<String, FieldError> {
    bounded(&value, shortest, longest).map_err(|why| text_problem(field, why))?;
    Ok(value)
}

fn text_problem(field: &'static str, why: TextProblem) -> FieldError {
    match why {
        TextProblem::TooShort(shortest) => problem(field, format!("must have at least {shortest} characters")),
        TextProblem::TooLong(longest) => problem(field, format!("must have at most {longest} characters")),
        TextProblem::Pattern(pattern) => problem(field, format!("must look like {pattern}")),
        TextProblem::Value(why) => problem(field, why),
    }
}

fn length(field: &'static str, longest: usize) -> FieldError {
    problem(field, format!("must have 1 to {longest} characters and no NUL"))
}

fn unknown_kind(field: &'static str) -> FieldError {
    problem(field, "is not known to this release")
}

/// An instant of the past; the clocks of two instances may differ.
fn past(field: &'static str, at: OffsetDateTime, now: OffsetDateTime) -> Result<OffsetDateTime, FieldError> {
    if at - now > MAX_CLOCK_LEAD {
        return Err(problem(field, "is more than a day ahead"));
    }
    // No data of burntop is older, and PostgreSQL does not store every RFC 3339 instant.
    if at.year() < 2000 {
        return Err(problem(field, "is before 2000"));
    }
    Ok(cut(at))
}

/// An instant in microseconds, as PostgreSQL stores it.
fn cut(at: OffsetDateTime) -> OffsetDateTime {
    at - Duration::nanoseconds(i64::from(at.nanosecond() % 1_000))
}

#[cfg(test)]
#[path = "into_domain_tests.rs"]
mod tests;
