/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// The endpoint's name, by which faults and counts refer to it.
    pub(super) endpoint: &'static str,
    /// Its path in GitHub's API description.
    pub(super) template: &'static str,
    /// The repository as the request names it: `owner/name`, or its number after a rename.
    pub(super) place: Place,
    /// Of an advisory; of an issue, its number.
    pub(super) ghsa_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Nowhere,
    Name(String),
    Number(u64),
}

const ROOT: &str = "/repos/{owner}/{repo}";

/// The endpoint behind a method and a path.
pub(super) fn way(method: &str, path: &str) -> Option<Way> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    if let ["app", "installations", _, "access_tokens"] = parts[..] {
        let template = "/app/installations/{installation_id}/access_tokens";
        return (method == "POST").then_some(Way { endpoint: "token", template, place: Place::Nowhere, ghsa_id: None });
    }
    let (place, rest) = match &parts[..] {
        ["repos", owner, name, rest @ ..] => (Place::Name(format!("{owner}/{name}")), rest),
        ["repositories", number, rest @ ..] => (Place::Number(number.parse().ok()?), rest),
        _ => return None,
    };
    let (endpoint, template, ghsa_id) = match (method, rest) {
        ("GET", []) => ("repository", ROOT, None),
        ("GET", ["installation"]) => ("installation", "/repos/{owner}/{repo}/installation", None),
        ("GET", ["private-vulnerability-reporting"]) => {
            ("reporting", "/repos/{owner}/{repo}/private-vulnerability-reporting", None)
        }
        ("GET", ["releases"]) => ("releases", "/repos/{owner}/{repo}/releases", None),
        ("GET", ["releases", "latest"]) => ("latest", "/repos/{owner}/{repo}/releases/latest", None),
        ("GET", ["issues", number]) => {
            ("issue", "/repos/{owner}/{repo}/issues/{issue_number}", Some((*number).to_owned()))
        }
        ("POST", ["security-advisories", "reports"]) => {
            ("report", "/repos/{owner}/{repo}/security-advisories/reports", None)
        }
        ("POST", ["security-advisories"]) => ("create", "/repos/{owner}/{repo}/security-advisories", None),
        ("GET", ["security-advisories"]) => ("list", "/repos/{owner}/{repo}/security-advisories", None),
        ("GET" | "PATCH", ["security-advisories", id]) => (
            if method == "GET" { "get" } else { "update" },
            "/repos/{owner}/{repo}/security-advisories/{ghsa_id}",
            Some((*id).to_owned()),
        ),
        ("GET" | "POST", ["security-advisories", id, "comments"]) => (
            if method == "GET" { "comments" } else { "comment" },
            "/repos/{owner}/{repo}/security-advisories/{ghsa_id}/comments",
            Some((*id).to_owned()),
        ),
        _ => return None,
    };
    Some(Way { endpoint, template, place, ghsa_id })
}
