//! Composes what the gateway writes (stage 8): alerts to the team and replies to reporters.
//!
//! Who may read what is decided in one place each: [`answer`] for reporters (promises 1 and 2), [`alert`] for the team.
//! Templates get values and never a mail's text; a value that a reader must not see is not there for its template.

mod alert;
mod answer;
mod digest;
mod programs;
mod team;
mod templates;

use crate::mime::build::Heading;
use crate::model::{Address, ComposeOrder, Identity, InvalidId, MailId, MailKind, OpenedMessage, OutgoingMail, Report};
use crate::openpgp::{self, Cert, Keyring, SealError};

pub use digest::digest;
use templates::{Placeholder, Values};
pub use templates::{TemplateError, TemplateFiles, Templates};

/// What composing needs besides the message.
#[derive(Clone, Copy)]
pub struct Office<'a> {
    pub identity: &'a Identity,
    pub templates: &'a Templates,
    pub keyring: &'a Keyring,
    /// Members of the team who get the link and nothing else.
    pub without_certificate: &'a [Address],
}

/// Why mails were not composed; for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("message_id_domain in the configuration makes no Message-ID: {0}")]
    Domain(#[from] InvalidId),
    #[error("a reply is larger than {MAX_REPLY} bytes: make the templates shorter")]
    TooLarge,
}

/// Largest reply, in bytes, whatever came in: nobody can use the gateway to flood somebody else.
pub const MAX_REPLY: usize = 64 << 10;

/// Name under which the gateway's certificate is attached.
const CERTIFICATE_FILE: &str = "security-certificate.asc";

/// Name of the certificate for post-quantum encryption. A file of its own: programs that know version 4 alone then trip over
/// nothing that they need.
const PQ_CERTIFICATE_FILE: &str = "security-certificate-post-quantum.asc";

/// Composes the mails that `order` wants, alerts first. `message` is the opened message, where there is one; without it
/// nothing of its content is in any mail.
///
/// # Errors
///
/// When the gateway's own key cannot sign, or the configuration makes no valid mail.
pub fn compose(
    message: Option<(&OpenedMessage, &Report)>,
    order: &ComposeOrder,
    office: &Office<'_>,
) -> Result<Vec<OutgoingMail>, ComposeError> {
    let mut mails = alert::compose(message, order, office)?;
    mails.extend(answer::compose(message.map(|(opened, _)| opened), order, office)?);
    Ok(mails)
}

impl Office<'_> {
    /// The values that every reader may have.
    fn values(&self, order: &ComposeOrder) -> Values {
        let mut values = Values::default();
        values.set(Placeholder::Project, &self.identity.project);
        values.set(Placeholder::Address, self.identity.address.as_str());
        values.set(Placeholder::PolicyUrl, &self.identity.policy_url);
        values.set(Placeholder::Reference, order.message.to_string());
        if let Some(fingerprint) = self.certificate().and_then(openpgp::fingerprint) {
            values.set(Placeholder::Fingerprint, fingerprint.spaced());
            values.set(Placeholder::FingerprintCompact, fingerprint.as_str());
            values.set(Placeholder::CertificateFile, CERTIFICATE_FILE);
            values.set_some(Placeholder::CertificateUrl, self.identity.certificate_url.clone());
        }
        if let Some(fingerprint) = self.keyring.post_quantum_certificate().and_then(openpgp::fingerprint) {
            values.set(Placeholder::PqFingerprint, on_two_lines(&fingerprint.spaced()));
            values.set(Placeholder::PqCertificateFile, PQ_CERTIFICATE_FILE);
        }
        values
    }

    fn certificate(&self) -> Option<&Cert> {
        self.keyring.own_certificate()
    }

    /// Whether `address` is one of the gateway's own.
    fn is_own(&self, address: &Address) -> bool {
        self.identity.address.same_mailbox(address) || self.identity.aliases.iter().any(|own| own.same_mailbox(address))
    }
}

/// A fingerprint of version 6 in two lines of eight groups, the second one indented as the templates do it.
fn on_two_lines(spaced: &str) -> String {
    match spaced.len() {
        40.. if spaced.is_char_boundary(40) => format!("{}\n    {}", spaced[..40].trim_end(), &spaced[40..]),
        _ => spaced.to_owned(),
    }
}

/// What a reader calls this: the case, or the message's number before there is one.
fn case_or_reference(order: &ComposeOrder) -> String {
    order.case.as_ref().map_or_else(|| order.message.to_string(), |case| case.as_str().to_owned())
}

/// The `number`th Message-ID of this order for a kind of mail. The same in a repetition, so that whoever gets both copies
/// sees one mail; the nonce keeps strangers from making it up. `named` says whether the case stands in it.
fn message_id(
    order: &ComposeOrder,
    office: &Office<'_>,
    kind: MailKind,
    number: usize,
    named: bool,
) -> Result<MailId, InvalidId> {
    let case = match &order.case {
        Some(case) if named => case.as_str().to_ascii_lowercase(),
        _ => format!("intake.{}", order.message),
    };
    format!("{case}.{}-{:016x}-{number}@{}", kind.as_str(), order.nonce, office.identity.message_id_domain).parse()
}

/// The random part of the boundaries of one mail.
fn boundary(order: &ComposeOrder, kind: MailKind) -> String {
    format!("{:016x}_{}", order.nonce, kind.as_str())
}

/// A finished mail for the outbox, from the null path (RFC 5321 4.5.5).
fn outgoing(kind: MailKind, heading: Heading, bytes: Vec<u8>) -> OutgoingMail {
    OutgoingMail { kind, message_id: heading.message_id, envelope_from: None, envelope_to: heading.to, bytes }
}

#[cfg(test)]
mod tests;
