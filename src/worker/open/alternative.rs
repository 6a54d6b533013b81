use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::inline::holds_message;
use super::text::{LONGEST_SOURCE, head};
use super::walk::{Place, Walk};
use crate::mime::{self, Content, Entity};
use crate::model::{PartContent, Secret};

/// A plain text is a mere placeholder for the HTML beside it when the HTML says this many times as much, and more.
const TIMES: usize = 4;

/// Characters that a placeholder says at most more than a quarter of the HTML: "your program cannot show HTML".
const PLACEHOLDER: usize = 200;

/// Most different words of a text that are compared; with more of them, both texts are shown.
const MOST_WORDS: usize = 100_000;

/// Stands between two forms of a text that say different things.
const OTHER_FORM: &str =
    "[The mail says something else in another form. That form, which its reader may have seen instead:]";

impl Walk<'_> {
    /// One text of several that say the same (RFC 2046 5.1.4): the plain one where it says anything. What only the others
    /// hold comes along: files, ciphertext, the HTML of a mail whose plain text is a placeholder, and the HTML that says
    /// something else, because nobody knows which of the two its reader sees.
    pub(super) fn alternative(&mut self, children: &[Entity], place: &Place) {
        let within = Place { root: false, ..place.clone() };
        let plain = |child: &&Entity| child.media_type() == "text/plain" && !child.decoded().trim_ascii().is_empty();
        let chosen = children.iter().rfind(plain);
        let shown = chosen.map(text_of);
        let chosen = chosen.or_else(|| children.iter().rfind(|child| child.media_type() != "text/plain"));
        for child in children {
            // What is protected as a whole is no mere form of a text.
            let protected = child.walk().iter().any(|part| is_protected(part));
            if protected || chosen.is_some_and(|chosen| std::ptr::eq(chosen, child)) {
                self.entity(child, &within);
            } else {
                self.not_chosen(child, shown.as_deref(), &within);
            }
        }
    }

    fn not_chosen(&mut self, child: &Entity, shown: Option<&str>, within: &Place) {
        let below = child.walk();
        for part in below.iter().filter(|part| matches!(part.content, Content::Leaf)) {
            let text = part.media_type().starts_with("text/") && !part.is_attachment();
            if !text {
                self.leaf(part, within);
            } else if let Some(shown) = shown {
                let text = text_of(part);
                let more = is_long(part) || says_more(&text, shown);
                if !more && says_else(&text, shown) {
                    self.push(PartContent::Text(Secret::new(OTHER_FORM.to_owned())), within);
                    self.leaf(part, within);
                } else if more {
                    self.leaf(part, within);
                }
            }
        }
    }
}

fn is_protected(part: &Entity) -> bool {
    matches!(part.media_type(), "multipart/signed" | "multipart/encrypted")
}

/// Whether `text` says what `shown` does not.
fn says_more(text: &str, shown: &str) -> bool {
    let length = |text: &str| text.split_whitespace().map(str::len).sum::<usize>();
    let armored = |text: &str| holds_message(text.as_bytes());
    length(text) > TIMES * length(shown) + PLACEHOLDER || armored(text) && !armored(shown)
}

/// Whether one text has words that the other lacks: more of them than two forms of one text have.
fn says_else(text: &str, shown: &str) -> bool {
    if [text, shown].iter().any(|text| holds_message(text.as_bytes())) {
        return false;
    }
    let (Some(one), Some(other)) = (words(text), words(shown)) else { return text != shown };
    let lacks = |one: &HashSet<u64>, other: &HashSet<u64>| {
        let missing = one.difference(other).count();
        missing >= 3 && missing * 3 >= one.len() || missing >= 12 && missing * 5 >= one.len()
    };
    lacks(&one, &other) || lacks(&other, &one)
}

/// The words of a text, without links and marks of images, which only one form has; `None`: too many.
fn words(text: &str) -> Option<HashSet<u64>> {
    let mut found = HashSet::new();
    let pieces = text.split_whitespace().filter(|piece| !piece.contains("://") && !piece.contains("mailto:"));
    for word in pieces.flat_map(|piece| piece.split(|c: char| !c.is_alphanumeric())) {
        if word.is_empty() || matches!(word, "image" | "cid" | "hidden" | "left" | "out") {
            continue;
        }
        let mut hasher = DefaultHasher::new();
        word.to_lowercase().hash(&mut hasher);
        found.insert(hasher.finish());
        if found.len() > MOST_WORDS {
            return None;
        }
    }
    Some(found)
}

/// Whether nobody looks at the end of it.
fn is_long(part: &Entity) -> bool {
    part.decoded().len() > LONGEST_SOURCE
}

fn text_of(part: &Entity) -> String {
    let decoded = part.decoded();
    let text = mime::charset(part.content_type.parameter("charset"), head(&decoded, LONGEST_SOURCE));
    if part.media_type() == "text/html" { mime::html_text(&text) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_forms_of_one_text_say_the_same() {
        let long =
            "The OTLP receiver of the collector can be crashed by one request with a length of zero, sent twice.";
        let cases = [
            ("The parser overflows.", "The parser overflows.", false),
            ("*The* parser_overflows_ [image: logo]", "The parser overflows", false),
            ("see the text <https://e.example/x>", "see the text\n[1] https://e.example/y", false),
            (long, "Nothing to see here, have a nice day.", true),
            ("Hello, all is well.", "Hello, the token is stolen.", true),
            (long, &format!("{long} Erin"), false),
            ("", "", false),
        ];
        for (html, plain, expected) in cases {
            assert_eq!(says_else(html, plain), expected, "{html:?} {plain:?}");
            assert_eq!(says_else(plain, html), expected, "{plain:?} {html:?}");
        }
        let many: String = (0..MOST_WORDS + 2).map(|n| format!("w{n} ")).collect();
        assert!(says_else(&many, &format!("{many}x")) && !says_else(&many, &many));
    }
}
