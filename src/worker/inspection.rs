use serde::{Deserialize, Serialize};
use time::Date;

use crate::model::{
    Action, Address, AttachmentSummary, Authentication, CaseId, Confidence, ContentDigest, CvssVector, Disclosure,
    Encryption, EncryptionFormat, Evidence, Fingerprint, Kind, MailId, OpenedMessage, Package, Report, Repository,
    Secret, Severity, SignatureStatus, Unreadable, Verdict,
};

/// Everything about a message, for the person who holds the key: one line of `inspect --format json`.
///
/// The fields and their names are a contract with scripts; all are always there, but for `text`, which is only there when
/// it was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// As it was named on the command line; filled by who asked.
    pub file: String,
    pub message_id: Option<MailId>,
    /// The protected one where there is one.
    pub subject: Secret<String>,
    pub sender: InspectedSender,
    /// Who forwarded the mail of somebody else.
    pub forwarded_by: Option<Forwarder>,
    pub encryption: Encryption,
    pub encryption_format: Option<EncryptionFormat>,
    pub decryption_key: Option<Fingerprint>,
    pub failure: Option<Unreadable>,
    pub signature: SignatureStatus,
    pub signer: Option<Fingerprint>,
    pub kind: Kind,
    pub disclosure: Option<Disclosure>,
    pub repository: Option<Repository>,
    pub also: Vec<Repository>,
    pub case: Option<CaseId>,
    pub confidence: Confidence,
    pub evidence: Vec<Evidence>,
    /// `None` for what reports nothing.
    pub report: Option<InspectedReport>,
    /// What the gateway would do; filled by who knows the plan.
    pub actions: Vec<Action>,
    /// What a reader would see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Secret<String>>,
}

/// Who wrote the mail: of a forwarded one, who forwarded it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectedSender {
    /// In full: this is for a terminal and no log.
    pub address: Option<Address>,
    pub authenticated: Authentication,
}

/// Who forwarded a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarder {
    pub address: Option<Address>,
}

/// What the message says about a vulnerability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InspectedReport {
    pub summary: Secret<String>,
    pub packages: Vec<Package>,
    pub severity: Option<Severity>,
    pub cvss: Vec<InspectedVector>,
    pub cwe: Vec<String>,
    /// `2026-12-24`.
    #[serde(with = "iso_day::option")]
    pub deadline: Option<Date>,
    pub references: Vec<Secret<String>>,
    pub github_login: Option<String>,
    pub attachments: Vec<InspectedAttachment>,
}

/// A CVSS vector as stated; without a score where it does not parse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InspectedVector {
    pub vector: String,
    /// Computed from the vector.
    pub score: Option<f32>,
}

impl InspectedVector {
    fn of(stated: &CvssVector) -> Self {
        InspectedVector { vector: stated.vector.clone(), score: stated.score }
    }
}

/// A file that came with the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectedAttachment {
    pub name: Secret<String>,
    pub media_type: String,
    pub bytes: u64,
    /// In lower-case hexadecimal.
    pub sha256: String,
}

time::serde::format_description!(iso_day, Date, "[year]-[month]-[day]");

impl Inspection {
    /// What `opened` turned out to be. `file` and `actions` are left empty.
    pub fn of(opened: &OpenedMessage, report: &Report, verdict: &Verdict, show_text: bool) -> Self {
        let address = opened.sender.address.clone();
        Inspection {
            file: String::new(),
            message_id: opened.headers.message_id.clone(),
            subject: opened.subject.clone(),
            sender: InspectedSender { address: address.clone(), authenticated: opened.sender.authenticated },
            forwarded_by: opened.forwarded.as_ref().map(|_| Forwarder { address }),
            encryption: opened.encryption,
            encryption_format: opened.format,
            decryption_key: opened.decryption_key.clone(),
            failure: opened.failure,
            signature: opened.signature.status,
            signer: opened.signature.signer.clone(),
            kind: verdict.kind,
            disclosure: verdict.disclosure,
            repository: verdict.destination.clone(),
            also: verdict.also.clone(),
            case: verdict.case.clone(),
            confidence: verdict.confidence,
            evidence: verdict.evidence.clone(),
            report: reports_something(verdict.kind).then(|| InspectedReport::of(report)),
            actions: Vec::new(),
            text: show_text.then(|| readable(report)),
        }
    }

