use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Address, Fingerprint, LearnedFrom};

/// A certificate that was learned for an address, cut to what is needed: public parts only, no other address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCertificate {
    /// For whom it was learned.
    pub address: Address,
    pub fingerprint: Fingerprint,
    /// Serialised, binary; at most [`KnownCertificate::MOST_BYTES`].
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
    /// Where it was found first.
    pub learned_from: LearnedFrom,
    /// The best that has ever shown that it belongs to the address.
    pub voucher: Voucher,
    #[serde(with = "time::serde::rfc3339")]
    pub first_seen: OffsetDateTime,
    /// When a mail or the directory brought it last.
    #[serde(with = "time::serde::rfc3339")]
    pub last_seen: OffsetDateTime,
    /// Its holder revoked it. Nothing takes that back.
    pub revoked: bool,
}

impl KnownCertificate {
    /// Largest certificate that is kept, in bytes. An RSA one with four subkeys has 6 KiB, a post-quantum one 25 KiB.
    pub const MOST_BYTES: usize = 48 << 10;
}

/// What showed that a certificate belongs to its address, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Voucher {
    /// Nothing: it came in a mail that anybody could have written.
    Nobody,
    /// An aligned DKIM signature covered it: the address's domain let its holder send it.
    Dkim,
    /// The address's domain publishes it in its Web Key Directory.
    Directory,
    /// A good signature by a certificate that was known for the address before covered it.
    Signature,
    /// A person who runs the gateway said so.
    Operator,
}

impl Voucher {
    /// All of them, for reading them back.
    pub const ALL: [Voucher; 5] =
        [Voucher::Nobody, Voucher::Dkim, Voucher::Directory, Voucher::Signature, Voucher::Operator];

    /// In words that stand after "by".
    pub fn explain(self) -> &'static str {
        match self {
            Voucher::Nobody => "nothing but the mail itself",
            Voucher::Dkim => "the mail domain (DKIM)",
            Voucher::Directory => "the mail domain's key directory (WKD)",
            Voucher::Signature => "the certificate that was known before",
            Voucher::Operator => "a person who runs the gateway",
        }
    }

    /// The word by which it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Voucher::Nobody => "nobody",
            Voucher::Dkim => "dkim",
            Voucher::Directory => "directory",
            Voucher::Signature => "signature",
            Voucher::Operator => "operator",
        }
    }
}

/// What is known about the sender's certificate beside the verdict on the signature. No text from the mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acquaintance {
    /// Since when the certificate of a good signature is known, when it was learned and not configured.
    pub since: Option<KnownSince>,
    /// Another certificate than the one that was known before.
    pub change: Option<CertificateChange>,
}

/// When a certificate came, and what vouched for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSince {
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub voucher: Voucher,
}

impl KnownSince {
    /// In words for the team.
    pub fn explain(self) -> String {
        format!("known since {}, shown by {}", self.at.date(), self.voucher.explain())
    }
}

/// The sender's certificate is another one than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateChange {
    /// The one of this mail.
    pub now: Fingerprint,
    /// The one that was known for the address.
    pub was: Fingerprint,
    /// Since when that one is known; `None`: it is configured.
    #[serde(with = "super::when")]
    pub since: Option<OffsetDateTime>,
    /// The earlier one is revoked.
    pub revoked: bool,
    /// The signature counts all the same, because something vouched for the new one.
    pub used: bool,
}

impl CertificateChange {
    /// One sentence for the team.
    pub fn explain(&self) -> String {
        let since = match self.since {
            Some(at) => format!("first seen {}", at.date()),
            None => "configured here".to_owned(),
        };
        let revoked = if self.revoked { ", revoked by its holder" } else { "" };
        let use_of_it = if self.used {
            "it is accepted, because something vouched for it: ask the sender on another way if in doubt"
        } else {
            "it is not accepted: nothing shows that it is the sender's"
        };
        let Self { now, was, .. } = self;
        format!(
            "the certificate changed: it was {} ({since}{revoked}), this mail has {}; {use_of_it}",
            was.spaced(),
            now.spaced()
        )
    }
}
