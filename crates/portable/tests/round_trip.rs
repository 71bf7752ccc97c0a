//! What an export writes, an import reads back, field by field.

use domain::achievements::ports::ProgressEvent;
use domain::achievements::{Tier, catalogue};
use domain::days::Zone;
use domain::identity::{Device, Email, ExternalLink, ProviderName, Scopes};
use domain::ids::UserId;
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
use domain::usage::testing::{NOW, message};
use domain::usage::{
    Handover, LedgerEntry, MachineId, Model, ModelName, ProjectName, Protocol, Provider, Reading, Source, TokenCounts,
    UsageMessage,
};
use domain::users::{Profile, Region, User, Username, WebUrl};
use portable::{Line, Reader, Writer};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// An instant that no other field has.
fn at(hours: i64) -> OffsetDateTime {
    NOW - Duration::hours(hours)
}

/// An account of which every field has a value of its own.
fn ada() -> User {
    User {
        id: UserId(Uuid::from_u128(7)),
        username: Username::trusted("ada"),
        email: Some(Email::trusted("ada@example.org")),
        email_verified: true,
        profile: Profile {
            name: Some("Ada".into()),
            bio: Some("Counts tokens.".into()),
            location: Some("London".into()),
            region: Some(Region::Eu),
            website_url: Some(WebUrl::trusted("https://example.org/ada")),
            image: Some(WebUrl::trusted("https://example.org/ada.png")),
        },
        is_public: true,
        is_admin: false,
        zone: Zone::parse("Europe/London"),
        created_at: at(2),
        updated_at: at(1),
    }
}

