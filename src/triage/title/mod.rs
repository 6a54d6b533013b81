//! A title such as a maintainer would write: component, weakness, effect, in the reporter's words as far as they go.

mod subject;
#[cfg(test)]
mod tests;
mod weakness;

use std::sync::LazyLock;

use regex::Regex;

use super::first_bytes;
use super::routing::Routing;
use super::scan::{Clue, scan};
use crate::model::{Package, Report};

/// Longest title, in characters. GitHub takes 1,024, but lists show about this much.
const LONGEST: usize = 200;
/// From so many words on a subject is a sentence, which tells what happens in its own words.
const SENTENCE: usize = 6;
/// Longest name of a component that is put before a title, in characters.
const LONGEST_NAME: usize = 80;
/// How much of a text is searched for the fields of a form, in bytes.
const MOST_FORM: usize = 8 << 10;

/// The title for what a mail with this subject says, in one line of at most 200 characters; empty when neither subject nor
/// text says anything. All of it is stated in the mail, save names of CWEs and of weaknesses.
///
/// A subject that says something stays, without what is around it. The component is put before it and the class of the
/// weakness behind it where it lacks them. Where the subject says nothing, a form's title, component and weakness, or the
/// first sentence take its place.
pub(super) fn title(subject: &str, report: &Report, routing: &Routing) -> String {
    let text = &*super::read(report.text.expose());
    let own = subject::cleaned(first_bytes(subject, super::LONGEST_SUMMARY));
    let component = report.packages.first().and_then(component);
    let stated = [Some(own), form_title(text)].into_iter().flatten().find(|title| !subject::says_nothing(title));
    let title = match stated {
        Some(subject) => completed(&subject, report, text, component, routing),
        None => match (component, weakness_of(report, text)) {
            (Some(component), Some(weakness)) => format!("{component}: {weakness}"),
            (Some(component), None) => match first_sentence(text) {
                Some(sentence) => prefixed(&component, &sentence, routing),
                None => format!("Report about {component}"),
            },
            (None, Some(weakness)) => weakness,
            (None, None) => first_sentence(text).unwrap_or_default(),
        },
    };
    shortened(&upper_first(&title))
}

/// A subject with what it lacks.
fn completed(subject: &str, report: &Report, text: &str, component: Option<String>, routing: &Routing) -> String {
    let tells =
        |text: &str| weakness::stated(text).is_some() || text.contains(": ") || lower_words(text).any(is_telling);
    let place = subject::only_place(subject);
    let subject = match (place, weakness_of(report, text)) {
        (Some(place), _) if tells(place) => place.to_owned(),
        (Some(place), Some(weakness)) if words(place) < SENTENCE => format!("{place}: {weakness}"),
        (None, Some(weakness)) if !tells(subject) && words(subject) < SENTENCE => format!("{subject}: {weakness}"),
        _ => subject.to_owned(),
    };
    match component {
        Some(component) => prefixed(&component, &subject, routing),
        None => subject,
    }
}

/// `title` with the component before it, unless it names one already or the name could be anything's.
fn prefixed(component: &str, title: &str, routing: &Routing) -> String {
    let named = || scan(title, routing).iter().any(|m| !matches!(m.clue, Clue::Language | Clue::LanguageContrib));
    let last = component.rsplit(['/', ':']).next().unwrap_or(component).to_lowercase();
    let compact: String = title.to_lowercase().split_whitespace().collect();
    let mut own = last
        .split(['-', '_', '.'])
        .map(without_kind)
        .filter(|word| word.len() > 2 && !COMMON.contains(word))
        .peekable();
    let unclear = own.peek().is_none();
    let said = own.any(|word| compact.contains(word));
    if unclear || said || named() { title.to_owned() } else { format!("{component}: {title}") }
}

/// Words of package names that many packages have.
const COMMON: &[&str] = &[
    "opentelemetry",
    "otel",
    "instrumentation",
    "exporter",
    "receiver",
    "processor",
    "extension",
    "connector",
    "sdk",
    "api",
    "core",
    "contrib",
    "auto",
    "io",
    "ext",
    "resource",
    "resources",
    "detector",
    "propagator",
    "proto",
    "common",
    "base",
    "node",
    "web",
];

fn without_kind(word: &str) -> &str {
    ["receiver", "exporter", "processor", "extension", "connector"]
        .iter()
        .find_map(|kind| word.strip_suffix(kind))
        .unwrap_or(word)
}

