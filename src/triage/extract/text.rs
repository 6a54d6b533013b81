//! The text of a message and its one-line summary.

use crate::model::{Encryption, OpenedMessage, PartContent};
use crate::triage::first_bytes;

/// The reporter's words, and apart from them what stood in the clear beside the ciphertext.
pub(super) fn readable(message: &OpenedMessage) -> (String, Option<String>) {
    let split = message.encryption == Encryption::Partial;
    let join = |encrypted: Option<bool>| {
        let texts =
            message.parts.iter().filter(|part| encrypted.is_none_or(|wanted| part.protection.encrypted == wanted));
        let texts = texts.filter_map(|part| match &part.content {
            PartContent::Text(text) => Some(text.expose().trim_end()),
            PartContent::Attachment(_) => None,
        });
        texts.filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join("\n\n")
    };
    if !split {
        return (join(None), None);
    }
    (join(Some(true)), Some(join(Some(false))).filter(|clear| !clear.is_empty()))
}

/// Reply and forward marks that mail programs put before a subject.
const MARKS: &[&str] = &[
    "re", "fw", "fwd", "aw", "wg", "tr", "sv", "vs", "antw", "rv", "res", "enc", "ref", "odp", "回复", "答复", "转发",
    "返信",
];

/// The subject without reply marks and list tags; the original's for a forward; empty where there is none.
pub(super) fn subject(message: &OpenedMessage) -> String {
    let own = bare_subject(message.subject.expose());
    let original =
        message.forwarded.as_ref().map(|forwarded| bare_subject(forwarded.subject.expose())).unwrap_or_default();
    let subject = if original.is_empty() { own } else { original };
    if matches!(subject.as_str(), "..." | "[...]" | "…") { String::new() } else { subject }
}

/// Within how many bytes the colon of a mark stands, with its counter: "Antw[12]:".
const LONGEST_MARK: usize = 32;

/// `subject` in one line without "Re:", "Fwd:" and bracketed tags at its beginning.
pub(in crate::triage) fn bare_subject(subject: &str) -> String {
    let one_line = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = one_line.as_str();
    loop {
        let before = rest;
        let mark = first_bytes(rest, LONGEST_MARK).find([':', '：']);
        if let Some((mark, after)) = mark.and_then(|_| rest.split_once([':', '：'])) {
            let mark = mark.trim().trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')'));
            if MARKS.contains(&mark.to_lowercase().as_str()) {
                rest = after.trim_start();
            }
        }
        if let Some((_, after)) = rest.strip_prefix('[').and_then(|tagged| tagged.split_once(']')) {
            rest = if after.trim().is_empty() { rest } else { after.trim_start() };
        }
        if rest.len() == before.len() {
            return rest.to_owned();
        }
    }
}

/// Longest title made from a text, in characters.
const LONGEST_TITLE: usize = 120;

/// The first sentence that is more than a greeting, in one line.
pub(in crate::triage) fn first_sentence(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('>'));
    let greeting = |line: &&str| line.ends_with([',', ':', '!']) && line.split_whitespace().count() <= 6;
    let rest: Vec<&str> = lines.skip_while(greeting).take(4).collect();
    let joined = rest.join(" ");
    let end = joined.find(['。', '！', '？']).map(|at| at + '。'.len_utf8());
    let end = end.or_else(|| {
        joined.match_indices(['.', '!', '?']).find(|(at, _)| joined[at + 1..].starts_with(' ')).map(|(at, _)| at)
    });
    let sentence = joined.get(..end.unwrap_or(joined.len())).unwrap_or(&joined);
    if sentence.chars().count() <= LONGEST_TITLE {
        return sentence.to_owned();
    }
    let cut: String = sentence.chars().take(LONGEST_TITLE).collect();
    let whole_words = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{whole_words}…")
}
