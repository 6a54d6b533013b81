use std::time::Duration;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use time::OffsetDateTime;

use super::client::{Reply, never_connected};
use crate::model::{Filed, GhsaId, Repository};
use crate::ports::FilingError;

/// What to wait when GitHub does not say ("Rate limits for the REST API": at least a minute).
const MINUTE: Duration = Duration::from_secs(60);
/// Longest wait that is believed; limits are reset every hour.
const LONGEST_WAIT: Duration = Duration::from_secs(2 * 60 * 60);

/// The parts of an advisory that are used. Everything else may be missing, `null`, or of a shape that no schema has.
#[derive(Deserialize)]
pub(super) struct Advisory {
    pub(super) ghsa_id: GhsaId,
    #[serde(default)]
    pub(super) html_url: Option<String>,
    #[serde(default)]
    pub(super) description: Option<String>,
    /// `Some(None)`: given as `null`, the sign that comments are off.
    #[serde(default, deserialize_with = "given")]
    pub(super) comments_url: Option<Option<String>>,
}

impl Advisory {
    /// As the rest of the program knows it. A page's address is taken only if it can be nothing else.
    pub(super) fn filed(&self, repository: &Repository) -> Filed {
        let plain = |url: &&String| url.starts_with("https://") && url.bytes().all(|b| b.is_ascii_graphic());
        let url = self.html_url.as_ref().filter(plain).cloned();
        let url =
            url.unwrap_or_else(|| format!("https://github.com/{repository}/security/advisories/{}", self.ghsa_id));
        Filed { repository: repository.clone(), ghsa_id: self.ghsa_id.clone(), url }
    }
}

/// A comment on an advisory.
#[derive(Deserialize)]
pub(super) struct Comment {
    #[serde(default)]
    pub(super) body: Option<String>,
}

/// An installation of the App.
#[derive(Deserialize)]
pub(super) struct Installation {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) permissions: std::collections::HashMap<String, String>,
    #[serde(default)]
    pub(super) suspended_at: Option<String>,
}

/// A refusal in words ("validation-error" and "basic-error" of the API description, read loosely).
#[derive(Default, Deserialize)]
pub(super) struct Problem {
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    errors: Vec<serde_json::Value>,
}

/// One field that was refused.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct FieldProblem {
    pub(super) field: String,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) value: Option<serde_json::Value>,
}

impl Problem {
    pub(super) fn of(reply: &Reply) -> Self {
        decode(reply).unwrap_or_default()
    }

    /// The fields, those that can be read.
    pub(super) fn fields(&self) -> Vec<FieldProblem> {
        self.errors.iter().filter_map(|error| FieldProblem::deserialize(error).ok()).collect()
    }

    fn says(&self, words: &str) -> bool {
        self.message.to_ascii_lowercase().contains(words)
    }

    /// The refused fields and why, in words that cannot be the report's: GitHub quotes values, this does not.
    pub(super) fn names(&self) -> String {
        let names: Vec<String> = self
            .fields()
            .iter()
            .map(|problem| format!("{} ({})", word(&problem.field), word(&problem.code)))
            .take(8)
            .collect();
        if names.is_empty() { "it does not say which field".into() } else { names.join(", ") }
    }
}

/// What is an identifier stays; everything else becomes a question mark.
fn word(text: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '[' | ']');
    if !text.is_empty() && text.len() <= 48 && text.chars().all(plain) { text } else { "?" }
}

/// The answer's JSON, whatever else is in it.
pub(super) fn decode<T: DeserializeOwned>(reply: &Reply) -> Option<T> {
    serde_json::from_slice(&reply.body).ok()
}

/// A list, without the entries that cannot be read. `None`: no list at all.
pub(super) fn decode_list<T: DeserializeOwned>(reply: &Reply) -> Option<Vec<T>> {
    let entries: Vec<serde_json::Value> = decode(reply)?;
    Some(entries.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()).collect())
}

