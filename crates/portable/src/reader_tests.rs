use std::io::{BufReader, Read};

use time::macros::datetime;

use super::*;
use crate::{Key, MessageLine, Writer};

const MANIFEST: &str = r#"{"type":"manifest","format":"burntop-export","version":1,"exported_at":"2026-11-22T12:00:00Z","username":"ada","release":"0.1.0"}"#;
const ACCOUNT: &str = r#"{"type":"account","id":"019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b","username":"ada","email":null,"email_verified":false,"name":null,"bio":null,"location":null,"region":null,"website_url":null,"image":null,"is_public":true,"timezone":null,"created_at":"2026-11-22T12:00:00Z","updated_at":"2026-11-22T12:00:00Z"}"#;
const MACHINE: &str = r#"{"type":"machine","name":"laptop","last_synced_at":"2026-11-22T12:00:00Z"}"#;
const MESSAGE: &str = r#"{"type":"message","key":"116b88f173007be5e05df2a87105f095","source":"codex","at":"2026-11-22T12:00:00.000001Z","model":"gpt-5","provider":null,"machine":"laptop","input":1,"output":2,"cache_read":3,"cache_write":4,"cache_write_1h":0,"reasoning":0,"reasoning_in_output":true,"cost":"0.000001","cost_status":"priced"}"#;

fn end(counts: &str) -> String {
    format!(r#"{{"type":"end","counts":{{{counts}}}}}"#)
}

/// The types of the lines of `text`, or the reason of a refusal.
fn read(text: &str) -> Result<Vec<&'static str>, String> {
    let mut reader = Reader::new(BufReader::with_capacity(7, text.as_bytes()));
    let mut kinds = Vec::new();
    while let Some(line) = reader.next_line().map_err(|refusal| refusal.to_string())? {
        kinds.push(line.kind());
    }
    Ok(kinds)
}

