use super::encrypted::Wrap;
use super::inline::{Segment, segments};
use super::walk::{Place, Walk};
use crate::mime::{self, Entity};
use crate::model::{ContentDigest, Doubt};
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

    /// HTML as a reader sees it. Ciphertext in an attribute, a comment or a style sheet is no part of that: who put it there
    /// wants its plaintext to become part of the HTML (Efail). It is opened apart, and people are told.
    pub(super) fn hypertext(&mut self, html: &str, place: &Place) {
        self.text(mime::html_text(html).as_bytes(), None, place);
        for Block { armor, digest, in_tag } in ciphertexts(html.as_bytes()) {
            // Links are shown with where they lead, so what stands in a tag may have been opened as text.
            let opened = self.looked_into.contains(&digest);
            if in_tag || !opened {
                self.doubt(Doubt::HiddenCiphertext);
            }
            if !opened {
                self.ciphertext(armor, Wrap::Inline(None), place);
            }
        }
    }
}

/// Ciphertext in the source of HTML.
struct Block<'a> {
    armor: &'a [u8],
    digest: ContentDigest,
    in_tag: bool,
}

fn ciphertexts(html: &[u8]) -> Vec<Block<'_>> {
    let (mut found, mut in_tag) = (Vec::new(), false);
    for segment in segments(html) {
        match segment {
            Segment::Message(armor) => {
                let binary = openpgp::dearmor(armor).filter(|bytes| openpgp::is_encrypted(bytes));
                found.extend(binary.map(|bytes| Block { armor, digest: ContentDigest::of(&bytes), in_tag }));
            }
            Segment::Text(text) | Segment::Signed(text) | Segment::PublicKey(text) => {
                let last = text.iter().rposition(|byte| matches!(byte, b'<' | b'>'));
                in_tag = last.map_or(in_tag, |at| text.get(at) == Some(&b'<'));
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
