//! The way out: the parts of an account as lines.

use domain::achievements::{Tier, find};
use domain::identity::ExternalLink;
use domain::notifications::{Channels, NotificationKind};
use domain::portability::{
    Export, ExportPart, Machine, OwnReferralCode, PastActivity, PastApiToken, PastEvent, PastFollow, PastNotification,
    PastProject, PastReferral, PastSession, PastUnlock, ReferralDirection,
};
use domain::pricing::Cost;
use domain::usage::{Handover, LedgerEntry};
use domain::users::{Profile, User, WebUrl};
use serde_json::value::RawValue;

use crate::lines;
use crate::{FORMAT, Key, Line, VERSION};

/// The first line of `export`.
pub fn manifest(export: &Export) -> Line {
    Line::Manifest(lines::Manifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        exported_at: export.at,
        username: export.user.username.to_string(),
        release: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// The second line: the account of `user`. Each field is written or named here as one that is not.
pub fn account(user: &User) -> Line {
    let User {
        id,
        username,
        email,
        email_verified,
        profile: Profile { name, bio, location, region, website_url, image },
        is_public,
        // The administrators of another instance are its own.
        is_admin: _,
        zone,
        created_at,
        updated_at,
    } = user;
    let url = |url: &Option<WebUrl>| url.as_ref().map(|url| url.as_str().to_owned());
    Line::Account(lines::AccountLine {
        id: id.0,
        username: username.to_string(),
        email: email.as_ref().map(|email| email.as_str().to_owned()),
        email_verified: *email_verified,
        name: name.clone(),
        bio: bio.clone(),
        location: location.clone(),
        region: region.map(|region| region.name().to_owned()),
        website_url: url(website_url),
        image: url(image),
        is_public: *is_public,
        timezone: zone.as_ref().map(|zone| zone.name().to_owned()),
        created_at: *created_at,
        updated_at: *updated_at,
    })
}

/// The lines of `part` in order. An error names stored data that is not JSON.
pub fn lines_of(part: ExportPart) -> Box<dyn Iterator<Item = Result<Line, String>> + Send> {
    match part {
        ExportPart::Account(user) => Box::new([Ok(account(&user))].into_iter()),
        ExportPart::ExternalAccounts(links) => all(links, external_account),
        ExportPart::ApiTokens(tokens) => all(tokens, api_token),
        ExportPart::Sessions(sessions) => all(sessions, session),
        ExportPart::Preferences(preferences) => all(preferences, preference),
        ExportPart::Code(own) => all(vec![own], referral_code),
        ExportPart::Referrals(people) => all(people, referral),
        ExportPart::Projects(projects) => all(projects, project),
        ExportPart::Machines(machines) => all(machines, machine),
        ExportPart::Handovers(handovers) => all(handovers, handover),
        ExportPart::Messages(entries) => all(entries, message),
        ExportPart::Follows(people) => all(people, |of| Line::Follow(follow(of))),
        ExportPart::Followers(people) => all(people, |of| Line::Follower(follow(of))),
        ExportPart::Events(events) => all(events, event),
        ExportPart::Unlocks(unlocks) => all(unlocks, achievement),
        ExportPart::Activities(activities) => Box::new(activities.into_iter().map(activity)),
        ExportPart::Notifications(notifications) => Box::new(notifications.into_iter().map(notification)),
    }
}

fn all<T: Send + 'static>(
    things: Vec<T>,
    line: fn(T) -> Line,
) -> Box<dyn Iterator<Item = Result<Line, String>> + Send> {
    Box::new(things.into_iter().map(move |thing| Ok(line(thing))))
}

fn external_account(link: ExternalLink) -> Line {
    let ExternalLink { provider, subject, login, linked_at, user: _ } = link;
    Line::ExternalAccount(lines::ExternalAccountLine { provider: provider.to_string(), subject, login, linked_at })
}

fn api_token(token: PastApiToken) -> Line {
    let PastApiToken { name, scopes, created_at, expires_at, last_used_at } = token;
    let scopes = scopes.iter().map(|scope| scope.name().to_owned()).collect();
    Line::ApiToken(lines::ApiTokenLine { name, scopes, created_at, expires_at, last_used_at })
}

fn session(session: PastSession) -> Line {
    let PastSession { created_at, expires_at, last_used_at, device } = session;
    let (ip, user_agent) = (device.ip, device.user_agent);
    Line::Session(lines::SessionLine { created_at, expires_at, last_used_at, ip, user_agent })
}

fn preference((kind, wanted): (NotificationKind, Channels)) -> Line {
    let Channels { in_app, email } = wanted;
    Line::Preference(lines::PreferenceLine { kind: kind.name().to_owned(), in_app, email })
}

fn referral_code(own: OwnReferralCode) -> Line {
    let OwnReferralCode { code, created_at, clicks, converted } = own;
    Line::ReferralCode(lines::ReferralCodeLine { code: code.as_str().to_owned(), created_at, clicks, converted })
}

fn referral(referred: PastReferral) -> Line {
    let PastReferral { came, username, created_at, paid_at } = referred;
    let referral = lines::ReferralLine { username: username.to_string(), created_at, paid_at };
    match came {
        ReferralDirection::ByThem => Line::ReferredBy(referral),
        ReferralDirection::ByOwner => Line::Referred(referral),
    }
}

fn project(past: PastProject) -> Line {
    let PastProject { details, created_at, updated_at } = past;
    Line::Project(lines::ProjectLine {
        title: details.title.map(|text| text.to_string()),
        description: details.description.map(|text| text.to_string()),
        url: details.url.as_str().to_owned(),
        is_featured: details.is_featured,
        created_at,
        updated_at,
    })
}

fn machine(machine: Machine) -> Line {
    let Machine { id, last_synced_at } = machine;
    Line::Machine(lines::MachineLine { name: id.to_string(), last_synced_at })
}

fn handover(handover: Handover) -> Line {
    let Handover { machine, source, from } = handover;
    Line::Handover(lines::HandoverLine { source: source.to_string(), machine: machine.to_string(), from })
}

fn message(entry: LedgerEntry) -> Line {
    let LedgerEntry { message, cost } = entry;
    let tokens = message.tokens;
    let (cost, status) = match cost {
        Cost::Priced(amount) => (Some(amount), "priced"),
        Cost::Estimated(amount) => (Some(amount), "estimated"),
        Cost::Unpriced => (None, "unpriced"),
    };
    Line::Message(lines::MessageLine {
        key: Key(message.key.0),
        source: message.source.to_string(),
        at: message.at,
        model: message.model.name.to_string(),
        provider: message.model.provider.map(|provider| provider.to_string()),
        machine: message.machine.to_string(),
        input: tokens.input,
        output: tokens.output,
        cache_read: tokens.cache_read,
        cache_write: tokens.cache_write,
        cache_write_1h: tokens.cache_write_1h,
        reasoning: tokens.reasoning,
        reasoning_in_output: tokens.reasoning_in_output,
        incomplete: message.reading.is_incomplete,
        parser_version: message.reading.parser_version,
        protocol: Some(message.reading.protocol.number()),
        project: message.project.map(|project| project.to_string()),
        cost: cost.map(|amount| amount.to_string()),
        cost_status: status.to_owned(),
    })
}

fn follow(of: PastFollow) -> lines::FollowLine {
    let PastFollow { username, since, is_requested } = of;
    lines::FollowLine { username: username.to_string(), since, requested: is_requested }
}

fn event(past: PastEvent) -> Line {
    let PastEvent { event, at } = past;
    let xp_hundredths = event.xp.0.unsigned_abs();
    Line::Event(lines::EventLine { reason: event.reason, xp_hundredths, at })
}

fn achievement(unlock: PastUnlock) -> Line {
    let PastUnlock { id, tier, at, pinned_at } = unlock;
    let slug = find(id).map(|definition| definition.slug.to_owned());
    let tier = tier.map(Tier::number);
    Line::Achievement(lines::AchievementLine { id: id.0, slug, tier, unlocked_at: at, pinned_at })
}

fn activity(past: PastActivity) -> Result<Line, String> {
    let PastActivity { kind, data, at } = past;
    Ok(Line::Activity(lines::ActivityLine { kind, data: json(data.0)?, at }))
}

fn notification(past: PastNotification) -> Result<Line, String> {
    let PastNotification { kind, title, message, data, dedup_key, created_at, read_at } = past;
    let data = json(data.0)?;
    Ok(Line::Notification(lines::NotificationLine { kind, title, message, data, dedup_key, created_at, read_at }))
}

/// Stored JSON.
fn json(text: String) -> Result<Box<RawValue>, String> {
    RawValue::from_string(text).map_err(|error| format!("stored data is not JSON: {error}"))
}