fn whole(lines: &[&str]) -> String {
    [MANIFEST, ACCOUNT].iter().chain(lines).fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn reader_complete_export_returns_all_lines() {
    let ended = end(r#""manifest":1,"account":1,"machine":1,"message":1"#);
    let text = whole(&[MACHINE, MESSAGE, &ended]);
    let kinds = ["manifest", "account", "machine", "message", "end"];
    assert_eq!(read(&text).as_deref(), Ok(&kinds[..]));
    assert_eq!(read(text.trim_end()).as_deref(), Ok(&kinds[..]), "the last line needs no line break");
    assert_eq!(read(&text.replace('\n', "\r\n")).as_deref(), Ok(&kinds[..]));
    let added = text.replace(r#""name":"laptop""#, r#""name":"laptop","of_a_later_release":{"x":[1]}"#);
    assert_eq!(read(&added).as_deref(), Ok(&kinds[..]), "fields may be added");
}

#[test]
fn reader_malformed_export_is_refused_with_line_and_field() {
    let ended = end(r#""manifest":1,"account":1"#);
    let with = |line: &str| whole(&[MACHINE, line, &ended]);
    let message = |from: &str, to: &str| with(&MESSAGE.replace(from, to));
    let table = [
        (String::new(), "the file was cut off after line 0: the line `end` is missing"),
        (whole(&[MACHINE]), "the file was cut off after line 3: the line `end` is missing"),
        (whole(&[&MESSAGE[..40]]), "line 3: EOF while parsing a string"),
        (whole(&[&ended, MACHINE]), "line 4: the file continues after the line `end`"),
        (whole(&[&ended, ""]), "line 4: the file continues after the line `end`"),
        (with("nonsense"), "line 4: expected ident"),
        (with(""), "line 4: EOF while parsing a value"),
        (with("{}"), "line 4: missing field `type`"),
        (with(r#"{"type":"planet"}"#), "line 4, field `type`: \"planet\" is not a type that this release knows"),
        (with(r#"{"type":7}"#), "line 4, field `type`: invalid type: integer `7`, expected a string"),
        (with(MANIFEST), "line 4: a second `manifest`"),
        (with(ACCOUNT), "line 4: a second `account`"),
        (format!("{ACCOUNT}\n{MANIFEST}"), "line 1: a second `account`"),
        (format!("{MACHINE}\n{ACCOUNT}"), "line 1: the first line is not `manifest`"),
        (format!("{MANIFEST}\n{MACHINE}"), "line 2: the second line is not `account`"),
        (MANIFEST.replace("burntop-export", "else"), "line 1, field `format`: is not burntop-export"),
        (
            MANIFEST.replace(r#""version":1"#, r#""version":2"#),
            "line 1, field `version`: is 2, and this release reads version 1",
        ),
        (message(r#""input":1,"#, ""), "line 4: missing field `input`"),
        (message(r#""input":1"#, r#""input":-1"#), "line 4, field `input`: invalid value: integer `-1`, expected u64"),
        (
            message(r#""input":1"#, r#""input":1.5"#),
            "line 4, field `input`: invalid type: floating point `1.5`, expected u64",
        ),
        (
            message(r#""input":1"#, r#""input":1e99"#),
            "line 4, field `input`: invalid type: floating point `1e+99`, expected u64",
        ),
        (
            message(r#""source":"codex""#, r#""source":{"a":"b"}"#),
            "line 4, field `source`: invalid type: map, expected a string",
        ),
        (message("116b", "xxxx"), "line 4, field `key`: a key has 32 hexadecimal digits"),
        (whole(&[MACHINE, &ended]), "line 4, field `counts`: the file has 1 lines of the type `machine`, not 0"),
        (
            whole(&[&end(r#""manifest":1,"account":1,"message":2"#)]),
            "line 3, field `counts`: the file has 0 lines of the type `message`, not 2",
        ),
    ];
    for (text, refusal) in table {
        assert_eq!(read(&text).expect_err(&text), refusal, "{text}");
    }
    let refusal = read(&message("2026-11-22T12:00:00.000001Z", "yesterday")).expect_err("a refusal");
    assert!(refusal.starts_with("line 4, field `at`: "), "{refusal}");
}

#[test]
fn reader_endless_line_is_refused_with_bounded_memory() {
    let endless = format!("{MANIFEST}\n{ACCOUNT}\n").into_bytes();
    let mut reader = Reader::new(BufReader::new(endless.chain(std::io::repeat(b'x').take(100 << 20))));
    let refusal = std::iter::repeat_with(|| reader.next_line()).find_map(Result::err).expect("a refusal");
    assert_eq!(refusal.to_string(), "line 3: is longer than 1048576 bytes");
    assert!(reader.line.capacity() <= 2 * LONGEST_LINE);
}

/// A file that cannot be read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

#[test]
fn reader_invalid_utf_8_or_failing_file_is_refused() {
    let mut bytes = whole(&[MACHINE]).into_bytes();
    bytes.push(0xff);
    let mut reader = Reader::new(&*bytes);
    let refusal = std::iter::repeat_with(|| reader.next_line()).find_map(Result::err).expect("a refusal");
    assert_eq!(refusal.to_string(), "line 4: is not UTF-8");

    let mut reader = Reader::new(BufReader::new(Broken));
    assert_eq!(
        reader.next_line().expect_err("a refusal").to_string(),
        "reading the file after line 0 failed: the disk is gone"
    );
}

#[test]
fn reader_returns_what_writer_wrote() {
    let message = MessageLine {
        key: Key([7; 16]),
        source: "a \"quoted\"\nsource".to_owned(),
        at: datetime!(2026-11-22 12:00:00.123456 UTC),
        model: "gpt-5".to_owned(),
        provider: Some("openai".to_owned()),
        machine: "laptop".to_owned(),
        input: u64::MAX,
        output: 0,
        cache_read: 1,
        cache_write: 2,
        cache_write_1h: 1,
        reasoning: 3,
        reasoning_in_output: false,
        incomplete: false,
        parser_version: 0,
        protocol: Some(2),
        project: Some("shop".to_owned()),
        cost: Some("0.000000000000000001".to_owned()),
        cost_status: "estimated".to_owned(),
    };
    let mut reader = Reader::new(MANIFEST.as_bytes());
    let Some(Line::Manifest(manifest)) = reader.next_line().expect("a line") else { panic!("no manifest") };
    let account = Line::read("account", ACCOUNT).expect("a type").expect("an account");
    let mut writer = Writer::default();
    let lines = [Line::Manifest(manifest), account, Line::Message(message.clone()), Line::Message(message.clone())];
    for line in &lines {
        writer.write(line).expect("it is written");
    }
    writer.end().expect("it is written");
    let written = writer.take();
    assert!(writer.is_empty());

    let mut reader = Reader::new(&*written);
    let mut found = Vec::new();
    while let Some(line) = reader.next_line().expect("a line") {
        if let Line::Message(message) = line {
            found.push(message);
        }
    }
    assert_eq!(found, [message.clone(), message]);
    assert_eq!(reader.number(), 5);
    assert!(
        String::from_utf8_lossy(&written)
            .ends_with("{\"type\":\"end\",\"counts\":{\"account\":1,\"manifest\":1,\"message\":2}}\n")
    );
}
