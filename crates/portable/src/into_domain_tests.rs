use serde_json::{Value, json};
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

/// The line of `json`.
fn line(json: &Value) -> Line {
    let manifest = json!({
        "type": "manifest", "format": "burntop-export", "version": 1, "exported_at": "2026-11-22T12:00:00Z",
        "username": "ada", "release": "0.1.0",
    });
    let text = if json["type"] == "account" {
        format!("{manifest}\n{json}\n")
    } else {
        format!("{manifest}\n{}\n{json}\n", account_line())
    };
    let mut reader = crate::Reader::new(text.as_bytes());
    let mut lines = std::iter::from_fn(move || reader.next_line().unwrap_or_else(|refusal| panic!("{refusal}")));
    lines.nth(if json["type"] == "account" { 1 } else { 2 }).expect("a line")
}

fn account_line() -> Value {
    json!({
        "type": "account", "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "username": "ada", "email": "ada@example.org",
        "email_verified": true, "name": "Ada", "bio": "", "location": null, "region": "EU",
        "website_url": "https://example.org", "image": null, "is_public": false, "timezone": "Europe/London",
        "created_at": "2026-11-20T12:00:00Z", "updated_at": "2026-11-21T12:00:00Z",
    })
}

fn message_line() -> Value {
    json!({
        "type": "message", "key": "116b88f173007be5e05df2a87105f095", "source": "Codex", "at": "2026-11-22T11:00:00.123456789Z",
        "model": "gpt-5", "provider": "openai", "machine": "laptop", "input": 1, "output": 2, "cache_read": 3,
        "cache_write": 4, "cache_write_1h": 4, "reasoning": 2, "reasoning_in_output": true, "cost": "99", "cost_status": "priced",
    })
}

/// `json` with the field `name` set to `value`.
fn with(mut json: Value, name: &str, value: Value) -> Value {
    json[name] = value;
    json
}

const NEW: ImportTarget = ImportTarget::New { is_trusted: false };

fn account_of(json: &Value, target: &ImportTarget) -> Result<User, FieldError> {
    let Line::Account(line) = line(json) else { panic!("no account") };
    read_account(line, target, NOW)
}

#[test]
fn read_part_message_has_no_cost() {
    let Ok(ExportPart::Messages(entries)) = read_part(line(&message_line()), NOW) else { panic!("no message") };
    let LedgerEntry { message, cost } = &entries[0];
    assert_eq!((message.source.as_str(), message.at), ("codex", datetime!(2026-11-22 11:00:00.123456 UTC)));
    assert_eq!((message.tokens.total(), message.tokens.reasoning_in_output), (10, true));
    assert_eq!((message.key.0[0], *cost), (0x11, Cost::Unpriced));
}

#[test]
fn read_part_bad_message_names_the_field() {
    for (field, value, reason) in [
        ("source", json!(""), "must have 1 to 50 characters and no NUL"),
        ("source", json!("x".repeat(51)), "must have 1 to 50 characters and no NUL"),
        ("model", json!("a\0b"), "must have 1 to 200 characters and no NUL"),
        ("provider", json!(""), "must have 1 to 100 characters and no NUL"),
        ("machine", json!("x".repeat(51)), "must have 1 to 50 characters and no NUL"),
        ("project", json!("x".repeat(201)), "must have 1 to 200 characters and no NUL"),
        ("input", json!(1_u64 << 53), "must not be more than 9007199254740991"),
        ("cache_write_1h", json!(5), "is more than cache_write"),
        ("reasoning", json!(3), "is more than output, which includes it"),
        ("at", json!("2026-11-23T12:00:00.000001Z"), "is more than a day ahead"),
        ("at", json!("2019-12-31T23:59:59Z"), "is before 2020"),
    ] {
        let read = read_part(line(&with(message_line(), field, value)), NOW);
        assert_eq!(read, Err(problem(field, reason)));
    }
}

#[test]
fn read_account_keeps_the_profile_and_drops_is_admin() {
    let user = account_of(&with(account_line(), "is_admin", json!(true)), &NEW).expect("an account");
    assert_eq!(
        (user.username.as_str(), user.email_verified, user.is_public, user.is_admin),
        ("ada", true, false, false)
    );
    assert_eq!((user.profile.bio.as_deref(), user.profile.region), (Some(""), Some(Region::Eu)));
    assert_eq!(user.zone.as_ref().map(Zone::name), Some("Europe/London"));
}

