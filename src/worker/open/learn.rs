//! Which certificates a message teaches, by the rules of [`crate::trust`].

use time::OffsetDateTime;

use super::keys::Offered;
use super::verdict::Judged;
use super::walk::Walk;
use crate::mime::{Entity, dkim};
use crate::model::{
    Acquaintance, Address, Authentication, Fingerprint, Identity, Known, KnownCertificate, LearnedFrom, Sender,
    SignatureStatus, Voucher,
};
use crate::openpgp::{self, Cert, Kept, Keyring};
use crate::trust::{self, Offer, Settled};

/// Certificates that one message may teach: a person has one, or an old and a new one.
const MOST_LESSONS: usize = 4;

/// What of a mail the author's domain answers for (DKIM).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ByDomain {
    /// All that a reader sees.
    pub body: bool,
    /// The outer `Autocrypt` header, too: hardly any domain signs it, and who sends a signed mail again can add one.
    pub autocrypt: bool,
}

impl ByDomain {
    /// What the verdict on the sender says; the domain answers for whoever it is about.
    pub fn of(mail: &Entity, sender: &Sender) -> ByDomain {
        let Some(author) = sender.address.as_ref().filter(|_| sender.authenticated == Authentication::Dkim) else {
            return ByDomain::default();
        };
        ByDomain { body: true, autocrypt: dkim::covers(&mail.header, author, "autocrypt") }
    }
}

/// How the whole message came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub by_domain: ByDomain,
    /// A program wrote it.
    pub automatic: bool,
}

/// What is known about certificates before the message is opened.
#[derive(Default)]
pub(super) struct Memory {
    /// From the store, with what the directories say added.
    pub known: Vec<KnownCertificate>,
    /// Those of them that are to be kept, because they are new or have news.
    news: Vec<KnownCertificate>,
}

/// What the configuration says about `address`.
pub(super) fn settled(keyring: &Keyring, identity: &Identity, team: &[Address], address: &Address) -> Settled {
    let configured: Vec<Fingerprint> = keyring.known_for(address).filter_map(openpgp::fingerprint).collect();
    let own = std::iter::once(&identity.address).chain(&identity.aliases);
    if !configured.is_empty() {
        Settled::Configured(configured)
    } else if own.chain(team).any(|ours| ours.same_mailbox(address)) {
        Settled::InHouse
    } else {
        Settled::Not
    }
}

impl Memory {
    /// What was learned before, and what the key directories hold now for the same people.
    pub fn new(known: &Known, settled: impl Fn(&Address) -> Settled, now: OffsetDateTime) -> Memory {
        let mut memory = Memory { known: known.certificates.clone(), news: Vec::new() };
        for entry in &known.directory {
            for cert in openpgp::read_certificates(&entry.bytes).unwrap_or_default().into_iter().take(MOST_LESSONS) {
                memory.learn(&entry.address, cert, &settled(&entry.address), now, |_| Source {
                    from: LearnedFrom::Directory,
                    voucher: Voucher::Directory,
                    forwarded: false,
                    automatic: false,
                });
            }
        }
        // What the directory says counts for this message already: it is no word of the message.
        for news in &memory.news {
            match memory.known.iter_mut().find(|known| is_same(known, news)) {
                Some(known) => *known = news.clone(),
                None => memory.known.push(news.clone()),
            }
        }
        memory
    }

    /// Learns from a certificate if the rules allow it. `known` stays as it was: what a message brings counts from the
    /// next one on.
    fn learn(
        &mut self,
        author: &Address,
        cert: Cert,
        settled: &Settled,
        now: OffsetDateTime,
        source: impl Fn(&Fingerprint) -> Source,
    ) {
        let Some(fingerprint) = openpgp::fingerprint(&cert) else { return };
        let source = source(&fingerprint);
        let is_it = |known: &&KnownCertificate| known.address.same_mailbox(author) && known.fingerprint == fingerprint;
        let before = self.news.iter().find(is_it).or_else(|| self.known.iter().find(is_it)).cloned();
        let Some(Kept { certificate, revoked }) = openpgp::keep(&with_earlier(cert, before.as_ref()), author, now)
        else {
            return;
        };
        let offer = Offer {
            fits: true,
            fingerprint: &fingerprint,
            forwarded: source.forwarded,
            automatic: source.automatic,
            voucher: source.voucher,
        };
        let Ok(voucher) = trust::lesson(Some(author), &offer, settled, &self.known) else { return };
        let news = KnownCertificate {
            address: author.clone(),
            bytes: openpgp::serialized(&certificate),
            learned_from: before.as_ref().map_or(source.from, |before| before.learned_from),
            voucher: before.as_ref().map_or(voucher, |before| before.voucher.max(voucher)),
            first_seen: before.as_ref().map_or(now, |before| before.first_seen),
            last_seen: now,
            revoked: revoked || before.is_some_and(|before| before.revoked),
            fingerprint,
        };
        match self.news.iter().position(|known| is_same(known, &news)) {
            Some(at) => self.news[at] = news,
            None if self.news.len() < MOST_LESSONS => self.news.push(news),
            None => {}
        }
    }
}

