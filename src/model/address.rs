use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A mail address (RFC 5321 `Mailbox`: `local@domain`), without a display name.
///
/// It masks itself in `Debug` and `Display` (`r…@example.org`), so that logs do not collect the people who write here;
/// [`Address::as_str`] gives the whole. The domain is kept in lower case, so two spellings of one address are equal.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

/// Why a text is not an [`Address`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a mail address: write it as local@domain, without name, brackets or spaces")]
pub struct InvalidAddress;

impl Address {
    /// Longest address accepted, in bytes (RFC 5321 4.5.3.1: 64 + 1 + 255).
    pub const MAX_LEN: usize = 320;

    /// The whole address, for envelopes and headers.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the last `@`, in lower case.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The part before the last `@`, as written.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// Whether both name one mailbox, for people: the local part compared without case too.
    pub fn same_mailbox(&self, other: &Address) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidAddress)?;
        // As the DNS writes it; mail does not (RFC 5321 2.3.5), and both are one mailbox.
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        let plain = |c: char| {
            !c.is_control() && !c.is_whitespace() && !matches!(c, '<' | '>' | ',' | ';' | ':' | '"' | '\\' | '(' | ')')
        };
        let host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        let literal = domain.starts_with('[') && domain.ends_with(']') && domain.len() > 2;
        let domain_ok = literal
            && domain[1..domain.len() - 1]
                .chars()
                .all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | 'I' | 'P' | 'v'))
            || !domain.is_empty()
                && domain.chars().all(host)
                && !domain.starts_with(['.', '-'])
                && !domain.contains("..");
        if text.len() > Self::MAX_LEN
            || local.is_empty()
            || local.contains('@')
            || local.starts_with('-')
            || !local.chars().all(plain)
            || !domain_ok
        {
            return Err(InvalidAddress);
        }
        Ok(Address(format!("{local}@{}", domain.to_lowercase())))
    }
}

impl TryFrom<String> for Address {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…@{}", self.0.chars().next().unwrap_or('?'), self.domain())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_addresses_and_nothing_that_could_become_a_header_or_an_option() {
        let cases = [
            ("erin@example.org", Some("erin@example.org")),
            ("Erin.T+x@EXAMPLE.org", Some("Erin.T+x@example.org")),
            ("jürgen@bücher.example", Some("jürgen@bücher.example")),
            ("a@[127.0.0.1]", Some("a@[127.0.0.1]")),
            ("erin@example.org.", Some("erin@example.org")),
            ("erin@.", None),
            ("erin", None),
            ("@example.org", None),
            ("erin@", None),
            ("erin@x\r\nBcc: all@example.org", None),
            ("a b@example.org", None),
            ("<erin@example.org>", None),
            ("erin@evil@example.org", None),
            ("-oQ/tmp@example.org", None),
            ("erin@.example.org", None),
            ("erin@[x]", None),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Address>().ok().as_ref().map(Address::as_str), expected, "{text:?}");
        }
    }

    #[test]
    fn masks_itself() {
        let address: Address = "erin@example.org".parse().unwrap();
        assert_eq!(format!("{address} {address:?}"), "e…@example.org e…@example.org");
    }
}
