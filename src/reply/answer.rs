use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use super::programs::{self, Program};
use super::templates::{Name, Placeholder, Values};
use super::{
    CERTIFICATE_FILE, ComposeError, MAX_REPLY, Office, PQ_CERTIFICATE_FILE, boundary, case_or_reference, message_id,
    outgoing,
};
use crate::mime::build::{self, AutoSubmitted, Heading, Part};
use crate::model::{
    Action, Address, Assessment, Authentication, ComposeOrder, Encryption, Filed, Kind, MailKind, MessageFacts,
    OpenedMessage, Outcome, OutgoingMail, SignatureStatus, Unreadable,
};
use crate::openpgp::{self, Cert};

/// What the reader of a reply may learn (promises 1 and 2).
enum Reader {
    /// Signed inside the ciphertext, with a certificate that carries the address which is answered: may have all of it,
    /// encrypted to that certificate.
    Signer(Box<Cert>),
    /// Sent everything in the clear: may have what the clear text says.
    Open,
    /// Sent ciphertext that anybody could have captured: learns nothing from it, in the same words for every content.
    Stranger,
}

/// The reply that `order` wants, unless nobody may be answered.
pub(super) fn compose(
    opened: Option<&OpenedMessage>,
    order: &ComposeOrder,
    office: &Office<'_>,
) -> Result<Option<OutgoingMail>, ComposeError> {
    let Some(assessment) = order.assessment.as_ref().filter(|_| order.actions.iter().any(|a| is_answer(*a))) else {
        return Ok(None);
    };
    let Some(to) = recipient(&assessment.facts, office) else { return Ok(None) };
    let reader = Reader::of(opened, order, assessment, &to);
    let letter = Letter { order, assessment, office, opened, to };
    match &reader {
        Reader::Signer(cert) => letter.sealed(cert, &reader).map(Some),
        Reader::Open | Reader::Stranger => letter.signed(&reader).map(Some),
    }
}

/// Who is answered: never a program, never ourselves, never nobody (RFC 3834 2); of a forwarded mail the forwarder.
fn recipient(facts: &MessageFacts, office: &Office<'_>) -> Option<Address> {
    let to = facts.answer_to.as_ref().filter(|_| facts.automatic.is_none())?;
    // Who is answered must not show a stranger whether there is a forwarded mail inside, and whose.
    let is_forward = facts.is_forward && !facts.is_from_stranger();
    let original_author = is_forward && facts.forwarded_author.as_ref().is_some_and(|a| a.same_mailbox(to));
    let forwarder = if original_author { facts.author.as_ref() } else { Some(to) };
    forwarder.filter(|address| !office.is_own(address)).cloned()
}

fn is_answer(action: Action) -> bool {
    use Action::*;
    matches!(action, Acknowledge | SendInstructions | AskPrivate | ExplainFailure | Receipt)
}

impl Reader {
    fn of(opened: Option<&OpenedMessage>, order: &ComposeOrder, assessment: &Assessment, to: &Address) -> Reader {
        if assessment.facts.encryption == Encryption::None {
            return Reader::Open;
        }
        let certificate = opened.and_then(|opened| opened.reply_certificate.as_ref());
        let usable = certificate.and_then(|c| openpgp::read_certificates(&c.bytes).ok()?.into_iter().next());
        // Whoever sends captured ciphertext again cannot read a sealed answer, but sees that there is one, and its size.
        let theirs = |cert: &Cert| openpgp::claimed_addresses(cert, order.now).iter().any(|own| own.same_mailbox(to));
        match usable.filter(|cert| theirs(cert) && openpgp::unusable_for_encryption(cert, order.now).is_none()) {
            Some(cert) => Reader::Signer(Box::new(cert)),
            None => Reader::Stranger,
        }
    }

    fn may_know(&self) -> bool {
        !matches!(self, Reader::Stranger)
    }
}

/// A reply in the making.
struct Letter<'a> {
    order: &'a ComposeOrder,
    assessment: &'a Assessment,
    office: &'a Office<'a>,
    opened: Option<&'a OpenedMessage>,
    to: Address,
}

