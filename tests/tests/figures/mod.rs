//! The samples and their figures, computed in integers from the files and a table of published prices.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz};
use serde_json::{Value, json};
use tests::TestMessage;

/// Model, first day, least context: input, output, cache read and cache write in USD per million tokens, as the makers publish
/// them. `-` is a kind that this model's samples do not have.
const PRICES: [(&str, &str, u64, [&str; 4]); 11] = [
    ("claude-haiku-4-5-20251001", "2020-01-01", 0, ["1", "5", "0.1", "1.25"]),
    ("claude-opus-4-5-20251101", "2020-01-01", 0, ["5", "25", "0.5", "6.25"]),
    ("claude-sonnet-4-5", "2020-01-01", 0, ["3", "15", "0.3", "3.75"]),
    ("claude-sonnet-4-5-20250929", "2020-01-01", 0, ["3", "15", "0.3", "3.75"]),
    ("claude-sonnet-4-5-20250929", "2020-01-01", 200_000, ["6", "22.5", "0.6", "7.5"]),
    // From this day on long contexts cost the same.
    ("claude-sonnet-4-5-20250929", "2026-11-12", 0, ["3", "15", "0.3", "3.75"]),
    ("gemini-2.5-flash", "2020-01-01", 0, ["0.3", "2.5", "0.03", "-"]),
    ("gemini-3-pro-preview", "2020-01-01", 0, ["2", "12", "0.2", "-"]),
    ("glm-4.7", "2020-01-01", 0, ["0.6", "2.2", "0.11", "0"]),
    ("gpt-5-mini", "2020-01-01", 0, ["0.25", "2", "0.025", "-"]),
    ("gpt-5.2-codex", "2020-01-01", 0, ["1.75", "14", "0.175", "-"]),
];

/// The only model of the samples without a published price.
const UNPRICED: &str = "grok-code";

/// A recorded request.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// The name of the file.
    pub(crate) name: String,
    /// The request's body.
    pub(crate) body: Value,
}

/// The usage of one tool or one model.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) tokens: u64,
    pub(crate) pico: u128,
    pub(crate) days: BTreeSet<Date>,
}

/// The figures of messages; days are in UTC.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) messages: u64,
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write: u64,
    pub(crate) reasoning: u64,
    pub(crate) unpriced: u64,
    /// The cost in 1e-12 USD.
    pub(crate) pico: u128,
    pub(crate) unpriced_models: BTreeSet<String>,
    pub(crate) days: BTreeSet<Date>,
    /// Day, source, model and machine of each roll-up.
    pub(crate) rollups: BTreeSet<(Date, String, String, String)>,
    pub(crate) models: BTreeMap<String, Part>,
    pub(crate) sources: BTreeMap<String, Part>,
}

impl Figures {
    pub(crate) fn tokens(&self) -> u64 {
        self.input + self.output + self.cache_read + self.cache_write + self.reasoning
    }

    /// The number of models. A name with a date is the same model as the name without it.
    pub(crate) fn unique_models(&self) -> u64 {
        let undated = |name: &String| match name.rsplit_once('-') {
            Some((model, date)) if date.len() == 8 && date.parse::<u32>().is_ok() => model.to_owned(),
            _ => name.clone(),
        };
        self.models.keys().map(undated).collect::<BTreeSet<_>>().len() as u64
    }
}

