use super::encrypted::Wrap;
use super::forward;
use super::inline::{Segment, segments, without_private_keys};
use super::walk::{Place, Walk};
use crate::mime::{self, Entity};
use crate::model::{LearnedFrom, PartContent, Secret};
use crate::openpgp;

impl Walk<'_> {
    pub(super) fn text_part(&mut self, entity: &Entity, decoded: &[u8], place: &Place) {
        let charset = entity.content_type.parameter("charset");
        if entity.media_type() == "text/html" {
            let text = mime::html_text(&mime::charset(charset, decoded));
            return self.text(text.as_bytes(), None, place);
        }
        if charset.is_some_and(is_wide) {
            // Armor in it is found only after this; a signature of it covers the octets (RFC 9580 7) and is lost anyway.
            return self.text(mime::charset(charset, decoded).as_bytes(), None, place);
        }
        let legacy = place.encrypted && entity.content_type.parameter("hp-legacy-display") == Some("1");
        let shown = if legacy { after_first_paragraph(decoded) } else { decoded };
        self.text(shown, charset, place);
    }

    /// A text, with whatever armor is in it.
    pub(super) fn text(&mut self, text: &[u8], charset: Option<&str>, place: &Place) {
        let found = segments(text);
        let alone = !found.iter().any(|segment| matches!(segment, Segment::Text(t) if !t.trim_ascii().is_empty()));
        for segment in found {
            match segment {
                Segment::Text(text) => self.plain(text, charset, place),
                Segment::PublicKey(block) => {
                    self.keys.add(block, LearnedFrom::Attachment);
                }
                Segment::Signed(block) => self.cleartext(block, charset, place),
                Segment::Message(block) => {
                    let holds = openpgp::dearmor(block).and_then(|bytes| openpgp::kind(&bytes));
                    // An example in a text about armor opens nothing and is no failure.
                    if holds == Some(openpgp::Kind::Message) || alone {
                        self.ciphertext(block, Wrap::Inline(charset), place);
                    } else {
                        self.plain(block, charset, place);
                    }
                }
            }
        }
    }

    pub(super) fn plain(&mut self, text: &[u8], charset: Option<&str>, place: &Place) {
        let kept = without_private_keys(text);
        self.keys.private_key_attached |= kept.is_some();
        let text = mime::charset(charset, kept.as_deref().unwrap_or(text));
        if text.trim().is_empty() {
            return;
        }
        if self.forwarded.is_none() && !place.forwarded {
            self.forwarded = forward::inline(&text);
        }
        self.push(PartContent::Text(Secret::new(text)), place);
    }
}

fn after_first_paragraph(text: &[u8]) -> &[u8] {
    let ends: [&[u8]; 2] = [b"\r\n\r\n", b"\n\n"];
    let found = ends.iter().filter_map(|end| {
        text.windows(end.len()).position(|window| window == *end).and_then(|at| text.get(at + end.len()..))
    });
    found.max_by_key(|rest| rest.len()).unwrap_or(text)
}

/// Whether ASCII does not stand in it as it is.
fn is_wide(charset: &str) -> bool {
    let charset = charset.to_ascii_lowercase();
    ["utf-16", "utf16", "utf-32", "utf32", "utf-7"].iter().any(|wide| charset.starts_with(wide))
}
