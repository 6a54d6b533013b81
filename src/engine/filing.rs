//! The file lane: what goes to GitHub.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use super::step::{StepError, With};
use super::worker::Failed;
use super::{Shared, fail};
use crate::case::{Event, Filing, State};
use crate::model::{
    AdvisoryDraft, Assessment, CommentDraft, Commented, Draft, Evidence, Filed, Inquiry, Known, Online, Question,
    RawMessage,
};
use crate::ports::{CaseRecord, Claimed, DraftOrder, FilingError, OverBudget, StoreError};

/// What came of asking for something to be filed.
enum Asked {
    Filed(Filed),
    Commented(Commented),
    Failed(FilingError),
}

impl Shared {
    /// Drafts, records that the attempt begins, and files.
    pub async fn file(&self, claimed: &mut Claimed, filing: Filing) -> Result<(), StepError> {
        if self.is_put_off(claimed, &filing).await? {
            return Ok(());
        }
        let Some(draft) = self.draft(claimed, &filing).await? else { return self.unspend(claimed, &filing).await };
        let asked = self.attempt(claimed, &filing, &draft).await?;
        if !matches!(asked, Asked::Filed(_) | Asked::Commented(_) | Asked::Failed(FilingError::Unknown(_))) {
            self.unspend(claimed, &filing).await?;
        }
        let filed = if let Asked::Filed(advisory) = &asked { Some(advisory.clone()) } else { None };
        let step = match (asked, &draft) {
            (Asked::Filed(advisory), Draft::Advisory(draft)) if !draft.continued.is_empty() => {
                self.filed_in_part(claimed, &filing, advisory).await
            }
            (asked, _) => self.asked(claimed, &filing, asked).await,
        };
        if let (Err(StepError::Store(StoreError::Stale(_))), Some(advisory)) = (&step, filed) {
            self.filed_too_late(claimed, &advisory).await?;
        }
        step
    }

    /// Counts it before it begins; puts it off when as much was filed within the last hour as may be.
    async fn is_put_off(&self, claimed: &mut Claimed, filing: &Filing) -> Result<bool, StepError> {
        let Some(most) = self.settings.filings_per_hour else { return Ok(false) };
        let _one_at_a_time = self.floods.lock().await;
        let (store, now) = (&self.parts.store, self.parts.clock.now());
        fail::point("spend", "before");
        let spent = store.spend(claimed.message, &filing.destination, most, !filing.told, now).await?;
        fail::point("spend", "after");
        let Err(OverBudget { until, is_first }) = spent else { return Ok(false) };
        let until = Duration::try_from(until - now).unwrap_or_default();
        tracing::warn!(seconds = until.as_secs(), "as much was filed within the last hour as may be");
        let note = With::note("waits: as much was filed within the last hour as may be");
        self.step(claimed, Event::OverBudget { until, tell: is_first }, note).await?;
        if is_first {
            store.flood_told(now).await?;
        }
        Ok(true)
    }

    async fn unspend(&self, claimed: &Claimed, filing: &Filing) -> Result<(), StepError> {
        if self.settings.filings_per_hour.is_some() {
            self.parts.store.unspend(claimed.message, &filing.destination).await?;
        }
        Ok(())
    }

    /// It was filed, and another gateway had taken the message up meanwhile, because this one was stopped for longer than
    /// its lease at the very instant of sending. If that one has filed it, too, people must know.
    async fn filed_too_late(&self, claimed: &Claimed, advisory: &Filed) -> Result<(), StoreError> {
        let case = self.parts.store.case(&case_of(claimed)?.id).await?;
        if case.and_then(|case| case.advisory).is_some_and(|known| known.ghsa_id == advisory.ghsa_id) {
            return Ok(());
        }
        tracing::error!(advisory = %advisory.ghsa_id, repository = %advisory.repository, "filed by a gateway that had lost the message: perhaps twice");
        let what = format!(
            "filed as {} in {} by a gateway that had lost this message meanwhile: close that one if there is another",
            advisory.ghsa_id, advisory.repository
        );
        self.parts.store.note(claimed.message, &what, self.parts.clock.now()).await
    }

    /// Records that the attempt begins, and makes it.
    async fn attempt(&self, claimed: &mut Claimed, filing: &Filing, draft: &Draft) -> Result<Asked, StepError> {
        let note = format!("filing in {} begins", filing.destination);
        let with = With { assessment: with_similar(claimed, draft), note, ..With::default() };
        match self.begin(claimed, with).await? {
            Ok(()) => Ok(self.send_draft(filing, draft).await),
            Err(too_late) => Ok(Asked::Failed(too_late)),
        }
    }

