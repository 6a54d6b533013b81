use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a rejected id should have looked like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {what}: expected {form}")]
pub struct InvalidId {
    what: &'static str,
    form: &'static str,
}

impl InvalidId {
    pub(super) const fn new(what: &'static str, form: &'static str) -> Self {
        InvalidId { what, form }
    }
}

/// The number of a message in the store, written `m12`; says nothing about its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(i64);

impl MessageId {
    /// The id with this number.
    pub const fn new(number: i64) -> Self {
        MessageId(number)
    }

    /// Its number, for the store.
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{}", self.0)
    }
}

impl FromStr for MessageId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.strip_prefix('m')
            .and_then(|digits| digits.parse().ok())
            .filter(|number| *number > 0)
            .map(MessageId)
            .ok_or(InvalidId { what: "message number", form: "m and a number, such as m12" })
    }
}

/// Text newtypes that are checked once, where they come in.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $form:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let check: fn(&str) -> Option<String> = $check;
                check(text).map($name).ok_or(InvalidId { what: $what, form: $form })
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_text!(
    /// A GitHub repository as `owner/name`.
    Repository,
    "repository",
    "owner/name, such as open-telemetry/opentelemetry-go",
    |text| {
        let part = |s: &str| {
            !s.is_empty() && s.len() <= 100 && s != "." && s != ".." && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        };
        let (owner, name) = text.split_once('/')?;
        (part(owner) && part(name)).then(|| text.to_owned())
    }
);

impl Repository {
    /// The account or organisation.
    pub fn owner(&self) -> &str {
        self.0.split_once('/').map_or("", |(owner, _)| owner)
    }

    /// The name within the account.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }

    /// The page where somebody with an account reports privately (GitHub's *Report a vulnerability*).
    pub fn report_page(&self) -> String {
        format!("https://github.com/{}/security/advisories/new", self.0)
    }
}

checked_text!(
    /// GitHub's name of an advisory, `GHSA-xxxx-xxxx-xxxx`.
    GhsaId,
    "GHSA id",
    "GHSA-xxxx-xxxx-xxxx",
    |text| {
        let rest = text.strip_prefix("GHSA-")?;
        let groups: Vec<&str> = rest.split('-').collect();
        (groups.len() == 3 && groups.iter().all(|g| g.len() == 4 && g.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())))
            .then(|| text.to_owned())
    }
);

checked_text!(
    /// The name of a case, such as `OTEL-SEC-2026-0001`: a configured prefix, the year, and a number within the year
    /// of four digits or more.
    CaseId,
    "case",
    "a prefix, the year and a number, such as OTEL-SEC-2026-0001",
    |text| {
        let upper = text.to_ascii_uppercase();
        let mut parts = upper.rsplitn(3, '-');
        let (number, year, prefix) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |s: &str, min: usize, max: usize| s.len() >= min && s.len() <= max && s.bytes().all(|b| b.is_ascii_digit());
        let prefix_ok = !prefix.is_empty() && prefix.len() <= 32 && prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (digits(number, 4, 9) && digits(year, 4, 4) && prefix_ok).then(|| upper.clone())
    }
);

impl CaseId {
    /// The `number`th case of `year`.
    pub fn numbered(prefix: &str, year: i32, number: i64) -> Result<CaseId, InvalidId> {
        format!("{prefix}-{year:04}-{number:04}").parse()
    }
}

checked_text!(
    /// A Message-ID without its angle brackets (RFC 5322 3.6.4), harmless in a header: printable ASCII, no spaces.
    MailId,
    "Message-ID",
    "left@right in printable ASCII",
    |text| {
        let inner = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).unwrap_or(text);
        let (left, right) = inner.split_once('@')?;
        (!left.is_empty() && !right.is_empty() && inner.len() <= 900 && inner.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>'))
            .then(|| inner.to_owned())
    }
);

impl MailId {
    /// With its angle brackets, as a header has it.
    pub fn bracketed(&self) -> String {
        format!("<{}>", self.0)
    }
}

checked_text!(
    /// An OpenPGP fingerprint in upper-case hexadecimal: 40 digits for version 4, 64 for version 6 (RFC 9580 5.5.4).
    Fingerprint,
    "fingerprint",
    "40 or 64 hexadecimal digits",
    |text| {
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
        (matches!(compact.len(), 40 | 64) && compact.bytes().all(|b| b.is_ascii_hexdigit())).then_some(compact)
    }
);

