//! Everything in a text that the routing table knows.

use std::collections::{BTreeMap, HashSet};

use super::reading::Reading;
use super::routing::{Found, Named, Registry, Routing, Target, is_kind_word};
use crate::model::Ecosystem;

/// Something in a text that points to a repository.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mention {
    pub clue: Clue,
    /// Index of the repository in the table.
    pub repository: usize,
    pub package: Option<(Registry, String)>,
    /// Byte offset behind the mention in the text; `None` where only the words are known.
    pub end: Option<usize>,
}

/// The way in which a mention points to its repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Clue {
    Link,
    Repository,
    Package,
    /// A package whose name several ecosystems have, where nothing tells which.
    UnclearPackage,
    PackagePrefix,
    Symbol,
    Component,
    Nickname,
    /// A kind and an object in a language: "the .NET Zipkin exporter".
    Described,
    WeakName,
    Language,
    LanguageContrib,
}

/// A text with what is in it, so that each question about it need not read it again.
pub(super) struct Scanned {
    pub text: String,
    pub reading: Reading,
    pub mentions: Vec<Mention>,
}

impl Scanned {
    /// Reads and scans `text`.
    pub fn of(text: String, routing: &Routing) -> Scanned {
        let reading = Reading::of(&text);
        let mentions = scan_read(&text, &reading, routing);
        Scanned { text, reading, mentions }
    }
}

/// Everything in `text` that points to a repository.
pub(super) fn scan(text: &str, routing: &Routing) -> Vec<Mention> {
    scan_read(text, &Reading::of(text), routing)
}

/// One pass for tokens, one for words.
fn scan_read(text: &str, reading: &Reading, routing: &Routing) -> Vec<Mention> {
    let mut languages = languages(reading, text, routing);
    let mut mentions = tokens(text, routing, &languages);
    // A package that only one ecosystem has tells which one the others are of.
    if mentions.iter().any(|mention| mention.clue == Clue::UnclearPackage) && speak(&mentions, routing, &mut languages)
    {
        mentions = tokens(text, routing, &languages);
    }
    words(reading, routing, &languages, &mut mentions);
    let contrib = (0..reading.len()).any(|at| reading.word(at) == "contrib");
    let most = languages.iter().max_by_key(|(language, count)| (**count, std::cmp::Reverse(**language)));
    if let Some(language) = most.and_then(|(most, _)| routing.language(*most)) {
        let core = Mention { clue: Clue::Language, repository: language.core, package: None, end: None };
        mentions.push(core);
        if contrib {
            let clue = Clue::LanguageContrib;
            mentions.push(Mention { clue, repository: language.contrib, package: None, end: None });
        }
    }
    mentions
}

/// Counts the packages that are clear for their languages; whether there were any.
fn speak(mentions: &[Mention], routing: &Routing, languages: &mut BTreeMap<usize, usize>) -> bool {
    let clear = mentions.iter().filter(|m| matches!(m.clue, Clue::Package | Clue::PackagePrefix));
    let ecosystems: Vec<Ecosystem> = clear.filter_map(|m| m.package.as_ref().map(|(r, _)| r.ecosystem())).collect();
    let before = languages.values().sum::<usize>();
    for ecosystem in &ecosystems {
        if let Some(language) = routing.language_of(*ecosystem) {
            *languages.entry(language).or_default() += 1;
        }
    }
    languages.values().sum::<usize>() > before
}

/// Pieces of a text that could be a package name, a path or a link, with their byte offsets.
pub(super) fn tokens_of(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let splits = |c: char| {
        c.is_whitespace()
            || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')' | '{' | '}' | '[' | ']' | ',' | ';' | '|' | '`' | '*')
            // Brackets, quotes and stops of scripts that put no spaces around them.
            || matches!(c, '、' | '。' | '「' | '」' | '『' | '』' | '【' | '】' | '《' | '》' | '〈' | '〉')
            || matches!(c, '（' | '）' | '［' | '］' | '，' | '．' | '；' | '：' | '！' | '？' | '“' | '”' | '‘' | '’' | '«' | '»')
    };
    let mut at = 0;
    text.split(splits).filter_map(move |piece| {
        let start = at;
        at += piece.len();
        at += text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let token = piece.trim_end_matches(['.', ':', '!', '?']);
        (!token.is_empty()).then_some((start, token))
    })
}

