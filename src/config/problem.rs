//! What is wrong with a configuration, with its place, for the person who wrote it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One sentence that says where and what, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct ConfigError {
    /// `FILE:LINE`, `FILE`, or the name of an environment variable.
    place: String,
    what: String,
}

impl ConfigError {
    /// A problem at a `place` that is shown as it is.
    pub(super) fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        ConfigError { place: place.into(), what: what.into() }
    }

    pub(super) fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "there is no such file: copy the commented sample there, or name another with --config"
            }
            std::io::ErrorKind::PermissionDenied => {
                "it may not be read by this user: run as the service's user, or change its mode"
            }
            _ => "it cannot be read as text",
        };
        ConfigError::new(file.display().to_string(), hint)
    }

    /// What serde found wrong in an environment variable.
    pub(super) fn in_variable(name: &str, message: &str) -> Self {
        ConfigError::new(format!("environment variable {name}"), explain(message, None))
    }
}

/// Where every key of a file stands.
pub(super) struct Places {
    file: PathBuf,
    /// Line by dotted path of the key, such as `mailbox.main.host`.
    lines: BTreeMap<String, usize>,
    /// Byte range, from key to end of value, and path; inner ones come after the ones around them.
    ranges: Vec<(std::ops::Range<usize>, String)>,
}

impl Places {
    /// Reads the shape of `text`; refuses what is not TOML.
    pub fn of(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut places = Places { file: file.to_owned(), lines: BTreeMap::new(), ranges: Vec::new() };
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            ConfigError::new(format!("{}:{line}", file.display()), one_line(error.message()))
        })?;
        places.add_table(text, "", table.get_ref());
        Ok(places)
    }

    fn add_table(&mut self, text: &str, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path =
                if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
            self.lines.insert(path.clone(), line_of(text, key.span().start));
            self.ranges.push((key.span(), path.clone()));
            self.ranges.push((value.span(), path.clone()));
            self.add_value(text, &path, value);
        }
    }

    fn add_value(&mut self, text: &str, path: &str, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => self.add_table(text, path, table),
            DeValue::Array(items) => items.iter().for_each(|item| self.add_value(text, path, item)),
            _ => {}
        }
    }

    /// A problem with the value at `path`, at its line, or at the line of what stands around it.
    pub fn problem(&self, path: &str, what: impl Into<String>) -> ConfigError {
        let mut around = path;
        let line = loop {
            match (self.lines.get(around), around.rsplit_once('.')) {
                (Some(line), _) => break Some(*line),
                (None, Some((outer, _))) => around = outer,
                (None, None) => break None,
            }
        };
        let file = self.file.display();
        ConfigError::new(line.map_or_else(|| file.to_string(), |line| format!("{file}:{line}")), what)
    }

    /// What serde found wrong in the file, with line, key and the nearest right name.
    pub fn translate(&self, text: &str, error: &toml::de::Error) -> ConfigError {
        let start = error.span().map_or(0, |span| span.start);
        let path = self.ranges.iter().rev().find(|(range, _)| range.contains(&start)).map(|(_, path)| path.as_str());
        let place = format!("{}:{}", self.file.display(), line_of(text, start));
        ConfigError::new(place, explain(error.message(), path))
    }

    /// Names of the tables in the table at `path`.
    pub fn children<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines
            .keys()
            .filter_map(move |key| key.strip_prefix(path)?.strip_prefix('.'))
            .filter(|rest| !rest.contains('.'))
    }
}

/// Serde's words in words for people: an unknown key gets its nearest right name, anything else its key.
fn explain(message: &str, path: Option<&str>) -> String {
    let message = one_line(message);
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let what = if message.starts_with("unknown field") { "key" } else { "value" };
        let wrong = quoted.next().unwrap_or_default().to_owned();
        let right: Vec<&str> = quoted.collect();
        let place =
            path.map(|path| path.strip_suffix(&format!(".{wrong}")).unwrap_or(path)).filter(|path| *path != wrong);
        let place = place.map_or_else(String::new, |path| format!(" in {path}"));
        return match nearest(&wrong, &right) {
            Some(name) => format!("unknown {what} {wrong:?}{place}: did you mean {name:?}?"),
            None => format!("unknown {what} {wrong:?}{place}: allowed are {}", right.join(", ")),
        };
    }
    match path {
        Some(path) => format!("{path}: {message}"),
        None => message,
    }
}

/// The name that was most likely meant, if one is near enough.
fn nearest<'a>(wrong: &str, right: &[&'a str]) -> Option<&'a str> {
    right
        .iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), *name))
        .filter(|(score, _)| *score >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
