//! What a message is, by its words.

use super::concepts::Clauses;
use super::facts::{
    Facts, asks, asks_about_cve, automatic_subject, claims, costs_more_than_availability, has_finding, looks_like_code,
    mailing, needs_rights_for_availability, of_no_software, only_keys, only_thanks, other_attachments, panics,
    short_question, specific, technical, wonders,
};
use super::lexicon::Concept::{
    self, Absence, Account, AskAffected, AskHelp, Attacker, Audit, Authenticated, Availability, Bounty, Configuration,
    Editing, Expired, Exploited, Fix, Flaw, HowToReport, KeyMaterial, Marketing, Negation, Operator, Outsider, Policy,
    Pressure, Procedure, Request, Sensitive, SiteHygiene, Tested, Vulnerability, Weakness, Withheld,
};
use super::others::other_project;
use super::{Answer, evidence, sureness};
use crate::model::{Encryption, Evidence, Identity, Kind, OpenedMessage, Question, Report};
use crate::triage::scan::{Clue, Mention};
use crate::triage::{LONGEST_SUMMARY, first_bytes, read};

/// Where a signal's concepts must stand together.
#[derive(Clone, Copy)]
enum Scope {
    Clause,
    Pair,
    Subject,
    Message,
}

/// A pattern of concepts that speaks for, or against, a kind.
struct Signal {
    says: Kind,
    weight: f32,
    scope: Scope,
    all: &'static [Concept],
    none: &'static [Concept],
    because: &'static str,
}

const fn signal(
    says: Kind,
    weight: f32,
    scope: Scope,
    all: &'static [Concept],
    none: &'static [Concept],
    because: &'static str,
) -> Signal {
    Signal { says, weight, scope, all, none, because }
}

/// What words say about the kind.
const WORDS: &[Signal] = {
    use Kind::{AutoReply, KeyRequest, NotAVulnerability, Question as Ask, Report, Spam};
    use Scope::{Clause, Message, Pair, Subject};
    &[
        signal(Report, 1.5, Subject, &[Weakness], &[HowToReport, Policy, Request], "the subject names a weakness"),
        signal(
            Report,
            1.5,
            Subject,
            &[Vulnerability],
            &[HowToReport, Policy, AskAffected, Bounty, Request, SiteHygiene, Weakness],
            "the subject speaks of a vulnerability",
        ),
        signal(Report, 1.5, Subject, &[Availability], &[], "the subject names a failure"),
        signal(Report, 1.0, Message, &[Weakness], &[], "names a weakness"),
        signal(Report, 0.5, Message, &[Vulnerability], &[], "speaks of a vulnerability"),
        signal(Report, 0.5, Message, &[Sensitive], &[], "speaks of what should be secret"),
        signal(Report, 1.0, Message, &[Availability], &[], "names a failure that costs availability"),
        signal(Report, 1.0, Message, &[Attacker], &[], "tells what an attacker can do"),
        signal(Report, 1.5, Message, &[Exploited], &[], "says that it is being exploited"),
        signal(Report, 0.7, Message, &[Tested], &[], "tells versions or how it was tested"),
        signal(Report, 0.5, Message, &[Fix], &[], "proposes a remedy"),
        signal(Report, 0.5, Message, &[Flaw], &[AskAffected], "uses the terms of vulnerability reports"),
        signal(Ask, 2.5, Message, &[HowToReport], &[], "asks how to report"),
        signal(Ask, 1.0, Subject, &[HowToReport], &[], "the subject asks how to report"),
        signal(Ask, 2.0, Message, &[Policy], &[], "asks about the policy"),
        signal(Ask, 1.5, Subject, &[Policy], &[], "the subject asks about the policy"),
        signal(Ask, 1.5, Message, &[Procedure], &[], "asks about the procedure"),
        signal(Ask, 2.5, Message, &[AskHelp], &[], "asks for help with using the software"),
        signal(Ask, 3.5, Message, &[AskAffected], &[], "asks whether a known problem concerns the project"),
        signal(Ask, 1.0, Message, &[Audit], &[], "speaks of audits and scanners"),
        signal(KeyRequest, 3.0, Clause, &[KeyMaterial, Request], &[], "asks for a key or certificate"),
        signal(KeyRequest, 2.0, Pair, &[KeyMaterial, Expired], &[], "says that a key or certificate has expired"),
        signal(KeyRequest, 2.0, Subject, &[KeyMaterial], &[Weakness, Attacker], "the subject is about a key"),
        signal(Spam, 3.0, Message, &[Bounty, Withheld], &[], "wants a reward before it tells anything"),
        signal(Spam, 1.5, Message, &[Bounty], &[], "asks for a reward"),
        signal(
            Spam,
            3.5,
            Message,
            &[SiteHygiene, Bounty],
            &[],
            "wants a reward for the settings of a domain or web site",
        ),
        signal(Spam, 2.0, Message, &[SiteHygiene], &[], "is about the settings of a domain or web site"),
        signal(Spam, 1.0, Message, &[Marketing], &[], "has a word of advertisements"),
        signal(
            Spam,
            4.0,
            Message,
            &[Account, Pressure],
            &[Weakness, Vulnerability, Availability, Attacker],
            "presses the owner of a mailbox or a domain",
        ),
        signal(AutoReply, 0.0, Subject, &[Absence], &[], "the subject is that of an automatic reply"),
        signal(
            NotAVulnerability,
            3.0,
            Message,
            &[Authenticated, Availability],
            &[],
            "an authenticated client costs availability: outside of the published security model",
        ),
        signal(
            NotAVulnerability,
            3.0,
            Clause,
            &[Operator],
            &[Negation],
            "needs the rights of who runs or configures the software",
        ),
        signal(
            NotAVulnerability,
            3.0,
            Clause,
            &[Editing, Configuration],
            &[Negation],
            "needs the rights of who may change the configuration",
        ),
        signal(NotAVulnerability, -3.0, Message, &[Outsider], &[], "tells what somebody without rights can do"),
    ]
};

