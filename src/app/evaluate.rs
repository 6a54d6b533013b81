use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Error, file_error, read_message};
use crate::model::{CaseId, Disclosure, Ecosystem, Evidence, Kind, Known, Limits, Question, Severity, WorkerSettings};
use crate::triage::{self, Wording};
use crate::worker::{Desk, InspectOptions, Inspection};

/// The file beside the mails that says what they are: one JSON object a line.
const TRUTH: &str = "truth.jsonl";
/// The file beside them with written sentences to learn from.
const SENTENCES: &str = "sentences.tsv";

/// How the judgements of labelled mails compare with their truth.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Evaluation {
    pub mails: usize,
    /// Of the real reports, those that are filed or held. What is missing here was lost.
    pub kept: Share,
    /// Of what was judged to be a report, what is one.
    pub precision: Share,
    pub kinds: Share,
    pub disclosure: Share,
    /// Of the public findings, those that were judged so.
    pub public_found: Share,
    /// The first repository is the right one.
    pub repository: Share,
    /// The right one is among the first three.
    pub repository_in_three: Share,
    /// Of mails with several findings, those whose every repository is named.
    pub all_repositories: Share,
    pub fields: BTreeMap<&'static str, Share>,
    /// Kinds as they are, and what each was judged to be, with counts.
    pub kind_matrix: Matrix,
    pub disclosure_matrix: Matrix,
    pub misses: Vec<Miss>,
}

/// Truth, judgement, count.
pub type Matrix = BTreeMap<&'static str, BTreeMap<&'static str, usize>>;

/// How many of how many were right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    pub right: usize,
    pub of: usize,
}

impl Share {
    fn count(&mut self, right: bool) {
        self.right += usize::from(right);
        self.of += 1;
    }

    /// In per cent; 100 where there was nothing to get wrong.
    pub fn per_cent(self) -> f64 {
        if self.of == 0 { 100.0 } else { 100.0 * self.right as f64 / self.of as f64 }
    }
}

/// A judgement that differs from the truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Miss {
    pub file: String,
    /// What was judged: `kind`, `disclosure`, `repository`, or a field.
    pub what: &'static str,
    pub truth: String,
    pub judged: String,
    /// The signals that decided, where it is not a field.
    pub evidence: Vec<Evidence>,
}

/// Opens, reads and judges the mails in `folder` in this process and compares with its `truth.jsonl`.
///
/// # Errors
///
/// One sentence for a file that is missing or does not read; a mail, however odd, is no error.
pub fn evaluate(folder: &Path, settings: WorkerSettings) -> Result<Evaluation, Error> {
    let (truths, limits) = (truths(&folder.join(TRUTH))?, settings.limits.clone());
    let desk = desk(settings)?;
    let mut evaluation = Evaluation::default();
    for truth in &truths {
        evaluation.compare(truth, &inspect(&desk, folder, truth, &limits)?);
    }
    Ok(evaluation)
}

/// Evaluates on folds: each mail is judged by weights that were learned without it, from the other mails in `folder` and
/// the examples in its `sentences.tsv`.
///
/// # Errors
///
/// As [`evaluate`], and for examples that do not read.
pub fn evaluate_folds(folder: &Path, settings: WorkerSettings, folds: usize) -> Result<Evaluation, Error> {
    let (truths, limits) = (truths(&folder.join(TRUTH))?, settings.limits.clone());
    let mut desk = desk(settings)?;
    let mut evaluation = Evaluation::default();
    for fold in 0..folds.max(2) {
        let is_out = |at: usize| at % folds.max(2) == fold;
        let kept = truths.iter().enumerate().filter(|(at, _)| !is_out(*at)).map(|(_, truth)| truth);
        let wording = learned(&desk, folder, kept, &limits)?;
        desk = desk.with_wording(wording);
        for truth in truths.iter().enumerate().filter(|(at, _)| is_out(*at)).map(|(_, truth)| truth) {
            evaluation.compare(truth, &inspect(&desk, folder, truth, &limits)?);
        }
    }
    Ok(evaluation)
}

/// Learns the weights of wording from all mails in `folder` and the examples in its `sentences.tsv`, and writes them to
/// `file`, as the program is built with them.
///
/// # Errors
///
/// As [`evaluate`], and for examples that do not read.
pub fn learn(folder: &Path, settings: WorkerSettings, file: &Path) -> Result<(), Error> {
    let (truths, limits) = (truths(&folder.join(TRUTH))?, settings.limits.clone());
    let wording = learned(&desk(settings)?, folder, truths.iter(), &limits)?;
    std::fs::write(file, wording.to_text()).map_err(|error| file_error("write", file, &error))
}

fn desk(settings: WorkerSettings) -> Result<Desk, Error> {
    Desk::open(settings, OffsetDateTime::now_utc()).map_err(|error| Error::refused(error.to_string()))
}

