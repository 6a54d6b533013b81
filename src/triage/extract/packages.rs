//! The packages that a report names, with affected and fixed versions.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::model::{Ecosystem, Package};
use crate::triage::first_bytes;
use crate::triage::routing::{Registry, Routing};
use crate::triage::scan::{Clue, Mention, scan};

/// Most packages that are listed: a report names few, a pasted lock file hundreds.
const MOST: usize = 20;
/// How far behind a package its version may stand, in bytes.
const NEAR: usize = 100;

/// Packages in order of how surely they are named, without duplicates.
pub(super) fn packages(text: &str, routing: &Routing) -> Vec<Package> {
    let text = &*with_coordinates(text);
    let found = scan(text, routing);
    let chart = found.iter().any(|mention| matches!(mention.package, Some((Registry::Helm, _))));
    let mut mentions: Vec<&Mention> = found.iter().filter(|m| names_package(m.clue) && m.package.is_some()).collect();
    // Where a chart is named, an image that is set in its values is not what the report is about.
    mentions.retain(|mention| !(chart && is_chart_value(text, mention)));
    mentions.sort_by_key(|mention| rank(mention.clue));
    let strongest = mentions.first().map_or(0, |mention| rank(mention.clue));
    let mut packages: Vec<Package> = Vec::new();
    for mention in mentions.into_iter().filter(|m| rank(m.clue) <= strongest + 1) {
        let Some((registry, name)) = &mention.package else { continue };
        let known = |p: &Package| p.name == *name && p.ecosystem == registry.ecosystem();
        if packages.len() == MOST {
            break;
        }
        match packages.iter_mut().find(|p| known(p)) {
            Some(package) if package.affected.is_none() => {
                package.affected = mention.end.and_then(|end| affected_near(text, end))
            }
            Some(_) => {}
            None => packages.push(Package {
                ecosystem: registry.ecosystem(),
                name: name.clone(),
                affected: mention.end.and_then(|end| affected_near(text, end)),
                patched: None,
            }),
        }
    }
    if packages.is_empty() {
        packages.extend(foreign(text));
    }
    if packages.is_empty() {
        packages.extend(configured(text, routing));
    }
    if let [only] = packages.as_mut_slice() {
        let stated = affected_anywhere(text);
        // A range says more than the one version that stood beside the name.
        let single = only.affected.as_ref().is_none_or(|range| range.starts_with("= "));
        if let Some(range) = stated.filter(|range| single && (only.affected.is_none() || !range.starts_with("= "))) {
            only.affected = Some(range);
        }
        only.patched = fixed(text);
    }
    packages
}

/// Coordinates that build files spread over elements and keys, in one piece as people write them: `group:artifact:version`.
static COORDINATES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"<groupId>\s*([A-Za-z0-9_.-]+)\s*</groupId>\s*<artifactId>\s*([A-Za-z0-9_.-]+)\s*</artifactId>(?:\s*<version>\s*([A-Za-z0-9_.-]+)\s*</version>)?",
        r#"group\s*[:=]\s*["']([A-Za-z0-9_.-]+)["']\s*,\s*name\s*[:=]\s*["']([A-Za-z0-9_.-]+)["'](?:\s*,\s*version\s*[:=]\s*["']([A-Za-z0-9_.-]+)["'])?"#,
    ]
    .into_iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

fn with_coordinates(text: &str) -> Cow<'_, str> {
    let joined = |found: &Captures<'_>| {
        let parts = found.iter().skip(1).flatten().map(|part| part.as_str());
        parts.collect::<Vec<_>>().join(":")
    };
    COORDINATES.iter().fold(Cow::Borrowed(text), |text, pattern| match pattern.replace_all(&text, joined) {
        Cow::Borrowed(_) => text,
        Cow::Owned(changed) => Cow::Owned(changed),
    })
}

