//! The event of a finished request. It has the counts of the end of the response, and no split of cache writes by their lifetime.

use crate::Tokens;
use crate::content::{model_name, nano_usd};
use crate::otlp::{Event, EventReader};
use crate::response::Response;

pub(super) struct Requests;

impl EventReader for Requests {
    const NEEDLE: &'static str = "api_request";

    fn response(event: &Event) -> Result<Option<Response>, String> {
        let is_request =
            event.is("claude_code.api_request") || (event.is_of_service("claude-code") && event.is("api_request"));
        if !is_request {
            return Ok(None);
        }
        // Some gateways do not pass it on. Then log and event have no id in common, and an id of its own would count a logged response twice.
        let request = event.text("request_id").ok_or("an event without the id of its request")?;
        let tokens = Tokens {
            input: event.count("input_tokens")?,
            cache_read: event.count("cache_read_tokens")?,
            cache_write: event.count("cache_creation_tokens")?,
            output: event.count("output_tokens")?,
            ..Tokens::default()
        };
        let model = model_name(event.text("model"));
        let mut response = Response::new(request.to_owned(), event.timestamp()?, model, tokens);
        response.session = event.text("session.id").map(str::to_owned);
        response.service_tier =
            event.text("speed").filter(|speed| !matches!(*speed, "normal" | "standard")).map(str::to_owned);
        response.cost_nanousd = nano_usd(event.number("cost_usd"));
        Ok(Some(response))
    }
}