impl Fingerprint {
    /// In groups of four, as people compare it.
    pub fn spaced(&self) -> String {
        let groups: Vec<&str> = (0..self.0.len()).step_by(4).map(|i| &self.0[i..(i + 4).min(self.0.len())]).collect();
        groups.join(" ")
    }
}

/// SHA-256 of a message's bytes: finds the same message again under another UID. Written in lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentDigest([u8; 32]);

impl ContentDigest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        ContentDigest(Sha256::digest(bytes).into())
    }

    /// A digest from the 32 bytes of [`ContentDigest::as_bytes`]; `None` where they are not as many.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(ContentDigest)
    }

    /// Its 32 bytes, for the store.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// In lower-case hexadecimal.
    pub fn hex(&self) -> String {
        self.0.iter().map(|b| format!("{b:02x}")).collect()
    }
}

impl From<ContentDigest> for String {
    fn from(digest: ContentDigest) -> String {
        digest.hex()
    }
}

impl TryFrom<String> for ContentDigest {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        let mut bytes = [0; 32];
        let digits = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            let pair = text.get(at..at + 2).filter(|_| digits).and_then(|pair| u8::from_str_radix(pair, 16).ok());
            *byte = pair.ok_or(InvalidId { what: "SHA-256 digest", form: "64 hexadecimal digits" })?;
        }
        Ok(ContentDigest(bytes))
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<T: FromStr + fmt::Display>(text: &str) -> Option<String> {
        text.parse::<T>().ok().map(|id| id.to_string())
    }

    #[test]
    fn ids_are_checked_where_they_come_in() {
        assert_eq!(parse::<Repository>("open-telemetry/.github"), Some("open-telemetry/.github".into()));
        for bad in ["opentelemetry-go", "a/b/c", "a/..", "a/b c", "/b", "a/b\n"] {
            assert_eq!(parse::<Repository>(bad), None, "{bad:?}");
        }
        assert_eq!(parse::<CaseId>("otel-sec-2026-0001"), Some("OTEL-SEC-2026-0001".into()));
        for bad in ["OTEL-SEC-26-0001", "2026-0001", "OTEL-SEC-2026-1", "OTEL SEC-2026-0001"] {
            assert_eq!(parse::<CaseId>(bad), None, "{bad:?}");
        }
        assert_eq!(parse::<MailId>("<a.b@c>"), Some("a.b@c".into()));
        for bad in ["<a@b", "a b@c", "<a@b>\r\nX: y", "ab"] {
            assert_eq!(parse::<MailId>(bad), None, "{bad:?}");
        }
        assert_eq!(parse::<GhsaId>("GHSA-4625-4j76-fww9"), Some("GHSA-4625-4j76-fww9".into()));
        assert_eq!(parse::<GhsaId>("GHSA-4625-4j76"), None);
        assert_eq!(parse::<MessageId>("m12"), Some("m12".into()));
        assert_eq!(parse::<MessageId>("12"), None);
        let fingerprint: Fingerprint = "b18221e94ba4650d4938fc68552782b45ede5b67".parse().unwrap();
        assert_eq!(fingerprint.spaced(), "B182 21E9 4BA4 650D 4938 FC68 5527 82B4 5EDE 5B67");
    }

    #[test]
    fn digests_are_written_in_hexadecimal() {
        let digest = ContentDigest::of(b"abc");
        let written = serde_json::to_string(&digest).unwrap();
        assert_eq!(written, r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#);
        assert_eq!(serde_json::from_str::<ContentDigest>(&written).unwrap(), digest);
        assert_eq!(postcard::from_bytes::<ContentDigest>(&postcard::to_stdvec(&digest).unwrap()).unwrap(), digest);
        for bad in ["", "ba78", &"+f".repeat(32), &"é".repeat(32)] {
            assert!(ContentDigest::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn cases_are_numbered_within_their_year() {
        assert_eq!(CaseId::numbered("OTEL-SEC", 2026, 1).unwrap().as_str(), "OTEL-SEC-2026-0001");
        assert_eq!(CaseId::numbered("OTEL-SEC", 2026, 12_345).unwrap().as_str(), "OTEL-SEC-2026-12345");
    }
}