impl Letter<'_> {
    fn sealed(&self, cert: &Cert, reader: &Reader) -> Result<OutgoingMail, ComposeError> {
        let (subject, text) = self.words(reader);
        let heading = self.heading(subject, false)?;
        let boundary = boundary(self.order, MailKind::Reply);
        self.bounded(&heading, |certificates| {
            let plain = build::padded(build::protected_content(&heading, &parts(&text, certificates), &boundary));
            let sealed = self.office.keyring.seal(plain.expose(), &[cert], self.order.now)?;
            Ok(build::encrypted(&heading, &sealed, &boundary))
        })
    }

    fn signed(&self, reader: &Reader) -> Result<OutgoingMail, ComposeError> {
        let (subject, text) = self.words(reader);
        let heading = self.heading(subject, reader.may_know() && !self.is_bare_receipt())?;
        let boundary = boundary(self.order, MailKind::Reply);
        self.bounded(&heading, |certificates| {
            let content = build::content(&parts(&text, certificates), &boundary);
            let signature = self.office.keyring.sign_detached(&content, self.order.now)?;
            Ok(build::signed(&heading, &content, &signature.armored, signature.micalg, &boundary))
        })
    }

    /// The mail with both certificates; with fewer if they make it too large.
    fn bounded(
        &self,
        heading: &Heading,
        make: impl Fn(&[(&str, String)]) -> Result<Vec<u8>, ComposeError>,
    ) -> Result<OutgoingMail, ComposeError> {
        let post_quantum = self.office.keyring.post_quantum_certificate();
        let offered = [(CERTIFICATE_FILE, self.office.certificate()), (PQ_CERTIFICATE_FILE, post_quantum)];
        let files = offered.into_iter().filter_map(|(name, cert)| Some((name, openpgp::armored(cert?))));
        let mut certificates: Vec<(&str, String)> = files.collect();
        loop {
            let bytes = make(&certificates)?;
            if bytes.len() <= MAX_REPLY {
                return Ok(outgoing(MailKind::Reply, heading.clone(), bytes));
            }
            certificates.pop().ok_or(ComposeError::TooLarge)?;
        }
    }

    fn heading(&self, subject: String, named: bool) -> Result<Heading, ComposeError> {
        let parent = self.assessment.facts.message_id.clone();
        let mut references = self.opened.map(|opened| opened.headers.references.clone()).unwrap_or_default();
        references.retain(|id| Some(id) != parent.as_ref() && id.as_str().len() <= 250);
        references.extend(parent.clone());
        Ok(Heading {
            name: self.office.identity.name.clone(),
            from: self.office.identity.address.clone(),
            to: self.to.clone(),
            subject,
            outer_subject: None,
            date: self.order.now,
            message_id: message_id(self.order, self.office, MailKind::Reply, 1, named)?,
            in_reply_to: parent,
            references,
            auto_submitted: AutoSubmitted::Replied,
            urgent: false,
            certificate: self.office.certificate().map(openpgp::serialized),
        })
    }

    /// Subject and text.
    fn words(&self, reader: &Reader) -> (String, String) {
        let values = self.values(reader);
        let names = self.templates(reader);
        let templates = self.office.templates;
        let subject = names.first().map(|name| templates.subject(*name, &values)).unwrap_or_default();
        let mut texts: Vec<String> = Vec::new();
        for name in names {
            if name == Name::Encryption {
                texts.extend(self.program().and_then(|program| program.help(&values)));
            }
            texts.push(templates.text(name, &values));
        }
        (subject, texts.join("\n\n") + "\n")
    }

    /// The program that made the message, as its outer header section and its armor tell.
    fn program(&self) -> Option<&'static Program> {
        let opened = self.opened?;
        let told = [&opened.headers.mail_program, &opened.outside.made_by];
        programs::known(told.into_iter().flatten().map(String::as_str))
    }

    /// The templates for this reader, in order; the first gives the subject.
    fn templates(&self, reader: &Reader) -> Vec<Name> {
        let facts = &self.assessment.facts;
        let wants = |action| self.order.actions.contains(&action);
        let mut names = match reader {
            _ if wants(Action::ExplainFailure) => vec![Name::CannotOpen, self.cause(), Name::Encryption],
            Reader::Stranger => vec![Name::Received],
            _ => vec![self.message_for_readers_of_the_content()],
        };
        if self.order.opened_late {
            names.insert(1, Name::OpenedNow);
        }
        if facts.private_key_attached && reader.may_know() {
            names.push(Name::SecretKey);
        }
        let asked = wants(Action::SendInstructions) && reader.may_know();
        if facts.encryption == Encryption::None && facts.signature != SignatureStatus::None {
            names.push(Name::SignedOnly);
        }
        if (facts.encryption == Encryption::None || asked) && !names.contains(&Name::Encryption) {
            names.push(Name::Encryption);
        } else if self.used_an_old_key(reader) {
            names.push(Name::OldKey);
        }
        names.push(Name::Closing);
        names
    }

    fn message_for_readers_of_the_content(&self) -> Name {
        let wants = |action| self.order.actions.contains(&action);
        let held = matches!(self.order.outcome, Some(Outcome::Held(_)));
        if wants(Action::Acknowledge) && self.assessment.facts.is_forward {
            Name::AcknowledgementForward
        } else if wants(Action::Acknowledge) && wants(Action::AskPrivate) {
            Name::AcknowledgementPublic
        } else if wants(Action::Acknowledge) {
            Name::Acknowledgement
        } else if self.is_bare_receipt() || wants(Action::Receipt) && held {
            Name::ReceiptHeld
        } else if wants(Action::Receipt) {
            Name::Receipt
        } else {
            Name::HowToReport
        }
    }

    /// A receipt that tells nobody whether the case they named is there, and whose it is: anybody can name one.
    fn is_bare_receipt(&self) -> bool {
        self.order.actions.contains(&Action::Receipt) && self.assessment.facts.authenticated == Authentication::None
    }

    fn values(&self, reader: &Reader) -> Values {
        let mut values = self.office.values(self.order);
        values.set(Placeholder::ReceivedOn, day(self.order.received));
        if let Some(outside) = self.opened.map(|opened| &opened.outside) {
            values.set(Placeholder::Keys, outside.keys.join(", "));
            values.set(Placeholder::OldKeys, outside.old_keys.join(", "));
        }
        if !reader.may_know() {
            return values;
        }
        if self.is_bare_receipt() {
            values.set(Placeholder::Case, self.order.message.to_string());
            return values;
        }
        values.set(Placeholder::Case, case_or_reference(self.order));
        if self.assessment.verdict.kind != Kind::WrongProject {
            let destination = self.assessment.verdict.destination.as_ref();
            values.set_some(Placeholder::ReportPage, destination.map(|repository| repository.report_page()));
        }
        // An advisory's name is nothing for a mail that anybody on its way can read.
        if let (Reader::Signer(_), Some(filed)) = (reader, self.filed()) {
            values.set(Placeholder::Repository, filed.repository.as_str());
            values.set(Placeholder::Advisory, filed.ghsa_id.as_str());
            values.set(Placeholder::AdvisoryUrl, &filed.url);
            let also = self.order.others.filed.iter().map(|filed| format!("{} in {}", filed.ghsa_id, filed.repository));
            values.set(Placeholder::AlsoFiled, also.collect::<Vec<_>>().join(",\n"));
        }
        values
    }

    fn filed(&self) -> Option<&Filed> {
        match self.order.outcome.as_ref()? {
            Outcome::Filed(advisory) | Outcome::Commented { advisory, .. } => Some(advisory),
            _ => None,
        }
    }

    /// A stranger hears of it only where the message itself names the old key for everybody.
    fn used_an_old_key(&self, reader: &Reader) -> bool {
        let keyring = self.office.keyring;
        let mut offered = self.office.certificate().into_iter().chain(keyring.post_quantum_certificate());
        let old = self
            .assessment
            .facts
            .decryption_key
            .as_ref()
            .is_some_and(|opened| !offered.any(|cert| openpgp::fingerprint(cert).as_ref() == Some(opened)));
        let named = self.opened.is_some_and(|opened| !opened.outside.old_keys.is_empty());
        old && (named || reader.may_know())
    }

    /// The help for what kept a message shut: only causes that anybody can see who holds the ciphertext. The rest shares
    /// one text, since the difference would tell what is inside (promise 2).
    fn cause(&self) -> Name {
        let facts = &self.assessment.facts;
        let outside = self.opened.map(|opened| opened.outside.clone()).unwrap_or_default();
        match facts.failure {
            Some(Unreadable::NoKey) if !outside.old_keys.is_empty() => Name::CauseOldKey,
            Some(Unreadable::NoKey) => Name::CauseNoKey,
            Some(Unreadable::SymmetricOnly) => Name::CausePassword,
            Some(Unreadable::NoIntegrityProtection) => Name::CauseNoIntegrity,
            // S/MIME has none of our formats; whatever else is unsupported may lie inside the ciphertext.
            Some(Unreadable::Unsupported) if facts.format.is_none() => Name::CauseSmime,
            Some(Unreadable::TooLarge) if outside.too_large => Name::CauseTooLarge,
            Some(_) if outside.damaged && outside.exchange => Name::CauseExchange,
            Some(_) if outside.damaged => Name::CauseMangled,
            _ => Name::CauseDamaged,
        }
    }
}

/// A day as everybody reads it.
fn day(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC)
        .format(format_description!("[day padding:none] [month repr:long] [year]"))
        .unwrap_or_default()
}

fn parts(text: &str, certificates: &[(&str, String)]) -> Vec<Part> {
    let attached = certificates.iter().map(|(name, armor)| Part::file(name, "application/pgp-keys", armor.as_bytes()));
    std::iter::once(Part::text(text)).chain(attached).collect()
}
