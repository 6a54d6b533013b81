//! Facts about a message beyond its words, which the table of kinds weighs.

use super::concepts::Clauses;
use super::lexicon::Concept::{
    Absence, AskAffected, AskHelp, Attacker, Audit, Availability, Exploited, Flaw, HowToReport, Policy, Procedure,
    Sensitive, SiteHygiene, Tested, Vulnerability, Weakness,
};
use crate::model::{Automatic, Encryption, OpenedMessage, Report};
use crate::triage::extract::without_links;
use crate::triage::first_bytes;
use crate::triage::reading::Reading;
use crate::triage::scan::Clue;

/// What is known about a message when its kind is judged.
pub(super) struct Facts<'a> {
    pub message: &'a OpenedMessage,
    pub report: &'a Report,
    pub clauses: &'a Clauses,
    pub clues: Vec<Clue>,
    pub text: &'a str,
    /// It holds the trace of a crash.
    pub panics: bool,
    /// It holds code or commands.
    pub code: bool,
    pub own_id: bool,
    pub other_project: bool,
}

/// Words of thanks, and words that tell of more than thanks.
const THANKS: &[&str] = &["thanks", "thank", "danke", "dank", "merci", "gracias", "obrigado", "obrigada", "grazie"];
const MORE: &[&str] = &[
    "but", "bug", "bugs", "issue", "issues", "problem", "problems", "wrong", "odd", "strange", "broken", "found",
    "error", "attached",
];

/// A short mail that begins with thanks and says nothing that a report says.
pub(super) fn only_thanks(facts: &Facts<'_>) -> bool {
    // The text is looked at word by word only where nothing else speaks against it.
    let told = [Weakness, Vulnerability, Sensitive, Availability, Attacker, Exploited, Flaw, Tested];
    let carries = other_attachments(facts) || !facts.report.references.is_empty() || facts.message.forwarded.is_some();
    if carries
        || !facts.clues.is_empty()
        || facts.message.encryption != Encryption::None
        || told.iter().any(|concept| facts.clauses.count(*concept) > 0)
    {
        return false;
    }
    let reading = Reading::of(facts.text);
    let begins = reading.window(0, 6).iter().any(|word| THANKS.contains(word));
    let words = reading.window(0, reading.len().min(60));
    let plain = words.iter().all(|word| !MORE.contains(word) && !word.contains(|c: char| c.is_ascii_digit()));
    begins && plain && reading.len() <= 40
}

pub(super) fn specific(clue: Clue) -> bool {
    !matches!(clue, Clue::WeakName | Clue::Language | Clue::LanguageContrib)
}

/// Particulars that a question, a beg for bounty or a key request does not have.
pub(super) fn has_finding(facts: &Facts<'_>) -> bool {
    let particulars = [
        !facts.report.cvss.is_empty(),
        !facts.report.cwe.is_empty(),
        facts.panics && facts.clauses.message(&[Attacker], &[]),
        facts.code && facts.clauses.message(&[Weakness], &[]) && facts.clues.iter().any(|c| specific(*c)),
        facts.report.packages.iter().any(|p| p.affected.is_some()) && facts.clauses.message(&[Attacker], &[]),
    ];
    particulars.contains(&true)
}

/// Whether anything in it is said by people who know the software: such mail is never spam. The settings of a web site
/// are told with the words of weaknesses, so there only what is about the software counts.
pub(super) fn technical(facts: &Facts<'_>) -> bool {
    let hard = facts.clues.iter().any(|clue| specific(*clue) && *clue != Clue::Link)
        || !facts.report.cvss.is_empty()
        || !facts.report.cve.is_empty()
        || facts.report.packages.iter().any(|package| package.affected.is_some())
        || facts.panics
        || facts.code
        || facts.message.encryption != Encryption::None;
    let words = [Weakness, Availability, Exploited].iter().any(|concept| facts.clauses.count(*concept) > 0);
    hard || !facts.clauses.message(&[SiteHygiene], &[]) && (words || !facts.report.cwe.is_empty())
}

