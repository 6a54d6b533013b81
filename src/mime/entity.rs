use std::borrow::Cow;

use memchr::memmem;

use super::header::{HeaderSection, Structured, one_line};
use super::lines::Lines;
use super::{TooMuch, decode};
use crate::model::Limits;

/// A mail, or a part of one: its header section, its raw bytes, and what is in it (RFC 2045 2.4).
#[derive(Debug, Clone)]
pub struct Entity<'a> {
    pub header: HeaderSection<'a>,
    /// Header section and body exactly as they came, without the line break that belongs to the next boundary: what a
    /// signature covers (RFC 3156 5).
    pub raw: &'a [u8],
    /// What follows the header section, as it came.
    pub body: &'a [u8],
    pub content_type: Structured,
    pub content: Content<'a>,
    /// What stands before the parts of a multipart, where no program shows it (RFC 2046 5.1.1).
    pub preamble: &'a [u8],
    /// What stands behind them.
    pub epilogue: &'a [u8],
    /// Its parts were found by another boundary than the one that it names, if it names one.
    pub guessed: bool,
}

/// What an entity holds.
#[derive(Debug, Clone)]
pub enum Content<'a> {
    Leaf,
    Multipart(Vec<Entity<'a>>),
    /// `message/rfc822` that is not transfer-encoded.
    Message(Box<Entity<'a>>),
}

/// Splits a mail into its parts, within the limits for depth, parts and header sections.
pub fn parse<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Entity<'a>, TooMuch> {
    Splitter { limits, parts: 0 }.entity(bytes, limits.mime_depth, "text/plain")
}

/// What an entity's body turned out to be.
struct Found<'a> {
    content: Content<'a>,
    split: Split<'a>,
    guessed: bool,
}

impl<'a> Found<'a> {
    fn whole(content: Content<'a>) -> Self {
        Found { content, split: Split::default(), guessed: false }
    }
}

struct Splitter<'l> {
    limits: &'l Limits,
    parts: usize,
}

impl Splitter<'_> {
    fn entity<'a>(&mut self, raw: &'a [u8], depth: usize, default_type: &str) -> Result<Entity<'a>, TooMuch> {
        self.parts += 1;
        if self.parts > self.limits.mime_parts {
            return Err(TooMuch::Parts);
        }
        let (header, start) = HeaderSection::parse(raw, self.limits)?;
        let body = raw.get(start..).unwrap_or_default();
        let content_type = header
            .structured("content-type")
            .filter(|kind| is_media_type(&kind.value))
            .unwrap_or_else(|| Structured::plain(default_type));
        let Found { content, split: Split { preamble, epilogue, .. }, guessed } =
            self.content(body, depth, &header, &content_type)?;
        Ok(Entity { header, raw, body, content_type, content, preamble, epilogue, guessed })
    }

    fn content<'a>(
        &mut self,
        body: &'a [u8],
        depth: usize,
        header: &HeaderSection,
        content_type: &Structured,
    ) -> Result<Found<'a>, TooMuch> {
        let media_type = content_type.value.as_str();
        if media_type.starts_with("multipart/") {
            let deeper = depth.checked_sub(1).ok_or(TooMuch::Depth)?;
            let default_type = if media_type == "multipart/digest" { "message/rfc822" } else { "text/plain" };
            let (mut split, guessed) = self.parts(body, content_type)?;
            let parts = std::mem::take(&mut split.parts);
            if parts.is_empty() {
                return Ok(Found::whole(Content::Leaf));
            }
            let children = parts.into_iter().map(|part| self.entity(part, deeper, default_type));
            return Ok(Found { content: Content::Multipart(children.collect::<Result<_, _>>()?), split, guessed });
        }
        if matches!(media_type, "message/rfc822" | "message/global") && !is_encoded(header) {
            let deeper = depth.checked_sub(1).ok_or(TooMuch::Depth)?;
            return Ok(Found::whole(Content::Message(Box::new(self.entity(body, deeper, "text/plain")?))));
        }
        Ok(Found::whole(Content::Leaf))
    }

    /// The parts of a multipart, and whether they were found by a boundary that it does not name.
    fn parts<'a>(&self, body: &'a [u8], content_type: &Structured) -> Result<(Split<'a>, bool), TooMuch> {
        let named = content_type.parameter("boundary").filter(|boundary| !boundary.is_empty());
        let found = named.map_or(Ok(Split::default()), |boundary| split(body, boundary, self.limits.mime_parts))?;
        match first_boundary(body).filter(|_| found.parts.is_empty()) {
            Some(boundary) => Ok((split(body, boundary, self.limits.mime_parts)?, true)),
            None => Ok((found, false)),
        }
    }
}

impl<'a> Entity<'a> {
    /// The header section alone, as far as the limits allow: for mail that cannot be split.
    pub fn headers_only(bytes: &'a [u8], limits: &Limits) -> Self {
        let header = HeaderSection::parse_some(bytes, limits);
        let content_type = header.structured("content-type").unwrap_or_else(|| Structured::plain("text/plain"));
        let none: &[u8] = &[];
        Entity {
            header,
            raw: none,
            body: none,
            content_type,
            content: Content::Leaf,
            preamble: none,
            epilogue: none,
            guessed: false,
        }
    }

    /// `type/subtype` in lower case.
    pub fn media_type(&self) -> &str {
        &self.content_type.value
    }

