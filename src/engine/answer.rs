//! The open lane: alerts and replies.

use time::Duration;

use super::Shared;
use super::step::{StepError, With};
use super::worker::Failed;
use crate::case::{Delay, Event, Filing, Thread, is_alert, is_answer, plan};
use crate::model::{
    Action, ContentDigest, Encryption, HoldReason, Kind, MailKind, MessageFacts, Others, Outcome, OutgoingMail,
    Repository,
};
use crate::ports::{Claimed, ComposeOrder, ReplyLimit, StoreError};

/// Replies a day beyond [`super::Settings::replies_per_day`] that tell of something filed or added to a case.
const REPLY_RESERVE: u32 = 1;

impl Shared {
    /// Composes the urgent alert.
    pub async fn urgent_alert(&self, claimed: &mut Claimed) -> Result<(), StepError> {
        let order = self.order(claimed, None, vec![Action::AlertUrgent], None, Vec::new());
        self.alert_first(claimed, order, "urgent").await
    }

    /// Composes the alert that gives the team what cannot be filed for now.
    pub async fn late_alert(&self, claimed: &mut Claimed, filing: Filing, why: Delay) -> Result<(), StepError> {
        let (remark, mut note) = match why {
            Delay::Unreachable => (
                "not filed yet",
                "NOT FILED YET: GitHub has not taken it so far. It is tried again by itself; meanwhile this mail is all \
                 there is"
                    .to_owned(),
            ),
            Delay::TooMany => (
                "more reports than are filed in an hour",
                format!(
                    "NOT FILED YET: more came within an hour than are filed in one ({}). What is public goes first, the \
                     rest waits for its turn; this is told once and not for each",
                    self.settings.filings_per_hour.unwrap_or_default()
                ),
            ),
        };
        if let Some(first) = &filing.others.first {
            note = format!(
                "filed as {} in {}; in {}, which it concerns, too, it is {note}",
                first.ghsa_id, first.repository, filing.destination
            );
        }
        let order = self.order(claimed, None, vec![Action::Alert], None, vec![note]);
        self.alert_first(claimed, order, remark).await
    }

    /// Composes an alert that goes out before the outcome is known.
    async fn alert_first(&self, claimed: &mut Claimed, order: ComposeOrder, remark: &str) -> Result<(), StepError> {
        if self.is_worn_out(claimed) {
            return self.step(claimed, Event::WorkerDied, With::note("the gateway itself went down on it")).await;
        }
        match self.compose(claimed, &order, true).await? {
            Ok(mails) => self.composed(claimed, mails, None, remark).await,
            // The filing must not wait for an alert that cannot be made: after a second try it goes on without.
            Err(Failed::Died(why) | Failed::Refused(why)) => {
                let note = With::note(format!("the alert could not be composed: {why}"));
                self.step(claimed, Event::WorkerDied, note).await
            }
            Err(Failed::Setup(why)) => self.later(claimed, Some(self.settings.setup_wait), &why).await,
        }
    }

