//! The routing table as a file: its sections, read one by one so that a mistake in one costs no other, and where each
//! thing stands in it.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::problem::{Problem, one_line};
use crate::model::Ecosystem;

/// `routing.toml` as it is written.
#[derive(Default)]
pub(super) struct File {
    pub languages: BTreeMap<String, LanguageSection>,
    pub repositories: BTreeMap<String, Section>,
    /// The part that is made from the OpenTelemetry registry: packages by repository and ecosystem.
    pub registry: BTreeMap<String, Packages>,
}

/// Package names by ecosystem.
pub(super) type Packages = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LanguageSection {
    pub words: Vec<String>,
    pub ecosystem: Ecosystem,
    pub core: String,
    pub contrib: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    pub archived: bool,
    pub moved_to: Option<String>,
    pub product: Option<String>,
    components_under: Option<String>,
    receivers: Vec<String>,
    exporters: Vec<String>,
    processors: Vec<String>,
    extensions: Vec<String>,
    connectors: Vec<String>,
    providers: Vec<String>,
    pub weak_names: Vec<String>,
    pub symbols: Vec<String>,
    pub packages: Packages,
    pub names: BTreeMap<String, String>,
}

impl Section {
    pub fn components(&self) -> [(&'static str, &[String]); 6] {
        [
            ("receiver", &self.receivers),
            ("exporter", &self.exporters),
            ("processor", &self.processors),
            ("extension", &self.extensions),
            ("connector", &self.connectors),
            ("provider", &self.providers),
        ]
    }

    /// The Go package of the component `name` of a `kind`, where the section says below which path they lie. A folder
    /// before the name (`encoding/jsonlogencoding`) is one below the kind's.
    pub fn component_package(&self, kind: &str, name: &str) -> Option<String> {
        let under = self.components_under.as_ref()?;
        Some(format!("{under}/{kind}/{}{kind}", name.replace(['_', '-'], "")))
    }
}

/// The component's name as people write it, without the folder in which it lies.
pub(super) fn component_name(listed: &str) -> &str {
    listed.rsplit_once('/').map_or(listed, |(_, name)| name)
}

/// Reads `text`: all of it that has the right shape, where it stands, and what has not.
pub(super) fn read(text: &str) -> (File, Places, Vec<Problem>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let places = Places::of(text, table.get_ref());
    let told = |error: &toml::de::Error| {
        Problem::error(one_line(error.message())).at(error.span().map(|span| places.line_at(span.start)))
    };
    // What comes behind the first break of the grammar is a guess.
    let mut problems: Vec<Problem> = errors.first().map(told).into_iter().collect();
    let mut file = File::default();
    if !problems.is_empty() {
        return (file, places, problems);
    }
    let mut reader = Reader { places: &places, problems: &mut problems };
    for (key, value) in table.get_ref() {
        match key.get_ref().as_ref() {
            "languages" => file.languages = reader.sections(key.get_ref(), value),
            "repositories" => file.repositories = reader.sections(key.get_ref(), value),
            "registry" => file.registry = reader.sections(key.get_ref(), value),
            other => {
                let line = Some(places.line_at(key.span().start));
                let hint = nearest(other, &["languages", "repositories", "registry"]);
                reader.problems.push(Problem::error(format!("unknown key {other:?}{hint}")).at(line));
            }
        }
    }
    (file, places, problems)
}

struct Reader<'a> {
    places: &'a Places,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn sections<T: DeserializeOwned>(&mut self, of: &str, value: &Spanned<DeValue<'_>>) -> BTreeMap<String, T> {
        let Some(table) = value.get_ref().as_table() else {
            self.tell(&value.span(), format!("{of:?} has to be a table of sections, as in [{of}.\"…\"]"));
            return BTreeMap::new();
        };
        let sections = table.iter().filter_map(|(name, value)| {
            let name = name.get_ref().to_string();
            let section = self.section(&format!("{of}.{name:?}"), value.clone())?;
            Some((name, section))
        });
        sections.collect()
    }

    /// The section without the keys that are wrong, each of which is told.
    fn section<T: DeserializeOwned>(&mut self, path: &str, mut value: Spanned<DeValue<'_>>) -> Option<T> {
        let mut told: Vec<String> = Vec::new();
        loop {
            let error = match T::deserialize(ValueDeserializer::from(value.clone())) {
                Ok(section) => return Some(section),
                Err(error) => error,
            };
            // What was told to be wrong is not told to be missing as well.
            if told.iter().any(|key| error.message().starts_with(&format!("missing field `{key}`"))) {
                return None;
            }
            let span = error.span().unwrap_or(value.span());
            self.tell(&span, format!("[{path}]: {}", explained(error.message())));
            let DeValue::Table(table) = value.get_mut() else { return None };
            let wrong = table.iter().find(|(key, value)| within(&span, &key.span()) || holds(value, &span));
            let wrong = wrong.map(|(key, _)| key.clone())?;
            told.push(wrong.get_ref().to_string());
            table.remove(&wrong);
        }
    }

    fn tell(&mut self, span: &Range<usize>, what: String) {
        self.problems.push(Problem::error(what).at(Some(self.places.line_at(span.start))));
    }
}

