//! Who may teach the gateway a certificate, and what a learned one is good for: two tables, as pure functions.
//!
//! Anybody can write mail in anybody's name, with any certificate in it. So a certificate by itself teaches nothing; what
//! counts is its *voucher*: what showed that it belongs to the address it was learned for ([`Voucher`]).
//!
//! | who attacks | what they get |
//! |---|---|
//! | writes first in a victim's name, with a certificate of their own | an entry without voucher: no signature of theirs is ever good, and the victim's own certificate causes no warning when it comes |
//! | fills a victim's list with such entries | they push out each other, never one that something vouched for |
//! | has an honest account elsewhere, attaches a certificate in the victim's name | nothing: only the author's own address is learned |
//! | sends a victim's DKIM-signed mail again, with an `Autocrypt` header added | an entry without voucher: the header is not in what was signed |
//! | forwards a mail with the victim's or another certificate in it | nothing |
//! | adds their own user id to the victim's certificate, or the reverse | nothing: only what its holder signed is kept |
//! | gets into the victim's mail account | DKIM vouches for a second certificate; it is accepted with a warning in every alert and advisory, until a person settles it |
//! | gets hold of a revoked certificate | nothing: a revocation is never taken back |
//!
//! Whatever it is good for, a learned certificate never gets decrypted text: that goes to the one that signed inside the
//! same ciphertext, learned or not.

use crate::model::{Acquaintance, Address, CertificateChange, Fingerprint, KnownCertificate, KnownSince, Voucher};

/// What the operator has settled about an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Nothing.
    Not,
    /// It is the gateway's own, or a team member's: who these are is for the configuration alone.
    InHouse,
    /// These certificates are configured for it.
    Configured(Vec<Fingerprint>),
}

/// A certificate that a mail or a directory brings, and how it came.
#[derive(Debug, Clone)]
pub struct Offer<'a> {
    /// Its holder claims the author's address with a valid self-signature, and it is not too large
    /// (`openpgp::keep`).
    pub fits: bool,
    pub fingerprint: &'a Fingerprint,
    /// It came in a mail that is forwarded here, or returned by a mail system: somebody else's words.
    pub forwarded: bool,
    /// A program wrote the mail.
    pub automatic: bool,
    /// The strongest that covers the certificate itself, and not only the mail around it.
    pub voucher: Voucher,
}

/// Why a certificate is not learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The mail does not name one author.
    NoAuthor,
    /// It is not the author's.
    Unfit,
    Forwarded,
    Automatic,
    /// The configuration has the say about this address.
    Settled,
    /// A person has fixed another one for this address.
    Pinned,
}

/// Whether a certificate is learned for `author`, and with which voucher.
///
/// Only the operator's own word has [`Voucher::Operator`]; an offer that claims it is taken down to the next one.
pub fn lesson(
    author: Option<&Address>,
    offer: &Offer<'_>,
    settled: &Settled,
    known: &[KnownCertificate],
) -> Result<Voucher, Refusal> {
    let Some(author) = author else { return Err(Refusal::NoAuthor) };
    let same = known.iter().find(|known| is_for(known, author) && known.fingerprint == *offer.fingerprint);
    let pinned = |known: &KnownCertificate| is_for(known, author) && known.voucher == Voucher::Operator;
    match settled {
        _ if offer.forwarded => Err(Refusal::Forwarded),
        _ if offer.automatic => Err(Refusal::Automatic),
        _ if !offer.fits => Err(Refusal::Unfit),
        Settled::InHouse => Err(Refusal::Settled),
        // Of a configured certificate only its own news counts: a later expiry, another subkey, its revocation.
        Settled::Configured(own) if !own.contains(offer.fingerprint) => Err(Refusal::Settled),
        _ if same.is_none() && known.iter().any(pinned) => Err(Refusal::Pinned),
        _ => Ok(offer.voucher.min(Voucher::Signature)),
    }
}