fn names_package(clue: Clue) -> bool {
    !matches!(
        clue,
        Clue::Link | Clue::Repository | Clue::Language | Clue::LanguageContrib | Clue::WeakName | Clue::UnclearPackage
    )
}

fn rank(clue: Clue) -> u8 {
    match clue {
        Clue::Package | Clue::PackagePrefix => 0,
        Clue::Component | Clue::Described => 1,
        Clue::Nickname => 2,
        _ => 3,
    }
}

/// Whether `mention` is an image that stands as the value of a chart's `image.repository`.
fn is_chart_value(text: &str, mention: &Mention) -> bool {
    let (Some((Registry::Image, name)), Some(end)) = (&mention.package, mention.end) else { return false };
    let before = end.checked_sub(name.len()).and_then(|start| text.get(..start)).unwrap_or_default();
    let before = before.trim_end_matches(['"', '\'', ' ']);
    ["repository=", "repository:"].iter().any(|key| before.ends_with(key))
}

/// The kinds of collector components by the keys under which a configuration holds them.
const COMPONENT_KEYS: &[(&str, &str)] = &[
    ("receivers:", "receiver"),
    ("processors:", "processor"),
    ("exporters:", "exporter"),
    ("extensions:", "extension"),
    ("connectors:", "connector"),
];

/// The collector component that is the only one in the configuration which the text shows.
fn configured(text: &str, routing: &Routing) -> Option<Package> {
    let mut only: Option<Package> = None;
    // The kind whose block this is, how far its key is indented, and how far its entries are.
    let mut block: Option<(&str, usize, Option<usize>)> = None;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        let key = line.trim();
        if let Some((_, kind)) = COMPONENT_KEYS.iter().find(|(name, _)| *name == key) {
            block = Some((kind, indent, None));
            continue;
        }
        let Some((kind, outer, inner)) = block else { continue };
        if indent <= outer {
            block = None;
            continue;
        }
        let level = inner.unwrap_or(indent);
        block = Some((kind, outer, Some(level)));
        let Some((name, _)) = key.split_once(':').filter(|_| indent == level) else { continue };
        // What follows a slash tells several of one type apart: `file_storage/queue`.
        let name = name.split('/').next().unwrap_or_default().replace('_', "");
        let package = component(routing, &[&format!("{name}{kind}")]).or_else(|| component(routing, &[&name, kind]))?;
        if only.as_ref().is_some_and(|only| only.name != package.name) {
            return None;
        }
        only = Some(package);
    }
    only
}

fn component(routing: &Routing, words: &[&str]) -> Option<Package> {
    let (target, _, count) = routing.name(words)?;
    let (registry, name) = target.package.as_ref().filter(|_| count == words.len())?;
    Some(Package { ecosystem: registry.ecosystem(), name: name.clone(), affected: None, patched: None })
}

/// Package URLs (purl, ECMA-427) of ecosystems that GitHub knows, for packages outside of the table.
fn foreign(text: &str) -> Vec<Package> {
    let tokens = crate::triage::scan::tokens_of(text);
    tokens.filter_map(|(_, token)| purl(token)).fold(Vec::new(), |mut all: Vec<Package>, package| {
        if all.len() < MOST && !all.contains(&package) {
            all.push(package);
        }
        all
    })
}

fn purl(token: &str) -> Option<Package> {
    const TYPES: &[(&str, Ecosystem)] = &[
        ("npm", Ecosystem::Npm),
        ("pypi", Ecosystem::Pip),
        ("maven", Ecosystem::Maven),
        ("nuget", Ecosystem::Nuget),
        ("gem", Ecosystem::Rubygems),
        ("composer", Ecosystem::Composer),
        ("golang", Ecosystem::Go),
        ("cargo", Ecosystem::Rust),
        ("hex", Ecosystem::Erlang),
        ("pub", Ecosystem::Pub),
        ("swift", Ecosystem::Swift),
        ("docker", Ecosystem::Other),
        ("oci", Ecosystem::Other),
    ];
    let (kind, rest) = token.strip_prefix("pkg:")?.split_once('/')?;
    let (_, ecosystem) = TYPES.iter().find(|(name, _)| *name == kind)?;
    let rest = rest.split(['?', '#']).next()?.replace("%40", "@");
    let (name, version) = match rest.rsplit_once('@').filter(|(name, _)| !name.is_empty()) {
        Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
        None => (rest, None),
    };
    let name = if *ecosystem == Ecosystem::Maven { name.replacen('/', ":", 1) } else { name };
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':' | '@'));
    (plain && !name.is_empty()).then(|| Package {
        ecosystem: *ecosystem,
        name,
        affected: version.filter(|v| v.starts_with(|c: char| c.is_ascii_digit())).map(|v| format!("= {v}")),
        patched: None,
    })
}

