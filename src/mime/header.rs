use std::borrow::Cow;

use mail_parser::parsers::MessageStream;
use mail_parser::{Address as ParsedAddress, HeaderValue};
use time::OffsetDateTime;

use super::charset::charset;
use super::words::decode_words;
use super::{TooMuch, lines::Lines};
use crate::model::{Address, Limits, MailId};

/// Message-IDs that are read from the fields of one name.
const MOST_IDS: usize = 200;

/// A header section as it came, field by field, nothing decoded yet (RFC 5322 2.2).
#[derive(Debug, Clone, Default)]
pub struct HeaderSection<'a> {
    fields: Vec<Field<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct Field<'a> {
    name: &'a str,
    /// What follows the colon, folds and final line break included.
    value: &'a [u8],
}

/// An address of a header field, with the name beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    pub name: String,
    /// `None`: there was something, and no mail address.
    pub address: Option<Address>,
}

/// A structured value with parameters: `Content-Type`, `Content-Disposition` (RFC 2045 5.1, RFC 2183).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Structured {
    /// In lower case: `multipart/signed`, `attachment`.
    pub value: String,
    parameters: Vec<(String, String)>,
}

impl Structured {
    /// A value without parameters.
    pub(super) fn plain(value: &str) -> Self {
        Structured { value: value.to_owned(), parameters: Vec::new() }
    }

    /// A parameter by its name in lower case; decoded as RFC 2231 says.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether a parameter is there twice with different values.
    pub fn has_two_different(&self, name: &str) -> bool {
        let mut values = self.parameters.iter().filter(|(n, _)| n == name).map(|(_, value)| value);
        values.next().is_some_and(|first| values.any(|other| other != first))
    }
}

impl<'a> HeaderSection<'a> {
    /// Reads the header section at the beginning of `bytes`; the second value is where the body begins.
    ///
    /// # Errors
    ///
    /// When it is over the limits for its length or the number of its fields.
    pub(super) fn parse(bytes: &'a [u8], limits: &Limits) -> Result<(HeaderSection<'a>, usize), TooMuch> {
        let (section, body, too_much) = read(bytes, limits);
        too_much.map_or(Ok((section, body)), Err)
    }

    /// As much of the header section as the limits allow.
    pub fn parse_some(bytes: &'a [u8], limits: &Limits) -> HeaderSection<'a> {
        read(bytes, limits).0
    }

    /// Whether there is any field at all.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// How often a field is there.
    pub fn count(&self, name: &str) -> usize {
        self.values(name).count()
    }

    /// The first field of that name as plain text on one line: encoded words decoded (RFC 2047), control characters gone.
    pub fn text(&self, name: &str) -> Option<String> {
        self.values(name).next().map(unstructured)
    }

    /// The first field of that name without decoding, trimmed, in lower case: for keywords such as `auto-replied`.
    pub fn keyword(&self, name: &str) -> Option<String> {
        let value = self.values(name).next()?;
        Some(String::from_utf8_lossy(value).trim().to_ascii_lowercase())
    }

    /// All addresses in all fields of that name, groups flattened.
    pub fn mailboxes(&self, name: &str) -> Vec<Mailbox> {
        self.values(name).flat_map(mailboxes).collect()
    }

    /// The Message-IDs in all fields of that name, without duplicates, malformed ones left out; no more than a thread of
    /// people has.
    pub fn ids(&self, name: &str) -> Vec<MailId> {
        let mut found = Vec::new();
        for value in self.values(name) {
            for id in ids(value) {
                if found.len() < MOST_IDS && !found.contains(&id) {
                    found.push(id);
                }
            }
        }
        found
    }

    /// The `Date`, if it can be read.
    pub fn date(&self) -> Option<OffsetDateTime> {
        let value = self.values("date").next()?;
        match MessageStream::new(value).parse_date() {
            HeaderValue::DateTime(date) if date.is_valid() => {
                OffsetDateTime::from_unix_timestamp(date.to_timestamp()).ok()
            }
            _ => None,
        }
    }

    /// `Content-Type` or the like; the first one where there are several.
    pub fn structured(&self, name: &str) -> Option<Structured> {
        structured(self.values(name).next()?)
    }

    /// The same for every field of that name, those that can be read.
    pub fn all_structured(&self, name: &str) -> Vec<Structured> {
        self.values(name).filter_map(structured).collect()
    }

    /// All fields in order: the name as it is written, and the raw value.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.fields.iter().map(|field| (field.name, field.value))
    }