/// How long GitHub wants to be left alone, if it does ("Rate limits for the REST API", "Exceeding the rate limit").
pub(super) fn asks_to_wait(reply: &Reply) -> Option<Duration> {
    if !matches!(reply.status.as_u16(), 403 | 429) {
        return None;
    }
    let number = |name: &str| reply.headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let seconds =
        |n: i64| Duration::from_secs(u64::try_from(n).unwrap_or(0)).clamp(Duration::from_secs(1), LONGEST_WAIT);
    if let Some(wait) = number("retry-after") {
        return Some(seconds(wait));
    }
    if number("x-ratelimit-remaining") == Some(0) {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        return Some(number("x-ratelimit-reset").map_or(MINUTE, |reset| seconds(reset.saturating_sub(now))));
    }
    let problem = Problem::of(reply);
    let limited = reply.status.as_u16() == 429 || problem.says("rate limit") || problem.says("abuse detection");
    limited.then_some(MINUTE)
}

/// Why a change was not made, from an answer that is no success.
pub(super) fn not_done(reply: &Reply, repository: &Repository) -> FilingError {
    if let Some(after) = asks_to_wait(reply) {
        return FilingError::Later { reason: "GitHub's rate limit is used up".into(), after: Some(after) };
    }
    let problem = Problem::of(reply);
    match reply.status.as_u16() {
        401 => FilingError::Setup("GitHub does not accept the credentials: renew the token or the App's key".into()),
        403 if problem.says("archived") => FilingError::Refused(format!("{repository} is archived")),
        403 => FilingError::Refused(format!(
            "no rights on {repository}: give the App or token repository_advisories: write (403)"
        )),
        404 => FilingError::Refused(format!(
            "{repository} does not exist, is hidden from the gateway, or does not take reports (404)"
        )),
        410 => FilingError::Refused(format!("{repository} is gone (410)")),
        422 => FilingError::Refused(format!("{repository} refused the advisory: {}", problem.names())),
        301 | 302 | 303 | 307 | 308 => {
            FilingError::Refused(format!("{repository} has moved and GitHub does not say where: correct the routing"))
        }
        408 | 500.. => FilingError::Unknown(format!("GitHub answered {}", reply.status.as_u16())),
        409 => FilingError::Later { reason: format!("{repository} is being changed (409)"), after: None },
        status => FilingError::Refused(format!("{repository} refused with status {status}")),
    }
}

/// Why something could not be read. Nothing was changed, and nothing is known: never a reason to file elsewhere.
pub(super) fn not_read(reply: &Reply, repository: &Repository) -> FilingError {
    match not_done(reply, repository) {
        FilingError::Refused(reason) => FilingError::Setup(reason),
        FilingError::Unknown(reason) => FilingError::Later { reason, after: None },
        other => other,
    }
}

/// Why there is no installation token.
pub(super) fn no_token(error: octocrab::Error) -> FilingError {
    let later = |reason: &str| FilingError::Later { reason: reason.into(), after: None };
    let octocrab::Error::GitHub { source, .. } = error else {
        return match error {
            octocrab::Error::Service { source, .. } if never_connected(source.as_ref()) => {
                later("GitHub cannot be reached")
            }
            octocrab::Error::JWT { .. } => FilingError::Setup("the App's private key cannot sign".into()),
            _ => later("GitHub gave no token"),
        };
    };
    let body = serde_json::json!({ "message": source.message }).to_string().into_bytes();
    let reply = Reply { status: source.status_code, headers: source.headers.unwrap_or_default(), body };
    if let Some(after) = asks_to_wait(&reply) {
        return FilingError::Later { reason: "GitHub's rate limit is used up".into(), after: Some(after) };
    }
    match reply.status.as_u16() {
        401 => FilingError::Setup(
            "GitHub does not accept the App's signature: check the App's id, its private key and this machine's clock"
                .into(),
        ),
        403 | 404 | 422 => FilingError::Setup(
            "GitHub gives no token for the installation: check its number, and that it is not suspended".into(),
        ),
        _ => later("GitHub gave no token"),
    }
}

