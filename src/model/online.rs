use serde::{Deserialize, Serialize};

use super::{GhsaId, Package, Report, Repository, Secret, similarity};

/// An issue or pull request that a mail links, in a repository of the project.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IssueLink {
    pub repository: Repository,
    pub number: u64,
}

impl IssueLink {
    /// Most links of one message that are looked up.
    pub const MOST: usize = 4;

    /// Reads `https://github.com/OWNER/NAME/issues/1` or `…/pull/1`, whatever follows the number; nothing of another host
    /// or owner.
    pub fn parse(link: &str, owner: &str) -> Option<IssueLink> {
        let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"))?;
        let (host, path) = rest.split_once('/')?;
        let mut parts = path.split('/');
        let (of, name, what, number) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let github = host.eq_ignore_ascii_case("github.com") || host.eq_ignore_ascii_case("www.github.com");
        if !github || !of.eq_ignore_ascii_case(owner) || !matches!(what, "issues" | "pull") {
            return None;
        }
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        let repository = format!("{owner}/{name}").parse().ok()?;
        // GitHub's numbers are far from this long.
        (1..=9).contains(&digits.len()).then(|| Some(IssueLink { repository, number: digits.parse().ok()? }))?
    }

    /// Its page.
    pub fn url(&self) -> String {
        format!("https://github.com/{}/issues/{}", self.repository, self.number)
    }
}

/// What GitHub is asked about a report: names of public things, and of the repositories where it may be filed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inquiry {
    pub issues: Vec<IssueLink>,
    /// Whose releases are wanted.
    pub releases_of: Option<Repository>,
    /// Whose advisories are wanted.
    pub advisories_of: Vec<Repository>,
}

/// What GitHub answered. What it did not answer in time is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Online {
    pub issues: Vec<LinkedIssue>,
    /// `None`: not known.
    pub releases: Option<Releases>,
    /// Repositories whose advisories were read.
    pub read: Vec<Repository>,
    pub advisories: Vec<OtherAdvisory>,
}

/// What became of an [`IssueLink`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedIssue {
    pub link: IssueLink,
    /// `None`: there is none, or not everybody can see it.
    pub public: Option<PublicIssue>,
}

impl LinkedIssue {
    /// From this likeness on a text is taken to be about the same finding, and below the other about something else.
    const SAME: f32 = 0.3;
    const OTHER: f32 = 0.15;

    /// How alike it and a report are, from 0 to 1.
    pub fn likeness(&self, report: &Report) -> f32 {
        let Some(public) = &self.public else { return 0.0 };
        let report = format!("{}\n{}", report.summary.expose(), report.text.expose());
        // A title alone may be all that tells.
        similarity(&report, &format!("{}\n{}", public.title, public.text)).max(similarity(&report, &public.title))
    }

    /// What it is to a report.
    pub fn beside(&self, report: &Report) -> Beside {
        match (&self.public, self.likeness(report)) {
            (None, _) => Beside::Hidden,
            (Some(_), like) if like >= Self::SAME => Beside::Same,
            (Some(_), like) if like < Self::OTHER => Beside::Other,
            (Some(_), _) => Beside::Unclear,
        }
    }
}

/// What a linked issue or pull request is to a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Anyone can read it, and it is about the same.
    Same,
    /// Anyone can read it; whether it is about the same cannot be told.
    Unclear,
    /// Anyone can read it, and it is about something else.
    Other,
    /// There is none, or few can see it.
    Hidden,
}

/// An issue or pull request that anyone can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicIssue {
    pub title: String,
    /// The beginning of its text.
    pub text: String,
    /// The day on which it was opened, `2026-11-22`.
    pub opened: String,
    pub is_open: bool,
    pub is_pull: bool,
}

/// What a repository released.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Releases {
    /// The one that GitHub calls the latest.
    pub latest: Option<Released>,
    /// The newest ones, of all modules of the repository.
    pub all: Vec<Released>,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// `v1.2.3`, `receiver/foo/v0.1.0`, `@scope/name@1.2.3`.
    pub tag: String,
    pub name: String,
    /// The day on which it was published, `2026-11-22`.
    pub day: String,
    pub is_prerelease: bool,
}

/// Another advisory of the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherAdvisory {
    pub repository: Repository,
    pub ghsa_id: GhsaId,
    /// GitHub's word: `triage`, `draft`, `published`, `closed`.
    pub state: String,
    pub summary: Secret<String>,
    /// The beginning of its description, the gateway's status block included.
    pub text: Secret<String>,
    pub packages: Vec<Package>,
    pub cwe: Vec<String>,
    pub cve: Option<String>,
}

/// Another advisory that may be about the same finding; a person decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Similar {
    pub repository: Repository,
    pub ghsa_id: GhsaId,
    /// From 0 to 1.
    pub score: f32,
    /// What they share, in the program's words.
    pub because: String,
}

impl Similar {
    /// Its page, which only people with access can open.
    pub fn url(&self) -> String {
        format!("https://github.com/{}/security/advisories/{}", self.repository, self.ghsa_id)
    }
}

impl Online {
    /// Most repositories whose advisories are read.
    pub const MOST_REPOSITORIES: usize = 4;
    /// Most advisories that are compared: a page of each repository.
    pub const MOST_ADVISORIES: usize = 400;
    /// Most releases.
    pub const MOST_RELEASES: usize = 100;
    /// Most bytes of a title, a tag or a name.
    pub const MOST_NAME: usize = 1 << 10;
    /// Most bytes of a text.
    pub const MOST_TEXT: usize = 4 << 10;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_issues_of_the_project_on_github_are_links_to_look_up() {
        let cases = [
            ("https://github.com/open-telemetry/otel-x/issues/123", Some(("open-telemetry/otel-x", 123))),
            ("https://github.com/Open-Telemetry/otel-x/pull/7/files#diff-1", Some(("open-telemetry/otel-x", 7))),
            ("http://www.github.com/open-telemetry/otel-x/issues/9?a=b", Some(("open-telemetry/otel-x", 9))),
            (
                "https://github.com/open-telemetry/otel-x/issues/123#issuecomment-4",
                Some(("open-telemetry/otel-x", 123)),
            ),
            ("https://github.com/somebody/otel-x/issues/123", None),
            ("https://github.com.evil.example/open-telemetry/otel-x/issues/123", None),
            ("https://evil.example/github.com/open-telemetry/otel-x/issues/123", None),
            ("https://user@github.com/open-telemetry/otel-x/issues/123", None),
            ("https://github.com:444/open-telemetry/otel-x/issues/123", None),
            ("https://github.com/open-telemetry/otel-x/issues", None),
            ("https://github.com/open-telemetry/otel-x/issues/x", None),
            ("https://github.com/open-telemetry/otel-x/issues/99999999999999999999", None),
            ("https://github.com/open-telemetry/../issues/1", None),
            ("https://github.com/open-telemetry/a%2fb/issues/1", None),
            ("https://github.com/open-telemetry/otel-x/discussions/1", None),
            ("https://github.com/open-telemetry/otel-x/security/advisories/GHSA-1", None),
            ("ftp://github.com/open-telemetry/otel-x/issues/123", None),
        ];
        for (link, expected) in cases {
            let found = IssueLink::parse(link, "open-telemetry");
            let found = found.as_ref().map(|link| (link.repository.as_str(), link.number));
            assert_eq!(found, expected, "{link}");
        }
    }
}
