//! Values that a report states in a form of their own: vectors, numbers, links, logins.

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::LazyLock;

use regex::Regex;

use crate::model::CvssVector;
use crate::triage::scan::tokens_of;
use crate::triage::{first_bytes, last_bytes};

/// Vectors that follow the grammar of CVSS 3 or 4 (FIRST, "Vector String"), with their base scores, and the text with
/// `CVSS` in their places: their letters are no words, but what stands beside a vector rates.
///
/// A vector without the `CVSS:` prefix is taken for one of 3.1 when it is complete. With the prefix it is listed without a
/// score when it does not parse, so that people hear of it.
pub(super) fn cvss(text: &str) -> (Vec<CvssVector>, String) {
    let (mut found, mut rest): (Vec<CvssVector>, String) = (Vec::new(), String::with_capacity(text.len()));
    let mut copied = 0;
    for (at, token) in tokens_of(text) {
        let Some((from, vector)) = vector_in(token) else { continue };
        rest.push_str(text.get(copied..at + from).unwrap_or_default());
        rest.push_str("CVSS");
        copied = at + from + vector.len();
        if found.len() == MOST_IDS {
            continue;
        }
        if let Some(vector) = scored(vector).filter(|new| !found.iter().any(|old| old.vector == new.vector)) {
            let stated = stated_score(text, at + from, copied);
            found.push(CvssVector { stated, ..vector });
        }
    }
    rest.push_str(text.get(copied..).unwrap_or_default());
    (found, rest)
}

/// Longest vector that is read, in bytes: one with all metrics of version 4 takes less than 200.
const LONGEST_VECTOR: usize = 400;

fn vector_in(token: &str) -> Option<(usize, &str)> {
    if !token.contains('/') {
        return None;
    }
    let upper = token.to_ascii_uppercase();
    let from = upper.find("CVSS:").or_else(|| upper.find("AV:"))?;
    let vector = token.get(from..)?;
    // Scripts without spaces write on: "CVSS:3.1/…/A:H（高危）".
    let vector = vector.split(|c: char| !c.is_ascii()).next()?;
    (vector.contains('/') && vector.len() <= LONGEST_VECTOR).then_some((from, vector))
}

fn scored(vector: &str) -> Option<CvssVector> {
    let upper = vector.trim_end_matches(['/', '.', '-']).to_ascii_uppercase();
    let prefixed = upper.starts_with("CVSS:");
    let whole = if prefixed { upper } else { format!("CVSS:3.1/{upper}") };
    let parsed = cvss::Cvss::from_str(&whole).ok().filter(|_| is_complete(&whole));
    let score = match parsed {
        Some(cvss::Cvss::CvssV30(vector) | cvss::Cvss::CvssV31(vector)) => vector.base_score().value(),
        Some(other) => other.score(),
        None => {
            let plain = whole.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'/' | b'.'));
            let meant = prefixed && plain && whole.matches('/').count() >= FEWEST_METRICS;
            return meant.then_some(CvssVector { vector: whole, score: None, stated: None });
        }
    };
    // One decimal by both specifications, so nothing is lost.
    #[allow(clippy::cast_possible_truncation)]
    let score = score as f32;
    Some(CvssVector { vector: whole, score: Some(score), stated: None })
}

/// Whether every metric that its version asks for is there, once: the parser scores what is missing as harmless.
fn is_complete(vector: &str) -> bool {
    const OF_3: &[&str] = &["AV", "AC", "PR", "UI", "S", "C", "I", "A"];
    const OF_4: &[&str] = &["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"];
    let names: Vec<&str> = vector.split('/').skip(1).filter_map(|metric| Some(metric.split_once(':')?.0)).collect();
    let needed = if vector.starts_with("CVSS:4") { OF_4 } else { OF_3 };
    needed.iter().all(|needed| names.iter().filter(|name| *name == needed).count() == 1)
}

/// Metrics from which on something that does not parse is meant to be a vector.
const FEWEST_METRICS: usize = 4;

/// How far before and behind a vector its score is looked for, in bytes.
const SCORE_DISTANCE: usize = 120;

