use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use http::request::Parts;
use octocrab::jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::form_urlencoded;

use super::contract::Contract;
use super::faults::{Fault, What};
use super::way::{Place, Way, way};
use super::{APP, INSTALLATION, app_key, shapes};

/// What the double knows and has seen.
pub struct Hub {
    pub base: String,
    contract: Contract,
    pub token: String,
    /// Installation tokens, and until when they are good.
    pub issued: HashMap<String, Instant>,
    /// How long an installation token is good.
    pub token_life: Duration,
    pub repos: BTreeMap<String, Repo>,
    pub owners: Vec<String>,
    pub faults: Vec<(String, Fault)>,
    pub seen: Vec<Seen>,
    pub complaints: Vec<String>,
    next: u64,
}

/// A request, for looking at.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: Instant,
    pub endpoint: &'static str,
    pub repository: String,
    pub query: Vec<(String, String)>,
    pub body: Value,
}

/// A repository and how it behaves.
#[derive(Debug, Clone)]
pub struct Repo {
    pub archived: bool,
    /// Its new name: requests are sent to its number.
    pub moved_to: Option<String>,
    pub reporting: bool,
    pub may_draft: bool,
    pub may_read: bool,
    pub comments_on: bool,
    /// Headings that the report template requires.
    pub sections: Vec<String>,
    /// Whether the report template has a tick that nobody but the reporter can set.
    pub tick: bool,
    /// A field that is refused when it is there.
    pub refuses: Option<&'static str>,
    pub installed: bool,
    /// The App's right on advisories.
    pub permission: String,
    pub advisories: Vec<Value>,
    pub comments: HashMap<String, Vec<Value>>,
    /// Not everybody can see it.
    pub private: bool,
    /// Newest first.
    pub releases: Vec<Value>,
    /// By number.
    pub issues: HashMap<String, Value>,
}

impl Default for Repo {
    fn default() -> Self {
        Repo {
            archived: false,
            moved_to: None,
            reporting: true,
            may_draft: true,
            may_read: true,
            comments_on: true,
            sections: Vec::new(),
            tick: false,
            refuses: None,
            installed: true,
            permission: "write".into(),
            advisories: Vec::new(),
            comments: HashMap::new(),
            private: false,
            releases: Vec::new(),
            issues: HashMap::new(),
        }
    }
}

/// An answer to be sent.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Answer {
    fn json(status: u16, body: &Value) -> Self {
        Answer { status, headers: vec![], body: body.to_string() }
    }

    fn no(status: u16, message: &str) -> Self {
        let body = json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string() });
        Answer::json(status, &body)
    }

    fn invalid(errors: Vec<Value>) -> Self {
        let body = json!({ "message": "Validation Failed", "errors": errors, "documentation_url": "https://docs.github.com/rest" });
        Answer::json(422, &body)
    }
}

impl Hub {
    pub(super) fn new(base: String) -> Self {
        Hub {
            base,
            contract: Contract::load(),
            token: "github_pat_for_the_double".into(),
            issued: HashMap::new(),
            token_life: Duration::from_secs(3_600),
            repos: BTreeMap::new(),
            owners: Vec::new(),
            faults: Vec::new(),
            seen: Vec::new(),
            complaints: Vec::new(),
            next: 1,
        }
    }

