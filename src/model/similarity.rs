use std::collections::HashSet;

/// How much of a text is compared, in bytes: the beginning says what it is about.
const MOST_READ: usize = 8 << 10;
/// With fewer words than this a text says too little to be like another.
const FEW: f32 = 6.0;

/// Words that any two texts about software share.
const COMMON: &[&str] = &[
    "the",
    "and",
    "for",
    "that",
    "this",
    "with",
    "from",
    "are",
    "was",
    "were",
    "can",
    "not",
    "but",
    "you",
    "your",
    "our",
    "has",
    "have",
    "had",
    "will",
    "when",
    "which",
    "what",
    "where",
    "who",
    "how",
    "all",
    "any",
    "one",
    "two",
    "into",
    "than",
    "then",
    "there",
    "their",
    "they",
    "them",
    "its",
    "also",
    "out",
    "use",
    "used",
    "uses",
    "using",
    "does",
    "did",
    "only",
    "more",
    "some",
    "such",
    "these",
    "those",
    "may",
    "should",
    "would",
    "could",
    "been",
    "being",
    "about",
    "after",
    "before",
    "other",
    "same",
    "see",
    "via",
    "per",
    "set",
    "get",
    "new",
    "opentelemetry",
    "otel",
    "telemetry",
    "open",
    "github",
    "com",
    "https",
    "http",
    "issue",
    "issues",
    "version",
    "versions",
    "security",
    "vulnerability",
    "report",
    "reported",
    "attacker",
    "impact",
    "summary",
    "details",
    "affected",
    "steps",
    "reproduce",
    "expected",
    "behavior",
    "actual",
    "description",
    "code",
    "please",
    "thanks",
    "und",
    "der",
    "die",
    "das",
    "ist",
    "les",
    "des",
    "est",
    "une",
    "que",
    "los",
    "las",
    "para",
    "com",
    "uma",
    "não",
];

/// How alike two texts are in their words, from 0 to 1. Names, numbers and long words tell more than short ones; words that
/// all reports have tell nothing. Linear in the texts' length, of which the first 8 KiB count.
pub fn similarity(a: &str, b: &str) -> f32 {
    let (a, b) = (words(a), words(b));
    let sum = |words: &HashSet<String>| words.iter().map(|word| weight(word)).sum::<f32>();
    let (whole_a, whole_b) = (sum(&a), sum(&b));
    let (least, shared) = (whole_a.min(whole_b), a.intersection(&b).map(|word| weight(word)).sum::<f32>());
    if least <= 0.0 {
        return 0.0;
    }
    let (cosine, overlap) = (shared / (whole_a * whole_b).sqrt(), shared / least);
    let enough = (a.len().min(b.len()) as f32 / FEW).min(1.0);
    ((cosine + overlap) / 2.0 * enough).clamp(0.0, 1.0)
}

fn weight(word: &str) -> f32 {
    let telling = word.chars().any(|c| c.is_ascii_digit()) || word.chars().count() > 7;
    if telling { 2.0 } else { 1.0 }
}

/// The distinct words of a text; scripts without spaces give pairs of characters.
fn words(text: &str) -> HashSet<String> {
    let end = (0..=MOST_READ.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let lower = text.get(..end).unwrap_or_default().to_lowercase();
    let mut found = HashSet::new();
    for word in lower.split(|c: char| !c.is_alphanumeric()) {
        let wide: Vec<char> = word.chars().filter(|c| u32::from(*c) >= 0x2e80).collect();
        found.extend(wide.windows(2).map(|pair| pair.iter().collect::<String>()));
        if wide.is_empty() && word.chars().count() > 2 && !COMMON.contains(&word) {
            found.insert(word.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "The filelog receiver of opentelemetry-collector-contrib follows symlinks. An attacker who can write into a watched \
                          directory replaces app.log by a link to /etc/shadow; with poll_interval 200ms the content of the target is exported. \
                          See pkg/stanza/fileconsumer/internal/reader/factory.go, openFile. Tested with v0.139.0.";

    #[test]
    fn the_same_finding_in_other_words_is_alike_and_another_is_not() {
        let cases = [
            (REPORT, 0.99..=1.0),
            (
                "filelog receiver: symlink is followed\n\nWhen a watched file is replaced by a symlink to /etc/shadow, the filelogreceiver reads the \
                 target of the link and exports its content. openFile in fileconsumer does not use O_NOFOLLOW.",
                0.3..=0.9,
            ),
            ("[receiver/filelog] symlinks are followed in watched directory", 0.3..=0.9),
            (
                "kafka exporter: memory grows with each rebalance\n\nAfter a rebalance of the consumer group, the sarama client keeps the old sessions. \
                 Heap profiles show 2 GB after a day. Collector v0.128.0 on Kubernetes 1.31.",
                0.0..=0.14,
            ),
            ("Update the documentation of the batch processor", 0.0..=0.1),
            ("", 0.0..=0.0),
        ];
        for (text, range) in cases {
            let score = similarity(REPORT, text);
            assert!(range.contains(&score), "{score} for {text:?}");
            assert!((score - similarity(text, REPORT)).abs() < 1e-5);
        }
        let (a, b) = ("攻击者可以通过压缩的请求体造成内存耗尽", "压缩请求体导致内存耗尽，攻击者无需认证");
        assert!(similarity(a, b) > 0.3, "{}", similarity(a, b));
    }
}
