//! The event of a finished response. It has the same id as the record of the thread's log, and no cache writes.

use crate::content::model_name;
use crate::otlp::{Event, EventReader};
use crate::response::Response;

use super::CODEX;
use super::parse::Counts;

pub(super) struct Completed;

impl EventReader for Completed {
    const NEEDLE: &'static str = "codex.sse_event";

    fn response(event: &Event) -> Result<Option<Response>, String> {
        if !event.is("codex.sse_event") || event.text("event.kind") != Some("response.completed") {
            return Ok(None);
        }
        let counts = Counts {
            input: event.count("input_token_count")?,
            cached: event.count("cached_token_count")?,
            output: event.count("output_token_count")?,
            reasoning: event.count("reasoning_token_count")?,
            ..Counts::default()
        };
        let thread = event.text("conversation.id").ok_or("no session")?;
        let tokens = counts.tokens().ok_or("more cached tokens than input tokens")?;
        let id = counts.id(CODEX.source, thread);
        let mut response = Response::new(id, event.timestamp()?, model_name(event.text("model")), tokens);
        response.session = Some(thread.to_owned());
        Ok(Some(response))
    }
}