    /// Looks at a request, and carries it out unless a fault comes first.
    pub(super) fn handle(&mut self, parts: &Parts, body: &[u8]) -> (Option<What>, Answer) {
        let path = parts.uri.path();
        let Some(way) = way(parts.method.as_str(), path) else {
            self.complaints.push(format!("{} {path}: no such endpoint", parts.method));
            return (None, Answer::no(404, "Not Found"));
        };
        let query: Vec<(String, String)> =
            form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let json: Option<Value> = if body.is_empty() { None } else { serde_json::from_slice(body).ok() };
        let repository = self.resolve(&way.place);
        let wrong = self.wrong(parts, &way, &query, body, json.as_ref());
        let json = json.unwrap_or_default();
        self.seen.push(Seen {
            at: Instant::now(),
            endpoint: way.endpoint,
            repository: repository.clone(),
            query: query.clone(),
            body: json.clone(),
        });
        if let Some(wrong) = wrong {
            self.complaints.push(wrong);
            return (None, Answer::no(422, "Invalid request."));
        }
        let fault = self.fault(&way, &repository);
        if fault.as_ref().is_some_and(|what| !what.stored()) {
            return (fault, Answer::no(500, "told to fail"));
        }
        (fault, self.carry_out(parts, &way, &repository, &query, &json))
    }

    fn wrong(
        &mut self,
        parts: &Parts,
        way: &Way,
        query: &[(String, String)],
        body: &[u8],
        json: Option<&Value>,
    ) -> Option<String> {
        let all =
            |name: &str| -> Vec<&str> { parts.headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect() };
        let mut wrong = self.contract.check(way.template, parts.method.as_str(), query, json);
        if all("user-agent").len() != 1 || all("user-agent")[0].is_empty() {
            wrong.push("needs one User-Agent".into());
        }
        if all("accept") != ["application/vnd.github+json"] {
            wrong.push("needs Accept: application/vnd.github+json".into());
        }
        if all("x-github-api-version") != ["2022-11-28"] && way.endpoint != "token" {
            wrong.push("needs X-GitHub-Api-Version".into());
        }
        if all("authorization").len() != 1 {
            wrong.push("needs one Authorization".into());
        }
        if !body.is_empty() && (json.is_none() || all("content-type") != ["application/json"]) {
            wrong.push("the body is not JSON".into());
        }
        (!wrong.is_empty()).then(|| format!("{}: {}", way.endpoint, wrong.join("; ")))
    }

    fn fault(&mut self, way: &Way, repository: &str) -> Option<What> {
        let fits = |(on, fault): &(String, Fault)| {
            fault.on == way.endpoint && fault.times > 0 && (on == repository || way.place == Place::Nowhere)
        };
        let (_, fault) = self.faults.iter_mut().find(|entry| fits(entry))?;
        fault.times -= 1;
        Some(fault.what.clone())
    }

    /// The name of a place, now; a repository of a known owner is made.
    fn resolve(&mut self, place: &Place) -> String {
        let name = match place {
            Place::Nowhere => return String::new(),
            Place::Name(name) => name.clone(),
            Place::Number(number) => {
                let at = usize::try_from(*number).unwrap_or(usize::MAX);
                let moved = self.repos.values().filter_map(|repo| repo.moved_to.clone()).nth(at);
                moved.unwrap_or_default()
            }
        };
        let owner = name.split('/').next().unwrap_or_default();
        if self.owners.iter().any(|known| known == owner) {
            self.repos.entry(name.clone()).or_default();
        }
        name
    }