/// What a right signature over the whole mail, by a certificate that carries the author's address, is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// Good: the certificate is configured.
    Configured,
    /// Good: it was learned before this mail, and something vouched for it.
    Learned(KnownSince),
    /// Not good: other certificates are configured or fixed by a person for the address.
    Displaced,
    /// Not good: it has been seen since then, and nothing ever vouched for it.
    Unvouched(KnownSince),
    /// Not good: only this mail says that it is the author's.
    Unknown,
}

/// What a signature by the certificate `signer` shows about `author`.
pub fn worth(author: &Address, signer: &Fingerprint, settled: &Settled, known: &[KnownCertificate]) -> Worth {
    match settled {
        Settled::Configured(own) if own.contains(signer) => return Worth::Configured,
        Settled::Configured(_) => return Worth::Displaced,
        Settled::InHouse | Settled::Not => {}
    }
    let theirs = || known.iter().filter(|known| is_for(known, author));
    let entry = theirs().find(|known| known.fingerprint == *signer);
    let pinned = theirs().any(|known| known.voucher == Voucher::Operator);
    match entry {
        Some(entry) if entry.voucher == Voucher::Operator => Worth::Learned(since(entry)),
        _ if pinned => Worth::Displaced,
        // Who speaks for the team or the gateway is never learned, however an entry got there.
        _ if *settled == Settled::InHouse => Worth::Unknown,
        Some(entry) if entry.voucher > Voucher::Nobody => Worth::Learned(since(entry)),
        Some(entry) => Worth::Unvouched(since(entry)),
        None => Worth::Unknown,
    }
}

/// Whether `candidate`, the certificate that signed a mail of `author` or came with it, is another one than was known.
///
/// Entries without voucher are no reason for a warning: anybody can make one. Nor are certificates that came together, or
/// one that a person has fixed.
pub fn change(
    author: &Address,
    candidate: &Fingerprint,
    settled: &Settled,
    known: &[KnownCertificate],
) -> Option<CertificateChange> {
    if let Settled::Configured(own) = settled {
        let was = own.first().filter(|_| !own.contains(candidate))?.clone();
        return Some(CertificateChange { now: candidate.clone(), was, since: None, revoked: false, used: false });
    }
    let theirs = || known.iter().filter(|known| is_for(known, author));
    let entry = theirs().find(|known| known.fingerprint == *candidate);
    if entry.is_some_and(|entry| entry.voucher == Voucher::Operator) {
        return None;
    }
    let together = |other: &KnownCertificate| entry.is_some_and(|entry| entry.first_seen == other.first_seen);
    let other = |other: &&KnownCertificate| {
        other.voucher > Voucher::Nobody && other.fingerprint != *candidate && !together(other)
    };
    // What a person fixed weighs most; else the one that came last was the one in use.
    let pinned = |known: &KnownCertificate| known.voucher == Voucher::Operator;
    let was = theirs().filter(other).max_by_key(|known| (pinned(known), known.first_seen))?;
    Some(CertificateChange {
        now: candidate.clone(),
        was: was.fingerprint.clone(),
        since: Some(was.first_seen),
        revoked: was.revoked,
        used: !pinned(was) && entry.is_some_and(|entry| entry.voucher > Voucher::Nobody),
    })
}

/// What the team is told about the certificate behind a verdict.
pub fn acquaintance(worth: Option<Worth>, change: Option<CertificateChange>) -> Acquaintance {
    let since = match worth {
        Some(Worth::Learned(since)) => Some(since),
        _ => None,
    };
    Acquaintance { since, change }
}

fn is_for(known: &KnownCertificate, author: &Address) -> bool {
    known.address.same_mailbox(author)
}

fn since(entry: &KnownCertificate) -> KnownSince {
    KnownSince { at: entry.first_seen, voucher: entry.voucher }
}

#[cfg(test)]
mod tests;
