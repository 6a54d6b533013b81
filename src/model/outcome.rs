use serde::{Deserialize, Serialize};

use super::{CommentedAs, Doubt, Filed, MessageId, Unreadable};

/// How a message ended. Every message ends in exactly one of these, recorded before it is moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// An advisory was filed.
    Filed(Filed),
    /// It was added to its case's advisory.
    Commented { advisory: Filed, how: CommentedAs },
    /// It needed an answer and nothing else.
    Answered,
    /// It waits for a person; `case release` sends it on its way.
    Held(HoldReason),
    /// Nothing was done, for this reason.
    Ignored(IgnoreReason),
}

impl Outcome {
    /// One word for lists and counts.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Filed(_) => "filed",
            Outcome::Commented { .. } => "commented",
            Outcome::Answered => "answered",
            Outcome::Held(_) => "held",
            Outcome::Ignored(_) => "ignored",
        }
    }
}

/// Why a message waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldReason {
    /// Its ciphertext could not be opened.
    Unreadable(Unreadable),
    /// Its shape is odd, so that a person must look at the original.
    Doubtful(Doubt),
    /// It seems to be about another project's software.
    WrongProject,
    /// It follows up on a case that is not known here.
    UnknownCase,
    /// It names a case whose reporter is somebody else, and answers no mail of it.
    OtherSender,
    /// It holds the same ciphertext as a message that was filed, and comes from somebody else or with something beside it.
    SameCiphertext,
    /// It follows up on a case that has no advisory to add to.
    NoAdvisory,
    /// Workers died or ran over their time on it.
    Poison,
    /// Every repository refused, the fallback one included.
    Refused,
    /// Retries came to their end.
    GaveUp,
    /// A person said so.
    Operator,
}

/// Why nothing was done about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IgnoreReason {
    Spam,
    AutoReply,
    Bounce,
    /// The gateway's own mail, come back.
    OwnMail,
    /// The same message is there under this number.
    DuplicateOf(MessageId),
    /// Nothing in it, and nobody to ask.
    Empty,
    /// A person dropped it.
    Operator,
}

impl HoldReason {
    /// One sentence for people, which says what to do.
    pub fn explain(self) -> &'static str {
        match self {
            HoldReason::Unreadable(Unreadable::NoKey) => {
                "encrypted to a key that is not here; import the key with `key import --secret` and retry it, or ask the sender to encrypt again"
            }
            HoldReason::Unreadable(Unreadable::SymmetricOnly) => {
                "encrypted with a password only; ask the sender to encrypt to the certificate"
            }
            HoldReason::Unreadable(Unreadable::NoIntegrityProtection) => {
                "encrypted without integrity protection, which anybody on the way can change, so it is not opened; ask the sender to use a current program"
            }
            HoldReason::Unreadable(Unreadable::Tampered) => {
                "the ciphertext was changed or cut off on its way, so nothing of it was used; ask the sender to send it again"
            }
            HoldReason::Unreadable(Unreadable::Unsupported) => {
                "encrypted in a way that is not supported here (S/MIME, ElGamal, GnuPG's own OCB packet); ask the sender to encrypt to the \
                 certificate with a current OpenPGP program"
            }
            HoldReason::Unreadable(Unreadable::TooLarge) => {
                "over a configured limit; look at the original in the mailbox, and raise the limit if it is honest"
            }
            HoldReason::Unreadable(Unreadable::Malformed) => {
                "not the mail it claims to be; look at the original in the mailbox"
            }
            HoldReason::Doubtful(doubt) => doubt.explain(),
            HoldReason::WrongProject => {
                "seems to be about another project's software; forward it there, or release it with a repository"
            }
            HoldReason::UnknownCase => "answers a case that is not known here; release it to file it as a new report",
            HoldReason::OtherSender => {
                "names a case of another reporter and answers no mail of it; release it to file it as a new report, or pass it on by hand"
            }
            HoldReason::SameCiphertext => {
                "the same ciphertext came before and was filed: somebody may have captured it, or a mailing list made another copy; compare both, then drop or release it"
            }
            HoldReason::NoAdvisory => "its case has no advisory to add to; the alert holds its text",
            HoldReason::Poison => {
                "worker processes died or stalled on it, or the gateway itself; look at the original in the mailbox with care"
            }
            HoldReason::Refused => "every repository refused the advisory; run check, then retry it",
            HoldReason::GaveUp => "GitHub could not be reached for too long; run check, then retry it",
            HoldReason::Operator => "held by an operator",
        }
    }
}

impl IgnoreReason {
    /// One sentence for people.
    pub fn explain(self) -> String {
        match self {
            IgnoreReason::Spam => "judged to be spam".into(),
            IgnoreReason::AutoReply => "sent by an automatic responder".into(),
            IgnoreReason::Bounce => "a delivery report".into(),
            IgnoreReason::OwnMail => "the gateway's own mail, come back".into(),
            IgnoreReason::DuplicateOf(message) => format!("the same message is already here as {message}"),
            IgnoreReason::Empty => "nothing in it, and nobody to ask".into(),
            IgnoreReason::Operator => "dropped by an operator".into(),
        }
    }
}
