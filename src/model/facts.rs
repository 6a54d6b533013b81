use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    Acquaintance, Address, Authentication, Automatic, ContentDigest, Doubt, Encryption, EncryptionFormat, Fingerprint,
    Headers, MailId, NamedRecipient, OpenedMessage, SignatureStatus, Unreadable,
};

/// What the store keeps about a message: who, when, and how it was protected. Nothing from inside a ciphertext.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageFacts {
    pub message_id: Option<MailId>,
    /// `In-Reply-To` and `References` together, without duplicates.
    pub answers: Vec<MailId>,
    /// The sender's `Date`.
    #[serde(with = "super::when")]
    pub date: Option<OffsetDateTime>,
    /// The `From` address.
    pub author: Option<Address>,
    /// Where an answer may go; `None` forbids one.
    pub answer_to: Option<Address>,
    pub authenticated: Authentication,
    /// See [`Sender::shortfall`](super::Sender::shortfall).
    #[serde(default)]
    pub sender_shortfall: Option<String>,
    /// Author of a mail that was forwarded in this one.
    pub forwarded_author: Option<Address>,
    pub is_forward: bool,
    pub encryption: Encryption,
    pub format: Option<EncryptionFormat>,
    pub decryption_key: Option<Fingerprint>,
    pub failure: Option<Unreadable>,
    pub signature: SignatureStatus,
    pub signer: Option<Fingerprint>,
    /// See [`Signature::shortfall`](super::Signature::shortfall).
    #[serde(default)]
    pub signature_shortfall: Option<String>,
    /// Since when the sender's certificate is known, and whether it changed.
    #[serde(default)]
    pub acquaintance: Acquaintance,
    pub automatic: Option<Automatic>,
    /// A reply may hold what was decrypted, because it can be encrypted to who signed inside and is answered.
    pub can_encrypt_reply: bool,
    /// See [`OpenedMessage::ciphertexts`].
    #[serde(default)]
    pub ciphertexts: Vec<ContentDigest>,
    /// See [`identity`](super::identity).
    #[serde(default)]
    pub identity: Option<ContentDigest>,
    pub private_key_attached: bool,
    /// What is odd about its shape.
    #[serde(default)]
    pub doubts: Vec<Doubt>,
    /// Whom the ciphertext names, where none of our keys opened it.
    #[serde(default)]
    pub named_recipients: Vec<NamedRecipient>,
}

impl MessageFacts {
    /// The storable part of an opened message.
    pub fn of(opened: &OpenedMessage) -> Self {
        let Headers { message_id, in_reply_to, references, date, answer_to, .. } = &opened.headers;
        let mut answers = in_reply_to.clone();
        for id in references {
            if !answers.contains(id) {
                answers.push(id.clone());
            }
        }
        MessageFacts {
            message_id: message_id.clone(),
            answers,
            date: *date,
            author: opened.sender.address.clone(),
            answer_to: answer_to.clone(),
            authenticated: opened.sender.authenticated,
            sender_shortfall: opened.sender.shortfall.clone(),
            forwarded_author: opened.forwarded.as_ref().and_then(|f| f.author.clone()),
            is_forward: opened.forwarded.is_some(),
            encryption: opened.encryption,
            format: opened.format,
            decryption_key: opened.decryption_key.clone(),
            failure: opened.failure,
            signature: opened.signature.status,
            signer: opened.signature.signer.clone(),
            signature_shortfall: opened.signature.shortfall.clone(),
            acquaintance: opened.acquaintance.clone(),
            automatic: opened.automatic.clone(),
            can_encrypt_reply: signed_by_who_is_answered(opened),
            ciphertexts: opened.ciphertexts.clone(),
            identity: super::identity(opened),
            private_key_attached: opened.private_key_attached,
            doubts: opened.doubts.clone(),
            named_recipients: opened.named_recipients.clone(),
        }
    }

    /// By what another message is found that holds some of the same.
    pub fn traces(&self) -> impl Iterator<Item = ContentDigest> + '_ {
        self.ciphertexts.iter().chain(&self.identity).copied()
    }

    /// Whether the answer goes to somebody who may have got the ciphertext from anybody: it must not tell what is inside,
    /// and neither must its being sent.
    pub fn is_from_stranger(&self) -> bool {
        matches!(self.encryption, Encryption::Whole | Encryption::Partial) && !self.can_encrypt_reply
    }

    /// Whether the address that is answered is the one that was shown to have sent it.
    pub fn proves_who_is_answered(&self) -> bool {
        let same = self.author.as_ref().zip(self.answer_to.as_ref()).is_some_and(|(from, to)| from.same_mailbox(to));
        same && self.authenticated != Authentication::None
    }

    /// For the operator, where none of our keys opened it: to whom it is encrypted, and what to do.
    pub fn whom_it_names(&self) -> Option<String> {
        if self.failure != Some(Unreadable::NoKey) || self.named_recipients.is_empty() {
            return None;
        }
        let named: Vec<String> =
            self.named_recipients.iter().filter_map(|named| Some(format!("0x{}", named.key.as_ref()?))).collect();
        let ours = self.named_recipients.iter().find_map(|named| Some((named.key.as_ref()?, named.ours.as_ref()?)));
        Some(match ours {
            Some((key, certificate)) => format!(
                "retired key 0x{key} of our certificate {certificate} is not here or locked: import it with `key import FILE \
                 --secret --into FOLDER`, or add its password"
            ),
            None if named.is_empty() => "its recipients are hidden, and no key here opens it".to_owned(),
            None => format!(
                "it is encrypted to {}: if one of these is an old key of ours, import it with `key import FILE --secret --into \
                 FOLDER`",
                named.join(", ")
            ),
        })
    }
}

fn signed_by_who_is_answered(opened: &OpenedMessage) -> bool {
    let signer = opened.reply_certificate.as_ref();
    signer
        .zip(opened.headers.answer_to.as_ref())
        .is_some_and(|(certificate, to)| certificate.addresses.iter().any(|address| address.same_mailbox(to)))
}
