//! Looking things up in the table: tokens (package names, paths, links) and words (what people say).

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Registry, Routing, Target};
use crate::model::Ecosystem;

/// How much a name says about the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::triage) enum Named {
    /// Used for other things as well.
    Weak,
    /// What people call it.
    Nickname,
    /// The repository's own name.
    Repository,
    /// A collector component.
    Component,
}

/// What a token was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::triage) enum Found<'a> {
    /// `owner/name`, or a link into the repository.
    Repository(&'a Target),
    /// A package by its whole name: one target for each ecosystem that has it.
    Package(&'a [Target]),
    /// The beginning of a package name, likewise, with the length in bytes of the whole name as written.
    Prefix(&'a [Target], usize),
    Symbol(&'a Target),
}

/// Longest token that is looked at, in bytes: no package or path that matters is longer.
pub(super) const LONGEST_TOKEN: usize = 400;
/// Most places in a token where a name may begin (the folders of a path).
const MOST_STARTS: usize = 24;

impl Routing {
    /// What `token` names, and where in it: the byte offset at which the name begins.
    ///
    /// A name may stand at the beginning or after a `/`, as in a path below `node_modules`.
    pub(in crate::triage) fn token<'a>(&'a self, token: &str) -> Option<(Found<'a>, usize, usize)> {
        // Most tokens are ordinary words, which cost nothing but this look.
        if token.len() > LONGEST_TOKEN || !token.as_bytes().windows(3).any(|three| three.eq_ignore_ascii_case(b"tel")) {
            return None;
        }
        let lower = token.to_ascii_lowercase();
        if !is_looked_up(&lower) {
            return None;
        }
        let starts = std::iter::once(0).chain(lower.match_indices(['/', '!', ':', '\\', '=']).map(|(at, _)| at + 1));
        for start in starts.take(MOST_STARTS) {
            if let Some((found, length)) = self.token_at(lower.get(start..)?) {
                return Some((found, start, length));
            }
        }
        None
    }

    fn token_at(&self, text: &str) -> Option<(Found<'_>, usize)> {
        let symbol = longest(&self.symbols, text, |_, _| true).map(|(t, n)| {
            (Found::Symbol(t), n - usize::from(text.get(..n).is_some_and(|name| name.ends_with(['/', '.']))))
        });
        let package = longest(&self.packages, text, |name, rest| specific(name) && ends_name(rest));
        let prefix = longest(&self.prefixes, text, |_, _| true);
        let of_length = |found: &Option<(Found<'_>, usize)>| found.as_ref().map_or(0, |(_, length)| *length);
        let package = package.map(|(targets, length)| match targets.as_slice() {
            [only] if only.package.is_none() => (Found::Repository(only), length),
            targets => (Found::Package(targets), length),
        });
        let prefix = prefix.map(|(targets, length)| (Found::Prefix(targets, name_length(text, length)), length));
        // The longest beginning says most; a package, which comes last, more than a symbol of the same length.
        [symbol, prefix, package].into_iter().max_by_key(of_length).flatten()
    }

    /// The longest name that `words` begin with, and how many words it takes.
    pub(in crate::triage) fn name(&self, words: &[&str]) -> Option<(&Target, Named, usize)> {
        let longest = *self.first_words.get(*words.first()?)?;
        (1..=longest.min(words.len())).rev().find_map(|count| {
            let phrase = words.get(..count)?.join(" ");
            let name = self
                .names
                .get(&phrase)
                .or_else(|| phrase.strip_suffix('s').and_then(|singular| self.names.get(singular)))?;
            Some((&name.target, name.strength, count))
        })
    }

    /// Packages that `words` describe by kind and object ("zipkin exporter", "azure vm resource detector"), where the
    /// last of `words` is the kind. The ecosystem is for the language to decide.
    pub(in crate::triage) fn described(&self, words: &[&str]) -> Option<&[Target]> {
        let (kind, before) = words.split_last()?;
        let kind = kind_word(kind)?;
        let before = before.get(before.len().saturating_sub(4)..)?;
        before.iter().rev().find_map(|word| self.parts.get(&((*word).to_owned(), kind))).map(Vec::as_slice)
    }

    /// The language that `words` begin with, by its index.
    pub(in crate::triage) fn language_word(&self, words: &[&str]) -> Option<usize> {
        let first = self.language_words.get(*words.first()?)?;
        let second = || Some(first.before.iter().find(|(second, _)| words.get(1) == Some(&second.as_str()))?.1);
        first.alone.or_else(second)
    }
}

/// The longest name that `text` begins with, of those that fit before the rest of it.
///
/// The greatest name that is not greater than the text either is a beginning of it, or shares with it all that any
/// beginning can be; so a few looks find it, however long the text is.
fn longest<'a, T>(
    names: &'a BTreeMap<String, T>,
    text: &str,
    fits: impl Fn(&str, &str) -> bool,
) -> Option<(&'a T, usize)> {
    let mut within = text;
    while !within.is_empty() {
        let (name, value) = names.range::<str, _>((Bound::Unbounded, Bound::Included(within))).next_back()?;
        let shared = match within.strip_prefix(name.as_str()) {
            Some(_) if !name.is_empty() && fits(name, text.get(name.len()..)?) => return Some((value, name.len())),
            Some(_) => name.len() - name.chars().next_back().map_or(0, char::len_utf8),
            None => shared(name, within),
        };
        within = text.get(..shared)?;
    }
    None
}

/// Bytes of the characters that both begin with.
fn shared(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

/// Whether a token, in lower case, is worth looking up: the names of all packages say whose they are.
pub(super) fn is_looked_up(token: &str) -> bool {
    token.contains("telemetry") || token.contains("otel")
}

/// Whether a name can be nothing else: one common word (`opentelemetry` is a crate, a NuGet id and a hex package) cannot.
fn specific(name: &str) -> bool {
    name.contains(['/', '-', '_', '.', ':', '@'])
}

/// Whether a package name may end where `rest` begins.
fn ends_name(rest: &str) -> bool {
    let mut chars = rest.chars();
    match (chars.next(), chars.next()) {
        (None, _) => true,
        (Some('-'), Some(next)) => next.is_ascii_digit(),
        (Some(c), _) => !c.is_alphanumeric() && c != '_',
    }
}

/// Length of the whole package name that goes on after a known prefix of `prefix` bytes.
fn name_length(text: &str, prefix: usize) -> usize {
    let rest = text.get(prefix..).unwrap_or_default();
    let end =
        rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))).unwrap_or(rest.len());
    let name = rest.get(..end).unwrap_or_default();
    // A version at the end is no part of the name: `opentelemetry-instrumentation-rack-0.26.0`.
    let versioned = name.match_indices('-').find(|(at, _)| {
        name.get(at + 1..).is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()) && v.contains('.'))
    });
    prefix + versioned.map_or(name.trim_end_matches(['.', '-', '/']).len(), |(at, _)| at)
}