const VERSION: &str =
    r"v?(\d{1,4}(?:\.\d{1,6}){1,3}(?:[-.]?(?:alpha|beta|rc|dev|pre|preview|a|b|post|m|SNAPSHOT)[-.]?\d*(?:\.\d+)*)?)";

/// Ways to state a range, most telling first, and how GitHub writes it (`{a}` and `{b}` are the versions).
static RANGES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r">=\s*V\s*(?:,|and|&&)?\s*<=\s*V", ">= {a}, <= {b}"),
        (r">=\s*V\s*(?:,|and|&&)?\s*<\s*V", ">= {a}, < {b}"),
        (r">\s*V\s*(?:,|and|&&)?\s*<\s*V", "> {a}, < {b}"),
        (r"(?:since|from|introduced in|starting with|ab)\s+(?:version\s+)?V[^\n.]{0,30}(?:\n[^\n.]{0,30})?(?:still|to|through|until|bis|up to)[^\n.0-9]{0,20}\s+V", ">= {a}, <= {b}"),
        (r"V\s*(?:to|through|until|up to|bis|à|hasta|até|–|—|\.\.\.?| - )\s*(?:and including\s+|including\s+|version\s+)?V", ">= {a}, <= {b}"),
        (r"<=\s*V", "<= {a}"),
        (r"(?:up to|through|until|bis|jusqu'à|hasta|até)\s+(?:and including\s+|including\s+|einschließlich\s+)?(?:version\s+)?V", "<= {a}"),
        (r"V\s+(?:and|or|und|et|y|e)\s+(?:earlier|older|below|before|lower|prior|früher|älter)", "<= {a}"),
        (r"<\s*V", "< {a}"),
        (r"(?:before|prior to|older than|earlier than|below|vor|avant|antes de)\s+(?:version\s+)?V", "< {a}"),
        (r">=\s*V", ">= {a}"),
        (r"(?:since|from|starting with|introduced in|ab)\s+(?:version\s+)?V", ">= {a}"),
        (r"V", "= {a}"),
    ]
    .into_iter()
    .filter_map(|(pattern, form)| {
        let pattern = format!("(?i){}", pattern.replace('V', VERSION));
        Some((Regex::new(&pattern).ok()?, form))
    })
    .collect()
});

/// The version or range that stands behind a package name, on its line or the next.
fn affected_near(text: &str, end: usize) -> Option<String> {
    let near = first_bytes(text.get(end..)?, NEAR);
    // Coordinates and the tags of images: `group:artifact:1.2.0`.
    let near = near.strip_prefix(':').unwrap_or(near);
    let near = near.match_indices('\n').nth(1).and_then(|(at, _)| near.get(..at)).unwrap_or(near);
    // Up to the next package: its versions are its own.
    let near = near.split_once("telemetry").map_or(near, |(before, _)| before);
    range_in(near, RANGES.len())
}

