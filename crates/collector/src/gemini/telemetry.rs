//! The event of a finished response, of Gemini CLI and of tools that were made of it. It has the counts of the chat.

use std::marker::PhantomData;

use crate::content::model_name;
use crate::otlp::{Event, EventReader};
use crate::response::Response;

use super::counts::Counts;

/// A tool that sends these events.
pub(crate) trait Sender: Send + Sync {
    const SOURCE: &'static str;
    const EVENT: &'static str;

    /// Whether the output of a response with this total is without thoughts.
    fn are_thoughts_separate(counts: Counts, total: u64) -> bool;
}

pub(crate) struct Responses<S>(PhantomData<fn() -> S>);

impl<S: Sender> EventReader for Responses<S> {
    const NEEDLE: &'static str = S::EVENT;

    fn response(event: &Event) -> Result<Option<Response>, String> {
        if !event.is(S::EVENT) {
            return Ok(None);
        }
        let counts = Counts {
            input: event.count("input_token_count")?,
            cached: event.count("cached_content_token_count")?,
            output: event.count("output_token_count")?,
            thoughts: event.count("thoughts_token_count")?,
            tool: event.count("tool_token_count")?,
        };
        let are_separate = S::are_thoughts_separate(counts, event.count("total_token_count")?);
        let session = event.text("session.id").ok_or("no session")?;
        let id = counts.id(S::SOURCE, session);
        let model = model_name(event.text("model"));
        let mut response = Response::new(id, event.timestamp()?, model, counts.tokens(are_separate)?);
        response.session = Some(session.to_owned());
        Ok(Some(response))
    }
}