/// Words by which people call a kind of package, and the kind.
const KIND_WORDS: &[(&str, &str)] = &[
    ("exporter", "exporter"),
    ("exporters", "exporter"),
    ("instrumentation", "instrumentation"),
    ("instrumentations", "instrumentation"),
    ("instrumentor", "instrumentation"),
    ("middleware", "instrumentation"),
    ("detector", "detector"),
    ("detectors", "detector"),
    ("propagator", "propagator"),
    ("propagators", "propagator"),
    ("sampler", "sampler"),
];

/// Whether [`Routing::described`] finds anything that ends in `word`.
pub(in crate::triage) fn is_kind_word(word: &str) -> bool {
    kind_word(word).is_some()
}

fn kind_word(word: &str) -> Option<&'static str> {
    KIND_WORDS.iter().find(|(said, _)| *said == word).map(|(_, kind)| *kind)
}

/// The object and the kind of a package, read from how its ecosystem composes names.
pub(super) fn part_of(registry: Registry, name: &str) -> Option<(String, &'static str)> {
    const MARKS: &[(&str, &str)] = &[
        ("exporter-", "exporter"),
        ("exporter.", "exporter"),
        ("instrumentation-", "instrumentation"),
        ("instrumentation.", "instrumentation"),
        ("resource-detector-", "detector"),
        ("resources.", "detector"),
        ("propagator-", "propagator"),
        ("sampler.", "sampler"),
        ("auto-", "instrumentation"),
        ("opentelemetry_", "instrumentation"),
    ];
    if matches!(registry, Registry::Of(Ecosystem::Go) | Registry::Image | Registry::Helm) {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    MARKS.iter().find_map(|(mark, kind)| {
        let object = &lower.get(lower.find(mark)? + mark.len()..)?;
        let object = match *object {
            "opentelemetryprotocol" => "otlp",
            other => other,
        };
        (!object.is_empty()).then(|| (object.replace(['-', '_', '.'], ""), *kind))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_is_found_as_by_trying_each() {
        let names = ["", "a", "ab", "abcd", "abce", "a/b", "b", "é", "éa", "zz/"];
        let table: BTreeMap<String, usize> =
            names.iter().enumerate().map(|(at, name)| (name.to_string(), at)).collect();
        let texts =
            ["", "a", "abc", "abcd", "abcde", "abcf", "ac", "a/bc", "bé", "é", "éab", "ê", "z", "zz", "zz/y", "~"];
        let fits: [fn(&str, &str) -> bool; 3] = [|_, _| true, |_, rest| rest.is_empty(), |name, _| name.len() < 3];
        for (text, fits) in texts.iter().flat_map(|text| fits.map(|fits| (text, fits))) {
            let each =
                names.iter().filter(|name| !name.is_empty()).filter_map(|name| Some((name, text.strip_prefix(name)?)));
            let expected = each.filter(|(name, rest)| fits(name, rest)).map(|(name, _)| name.len()).max();
            assert_eq!(longest(&table, text, fits).map(|(_, length)| length), expected, "{text:?}");
        }
    }
}