/// A score right before the vector ("9.8 (CVSS:3.1/…", "7.5 High, AV:N/…"), right behind it on its line, or on a line that
/// says "score".
static SCORES: LazyLock<[Option<Regex>; 3]> = LazyLock::new(|| {
    let rating = r"(?:\(?(?:none|low|medium|moderate|high|critical)\)?)?";
    [
        format!(r"(?i)(?:^|[^\d.v])(\d{{1,2}}\.\d)[ \t]*(?:/[ \t]*10(?:\.0)?)?[ \t]*{rating}[ \t,;:()\[\]|`*-]*$"),
        format!(r"(?i)^[ \t,;:()\[\]|`*=-]*{rating}[ \t,;:(=-]*(?:base )?(?:score)?[ \t:=]*(\d{{1,2}}\.\d)(?:[^\d.]|\.?$|\.\s)"),
        r"(?i)score\b[^\n\d.]{0,20}(\d{1,2}\.\d)(?:[^\d.]|\.?$|\.\s)".to_owned(),
    ]
    .map(|pattern| Regex::new(&pattern).ok())
});

fn stated_score(text: &str, from: usize, to: usize) -> Option<f32> {
    let before = last_bytes(text.get(..from)?, SCORE_DISTANCE);
    let behind = first_bytes(text.get(to..)?, SCORE_DISTANCE);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let [right_before, right_behind, said] = &*SCORES;
    let score = |pattern: &Option<Regex>, text: &str| -> Option<f32> {
        let found = pattern.as_ref()?.captures(text)?.get(1)?;
        // "CVSS 3.1" and "version 4.0" are no scores.
        let named = text.get(..found.start())?.trim_end().to_ascii_lowercase();
        let version = ["cvss", "version", "cvssv"].iter().any(|word| named.ends_with(word));
        found.as_str().parse().ok().filter(|score| !version && *score <= 10.0)
    };
    score(right_before, line).or_else(|| score(right_behind, behind)).or_else(|| {
        let near = |text| score(said, text);
        near(before).or_else(|| near(behind))
    })
}

/// Most vectors, weaknesses or CVEs that are listed: who states more pastes a catalogue.
const MOST_IDS: usize = 100;

/// `CWE-79`, `CWE 79`, `CWE: 79` as `CWE-79`, in order of mention.
pub(super) fn cwe(text: &str) -> Vec<String> {
    // Their pages have the number alone: https://cwe.mitre.org/data/definitions/79.html
    let linked = text.replace("cwe.mitre.org/data/definitions/", "cwe.mitre.org CWE-");
    numbers_after(&linked, "CWE", 1, 5)
        .into_iter()
        .map(|(digits, _)| format!("CWE-{digits}"))
        .fold(Vec::new(), keep_new)
}

/// `CVE-2026-1234`, in order of mention.
pub(super) fn cve(text: &str) -> Vec<String> {
    let years = numbers_after(text, "CVE", 4, 4);
    let ids = years.into_iter().filter_map(|(year, rest)| {
        let number: String = rest.strip_prefix('-')?.chars().take_while(char::is_ascii_digit).collect();
        (number.len() >= 4 && number.len() <= 10).then(|| format!("CVE-{year}-{number}"))
    });
    ids.fold(Vec::new(), keep_new)
}

fn keep_new(mut kept: Vec<String>, new: String) -> Vec<String> {
    if kept.len() < MOST_IDS && !kept.contains(&new) {
        kept.push(new);
    }
    kept
}

/// Digits that follow `prefix` and up to a few separators, with the text behind them.
fn numbers_after<'a>(text: &'a str, prefix: &str, least: usize, most: usize) -> Vec<(&'a str, &'a str)> {
    let upper = text.to_ascii_uppercase();
    let mut found = Vec::new();
    for (at, _) in upper.match_indices(prefix) {
        let Some(rest) = text.get(at + prefix.len()..) else { continue };
        let begins = !text.get(..at).unwrap_or_default().ends_with(char::is_alphanumeric);
        let digits = rest.trim_start_matches(['-', ':', ' ', '\t', '#', '_', '‑', '–']);
        let gap = rest.len() - digits.len();
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        if begins && gap > 0 && gap <= 16 && end >= least && end <= most {
            found.push((&digits[..end], &digits[end..]));
        }
    }
    found
}

/// Most links that are listed, and the most bytes of one (browsers follow about as much).
const MOST_LINKS: usize = 200;
const LONGEST_LINK: usize = 2048;