    /// Records that an attempt begins; the inner error is why it must not be made.
    async fn begin(&self, claimed: &mut Claimed, with: With) -> Result<Result<(), FilingError>, StepError> {
        let begun = Instant::now();
        self.step(claimed, Event::Begun, with).await?;
        // The time after which it would be looked for runs since before the commit: what takes longer than that would
        // be missed by the look.
        let spare = self.settings.policy.settle_time.saturating_sub(self.settings.timeouts.file);
        if begun.elapsed() > spare {
            return Ok(Err(FilingError::Unknown("the store was too slow for it to be tried safely".to_owned())));
        }
        Ok(Ok(()))
    }

    /// Looks for what an earlier attempt may have left.
    pub async fn check_filing(&self, claimed: &mut Claimed, filing: Filing) -> Result<(), StepError> {
        if filing.comment_on.is_some() {
            // A comment finds its own marker: asking again is looking. It is an attempt, too, and may be lost like the first.
            let Some(draft) = self.draft(claimed, &filing).await? else { return Ok(()) };
            let asked = self.attempt(claimed, &filing, &draft).await?;
            return self.asked(claimed, &filing, asked).await;
        }
        let marker = case_of(claimed)?.marker.clone();
        let limit = self.settings.timeouts.file;
        let asked = match in_time(limit, self.parts.advisories.find(&filing.destination, &marker)).await {
            // Nobody knows how far the attempt came.
            Ok(Ok(Some(advisory))) => return self.filed_in_part(claimed, &filing, advisory).await,
            Ok(Ok(None)) => {
                return self.step(claimed, Event::NotFound, With::note("no lost advisory is there")).await;
            }
            // Not to be able to look is no refusal to file: what may be there must not be filed again elsewhere.
            Ok(Err(FilingError::Refused(reason))) => Asked::Failed(FilingError::Later { reason, after: None }),
            Ok(Err(error)) => Asked::Failed(error),
            Err(no_answer) => Asked::Failed(no_answer),
        };
        self.asked(claimed, &filing, asked).await
    }

    async fn filed_in_part(&self, claimed: &mut Claimed, filing: &Filing, advisory: Filed) -> Result<(), StepError> {
        self.board.area("filing", Ok(()));
        let note = format!(
            "filed as {} in {}; the rest of its text, if it is long, comes next",
            advisory.ghsa_id, advisory.repository
        );
        let with = With { advisory: of_the_case(filing, &advisory), note, ..With::default() };
        self.step(claimed, Event::FiledInPart(advisory), with).await
    }

    /// Adds what did not fit into the description of a filed advisory, as far as it is not there.
    pub async fn complete(&self, claimed: &mut Claimed, advisory: Filed, filing: Filing) -> Result<(), StepError> {
        let draft = match self.draft(claimed, &filing).await? {
            Some(Draft::Advisory(draft)) => draft,
            Some(Draft::Comment(_)) => {
                return self.later(claimed, Some(self.settings.setup_wait), "the worker drafted a comment").await;
            }
            None => return Ok(()),
        };
        let done = match draft.continued.len() {
            0 => Ok(()),
            more => {
                let note = format!("adding the rest of its text to {} begins: {more} comments", advisory.ghsa_id);
                match self.begin(claimed, With::note(note)).await? {
                    Ok(()) => in_time(self.settings.timeouts.file, self.parts.advisories.complete(&advisory, &draft))
                        .await
                        .unwrap_or_else(Err),
                    Err(too_late) => Err(too_late),
                }
            }
        };
        match done {
            Ok(()) => {
                let note = With::note(format!("all of its text is in {}", advisory.ghsa_id));
                self.step(claimed, Event::Completed, note).await
            }
            Err(FilingError::Refused(reason)) => {
                tracing::warn!(advisory = %advisory.ghsa_id, error = reason, "the rest of a report could not be added");
                let note = With::note(format!("the rest of its text was refused: {reason}"));
                self.step(claimed, Event::Refused { reason, fallback: &self.settings.fallback }, note).await
            }
            Err(FilingError::Later { reason, after }) => self.later(claimed, after, &reason).await,
            Err(FilingError::Unknown(reason)) => {
                let note = With::note(format!("the rest of its text is perhaps there: {reason}"));
                self.step(claimed, Event::Unknown, note).await
            }
            Err(FilingError::Setup(reason)) => self.later(claimed, Some(self.settings.setup_wait), &reason).await,
        }
    }