/// A fact about the message beyond its words.
struct Fact {
    says: Kind,
    weight: f32,
    holds: fn(&Facts<'_>) -> bool,
    because: &'static str,
}

const fn fact(says: Kind, weight: f32, holds: fn(&Facts<'_>) -> bool, because: &'static str) -> Fact {
    Fact { says, weight, holds, because }
}

/// What else there is to know about the kind.
const FACTS: &[Fact] = {
    use Kind::{AutoReply, FollowUp, KeyRequest, NotAVulnerability, Question as Ask, Report, Spam, WrongProject};
    &[
        fact(Report, 1.0, |_| true, "in doubt it is a report"),
        fact(Report, 4.0, |f| !f.report.cvss.is_empty(), "states a CVSS vector"),
        fact(Report, 3.5, |f| !f.report.cwe.is_empty(), "states a CWE"),
        fact(Report, 1.0, |f| f.report.severity.is_some(), "states a severity"),
        fact(Report, 2.0, |f| f.report.deadline.is_some(), "states when it will be published"),
        fact(Report, 1.5, |f| f.report.packages.iter().any(|p| p.affected.is_some()), "names a package with a version"),
        fact(Report, 0.7, |f| f.clues.iter().any(|c| specific(*c)), "names a component of the project"),
        fact(Report, 1.5, |f| f.panics, "holds the trace of a crash"),
        fact(Report, 1.0, |f| f.code, "holds code or commands"),
        fact(Report, 1.0, |f| f.message.encryption == Encryption::Whole, "was encrypted"),
        fact(Report, 1.0, |f| f.message.forwarded.is_some(), "forwards somebody's mail"),
        fact(Report, 0.7, other_attachments, "has something attached that is no key"),
        fact(Spam, -20.0, technical, "says something technical, which advertisements do not"),
        fact(Spam, 3.0, |f| f.clauses.count(Marketing) >= 2, "advertises"),
        fact(Spam, 3.0, mailing, "can be unsubscribed from, and tells nothing of the software"),
        fact(Ask, -2.5, has_finding, "holds a finding with particulars"),
        fact(Ask, -2.0, |f| claims(f) >= 1, "says what is wrong"),
        fact(Ask, -3.0, |f| claims(f) >= 2, "says what is wrong, and more"),
        fact(KeyRequest, -2.5, has_finding, "holds a finding with particulars"),
        fact(KeyRequest, -3.0, |f| claims(f) >= 2, "says what is wrong, and more"),
        fact(
            Spam,
            1.0,
            |f| f.clues.is_empty() && f.clauses.message(&[Concept::Bounty], &[]),
            "names nothing of the project",
        ),
        fact(
            Spam,
            2.5,
            |f| f.clauses.message(&[Bounty], &[]) && f.clauses.message(&[SiteHygiene], &[]) && of_no_software(f),
            "names nothing of the software, and a domain's settings",
        ),
        fact(
            Spam,
            2.0,
            |f| f.clauses.message(&[Bounty, Withheld], &[]) && claims(f) == 0 && of_no_software(f),
            "says neither what is wrong nor in which software",
        ),
        fact(
            Ask,
            2.5,
            |f| f.clauses.message(&[AskAffected], &[]) && !f.report.cve.is_empty() && claims(f) == 0,
            "asks about a CVE and says nothing of its own",
        ),
        fact(Ask, 4.0, asks_about_cve, "asks about a CVE that a scanner shows, or that its subject asks about"),
        fact(
            Ask,
            2.0,
            |f| short_question(f) && f.clauses.count(Audit) >= 2 && claims(f) == 0,
            "asks about what a scanner or an audit shows",
        ),
        fact(Ask, 1.0, |f| short_question(f) && asks(f), "is short and asks"),
        fact(
            Ask,
            0.7,
            |f| f.message.subject.expose().trim_end().ends_with(['?', '？']) && asks(f),
            "the subject is a question",
        ),
        fact(
            Report,
            -1.0,
            |f| short_question(f) && asks(f) && !has_finding(f),
            "is short, asks, and tells no particulars",
        ),
        fact(Ask, 4.0, only_thanks, "thanks, and says nothing technical"),
        fact(KeyRequest, 1.0, only_keys, "has nothing but a certificate attached"),
        fact(
            NotAVulnerability,
            1.5,
            |f| f.report.cvss.iter().any(|v| needs_rights_for_availability(&v.vector)),
            "its vector needs privileges and costs availability alone",
        ),
        fact(
            NotAVulnerability,
            -3.0,
            |f| f.report.cvss.iter().any(|v| costs_more_than_availability(&v.vector)),
            "its vector costs confidentiality or integrity",
        ),
        fact(AutoReply, 6.0, automatic_subject, "generated mail with the subject of an automatic reply"),
        fact(FollowUp, 2.0, |f| f.own_id, "answers mail of ours"),
        fact(
            WrongProject,
            6.5,
            |f| f.other_project,
            "the subject names another project, and nothing of ours is named closely",
        ),
    ]
};

/// Judges the kind. A report needs nothing; anything else must outweigh it.
pub(super) fn judge(
    message: &OpenedMessage,
    report: &Report,
    clauses: &Clauses,
    found: &[Mention],
    identity: &Identity,
) -> Answer<Kind> {
    let ours = |id: &crate::model::MailId| {
        id.as_str().rsplit_once('@').is_some_and(|(_, d)| d.eq_ignore_ascii_case(&identity.message_id_domain))
    };
    let clues: Vec<Clue> = found.iter().map(|mention| mention.clue).collect();
    let text = read(report.text.expose());
    let facts = Facts {
        message,
        report,
        clauses,
        text: &text,
        panics: panics(&text),
        code: looks_like_code(&text),
        own_id: message.headers.in_reply_to.iter().any(ours),
        other_project: other_project(first_bytes(report.summary.expose(), LONGEST_SUMMARY), &clues),
        clues,
    };
    let mut found: Vec<(Kind, Evidence)> = Vec::new();
    let mut add = |says: Kind, weight: f32, because: &str| {
        found.push((says, evidence(Question::Kind, says.as_str(), weight, because)))
    };
    for signal in WORDS.iter().filter(|signal| speaks(signal, clauses)) {
        add(signal.says, signal.weight, signal.because);
    }
    for fact in FACTS.iter().filter(|fact| (fact.holds)(&facts)) {
        add(fact.says, fact.weight, fact.because);
    }
    let score = |kind: Kind| found.iter().filter(|(says, _)| *says == kind).map(|(_, e)| e.weight).sum::<f32>();
    let report_score = score(Kind::Report);
    // Filed like a report and read by people, so it need not outweigh one.
    let outside_model = score(Kind::NotAVulnerability) >= 3.0;
    let best = Kind::ALL
        .into_iter()
        .filter(|kind| !matches!(kind, Kind::Report | Kind::NotAVulnerability | Kind::WrongProject))
        .max_by(|a, b| score(*a).total_cmp(&score(*b)));
    // Whose finding it is, is another question than whether it is one.
    let elsewhere = score(Kind::WrongProject);
    let (answer, lead) = match best.map(|kind| (kind, score(kind) - report_score)) {
        Some((kind, lead)) if lead > 0.0 && !(in_doubt(kind, lead) || alarms(kind, &facts)) => (kind, lead),
        _ if elsewhere > 0.0 => (Kind::WrongProject, elsewhere / 4.0),
        other if outside_model => (Kind::NotAVulnerability, other.map_or(1.0, |(_, lead)| -lead)),
        other => (Kind::Report, other.map_or(1.0, |(_, lead)| -lead)),
    };
    // What speaks against a kind is worth telling only where something speaks for it.
    let considered: Vec<Kind> = found.iter().filter(|(_, e)| e.weight > 0.0).map(|(says, _)| *says).collect();
    let told = found.into_iter().filter(|(says, e)| e.weight != 0.0 && considered.contains(says));
    let evidence = told.map(|(_, evidence)| evidence).collect();
    Answer { answer, confidence: sureness(lead), evidence }
}

/// Whether the text says what is wrong, whatever else there is that cannot be read.
pub(super) fn tells_a_finding(message: &OpenedMessage, report: &Report, clauses: &Clauses, found: &[Mention]) -> bool {
    let text = read(report.text.expose());
    let facts = Facts {
        message,
        report,
        clauses,
        text: &text,
        panics: panics(&text),
        code: looks_like_code(&text),
        own_id: false,
        other_project: false,
        clues: found.iter().map(|mention| mention.clue).collect(),
    };
    has_finding(&facts) || claims(&facts) >= 2
}

/// By how much a kind that nobody is alerted to must outweigh a report.
const CLEAR_LEAD: f32 = 2.0;

/// Whether a person must look because little speaks for what nobody would look at.
fn in_doubt(kind: Kind, lead: f32) -> bool {
    matches!(kind, Kind::Question | Kind::Spam) && lead < CLEAR_LEAD
}

/// Whether something in it says what goes wrong, however it is asked or wrapped.
fn alarms(kind: Kind, facts: &Facts<'_>) -> bool {
    let words = [Weakness, Availability, Attacker, Exploited];
    let says = words.iter().any(|concept| facts.clauses.count(*concept) > 0)
        // "Why is my password in the log?" tells a finding, too.
        || kind == Kind::Question && facts.clauses.count(Sensitive) > 0 && wonders(facts);
    // "Are you affected by that overflow?" names somebody else's; the settings of web sites are begged about.
    let asked = facts.clauses.message(&[AskAffected], &[]) || facts.clauses.message(&[SiteHygiene], &[]);
    matches!(kind, Kind::Question | Kind::Spam) && says && !asked
}

fn speaks(signal: &Signal, clauses: &Clauses) -> bool {
    match signal.scope {
        Scope::Clause => clauses.clause(signal.all, signal.none),
        Scope::Pair => clauses.pair(signal.all, signal.none),
        Scope::Subject => clauses.subject(signal.all, signal.none),
        Scope::Message => clauses.message(signal.all, signal.none),
    }
}