/// Whether nothing in it is about software of the project: a domain or a web site is not.
pub(super) fn of_no_software(facts: &Facts<'_>) -> bool {
    !facts.clues.iter().any(|clue| specific(*clue) && *clue != Clue::Link)
        && facts.report.cvss.is_empty()
        && facts.report.cve.is_empty()
        && facts.message.encryption == Encryption::None
}

/// How many kinds of particulars it gives that only reports give.
pub(super) fn claims(facts: &Facts<'_>) -> usize {
    let words = [Weakness, Availability, Attacker, Exploited];
    let words = words.iter().filter(|concept| facts.clauses.count(**concept) > 0).count();
    let stated = [
        !facts.report.cwe.is_empty(),
        !facts.report.cvss.is_empty(),
        facts.report.deadline.is_some(),
        facts.panics,
        facts.message.encryption == Encryption::Whole,
    ];
    words + stated.into_iter().filter(|holds| *holds).count()
}

/// Whether it asks something that questions ask, and not only in a question's form.
pub(super) fn asks(facts: &Facts<'_>) -> bool {
    [HowToReport, Policy, Procedure, AskHelp, AskAffected].iter().any(|concept| facts.clauses.count(*concept) > 0)
        || facts.clauses.count(Audit) >= 2
        || asks_about_cve(facts)
}

/// Words that say that the remedy of a known problem does not hold: a finding of its own.
const NOT_REMEDIED: &[&str] = &[
    "incomplet",
    "insufficient",
    "still",
    "regress",
    "again",
    "unvollständig",
    "immer noch",
    "weiterhin",
    "nicht behoben",
    "insuficiente",
    "todavía",
    "sigue",
    "toujours",
    "ainda",
    "неполн",
    "仍",
    "不完整",
    "不完全",
    "まだ",
];

/// The farthest that a question goes on behind the CVE which it asks about, in bytes.
const LONGEST_QUESTION: usize = 300;
const MOST_CVES: usize = 20;

/// Whether it asks, in any language, about a known problem of others, and tells nothing of its own: the sentence with the
/// number ends in a question mark, in the subject or in a mail that speaks of scanners.
pub(super) fn asks_about_cve(facts: &Facts<'_>) -> bool {
    if facts.report.cve.is_empty() || facts.code || claims(facts) > 0 || !short_question(facts) {
        return false;
    }
    let asked =
        in_question(facts.message.subject.expose()) || facts.clauses.message(&[Audit], &[]) && in_question(facts.text);
    asked && !NOT_REMEDIED.iter().any(|word| facts.text.to_lowercase().contains(word))
}

/// Whether a sentence that names a CVE asks.
fn in_question(text: &str) -> bool {
    text.match_indices("CVE-").take(MOST_CVES).any(|(at, _)| {
        let rest = first_bytes(text.get(at..).unwrap_or_default(), LONGEST_QUESTION);
        let end = [". ", ".\n", "\n\n", "!", "。"].iter().filter_map(|end| rest.find(end)).min();
        questions(rest.get(..end.unwrap_or(rest.len())).unwrap_or_default())
    })
}

/// How people ask about what they saw, and not about what to do.
const WONDERS: &[&str] = &[
    "why ",
    "how come",
    "normal",
    "intended",
    "supposed to",
    "warum",
    "wieso",
    "gewollt",
    "pourquoi",
    "por qué",
    "por que",
    "perché",
    "perchè",
    "waarom",
    "dlaczego",
    "почему",
    "为什么",
    "为何",
    "正常",
    "なぜ",
    "どうして",
    "仕様でしょうか",
    "왜",
    "neden",
];

/// Whether it asks why something is as it is: that something was seen.
pub(super) fn wonders(facts: &Facts<'_>) -> bool {
    let text = facts.text.to_lowercase();
    WONDERS.iter().any(|words| text.contains(words))
}

