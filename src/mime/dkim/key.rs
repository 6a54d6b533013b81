use mail_auth::common::crypto::Algorithm;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;

use super::Flaw;
use super::signature::Signature;
use super::tags::Tags;
use crate::model::{DnsAnswer, DnsFound};

/// Shortest RSA key that counts (RFC 8301 3.2).
const SHORTEST_RSA: usize = 1_024;

/// The key of a signature among what the DNS answered, if it may be used for this signature (RFC 6376 3.6.1).
pub(super) fn find(signature: &Signature, answers: &[DnsAnswer]) -> Result<DomainKey, Flaw> {
    let answer = answers.iter().find(|answer| answer.question == signature.question).ok_or(Flaw::NotLookedUp)?;
    let records = match &answer.found {
        DnsFound::Records(records) => records,
        DnsFound::Nothing => return Err(Flaw::NoKey),
        DnsFound::Failed => return Err(Flaw::LookupFailed),
    };
    let is_key = |record: &&Vec<u8>| Tags::parse(record).is_some_and(|tags| tags.get("p").is_some());
    let mut keys = records.iter().filter(is_key);
    let record = match (keys.next(), keys.next()) {
        (Some(record), None) => record,
        (None, _) => return Err(Flaw::NoKey),
        // The standard leaves open what two of them mean.
        (Some(_), Some(_)) => return Err(Flaw::KeyMisfit),
    };
    read(record, signature)
}

fn read(record: &[u8], signature: &Signature) -> Result<DomainKey, Flaw> {
    let tags = Tags::parse(record).ok_or(Flaw::NoKey)?;
    let has = |name: &str, item: &str| tags.items(name).is_some_and(|items| items.iter().any(|known| known == item));
    let open_to = |name: &str, item: &str| tags.get(name).is_none() || has(name, item);
    if tags.compact("p").is_none_or(|key| key.is_empty()) {
        return Err(Flaw::Revoked);
    }
    if has("t", "y") {
        return Err(Flaw::Testing);
    }
    let kind = tags.compact("k").unwrap_or_else(|| "rsa".to_owned());
    let fits = match signature.algorithm {
        Algorithm::RsaSha256 => kind == "rsa",
        Algorithm::Ed25519Sha256 => kind == "ed25519",
        Algorithm::RsaSha1 => false,
    };
    let version = tags.get("v").is_none_or(|version| version == "DKIM1");
    let for_mail = tags.get("s").is_none() || has("s", "*") || has("s", "email");
    let strict = has("t", "s") && signature.identity != signature.domain;
    if !fits || !version || !for_mail || !open_to("h", "sha256") || strict {
        return Err(Flaw::KeyMisfit);
    }
    let key = DomainKey::parse(record).map_err(|_| Flaw::KeyMisfit)?;
    // Other keys than RSA have one length.
    if key.p.public_key_bits() < SHORTEST_RSA { Err(Flaw::WeakKey) } else { Ok(key) }
}
