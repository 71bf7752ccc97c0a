use crate::ProblemKind;
use crate::testing::{Home, tokens};

const MESSAGES: &str = include_str!("fixtures/ui_messages.json");

fn task(host: &str, extension: &str) -> String {
    format!(".config/{host}/User/globalStorage/{extension}/tasks/1795161600000/ui_messages.json")
}

#[test]
fn input_of_cline_is_without_cache_and_that_of_roo_includes_it() {
    for (source, extension, protocol, input) in [
        ("cline", "saoudrizwan.claude-dev", true, 12_000),
        ("roo-code", "rooveterinaryinc.roo-cline", true, 2_500),
        ("roo-code", "rooveterinaryinc.roo-cline", false, 12_000),
        ("kilo-code", "kilocode.kilo-code", true, 2_500),
    ] {
        let home = Home::new();
        let messages =
            if protocol { MESSAGES.to_owned() } else { MESSAGES.replace(",\\\"apiProtocol\\\":\\\"anthropic\\\"", "") };
        home.write(&task("Code", extension), messages);
        let scanned = home.scan(source);
        let record = scanned.one();
        assert_eq!(record.tokens, tokens([input, 9_000, 500, 0, 300, 0]), "{source}");
        assert_eq!(record.id, format!("{extension}:1795161600000:1795161605000"));
        assert_eq!((&*record.model, record.provider.as_deref()), ("anthropic/claude-sonnet-5", Some("openrouter")));
    }
}

#[test]
fn request_completed_or_cancelled_in_place_is_returned_then() {
    let home = Home::new();
    let path = task("VSCodium", "saoudrizwan.claude-dev");
    home.write(&path, MESSAGES);
    let first = home.scan("cline");
    assert_eq!(first.records.len(), 1);
    let cancelled = "{\\\"request\\\":\\\"synthetic\\\",\\\"tokensIn\\\":10,\\\"tokensOut\\\":2,\\\"cancelReason\\\":\\\"user_cancelled\\\"}";
    home.write(&path, MESSAGES.replace("{\\\"request\\\":\\\"synthetic\\\"}", cancelled));
    let second = home.scan_again("cline", &first.state);
    assert_eq!(second.one().tokens, tokens([10, 0, 0, 0, 2, 0]));
}

#[test]
fn requests_removed_by_rewinds_are_one_record_of_the_task() {
    let home = Home::new();
    let removed = |ts: u64, output: u64| {
        format!(
            ",{{\"ts\":{ts},\"say\":\"deleted_api_reqs\",\"text\":\"{{\\\"tokensIn\\\":100,\\\"tokensOut\\\":{output}}}\"}}"
        )
    };
    let messages = MESSAGES.trim_end().trim_end_matches(']').to_owned()
        + &removed(1_795_161_608_000, 7)
        + &removed(1_795_161_609_000, 8)
        + "]";
    home.write(&task("Code", "saoudrizwan.claude-dev"), messages);
    let scanned = home.scan("cline");
    let record = &scanned.records[1];
    assert_eq!(record.id, "saoudrizwan.claude-dev:1795161600000:deleted");
    assert_eq!((record.tokens, record.cumulative), (tokens([200, 0, 0, 0, 15, 0]), true));
}

#[test]
fn model_is_taken_from_the_files_of_the_task() {
    let without_model = MESSAGES
        .replace(",\"modelInfo\":{\"providerId\":\"openrouter\",\"modelId\":\"anthropic/Claude-Sonnet-5\"}", "");
    let storage = ".config/Code/User/globalStorage/saoudrizwan.claude-dev";
    for (path, content, expected) in [
        ("tasks/1795161600000/api_conversation_history.json", "[\"<model>a</model>\", \"<model>B-2</model>\"]", "b-2"),
        ("tasks/1795161600000/history_item.json", "{\"modelId\":\"c\"}", "c"),
        (
            "state/taskHistory.json",
            "[{\"id\":\"x\",\"modelId\":\"y\"},{\"id\":\"1795161600000\",\"modelId\":\"d\"}]",
            "d",
        ),
        ("tasks/other", "", "unknown"),
    ] {
        let home = Home::new();
        home.write(&task("Code", "saoudrizwan.claude-dev"), &without_model);
        home.write(&format!("{storage}/{path}"), content);
        assert_eq!(&*home.scan("cline").one().model, expected);
    }
}

#[test]
fn session_of_the_program_has_a_record_per_message() {
    let home = Home::new();
    let messages = "{\"messages\":[{\"id\":\"m0\",\"role\":\"user\",\"ts\":1795161600000},
        {\"id\":\"m1\",\"role\":\"assistant\",\"ts\":1795161605000,\"modelInfo\":{\"id\":\"claude-sonnet-5\",\"provider\":\"anthropic\"},
         \"metrics\":{\"inputTokens\":12,\"outputTokens\":30,\"cacheReadTokens\":900,\"cacheWriteTokens\":50,\"cost\":0.01}}]}";
    home.write(".cline/data/sessions/s1/s1.messages.json", messages);
    home.write(".cline/data/sessions/s1/s1.json", "{\"metadata\":{\"usage\":{\"inputTokens\":12}}}");
    let scanned = home.scan("cline");
    assert_eq!((&*scanned.one().id, scanned.one().tokens), ("s1:m1", tokens([12, 900, 50, 0, 30, 0])));
}

#[test]
fn document_half_written_is_read_the_next_time() {
    let home = Home::new();
    let path = task("Cursor", "saoudrizwan.claude-dev");
    home.write(&path, &MESSAGES[..200]);
    let first = home.scan("cline");
    assert_eq!((first.records.len(), first.report.problem_count), (0, 1));
    assert_eq!((first.report.problems[0].kind, first.report.files_unread), (ProblemKind::Unread, 1));
    home.write(&path, MESSAGES);
    assert_eq!(home.scan_again("cline", &first.state).records.len(), 1);
}
