use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Address, Fingerprint, Repository};

/// Bounds that are checked before memory or time is spent on hostile mail. Sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Largest message that is fetched.
    pub message_size: u64,
    /// Most bytes that may come out of all ciphertext of one message, compression included.
    pub decrypted_size: u64,
    /// How many times larger than a ciphertext what comes out of it may be. The first MiB is never too much.
    pub compression_ratio: u64,
    /// OpenPGP packets in one ciphertext, those inside included.
    pub packets: usize,
    /// Levels of MIME nesting, forwarded messages included.
    pub mime_depth: usize,
    /// MIME parts in a message.
    pub mime_parts: usize,
    /// Header fields in one header section.
    pub header_count: usize,
    /// Length of one header section.
    pub header_size: usize,
    /// How much of one header field is read; the rest of it is passed over.
    pub header_field: usize,
    /// Recipients (PKESK packets) that are tried with our keys.
    pub recipients: usize,
    /// Signatures that are checked.
    pub signatures: usize,
    /// Pieces of ciphertext in one message that are opened.
    pub ciphertexts: usize,
    /// Attachments that are passed on; with more, a person looks at the mail.
    pub attachments: usize,
    /// Seconds that a worker may spend on one message.
    pub seconds: u64,
    /// Most memory of one worker, in bytes; `None`: derived from the sizes above.
    pub memory: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            message_size: 32 << 20,
            decrypted_size: 32 << 20,
            compression_ratio: 200,
            packets: 10_000,
            mime_depth: 32,
            mime_parts: 500,
            header_count: 1_000,
            header_size: 256 << 10,
            header_field: 64 << 10,
            recipients: 256,
            signatures: 32,
            ciphertexts: 16,
            attachments: 200,
            seconds: 30,
            memory: None,
        }
    }
}

/// Who the gateway is, in mail and in advisories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The project, as people call it: `OpenTelemetry`.
    pub project: String,
    /// `From` of everything the gateway sends; its certificate carries it.
    pub address: Address,
    /// Display name for [`Identity::address`].
    pub name: String,
    /// All addresses at which reports arrive; mail from them is our own.
    pub aliases: Vec<Address>,
    /// Beginning of every case's name: `OTEL-SEC`.
    pub case_prefix: String,
    /// Right side of the Message-IDs that the gateway makes.
    pub message_id_domain: String,
    /// The published security policy.
    pub policy_url: String,
    /// Where the gateway's certificate can be fetched; shown in the encryption instructions.
    pub certificate_url: Option<String>,
    /// Account or organisation whose repositories count as the project's.
    pub github_owner: String,
    /// Where reports go that match no repository.
    pub fallback_repository: Repository,
    /// Whether advisories show the reporter's address.
    pub show_reporter: bool,
}

/// Which of GitHub's two ways an advisory takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilingWay {
    /// As a private vulnerability report, state `triage`: what the *Report a vulnerability* button does.
    Report,
    /// As a draft advisory: needs more rights, takes credits.
    Draft,
}

/// Where a report of several findings is filed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Multi {
    /// In the repository that it concerns most; its advisory names the others.
    #[default]
    Primary,
    /// In each of them, the first one and [`Others::MOST`](super::Others::MOST) more at most.
    Each,
}

/// Where finished messages are moved in a mailbox: names of folders beside or below it, created when missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FolderNames {
    /// Filed, commented or answered.
    pub processed: String,
    /// Waiting for a person.
    pub held: String,
    /// Nothing to do.
    pub ignored: String,
}

impl Default for FolderNames {
    fn default() -> Self {
        FolderNames { processed: "Processed".into(), held: "Held".into(), ignored: "Ignored".into() }
    }
}

/// What may show who sent a message, besides its OpenPGP signature.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderRules {
    /// DKIM signatures are verified, with keys that the daemon looks up in the DNS.
    pub dkim: bool,
    /// The name under which the mail server of the mailbox writes `Authentication-Results` (RFC 8601 2.5), in lower case.
    /// `None`: such fields are never believed.
    pub authserv_id: Option<String>,
    /// How many `Received` fields the operator's own servers put above that field.
    pub authserv_received: u32,
}

/// What a worker process is started with. It reads these files itself, so that the daemon never holds a secret key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerSettings {
    pub identity: Identity,
    pub limits: Limits,
    pub sender: SenderRules,
    /// Files, or folders of files, with the gateway's secret keys, armored or binary. The first usable certificate signs
    /// and is sent out; all of them open mail, expired and retired ones too.
    pub secret_keys: Vec<PathBuf>,
    /// Files with passwords of secret keys: each line is tried.
    pub key_passwords: Vec<PathBuf>,
    /// Files, or folders of files, with the certificates of the team: each gets alerts.
    pub team_certificates: Vec<PathBuf>,
    /// Members of the team without a certificate: they get the link and nothing else.
    pub team_addresses: Vec<Address>,
    /// Files, or folders of files, with certificates that are known besides: they verify signatures.
    pub known_certificates: Vec<PathBuf>,
    /// A folder whose files replace built-in templates of the same name.
    pub templates: Option<PathBuf>,
    /// The routing table; `None` is the built-in one.
    pub routing: Option<PathBuf>,
}

/// With what mail is opened: a message that stays shut is worth another look once this has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// The program's version.
    pub version: String,
    /// The keys that can open mail, sorted.
    pub keys: Vec<Fingerprint>,
}
