//! Sealed mail to the team: one ciphertext for all, in a mail for each.

use time::OffsetDateTime;

use super::{ComposeError, Office, outgoing};
use crate::mime::build::{self, Heading, Part};
use crate::model::{Address, InvalidId, MailId, MailKind, OutgoingMail};
use crate::openpgp::Cert;

impl<'a> Office<'a> {
    /// Who gets everything, and who can only get a link. A member counts once, at the first address of the certificate.
    pub(super) fn team(&self, now: OffsetDateTime) -> (Vec<(Address, &'a Cert)>, Vec<Address>) {
        let (mut sealed, mut linked): (Vec<(Address, &Cert)>, Vec<Address>) = (Vec::new(), Vec::new());
        for member in self.keyring.team() {
            let Some(address) = member.addresses.first() else { continue };
            if self.keyring.unusable(&member.certificate, now).is_none() {
                sealed.push((address.clone(), &member.certificate));
            } else if !linked.contains(address) {
                linked.push(address.clone());
            }
        }
        linked.extend(self.without_certificate.iter().cloned());
        linked.retain(|address| !sealed.iter().any(|(other, _)| other.same_mailbox(address)));
        linked.dedup();
        (sealed, linked)
    }

    /// Seals `parts` once, signed inside, for all `recipients`: sealing is what costs most. `heading` is the first one's,
    /// and `message_id` makes the id of each, counted from 1.
    pub(super) fn seal(
        &self,
        kind: MailKind,
        recipients: &[(Address, &Cert)],
        heading: &Heading,
        parts: &[Part],
        boundary: &str,
        message_id: impl Fn(usize) -> Result<MailId, InvalidId>,
    ) -> Result<Vec<OutgoingMail>, ComposeError> {
        let plain = build::protected_content(heading, parts, boundary);
        let certs: Vec<&Cert> = recipients.iter().map(|(_, cert)| *cert).collect();
        let ciphertext = self.keyring.seal(plain.expose(), &certs, heading.date)?;
        let mut mails = Vec::with_capacity(recipients.len());
        for (index, (address, _)) in recipients.iter().enumerate() {
            let heading = Heading { to: address.clone(), message_id: message_id(index + 1)?, ..heading.clone() };
            let bytes = build::encrypted(&heading, &ciphertext, boundary);
            mails.push(outgoing(kind, heading, bytes));
        }
        Ok(mails)
    }
}