    /// Composes the alert and the reply that belong to an outcome.
    pub async fn answer(
        &self,
        claimed: &mut Claimed,
        outcome: Outcome,
        refused: Option<(Repository, String)>,
        others: Others,
    ) -> Result<(), StepError> {
        if claimed.was_shut && matches!(outcome, Outcome::Held(HoldReason::Unreadable(_))) {
            return self.step(claimed, Event::Composed, With::note("still shut: nobody is told once more")).await;
        }
        let mut actions = self.mails_for(claimed, &outcome, refused.is_some()).await?;
        if !others.refused.is_empty() {
            // The urgent alert came before it was known, and no advisory says so.
            actions.iter_mut().filter(|action| **action == Action::AlertLink).for_each(|link| *link = Action::Alert);
        }
        let mut notes = Vec::new();
        let twins = self.same_ciphertext(claimed).await?;
        if !twins.is_empty() {
            notes.push(format!("the same ciphertext came from another address too: {}", twins.join(", ")));
        } else if outcome == Outcome::Held(HoldReason::SameCiphertext) {
            notes.push(
                "the same ciphertext came before from the same address, without what is beside it now".to_owned(),
            );
        }
        let limit = self.reply_limit(claimed, &outcome);
        if actions.iter().any(|action| is_answer(*action)) && self.is_answered_enough(claimed, limit).await? {
            actions.retain(|action| !is_answer(*action));
            notes.push("no reply: this address has had as many as it may get for now".to_owned());
        }
        if actions.is_empty() {
            return self.step(claimed, Event::Composed, With::note(notes.join("; "))).await;
        }
        let open = self.may_open(claimed, &outcome);
        if !open {
            actions = without_content(actions);
        }
        let mut order = ComposeOrder { others, ..self.order(claimed, Some(outcome), actions, refused, notes) };
        let mut composed = self.compose(claimed, &order, open).await?;
        if let (Err(Failed::Refused(_)), false) = (&composed, open) {
            // Nothing that needs the message can be made: the team at least is told.
            order.actions.retain(|action| is_alert(*action));
            composed = self.compose(claimed, &order, false).await?;
        }
        match composed {
            Ok(mails) => self.composed(claimed, mails, Some(limit), &order.notes.join("; ")).await,
            Err(Failed::Died(why)) => {
                let note = With::note(format!("a worker died or stalled on it: {why}"));
                self.step(claimed, Event::WorkerDied, note).await
            }
            Err(Failed::Refused(why)) if open => {
                self.step(claimed, Event::WorkerDied, With::note(format!("could not be composed: {why}"))).await
            }
            Err(Failed::Setup(why) | Failed::Refused(why)) => {
                self.later(claimed, Some(self.settings.setup_wait), &why).await
            }
        }
    }

    async fn composed(
        &self,
        claimed: &mut Claimed,
        mails: Vec<OutgoingMail>,
        replies: Option<ReplyLimit>,
        remark: &str,
    ) -> Result<(), StepError> {
        let count = |kind| mails.iter().filter(|mail| mail.kind == kind).count();
        let alerts = count(MailKind::Alert) + count(MailKind::UrgentAlert);
        let remark = if remark.is_empty() { String::new() } else { format!(" ({remark})") };
        let note = format!("queued: {alerts} to the team, {} to the sender{remark}", count(MailKind::Reply));
        self.step(claimed, Event::Composed, With { mails, replies, note, ..With::default() }).await
    }

    async fn compose(
        &self,
        claimed: &Claimed,
        order: &ComposeOrder,
        open: bool,
    ) -> Result<Result<Vec<OutgoingMail>, Failed>, StoreError> {
        let raw = if open { Some(self.parts.store.raw(claimed.message).await?) } else { None };
        let known = self.recall(claimed).await?;
        Ok(self.ask(self.parts.opener.compose(raw.as_ref(), &known, order)).await)
    }

    /// Whether a worker may be asked to open the message once more for composing.
    fn may_open(&self, claimed: &Claimed, outcome: &Outcome) -> bool {
        *outcome != Outcome::Held(HoldReason::Poison)
            && claimed.died < self.settings.policy.poison_after
            && !self.is_worn_out(claimed)
    }

