use serde::{Deserialize, Serialize};

use super::{Kind, Verdict};

/// A report this likely is one, however few its words.
const SURE: f32 = 0.75;

/// What is odd about the shape of a mail, so that a person must look at the original. From its structure alone, and with no
/// text of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// It says twice, and differently, what it is made of, so that two programs show two mails.
    Ambiguous,
    /// Its only ciphertext is quoted from another mail: not the sender's own message, and not opened.
    QuotedCiphertext,
    /// Ciphertext stands where no reader sees it, in an attribute of HTML for instance, as in the Efail attacks.
    HiddenCiphertext,
    /// A container (winmail.dat) is damaged or claims lengths that cannot be: what is in it stays unseen.
    BrokenContainer,
    /// More files than the limit; the rest stays in the mailbox.
    TooManyFiles,
    /// Certificates came, and no word of what for.
    OnlyCertificates,
    /// No sender, and nothing to read.
    Blank,
    /// Another ciphertext beside the one that opened stayed shut.
    ShutPiece,
}

impl Doubt {
    /// Whether a mail that was judged so waits for a person because of it; otherwise people are told, and nothing waits.
    pub fn holds(self, verdict: &Verdict) -> bool {
        let kind = verdict.kind;
        match self {
            Doubt::ShutPiece => false,
            // A short report with its sender's certificate is a report.
            Doubt::OnlyCertificates => kind == Kind::Report && verdict.confidence.kind < SURE,
            Doubt::Blank => kind == Kind::Empty,
            _ => !matches!(kind, Kind::Spam | Kind::AutoReply | Kind::Bounce | Kind::Unreadable),
        }
    }

    /// One sentence for people.
    pub fn explain(self) -> &'static str {
        match self {
            Doubt::Ambiguous => {
                "its header says twice, and differently, what it is made of: programs may show different mails"
            }
            Doubt::QuotedCiphertext => "its only ciphertext is quoted from another mail, and was not opened",
            Doubt::HiddenCiphertext => {
                "it hides ciphertext where no reader sees it, as attacks do that want it decrypted"
            }
            Doubt::BrokenContainer => "its winmail.dat is damaged, and what is in there was not read",
            Doubt::TooManyFiles => "it has more files than the limit allows: the rest is only in the mailbox",
            Doubt::OnlyCertificates => "it brings certificates, and no word of what for",
            Doubt::Blank => "it names no sender, and there is nothing to read",
            Doubt::ShutPiece => "another encrypted piece of it stayed shut; it is passed on as a file",
        }
    }
}
