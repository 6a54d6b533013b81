use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_auth::common::crypto::Algorithm;
use mail_auth::dkim::Canonicalization;
use time::{Duration, OffsetDateTime};

use super::tags::Tags;
use super::{Flaw, is_aligned};
use crate::model::{Address, DnsQuestion};

/// Names in the list of signed fields; more are not needed, and cost time.
const MOST_NAMES: usize = 100;
/// Clocks of senders run ahead by a little.
const CLOCK_SKEW: Duration = Duration::minutes(10);

/// A `DKIM-Signature` field (RFC 6376 3.5) that may count.
pub(super) struct Signature<'h> {
    /// As it is written: it is signed too.
    pub name: &'h str,
    pub value: &'h [u8],
    /// The domain that signed, in lower case.
    pub domain: String,
    /// Where its key is.
    pub question: DnsQuestion,
    /// The domain of the identity, below [`Signature::domain`].
    pub identity: String,
    pub algorithm: Algorithm,
    pub header_form: Canonicalization,
    pub body_form: Canonicalization,
    /// Names of the signed fields in lower case.
    pub covered: Vec<String>,
    pub signature: Vec<u8>,
    pub body_hash: Vec<u8>,
    /// The whole body is signed, and not a length of it.
    pub whole_body: bool,
    made: Option<i64>,
    expires: Option<i64>,
}

impl<'h> Signature<'h> {
    /// Reads a field.
    ///
    /// # Errors
    ///
    /// [`Flaw::Malformed`] for everything that the standard does not allow, and [`Flaw::Outdated`] for SHA-1 (RFC 8301).
    pub fn parse(name: &'h str, value: &'h [u8]) -> Result<Self, Flaw> {
        let tags = Tags::parse(value).ok_or(Flaw::Malformed)?;
        let text = |name| tags.compact(name).filter(|value| !value.is_empty()).ok_or(Flaw::Malformed);
        let bytes = |name| STANDARD.decode(text(name)?).map_err(|_| Flaw::Malformed);
        let domain = text("d")?.to_ascii_lowercase();
        let question = format!("{}._domainkey.{domain}", text("s")?).parse().map_err(|_| Flaw::Malformed)?;
        let identity = identity(&tags, &domain).ok_or(Flaw::Malformed)?;
        let (header_form, body_form) = forms(&tags).ok_or(Flaw::Malformed)?;
        let covered = tags.items("h").filter(|names| names.len() <= MOST_NAMES).ok_or(Flaw::Malformed)?;
        let (made, expires) = (seconds(&tags, "t")?, seconds(&tags, "x")?);
        let by_dns = tags.compact("q").is_none_or(|methods| methods.split(':').any(|method| method == "dns/txt"));
        let in_order = made.zip(expires).is_none_or(|(made, expires)| made < expires);
        if tags.get("v") != Some("1") || !by_dns || !in_order {
            return Err(Flaw::Malformed);
        }
        let algorithm = match text("a")?.to_ascii_lowercase().as_str() {
            "rsa-sha256" => Algorithm::RsaSha256,
            "ed25519-sha256" => Algorithm::Ed25519Sha256,
            "rsa-sha1" => return Err(Flaw::Outdated),
            _ => return Err(Flaw::Malformed),
        };
        Ok(Signature {
            name,
            value,
            domain,
            question,
            identity,
            algorithm,
            header_form,
            body_form,
            covered,
            signature: bytes("b")?,
            body_hash: bytes("bh")?,
            whole_body: tags.get("l").is_none(),
            made,
            expires,
        })
    }

    /// Whether it speaks for `author`.
    pub fn is_aligned(&self, author: &Address) -> bool {
        is_aligned(&self.domain, author)
    }

    /// Whether it was valid when the mail came, which is what counts (RFC 6376 3.5, `x=`).
    pub fn check_time(&self, received: OffsetDateTime) -> Result<(), Flaw> {
        if self.expires.is_some_and(|expires| expires < received.unix_timestamp()) {
            return Err(Flaw::Expired);
        }
        match self.made.is_some_and(|made| made > (received + CLOCK_SKEW).unix_timestamp()) {
            true => Err(Flaw::Future),
            false => Ok(()),
        }
    }

    /// The field as it was signed: without its signature (RFC 6376 3.7), nor the line break behind it.
    pub fn unsigned(&self) -> Vec<u8> {
        let value = self.value.strip_suffix(b"\n").unwrap_or(self.value);
        let value = value.strip_suffix(b"\r").unwrap_or(value);
        let without = |tag: &[u8]| match tag.iter().position(|byte| *byte == b'=') {
            Some(at) if tag[..at].trim_ascii() == b"b" => tag[..=at].to_vec(),
            _ => tag.to_vec(),
        };
        let tags: Vec<Vec<u8>> = value.split(|byte| *byte == b';').map(without).collect();
        tags.join(&b';')
    }
}

/// The domain of `i=`, which is the signing one or below it.
fn identity(tags: &Tags, domain: &str) -> Option<String> {
    let Some(identity) = tags.compact("i") else { return Some(domain.to_owned()) };
    let (_, of_identity) = identity.rsplit_once('@')?;
    let of_identity = of_identity.to_ascii_lowercase();
    let within = of_identity.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    within.then_some(of_identity)
}

/// How header and body were made canonical; `simple` where nothing else is said (RFC 6376 3.4).
fn forms(tags: &Tags) -> Option<(Canonicalization, Canonicalization)> {
    let form = |word: &str| match word {
        "simple" => Some(Canonicalization::Simple),
        "relaxed" => Some(Canonicalization::Relaxed),
        _ => None,
    };
    let Some(both) = tags.compact("c") else { return Some((Canonicalization::Simple, Canonicalization::Simple)) };
    let (header, body) = both.split_once('/').unwrap_or((&both, "simple"));
    Some((form(header)?, form(body)?))
}

/// A time in seconds since 1970.
fn seconds(tags: &Tags, name: &str) -> Result<Option<i64>, Flaw> {
    let digits = |value: &String| value.len() <= 12 && value.bytes().all(|byte| byte.is_ascii_digit());
    match tags.compact(name) {
        None => Ok(None),
        Some(value) if digits(&value) => value.parse().map(Some).map_err(|_| Flaw::Malformed),
        Some(_) => Err(Flaw::Malformed),
    }
}