    /// The parts of a multipart; empty for anything else.
    pub fn children(&self) -> &[Entity<'a>] {
        match &self.content {
            Content::Multipart(children) => children,
            _ => &[],
        }
    }

    /// The body without its transfer encoding.
    pub fn decoded(&self) -> Cow<'a, [u8]> {
        decode::transfer(&self.header.keyword("content-transfer-encoding").unwrap_or_default(), self.body)
    }

    /// The file name it claims, last component only, without control characters.
    pub fn file_name(&self) -> Option<String> {
        let disposition = self.header.structured("content-disposition");
        let claimed = disposition
            .as_ref()
            .and_then(|disposition| disposition.parameter("filename"))
            .or_else(|| self.content_type.parameter("name"))?;
        file_name(claimed)
    }

    /// Whether the sender wants it shown as a file.
    pub fn is_attachment(&self) -> bool {
        self.header.structured("content-disposition").is_some_and(|disposition| disposition.value == "attachment")
    }

    /// This entity and all below it, depth first, forwarded messages included.
    pub fn walk(&self) -> Vec<&Entity<'a>> {
        let mut all = vec![self];
        let mut at = 0;
        while let Some(entity) = all.get(at).copied() {
            let below: Vec<&Entity<'a>> = match &entity.content {
                Content::Leaf => Vec::new(),
                Content::Multipart(children) => children.iter().collect(),
                Content::Message(message) => vec![message],
            };
            all.splice(at + 1..at + 1, below);
            at += 1;
        }
        all
    }
}

/// Whether it is `type/subtype`, both of them tokens; anything else counts as absent (RFC 2045 5.1, 5.2).
fn is_media_type(value: &str) -> bool {
    let token = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b))
    };
    value.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

/// A claimed file name without folders and control characters; `None`: nothing is left.
pub fn file_name(claimed: &str) -> Option<String> {
    let last = claimed.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = one_line(last).chars().take(200).collect();
    (!name.is_empty() && name != "." && name != "..").then_some(name)
}

fn is_encoded(header: &HeaderSection) -> bool {
    matches!(header.keyword("content-transfer-encoding").as_deref(), Some("base64" | "quoted-printable"))
}

/// The parts between the boundary lines (RFC 2046 5.1.1). A boundary counts only as a whole line; the line break before
/// it is not the part's. A missing end is forgiven.
///
/// It jumps from one candidate to the next: reading each line at each level of a deep nesting would cost seconds.
fn split<'a>(body: &'a [u8], boundary: &str, most: usize) -> Result<Split<'a>, TooMuch> {
    let dashed = [b"--", boundary.as_bytes()].concat();
    let mut parts = Vec::new();
    let mut start = None;
    let (mut preamble, mut epilogue): (Option<&[u8]>, &[u8]) = (None, &[]);
    for at in memmem::find_iter(body, &dashed) {
        let (before, from) = body.split_at_checked(at).unwrap_or_default();
        if !before.is_empty() && !before.ends_with(b"\n") {
            continue;
        }
        let Some(line) = Lines::new(from).next() else { continue };
        let Some(closing) = delimiter(line.text(from), boundary.as_bytes()) else { continue };
        if let Some(start) = start {
            let end = before.len() - line_break(before);
            parts.push(body.get(start..end.max(start)).unwrap_or_default());
        }
        if parts.len() > most {
            return Err(TooMuch::Parts);
        }
        preamble = preamble.or(Some(before));
        start = (!closing).then_some(at + line.next);
        if closing {
            epilogue = from.get(line.next..).unwrap_or_default();
            break;
        }
    }
    if let Some(start) = start {
        parts.push(body.get(start..).unwrap_or_default());
    }
    Ok(Split { parts, preamble: preamble.unwrap_or_default(), epilogue })
}

/// The parts of a multipart, and what stands around them.
#[derive(Default)]
struct Split<'a> {
    parts: Vec<&'a [u8]>,
    preamble: &'a [u8],
    epilogue: &'a [u8],
}

/// Lines at the beginning of a body among which a lost boundary is looked for.
const BOUNDARY_LINES: usize = 20;

/// The boundary that a body seems to have been made with, where the header lost it or says another one: what a line says
/// that has a header field or nothing behind it.
fn first_boundary(body: &[u8]) -> Option<&str> {
    let lines: Vec<&[u8]> = Lines::new(body).take(BOUNDARY_LINES).map(|line| line.text(body)).collect();
    lines.windows(2).find_map(|pair| {
        let [line, next] = pair else { return None };
        let boundary = std::str::from_utf8(line.strip_prefix(b"--")?).ok()?.trim_end();
        // RFC 2046 5.1.1; armor, the mark of a signature and lines across a text are none.
        let may_be =
            (1..=70).contains(&boundary.len()) && !boundary.starts_with(['-', ' ']) && !boundary.ends_with("--");
        let field = next.split(|byte| *byte == b':').next().unwrap_or_default();
        let headed = next.is_empty() || field.len() < next.len() && field.iter().all(u8::is_ascii_graphic);
        (may_be && headed).then_some(boundary)
    })
}

/// Length of the line break that `text` ends with.
fn line_break(text: &[u8]) -> usize {
    match text {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    }
}

/// Whether a line is a boundary, and if so whether it is the last.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    let (rest, closing) = rest.strip_prefix(b"--").map_or((rest, false), |rest| (rest, true));
    rest.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')).then_some(closing)
}