impl Sample {
    /// All samples, by name.
    pub(crate) fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        let files = fs::read_dir(folder).expect("the samples are there").map(|entry| entry.expect("a file").path());
        let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect();
        files.sort();
        assert_eq!(files.len(), 4);
        let read = |path: &std::path::PathBuf| Self {
            name: path.file_name().expect("a name").to_string_lossy().into_owned(),
            body: serde_json::from_slice(&fs::read(path).expect("it can be read")).expect("it is JSON"),
        };
        files.iter().map(read).collect()
    }

    pub(crate) fn messages(&self) -> Vec<TestMessage> {
        self.body["messages"].as_array().expect("messages").iter().map(message).collect()
    }

    /// The sample with all messages `hours` later.
    pub(crate) fn shifted(mut self, hours: i64) -> Self {
        for message in self.body["messages"].as_array_mut().expect("messages") {
            let at: Timestamp = message["timestamp"].as_str().expect("text").parse().expect("an instant");
            message["timestamp"] = json!((at + hours.hours()).to_string());
        }
        self
    }

    /// The figures of this sample.
    pub(crate) fn figures(&self) -> Figures {
        let mut figures = Figures::default();
        self.add_to(&mut figures);
        figures
    }

    /// Adds the figures of a sample.
    pub(crate) fn add_to(&self, figures: &mut Figures) {
        let source = self.body["source"].as_str().expect("a source");
        let machine = self.body["machineId"].as_str().expect("a machine");
        for message in self.messages() {
            let day = message.at.to_zoned(tz::TimeZone::UTC).date();
            let cost = cost(&message);
            figures.messages += 1;
            figures.input += message.input;
            figures.output += message.output;
            figures.cache_read += message.cache_read;
            figures.cache_write += message.cache_write;
            figures.reasoning += message.reasoning;
            figures.pico += cost.unwrap_or(0);
            if cost.is_none() {
                figures.unpriced += message.total();
                figures.unpriced_models.insert(message.model.clone());
            }
            figures.days.insert(day);
            figures.rollups.insert((day, source.to_owned(), message.model.clone(), machine.to_owned()));
            let model = figures.models.entry(message.model.clone()).or_default();
            let tool = figures.sources.entry(source.to_owned()).or_default();
            for part in [model, tool] {
                part.tokens += message.total();
                part.pico += cost.unwrap_or(0);
                part.days.insert(day);
            }
        }
    }
}

fn message(json: &Value) -> TestMessage {
    let text = |name: &str| json[name].as_str().expect("text");
    let count = |name: &str| json[name].as_u64().expect("a count");
    TestMessage::new(text("id"))
        .at(text("timestamp").parse().expect("an instant"))
        .model(text("model"))
        .input(count("inputTokens"))
        .output(count("outputTokens"))
        .cache(count("cacheReadTokens"), count("cacheCreationTokens"))
        .reasoning(count("reasoningTokens"))
}

/// The cost of a message in 1e-12 USD, if its model has a price.
fn cost(message: &TestMessage) -> Option<u128> {
    if message.model == UNPRICED {
        return None;
    }
    let day = message.at.to_string();
    let context = message.input + message.cache_read + message.cache_write;
    let since = |(model, since, ..): &&(&str, &'static str, u64, [&str; 4])| {
        (*model == message.model && **since <= *day).then_some(*since)
    };
    let since = PRICES.iter().filter_map(|row| since(&row)).max().expect("every model is in the table");
    let rows =
        PRICES.iter().filter(|row| (row.0, row.1) == (&*message.model, since) && (row.2 == 0 || context > row.2));
    let (.., prices) = rows.max_by_key(|row| row.2).expect("every model has a base price");
    let counts = [message.input, message.output + message.reasoning, message.cache_read, message.cache_write];
    Some(
        counts
            .iter()
            .zip(prices)
            .filter(|(count, _)| **count > 0)
            .map(|(count, price)| u128::from(*count) * pico_per_token(price))
            .sum(),
    )
}

/// Converts a price in USD per million tokens, with at most six decimals, to 1e-12 USD per token.
fn pico_per_token(price: &str) -> u128 {
    let (whole, decimals) = price.split_once('.').unwrap_or((price, ""));
    format!("{whole}{decimals:0<6}").parse().unwrap_or_else(|_| panic!("{price} is no price"))
}

/// An amount in 1e-12 USD as the API shows it: rounded half-even to six decimals. It is parsed from decimal text, so that it is the
/// same number that a client parses from the API's JSON.
pub(crate) fn dollars(pico: u128) -> f64 {
    let (micro, rest) = (pico / 1_000_000, pico % 1_000_000);
    let up = rest > 500_000 || (rest == 500_000 && micro % 2 == 1);
    let micro = micro + u128::from(up);
    format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000).parse().expect("a number")
}

/// The longest run of consecutive days.
pub(crate) fn longest_run(days: &BTreeSet<Date>) -> usize {
    let (mut longest, mut run, mut next) = (0, 0, None);
    for &day in days {
        run = if next == Some(day) { run + 1 } else { 1 };
        next = Some(day + 1.day());
        longest = longest.max(run);
    }
    longest
}