    /// The fields of that name in order, as they are written.
    pub(super) fn fields_named(&self, name: &str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.fields().filter(move |(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// The raw values of all fields of that name.
    pub fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
    }
}

fn structured(value: &[u8]) -> Option<Structured> {
    let value = in_utf8(value);
    let HeaderValue::ContentType(parsed) = MessageStream::new(&value).parse_content_type() else { return None };
    let kind = match parsed.subtype() {
        Some(subtype) => format!("{}/{subtype}", parsed.ctype()),
        None => parsed.ctype().to_owned(),
    };
    let parameters = parsed.attributes().unwrap_or_default();
    Some(Structured {
        value: kind.trim().to_ascii_lowercase(),
        parameters: parameters
            .iter()
            .map(|attribute| (attribute.name.to_ascii_lowercase(), attribute.value.to_string()))
            .collect(),
    })
}

fn read<'a>(bytes: &'a [u8], limits: &Limits) -> (HeaderSection<'a>, usize, Option<TooMuch>) {
    let mut fields: Vec<(&'a str, usize, usize)> = Vec::new();
    let mut too_much = None;
    let mut body = bytes.len();
    for line in Lines::new(bytes) {
        let text = line.text(bytes);
        if text.is_empty() {
            body = line.next;
            break;
        }
        if line.next > limits.header_size {
            too_much = Some(TooMuch::HeaderSize);
            break;
        }
        if text.starts_with(b" ") || text.starts_with(b"\t") {
            if let Some((_, _, end)) = fields.last_mut() {
                *end = line.next;
            }
            continue;
        }
        match field_name(text) {
            Some(_) if fields.len() >= limits.header_count => {
                too_much = Some(TooMuch::HeaderCount);
                break;
            }
            Some((name, colon)) => fields.push((name, line.start + colon + 1, line.next)),
            // No header section at all: a body from its first line on.
            None if fields.is_empty() && line.start == 0 && !text.starts_with(b"From ") => {
                body = 0;
                break;
            }
            // The blank line before the body was lost.
            None if !goes_on(bytes.get(line.next..).unwrap_or_default()) => {
                body = line.start;
                break;
            }
            None => {}
        }
    }
    let fields =
        fields.into_iter().map(|(name, start, end)| (name, start, end.min(start.saturating_add(limits.header_field))));
    let fields = fields.filter_map(|(name, start, end)| Some(Field { name, value: bytes.get(start..end)? }));
    (HeaderSection { fields: fields.collect() }, body, too_much)
}

/// Lines in which a header section must go on after one that is no field.
const LOST_LINES: usize = 50;

/// Whether a header section goes on in `rest`, up to the next blank line, with a field that says what the mail is.
fn goes_on(rest: &[u8]) -> bool {
    const FIELDS: [&str; 9] = [
        "content-type",
        "content-transfer-encoding",
        "mime-version",
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "received",
    ];
    let lines = Lines::new(rest).take(LOST_LINES).map(|line| line.text(rest)).take_while(|text| !text.is_empty());
    lines.filter_map(field_name).any(|(name, _)| FIELDS.iter().any(|field| field.eq_ignore_ascii_case(name)))
}

/// The name before the colon (RFC 5322 2.2: printable ASCII), and where the colon is.
fn field_name(line: &[u8]) -> Option<(&str, usize)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(line.get(..colon)?).ok()?.trim_end();
    let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    named.then_some((name, colon))
}

fn unstructured(value: &[u8]) -> String {
    one_line(&decode_words(value))
}

/// A raw value whose eight-bit characters are UTF-8 (RFC 6532), whatever they were.
fn in_utf8(value: &[u8]) -> Cow<'_, [u8]> {
    match std::str::from_utf8(value) {
        Ok(_) => Cow::Borrowed(value),
        Err(_) => Cow::Owned(charset(None, value).into_bytes()),
    }
}

/// Without control characters and line breaks, which an encoded word can bring in.
pub(super) fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn mailboxes(value: &[u8]) -> Vec<Mailbox> {
    let value = in_utf8(value);
    let HeaderValue::Address(parsed) = MessageStream::new(&value).parse_address() else { return Vec::new() };
    let addresses = match parsed {
        ParsedAddress::List(list) => list,
        ParsedAddress::Group(groups) => groups.into_iter().flat_map(|group| group.addresses).collect(),
    };
    let each = addresses.into_iter().map(|address| Mailbox {
        name: one_line(address.name.as_deref().unwrap_or_default()),
        address: address.address.as_deref().and_then(|text| text.trim().parse().ok()),
    });
    each.collect()
}

fn ids(value: &[u8]) -> Vec<MailId> {
    let text = String::from_utf8_lossy(value);
    let mut found = Vec::new();
    let mut rest = text.as_ref();
    while let Some((_, after)) = rest.split_once('<') {
        let Some((inner, behind)) = after.split_once('>') else { break };
        let compact: String = inner.split_whitespace().collect();
        found.extend(compact.parse().ok());
        rest = behind;
    }
    found
}
