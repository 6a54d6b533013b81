use super::inline::holds_message;
use super::walk::{Place, Walk};
use crate::mime::{self, Content, Entity};

/// A plain text is a mere placeholder for the HTML beside it when the HTML says this many times as much, and more.
const TIMES: usize = 4;

/// Characters that a placeholder says at most more than a quarter of the HTML: "your program cannot show HTML".
const PLACEHOLDER: usize = 200;

impl Walk<'_> {
    /// One text of several that say the same (RFC 2046 5.1.4): the plain one where it says anything. What only the others
    /// hold comes along: files, ciphertext, and the HTML of a mail whose plain text is a placeholder.
    pub(super) fn alternative(&mut self, children: &[Entity], place: &Place) {
        let within = Place { root: false, ..place.clone() };
        let plain = |child: &&Entity| child.media_type() == "text/plain" && !child.decoded().trim_ascii().is_empty();
        let chosen = children.iter().rfind(plain);
        let shown = chosen.map(text_of);
        let chosen = chosen.or_else(|| children.iter().rfind(|child| child.media_type() != "text/plain"));
        for child in children {
            if chosen.is_some_and(|chosen| std::ptr::eq(chosen, child)) {
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
            if !text || shown.is_some_and(|shown| says_more(&text_of(part), shown)) {
                self.leaf(part, within);
            }
        }
    }
}

/// Whether `text` says what `shown` does not.
fn says_more(text: &str, shown: &str) -> bool {
    let length = |text: &str| text.split_whitespace().map(str::len).sum::<usize>();
    let armored = |text: &str| holds_message(text.as_bytes());
    length(text) > TIMES * length(shown) + PLACEHOLDER || armored(text) && !armored(shown)
}

fn text_of(part: &Entity) -> String {
    let text = mime::charset(part.content_type.parameter("charset"), &part.decoded());
    if part.media_type() == "text/html" { mime::html_text(&text) } else { text }
}