    fn carry_out(
        &mut self,
        parts: &Parts,
        way: &Way,
        repository: &str,
        query: &[(String, String)],
        body: &Value,
    ) -> Answer {
        let bearer =
            parts.headers.get("authorization").and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
        let bearer = bearer.unwrap_or_default().to_owned();
        let as_app = matches!(way.endpoint, "token" | "installation");
        if as_app && !self.is_app(&bearer) || !as_app && !self.is_good(&bearer) {
            return Answer::no(401, "Bad credentials");
        }
        if way.endpoint == "token" {
            return self.give_token(parts.uri.path());
        }
        if let Some((number, _)) = self
            .repos
            .iter()
            .filter(|(_, r)| r.moved_to.is_some())
            .map(|(name, _)| name)
            .enumerate()
            .find(|(_, name)| *name == repository)
        {
            return self.moved(parts, number);
        }
        let Some(repo) = self.repos.get_mut(repository) else { return Answer::no(404, "Not Found") };
        let writes = matches!(way.endpoint, "report" | "create" | "update" | "comment");
        if repo.archived && writes {
            return Answer::no(403, "Repository was archived so is read-only.");
        }
        let id = way.ghsa_id.clone().unwrap_or_default();
        match way.endpoint {
            "repository" => Answer::json(
                200,
                &json!({ "full_name": repository, "archived": repo.archived, "private": repo.private }),
            ),
            "installation" if !repo.installed => Answer::no(404, "Not Found"),
            "installation" => Answer::json(
                200,
                &json!({ "id": INSTALLATION, "app_id": APP, "suspended_at": null,
                "permissions": { "metadata": "read", "repository_advisories": repo.permission } }),
            ),
            "reporting" => Answer::json(200, &json!({ "enabled": repo.reporting })),
            "releases" => Answer::json(200, &json!(repo.releases)),
            "latest" => {
                let latest = repo.releases.iter().find(|release| release["prerelease"] == json!(false));
                latest.map_or_else(|| Answer::no(404, "Not Found"), |release| Answer::json(200, release))
            }
            "issue" => {
                repo.issues.get(&id).map_or_else(|| Answer::no(404, "Not Found"), |issue| Answer::json(200, issue))
            }
            "report" if !repo.reporting => Answer::no(403, "Private vulnerability reporting is not enabled"),
            "create" | "update" if !repo.may_draft => Answer::no(403, "Resource not accessible by integration"),
            "list" if !repo.may_read => Answer::no(403, "Resource not accessible by integration"),
            "report" | "create" => self.store(way.endpoint, repository, body),
            "list" => self.list(repository, query),
            "get" | "update" => repo.get_or_update(&id, body),
            "comments" => repo.list_comments(&id, query),
            _ => repo.comment(&self.base, repository, &id, body),
        }
    }

    /// Whether this is the App's own signature, for no longer than ten minutes.
    fn is_app(&self, jwt: &str) -> bool {
        let key = DecodingKey::from_rsa_pem(app_key().1.as_bytes()).unwrap();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_required_spec_claims(&["exp"]);
        let Ok(token) = decode::<Value>(jwt, &key, &validation) else { return false };
        let (issued, expires) = (token.claims["iat"].as_i64(), token.claims["exp"].as_i64());
        let short = issued.zip(expires).is_some_and(|(issued, expires)| expires - issued <= 600);
        short && (token.claims["iss"] == json!(APP) || token.claims["iss"] == json!(APP.to_string()))
    }

    fn is_good(&self, token: &str) -> bool {
        token == self.token || self.issued.get(token).is_some_and(|until| *until > Instant::now())
    }

    fn give_token(&mut self, path: &str) -> Answer {
        if path != format!("/app/installations/{INSTALLATION}/access_tokens") {
            return Answer::no(404, "Not Found");
        }
        let token = format!("ghs_{}", self.number());
        self.issued.insert(token.clone(), Instant::now() + self.token_life);
        let expires =
            (OffsetDateTime::now_utc() + self.token_life).replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap();
        Answer::json(
            201,
            &json!({ "token": token, "expires_at": expires, "permissions": { "repository_advisories": "write" } }),
        )
    }

    fn moved(&self, parts: &Parts, number: usize) -> Answer {
        let rest: String = parts.uri.path().splitn(5, '/').nth(4).map(|rest| format!("/{rest}")).unwrap_or_default();
        let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let place = format!("{}/repositories/{number}{rest}{query}", self.base);
        let (status, message) =
            if parts.method == "GET" { (301, "Moved Permanently") } else { (307, "Temporary Redirect") };
        let mut answer = Answer::json(status, &json!({ "message": message, "url": place }));
        answer.headers.push(("location".into(), place));
        answer
    }

