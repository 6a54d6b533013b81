use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Address, InvalidId, IssueLink, KnownCertificate, LinkedIssue};

/// What has to be looked up before a message is opened, because the process that opens it cannot: read from its outer
/// header section alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Whose certificates may be needed: who wrote it, as far as its header says; at most [`Outline::MOST_AUTHORS`].
    pub authors: Vec<Address>,
    /// Which TXT records its DKIM signatures need; at most [`Outline::MOST_QUESTIONS`], each once.
    pub dns: Vec<DnsQuestion>,
}

impl Outline {
    /// Most authors of one message: `From`, and whom a mailing list says it speaks for.
    pub const MOST_AUTHORS: usize = 4;
    /// Most names of one message that are looked up.
    pub const MOST_QUESTIONS: usize = 4;
}

/// What the daemon found out beside a message, handed to the worker with it. Everything in it is public.
///
/// The worker can find out nothing by itself. A field that could not be filled is empty: then less can be shown about the
/// sender, and nothing else changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Certificates that were learned for the authors of the message.
    pub certificates: Vec<KnownCertificate>,
    /// What the key directories of the authors' domains hold for them.
    pub directory: Vec<DirectoryEntry>,
    /// Answers to [`Outline::dns`].
    pub dns: Vec<DnsAnswer>,
    /// What GitHub said about issues that its text links ([`Assessed::links`](super::Assessed::links)).
    pub issues: Vec<LinkedIssue>,
}

/// What a Web Key Directory holds for an address (draft-koch-openpgp-webkey-service): bytes that nobody has looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryEntry {
    pub address: Address,
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

impl DirectoryEntry {
    /// Largest entry in bytes: some certificates, before they are cut to what is needed.
    pub const MOST_BYTES: usize = 256 << 10;
}

impl Known {
    /// Most certificates for one message.
    pub const MOST_CERTIFICATES: usize = 16;

    /// The same without what is too much for one message, whoever filled it.
    pub fn within_bounds(&self) -> Known {
        let certificates = self.certificates.iter().filter(|known| known.bytes.len() <= KnownCertificate::MOST_BYTES);
        let directory = self.directory.iter().filter(|entry| entry.bytes.len() <= DirectoryEntry::MOST_BYTES);
        let dns = self.dns.iter().filter(|answer| answer.found.size() <= DnsFound::MOST_BYTES);
        Known {
            certificates: certificates.take(Self::MOST_CERTIFICATES).cloned().collect(),
            directory: directory.take(Outline::MOST_AUTHORS).cloned().collect(),
            dns: dns.take(Outline::MOST_QUESTIONS).cloned().collect(),
            issues: self.issues.iter().take(IssueLink::MOST).cloned().collect(),
        }
    }
}

/// A name in the DNS whose TXT records are wanted, harmless to ask for: a host name of at most 253 characters below a
/// public top-level domain, in lower case. Names of the local network are none (RFC 6761, RFC 6762, RFC 8375): what a
/// stranger's mail says must not make the gateway probe them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DnsQuestion(String);

impl DnsQuestion {
    /// The name, without a dot at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Top-level names that are nobody's on the internet.
const LOCAL: [&str; 13] = [
    "alt",
    "arpa",
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
];

impl FromStr for DnsQuestion {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let name = text.to_ascii_lowercase();
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
        };
        let top = name.rsplit('.').next().unwrap_or_default();
        let public = top.starts_with(|c: char| c.is_ascii_lowercase()) && !LOCAL.contains(&top);
        let fits = name.len() <= 253 && name.contains('.') && name.split('.').all(label);
        (public && fits)
            .then_some(DnsQuestion(name))
            .ok_or(InvalidId::new("name to look up", "a public host name such as mail._domainkey.example.org"))
    }
}

impl TryFrom<String> for DnsQuestion {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<DnsQuestion> for String {
    fn from(question: DnsQuestion) -> String {
        question.0
    }
}

impl fmt::Debug for DnsQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What came of a [`DnsQuestion`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsAnswer {
    pub question: DnsQuestion,
    pub found: DnsFound,
}

/// TXT records, or why there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsFound {
    /// Each record with its strings put together (RFC 6376 3.6.2.2); at most [`DnsFound::MOST_BYTES`] in all.
    Records(Vec<Vec<u8>>),
    /// There is no such name, or it has no TXT record.
    Nothing,
    /// No answer in time, or none that can be used.
    Failed,
}

impl DnsFound {
    /// Most bytes of all records of a name. An RSA key of 4,096 bits has 700.
    pub const MOST_BYTES: usize = 4 << 10;

    fn size(&self) -> usize {
        match self {
            DnsFound::Records(records) => records.iter().map(Vec::len).sum(),
            DnsFound::Nothing | DnsFound::Failed => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_host_names_are_asked_for() {
        let long = format!("{}.example.org", ["a23456789"; 26].join("."));
        let cases = [
            ("mail._domainkey.Example.ORG", true),
            ("s1._domainkey.xn--bcher-kva.example", true),
            ("example", false),
            ("", false),
            ("s1._domainkey.localhost", false),
            ("s1._domainkey.printer.local", false),
            ("s1._domainkey.2.0.192.in-addr.arpa", false),
            ("s1._domainkey.192.0.2.1", false),
            ("s1..example.org", false),
            (".example.org", false),
            ("s1.example.org.", false),
            ("s1 .example.org", false),
            ("bücher.example.org", false),
            ("*.example.org", false),
            ("a234567890123456789012345678901234567890123456789012345678901234.example.org", false),
            (&long, false),
        ];
        for (name, expected) in cases {
            assert_eq!(name.parse::<DnsQuestion>().is_ok(), expected, "{name}");
        }
    }

    #[test]
    fn what_is_too_much_is_left_out() {
        let answer = |bytes: usize| DnsAnswer {
            question: "s1._domainkey.example.org".parse().unwrap(),
            found: DnsFound::Records(vec![vec![b'a'; bytes]]),
        };
        let known = Known { dns: vec![answer(DnsFound::MOST_BYTES + 1), answer(3)], ..Known::default() };
        assert_eq!(known.within_bounds().dns, [answer(3)]);
        let many = Known { dns: vec![answer(3); 50], ..Known::default() };
        assert_eq!(many.within_bounds().dns.len(), Outline::MOST_QUESTIONS);
    }
}
