//! The event of a finished request. It has the counts of the end of the response, and no split of cache writes by their lifetime.

use crate::Tokens;
use crate::content::{model_name, nano_usd};
use crate::fingerprint::fp1;
use crate::otlp::{self, Event, EventReader};
use crate::response::Response;
use crate::scan::SourceScan;

use super::pairing::Pairing;

const SOURCE: &str = "claude-code";

struct Requests;

impl EventReader for Requests {
    const NEEDLE: &'static str = "api_request";

    fn response(event: &Event) -> Result<Option<Response>, String> {
        let is_request =
            event.is("claude_code.api_request") || (event.is_of_service("claude-code") && event.is("api_request"));
        if !is_request {
            return Ok(None);
        }
        let tokens = Tokens {
            input: event.count("input_tokens")?,
            cache_read: event.count("cache_read_tokens")?,
            cache_write: event.count("cache_creation_tokens")?,
            output: event.count("output_tokens")?,
            ..Tokens::default()
        };
        let session = event.text("session.id");
        let id = match (event.text("request_id"), event.text("client_request_id")) {
            (Some(request), _) | (None, Some(request)) => request.to_owned(),
            (None, None) => {
                let counts = [tokens.input, tokens.cache_read, tokens.cache_write, tokens.output];
                fp1(SOURCE, session.ok_or("no session")?, &counts)
            }
        };
        let mut response = Response::new(id, event.timestamp()?, model_name(event.text("model")), tokens);
        // A name for the log, which lacks the id of the request too.
        response.message = event.text("request_id").is_none().then(|| response.id.clone());
        response.session = session.map(str::to_owned);
        response.service_tier =
            event.text("speed").filter(|speed| !matches!(*speed, "normal" | "standard")).map(str::to_owned);
        response.cost_nanousd = nano_usd(event.number("cost_usd"));
        Ok(Some(response))
    }
}

/// Emits what new events tell. Those that the log cannot name wait for it.
pub(super) fn read(scan: &mut SourceScan<'_>, pairing: &mut Pairing) {
    otlp::read::<Requests>(scan, |scan, event, path| {
        if event.message.is_none() {
            otlp::emit(scan, event, path);
        } else if !otlp::is_known(scan, &event) {
            pairing.add_event(event, path);
        }
    });
    for (event, path) in pairing.settle(scan) {
        otlp::emit(scan, event, &path);
    }
}