fn tokens(text: &str, routing: &Routing, languages: &BTreeMap<usize, usize>) -> Vec<Mention> {
    let mut mentions = Vec::new();
    for (at, token) in tokens_of(text) {
        let Some((found, start, length)) = routing.token(token) else { continue };
        let end = Some(at + start + length);
        let link = token.contains("github.com/open-telemetry") || token.starts_with("http");
        let of = |clue, target: &Target| Mention {
            clue,
            repository: target.repository,
            package: target.package.clone(),
            end,
        };
        match found {
            Found::Repository(target) => {
                mentions.push(of(if link { Clue::Link } else { Clue::Repository }, target));
            }
            Found::Package(targets) => {
                let (clue, chosen) = choose(targets, languages, routing);
                mentions.extend(chosen.into_iter().map(|target| of(clue, target)));
            }
            Found::Prefix([target, ..], whole) if is_page(token.get(start..start + whole).unwrap_or_default()) => {
                mentions.push(Mention { clue: Clue::Link, repository: target.repository, package: None, end });
            }
            Found::Prefix(targets, whole) => {
                let name = token.get(start..start + whole).unwrap_or_default();
                let (clue, chosen) = choose(targets, languages, routing);
                let clue = if clue == Clue::Package { Clue::PackagePrefix } else { clue };
                mentions.extend(chosen.into_iter().map(|target| Mention {
                    package: target.package.as_ref().map(|(r, prefix)| (*r, full_name(*r, prefix, name))),
                    end: Some(at + start + whole),
                    ..of(clue, target)
                }));
            }
            Found::Symbol(target) => mentions.push(of(Clue::Symbol, target)),
        }
    }
    mentions
}

/// Whether `name` is a page about a repository and no Go import path below it.
fn is_page(name: &str) -> bool {
    const PAGES: &[&str] = &[
        "issues",
        "pull",
        "pulls",
        "discussions",
        "security",
        "releases",
        "commit",
        "commits",
        "blob",
        "tree",
        "wiki",
        "actions",
        "compare",
    ];
    name.strip_prefix("github.com/").and_then(|path| path.split('/').nth(2)).is_some_and(|page| PAGES.contains(&page))
}

/// Go modules below whose path there is no other: whatever import path begins so is of them.
const SINGLE_MODULES: &[&str] = &["go.opentelemetry.io/obi", "go.opentelemetry.io/ebpf-profiler"];

/// The package that a name with a known prefix means. Below a Go module only the module is known for sure.
fn full_name(registry: Registry, prefix: &str, name: &str) -> String {
    match registry {
        Registry::Of(Ecosystem::Go) if SINGLE_MODULES.iter().any(|module| prefix.starts_with(module)) => {
            prefix.to_owned()
        }
        Registry::Of(Ecosystem::Go) => {
            name.rsplit_once('.').filter(|(_, tail)| !tail.contains('/')).map_or(name, |(n, _)| n).to_owned()
        }
        _ => name.to_owned(),
    }
}