    async fn draft(&self, claimed: &mut Claimed, filing: &Filing) -> Result<Option<Draft>, StepError> {
        if self.is_worn_out(claimed) {
            self.step(claimed, Event::WorkerDied, With::note("the gateway itself went down on it")).await?;
            return Ok(None);
        }
        let order =
            DraftOrder { same_ciphertext: self.same_ciphertext(claimed).await?, ..draft_order(claimed, filing)? };
        let drafted = {
            let raw = self.parts.store.raw(claimed.message).await?;
            let known = self.recall(claimed).await?;
            // What was looked up is in the description, which is there.
            let online = match claimed.state {
                State::Completing { .. } => Ok((known, order)),
                _ => self.online(&raw, known, order).await,
            };
            match online {
                Ok((known, order)) => self.ask(self.parts.opener.draft(&raw, &known, &order)).await,
                Err(failed) => Err(failed),
            }
        };
        match drafted {
            Ok(draft) => return Ok(Some(draft)),
            Err(Failed::Died(why)) => {
                let note = With::note(format!("a worker died or stalled on it: {why}"));
                self.step(claimed, Event::WorkerDied, note).await?;
            }
            Err(Failed::Setup(why) | Failed::Refused(why)) => {
                self.later(claimed, Some(self.settings.setup_wait), &why).await?;
            }
        }
        Ok(None)
    }

    /// Adds what GitHub says: about what the mail links, which a worker must read once more since nothing of it is stored,
    /// and about the repositories where it may be filed.
    async fn online(&self, raw: &RawMessage, known: Known, order: DraftOrder) -> Result<(Known, DraftOrder), Failed> {
        if order.comment || !self.parts.advisories.looks_up() {
            return Ok((known, order));
        }
        let links = self.ask(self.parts.opener.assess(raw, &known)).await?.links;
        let verdict = &order.verdict;
        let mut advisories_of = vec![order.destination.clone()];
        for other in verdict.destination.iter().chain(&verdict.also).chain([&self.settings.fallback]) {
            if advisories_of.len() < Online::MOST_REPOSITORIES && !advisories_of.contains(other) {
                advisories_of.push(other.clone());
            }
        }
        let inquiry = Inquiry { issues: links, releases_of: Some(order.destination.clone()), advisories_of };
        let mut online = self.parts.advisories.look_up(&inquiry).await;
        let issues = std::mem::take(&mut online.issues);
        Ok((Known { issues, ..known }, DraftOrder { online: Some(online), ..order }))
    }

    async fn send_draft(&self, filing: &Filing, draft: &Draft) -> Asked {
        let limit = self.settings.timeouts.file;
        match (draft, &filing.comment_on) {
            (Draft::Advisory(draft), None) => in_time(limit, self.send_advisory(filing, draft)).await,
            (Draft::Comment(draft), Some(advisory)) => in_time(limit, self.send_comment(advisory, draft)).await,
            _ => {
                Ok(Asked::Failed(FilingError::Setup("the worker drafted something else than it was asked for".into())))
            }
        }
        .unwrap_or_else(Asked::Failed)
    }

    async fn send_advisory(&self, filing: &Filing, draft: &AdvisoryDraft) -> Asked {
        match self.parts.advisories.file(&filing.destination, draft).await {
            Ok(advisory) => Asked::Filed(advisory),
            Err(error) => Asked::Failed(error),
        }
    }

    async fn send_comment(&self, advisory: &Filed, draft: &CommentDraft) -> Asked {
        match self.parts.advisories.comment(advisory, draft).await {
            Ok(commented) => Asked::Commented(commented),
            Err(error) => Asked::Failed(error),
        }
    }

