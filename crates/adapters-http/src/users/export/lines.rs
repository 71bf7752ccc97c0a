//! What an account owns, as lines.

use domain::achievements::{Tier, find};
use domain::identity::ExternalLink;
use domain::notifications::{Channels, NotificationKind};
use domain::portability::{
    Came, Export, IssuedBefore, Machine, OwnCode, Part, PastActivity, PastEvent, PastNotification, PastProject,
    PastUnlock, Person, Referred, SignedIn,
};
use domain::pricing::Cost;
use domain::usage::Entry;
use domain::users::{Region, User};
use portable::{FORMAT, Key, Line, VERSION};
use serde_json::value::RawValue;

/// The line `manifest`.
pub(super) fn manifest(export: &Export) -> Line {
    Line::Manifest(portable::Manifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        exported_at: export.at,
        username: export.user.username.to_string(),
        release: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// The line `account`.
pub(super) fn account(user: &User) -> Line {
    let profile = &user.profile;
    Line::Account(portable::Account {
        id: user.id.0,
        username: user.username.to_string(),
        email: user.email.as_ref().map(|email| email.as_str().to_owned()),
        email_verified: user.email_verified,
        name: profile.name.clone(),
        bio: profile.bio.clone(),
        location: profile.location.clone(),
        region: profile.region.map(|region| Region::name(region).to_owned()),
        website_url: profile.website_url.as_ref().map(|url| url.as_str().to_owned()),
        image: profile.image.as_ref().map(|url| url.as_str().to_owned()),
        is_public: user.is_public,
        timezone: user.zone.as_ref().map(|zone| zone.name().to_owned()),
        created_at: user.created_at,
        updated_at: user.updated_at,
    })
}

/// The lines of `part`, one by one; an error says what cannot be written.
pub(super) fn of(part: Part) -> Box<dyn Iterator<Item = Result<Line, String>> + Send> {
    match part {
        Part::Account(user) => Box::new([Ok(account(&user))].into_iter()),
        Part::ExternalAccounts(links) => all(links, external_account),
        Part::ApiTokens(tokens) => all(tokens, api_token),
        Part::Sessions(sessions) => all(sessions, session),
        Part::Preferences(said) => all(said, preference),
        Part::Code(own) => all(vec![own], referral_code),
        Part::Referrals(people) => all(people, referral),
        Part::Projects(projects) => all(projects, project),
        Part::Machines(machines) => all(machines, machine),
        Part::Messages(entries) => all(entries, message),
        Part::Follows(people) => all(people, |of| Line::Follow(person(of))),
        Part::Followers(people) => all(people, |of| Line::Follower(person(of))),
        Part::Events(events) => all(events, event),
        Part::Unlocks(unlocks) => all(unlocks, achievement),
        Part::Activities(happened) => Box::new(happened.into_iter().map(activity)),
        Part::Notifications(notifications) => Box::new(notifications.into_iter().map(notification)),
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
    Line::ExternalAccount(portable::ExternalAccount { provider: provider.to_string(), subject, login, linked_at })
}

fn api_token(token: IssuedBefore) -> Line {
    let IssuedBefore { name, scopes, created_at, expires_at, last_used_at } = token;
    let scopes = scopes.iter().map(|scope| scope.name().to_owned()).collect();
    Line::ApiToken(portable::ApiToken { name, scopes, created_at, expires_at, last_used_at })
}

fn session(session: SignedIn) -> Line {
    let SignedIn { created_at, expires_at, last_used_at, device } = session;
    let (ip, user_agent) = (device.ip, device.user_agent);
    Line::Session(portable::Session { created_at, expires_at, last_used_at, ip, user_agent })
}

fn preference((kind, wanted): (NotificationKind, Channels)) -> Line {
    let Channels { in_app, email } = wanted;
    Line::Preference(portable::Preference { kind: kind.name().to_owned(), in_app, email })
}

fn referral_code(own: OwnCode) -> Line {
    let OwnCode { code, created_at, clicks, converted } = own;
    Line::ReferralCode(portable::ReferralCode { code: code.as_str().to_owned(), created_at, clicks, converted })
}

fn referral(referred: Referred) -> Line {
    let Referred { came, username, created_at, paid_at } = referred;
    let referral = portable::Referral { username: username.to_string(), created_at, paid_at };
    match came {
        Came::ByThem => Line::ReferredBy(referral),
        Came::ByOwner => Line::Referred(referral),
    }
}

fn project(past: PastProject) -> Line {
    let PastProject { details, created_at, updated_at } = past;
    Line::Project(portable::Project {
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
    Line::Machine(portable::Machine { name: id.to_string(), last_synced_at })
}

fn message(entry: Entry) -> Line {
    let Entry { message, cost } = entry;
    let tokens = message.tokens;
    let (cost, status) = match cost {
        Cost::Priced(amount) => (Some(amount), "priced"),
        Cost::Estimated(amount) => (Some(amount), "estimated"),
        Cost::Unpriced => (None, "unpriced"),
    };
    Line::Message(portable::Message {
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
        cost: cost.map(|amount| amount.to_string()),
        cost_status: status.to_owned(),
    })
}

fn person(of: Person) -> portable::Person {
    let Person { username, since, is_requested } = of;
    portable::Person { username: username.to_string(), since, requested: is_requested }
}

fn event(past: PastEvent) -> Line {
    let PastEvent { event, at } = past;
    let xp_hundredths = event.xp.0.unsigned_abs();
    Line::Event(portable::Event { reason: event.reason, xp_hundredths, at })
}

fn achievement(unlock: PastUnlock) -> Line {
    let PastUnlock { id, tier, at, pinned_at } = unlock;
    let slug = find(id).map(|definition| definition.slug.to_owned());
    let tier = tier.map(Tier::number);
    Line::Achievement(portable::Achievement { id: id.0, slug, tier, unlocked_at: at, pinned_at })
}

fn activity(past: PastActivity) -> Result<Line, String> {
    let PastActivity { kind, data, at } = past;
    Ok(Line::Activity(portable::Activity { kind, data: json(data.0)?, at }))
}

fn notification(past: PastNotification) -> Result<Line, String> {
    let PastNotification { kind, title, message, data, dedup_key, created_at, read_at } = past;
    let data = json(data.0)?;
    Ok(Line::Notification(portable::Notification { kind, title, message, data, dedup_key, created_at, read_at }))
}

/// JSON from the database.
fn json(text: String) -> Result<Box<RawValue>, String> {
    RawValue::from_string(text).map_err(|error| format!("the data of something that happened: {error}"))
}
