//! Merges the defaults, a file and the environment, and collects problems.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::keys::SETTINGS;
use super::schema;

/// The merged values so far.
pub(super) struct Layers {
    values: Table,
    /// The name under which each key was set: a variable, or the key and its file.
    named: BTreeMap<String, String>,
    problems: Vec<String>,
}

impl Layers {
    pub(super) fn defaults() -> Self {
        Self { values: schema::defaults(), named: BTreeMap::new(), problems: Vec::new() }
    }

    /// Returns the values, the names under which keys were set, and the problems.
    pub(super) fn finish(self) -> (Table, BTreeMap<String, String>, Vec<String>) {
        (self.values, self.named, self.problems)
    }

    /// Adds the file at `path`.
    pub(super) fn add_file(&mut self, path: &Path) {
        let shown = path.display();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.problem(format!("{}: cannot read {shown}: {error}", super::CONFIG_FILE)),
        };
        let table: Table = match text.parse() {
            Ok(table) => table,
            Err(error) => return self.problem(format!("{shown} is not TOML: {}", error.to_string().trim())),
        };
        for (section, content) in table {
            match content {
                Value::Table(keys) => {
                    for (key, value) in keys {
                        let path = format!("{section}.{key}");
                        self.set(&path, value, format!("{path} (in {shown})"));
                    }
                }
                _ => self.problem(format!("{section} (in {shown}): unknown; every key belongs into a [section]")),
            }
        }
    }

    /// Adds the variables of burntop. Short names override long ones.
    pub(super) fn add_environment(&mut self, variables: &[(String, String)]) {
        for (name, text) in variables.iter().filter(|(name, _)| name.starts_with("BURNTOP__")) {
            let path = name["BURNTOP__".len()..].to_lowercase().replacen("__", ".", 1);
            self.set_text(&path, text, name);
        }
        for setting in SETTINGS {
            let Some(name) = setting.short_name else { continue };
            if let Some((_, text)) = variables.iter().find(|(known, _)| known == name) {
                self.set_text(setting.path, text, name);
            }
        }
    }

    fn set_text(&mut self, path: &str, text: &str, name: &str) {
        let Some(default) = schema::get(&self.values, path) else {
            return self.problem(unknown(name, path));
        };
        match parse_like(default, text) {
            Some(value) => self.set(path, value, name.to_owned()),
            None => self.problem(format!("{name}: must be {}, not `{text}`", kind(default))),
        }
    }

    fn set(&mut self, path: &str, value: Value, name: String) {
        let (section, key) = path.split_once('.').unwrap_or((path, ""));
        let slot = self.values.get_mut(section).and_then(|section| section.get_mut(key));
        match slot {
            None => self.problem(unknown(&name, path)),
            Some(slot) if fits(slot, &value) => {
                *slot = value;
                self.named.insert(path.to_owned(), name);
            }
            Some(slot) => {
                let expected = kind(slot);
                self.problem(format!("{name}: must be {expected}, not {}", kind(&value)));
            }
        }
    }

    fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }
}

/// The problem of an unknown key, with a similar key if there is one.
fn unknown(name: &str, path: &str) -> String {
    let key = path.rsplit('.').next().unwrap_or(path);
    let sections = schema::sections();
    let meant = sections.iter().flat_map(|section| &section.keys).find(|known| known.name() == key);
    match meant {
        Some(known) => format!("{name}: unknown; did you mean {} ({})?", known.path, schema::variable(&known.path)),
        None => format!("{name}: unknown; `api-server config --reference` lists every key"),
    }
}

/// Whether `value` has the type of `like`.
fn fits(like: &Value, value: &Value) -> bool {
    match (like, value) {
        (Value::Array(_), Value::Array(items)) => items.iter().all(Value::is_str),
        // A number with a fraction can be written as 1.
        (Value::Float(_), Value::Integer(_)) => true,
        _ => like.same_type(value),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Boolean(_) => "true or false",
        Value::Integer(_) => "a whole number",
        Value::Array(_) => "a list of texts",
        Value::String(_) => "a text",
        Value::Float(_) => "a number with a fraction",
        Value::Table(_) => "a table",
        Value::Datetime(_) => "a date",
    }
}

/// Parses `text` as a value of the type of `like`.
fn parse_like(like: &Value, text: &str) -> Option<Value> {
    let trimmed = text.trim();
    match like {
        Value::Boolean(_) => parse_bool(trimmed).map(Value::Boolean),
        Value::Integer(_) => trimmed.replace('_', "").parse().ok().map(Value::Integer),
        Value::Float(_) => trimmed.parse().ok().map(Value::Float),
        Value::Array(_) => parse_list(trimmed).map(Value::from),
        _ => Some(Value::String(trimmed.to_owned())),
    }
}

fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" | "" => Some(false),
        _ => None,
    }
}

/// Parses a JSON list of texts, or texts separated by commas.
fn parse_list(text: &str) -> Option<Vec<String>> {
    if text.starts_with('[') {
        return serde_json::from_str(text).ok();
    }
    Some(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
}