fn within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end && !outer.is_empty()
}

/// Whether `span` is of something in `value`. Tables that dotted keys make have no span of their own.
fn holds(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    let inside = match value.get_ref() {
        DeValue::Table(table) => table.iter().any(|(key, value)| within(span, &key.span()) || holds(value, span)),
        _ => false,
    };
    inside || within(span, &value.span())
}

/// What serde says, in one line, with the nearest right name for one that is not known.
fn explained(message: &str) -> String {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match (message.starts_with("unknown field"), message.starts_with("unknown variant"), names.split_first()) {
        (true, _, Some((wrong, known))) => format!("unknown key {wrong:?}{}", nearest(wrong, known)),
        (_, true, Some((wrong, known))) => format!("{wrong:?} is no ecosystem; there are: {}", known.join(", ")),
        _ => one_line(message),
    }
}

/// `: did you mean "…"?`, where one of `known` is near enough.
fn nearest(wrong: &str, known: &[&str]) -> String {
    let near = known.iter().map(|name| (strsim::damerau_levenshtein(wrong, name), *name)).min();
    match near.filter(|(distance, _)| *distance <= 3 && *distance < wrong.chars().count()) {
        Some((_, name)) => format!(": did you mean {name:?}?"),
        None => format!("; there are: {}", known.join(", ")),
    }
}

/// On which lines things stand.
#[derive(Default)]
pub(super) struct Places {
    /// Where each line ends.
    ends: Vec<usize>,
    /// Lines by section (a repository, a language) and what stands in it; the empty text is the section itself.
    lines: BTreeMap<(String, String), Vec<usize>>,
}

impl Places {
    fn of(text: &str, table: &DeTable<'_>) -> Self {
        let mut places = Places { ends: text.match_indices('\n').map(|(at, _)| at).collect(), ..Places::default() };
        let sections = table.iter().filter_map(|(_, value)| value.get_ref().as_table()).flat_map(|table| table.iter());
        for (name, value) in sections {
            let section = name.get_ref().to_string();
            places.add(&section, "", name.span().start);
            places.add_value(&section, value);
        }
        places
    }

    fn add(&mut self, section: &str, what: &str, at: usize) {
        let line = self.line_at(at);
        self.lines.entry((section.to_owned(), what.to_owned())).or_default().push(line);
    }

    fn add_value(&mut self, section: &str, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => {
                for (key, value) in table {
                    self.add(section, key.get_ref(), key.span().start);
                    self.add_value(section, value);
                }
            }
            DeValue::Array(items) => items.iter().for_each(|item| self.add_value(section, item)),
            DeValue::String(said) => self.add(section, said, value.span().start),
            _ => {}
        }
    }

    /// The line of the byte at `at`, counted from 1.
    pub fn line_at(&self, at: usize) -> usize {
        self.ends.partition_point(|end| *end < at) + 1
    }

    /// The last line on which `what` stands in `section`, or the section's own.
    pub fn line(&self, section: &str, what: &str) -> Option<usize> {
        let of = |what: &str| self.lines.get(&(section.to_owned(), what.to_owned()));
        of(what).and_then(|lines| lines.iter().max().copied()).or_else(|| of("")?.iter().min().copied())
    }
}
