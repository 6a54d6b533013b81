use super::encrypted::Wrap;
use super::inline::{Segment, segments};
use super::walk::{Place, Walk};
use crate::mime::{self, Entity};
use crate::model::Doubt;
use crate::openpgp;

/// The class of the copy of protected fields for programs that do not know them (RFC 9788 4.10.4).
const LEGACY: &str = "header-protection-legacy-display";

impl Walk<'_> {
    pub(super) fn html(&mut self, html: &str, entity: &Entity, place: &Place) {
        let legacy = place.encrypted && entity.content_type.parameter("hp-legacy-display") == Some("1");
        match without_legacy_display(html).filter(|_| legacy) {
            Some(html) => self.hypertext(&html, place),
            None => self.hypertext(html, place),
        }
    }

    /// HTML as a reader sees it. Ciphertext in an attribute or a comment is no part of that: who put it there wants its plaintext
    /// to become part of the HTML (Efail). It is opened apart, and people are told.
    pub(super) fn hypertext(&mut self, html: &str, place: &Place) {
        let hidden = hidden(html.as_bytes());
        if !hidden.is_empty() {
            self.doubt(Doubt::HiddenCiphertext);
        }
        self.text(mime::html_text(html).as_bytes(), None, place);
        // What was opened already is not opened again.
        for block in hidden {
            self.ciphertext(block, Wrap::Inline(None), place);
        }
    }
}

/// Ciphertext inside of tags and comments.
fn hidden(html: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut inside = false;
    for segment in segments(html) {
        match segment {
            Segment::Message(block)
                if inside && openpgp::dearmor(block).is_some_and(|bytes| openpgp::is_encrypted(&bytes)) =>
            {
                found.push(block);
            }
            Segment::Text(text) | Segment::Message(text) | Segment::Signed(text) | Segment::PublicKey(text) => {
                let last = text.iter().rposition(|byte| matches!(byte, b'<' | b'>'));
                inside = last.map_or(inside, |at| text.get(at) == Some(&b'<'));
            }
        }
    }
    found
}

fn without_legacy_display(html: &str) -> Option<String> {
    let mark = html.find(LEGACY)?;
    let begin = html.get(..mark)?.rfind("<div")?;
    let end = mark + html.get(mark..)?.find("</div>")? + "</div>".len();
    Some([html.get(..begin)?, html.get(end..)?].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_the_legacy_display_and_nothing_else() {
        let cases = [
            (
                "<p>a</p><div class=\"header-protection-legacy-display\"><pre>Subject: x</pre></div><p>b</p>",
                Some("<p>a</p><p>b</p>"),
            ),
            ("<p>a</p>", None),
            ("<div class=header-protection-legacy-display>never closed", None),
        ];
        for (html, expected) in cases {
            assert_eq!(without_legacy_display(html).as_deref(), expected, "{html}");
        }
    }
}