/// Links, in order of mention, without duplicates: at most [`MOST_LINKS`], each cut at [`LONGEST_LINK`] bytes.
pub(super) fn references(text: &str) -> Vec<String> {
    let (mut links, mut seen): (Vec<String>, HashSet<&str>) = (Vec::new(), HashSet::new());
    let mut rest = text;
    while let Some((_, link, behind)) = next_link(rest).filter(|_| links.len() < MOST_LINKS) {
        rest = behind;
        if seen.insert(link) {
            links.push(link.to_owned());
        }
    }
    links
}

/// `text` with a space in the place of each link.
pub(in crate::triage) fn without_links(text: &str) -> String {
    let (mut rest, mut kept) = (text, String::with_capacity(text.len()));
    while let Some((before, _, behind)) = next_link(rest) {
        kept.push_str(before);
        kept.push(' ');
        rest = behind;
    }
    kept.push_str(rest);
    kept
}

/// What stands before the first link in `text`, the link, and what stands behind it. Whoever searches goes on behind: a
/// link inside of a link is a part of it, and no byte is looked at for two links.
fn next_link(text: &str) -> Option<(&str, &str, &str)> {
    let at = text.match_indices("http").map(|(at, _)| at).find(|at| {
        let rest = text.get(*at..).unwrap_or_default();
        let host = rest.strip_prefix("https://").or_else(|| rest.strip_prefix("http://"));
        host.is_some_and(|host| host.starts_with(char::is_alphanumeric))
    })?;
    let (before, rest) = text.split_at(at);
    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '{' | '}' | '|' | '\\');
    let (whole, _) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
    let trimmed = whole.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', ']']);
    let behind = rest.get(trimmed.len()..)?;
    Some((before, balanced(first_bytes(trimmed, LONGEST_LINK)), behind))
}

/// Without a closing parenthesis that the link did not open: "(see http://x/y)".
fn balanced(link: &str) -> &str {
    let open = link.matches('(').count();
    if link.ends_with(')') && link.matches(')').count() > open { link.trim_end_matches(')') } else { link }
}

/// A GitHub login that the reporter gives as theirs: "my GitHub handle is octocat", "GitHub: @octocat",
/// "credit github.com/octocat".
pub(super) fn github_login(text: &str) -> Option<String> {
    let lines = text.lines().filter(|line| line.to_ascii_lowercase().contains("github") && !line.starts_with('>'));
    lines.filter_map(login_in).next()
}

/// Words that stand between "GitHub" and the login.
const LOGIN_FILLERS: &[&str] = &[
    "handle", "login", "account", "user", "username", "id", "name", "profile", "is", "as", "my", "me", "the", "on",
    "use", "=",
];

fn login_in(line: &str) -> Option<String> {
    let lower = line.to_ascii_lowercase();
    let offers = [
        "credit",
        "github:",
        "handle",
        "login",
        "username",
        "my github",
        "on github",
        "github id",
        "github user",
        "github account",
    ];
    if !offers.iter().any(|offer| lower.contains(offer)) {
        return None;
    }
    // A page of a person has exactly one path segment.
    let page = lower.find("github.com/").and_then(|at| line.get(at + "github.com/".len()..));
    if let Some(page) = page {
        let login: String = page.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        return (!page.get(login.len()..).unwrap_or_default().starts_with('/')).then(|| valid_login(&login))?;
    }
    if let Some((_, after)) =
        line.split_once('@').filter(|(before, _)| before.is_empty() || before.ends_with([' ', '(', ':']))
    {
        let login: String = after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        return valid_login(&login).filter(|_| !after.get(login.len()..).unwrap_or_default().starts_with('.'));
    }
    let after = line.get(lower.find("github")? + "github".len()..)?;
    let named = ["handle", "login", "username", "user", "id", "account", ":"]
        .iter()
        .any(|word| after.to_ascii_lowercase().contains(word));
    let mut words = after.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|word| !word.is_empty());
    words
        .find(|word| !LOGIN_FILLERS.contains(&word.to_ascii_lowercase().as_str()))
        .filter(|_| named)
        .and_then(valid_login)
}

/// GitHub's rule for logins: letters, digits and single inner hyphens, at most 39.
fn valid_login(login: &str) -> Option<String> {
    let fits = !login.is_empty()
        && login.len() <= 39
        && !login.starts_with('-')
        && !login.ends_with('-')
        && !login.contains("--");
    (fits && !login.eq_ignore_ascii_case("open-telemetry")).then(|| login.to_owned())
}