fn inspect(desk: &Desk, folder: &Path, truth: &Truth, limits: &Limits) -> Result<Inspection, Error> {
    let mail = read_message(&folder.join(&truth.file), limits)?;
    Ok(desk.inspect(&mail, &Known::default(), InspectOptions { show_text: true }, OffsetDateTime::now_utc()).1)
}

/// What written sentences say, and the sentences of the mails that are about something private.
fn learned<'a>(
    desk: &Desk,
    folder: &Path,
    truths: impl Iterator<Item = &'a Truth>,
    limits: &Limits,
) -> Result<Wording, Error> {
    let file = folder.join(SENTENCES);
    let text = std::fs::read_to_string(&file).map_err(|error| file_error("read", &file, &error))?;
    let mut examples =
        triage::read_sentences(&text).map_err(|error| Error::refused(format!("{}: {error}", file.display())))?;
    let private = |truth: &&Truth| matches!(truth.kind, TrueKind::Report(TrueReport::Private | TrueReport::Multi));
    for truth in truths.filter(private) {
        let found = inspect(desk, folder, truth, limits)?;
        let text = found.text.as_ref().map(|text| text.expose().as_str()).unwrap_or_default();
        examples.extend(triage::examples_of_mail(text));
    }
    Ok(triage::learn(&examples))
}

/// What a line of the truth says; other keys are remarks.
#[derive(Debug, Deserialize)]
struct Truth {
    file: String,
    kind: TrueKind,
    repository: Option<Names>,
    ecosystem: Option<Ecosystem>,
    package: Option<Names>,
    severity_claimed: Option<Severity>,
    cvss: Option<String>,
    #[serde(default)]
    cwe: Vec<String>,
    #[serde(default)]
    has_deadline: bool,
    case: Option<CaseId>,
    /// Other repositories that would be right.
    also_ok: Option<Names>,
    /// Other packages that would be right.
    accept_packages: Option<Names>,
}

/// Reports are labelled by what the report is like.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase", untagged)]
enum TrueKind {
    Report(TrueReport),
    Other(Kind),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TrueReport {
    Private,
    Public,
    /// Several findings.
    Multi,
}

/// One name, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

fn all(names: Option<&Names>) -> &[String] {
    match names {
        None => &[],
        Some(Names::One(name)) => std::slice::from_ref(name),
        Some(Names::Several(names)) => names,
    }
}

impl Truth {
    fn kind(&self) -> Kind {
        match self.kind {
            TrueKind::Report(_) => Kind::Report,
            TrueKind::Other(kind) => kind,
        }
    }

    fn disclosure(&self) -> Option<Disclosure> {
        match self.kind {
            TrueKind::Report(TrueReport::Private) => Some(Disclosure::Private),
            TrueKind::Report(TrueReport::Public) => Some(Disclosure::Public),
            _ => None,
        }
    }
}

fn truths(file: &Path) -> Result<Vec<Truth>, Error> {
    let text = std::fs::read_to_string(file).map_err(|error| file_error("read", file, &error))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = lines.map(|(at, line)| {
        serde_json::from_str(line).map_err(|error| {
            let (file, line) = (file.display(), at + 1);
            Error::refused(format!("line {line} of {file} is no truth about a mail: {error}"))
        })
    });
    read.collect()
}

/// Whether people see a message of this kind: it is filed, added to a case, or held.
fn kept(kind: Kind) -> bool {
    use Kind::{FollowUp, NotAVulnerability, Report, Unreadable, WrongProject};
    matches!(kind, Report | NotAVulnerability | FollowUp | WrongProject | Unreadable)
}

impl Evaluation {
    fn compare(&mut self, truth: &Truth, found: &Inspection) {
        self.mails += 1;
        self.compare_kind(truth, found);
        if truth.kind() == Kind::Report {
            self.compare_disclosure(truth, found);
        }
        if matches!(truth.kind(), Kind::Report | Kind::NotAVulnerability) {
            self.compare_repository(truth, found);
            self.compare_fields(truth, found);
        }
        if let Some(case) = &truth.case {
            let judged = found.case.as_ref().map(ToString::to_string).unwrap_or_default();
            self.field("case", truth, case.to_string(), judged);
        }
    }

    fn compare_kind(&mut self, truth: &Truth, found: &Inspection) {
        let (is, judged) = (truth.kind(), found.kind);
        *self.kind_matrix.entry(is.as_str()).or_default().entry(judged.as_str()).or_default() += 1;
        self.kinds.count(is == judged);
        if is == Kind::Report {
            self.kept.count(kept(judged));
        }
        if judged == Kind::Report {
            self.precision.count(is == Kind::Report);
        }
        if is != judged {
            self.miss(truth, "kind", is.as_str().into(), judged.as_str().into(), evidence(found, Question::Kind));
        }
    }