/// A part of every kind, in which every field has a value of its own.
fn parts() -> Vec<ExportPart> {
    let past_follow =
        |name: &str, is_requested| PastFollow { username: Username::trusted(name), since: at(3), is_requested };
    let referred = |came, name: &str| PastReferral {
        came,
        username: Username::trusted(name),
        created_at: at(2),
        paid_at: Some(at(1)),
    };
    let definition = catalogue().first().expect("a definition");
    vec![
        ExportPart::ExternalAccounts(vec![ExternalLink {
            user: UserId(Uuid::nil()),
            provider: ProviderName::trusted("github"),
            subject: "12".into(),
            login: "ada-l".into(),
            linked_at: at(1),
        }]),
        ExportPart::ApiTokens(vec![PastApiToken {
            name: "laptop".into(),
            scopes: Scopes { sync: true, read: false },
            created_at: at(3),
            expires_at: Some(at(2)),
            last_used_at: Some(at(1)),
        }]),
        ExportPart::Sessions(vec![PastSession {
            created_at: at(3),
            expires_at: at(2),
            last_used_at: at(1),
            device: Device { ip: Some("192.0.2.1".into()), user_agent: Some("a browser".into()) },
        }]),
        ExportPart::Preferences(vec![(NotificationKind::LevelUp, Channels { in_app: false, email: true })]),
        ExportPart::Code(OwnReferralCode {
            code: ReferralCode::parse("0000ADA0").expect("a code"),
            created_at: at(1),
            clicks: 3,
            converted: 2,
        }),
        ExportPart::Referrals(vec![referred(ReferralDirection::ByThem, "bob")]),
        ExportPart::Referrals(vec![referred(ReferralDirection::ByOwner, "eve")]),
        ExportPart::Projects(vec![PastProject {
            details: ProjectDetails {
                title: Some(Title::trusted("Engine")),
                description: Some(Description::trusted("Computes anything.")),
                url: WebUrl::trusted("https://example.org/engine"),
                is_featured: true,
            },
            created_at: at(2),
            updated_at: at(1),
        }]),
        ExportPart::Machines(vec![Machine { id: MachineId::parse("laptop").expect("a name"), last_synced_at: at(1) }]),
        ExportPart::Handovers(vec![handover(at(3))]),
        ExportPart::Messages(vec![LedgerEntry {
            message: UsageMessage {
                model: Model { name: ModelName::trusted("gpt-5"), provider: Provider::parse("openai") },
                machine: MachineId::parse("laptop").expect("a name"),
                tokens: TokenCounts {
                    input: 1,
                    output: 20,
                    cache_read: 3,
                    cache_write: 5,
                    cache_write_1h: 4,
                    reasoning: 6,
                    reasoning_in_output: true,
                },
                reading: Reading { is_incomplete: true, parser_version: 7, protocol: Protocol::V3 },
                project: ProjectName::parse("shop"),
                ..message("a", 1)
            },
            cost: Cost::Unpriced,
        }]),
        ExportPart::Follows(vec![past_follow("bob", true)]),
        ExportPart::Followers(vec![past_follow("eve", false)]),
        ExportPart::Events(vec![PastEvent {
            event: ProgressEvent { reason: "level:2".into(), xp: EventXp(150) },
            at: at(1),
        }]),
        ExportPart::Unlocks(vec![PastUnlock {
            id: definition.id(),
            tier: Tier::of(2),
            at: at(2),
            pinned_at: Some(at(1)),
        }]),
        ExportPart::Activities(vec![PastActivity {
            kind: "level_up".into(),
            data: StoredData(r#"{"level": 2}"#.into()),
            at: at(1),
        }]),
        ExportPart::Notifications(vec![PastNotification {
            kind: "level_up".into(),
            title: "Level 2".into(),
            message: "You reached level 2.".into(),
            data: StoredData(r#"{"level": 2}"#.into()),
            dedup_key: "level_up:2".into(),
            created_at: at(2),
            read_at: Some(at(1)),
        }]),
    ]
}

fn handover(from: OffsetDateTime) -> Handover {
    let (machine, source) = (MachineId::parse("laptop"), Source::parse("codex"));
    Handover { machine: machine.expect("a name"), source: source.expect("a name"), from }
}

/// What a reader reads of `lines`, written as an export of [`ada`].
fn read_back(lines: impl IntoIterator<Item = Line>) -> Vec<Line> {
    let manifest = Line::Manifest(portable::Manifest {
        format: portable::FORMAT.to_owned(),
        version: portable::VERSION,
        exported_at: NOW,
        username: "ada".to_owned(),
        release: "0.1.0".to_owned(),
    });
    let mut writer = Writer::default();
    for line in [manifest, portable::account(&ada())].into_iter().chain(lines) {
        writer.write(&line).expect("a line");
    }
    writer.end().expect("the last line");
    let text = writer.take();
    let mut reader = Reader::new(&*text);
    std::iter::from_fn(|| reader.next_line().expect("a line of an export")).collect()
}

#[test]
fn round_trip_account_is_equal() {
    let Some(Line::Account(line)) = read_back([]).into_iter().nth(1) else { panic!("no account") };
    let read = portable::read_account(line, &ImportTarget::New { is_trusted: true }, NOW);
    assert_eq!(read, Ok(ada()));
}

#[test]
fn round_trip_parts_are_equal() {
    for part in parts() {
        let lines = portable::lines_of(part.clone()).map(|line| line.expect("a line"));
        let mut lines = read_back(lines).into_iter().skip(2);
        let read = lines.next().map(|line| portable::read_part(line, NOW));
        assert_eq!(read, Some(Ok(part)));
    }
}

#[test]
fn round_trip_has_every_kind_of_part() {
    // A kind that is added must be added to `parts` too: this match names all of them.
    let kind = |part: &ExportPart| match part {
        ExportPart::Account(_) => 0,
        ExportPart::ExternalAccounts(_) => 1,
        ExportPart::ApiTokens(_) => 2,
        ExportPart::Sessions(_) => 3,
        ExportPart::Preferences(_) => 4,
        ExportPart::Code(_) => 5,
        ExportPart::Referrals(_) => 6,
        ExportPart::Projects(_) => 7,
        ExportPart::Machines(_) => 8,
        ExportPart::Handovers(_) => 9,
        ExportPart::Messages(_) => 10,
        ExportPart::Follows(_) => 11,
        ExportPart::Followers(_) => 12,
        ExportPart::Events(_) => 13,
        ExportPart::Unlocks(_) => 14,
        ExportPart::Activities(_) => 15,
        ExportPart::Notifications(_) => 16,
    };
    let mut kinds: Vec<i32> = parts().iter().map(kind).collect();
    kinds.dedup();
    assert_eq!(kinds, (1..=16).collect::<Vec<_>>());
}
