use super::inline::{Segment, segments};
use super::text::Written;
use super::walk::{Place, SeenSignature, Subject, Walk};
use crate::mime::Entity;
use crate::openpgp::{self, Checked, Trouble};

impl Walk<'_> {
    pub(super) fn signed(&mut self, children: &[Entity], place: &Place) {
        let Some((content, rest)) = children.split_first() else { return };
        let signature = rest.iter().find(|child| {
            child.media_type() == "application/pgp-signature"
                || child.decoded().trim_ascii_start().starts_with(b"-----BEGIN PGP SIGNATURE-----")
        });
        let mut within = Place { root: place.root, ..place.clone() };
        if let Some(signature) = signature {
            let checked = self.verify(content.raw, &signature.decoded());
            within.signers.extend(self.note(checked, place));
        }
        self.entity(content, &within);
        let beside = |child: &&Entity| {
            !signature.is_some_and(|signature| std::ptr::eq(signature, *child))
                && !matches!(child.media_type(), "application/pkcs7-signature" | "application/x-pkcs7-signature")
        };
        for child in rest.iter().filter(beside) {
            self.entity(child, &Place { root: false, ..place.clone() });
        }
    }

    /// Checks a detached signature over the raw part. It was made over lines ended by CRLF (RFC 3156 5), whatever the
    /// mailbox keeps; a few programs sign what they see.
    fn verify(&self, raw: &[u8], signature: &[u8]) -> Vec<Checked> {
        if self.enough_signatures() {
            return Vec::new();
        }
        let check = |content: &[u8]| {
            let extra = &self.keys.certs;
            openpgp::verify_detached(content, signature, self.keyring, extra, self.limits, self.now)
        };
        let canonical = with_crlf(raw);
        let checked = check(&canonical).unwrap_or_else(|_| vec![Checked::unreadable()]);
        if checked.iter().all(|c| c.trouble == Some(Trouble::Bad)) && canonical != raw {
            return check(raw).unwrap_or(checked);
        }
        checked
    }

    /// Whether as many signatures were checked as may be.
    fn enough_signatures(&self) -> bool {
        self.signatures.len() >= self.limits.signatures
    }

    pub(super) fn cleartext(&mut self, block: &[u8], written: Written, place: &Place) {
        if self.enough_signatures() {
            return self.plain(block, written, place);
        }
        let extra = &self.keys.certs;
        match openpgp::verify_cleartext(block, self.keyring, extra, self.limits, self.now) {
            Ok((text, checked)) => {
                let mut within = place.clone();
                within.signers.extend(self.note(checked, place));
                self.signed_text(&text, written, &within);
            }
            Err(_) => {
                self.note(vec![Checked::unreadable()], place);
                self.plain(block, written, place);
            }
        }
    }

    /// What a cleartext signature was made over: text, and ciphertext that was signed when it was encrypted already.
    fn signed_text(&mut self, text: &[u8], written: Written, place: &Place) {
        for segment in segments(text) {
            match segment {
                Segment::Message(block) => self.inline_message(block, written, place),
                Segment::Text(text) | Segment::Signed(text) | Segment::PublicKey(text) => {
                    self.plain(text, written, place)
                }
            }
        }
    }

    /// Keeps the verdicts and returns the indices of the good ones.
    pub(super) fn note(&mut self, checked: Vec<Checked>, place: &Place) -> Vec<usize> {
        let mut good = Vec::new();
        for checked in checked {
            if self.enough_signatures() {
                break;
            }
            if checked.trouble.is_none() {
                good.push(self.signatures.len());
            }
            self.signatures.push(SeenSignature { checked, encrypted: place.encrypted, forwarded: place.forwarded });
        }
        good
    }

    pub(super) fn note_subject(&mut self, entity: &Entity, place: &Place) {
        let marked = ["protected-headers", "hp"].iter().any(|name| entity.content_type.parameter(name).is_some());
        let trusted = place.encrypted || !place.signers.is_empty();
        let better = self.subject.as_ref().is_none_or(|known| !known.encrypted && place.encrypted);
        if marked
            && trusted
            && better
            && let Some(text) = entity.header.text("subject")
        {
            self.subject = Some(Subject { text, encrypted: place.encrypted, signers: place.signers.clone() });
        }
    }
}

/// With every line ended by CRLF.
fn with_crlf(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32);
    let mut previous = 0;
    for byte in raw {
        if *byte == b'\n' && previous != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        previous = *byte;
    }
    out
}