    /// What is said about a mail that cost a worker its life.
    pub fn of_a_killer() -> Self {
        Inspection {
            file: String::new(),
            message_id: None,
            subject: Secret::default(),
            sender: InspectedSender { address: None, authenticated: Authentication::None },
            forwarded_by: None,
            encryption: Encryption::None,
            encryption_format: None,
            decryption_key: None,
            failure: Some(Unreadable::Malformed),
            signature: SignatureStatus::None,
            signer: None,
            kind: Kind::Unreadable,
            disclosure: None,
            repository: None,
            also: Vec::new(),
            case: None,
            confidence: Confidence::default(),
            evidence: Vec::new(),
            report: None,
            actions: Vec::new(),
            text: None,
        }
    }
}

impl InspectedReport {
    fn of(report: &Report) -> Self {
        InspectedReport {
            summary: report.summary.clone(),
            packages: report.packages.clone(),
            severity: report.severity,
            cvss: report.cvss.iter().map(InspectedVector::of).collect(),
            cwe: report.cwe.clone(),
            deadline: report.deadline,
            references: report.references.clone(),
            github_login: report.github_login.clone(),
            attachments: report.attachments.iter().map(InspectedAttachment::of).collect(),
        }
    }
}

impl InspectedAttachment {
    fn of(attachment: &AttachmentSummary) -> Self {
        InspectedAttachment {
            name: attachment.name.clone(),
            media_type: attachment.media_type.clone(),
            bytes: attachment.bytes,
            sha256: ContentDigest::hex(&attachment.sha256),
        }
    }
}

/// Kinds whose text is about a finding.
fn reports_something(kind: Kind) -> bool {
    matches!(kind, Kind::Report | Kind::FollowUp | Kind::NotAVulnerability | Kind::WrongProject)
}

/// What was protected and, apart from it, what was not.
fn readable(report: &Report) -> Secret<String> {
    match &report.clear_text {
        Some(clear) => Secret::new(format!("{}\n\n[outside the encryption]\n{}", report.text.expose(), clear.expose())),
        None => report.text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_contract_is_there_even_for_a_mail_that_killed_its_worker() {
        let line = serde_json::to_value(Inspection::of_a_killer()).unwrap();
        let mut fields: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        let mut contract = [
            "file",
            "message_id",
            "subject",
            "sender",
            "forwarded_by",
            "encryption",
            "encryption_format",
            "decryption_key",
            "failure",
            "signature",
            "signer",
            "kind",
            "disclosure",
            "repository",
            "also",
            "case",
            "confidence",
            "evidence",
            "report",
            "actions",
        ];
        contract.sort_unstable();
        assert_eq!(fields, contract);
        assert_eq!(line["failure"], "malformed");
        assert_eq!(line["forwarded_by"], serde_json::Value::Null);
    }

    #[test]
    fn a_report_has_every_field_of_the_contract_and_comes_back_the_same() {
        let report = InspectedReport::of(&Report {
            deadline: Date::from_calendar_date(2026, time::Month::December, 24).ok(),
            cvss: vec![CvssVector { vector: "CVSS:3.1/AV:N".into(), score: Some(9.8), stated: None }],
            attachments: vec![AttachmentSummary {
                name: Secret::new("poc.py".into()),
                media_type: "text/x-python".into(),
                bytes: 3,
                sha256: ContentDigest::of(b"abc"),
            }],
            ..Report::default()
        });
        let line = serde_json::to_value(&report).unwrap();
        let mut fields: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        let contract =
            ["attachments", "cvss", "cwe", "deadline", "github_login", "packages", "references", "severity", "summary"];
        assert_eq!(fields, contract);
        assert_eq!(line["deadline"], "2026-12-24");
        assert!(line["attachments"][0]["sha256"].as_str().unwrap().starts_with("ba7816bf"));
        assert_eq!(serde_json::from_value::<InspectedReport>(line).unwrap(), report);
    }
}
