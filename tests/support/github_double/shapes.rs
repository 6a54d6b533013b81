use serde_json::{Value, json};

/// An advisory as GitHub answers it, `value: null` for a missing CVE included, which GitHub's own schema forbids.
pub(super) fn advisory(base: &str, repository: &str, id: &str, state: &str, request: &Value, comments: bool) -> Value {
    let url = format!("{base}/repos/{repository}/security-advisories/{id}");
    let comments_url = if comments { json!(format!("{url}/comments")) } else { Value::Null };
    json!({
        "ghsa_id": id, "cve_id": null, "url": url,
        "html_url": format!("https://github.com/{repository}/security/advisories/{id}"),
        "summary": request["summary"], "description": request["description"], "severity": request["severity"],
        "author": null, "publisher": null,
        "identifiers": [{ "type": "GHSA", "value": id }, { "type": "CVE", "value": null }],
        "state": state, "created_at": "2026-11-22T10:00:00Z", "updated_at": "2026-11-22T10:00:00Z",
        "published_at": null, "closed_at": null, "withdrawn_at": null,
        "submission": if state == "triage" { json!({ "accepted": false }) } else { Value::Null },
        "vulnerabilities": request["vulnerabilities"],
        "cvss": { "vector_string": request["cvss_vector_string"], "score": null },
        "cvss_severities": { "cvss_v3": { "vector_string": null, "score": null }, "cvss_v4": null },
        "cwes": [], "cwe_ids": request["cwe_ids"], "credits": request["credits"], "credits_detailed": null,
        "collaborating_users": null, "collaborating_teams": null, "private_fork": null,
        "comments_url": comments_url,
    })
}

/// A comment as the preview answers it.
pub(super) fn comment(base: &str, repository: &str, id: &str, number: usize, body: &Value) -> Value {
    let advisory = format!("{base}/repos/{repository}/security-advisories/{id}");
    json!({
        "id": number, "node_id": format!("C_{number}"), "url": format!("{advisory}/comments/{number}"),
        "html_url": format!("https://github.com/{repository}/security/advisories/{id}#comment-{number}"),
        "body": body, "user": null, "created_at": "2026-11-22T10:00:00Z", "updated_at": "2026-11-22T10:00:00Z",
        "advisory_url": advisory, "author_association": "NONE",
    })
}

/// The `number`th id, in GitHub's letters.
pub(super) fn ghsa_id(number: u64) -> String {
    const LETTERS: &[u8; 20] = b"23456789cfghjmpqrvwx";
    let mut rest = number;
    let mut letters = String::new();
    for at in 0..12 {
        if at % 4 == 0 {
            letters.insert(0, '-');
        }
        letters.insert(0, char::from(LETTERS[(rest % 20) as usize]));
        rest /= 20;
    }
    format!("GHSA-{}", letters.trim_end_matches('-'))
}