    async fn asked(&self, claimed: &mut Claimed, filing: &Filing, asked: Asked) -> Result<(), StepError> {
        let error = match asked {
            Asked::Filed(advisory) => {
                self.board.area("filing", Ok(()));
                let note = format!("filed as {} in {}", advisory.ghsa_id, advisory.repository);
                let with = With { advisory: of_the_case(filing, &advisory), note, ..With::default() };
                return self.step(claimed, Event::Filed(advisory), with).await;
            }
            Asked::Commented(commented) => {
                self.board.area("filing", Ok(()));
                let note = With::note(format!("added to {}", commented.advisory.ghsa_id));
                return self.step(claimed, Event::Commented(commented), note).await;
            }
            Asked::Failed(error) => error,
        };
        let destination = &filing.destination;
        match error {
            FilingError::Refused(reason) => {
                tracing::warn!(repository = %destination, error = reason, "repository refused");
                let note = With::note(format!("{destination} refused: {reason}"));
                self.step(claimed, Event::Refused { reason, fallback: &self.settings.fallback }, note).await
            }
            FilingError::Later { reason, after } => {
                tracing::warn!(repository = %destination, error = reason, "filing is put off");
                self.later(claimed, after, &reason).await
            }
            FilingError::Unknown(reason) => {
                tracing::warn!(repository = %destination, error = reason, "the end of an attempt to file is unknown");
                self.step(claimed, Event::Unknown, With::note(format!("perhaps filed: {reason}"))).await
            }
            FilingError::Setup(reason) => {
                self.board.area("filing", Err(&reason));
                self.later(claimed, Some(self.settings.setup_wait), &reason).await
            }
        }
    }
}

/// The assessment with the advisories that may be about the same, for the alert and for people; nothing to change without.
fn with_similar(claimed: &Claimed, draft: &Draft) -> Option<Assessment> {
    let Draft::Advisory(draft) = draft else { return None };
    let mut assessment = claimed.assessment.clone().filter(|_| !draft.similar.is_empty())?;
    let evidence = &mut assessment.verdict.evidence;
    evidence.retain(|evidence| evidence.question != Question::Duplicate);
    evidence.extend(draft.similar.iter().map(|similar| Evidence {
        question: Question::Duplicate,
        says: similar.url(),
        weight: similar.score,
        because: format!("perhaps the same finding: {}", similar.because),
    }));
    Some(assessment)
}

/// The advisory that is the case's from now on: the first. What the reporter adds goes there.
fn of_the_case(filing: &Filing, advisory: &Filed) -> Option<Filed> {
    (!filing.is_besides()).then(|| advisory.clone())
}

/// What comes of `work` within `limit`, the clock looked at first: a process that was stopped for a while and goes on does
/// not send then what it was about to send, because somebody else may have taken it up.
async fn in_time<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, FilingError> {
    let end = Instant::now() + limit;
    let (mut work, mut late) = (pin!(work), pin!(sleep_until(end.into())));
    poll_fn(|context| {
        // The timer may not have been told yet.
        if late.as_mut().poll(context).is_ready() || Instant::now() >= end {
            return Poll::Ready(Err(FilingError::Unknown("no answer in time".to_owned())));
        }
        work.as_mut().poll(context).map(Ok)
    })
    .await
}

fn draft_order(claimed: &Claimed, filing: &Filing) -> Result<DraftOrder, StoreError> {
    let case = case_of(claimed)?;
    let assessment = claimed.assessment.as_ref().ok_or_else(|| missing(claimed, "verdict"))?;
    // Each comment has its own marker: the case's is in the advisory already.
    let marker = if filing.comment_on.is_some() { &claimed.marker } else { &case.marker };
    Ok(DraftOrder {
        case: case.id.clone(),
        facts: assessment.facts.clone(),
        verdict: assessment.verdict.clone(),
        marker: marker.clone(),
        destination: filing.destination.clone(),
        // It was the first that another repository did not take.
        refused: filing.refused.clone().filter(|_| !filing.is_besides()),
        comment: filing.comment_on.is_some(),
        same_ciphertext: Vec::new(),
        others: filing.others.clone(),
        online: None,
    })
}

fn case_of(claimed: &Claimed) -> Result<&CaseRecord, StoreError> {
    claimed.case.as_ref().ok_or_else(|| missing(claimed, "case"))
}

fn missing(claimed: &Claimed, what: &str) -> StoreError {
    StoreError::Corrupt(format!("{} is to be filed and has no {what}", claimed.message))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_was_stopped_before_it_was_sent_is_not_sent_later() {
        for (stopped, sends) in [(0, true), (150, false)] {
            let sent = AtomicBool::new(false);
            let work = async {
                tokio::time::sleep(Duration::from_millis(30)).await;
                sent.store(true, Ordering::Relaxed);
            };
            let stop = async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                // All that runs here stands still, as when the process is stopped.
                std::thread::sleep(Duration::from_millis(stopped));
            };
            let (done, ()) = tokio::join!(in_time(Duration::from_millis(100), work), stop);
            assert_eq!((done.is_ok(), sent.into_inner()), (sends, sends), "stopped for {stopped} ms");
        }
    }
}
