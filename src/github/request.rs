use std::borrow::Cow;

use serde::Serialize;

use super::answer::{FieldProblem, Problem};
use crate::model::{AdvisoryDraft, AdvisorySeverity, Ecosystem, Severity, Vulnerability};
use crate::ports::FilingError;

/// How far into a description the status block can reach, in characters: markers are looked for up to here only.
const STATUS_BLOCK: usize = 2_000;
/// Longest heading of a report template that is believed, in characters.
const MAX_HEADING: usize = 200;

/// The body that files an advisory, on either way. It has the keys that both ways know, and `credits`, which is the
/// draft way's alone.
#[derive(Serialize, Clone)]
pub(super) struct Request<'a> {
    summary: &'a str,
    description: Cow<'a, str>,
    vulnerabilities: Vec<Product<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    cwe_ids: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cvss_vector_string: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credits: Vec<Credit<'a>>,
}

#[derive(Serialize, Clone)]
struct Product<'a> {
    package: Name<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vulnerable_version_range: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patched_versions: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    vulnerable_functions: &'a [String],
}

#[derive(Serialize, Clone)]
struct Name<'a> {
    ecosystem: Ecosystem,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize, Clone)]
struct Credit<'a> {
    login: &'a str,
    r#type: &'static str,
}

impl<'a> Request<'a> {
    /// The body for `draft`, which is held to GitHub's limits first.
    pub(super) fn of(draft: &'a AdvisoryDraft) -> Result<Self, FilingError> {
        check(draft).map_err(|why| FilingError::Refused(format!("the draft is not what GitHub takes: {why}")))?;
        let (severity, cvss_vector_string) = match &draft.severity {
            AdvisorySeverity::NotStated => (None, None),
            AdvisorySeverity::Words(word) => (Some(*word), None),
            AdvisorySeverity::Vector(vector) => (None, Some(vector.as_str())),
        };
        Ok(Request {
            summary: draft.summary.expose(),
            description: Cow::Borrowed(draft.description.expose()),
            vulnerabilities: draft.vulnerabilities.iter().map(product).collect(),
            cwe_ids: &draft.cwe_ids,
            severity,
            cvss_vector_string,
            credits: draft.credits.iter().map(|login| Credit { login, r#type: "reporter" }).collect(),
        })
    }

    /// The same for the report way, which refuses `credits`.
    pub(super) fn without_credits(mut self) -> Self {
        self.credits = Vec::new();
        self
    }

    /// The body that may pass after a refusal that names fields; `None` when nothing can be done about it.
    ///
    /// Sections that the repository's report template asks for are added, saying that the report has none. Fields that
    /// only repeat what the text says are left out. A required tick is nobody's to set but the reporter's.
    pub(super) fn mended(&self, problem: &Problem) -> Option<Self> {
        let fields = problem.fields();
        if fields.iter().any(|field| field.code == "unchecked_required_option") {
            return None;
        }
        let mut mended = self.clone();
        let mut changed = false;
        for field in fields.iter().filter(|field| field.code == "missing_section") {
            mended.add_section(&heading(field)?)?;
            changed = true;
        }
        for name in ["credits", "cwe_ids", "cvss_vector_string", "severity", "vulnerabilities"] {
            let named = |field: &FieldProblem| field.field.contains(name) || field.message.contains(name);
            if fields.iter().any(named) || fields.is_empty() && problem.message.contains(name) {
                changed |= mended.leave_out(name);
            }
        }
        changed.then_some(mended)
    }

    /// Returns whether there was anything to leave out.
    fn leave_out(&mut self, name: &str) -> bool {
        match name {
            "credits" => !std::mem::take(&mut self.credits).is_empty(),
            "cwe_ids" => !std::mem::take(&mut self.cwe_ids).is_empty(),
            "cvss_vector_string" => self.cvss_vector_string.take().is_some(),
            "severity" => self.severity.take().is_some(),
            _ => !std::mem::take(&mut self.vulnerabilities).is_empty(),
        }
    }

    fn add_section(&mut self, heading: &str) -> Option<()> {
        let longer = format!("{}\n\n### {heading}\n\nNot stated in the report.", self.description);
        (longer.chars().count() <= AdvisoryDraft::MAX_DESCRIPTION).then(|| self.description = Cow::Owned(longer))
    }
}

/// Whether `text` carries `marker` where the gateway's status block stands, and not merely somewhere.
pub(super) fn status_block_has(text: &str, marker: &str) -> bool {
    let end = text.char_indices().nth(STATUS_BLOCK).map_or(text.len(), |(at, _)| at);
    text.get(..end).is_some_and(|head| head.contains(marker))
}

/// The template's heading that a refusal names: one line, and no heading's mark of its own.
fn heading(field: &FieldProblem) -> Option<String> {
    let value = field.value.as_ref().and_then(|value| value.as_str());
    let plain = |text: &&str| !matches!(*text, "" | "description" | "body");
    let name = Some(field.field.as_str()).filter(plain).or(value.filter(plain))?;
    let name = name.trim().trim_start_matches('#').trim();
    let good = !name.is_empty() && name.chars().count() <= MAX_HEADING && !name.chars().any(char::is_control);
    good.then(|| name.to_owned())
}

fn product(vulnerability: &Vulnerability) -> Product<'_> {
    let package = &vulnerability.package;
    Product {
        package: Name {
            ecosystem: package.ecosystem,
            name: Some(package.name.as_str()).filter(|name| !name.is_empty()),
        },
        vulnerable_version_range: package.affected.as_deref(),
        patched_versions: package.patched.as_deref(),
        vulnerable_functions: &vulnerability.functions,
    }
}

/// Holds a draft to GitHub's limits; what is wrong, in words that do not quote it.
fn check(draft: &AdvisoryDraft) -> Result<(), &'static str> {
    let within = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
    if !within(draft.summary.expose(), AdvisoryDraft::MAX_SUMMARY) {
        return Err("the summary must have 1 to 1,024 characters");
    }
    if !within(draft.description.expose(), AdvisoryDraft::MAX_DESCRIPTION) {
        return Err("the description must have 1 to 65,535 characters");
    }
    if draft.continued.iter().any(|part| !within(part.expose(), AdvisoryDraft::MAX_DESCRIPTION)) {
        return Err("a continuation must have 1 to 65,535 characters");
    }
    if !status_block_has(draft.description.expose(), draft.marker.as_str()) {
        return Err("its status block lacks the marker");
    }
    if draft.cwe_ids.iter().any(|id| !is_cwe(id)) {
        return Err("a CWE id must be CWE- and a number");
    }
    if let AdvisorySeverity::Vector(vector) = &draft.severity
        && !is_vector(vector)
    {
        return Err("a CVSS vector must be of version 3.0, 3.1 or 4.0");
    }
    if draft.credits.iter().any(|login| !is_login(login)) {
        return Err("a credit must be a GitHub login");
    }
    Ok(())
}

