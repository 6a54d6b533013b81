//! The open lane: opening and judging, and the composing of mail.

use super::step::{StepError, With};
use super::worker::Failed;
use super::{Shared, fail};
use crate::case::{Event, Repeat, Thread, Twin};
use crate::model::{Address, ContentDigest, Inquiry, Kind, Known, MailKind, MessageId, RawMessage, Verdict};
use crate::ports::{Assessed, Assessment, CaseRecord, Claimed, Joined, MessageFilter, MessageRecord, StoreError};

/// Unfinished messages of one case that are looked at when a follow-up comes before the filing.
const SIBLINGS: u32 = 20;

/// What a message belongs to.
pub(super) struct Conversation {
    pub thread: Thread,
    pub case: Option<CaseRecord>,
}

/// Other messages with the same ciphertext.
struct Beside {
    repeat: Repeat,
    /// How many there are.
    twins: usize,
}

impl Shared {
    /// Opens and judges.
    pub async fn open(&self, claimed: &mut Claimed, released: bool) -> Result<(), StepError> {
        if let Some(original) = claimed.duplicate_of.filter(|_| !released) {
            let note = With::note(format!("the same message as {original}"));
            return self.step(claimed, Event::Duplicate(original), note).await;
        }
        if self.is_worn_out(claimed) {
            return self.step(claimed, Event::WorkerDied, With::note("the gateway itself went down on it")).await;
        }
        let assessed = {
            let raw = self.parts.store.raw(claimed.message).await?;
            match self.look_up(&raw).await? {
                Ok(known) => self.assess(&raw, known).await,
                Err(failed) => Err(failed),
            }
        };
        let Assessed { mut assessment, learned, .. } = match assessed {
            Ok(assessed) => assessed,
            Err(Failed::Died(why)) => {
                let note = With::note(format!("a worker died or stalled on it: {why}"));
                return self.step(claimed, Event::WorkerDied, note).await;
            }
            Err(Failed::Setup(why) | Failed::Refused(why)) => {
                return self.later(claimed, Some(self.settings.setup_wait), &why).await;
            }
        };
        let known = self.conversation(&mut assessment).await?;
        let _one_at_a_time = self.twins.lock().await;
        let traces: Vec<ContentDigest> = assessment.facts.traces().collect();
        let twins = self.parts.store.twins(claimed.message, &traces).await?;
        let repeat = match released {
            true => Repeat::No,
            false => crate::case::repeats(&assessment.facts, &as_twins(&twins)),
        };
        if let Repeat::Again(original) = repeat {
            let note = With::note(format!("the same message as {original}, or its ciphertext from the same sender"));
            return self.step(claimed, Event::Duplicate(original), note).await;
        }
        if self.must_wait_for_filing(&assessment.verdict, &known).await? {
            return self.later(claimed, None, "the advisory it adds to is being filed").await;
        }
        let beside = Beside { repeat, twins: twins.len() };
        self.judged(claimed, released, Assessed { assessment, learned, links: Vec::new() }, known, beside).await
    }

    /// Opens and judges, and once more with what GitHub says about issues that the mail links.
    async fn assess(&self, raw: &RawMessage, known: Known) -> Result<Assessed, Failed> {
        let assessed = self.ask(self.parts.opener.assess(raw, &known)).await?;
        if assessed.links.is_empty() || !self.parts.advisories.looks_up() {
            return Ok(assessed);
        }
        let inquiry = Inquiry { issues: assessed.links.clone(), ..Inquiry::default() };
        let issues = self.parts.advisories.look_up(&inquiry).await.issues;
        if issues.is_empty() {
            return Ok(assessed);
        }
        self.ask(self.parts.opener.assess(raw, &Known { issues, ..known })).await
    }

    async fn judged(
        &self,
        claimed: &mut Claimed,
        released: bool,
        assessed: Assessed,
        known: Conversation,
        beside: Beside,
    ) -> Result<(), StepError> {
        let Assessed { assessment, learned, .. } = assessed;
        let joins = matches!(assessment.verdict.kind, Kind::FollowUp | Kind::Bounce);
        let case = match claimed.case.take().or(known.case.filter(|_| joins)) {
            Some(case) => Some(case),
            None if released || needs_case(&assessment) => {
                let facts = &assessment.facts;
                let reporter = facts.author.as_ref().or(facts.answer_to.as_ref());
                let (store, now) = (&self.parts.store, self.parts.clock.now());
                let case = store.open_case(claimed.message, &self.settings.case_prefix, reporter, now).await?;
                fail::point("case", "after");
                Some(case)
            }
            None => None,
        };
        let with = With {
            assessment: Some(assessment.clone()),
            twins: Some(beside.twins),
            case: case.as_ref().map(|case| case.id.clone()),
            certificates: if self.settings.learn_certificates { learned } else { Vec::new() },
            note: judgement(&assessment.verdict),
            ..With::default()
        };
        if matches!(beside.repeat, Repeat::Foreign(_)) && is_filed_by_itself(&assessment.verdict, known.thread) {
            return self.step(claimed, Event::Copied, with).await;
        }
        let event = Event::Assessed {
            facts: &assessment.facts,
            verdict: &assessment.verdict,
            thread: known.thread,
            advisory: case.as_ref().and_then(|case| case.advisory.as_ref()),
            fallback: &self.settings.fallback,
            multi: self.settings.multi,
        };
        tracing::info!(
            kind = %assessment.verdict.kind,
            disclosure = assessment.verdict.disclosure.map(|disclosure| disclosure.as_str()),
            case = case.as_ref().map(|case| case.id.as_str()),
            "message judged"
        );
        self.step(claimed, event, with).await
    }