/// The range in the sentences that speak of what is affected, then any range, then any version that was tested.
fn affected_anywhere(text: &str) -> Option<String> {
    const CUES: &[&str] = &[
        "affect",
        "vulnerable",
        "version",
        "tested",
        "seen in",
        "reproduced",
        "betroffen",
        "affecté",
        "afectad",
        "afetad",
        "影响",
        "影響",
    ];
    let lines = || text.lines().filter(|line| !line.trim_start().starts_with('>') && !line.contains("://"));
    let spoken = |line: &&str| {
        let lower = line.to_lowercase();
        CUES.iter().any(|cue| lower.contains(cue)) && !lower.contains("not affected")
    };
    let ranges = RANGES.len().saturating_sub(1);
    lines()
        .filter(spoken)
        .find_map(|line| range_in(line, ranges))
        .or_else(|| range_in(text, ranges))
        .or_else(|| lines().filter(spoken).find_map(|line| range_in(line, RANGES.len())))
        .or_else(|| lines().find_map(|line| range_in(line, RANGES.len())))
}

fn range_in(text: &str, forms: usize) -> Option<String> {
    RANGES.iter().take(forms).find_map(|(pattern, form)| {
        pattern.captures_iter(text).find_map(|found| {
            let whole = found.get(0)?;
            let version = |at| found.get(at).map(|version| version.as_str());
            let first = version(1)?;
            let plain = is_version(first)
                && version(2).is_none_or(is_version)
                && stands_alone(text, whole.start(), whole.end());
            plain.then(|| form.replace("{a}", first).replace("{b}", version(2).unwrap_or_default()))
        })
    })
}

/// Not an address, and not a number with one dot that measures something.
fn is_version(text: &str) -> bool {
    let groups = text.split('.').filter(|group| group.chars().all(|c| c.is_ascii_digit())).count();
    groups < 4 && !(text.len() == 3 && matches!(text, "3.0" | "3.1" | "4.0"))
}

fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).and_then(|before| before.chars().next_back());
    let after = text.get(end..).unwrap_or_default();
    let unit = [" GB", " MB", " kB", " KB", " GiB", " MiB", " s", " ms", "%", " million", ")s"]
        .iter()
        .any(|unit| after.strip_prefix(unit).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)));
    !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '/' | ':' | '$' | '_'))
        && !after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | ':'))
        && !unit
}

/// Ways to state the first fixed version: in a sentence, and in a field of a form.
static FIXED: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(?:fixed|patched|resolved|repaired|corrected|behoben|corrigé|corregid[oa]|corrigid[oa]|修复|修正)\s*(?:in|by|with|since|dans|en|em|于|在)\s+(?:version\s+|release\s+)?V",
        r#"(?:fixed|patched)[ _-]?(?:in[ _-]?)?(?:version|release)s?(?:\(s\))?["'`*:=|>\s]{1,12}V"#,
    ]
    .into_iter()
    .filter_map(|pattern| Regex::new(&format!("(?i){}", pattern.replace('V', VERSION))).ok())
    .collect()
});

/// The first fixed version that the text states.
fn fixed(text: &str) -> Option<String> {
    let stated = FIXED.iter().find_map(|pattern| pattern.captures(text)?.get(1));
    stated.map(|version| version.as_str().to_owned()).or_else(|| fixed_in_table(text))
}

/// The version below the heading of a table's column that says "patched" or "fixed".
fn fixed_in_table(text: &str) -> Option<String> {
    let cells = |line: &str| line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_lowercase()).collect();
    let rows = text.lines().map(|line| if line.contains('|') { cells(line) } else { Vec::new() });
    let mut column: Option<usize> = None;
    for row in rows {
        let row: Vec<String> = row;
        if row.is_empty() {
            column = None;
        } else if let Some(at) = column {
            let version = row
                .get(at)
                .and_then(|cell| ONE_VERSION.as_ref()?.captures(cell)?.get(1).map(|v| v.as_str().to_owned()));
            if version.is_some() {
                return version;
            }
        } else {
            column = row.iter().position(|cell| cell.contains("patched") || cell.contains("fixed"));
        }
    }
    None
}

static ONE_VERSION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&format!("(?i)^[>=` ]*{VERSION}`?$")).ok());
