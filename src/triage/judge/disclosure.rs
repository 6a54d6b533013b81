//! Whether anyone can read about this finding already.

use super::concepts::Clauses;
use super::lexicon::Concept::{
    self, Background, Exploited, Future, Negation, OtherSoftware, OutInTheOpen, Over, Published, Revealed, Secrecy,
    Somebody, Tell, Tracker, Unanswered, Venue,
};
use super::wording::Worded;
use super::{Answer, evidence, sureness};
use crate::model::{
    Beside, Disclosure, Encryption, Evidence, Identity, IssueLink, LinkedIssue, OpenedMessage, Question, Report,
};
use crate::triage::{first_bytes, last_bytes, read};

/// How a clause speaks about who knows.
struct Signal {
    weight: f32,
    holds: fn(&Clauses) -> bool,
    because: &'static str,
}

/// What makes "published" be about something else, or not so yet.
const ELSEWHERE: &[Concept] = &[Negation, Future, OtherSoftware, Background];

const fn signal(weight: f32, holds: fn(&Clauses) -> bool, because: &'static str) -> Signal {
    Signal { weight, holds, because }
}

/// What people have to read first.
pub(super) const EXPLOITED: &str = "says that it is being exploited";

/// Positive weights speak for public, negative ones for private.
const SIGNALS: &[Signal] = &[
    signal(3.0, |c| c.clause(&[Exploited], &[Negation, Future]), EXPLOITED),
    signal(
        0.5,
        |c| c.clause(&[Venue, Published], ELSEWHERE),
        "says that it was published in a place that anyone reads",
    ),
    signal(0.7, |c| c.subject(&[Venue], &[Negation, Future]), "the subject names a place that anyone reads"),
    signal(0.5, |c| c.clause(&[Tracker, Published], ELSEWHERE), "says that it is in a public tracker"),
    signal(0.5, |c| c.clause(&[OutInTheOpen], &[Negation, Future, OtherSoftware]), "says that it is out in the open"),
    signal(0.5, |c| c.subject(&[Published], &[Negation, Future]), "the subject says that it is public"),
    signal(
        -0.7,
        |c| c.clause(&[Negation, Tell], &[OutInTheOpen, Unanswered]),
        "says that it was not told or published",
    ),
    signal(
        -0.3,
        |c| c.clause(&[Future, Published], &[OutInTheOpen]),
        "says that it will be published, so it is not yet",
    ),
    signal(-0.3, |c| c.clause(&[Future, Tell], &[OutInTheOpen]), "announces to tell others later"),
    signal(0.5, |c| c.clause(&[Somebody, Revealed], ELSEWHERE), "says that somebody else made it known"),
    signal(0.5, |c| c.clause(&[Secrecy, Over], &[Negation, Future]), "says that the time of silence is over"),
    signal(-0.3, |c| c.clause(&[Secrecy], &[Over]), "asks for secrecy, or says that few know"),
];

/// The score above which a finding counts as public. Doubt is private.
const PUBLIC: f32 = 0.0;

/// What even odds of the wording are worth here, and how far they count: a mail says it once, among many sentences.
const LEARNED: f32 = 0.9;
const LEARNED_RANGE: std::ops::RangeInclusive<f32> = -3.0..=4.0;
/// What the odds that few know take from it, and how far those count.
const CLOSED: f32 = -0.5;
const CLOSED_MOST: f32 = 4.0;

/// Judges the disclosure.
pub(super) fn judge(
    message: &OpenedMessage,
    report: &Report,
    clauses: &Clauses,
    wording: &Worded,
    identity: &Identity,
) -> Answer<Disclosure> {
    let mut found: Vec<Evidence> = Vec::new();
    let mut add = |weight: f32, because: &str| {
        let says = if weight > 0.0 { Disclosure::Public } else { Disclosure::Private };
        found.push(evidence(Question::Disclosure, says.as_str(), weight, because));
    };
    for signal in SIGNALS.iter().filter(|signal| (signal.holds)(clauses)) {
        add(signal.weight, signal.because);
    }
    let links = report.references.iter().map(|link| link.expose().to_ascii_lowercase());
    let owner = identity.github_owner.to_ascii_lowercase();
    let text = read(report.text.expose()).to_lowercase();
    let (mut discussion, mut compared, mut post) = (false, false, false);
    let mut of_links: Vec<(f32, &str)> = Vec::new();
    for link in links {
        // Who has looked knows better than the wording.
        if let Some(looked_up) = looked_up(report, &link, &owner) {
            let (weight, because) = match looked_up {
                Beside::Same => {
                    (4.0, "links an issue or pull request that anyone can read, whose text is like the report's")
                }
                Beside::Unclear => (1.5, "links an issue or pull request of the project that anyone can read"),
                Beside::Other => (
                    0.5,
                    "only mentions an issue or pull request that anyone can read: its text is unlike the report's",
                ),
                Beside::Hidden => (-0.5, "links an issue or pull request that is not there, or that few can read"),
            };
            if !of_links.iter().any(|(_, known)| *known == because) {
                of_links.push((weight, because));
            }
        } else if is_discussion(&link, &owner) {
            let other = is_compared(&text, &link);
            compared |= other;
            discussion |= !other;
        }
        post |= POSTS.iter().any(|place| link.contains(place)) && !is_compared(&text, &link);
    }
    let learned = (wording.public + LEARNED).clamp(*LEARNED_RANGE.start(), *LEARNED_RANGE.end());
    if learned > 0.0 {
        let of = wording.classes.join(", ");
        add(learned, &format!("is worded like mail about what is public already (learned weights: {of})"));
    } else {
        add(learned, "is not worded like mail about what is public already (learned weights)");
    }
    if wording.closed > 0.0 {
        add(CLOSED * wording.closed.min(CLOSED_MOST), "is worded like mail about what few know (learned weights)");
    }
    of_links.into_iter().for_each(|(weight, because)| add(weight, because));
    if discussion {
        add(1.0, "links an issue, pull request or discussion of the project");
    } else if compared {
        add(0.2, "links an issue, pull request or discussion of the project in comparison");
    }
    if from_public_list(message, &text) {
        add(5.0, "forwards mail from a public list");
    }
    if post {
        add(0.5, "links a post, an article or a published exploit");
    }
    let sent = message.headers.date.map(|date| date.date());
    if report.deadline.is_some_and(|day| sent.is_none_or(|sent| day > sent)) {
        add(-0.5, "states when it will be published, so it is not yet");
    }
    if message.encryption == Encryption::Whole {
        add(-0.5, "was encrypted, which is a hint for private");
    }
    let score: f32 = found.iter().map(|evidence| evidence.weight).sum();
    let answer = if score > PUBLIC { Disclosure::Public } else { Disclosure::Private };
    Answer { answer, confidence: sureness((score - PUBLIC).abs() + 0.5), evidence: found }
}