    /// For the team: which messages of other senders hold ciphertext of this one.
    pub async fn same_ciphertext(&self, claimed: &Claimed) -> Result<Vec<String>, StoreError> {
        let Some(Assessment { facts, .. }) = &claimed.assessment else { return Ok(Vec::new()) };
        let records = self.parts.store.twins(claimed.message, &facts.ciphertexts).await?;
        let name = |message: MessageId| {
            let record = records.iter().find(|record| record.message == message);
            let case = record.and_then(|record| record.case.as_ref()).map(|case| case.id.as_str());
            case.map_or_else(|| message.to_string(), |case| format!("{case} ({message})"))
        };
        let foreign: Vec<String> =
            crate::case::foreign(facts, &as_twins(&records)).map(|twin| name(twin.message)).collect();
        Ok(foreign)
    }

    /// Finds the case that a message belongs to, and corrects the verdict where that changes what it is.
    pub async fn conversation(&self, assessment: &mut Assessment) -> Result<Conversation, StoreError> {
        let named = match &assessment.verdict.case {
            Some(name) => self.parts.store.case(name).await?.map(|case| Joined { case, mail: None }),
            None => None,
        };
        let unknown_name = assessment.verdict.case.is_some() && named.is_none();
        let answered = self.parts.store.case_of_mail(&answered_mails(assessment)).await?;
        let joined = match (named, answered) {
            // What answers a mail of ours is in that case, whatever name it mentions besides.
            (_, Some(answered)) if answered.mail.is_some() => Some(answered),
            // Names of cases can be guessed, and a reporter's own Message-ID is in everybody's copy of that mail.
            (Some(joined), _) | (None, Some(joined)) => {
                if !is_from(assessment, joined.case.reporter.as_ref()) {
                    let bounce = assessment.verdict.kind == Kind::Bounce;
                    let thread = if bounce { Thread::New } else { Thread::OtherSender };
                    return Ok(Conversation { thread, case: None });
                }
                Some(joined)
            }
            (None, None) => None,
        };
        let Some(Joined { case, mail }) = joined else {
            let thread = if unknown_name { Thread::UnknownCase } else { Thread::New };
            return Ok(Conversation { thread, case: None });
        };
        let author = assessment.facts.author.as_ref();
        let verdict = assessment.verdict.clone();
        assessment.verdict = crate::case::follow_up(verdict, author, &case.id, case.reporter.as_ref());
        let thread = match (assessment.verdict.kind, &case.advisory) {
            // Only a reply that did not reach its reporter concerns the team.
            (Kind::Bounce, _) if mail != Some(MailKind::Reply) => Thread::New,
            (_, Some(_)) => Thread::Advisory,
            (_, None) => Thread::WithoutAdvisory,
        };
        Ok(Conversation { thread, case: Some(case) })
    }

    /// A follow-up that comes while its case's report is on its way waits for the advisory.
    async fn must_wait_for_filing(&self, verdict: &Verdict, known: &Conversation) -> Result<bool, StoreError> {
        let Some(case) = &known.case else { return Ok(false) };
        if verdict.kind != Kind::FollowUp || case.advisory.is_some() {
            return Ok(false);
        }
        let filter = MessageFilter {
            case: Some(case.id.clone()),
            unfinished_only: true,
            limit: SIBLINGS,
            ..MessageFilter::default()
        };
        Ok(self.parts.store.messages(&filter).await?.iter().any(|message| message.state.is_being_filed()))
    }
}

fn as_twins(records: &[MessageRecord]) -> Vec<Twin<'_>> {
    records
        .iter()
        .map(|record| Twin {
            message: record.message,
            state: &record.state,
            facts: record.assessment.as_ref().map(|assessment| &assessment.facts),
        })
        .collect()
}

/// Whether it would be filed, or added to an advisory.
fn is_filed_by_itself(verdict: &Verdict, thread: Thread) -> bool {
    match verdict.kind {
        Kind::Report | Kind::NotAVulnerability => true,
        Kind::FollowUp => thread == Thread::Advisory,
        _ => false,
    }
}

/// Whether the mail says that it is from `reporter`, and its answer goes there: a forged sender learns nothing.
fn is_from(assessment: &Assessment, reporter: Option<&Address>) -> bool {
    let facts = &assessment.facts;
    let theirs = |address: &Option<Address>| {
        address.as_ref().zip(reporter).is_some_and(|(address, reporter)| address.same_mailbox(reporter))
    };
    theirs(&facts.author) && theirs(&facts.answer_to)
}

fn answered_mails(assessment: &Assessment) -> Vec<crate::model::MailId> {
    let bounced = match &assessment.facts.automatic {
        Some(crate::model::Automatic::Bounce { of }) => of.clone(),
        _ => None,
    };
    bounced.into_iter().chain(assessment.facts.answers.iter().cloned()).collect()
}

fn needs_case(assessment: &Assessment) -> bool {
    !crate::case::is_own(&assessment.facts)
        && matches!(
            assessment.verdict.kind,
            Kind::Report | Kind::NotAVulnerability | Kind::WrongProject | Kind::Unreadable | Kind::FollowUp
        )
}

fn judgement(verdict: &Verdict) -> String {
    let disclosure = verdict.disclosure.map(|disclosure| format!(", {}", disclosure.as_str())).unwrap_or_default();
    let destination = verdict.destination.as_ref().map(|name| format!(", for {name}")).unwrap_or_default();
    format!("judged: {}{disclosure}{destination}", verdict.kind)
}
