use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    Address, Authentication, Automatic, ContentDigest, Encryption, EncryptionFormat, Fingerprint, Headers, MailId,
    OpenedMessage, SignatureStatus, Unreadable,
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
    pub automatic: Option<Automatic>,
    /// A reply may hold what was decrypted, because it can be encrypted to who signed inside.
    pub can_encrypt_reply: bool,
    pub ciphertext: Option<ContentDigest>,
    pub private_key_attached: bool,
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
            automatic: opened.automatic.clone(),
            can_encrypt_reply: opened.reply_certificate.is_some(),
            ciphertext: opened.ciphertext,
            private_key_attached: opened.private_key_attached,
        }
    }
}
