//! What of a mail's ciphertext anybody can see: all that its sender may be told when it stays shut (promise 2).

use super::walk::Walk;
use crate::mime::HeaderSection;
use crate::model::{ContentDigest, Outside, Unreadable};
use crate::openpgp;

/// Keys that are named to the sender.
const MOST_KEYS: usize = 4;
/// Lines at the beginning of an armor that are looked at for its header fields.
const ARMOR_HEAD: usize = 8;

/// Fields that Exchange and Outlook leave in a mail.
const EXCHANGE: [&str; 5] = [
    "x-ms-has-attach",
    "x-ms-exchange-messagesentrepresentingtype",
    "x-ms-exchange-organization-authas",
    "x-ms-exchange-transport-crosstenantheadersstamped",
    "x-ms-tnef-correlator",
];

impl Walk<'_> {
    /// Looks at a ciphertext as it came and in its binary form, and remembers its digest.
    pub(super) fn look_from_outside(&mut self, armored: &[u8], binary: &[u8]) -> Outside {
        let seen = openpgp::outside(binary);
        let digest = seen.body.unwrap_or_else(|| ContentDigest::of(binary));
        if !self.ciphertexts.contains(&digest) {
            self.ciphertexts.push(digest);
        }
        let old = self.keyring.old_keys(&seen.recipients);
        Outside {
            keys: seen.recipients.iter().take(MOST_KEYS).map(openpgp::key_id).collect(),
            old_keys: old.iter().take(MOST_KEYS).map(openpgp::key_id).collect(),
            damaged: seen.damaged,
            made_by: made_by(armored),
            ..Outside::default()
        }
    }
}

/// The outside of a whole mail.
pub(super) fn of(header: &HeaderSection, failure: Option<Unreadable>, ciphertext: Option<Outside>) -> Outside {
    // What looks like ciphertext by its structure and holds none.
    let nothing_there = ciphertext.is_none() && failure == Some(Unreadable::Malformed);
    let seen = ciphertext.unwrap_or_default();
    let exchange = EXCHANGE.iter().any(|name| header.count(name) > 0);
    Outside { exchange, damaged: seen.damaged || nothing_there, ..seen }
}

/// What the armor's own header fields say about the program (RFC 9580 6.2.2).
fn made_by(armored: &[u8]) -> Option<String> {
    let head = armored.get(..armored.len().min(1_024))?;
    let head = String::from_utf8_lossy(head);
    let fields = head.lines().take(ARMOR_HEAD).filter_map(|line| line.split_once(": "));
    let told = fields.filter(|(name, _)| matches!(name.trim(), "Version" | "Comment"));
    let told: Vec<&str> = told.map(|(_, value)| value.trim()).collect();
    (!told.is_empty()).then(|| told.join(" "))
}