    /// The mails of the plan, and what the outcome asks for besides: the team hears of everything that did not go as
    /// planned.
    async fn mails_for(
        &self,
        claimed: &Claimed,
        outcome: &Outcome,
        was_refused: bool,
    ) -> Result<Vec<Action>, StoreError> {
        let Some(mut assessment) = claimed.assessment.clone() else {
            return Ok(vec![Action::AlertWithoutContent]);
        };
        let thread = match (assessment.verdict.kind, outcome) {
            (Kind::Bounce, _) => self.conversation(&mut assessment).await?.thread,
            (_, Outcome::Commented { .. }) => Thread::Advisory,
            (_, Outcome::Held(HoldReason::NoAdvisory)) => Thread::WithoutAdvisory,
            (_, Outcome::Held(HoldReason::UnknownCase)) => Thread::UnknownCase,
            (_, Outcome::Held(HoldReason::OtherSender)) => Thread::OtherSender,
            _ => Thread::New,
        };
        let mut actions = plan(&assessment.verdict, &assessment.facts, thread);
        if matches!(outcome, Outcome::Filed(_)) && !actions.contains(&Action::File) {
            // A person released it: it became a report.
            assessment.verdict.kind = Kind::Report;
            assessment.facts.doubts.clear();
            actions = plan(&assessment.verdict, &assessment.facts, Thread::New);
        }
        actions.retain(|action| is_alert(*action) || is_answer(*action));
        if *outcome == Outcome::Held(HoldReason::SameCiphertext) {
            // It was told once that this is public.
            actions.retain(|action| *action != Action::AlertUrgent);
        }
        if actions.contains(&Action::AlertUrgent) && self.is_alerted(claimed).await? {
            actions.retain(|action| *action != Action::AlertUrgent);
            if matches!(outcome, Outcome::Filed(_) | Outcome::Commented { .. }) {
                actions.insert(0, Action::AlertLink);
            }
        }
        let unplanned = was_refused || matches!(outcome, Outcome::Held(_));
        if unplanned && !actions.iter().any(|action| is_alert(*action)) {
            let shut = assessment.facts.encryption == Encryption::Failed;
            actions.insert(0, if shut { Action::AlertWithoutContent } else { Action::Alert });
        }
        Ok(actions)
    }

    async fn is_alerted(&self, claimed: &Claimed) -> Result<bool, StoreError> {
        let history = self.parts.store.history(claimed.message).await?;
        Ok(history.mails.iter().any(|mail| mail.kind == MailKind::UrgentAlert))
    }

    async fn is_answered_enough(&self, claimed: &Claimed, limit: ReplyLimit) -> Result<bool, StoreError> {
        let Some(to) = claimed.assessment.as_ref().and_then(|assessment| assessment.facts.answer_to.as_ref()) else {
            return Ok(false);
        };
        Ok(self.parts.store.replies_since(to, limit).await? >= limit.most)
    }

    /// What anybody sends in somebody's name uses up nothing of what that person gets on proven mail, and leaves the
    /// reserve for what was filed.
    fn reply_limit(&self, claimed: &Claimed, outcome: &Outcome) -> ReplyLimit {
        let facts = claimed.assessment.as_ref().map(|assessment| &assessment.facts);
        let proven = facts.is_some_and(MessageFacts::proves_who_is_answered);
        // A reserve that depends on what is inside a ciphertext would tell it.
        let filed = matches!(outcome, Outcome::Filed(_) | Outcome::Commented { .. })
            && !facts.is_some_and(MessageFacts::is_from_stranger);
        let reserve = if filed { REPLY_RESERVE } else { 0 };
        let most = self.settings.replies_per_day.saturating_add(reserve);
        ReplyLimit { most, since: self.parts.clock.now() - Duration::DAY, proven }
    }

    fn order(
        &self,
        claimed: &Claimed,
        outcome: Option<Outcome>,
        actions: Vec<Action>,
        refused: Option<(Repository, String)>,
        notes: Vec<String>,
    ) -> ComposeOrder {
        ComposeOrder {
            message: claimed.message,
            case: claimed.case.as_ref().map(|case| case.id.clone()),
            assessment: claimed.assessment.clone(),
            outcome,
            actions,
            refused,
            others: Others::default(),
            opened_late: claimed.was_shut,
            notes,
            nonce: nonce(claimed),
            now: self.parts.clock.now(),
            received: claimed.received,
        }
    }
}

/// The same whenever this state of this message is tried again, and nobody outside can guess it.
fn nonce(claimed: &Claimed) -> u64 {
    let text = format!("{:?} {} {}", claimed.marker, claimed.state.name(), claimed.since.unix_timestamp_nanos());
    let digest = ContentDigest::of(text.as_bytes());
    digest.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn without_content(actions: Vec<Action>) -> Vec<Action> {
    let mut kept: Vec<Action> = actions.iter().copied().filter(|action| !is_alert(*action)).collect();
    if kept.len() < actions.len() {
        kept.insert(0, Action::AlertWithoutContent);
    }
    kept
}
