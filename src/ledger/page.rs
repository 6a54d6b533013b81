use std::fmt::Write;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::model::{AdvisoryDraft, AdvisorySeverity, CommentDraft, GhsaId, InvalidId, Marker};

/// The letters of which GHSA ids are made (GitHub Advisory Database, "About GHSA IDs").
const LETTERS: &[u8; 20] = b"23456789cfghjmpqrvwx";

/// An id in GitHub's form that belongs to `marker`, always the same.
pub(super) fn id_of(marker: &Marker) -> Result<GhsaId, InvalidId> {
    let digest = Sha256::digest(marker.as_str().as_bytes());
    let mut id = String::from("GHSA");
    for (at, byte) in digest.iter().take(12).enumerate() {
        if at % 4 == 0 {
            id.push('-');
        }
        id.extend(LETTERS.get(usize::from(*byte) % LETTERS.len()).map(|letter| char::from(*letter)));
    }
    id.parse()
}

/// The file of a new advisory: front matter whose values are quoted as JSON (which YAML reads), so that no text from a
/// mail can add a line to it; then the description, and what did not fit into GitHub's limit.
pub(super) fn advisory(draft: &AdvisoryDraft) -> String {
    let mut page = String::from("---\n");
    field(&mut page, "marker", &draft.marker);
    field(&mut page, "summary", &draft.summary);
    match &draft.severity {
        AdvisorySeverity::NotStated => {}
        AdvisorySeverity::Words(word) => field(&mut page, "severity", word),
        AdvisorySeverity::Vector(vector) => field(&mut page, "cvss", vector),
    }
    field(&mut page, "cwe", &draft.cwe_ids);
    field(&mut page, "credits", &draft.credits);
    field(&mut page, "vulnerabilities", &draft.vulnerabilities);
    page.push_str("---\n\n");
    page.push_str(draft.description.expose());
    for part in &draft.continued {
        page.push_str("\n\n");
        page.push_str(part.expose());
    }
    page.push('\n');
    page
}

/// Whether the front matter names this marker.
pub(super) fn is_about(page: &str, marker: &Marker) -> bool {
    let line = format!("marker: \"{}\"", marker.as_str());
    page.strip_prefix("---\n").is_some_and(|rest| rest.lines().take_while(|l| *l != "---").any(|l| l == line))
}

/// Whether the comment with this marker is in the file.
pub(super) fn has_comment(page: &str, marker: &Marker) -> bool {
    let line = comment_line(marker);
    page.lines().any(|l| l == line)
}

/// The file with one comment more.
pub(super) fn with_comment(page: &str, draft: &CommentDraft) -> String {
    let parts: Vec<&str> = draft.parts().map(|part| part.expose().as_str()).collect();
    format!("{page}\n---\n\n{}\n\n{}\n", comment_line(&draft.marker), parts.join("\n\n"))
}

/// The line above a comment; nobody can write it in advance, because nobody can guess a marker.
fn comment_line(marker: &Marker) -> String {
    format!("<!-- comment {} -->", marker.as_str())
}

fn field(page: &mut String, name: &str, value: &impl Serialize) {
    // These types always serialise, and writing to a string does not fail.
    if let Ok(json) = serde_json::to_string(value) {
        let _ = writeln!(page, "{name}: {json}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ecosystem, Package, Severity, Vulnerability};

    fn draft() -> AdvisoryDraft {
        AdvisoryDraft {
            summary: String::from("Overflow\n---\nmarker: \"intake-00\"").into(),
            description: String::from("> intake-0102\n\ntext").into(),
            continued: vec![String::from("the rest").into()],
            vulnerabilities: vec![Vulnerability {
                package: Package {
                    ecosystem: Ecosystem::Go,
                    name: "go.opentelemetry.io/otel".into(),
                    affected: Some("< 1.2".into()),
                    patched: None,
                },
                functions: vec![],
            }],
            severity: AdvisorySeverity::Words(Severity::High),
            cwe_ids: vec!["CWE-79".into()],
            credits: vec![],
            marker: Marker::from_random([7; 16]),
            similar: vec![],
        }
    }

    #[test]
    fn a_marker_always_gives_the_same_id_and_another_one_another() {
        let (one, other) = (Marker::from_random([1; 16]), Marker::from_random([2; 16]));
        assert_eq!(id_of(&one).unwrap(), id_of(&one).unwrap());
        assert_ne!(id_of(&one).unwrap(), id_of(&other).unwrap());
    }

    #[test]
    fn text_of_a_mail_cannot_add_to_the_front_matter() {
        let page = advisory(&draft());
        let head: Vec<&str> = page.lines().skip(1).take_while(|line| *line != "---").collect();
        let names: Vec<&str> = head.iter().filter_map(|line| line.split_once(": ")).map(|(name, _)| name).collect();
        assert_eq!(names, ["marker", "summary", "severity", "cwe", "credits", "vulnerabilities"], "{page}");
        assert!(is_about(&page, &draft().marker));
        assert!(!is_about(&page, &"intake-00000000000000000000000000000000".parse().unwrap()));
        assert!(page.ends_with("text\n\nthe rest\n"), "{page}");
    }

    #[test]
    fn a_comment_is_known_by_its_own_marker() {
        let comment = CommentDraft {
            body: String::from("more").into(),
            continued: vec![String::from("the rest").into()],
            marker: Marker::from_random([9; 16]),
        };
        let before = advisory(&draft());
        let after = with_comment(&before, &comment);
        assert!(!has_comment(&before, &comment.marker) && has_comment(&after, &comment.marker));
        assert!(after.starts_with(&before) && after.ends_with("\n\nmore\n\nthe rest\n"), "{after}");
        assert!(!has_comment(&after, &draft().marker));
    }
}
