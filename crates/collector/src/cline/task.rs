//! The messages of a task.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::Tokens;
use crate::content::{Count, Timestamp, json_problem, lenient, model_name, nano_usd};
use crate::files::FileEntry;
use crate::response::{ParsedDocument, Response};

use super::ClineFamily;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMessage {
    ts: Option<Timestamp>,
    say: Option<String>,
    /// JSON in the messages that matter, anything in others.
    text: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    model_info: Option<RawModel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawModel {
    provider_id: Option<String>,
    model_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRequest {
    #[serde(default)]
    tokens_in: Count,
    #[serde(default)]
    tokens_out: Count,
    #[serde(default)]
    cache_writes: Count,
    #[serde(default)]
    cache_reads: Count,
    #[serde(default, deserialize_with = "lenient")]
    cost: Option<f64>,
    api_protocol: Option<String>,
}

impl RawRequest {
    fn tokens(&self, input_may_include_cache: bool) -> Result<Tokens, String> {
        let (read, write) = (self.cache_reads.0, self.cache_writes.0);
        let input = if input_may_include_cache && self.api_protocol.is_some() {
            let uncached = self.tokens_in.0.checked_sub(read).and_then(|rest| rest.checked_sub(write));
            uncached.ok_or("more cached tokens than input tokens")?
        } else {
            self.tokens_in.0
        };
        Ok(Tokens { input, cache_read: read, cache_write: write, output: self.tokens_out.0, ..Tokens::default() })
    }
}

/// Requests of a task, and the reasons why others were refused. A request is written first without counts, which are added when it ends.
pub(super) fn parse(tool: &ClineFamily, entry: &FileEntry, content: &[u8]) -> Result<ParsedDocument<Response>, String> {
    let messages: Vec<RawMessage> = serde_json::from_slice(content).map_err(|error| json_problem(&error))?;
    let task = entry.ancestor_name(1);
    let mut task_model = None;
    let (mut responses, mut refused) = (Vec::new(), Vec::new());
    let mut removed: Option<Response> = None;
    for message in messages {
        let is_removal = match message.say.as_deref() {
            Some("api_req_started") => false,
            // Requests that a rewind removed were billed. Their counts are summed up.
            Some("deleted_api_reqs" | "api_req_deleted") => true,
            _ => continue,
        };
        let model = message.model_info.as_ref().and_then(|model| model.model_id.clone());
        let model = model.or_else(|| {
            let directory = entry.path.parent().unwrap_or(&entry.path);
            task_model.get_or_insert_with(|| model_of_task(directory, task)).clone()
        });
        let request = match (message.ts, request(message.text.as_deref(), tool)) {
            (_, Ok(None)) => continue,
            (Some(timestamp), Ok(Some((tokens, cost)))) => (timestamp, tokens, cost),
            (None, Ok(_)) => {
                refused.push("no timestamp".to_owned());
                continue;
            }
            (_, Err(reason)) => {
                refused.push(reason);
                continue;
            }
        };
        let (timestamp, tokens, cost_nanousd) = request;
        let id = format!("{}:{task}:{}", tool.extension, timestamp.milliseconds());
        let mut response = Response::new(id, timestamp, model_name(model.as_deref()), tokens);
        response.provider = message.model_info.and_then(|model| model.provider_id);
        response.session = Some(task.to_owned());
        response.cost_nanousd = cost_nanousd;
        match &mut removed {
            _ if !is_removal => responses.push(response),
            Some(removed) => add(removed, &response),
            None => {
                response.id = format!("{}:{task}:deleted", tool.extension);
                response.is_cumulative = true;
                removed = Some(response);
            }
        }
    }
    responses.extend(removed);
    Ok((responses, refused))
}

fn request(text: Option<&str>, tool: &ClineFamily) -> Result<Option<(Tokens, Option<u64>)>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let request: RawRequest = serde_json::from_str(text).map_err(|error| json_problem(&error))?;
    let tokens = request.tokens(tool.input_may_include_cache)?;
    Ok((!tokens.is_zero()).then(|| (tokens, nano_usd(request.cost))))
}

fn add(sum: &mut Response, response: &Response) {
    let (sum, more) = (&mut sum.tokens, &response.tokens);
    sum.input = sum.input.saturating_add(more.input);
    sum.cache_read = sum.cache_read.saturating_add(more.cache_read);
    sum.cache_write = sum.cache_write.saturating_add(more.cache_write);
    sum.output = sum.output.saturating_add(more.output);
}

/// The model that a task's other files name: in the conversation, in the task's history, or in that of all tasks.
fn model_of_task(directory: &Path, task: &str) -> Option<String> {
    let in_conversation = || {
        let conversation = fs::read_to_string(directory.join("api_conversation_history.json")).ok()?;
        let (_, rest) = conversation.rsplit_once("<model>")?;
        Some(rest.split_once("</model>")?.0.to_owned())
    };
    let in_task = || history(&directory.join("history_item.json"), None);
    let in_history = || history(&directory.parent()?.parent()?.join("state/taskHistory.json"), Some(task));
    in_conversation().or_else(in_task).or_else(in_history)
}

/// The model in an item of a history: of the item itself, or of the one with the task's id in a list.
fn history(path: &Path, task: Option<&str>) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Item {
        id: Option<String>,
        model_id: Option<String>,
    }
    let content = fs::read(path).ok()?;
    let items: Vec<Item> = match task {
        Some(_) => serde_json::from_slice(&content).ok()?,
        None => vec![serde_json::from_slice(&content).ok()?],
    };
    items.into_iter().find(|item| task.is_none() || item.id.as_deref() == task)?.model_id
}