/// A package as maintainers call it: a module within its repository by its path there.
fn component(package: &Package) -> Option<String> {
    let name = package.name.as_str();
    let below = name.strip_prefix("github.com/").map(|path| path.splitn(3, '/').skip(1).collect::<Vec<_>>());
    let short = match below.as_deref() {
        Some([_, path]) if !path.is_empty() => path,
        Some([repository]) => repository,
        _ => name,
    };
    let fits = !short.is_empty() && short.chars().count() <= LONGEST_NAME;
    fits.then(|| short.to_owned())
}

/// What the report states its weakness to be: its CWE, else the words that its text uses.
fn weakness_of(report: &Report, text: &str) -> Option<String> {
    match report.cwe.first() {
        Some(id) => Some(weakness::of_cwe(id).map_or_else(|| id.clone(), |name| format!("{name} ({id})"))),
        None => weakness::stated(text).map(str::to_owned),
    }
}

/// The heading or field of a form that holds its title or summary.
static FIELD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?im)^[ \t]*(?:#{1,6}[ \t]*|[-*|>][ \t]*)?\**(?:title|summary|vulnerability title|report title|issue title|subject|titel|zusammenfassung|titre|résumé|",
        r"título|titulo|resumen|resumo|titolo|标题|摘要|概要|タイトル|件名)\**[ \t]*(?:[:：|]\**[ \t]*(?P<same>[^\n]*)|\n\s*(?P<below>[^\n]+))",
    ))
    .ok()
});

fn form_title(text: &str) -> Option<String> {
    let found = FIELD.as_ref()?.captures(first_bytes(text, MOST_FORM))?;
    let line = found.name("same").or_else(|| found.name("below"))?.as_str();
    let line = line.trim().trim_matches(['"', '*', '|', '`', ' ']);
    first_sentence(&subject::cleaned(line)).filter(|title| !subject::says_nothing(title))
}

fn first_sentence(text: &str) -> Option<String> {
    let sentence = super::extract::first_sentence(text);
    Some(sentence.trim_end_matches(['.', '。', ' ']).to_owned()).filter(|sentence| !subject::says_nothing(sentence))
}

fn lower_words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase)
}

/// Words that tell that something is wrong, without a class of their own.
fn is_telling(word: String) -> bool {
    const TELLING: &[&str] = &[
        "unbounded",
        "unlimited",
        "unescaped",
        "unchecked",
        "unverified",
        "missing",
        "bypass",
        "abused",
        "abuse",
        "insecure",
        "exploit",
        "overflow",
        "password",
        "passwords",
        "secret",
        "secrets",
        "credentials",
        "token",
        "tokens",
        "malicious",
        "untrusted",
        "arbitrary",
    ];
    TELLING.contains(&word.as_str())
}

fn words(text: &str) -> usize {
    let unspaced = text.chars().filter(|c| super::reading::is_ideograph(*c)).count();
    // About two such characters make a word.
    text.split_whitespace().count() + unspaced / 2
}

/// The first letter in upper case, where it begins a plain word and no name: `otelhttp` and `@scope/name` stay.
fn upper_first(text: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    if weakness::stated(word).is_none() && !PLAIN.contains(&word.to_lowercase().as_str()) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Words with which titles begin that are no names.
const PLAIN: &[&str] = &[
    "unbounded",
    "missing",
    "improper",
    "uncontrolled",
    "remote",
    "arbitrary",
    "memory",
    "denial",
    "path",
    "stack",
    "heap",
    "buffer",
    "integer",
    "server-side",
    "cross-site",
    "command",
    "code",
    "information",
    "privilege",
    "race",
    "open",
    "use",
    "double",
    "insecure",
    "hard-coded",
    "cleartext",
    "secrets",
    "authentication",
    "infinite",
    "regular",
    "timing",
    "symlink",
    "file",
    "request",
    "header",
    "log",
    "supply",
    "possible",
    "potential",
    "some",
    "a",
    "an",
    "the",
];

/// At most [`LONGEST`] characters, cut between words where there are some.
fn shortened(title: &str) -> String {
    if title.chars().count() <= LONGEST {
        return title.to_owned();
    }
    let cut: String = title.chars().take(LONGEST - 1).collect();
    let words = cut.rsplit_once(' ').map(|(words, _)| words).filter(|words| words.chars().count() > LONGEST / 2);
    format!("{}…", words.unwrap_or(&cut).trim_end_matches([',', ';', ':', ' ', '-']))
}