    fn compare_disclosure(&mut self, truth: &Truth, found: &Inspection) {
        let Some(is) = truth.disclosure() else { return };
        let judged = found.disclosure.map_or("none", Disclosure::as_str);
        *self.disclosure_matrix.entry(is.as_str()).or_default().entry(judged).or_default() += 1;
        self.disclosure.count(is.as_str() == judged);
        if is == Disclosure::Public {
            self.public_found.count(is.as_str() == judged);
        }
        if is.as_str() != judged {
            let evidence = evidence(found, Question::Disclosure);
            self.miss(truth, "disclosure", is.as_str().into(), judged.into(), evidence);
        }
    }

    fn compare_repository(&mut self, truth: &Truth, found: &Inspection) {
        let wanted = all(truth.repository.as_ref());
        if wanted.is_empty() {
            return;
        }
        let right = |name: &str| wanted.iter().chain(all(truth.also_ok.as_ref())).any(|wanted| wanted == name);
        let first = found.repository.as_ref().map(ToString::to_string).unwrap_or_default();
        self.repository.count(right(&first));
        self.repository_in_three.count(right(&first) || ranked(found).iter().take(3).any(|name| right(name)));
        if !right(&first) {
            let evidence = evidence(found, Question::Repository);
            self.miss(truth, "repository", wanted.join(", "), first.clone(), evidence);
        }
        if wanted.len() > 1 {
            let named: Vec<String> = found.also.iter().map(ToString::to_string).chain([first]).collect();
            let complete = wanted.iter().all(|name| named.contains(name));
            self.all_repositories.count(complete);
            if !complete {
                let evidence = evidence(found, Question::Repository);
                self.miss(truth, "all repositories", wanted.join(", "), named.join(", "), evidence);
            }
        }
    }

    fn compare_fields(&mut self, truth: &Truth, found: &Inspection) {
        let report = found.report.as_ref();
        let packages: Vec<&str> = report.map_or(&[][..], |r| &r.packages).iter().map(|p| p.name.as_str()).collect();
        let wanted = all(truth.package.as_ref());
        if !wanted.is_empty() {
            let accepted = |name: &&str| wanted.iter().chain(all(truth.accept_packages.as_ref())).any(|w| w == *name);
            let complete = wanted.len() < 2 || wanted.iter().all(|name| packages.contains(&name.as_str()));
            let right = packages.first().is_some_and(accepted) && complete;
            let truth_text = wanted.join(", ");
            let judged = if right { truth_text.clone() } else { packages.join(", ") };
            self.field("package", truth, truth_text, judged);
        }
        if let Some(ecosystem) = truth.ecosystem {
            let judged = report.and_then(|r| r.packages.first()).map(|package| package.ecosystem);
            self.field("ecosystem", truth, word(&Some(ecosystem)), word(&judged));
        }
        self.field("severity", truth, word(&truth.severity_claimed), word(&report.and_then(|r| r.severity)));
        let vectors = report.map_or(&[][..], |r| &r.cvss).iter().map(|cvss| cvss.vector.as_str());
        self.field("cvss", truth, truth.cvss.clone().unwrap_or_default(), vectors.collect::<Vec<_>>().join(", "));
        let sorted = |cwe: &[String]| {
            let mut cwe = cwe.to_vec();
            cwe.sort();
            cwe.join(", ")
        };
        self.field("cwe", truth, sorted(&truth.cwe), sorted(report.map_or(&[][..], |r| &r.cwe)));
        let day = |has| if has { "a day" } else { "" }.to_owned();
        self.field("deadline", truth, day(truth.has_deadline), day(report.is_some_and(|r| r.deadline.is_some())));
    }

    fn field(&mut self, what: &'static str, truth: &Truth, is: String, judged: String) {
        self.fields.entry(what).or_default().count(is == judged);
        if is != judged {
            self.miss(truth, what, is, judged, Vec::new());
        }
    }

    fn miss(&mut self, truth: &Truth, what: &'static str, is: String, judged: String, evidence: Vec<Evidence>) {
        self.misses.push(Miss { file: truth.file.clone(), what, truth: is, judged, evidence });
    }
}

fn evidence(found: &Inspection, question: Question) -> Vec<Evidence> {
    found.evidence.iter().filter(|evidence| evidence.question == question).cloned().collect()
}

/// The repositories that the evidence speaks for, the most probable first.
fn ranked(found: &Inspection) -> Vec<String> {
    let mut scores: BTreeMap<&str, f32> = BTreeMap::new();
    for evidence in found.evidence.iter().filter(|evidence| evidence.question == Question::Repository) {
        *scores.entry(&evidence.says).or_default() += evidence.weight;
    }
    let mut ranked: Vec<(&str, f32)> = scores.into_iter().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked.into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// The word by which a value is written in the truth; nothing for nothing.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
