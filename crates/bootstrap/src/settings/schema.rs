//! The known keys, read from `default.toml`, which is compiled in.

use super::keys::SETTINGS;

/// `config/default.toml`.
pub(super) const DEFAULTS: &str = include_str!("../../../../config/default.toml");

/// A section with its keys, in the order of the file.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) comment: String,
    pub(super) keys: Vec<Key>,
}

#[derive(Debug)]
pub(super) struct Key {
    /// `section.key`.
    pub(super) path: String,
    pub(super) comment: String,
    /// The default as written in the file.
    pub(super) default: String,
}

impl Key {
    /// The last part of the path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }
}

/// The defaults as values. A test ensures that `default.toml` is TOML.
pub(super) fn defaults() -> toml::Table {
    DEFAULTS.parse().unwrap_or_default()
}

/// The sections in order, with the comments above them.
pub(super) fn sections() -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    for line in DEFAULTS.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix('#') {
            comment.push(text.trim());
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push(Section { name: name.to_owned(), comment: comment.join(" "), keys: Vec::new() });
            comment.clear();
        } else if let (Some((name, default)), Some(section)) = (line.split_once(" = "), sections.last_mut()) {
            let path = format!("{}.{name}", section.name);
            section.keys.push(Key { path, comment: comment.join(" "), default: default.to_owned() });
            comment.clear();
        } else {
            comment.clear();
        }
    }
    sections
}

/// The value at `section.key`.
pub(super) fn get<'a>(table: &'a toml::Table, path: &str) -> Option<&'a toml::Value> {
    let (section, key) = path.split_once('.')?;
    table.get(section)?.get(key)
}

/// The environment variable of `path`: the short name, else the long one.
pub(super) fn variable(path: &str) -> String {
    let setting = SETTINGS.iter().find(|setting| setting.path == path);
    setting.and_then(|setting| setting.short_name).map_or_else(|| long_name(path), str::to_owned)
}

/// `BURNTOP__SECTION__KEY`.
pub(super) fn long_name(path: &str) -> String {
    format!("BURNTOP__{}", path.replace('.', "__").to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_keys_have_section_comment_and_default() {
        let keys: Vec<Key> = sections().into_iter().flat_map(|section| section.keys).collect();
        let in_toml: usize = defaults().values().filter_map(|section| section.as_table()).map(toml::Table::len).sum();
        assert_eq!(keys.len(), in_toml);
        for key in &keys {
            assert!(key.comment.ends_with('.'), "{} has no comment", key.path);
            assert!(get(&defaults(), &key.path).is_some(), "{}", key.path);
        }
        assert!(sections().iter().all(|section| !section.comment.is_empty()));
    }

    #[test]
    fn settings_are_the_keys_of_default_toml_in_order() {
        let keys: Vec<String> = sections().into_iter().flat_map(|section| section.keys).map(|key| key.path).collect();
        assert_eq!(SETTINGS.iter().map(|setting| setting.path).collect::<Vec<_>>(), keys);
        assert_eq!(variable("database.url"), "DATABASE_URL");
        assert_eq!(variable("sync.max_messages"), "BURNTOP__SYNC__MAX_MESSAGES");
    }
}