/// How a certificate came.
struct Source {
    from: LearnedFrom,
    voucher: Voucher,
    forwarded: bool,
    automatic: bool,
}

/// What is to be kept after the message was opened, and what the team is told about its author's certificate.
pub(super) fn lessons(
    walk: &Walk,
    mut memory: Memory,
    author: Option<&Address>,
    judged: &Judged,
    settled: &Settled,
    manner: Manner,
) -> (Vec<KnownCertificate>, Acquaintance) {
    let Some(author) = author else { return (Vec::new(), Acquaintance::default()) };
    let mut brought: Option<Fingerprint> = None;
    for offered in walk.keys.offers.iter().filter(|offered| is_for(offered, author)) {
        let Some(cert) = walk.keys.certs.get(offered.at).cloned() else { continue };
        if !offered.place.forwarded && !offered.place.report && openpgp::keep(&cert, author, walk.now).is_some() {
            brought = brought.or_else(|| openpgp::fingerprint(&cert));
        }
        memory.learn(author, cert, settled, walk.now, |fingerprint| Source {
            from: offered.from,
            voucher: voucher(offered, fingerprint, judged, manner.by_domain),
            forwarded: offered.place.forwarded || offered.place.report,
            automatic: manner.automatic,
        });
    }
    // Who signed counts; without a signature, what the mail shows round.
    let candidate = judged.author_signed.clone().or(brought);
    let change = candidate.and_then(|candidate| trust::change(author, &candidate, settled, &memory.known));
    (memory.news, trust::acquaintance(judged.worth, change))
}

/// The strongest that covers the certificate at its place.
fn voucher(offered: &Offered, fingerprint: &Fingerprint, judged: &Judged, by_domain: ByDomain) -> Voucher {
    let by_another = judged.signature.signer.as_ref().is_some_and(|signer| signer != fingerprint);
    let covered = judged.good.is_some_and(|good| offered.place.signers.contains(&good));
    if judged.signature.status == SignatureStatus::Good && by_another && covered {
        return Voucher::Signature;
    }
    let protected = offered.place.encrypted || !offered.place.signers.is_empty();
    let outer_header = offered.from == LearnedFrom::Autocrypt && !protected;
    let by_domain = if outer_header { by_domain.autocrypt } else { by_domain.body };
    if by_domain { Voucher::Dkim } else { Voucher::Nobody }
}

/// An `Autocrypt` header says for whom it is (Autocrypt Level 1: it counts only for the author).
fn is_for(offered: &Offered, author: &Address) -> bool {
    offered.addressee.as_ref().is_none_or(|addressee| addressee.same_mailbox(author))
}

fn is_same(one: &KnownCertificate, other: &KnownCertificate) -> bool {
    one.fingerprint == other.fingerprint && one.address.same_mailbox(&other.address)
}

/// With everything that was known about it: what its holder said once stays said.
fn with_earlier(cert: Cert, before: Option<&KnownCertificate>) -> Cert {
    let before = before.and_then(|before| openpgp::read_certificates(&before.bytes).ok()?.into_iter().next());
    match before {
        Some(before) => openpgp::merged(before, cert),
        None => cert,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime;
    use crate::model::Limits;

    /// A domain that answers for a mail answers for its `Autocrypt` header only where that was signed, too.
    #[test]
    fn a_domain_vouches_for_what_it_signed() {
        let signature = |names: &str| {
            format!("DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=k; h={names}; bh=AAAA; b=AAAA\r\n")
        };
        let header = "Autocrypt: addr=erin@example.org; keydata=AAAA\r\n";
        let all = "from:subject:autocrypt";
        let other = signature(all).replace("example.org", "mallory.example");
        let cases = [
            ("signed", format!("{}{header}", signature(all)), Authentication::Dkim, (true, true)),
            ("added afterwards", format!("{header}{}", signature("from:subject")), Authentication::Dkim, (true, false)),
            (
                "one was added to another",
                format!("{header}{header}{}", signature(all)),
                Authentication::Dkim,
                (true, false),
            ),
            (
                "signed by one of two signatures",
                format!("{header}{}{}", signature(all), signature("from")),
                Authentication::Dkim,
                (true, false),
            ),
            ("signed by another domain", format!("{header}{other}"), Authentication::Dkim, (true, false)),
            ("not shown", format!("{}{header}", signature(all)), Authentication::None, (false, false)),
            ("shown otherwise", format!("{}{header}", signature(all)), Authentication::Signature, (false, false)),
        ];
        for (name, header, authenticated, expected) in cases {
            let mail = format!("{header}From: erin@example.org\r\nSubject: x\r\n\r\nHello.\r\n");
            let mail = mime::parse(mail.as_bytes(), &Limits::default()).unwrap();
            let address = "erin@example.org".parse().ok();
            let sender = Sender { address, name: String::new(), authenticated, shortfall: None };
            let found = ByDomain::of(&mail, &sender);
            assert_eq!((found.body, found.autocrypt), expected, "{name}");
        }
    }
}
