//! The severity that a report states in words.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::Severity;
use crate::triage::reading::{Reading, is_ideograph};

/// Words for GitHub's four severities.
const SEVERITIES: &[(&str, Severity)] = &[
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("moderate", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
    ("niedrig", Severity::Low),
    ("gering", Severity::Low),
    ("mittel", Severity::Medium),
    ("hoch", Severity::High),
    ("kritisch", Severity::Critical),
    ("faible", Severity::Low),
    ("moyenne", Severity::Medium),
    ("élevée", Severity::High),
    ("critique", Severity::Critical),
    ("baja", Severity::Low),
    ("media", Severity::Medium),
    ("alta", Severity::High),
    ("crítica", Severity::Critical),
    ("baixa", Severity::Low),
    ("média", Severity::Medium),
    ("bassa", Severity::Low),
    ("laag", Severity::Low),
    ("gemiddeld", Severity::Medium),
    ("hoog", Severity::High),
    ("kritiek", Severity::Critical),
    ("низкая", Severity::Low),
    ("средняя", Severity::Medium),
    ("высокая", Severity::High),
    ("критическая", Severity::Critical),
    ("niski", Severity::Low),
    ("średni", Severity::Medium),
    ("wysoki", Severity::High),
    ("krytyczny", Severity::Critical),
];

/// Words near which a severity word is one, and not an adjective for something else.
const RATING_CUES: &[&str] = &[
    "severity",
    "severe",
    "rate",
    "rated",
    "rating",
    "cvss",
    "score",
    "scored",
    "risk",
    "priority",
    "cwe",
    "call",
    "consider",
    "class",
    "classed",
    "classify",
    "assess",
    "assessed",
    "deem",
    "rank",
    "ranked",
    "worth",
    "view",
    "give",
    "say",
    "schweregrad",
    "eingestuft",
    "einstufen",
    "einstufung",
    "sévérité",
    "gravité",
    "severidad",
    "gravedad",
    "severidade",
    "gravidade",
    "gravità",
    "ernst",
    "серьёзность",
    "серьезность",
    "опасность",
    "критичность",
    "krytyczność",
    "ważność",
    "impact",
];

/// Words after which a severity word describes that word: "high memory", "low level".
const NOT_A_RATING: &[&str] = &[
    "level",
    "memory",
    "cpu",
    "load",
    "traffic",
    "cardinality",
    "volume",
    "number",
    "rate",
    "latency",
    "throughput",
    "port",
    "availability",
    "privileges",
    "privilege",
    "path",
    "section",
    "data",
    "system",
    "systems",
    "infrastructure",
    "frequency",
];

/// Words that tell that what is said is someone's view.
const VIEWS: &[&str] = &[
    "i", "we", "us", "me", "my", "our", "i'd", "i'm", "we'd", "i'll", "ich", "wir", "uns", "mich", "meiner", "unserer",
    "je", "nous", "moi", "mon", "yo", "mí", "nosotros", "mi", "eu", "nós", "mim", "minha", "io", "noi", "me", "mio",
    "diría", "diria", "direi", "dirais", "creo", "acho", "credo",
];

/// Words of which a clause that only rates is made, besides the severity and [`VIEWS`].
const OPINION: &[&str] = &[
    "would",
    "think",
    "thinks",
    "believe",
    "guess",
    "assume",
    "say",
    "go",
    "with",
    "for",
    "from",
    "it",
    "it's",
    "this",
    "that's",
    "is",
    "be",
    "as",
    "in",
    "to",
    "a",
    "an",
    "opinion",
    "assessment",
    "estimate",
    "estimation",
    "judgement",
    "judgment",
    "view",
    "eyes",
    "book",
    "company",
    "team",
    "setup",
    "probably",
    "maybe",
    "perhaps",
    "rather",
    "at",
    "least",
    "most",
    "so",
    "overall",
    "personally",
    "call",
    "rate",
    "put",
    "count",
    "counts",
    "counted",
    "treat",
    "rated",
    "für",
    "es",
    "das",
    "ist",
    "würde",
    "sagen",
    "denke",
    "meine",
    "finde",
    "meinung",
    "nach",
    "sicht",
    "aus",
    "wohl",
    "eher",
    "als",
    "halte",
    "sehe",
    "selon",
    "pour",
    "c'est",
    "avis",
    "à",
    "dirais",
    "plutôt",
    "est",
    "para",
    "es",
    "opinión",
    "en",
    "juicio",
    "que",
    "sería",
    "opinião",
    "na",
    "é",
    "diria",
    "per",
    "secondo",
    "parere",
    "è",
    "opinione",
];

/// How far before or behind a severity word its cue may stand, in words.
const CUE_DISTANCE: usize = 8;

/// The severity in words, where a rating is what the words are about. The first one stated counts.
pub(super) fn severity(text: &str) -> Option<Severity> {
    beside_a_cue(text).or_else(|| by_itself(text)).or_else(|| without_spaces(text))
}

fn beside_a_cue(text: &str) -> Option<Severity> {
    let reading = Reading::of(text);
    (0..reading.len()).find_map(|at| {
        let severity = named(reading.word(at))?;
        if NOT_A_RATING.contains(&reading.word(at + 1)) {
            return None;
        }
        let from = at.saturating_sub(CUE_DISTANCE);
        let near = reading.window(from, at - from + CUE_DISTANCE + 1);
        near.iter()
            .any(|word| RATING_CUES.contains(word))
            .then(|| severity.max(upper_end(&reading, at).unwrap_or(severity)))
    })
}

/// The other end of a span that begins at `at`: "low to medium", "bassa-media". The worse is meant to be ready for.
fn upper_end(reading: &Reading, at: usize) -> Option<Severity> {
    let to = matches!(reading.word(at + 1), "to" | "bis" | "à" | "a");
    named(reading.word(at + 2))
        .filter(|_| to)
        .or_else(|| named(reading.word(at + 1)).filter(|_| reading.touches_next(at)))
}

fn named(word: &str) -> Option<Severity> {
    SEVERITIES.iter().find(|(name, _)| *name == word).map(|(_, severity)| *severity)
}

/// A clause that says nothing but a severity and whose view it is ("I'd go with medium", "for us high"), a sentence of
/// that one word ("High."), and one quoted as the name of a class (`kept as "high"`).
fn by_itself(text: &str) -> Option<Severity> {
    let lower = text.to_lowercase().replace('’', "'");
    let mut before = '.';
    for paragraph in lower.split("\n\n") {
        for piece in paragraph.split_inclusive(['.', '!', '?', ';', ',', '(', ')']) {
            let (clause, end) = match piece.char_indices().next_back() {
                Some((at, end)) if !end.is_alphanumeric() => (piece.get(..at).unwrap_or_default(), end),
                _ => (piece, '\n'),
            };
            if let Some(severity) = of_clause(clause, before == '.' && matches!(end, '.' | ',' | '!')) {
                return Some(severity);
            }
            before = end;
        }
        before = '.';
    }
    QUOTED.as_ref()?.captures_iter(&lower).find_map(|quoted| named(quoted.get(1)?.as_str()))
}

/// Most words of a clause that only rates.
const MOST_WORDS: usize = 12;

fn of_clause(clause: &str, alone: bool) -> Option<Severity> {
    let mut words = clause.split(|c: char| c.is_whitespace() || matches!(c, '"' | '*' | '_'));
    let words: Vec<&str> = words.by_ref().filter(|word| !word.is_empty()).take(MOST_WORDS + 1).collect();
    if words.len() > MOST_WORDS {
        return None;
    }
    let mut severities = words.iter().filter_map(|word| named(word));
    let severity = severities.next()?;
    let plain = words.iter().all(|word| named(word).is_some() || VIEWS.contains(word) || OPINION.contains(word));
    let viewed = words.iter().any(|word| VIEWS.contains(word));
    (plain && severities.next().is_none() && (viewed || alone && words.len() == 1)).then_some(severity)
}

/// A severity in quotation marks behind a word that introduces a class. "to" would set an option.
static QUOTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\b(?:as|mit|als|auf|como|comme)\s+["“„”«»'](\w+)["“”«»']"#).ok());

/// Ratings in Chinese, Japanese and Korean: what is rated, at most a few characters, and the severity; or one of the four
/// classes of Chinese catalogues, which are words of their own.
static WITHOUT_SPACES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let rated = "深刻度|重大度|重要度|危険度|緊急度|严重程度|嚴重程度|严重性|嚴重性|危害等级|危害等級|危害级别|危害程度|危险等级|风险等级|風險等級|风险级别|漏洞等级|评级|評級|심각도|위험도";
    // Any level: only where a clause begins with it, since logs have levels too.
    let level = r"(?:^|[\s。，,；;])(?:级别|等级|級別|等級)";
    let severities = r#"超危|致命|紧急|緊急|严重|嚴重|重大|高|中(?:[危等级級程度と。，,、；;)）」』"\s]|$)|低|치명|심각|높|중간|보통|낮"#;
    Regex::new(&format!(r"(?:(?:{rated})(?:[:：\s]*(?:{rated}))?|{level})[^。，,．.!?！？\n]{{0,8}}?({severities})|(超危|高危|中危|低危)(?:[^险險]|$)")).ok()
});

fn without_spaces(text: &str) -> Option<Severity> {
    // Lines are wrapped inside of words where there are no spaces.
    let found = text.chars().any(is_ideograph).then(|| WITHOUT_SPACES.as_ref()?.captures(text)).flatten()?;
    let word = found.get(1).or_else(|| found.get(2))?.as_str();
    Some(match word.chars().next()? {
        '低' | '낮' => Severity::Low,
        '中' | '중' | '보' => Severity::Medium,
        '高' | '높' => Severity::High,
        _ => Severity::Critical,
    })
}