fn is_cwe(text: &str) -> bool {
    let number = |digits: &str| matches!(digits.len(), 1..=6) && digits.bytes().all(|b| b.is_ascii_digit());
    text.strip_prefix("CWE-").is_some_and(number)
}

fn is_vector(text: &str) -> bool {
    let rest = ["CVSS:3.0/", "CVSS:3.1/", "CVSS:4.0/"].iter().find_map(|version| text.strip_prefix(version));
    rest.is_some_and(|r| r.len() <= 512 && r.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b':')))
}

fn is_login(text: &str) -> bool {
    matches!(text.len(), 1..=39)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Marker;

    fn draft(change: impl FnOnce(&mut AdvisoryDraft)) -> AdvisoryDraft {
        let marker = Marker::from_random([3; 16]);
        let mut draft = AdvisoryDraft {
            summary: String::from("s").into(),
            description: format!("> {}\n\ntext", marker.as_str()).into(),
            continued: vec![],
            vulnerabilities: vec![],
            severity: AdvisorySeverity::NotStated,
            cwe_ids: vec!["CWE-79".into()],
            credits: vec!["erin-t".into()],
            marker,
            similar: vec![],
        };
        change(&mut draft);
        draft
    }

    #[test]
    fn a_draft_is_held_to_githubs_limits() {
        let long = |n: usize| format!("{}{}", Marker::from_random([3; 16]).as_str(), "ü".repeat(n - 39));
        let cases: Vec<(&str, AdvisoryDraft, bool)> = vec![
            ("plain", draft(|_| ()), true),
            ("summary at the limit", draft(|d| d.summary = "ü".repeat(1_024).into()), true),
            ("summary over it", draft(|d| d.summary = "ü".repeat(1_025).into()), false),
            ("no summary", draft(|d| d.summary = String::new().into()), false),
            ("description at the limit", draft(|d| d.description = long(65_535).into()), true),
            ("description over it", draft(|d| d.description = long(65_536).into()), false),
            ("marker missing", draft(|d| d.description = String::from("x").into()), false),
            (
                "marker too deep",
                draft(|d| d.description = format!("{}{}", "x".repeat(2_000), d.marker.as_str()).into()),
                false,
            ),
            ("no CWE", draft(|d| d.cwe_ids = vec!["cwe-79".into()]), false),
            ("words for a vector", draft(|d| d.severity = AdvisorySeverity::Vector("high".into())), false),
            ("a vector", draft(|d| d.severity = AdvisorySeverity::Vector("CVSS:3.1/AV:N/AC:L".into())), true),
            ("no login", draft(|d| d.credits = vec!["a b".into()]), false),
            ("empty continuation", draft(|d| d.continued = vec![String::new().into()]), false),
        ];
        for (name, draft, good) in cases {
            assert_eq!(Request::of(&draft).is_ok(), good, "{name}");
        }
    }

    #[test]
    fn a_refusal_is_mended_only_where_nothing_is_said_that_the_reporter_did_not_say() {
        let cases = [
            (r#"{"errors":[{"field":"Impact","code":"missing_section"}]}"#, Some("### Impact\n\nNot stated")),
            (
                r####"{"errors":[{"field":"description","value":"## PoC","code":"missing_section"}]}"####,
                Some("### PoC\n\nNot stated"),
            ),
            (r#"{"errors":[{"field":"a\nb","code":"missing_section"}]}"#, None),
            (r#"{"errors":[{"field":"Terms","code":"unchecked_required_option"}]}"#, None),
            (
                r#"{"errors":[{"field":"Impact","code":"missing_section"},{"field":"Terms","code":"unchecked_required_option"}]}"#,
                None,
            ),
            (r#"{"errors":[{"field":"cwe_ids","code":"invalid"}]}"#, Some(r#""credits":[{"login":"erin-t""#)),
            (r#"{"errors":[{"field":"credits","code":"invalid"}]}"#, Some(r#""cwe_ids":["CWE-79"]}"#)),
            (r#"{"message":"Invalid request: cwe_ids/0 is no CWE"}"#, Some("credits")),
            (r#"{"errors":[{"field":"severity","code":"invalid"}]}"#, None),
            (r#"{"errors":[{"field":"summary","code":"invalid"}]}"#, None),
            ("{}", None),
        ];
        let draft = draft(|_| ());
        let request = Request::of(&draft).unwrap();
        for (answer, expected) in cases {
            let mended = request.mended(&serde_json::from_str(answer).unwrap());
            let body = mended.map(|request| serde_json::to_string(&request).unwrap().replace("\\n", "\n"));
            match (&body, expected) {
                (None, None) => {}
                (Some(body), Some(part)) => assert!(body.contains(part), "{answer}: {body}"),
                _ => panic!("{answer}: {body:?}"),
            }
        }
    }
}
