use serde::{Deserialize, Serialize};
use time::Date;

use super::{ContentDigest, LinkedIssue, Secret};

/// What a message says about a vulnerability (stage 4). Nothing is invented: what the mail does not state is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What an advisory about it is called: component, weakness, effect, as far as they are stated. One line, and short.
    pub title: Secret<String>,
    /// One line: the subject, or the first sentence.
    pub summary: Secret<String>,
    /// The reporter's words, in reading order: what came out of the ciphertext, or everything when nothing was encrypted.
    pub text: Secret<String>,
    /// Text that stood beside the ciphertext in the clear (Efail): kept, but never in one block with `text`.
    pub clear_text: Option<Secret<String>>,
    pub packages: Vec<Package>,
    /// The severity in words, as stated.
    pub severity: Option<Severity>,
    pub cvss: Vec<CvssVector>,
    /// `CWE-79` and so on, in order of mention.
    pub cwe: Vec<String>,
    /// `CVE-2026-1234` and so on, in order of mention.
    pub cve: Vec<String>,
    /// Those of them that the report says are this finding's; the others are only mentioned.
    pub own_cve: Vec<String>,
    /// Whether it asks that nothing is published for now.
    pub embargo: bool,
    /// The day after which the reporter means to publish.
    pub deadline: Option<Date>,
    /// Links, in order of mention, without duplicates.
    pub references: Vec<Secret<String>>,
    /// A GitHub login offered for credit.
    pub github_login: Option<String>,
    pub attachments: Vec<AttachmentSummary>,
    /// What GitHub said about linked issues, where it was asked.
    pub linked: Vec<LinkedIssue>,
}

/// A package that a report names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    pub ecosystem: Ecosystem,
    /// As its ecosystem writes it.
    pub name: String,
    /// Affected versions as stated, in GitHub's range grammar where it could be read.
    pub affected: Option<String>,
    /// The first fixed version, if stated.
    pub patched: Option<String>,
}

/// GitHub's advisory ecosystems (REST API, "Create a repository security advisory", `vulnerabilities[].package.ecosystem`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    Rubygems,
    Npm,
    Pip,
    Maven,
    Nuget,
    Composer,
    Go,
    Rust,
    Erlang,
    Actions,
    Pub,
    Other,
    Swift,
}

/// A severity in words (GitHub's four).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// A CVSS vector as stated, and what became of checking it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CvssVector {
    /// `CVSS:3.1/…` or `CVSS:4.0/…`.
    pub vector: String,
    /// The base score computed from the vector, 0.0 to 10.0; `None` for what begins as a vector and does not parse.
    pub score: Option<f32>,
    /// The score that the report states beside it.
    pub stated: Option<f32>,
}

impl CvssVector {
    /// The stated score, where the vector gives another one.
    pub fn disagreeing(&self) -> Option<f32> {
        // Both have one decimal.
        self.stated.filter(|stated| self.score.is_some_and(|score| (score - stated).abs() > 0.05))
    }
}

impl Eq for CvssVector {}

/// What an advisory tells about an attachment, whose content goes to people by encrypted mail only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentSummary {
    pub name: Secret<String>,
    pub media_type: String,
    pub bytes: u64,
    pub sha256: ContentDigest,
}