#[test]
fn read_account_bad_value_names_the_field() {
    for (field, value, reason) in [
        ("username", json!("admin"), "is reserved"),
        ("username", json!("a b"), "must look like ^[A-Za-z0-9_]+$"),
        ("email", json!("nobody"), "is not a valid email address"),
        ("name", json!("x".repeat(101)), "must have at most 100 characters"),
        ("bio", json!("a\0b"), "must not contain NUL characters"),
        ("region", json!("Mars"), "is not a region"),
        ("website_url", json!("javascript:alert(1)"), "must look like ^https?://"),
        ("image", json!("ftp://example.org"), "must look like ^https?://"),
        ("timezone", json!("Mars/Olympus"), "is not a known IANA time zone"),
        ("created_at", json!("2027-01-01T00:00:00Z"), "is more than a day ahead"),
        ("updated_at", json!("0001-01-01T00:00:00Z"), "is before 2000"),
    ] {
        let read = account_of(&with(account_line(), field, value), &NEW);
        assert_eq!(read, Err(problem(field, reason)));
    }
    let reserved = with(account_line(), "username", json!("admin"));
    let existing = ImportTarget::Existing(Username::trusted("ada"));
    assert!(account_of(&reserved, &existing).is_ok(), "an existing account keeps its name");
}

#[test]
fn read_part_bad_value_of_any_other_type_names_the_field() {
    let now = "2026-11-22T12:00:00Z";
    let activity = json!({"type": "activity", "kind": "level_up", "data": {"level": 2}, "at": now});
    let notification = json!({
        "type": "notification", "kind": "level_up", "title": "Level 2", "message": "", "data": {}, "dedup_key": "level_up:2",
        "created_at": now, "read_at": null,
    });
    let achievement = json!({
        "type": "achievement", "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "slug": null, "tier": 2, "unlocked_at": now,
        "pinned_at": now,
    });
    let event = json!({"type": "event", "reason": "level:2", "xp_hundredths": 0, "at": now});
    let external =
        json!({"type": "external_account", "provider": "github", "subject": "7", "login": "ada", "linked_at": now});
    let token = json!({
        "type": "api_token", "name": "laptop", "scopes": ["sync"], "created_at": now, "expires_at": null, "last_used_at": null,
    });
    let preference = json!({"type": "preference", "kind": "level_up", "in_app": false, "email": true});
    let code = json!({"type": "referral_code", "code": "0000ADA0", "created_at": now, "clicks": 0, "converted": 0});
    let follow = json!({"type": "follow", "username": "bob", "since": now, "requested": false});
    let machine = json!({"type": "machine", "name": "laptop", "last_synced_at": now});
    for (line_of, field, value, reason) in [
        (&activity, "kind", json!("party"), "is not known to this release"),
        (&activity, "data", json!([1]), "must be a JSON object"),
        (&activity, "data", json!({"a": "\0"}), "must not contain NUL characters"),
        (&activity, "at", json!("1999-12-31T00:00:00Z"), "is before 2000"),
        (&notification, "kind", json!("party"), "is not known to this release"),
        (&notification, "dedup_key", json!(""), "must have at least 1 characters"),
        (&notification, "title", json!("x".repeat(501)), "must have at most 500 characters"),
        (&achievement, "tier", json!(6), "must be 1 to 5"),
        (&achievement, "unlocked_at", json!("2027-01-01T00:00:00Z"), "is more than a day ahead"),
        (&event, "xp_hundredths", json!(100_000_001), "must not be more than 100000000"),
        (&event, "reason", json!(""), "must have at least 1 characters"),
        (&external, "provider", json!("Git Hub"), "must have lower-case letters, digits and hyphens"),
        (&external, "subject", json!(""), "must have at least 1 characters"),
        (&external, "subject", json!("x".repeat(1_001)), "must have at most 1000 characters"),
        (&token, "scopes", json!(["admin"]), "\"admin\" is not a scope"),
        (&preference, "kind", json!("party"), "is not known to this release"),
        (&code, "code", json!("!"), "is not a referral code"),
        (&follow, "username", json!("a\0b"), "must not contain NUL characters"),
        (&machine, "name", json!(""), "must have 1 to 50 characters and no NUL"),
    ] {
        assert!(read_part(line(line_of), NOW).is_ok(), "{line_of}");
        assert_eq!(read_part(line(&with(line_of.clone(), field, value)), NOW), Err(problem(field, reason)));
    }
}

#[test]
fn read_account_drops_characters_that_names_no_longer_have() {
    for (field, value, kept) in [
        ("name", "Ada\u{202E}\nLovelace", "Ada Lovelace"),
        ("location", "Here\u{2028}there", "Here there"),
        ("bio", "one\ntwo\u{2066}", "one\ntwo"),
    ] {
        let profile = account_of(&with(account_line(), field, json!(value)), &NEW).expect("an account").profile;
        let read = [("name", profile.name), ("location", profile.location), ("bio", profile.bio)];
        let read = read.into_iter().find_map(|(name, text)| text.filter(|_| name == field));
        assert_eq!(read.as_deref(), Some(kept), "{field}");
    }
}
