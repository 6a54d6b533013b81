use memchr::memrchr;

use super::ciphertext::{File, narrow};
use super::encrypted::Wrap;
use super::forward;
use super::inline::{Segment, holds_ciphertext, quotes_message, segments, without_private_keys};
use super::walk::{LONGEST_TEXT, Place, Walk};
use crate::mime::{self, Entity, Uu};
use crate::model::{PartContent, Secret, shown};
use crate::openpgp;

/// Bytes of HTML, or of text in a wide character set, that are read of a part.
pub(super) const LONGEST_SOURCE: usize = 4 << 20;

/// How a text was written down.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Written<'a> {
    pub charset: Option<&'a str>,
    /// `format=flowed` (RFC 3676), and whether with `DelSp=yes`.
    pub flowed: Option<bool>,
}

impl<'a> From<Option<&'a str>> for Written<'a> {
    fn from(charset: Option<&'a str>) -> Self {
        Written { charset, flowed: None }
    }
}

impl Walk<'_> {
    pub(super) fn text_part(&mut self, entity: &Entity, decoded: &[u8], place: &Place) {
        let kind = &entity.content_type;
        let charset = kind.parameter("charset");
        let decoded = decoded.strip_prefix(b"\xef\xbb\xbf").unwrap_or(decoded);
        if entity.media_type() == "text/html" {
            let read = head(decoded, LONGEST_SOURCE);
            self.html(&mime::charset(charset, read), entity, place);
            return self.kept_whole(decoded, read, ("text/html", "html"), place);
        }
        let flowed = kind.parameter("format").is_some_and(|format| format.trim().eq_ignore_ascii_case("flowed"));
        let delsp = || kind.parameter("delsp").is_some_and(|delsp| delsp.trim().eq_ignore_ascii_case("yes"));
        let written = Written { charset, flowed: flowed.then(delsp) };
        if charset.is_some_and(is_wide) || decoded.iter().take(1_024).any(|byte| *byte == 0) {
            // Armor in it is found only after this; a signature of it covers the octets (RFC 9580 7) and is lost anyway.
            let read = head(decoded, LONGEST_SOURCE);
            let text = mime::charset(charset, read);
            self.text(text.as_bytes(), Written { charset: None, ..written }, place);
            return self.kept_whole(decoded, read, ("text/plain", "txt"), place);
        }
        let narrowed = narrow(decoded);
        let decoded = &*narrowed;
        let legacy = place.encrypted && kind.parameter("hp-legacy-display") == Some("1");
        let shown = if legacy { after_first_paragraph(decoded) } else { decoded };
        self.text(shown, written, place);
    }

    /// A text, with whatever is packed into it: uuencoded files, armor.
    pub(super) fn text<'w>(&mut self, text: &[u8], written: impl Into<Written<'w>>, place: &Place) {
        let written = written.into();
        let Some(pieces) = mime::uudecode(text) else { return self.armored_text(text, written, place) };
        for piece in pieces {
            match piece {
                Uu::Text(text) => self.armored_text(text, written, place),
                Uu::File { name, bytes } => {
                    let name = mime::file_name(&name);
                    let file = File { name: name.as_deref(), media_type: "application/octet-stream", bytes: &bytes };
                    self.unshown(&file, place);
                }
            }
        }
    }

    fn armored_text(&mut self, text: &[u8], written: Written, place: &Place) {
        let found = segments(text);
        let alone = !found.iter().any(|segment| matches!(segment, Segment::Text(t) if !t.trim_ascii().is_empty()));
        for segment in found {
            match segment {
                Segment::Text(text) => {
                    self.quoted |= !place.encrypted && quotes_message(head(text, LONGEST_TEXT));
                    self.plain(text, written, place);
                }
                // Ciphertext under a wrong label.
                Segment::PublicKey(block) if holds_ciphertext(block) => self.inline_message(block, written, place),
                Segment::PublicKey(block) => {
                    self.keys.offer(block, place);
                }
                Segment::Signed(block) => self.cleartext(block, written, place),
                Segment::Message(block) if alone => self.ciphertext(block, Wrap::Inline(written.charset), place),
                Segment::Message(block) => self.inline_message(block, written, place),
            }
        }
    }

    /// A block beside other text: an example in a text about armor opens nothing and is no failure.
    pub(super) fn inline_message(&mut self, block: &[u8], written: Written, place: &Place) {
        match openpgp::dearmor(block).and_then(|bytes| openpgp::kind(&bytes)) {
            Some(openpgp::Kind::Message) => self.ciphertext(block, Wrap::Inline(written.charset), place),
            Some(openpgp::Kind::SecretKey) => self.take_private_keys(block, place),
            _ => self.plain(block, written, place),
        }
    }

    /// A text without armor, made readable: nothing here is what a signature covers any more.
    pub(super) fn plain(&mut self, text: &[u8], written: Written, place: &Place) {
        let kept = without_private_keys(text);
        self.keys.private_key_attached |= kept.is_some();
        let whole = kept.as_deref().unwrap_or(text);
        let read = head(whole, self.room);
        self.room -= read.len();
        self.shown_text(read, written, place);
        self.kept_whole(whole, read, ("text/plain", "txt"), place);
    }

    fn shown_text(&mut self, text: &[u8], written: Written, place: &Place) {
        let text = mime::charset(written.charset, text);
        let text = match written.flowed {
            Some(delsp) => mime::unflowed(&text, delsp),
            None => text,
        };
        let text = shown(&text).into_owned();
        // NUL bytes at the end of a block are nothing that a reader sees.
        if text.chars().all(|c| c.is_whitespace() || c.is_control() || c == char::REPLACEMENT_CHARACTER) {
            return;
        }
        if self.forwarded.is_none() && !place.forwarded {
            self.forwarded = forward::inline(&text);
        }
        self.push(PartContent::Text(Secret::new(text)), place);
    }

    /// A text of which only the beginning was `read` comes along as a file, too, and a remark says so.
    fn kept_whole(&mut self, whole: &[u8], read: &[u8], (media_type, ending): (&str, &str), place: &Place) {
        if whole.len() == read.len() {
            return;
        }
        let name = format!("long-text-{}.{ending}", self.seen.len() + 1);
        let remark =
            format!("[This text is long: {} of {} bytes are read, all of it is in {name}.]", read.len(), whole.len());
        self.push(PartContent::Text(Secret::new(remark)), place);
        self.file(name, media_type, whole, place);
    }
}

/// The beginning of `text`, at most so many bytes, up to the end of a line if there is one.
pub(super) fn head(text: &[u8], most: usize) -> &[u8] {
    if text.len() <= most {
        return text;
    }
    let start = text.get(..most).unwrap_or_default();
    let inside = text.iter().skip(most.saturating_sub(3)).take(4).rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(3);
    let whole = most.saturating_sub(3) + inside;
    let end = memrchr(b'\n', start).map_or(whole.min(most), |at| at + 1);
    text.get(..end).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_text_ends_where_something_ends() {
        let cases: [(&str, usize, &str); 7] = [
            ("short", 5, "short"),
            ("one\ntwo\nthree", 9, "one\ntwo\n"),
            ("one\ntwo\n", 8, "one\ntwo\n"),
            ("a long line", 6, "a long"),
            ("aé", 2, "a"),
            ("a\u{10ffff}b", 4, "a"),
            ("text", 0, ""),
        ];
        for (text, most, expected) in cases {
            assert_eq!(head(text.as_bytes(), most), expected.as_bytes(), "{text:?} {most}");
        }
    }
}
