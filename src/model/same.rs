//! What makes two mails one message, whichever way each came.

use super::{ContentDigest, MessageFacts, OpenedMessage, PartContent};

/// Longest text that a mailing list adds, in bytes.
const LONGEST_FOOTER: usize = 2_000;

/// Beginnings of what mailing lists add at the end: a line, and what follows it somewhere.
const FOOTERS: &[(&str, &str)] = &[
    // Groups.io
    ("-=-=-=-=-=-=-=-=-=-=-=-", "Groups.io Links:"),
    // Mailman 2 and 3
    ("_______________________________________________", "mailing list"),
    // Google Groups
    ("You received this message because you are subscribed to", "unsubscribe"),
];

/// A digest of the mail's own id, of who wrote it, and of all that can be read or opened in it: the same for a copy that a
/// mailing list rewrapped or added its footer to, and another one when anything else differs. A Message-ID alone says
/// nothing, since anybody can write it.
///
/// Clear text goes into it as it is, and what is encrypted as ciphertext: nothing that was decrypted does, so that nobody
/// can try guesses on it. `None` for a mail without Message-ID or author.
pub fn identity(opened: &OpenedMessage) -> Option<ContentDigest> {
    let (id, author) = (opened.headers.message_id.as_ref()?, opened.sender.address.as_ref()?);
    let mut all = Vec::new();
    let mut add = |what: &str, bytes: &[u8]| {
        all.extend_from_slice(what.as_bytes());
        all.extend_from_slice(ContentDigest::of(bytes).as_bytes());
    };
    add("id", id.as_str().as_bytes());
    add("author", author.as_str().to_lowercase().as_bytes());
    let mut ciphertexts = opened.ciphertexts.clone();
    ciphertexts.sort();
    ciphertexts.iter().for_each(|ciphertext| add("ciphertext", ciphertext.as_bytes()));
    for part in opened.parts.iter().filter(|part| !part.protection.encrypted) {
        match &part.content {
            PartContent::Text(text) => {
                let words: String = without_footer(text.expose()).split_whitespace().collect();
                if !words.is_empty() {
                    add("text", words.as_bytes());
                }
            }
            PartContent::Attachment(attachment) => add("file", attachment.sha256.as_bytes()),
        }
    }
    Some(ContentDigest::of(&all))
}

/// Whether both are one message: the same identity, and an answer would go to the same mailbox.
pub fn is_same(one: &MessageFacts, other: &MessageFacts) -> bool {
    let answered = |facts: &MessageFacts| facts.answer_to.as_ref().map(|address| address.as_str().to_lowercase());
    one.identity.is_some() && one.identity == other.identity && answered(one) == answered(other)
}

fn without_footer(text: &str) -> &str {
    let end = text.floor_char_boundary(text.len().saturating_sub(LONGEST_FOOTER));
    let tail = text.get(end..).unwrap_or_default();
    let found = FOOTERS.iter().filter_map(|(line, follows)| {
        let at = tail.find(line)?;
        tail.get(at..)?.contains(follows).then_some(end + at)
    });
    found.min().and_then(|at| text.get(..at)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lists_add_is_cut_off() {
        let groups = "\n-=-=-=-=-=-=-=-=-=-=-=-\nGroups.io Links: You receive all messages sent to this group.\n\
             -=-=-=-=-=-=-=-=-=-=-=-\n";
        let cases = [
            (format!("report{groups}"), "report"),
            ("a -=-=-=-=-=-=-=-=-=-=-=- b".to_owned(), "a -=-=-=-=-=-=-=-=-=-=-=- b"),
            (format!("report{groups}{}", "x".repeat(3_000)), ""),
            (
                "report\n_______________________________________________\nsecurity mailing list -- security@lists.example"
                    .to_owned(),
                "report",
            ),
        ];
        for (text, expected) in cases {
            let expected = if expected.is_empty() { text.as_str() } else { expected };
            assert_eq!(without_footer(&text).trim_end(), expected.trim_end());
        }
    }
}