/// The targets whose ecosystem the text's languages speak for; all of them when none does.
fn choose<'a>(targets: &'a [Target], languages: &BTreeMap<usize, usize>, routing: &Routing) -> (Clue, Vec<&'a Target>) {
    let plain: Vec<&Target> = targets.iter().filter(|t| !matches!(t.package, Some((Registry::Helm, _)))).collect();
    let count = |target: &&Target| {
        let ecosystem = target.package.as_ref().map(|(registry, _)| registry.ecosystem());
        languages
            .iter()
            .filter(|(at, _)| routing.language(**at).map(|l| l.ecosystem) == ecosystem)
            .map(|(_, count)| *count)
            .max()
            .unwrap_or(0)
    };
    match plain.as_slice() {
        [only] => (Clue::Package, vec![only]),
        many => match many.iter().max_by_key(|target| count(target)) {
            Some(best) if count(best) > 0 => (Clue::Package, vec![best]),
            _ => (Clue::UnclearPackage, plain),
        },
    }
}

/// How often each language shows: by its words, its capitalised name, and file names.
fn languages(reading: &Reading, text: &str, routing: &Routing) -> BTreeMap<usize, usize> {
    const ENDINGS: &[(&str, &str)] = &[
        (".py", "python"),
        (".rb", "ruby"),
        (".java", "java"),
        (".js", "javascript"),
        (".mjs", "javascript"),
        (".ts", "javascript"),
        (".cs", "dotnet"),
        (".php", "php"),
        (".rs", "rust"),
        (".go", "golang"),
        (".cc", "cpp"),
        (".ex", "elixir"),
        (".erl", "erlang"),
        (".swift", "swift"),
    ];
    let mut counts = BTreeMap::new();
    for at in 0..reading.len() {
        if let Some(language) = routing.language_word(&reading.few::<2>(at)) {
            *counts.entry(language).or_default() += 1;
        }
    }
    for (_, token) in tokens_of(text) {
        // "Go" is a word of English too: only with its capital.
        let word = if token == "Go" || token == "Go's" {
            Some("golang")
        } else {
            let file = token.split(':').next().unwrap_or_default();
            ENDINGS
                .iter()
                .find(|(ending, _)| file.len() > ending.len() && file.ends_with(ending))
                .map(|(_, word)| *word)
        };
        if let Some(language) = word.and_then(|word| routing.language_word(&[word])) {
            *counts.entry(language).or_default() += 1;
        }
    }
    counts
}

fn words(reading: &Reading, routing: &Routing, languages: &BTreeMap<usize, usize>, mentions: &mut Vec<Mention>) {
    for at in (0..reading.len()).filter(|at| is_kind_word(reading.word(*at))) {
        let from = at.saturating_sub(4);
        let described = routing.described(reading.few::<5>(from).get(..=at - from).unwrap_or_default());
        if let Some(targets) = described.filter(|_| !languages.is_empty()) {
            let (clue, chosen) = choose(targets, languages, routing);
            let speaks = |t: &&Target| {
                let ecosystem = t.package.as_ref().map(|(registry, _)| registry.ecosystem());
                languages.keys().any(|l| routing.language(*l).map(|l| l.ecosystem) == ecosystem)
            };
            if clue == Clue::Package {
                let described = chosen.into_iter().filter(speaks);
                mentions.extend(described.map(|target| Mention {
                    clue: Clue::Described,
                    repository: target.repository,
                    package: target.package.clone(),
                    end: None,
                }));
            }
        }
    }
    let mut at = 0;
    while at < reading.len() {
        let Some((target, named, count)) = routing.name(&reading.few::<8>(at)) else {
            at += 1;
            continue;
        };
        let clue = match named {
            Named::Weak => Clue::WeakName,
            Named::Nickname => Clue::Nickname,
            Named::Repository => Clue::Repository,
            Named::Component => Clue::Component,
        };
        mentions.push(Mention { clue, repository: target.repository, package: target.package.clone(), end: None });
        at += count.max(1);
    }
}

/// Mentions without repetitions of one package or one clue for one repository.
pub(super) fn distinct(mentions: &[Mention]) -> Vec<&Mention> {
    let mut seen = HashSet::new();
    mentions.iter().filter(|m| seen.insert((m.repository, m.clue, m.package.clone()))).collect()
}