/// How advertisements offer to end them, in the languages that they come in.
const UNSUBSCRIBE: &[&str] = &[
    "unsubscribe",
    "opt out",
    "opt-out",
    "abbestellen",
    "abmelden",
    "désabonner",
    "désinscri",
    "darse de baja",
    "cancelar la suscripción",
    "descadastr",
    "cancelar inscrição",
    "annulla l'iscrizione",
    "uitschrijven",
    "wypisz",
    "отписаться",
    "退订",
    "配信停止",
    "수신거부",
];

/// Whether it can be unsubscribed from and tells nothing: a mailing, whatever it offers.
pub(super) fn mailing(facts: &Facts<'_>) -> bool {
    let text = facts.text.to_lowercase();
    claims(facts) == 0 && of_no_software(facts) && UNSUBSCRIBE.iter().any(|words| text.contains(words))
}

/// Whether a sentence ends in a question mark. The query of a link or path is no question.
pub(super) fn questions(text: &str) -> bool {
    let ends =
        |behind: &str| behind.chars().next().is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '=' | '&' | '_'));
    let text = without_links(text);
    text.contains('？') || text.match_indices('?').any(|(at, _)| text.get(at + 1..).is_some_and(ends))
}

pub(super) fn short_question(facts: &Facts<'_>) -> bool {
    questions(facts.text) && facts.clauses.words() < 120 && facts.report.cwe.is_empty()
}

pub(super) fn panics(text: &str) -> bool {
    const TRACES: &[&str] = &[
        "panic: ",
        "goroutine ",
        "Traceback (most recent call last)",
        "SIGSEGV",
        "SIGABRT",
        "AddressSanitizer",
        "Exception in thread",
        "thread 'main' panicked",
        "Segmentation fault",
        "OutOfMemoryError",
        "OutOfMemoryException",
        "Uncaught ",
    ];
    TRACES.iter().any(|trace| text.contains(trace))
        || text.lines().filter(|line| line.trim_start().starts_with("at ") && line.contains('(')).count() >= 2
}

pub(super) fn looks_like_code(text: &str) -> bool {
    const MARKS: &[&str] =
        &["```", "curl ", "$ ", "func ", "def ", "#!/", "import ", "require(", "};", "return ", "-H '", "--data"];
    MARKS.iter().filter(|mark| text.contains(*mark)).count() >= 2
        || text.lines().filter(|line| line.starts_with("    ") || line.starts_with('\t')).count() >= 3
}

pub(super) fn is_key(name: &str) -> bool {
    matches!(
        name,
        "application/pgp-keys"
            | "application/pgp-signature"
            | "application/pkcs7-signature"
            | "application/x-pkcs7-signature"
    )
}

pub(super) fn other_attachments(facts: &Facts<'_>) -> bool {
    facts.report.attachments.iter().any(|attachment| !is_key(&attachment.media_type))
}

pub(super) fn only_keys(facts: &Facts<'_>) -> bool {
    let any = !facts.report.attachments.is_empty() || !facts.message.certificates.is_empty();
    any && !other_attachments(facts) && facts.clauses.words() < 80 && facts.message.encryption == Encryption::None
}

/// An effect on confidentiality or integrity.
pub(super) fn costs_more_than_availability(vector: &str) -> bool {
    vector.split('/').any(|part| matches!(part, "C:L" | "C:H" | "I:L" | "I:H" | "VC:L" | "VC:H" | "VI:L" | "VI:H"))
}

/// `PR:L` or `PR:H`, and an effect on availability only.
pub(super) fn needs_rights_for_availability(vector: &str) -> bool {
    let has = |metric: &str| vector.split('/').any(|part| part == metric);
    let untouched = has("C:N") && has("I:N") || has("VC:N") && has("VI:N");
    (has("PR:L") || has("PR:H")) && untouched && has("AV:N")
}

pub(super) fn automatic_subject(facts: &Facts<'_>) -> bool {
    facts.message.automatic == Some(Automatic::Generated) && facts.clauses.subject(&[Absence], &[Weakness])
}