/// Lists that anyone reads, as they show in subjects and header lines.
const LISTS: &[&str] = &["oss-security", "oss-sec", "fulldisclosure", "full-disclosure", "bugtraq"];

/// Whether a subject is tagged by a public list, or a quoted header line names one.
fn from_public_list(message: &OpenedMessage, text: &str) -> bool {
    let forwarded = message.forwarded.as_ref().map(|forwarded| forwarded.subject.expose().to_lowercase());
    let subjects = [Some(message.subject.expose().to_lowercase()), forwarded];
    let tagged = |subject: &str| LISTS.iter().any(|list| subject.contains(&format!("[{list}]")));
    subjects.iter().flatten().any(|subject| tagged(subject))
        || text.lines().map(|line| line.trim_start_matches(['>', ' ', '*'])).any(|line| {
            let sent = ["to:", "cc:", "list-id:", "list-post:", "an:", "à :", "para:"];
            let names = |list: &str| line.contains(&format!("{list}@")) || line.contains(&format!("{list}."));
            sent.iter().any(|header| line.starts_with(header)) && LISTS.iter().any(|list| names(list))
                || line.starts_with("subject:") && tagged(line)
        })
}

/// How far around a link its line is read, in bytes.
const AROUND: usize = 1000;

/// Whether the line of `link` in `text`, or the one before, says that it is about something else.
fn is_compared(text: &str, link: &str) -> bool {
    const CUES: &[&str] = &[
        "similar",
        "related",
        "unlike",
        "fixed in",
        "was fixed",
        "previous",
        "earlier",
        "older",
        "regression",
        "introduced",
        "closed as",
        "same kind",
        "ähnlich",
        "similaire",
        "parecid",
        "semelhante",
        "类似",
        "同様",
    ];
    let Some(at) = text.find(link) else { return false };
    let (before, behind) = text.split_at(at);
    let before = last_bytes(before, AROUND);
    let before = before.rmatch_indices('\n').nth(1).and_then(|(at, _)| before.get(at..)).unwrap_or(before);
    let behind = first_bytes(behind, AROUND + link.len()).lines().next().unwrap_or_default();
    [before, behind].iter().any(|around| CUES.iter().any(|cue| around.contains(cue)))
}

/// Parts of links that lead to what people publish.
const POSTS: &[&str] = &[
    "gist.github.com/",
    "twitter.com/",
    "://x.com/",
    "reddit.com/r/",
    "news.ycombinator.com/",
    "exploit-db.com/",
    "mastodon",
    "/@",
    "://social.",
    "bsky.app/",
    "openwall.com/lists",
    "seclists.org/",
    "youtube.com/",
    "youtu.be/",
    "medium.com/",
    "dev.to/",
    "://blog.",
    "/blog/",
    "packetstorm",
    "pastebin.com/",
    "weibo.com/",
    "zhihu.com/",
    "qiita.com/",
];

/// What GitHub said about a link, where it was asked.
fn looked_up(report: &Report, link: &str, owner: &str) -> Option<Beside> {
    let link = IssueLink::parse(link, owner)?;
    let same = |issue: &&LinkedIssue| {
        issue.link.number == link.number
            && issue.link.repository.as_str().eq_ignore_ascii_case(link.repository.as_str())
    };
    Some(report.linked.iter().find(same)?.beside(report))
}

/// An issue, a pull request or a discussion with a number, in a repository of `owner`.
fn is_discussion(link: &str, owner: &str) -> bool {
    let Some((_, path)) = link.split_once("github.com/") else { return false };
    let mut parts = path.split('/');
    let (of, _, what, number) = (parts.next(), parts.next(), parts.next(), parts.next());
    of == Some(owner)
        && matches!(what, Some("issues" | "pull" | "discussions"))
        && number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}