/// Tells a key with `null` from one that is missing.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue, StatusCode};

    fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers.iter().map(pair).collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn refusals_are_sorted_by_what_to_do() {
        let soon = (OffsetDateTime::now_utc().unix_timestamp() + 300).to_string();
        let cases: &[(Reply, &str)] = &[
            (reply(401, &[], ""), "setup"),
            (reply(403, &[], r#"{"message":"Resource not accessible by integration"}"#), "refused"),
            (reply(403, &[], r#"{"message":"Repository was archived so is read-only."}"#), "refused"),
            (reply(403, &[], r#"{"message":"You have exceeded a secondary rate limit."}"#), "later 60"),
            (reply(403, &[("retry-after", "7")], ""), "later 7"),
            (reply(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &soon)], ""), "later 300"),
            (reply(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "5")], ""), "later 1"),
            (reply(403, &[("x-ratelimit-remaining", "12")], ""), "refused"),
            (reply(429, &[], ""), "later 60"),
            (reply(429, &[("retry-after", "99999999")], ""), "later 7200"),
            (reply(429, &[("retry-after", "-5")], ""), "later 1"),
            (reply(404, &[], ""), "refused"),
            (reply(410, &[], ""), "refused"),
            (reply(422, &[], "no json"), "refused"),
            (reply(409, &[], ""), "later"),
            (reply(418, &[], ""), "refused"),
            (reply(301, &[], ""), "refused"),
            (reply(500, &[], ""), "unknown"),
            (reply(503, &[("retry-after", "5")], ""), "unknown"),
        ];
        let repository: Repository = "o/r".parse().unwrap();
        for (reply, expected) in cases {
            let found = match not_done(reply, &repository) {
                FilingError::Setup(_) => "setup".to_owned(),
                FilingError::Refused(_) => "refused".to_owned(),
                FilingError::Unknown(_) => "unknown".to_owned(),
                FilingError::Later { after: None, .. } => "later".to_owned(),
                FilingError::Later { after: Some(after), .. } => format!("later {}", after.as_secs()),
            };
            // The clock may tick between the two looks at it.
            let close = found == "later 299" && *expected == "later 300";
            assert!(found == *expected || close, "{}: {found} instead of {expected}", reply.status);
        }
    }

    #[test]
    fn a_refusal_names_fields_and_never_quotes_values() {
        let body = r#"{"message":"canary one","errors":[
            {"field":"cwe_ids","code":"invalid","value":"canary two","message":"canary three is bad"},
            {"field":"canary four, with spaces","code":"custom"}, "canary five"]}"#;
        let FilingError::Refused(reason) = not_done(&reply(422, &[], body), &"o/r".parse().unwrap()) else {
            panic!("not refused");
        };
        assert!(reason.contains("cwe_ids (invalid), ? (custom)"), "{reason}");
        assert!(!reason.contains("canary"), "{reason}");
    }

    #[test]
    fn reads_what_githubs_own_schema_forbids() {
        let body = r#"{"ghsa_id":"GHSA-abcd-2345-efgh","html_url":"https://github.com/o/r/security/advisories/GHSA-abcd-2345-efgh",
            "identifiers":[{"type":"CVE","value":null}],"state":"triage","description":null,"comments_url":null}"#;
        let advisory: Advisory = decode(&reply(201, &[], body)).unwrap();
        assert_eq!(advisory.comments_url, Some(None));
        let bare: Advisory = decode(&reply(201, &[], r#"{"ghsa_id":"GHSA-abcd-2345-efgh"}"#)).unwrap();
        assert_eq!(bare.comments_url, None);
        let repository: Repository = "o/r".parse().unwrap();
        assert_eq!(advisory.filed(&repository), bare.filed(&repository));
        let list: Vec<Advisory> = decode_list(&reply(200, &[], &format!("[{{}}, {body}]"))).unwrap();
        assert_eq!(list.len(), 1);
    }
}