    fn store(&mut self, endpoint: &str, repository: &str, body: &Value) -> Answer {
        let id = shapes::ghsa_id(self.number());
        let Some(repo) = self.repos.get_mut(repository) else { return Answer::no(404, "Not Found") };
        let refused = repo.refusals(endpoint, body);
        if !refused.is_empty() {
            return Answer::invalid(refused);
        }
        let state = if endpoint == "report" { "triage" } else { "draft" };
        let advisory = shapes::advisory(&self.base, repository, &id, state, body, repo.comments_on);
        repo.advisories.push(advisory.clone());
        Answer::json(201, &advisory)
    }

    /// Newest first, by pages whose cursor has letters that must be escaped.
    fn list(&self, repository: &str, query: &[(String, String)]) -> Answer {
        let get = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let size: usize = get("per_page").and_then(|size| size.parse().ok()).unwrap_or(30);
        let from: usize =
            get("after").map_or(0, |cursor| cursor.trim_start_matches("Y+/").trim_end_matches('=').parse().unwrap());
        let all: Vec<&Value> = self.repos[repository]
            .advisories
            .iter()
            .rev()
            .filter(|a| get("state").is_none_or(|s| a["state"] == s))
            .collect();
        let page: Vec<&Value> = all.iter().skip(from).take(size).copied().collect();
        let mut answer = Answer::json(200, &json!(page));
        if from + size < all.len() {
            let mut next = form_urlencoded::Serializer::new(String::new());
            next.extend_pairs(query.iter().filter(|(key, _)| key != "after"))
                .append_pair("after", &format!("Y+/{}==", from + size));
            let url = format!("{}/repositories/7/security-advisories?{}", self.base, next.finish());
            answer.headers.push(("link".into(), format!("<{url}>; rel=\"next\"")));
        }
        answer
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Repo {
    /// What a template or a whim of validation says against a request.
    fn refusals(&self, endpoint: &str, body: &Value) -> Vec<Value> {
        let mut refusals = Vec::new();
        if endpoint == "report" {
            let description = body["description"].as_str().unwrap_or_default();
            let missing = self.sections.iter().filter(|s| !description.lines().any(|line| line == format!("### {s}")));
            refusals.extend(
                missing.map(|s| json!({ "resource": "RepositoryAdvisory", "field": s, "code": "missing_section" })),
            );
            if self.tick {
                refusals.push(
                    json!({ "resource": "RepositoryAdvisory", "field": "Terms", "code": "unchecked_required_option" }),
                );
            }
        }
        if let Some(field) = self.refuses.filter(|field| !body[*field].is_null()) {
            refusals.push(json!({ "resource": "RepositoryAdvisory", "field": field, "code": "invalid", "value": body[field].to_string() }));
        }
        refusals
    }

    fn get_or_update(&mut self, id: &str, change: &Value) -> Answer {
        let Some(advisory) = self.advisories.iter_mut().find(|a| a["ghsa_id"] == id) else {
            return Answer::no(404, "Not Found");
        };
        for (key, value) in change.as_object().into_iter().flatten() {
            advisory[key] = value.clone();
        }
        Answer::json(200, advisory)
    }

    fn list_comments(&self, id: &str, query: &[(String, String)]) -> Answer {
        let get = |name: &str, or: usize| {
            query.iter().find(|(key, _)| key == name).and_then(|(_, v)| v.parse().ok()).unwrap_or(or)
        };
        let (size, page) = (get("per_page", 30), get("page", 1));
        let all = self.comments.get(id).map(Vec::as_slice).unwrap_or_default();
        Answer::json(200, &json!(all.iter().skip(size * (page - 1)).take(size).collect::<Vec<_>>()))
    }

    fn comment(&mut self, base: &str, repository: &str, id: &str, body: &Value) -> Answer {
        if !self.comments_on || !self.advisories.iter().any(|a| a["ghsa_id"] == id) {
            return Answer::no(404, "Not Found");
        }
        let all = self.comments.entry(id.to_owned()).or_default();
        let comment = shapes::comment(base, repository, id, all.len() + 1, &body["body"]);
        all.push(comment.clone());
        Answer::json(201, &comment)
    }
}
