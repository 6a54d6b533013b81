use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{CaseId, GhsaId, InvalidId, MessageFacts, Online, Package, Repository, Secret, Severity, Similar, Verdict};

/// What the gateway writes into GitHub for a message (stage 6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Draft {
    /// A new advisory.
    Advisory(AdvisoryDraft),
    /// An addition to one that exists.
    Comment(CommentDraft),
}

/// What stage 6 needs besides the message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DraftOrder {
    pub case: CaseId,
    /// What was found about the sender when it was judged: it stands, whatever could be found out by now.
    pub facts: MessageFacts,
    pub verdict: Verdict,
    pub marker: Marker,
    /// Where it goes, which is not where the verdict says after a refusal.
    pub destination: Repository,
    /// The repository that should have taken it, and why it did not.
    pub refused: Option<(Repository, String)>,
    /// An addition to the case's advisory and not a new one.
    pub comment: bool,
    /// Cases and messages of other senders that hold the same ciphertext.
    pub same_ciphertext: Vec<String>,
    /// The advisories that other repositories have of the same report, or will have.
    pub others: Others,
    /// What GitHub said about releases and other advisories; `None`: it was not asked.
    pub online: Option<Online>,
}

/// A private advisory as it will be filed, within GitHub's limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdvisoryDraft {
    /// The title; at most [`AdvisoryDraft::MAX_SUMMARY`] characters.
    pub summary: Secret<String>,
    /// Markdown, beginning with the gateway's status block; at most [`AdvisoryDraft::MAX_DESCRIPTION`] characters.
    pub description: Secret<String>,
    /// What did not fit into the description: comments to add in this order.
    pub continued: Vec<Secret<String>>,
    pub vulnerabilities: Vec<Vulnerability>,
    pub severity: AdvisorySeverity,
    pub cwe_ids: Vec<String>,
    /// GitHub logins to credit; only the draft endpoint takes them.
    pub credits: Vec<String>,
    pub marker: Marker,
    /// Other advisories that may be about the same; the description names them, too.
    pub similar: Vec<Similar>,
}

impl AdvisoryDraft {
    /// Longest summary GitHub takes, in characters (REST API, "Privately report a security vulnerability").
    pub const MAX_SUMMARY: usize = 1_024;
    /// Longest description GitHub takes, in characters (same page).
    pub const MAX_DESCRIPTION: usize = 65_535;
}

/// GitHub takes a severity in words or a CVSS vector, never both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AdvisorySeverity {
    NotStated,
    Words(Severity),
    Vector(String),
}

/// One affected product of an advisory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vulnerability {
    pub package: Package,
    /// Functions named as vulnerable.
    pub functions: Vec<String>,
}

/// An addition to an advisory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommentDraft {
    /// Markdown, beginning with the status block; within the same limit as a description.
    pub body: Secret<String>,
    /// What did not fit: comments to add after it in this order, each with the marker at its beginning.
    pub continued: Vec<Secret<String>>,
    pub marker: Marker,
}

impl CommentDraft {
    /// Every comment of it, in order.
    pub fn parts(&self) -> impl Iterator<Item = &Secret<String>> {
        std::iter::once(&self.body).chain(&self.continued)
    }
}

/// An unguessable word in the status block of what the gateway files, by which a retry finds what an earlier attempt
/// left behind. No mail can contain it in advance, so nobody can make a report look filed.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Marker(String);

impl Marker {
    /// A marker from 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Marker(format!("intake-{}", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()))
    }

    /// As it stands in the description.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Marker {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.strip_prefix("intake-")
            .filter(|hex| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .map(|_| Marker(text.to_owned()))
            .ok_or(InvalidId::new("marker", "intake- and 32 hexadecimal digits"))
    }
}

impl TryFrom<String> for Marker {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<Marker> for String {
    fn from(marker: Marker) -> String {
        marker.0
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An advisory that exists (stage 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    pub repository: Repository,
    pub ghsa_id: GhsaId,
    /// Its page, which only people with access can open.
    pub url: String,
}

/// The repositories besides the first that get an advisory of their own for one report, and what has come of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Others {
    /// The case's advisory, once it is filed and others are to follow; nothing else is asked before.
    pub first: Option<Filed>,
    /// Those that have none yet, in the order in which they are asked.
    pub left: Vec<Repository>,
    /// What was filed after the first.
    pub filed: Vec<Filed>,
    /// Those that did not take it, or not all of it, and why.
    pub refused: Vec<(Repository, String)>,
}

impl Others {
    /// Most repositories besides the first: a mail that names every repository there is must not fill them all.
    pub const MOST: usize = 4;

    /// Those of `also` that are asked besides `first`.
    pub fn of(also: &[Repository], first: &Repository) -> Others {
        let left = also.iter().filter(|other| *other != first).take(Self::MOST).cloned().collect();
        Others { left, ..Others::default() }
    }

    /// Whether there is nothing to tell of.
    pub fn is_none(&self) -> bool {
        *self == Others::default()
    }
}

/// A follow-up that reached its advisory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commented {
    pub advisory: Filed,
    pub how: CommentedAs,
}

/// The way a follow-up took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommentedAs {
    Comment,
    /// Appended to the description, where comments are off.
    Description,
}
