//! What a gateway does: the engine's effects around the real [`State::step`], one instant at a time.

use std::time::Duration;

use stateright::{Model, Property};

use advisory_intake::case::{Effort, Event, Filing, Policy, State, Thread, Wait};
use advisory_intake::model::*;

use super::moves::{Action, End};
use super::world::*;

const SETTLE: Duration = Duration::from_secs(90);
const POLICY: Policy = Policy {
    poison_after: 2,
    lost_after: 5,
    give_up_after: Duration::from_secs(3_600),
    tell_after: Duration::from_secs(900),
    settle_time: SETTLE,
};

/// A rule that keeps a promise, left out to see whether its loss is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// After an attempt whose end is unknown it is filed again without a look.
    MarkerLookUp,
    /// What is filed is recorded only afterwards.
    AttemptBeforeEffect,
    /// An attempt is looked for while it may still be on its way.
    SettleTime,
    /// A comment that is asked for once more, or has the rest of a report, is not recorded as an attempt.
    RepeatIsAnAttempt,
    /// Who lost a message to somebody else writes its state all the same.
    Fencing,
    /// What another repository has of the message counts as this one's.
    LookPerRepository,
    /// A repository that does not let itself be searched counts as one that refuses.
    BlindLookIsNoRefusal,
    /// A message is moved in the mailbox before its outcome is in the store.
    CommitBeforeMove,
    /// Mails are queued after their step.
    MailsInTheStep,
    /// How far the mailbox was read is stored before what was read.
    CursorWithMessages,
    /// A mail counts as sent before it is.
    SentAfterSending,
}

/// The protocol over a few messages.
#[derive(Debug, Clone)]
pub struct Protocol {
    pub mails: &'static [Mail],
    pub gateways: usize,
    pub faults: u8,
    pub broken: Option<Broken>,
    right: Repository,
    second: Repository,
    fallback: Repository,
    facts: MessageFacts,
    verdict: Verdict,
}

impl Protocol {
    pub fn new(mails: &'static [Mail], gateways: usize, faults: u8) -> Self {
        let super::Opened { facts, verdict } = super::opened();
        let repository = |name: &str| name.parse::<Repository>().unwrap();
        let (right, second) = (repository("otel/go"), repository("otel/collector"));
        let fallback = repository("otel/fallback");
        Protocol { mails, gateways, faults, broken: None, right, second, fallback, facts, verdict }
    }

    pub fn without(self, broken: Broken) -> Self {
        Protocol { broken: Some(broken), ..self }
    }

    pub(super) fn lacks(&self, guard: Broken) -> bool {
        self.broken == Some(guard)
    }

    fn advisory(&self, place: Place) -> Filed {
        let repository = match place {
            Place::Fallback => &self.fallback,
            Place::Second => &self.second,
            _ => &self.right,
        };
        Filed {
            repository: repository.clone(),
            ghsa_id: "GHSA-2222-3333-4444".parse().unwrap(),
            url: "https://example.org/".to_owned(),
        }
    }

    /// What the state of a hand asks GitHub for.
    fn request(&self, hand: &Hand) -> Option<(Number, Place)> {
        let place = match &*hand.state.0 {
            State::FilingCheck { filing } | State::Filing { filing } => self.place(filing),
            State::Completing { .. } => Place::Rest,
            _ => return None,
        };
        Some((hand.message, place))
    }

    fn place(&self, filing: &Filing) -> Place {
        match &filing.comment_on {
            Some(_) => Place::Comment,
            None if filing.destination == self.fallback => Place::Fallback,
            None if filing.destination == self.second => Place::Second,
            None => Place::Right,
        }
    }

    /// The ends that the next effect of a hand can have: one that is good, and what may go wrong.
    pub(super) fn ends(&self, hand: &Hand) -> &'static [End] {
        use End::*;
        match (&hand.phase, &*hand.state.0) {
            (Phase::After(_) | Phase::MailsLeft(_), _) => &[Well],
            (
                Phase::Before,
                State::Opening { .. } | State::UrgentAlert { .. } | State::LateAlert { .. } | State::Answer { .. },
            ) => &[Well, WorkerDies],
            (Phase::Before, State::Filing { .. } | State::Completing { .. }) => &[Well, WorkerDies, NotNow],
            (Phase::Begun, _) => &[Well],
            (Phase::Asked, _) => &[Well, Refused, NotNow, AnswerLost, NoAnswer],
            // A look.
            (Phase::Before, State::FilingCheck { .. }) => &[Well, Refused, NotNow],
            (Phase::Before, State::Move { .. }) => &[Well, NotNow, AnswerLost],
            (Phase::Before, _) => &[Well],
        }
    }

    /// One instant of a gateway's work on what it has in hand.
    pub(super) fn go(&self, world: &mut World, gateway: usize, end: End) {
        let Gateway::Works(mut hand) = std::mem::replace(&mut world.gateways[gateway], Gateway::Idle) else { return };
        let next = match hand.phase.clone() {
            Phase::Before => self.perform(world, &hand, end),
            Phase::Begun => {
                let Some(request) = self.request(&hand) else { return };
                world.github.on_the_way.insert(request);
                Phase::Asked
            }
            Phase::Asked => self.answered(world, &hand, end),
            Phase::After(result) => {
                self.commit(world, gateway, &hand, result);
                return;
            }
            Phase::MailsLeft(mails) => {
                queue(world, mails);
                return;
            }
        };
        let is_repeat = matches!(&*hand.state.0, State::FilingCheck { .. } | State::Completing { .. });
        let is_recorded =
            !(self.lacks(Broken::AttemptBeforeEffect) || is_repeat && self.lacks(Broken::RepeatIsAnAttempt));
        if next == Phase::Begun && is_recorded {
            // The attempt is committed before the request is sent.
            let Some(begun) = self.step(&hand, Event::Begun) else { return };
            if !self.store(world, &hand, begun.clone(), false, Vec::new()) {
                return;
            }
            hand.state = Waits(begun.0.into());
            hand.current = true;
            // The claim goes on.
            world.rows[hand.message].iter_mut().for_each(|row| row.claimed = true);
        }
        world.gateways[gateway] = Gateway::Works(Hand { phase: next, ..hand });
    }

    /// The effect that a state waits for.
    fn perform(&self, world: &mut World, hand: &Hand, end: End) -> Phase {
        let message = hand.message;
        let result = match (&*hand.state.0, end) {
            (_, End::WorkerDies) => Result::WorkerDied,
            (State::Opening { .. }, _) if self.mails[message] == Mail::Copy => Result::Duplicate,
            (State::Opening { .. }, _) => Result::Assessed,
            (State::UrgentAlert { .. } | State::LateAlert { .. } | State::Answer { .. }, _) => {
                if let (State::Answer { outcome, .. }, true) = (&*hand.state.0, self.lacks(Broken::CommitBeforeMove)) {
                    world.folders[message] = Some(outcome.folder());
                }
                Result::Composed
            }
            (State::Filing { .. }, End::Well) => return Phase::Begun,
            (State::FilingCheck { filing }, end) if filing.comment_on.is_none() => {
                let found = if self.lacks(Broken::LookPerRepository) {
                    world.github.has_any(message)
                } else {
                    world.github.has((message, self.place(filing)))
                };
                match end {
                    End::Well if found && !self.lacks(Broken::MarkerLookUp) => Result::Filed,
                    End::Well => Result::NotFound,
                    End::Refused if self.lacks(Broken::BlindLookIsNoRefusal) => Result::Refused,
                    _ => Result::Later,
                }
            }
            // A comment is looked for, and added when it is not there.
            (State::FilingCheck { filing }, End::Well) => {
                if world.github.has((message, self.place(filing))) && !self.lacks(Broken::MarkerLookUp) {
                    Result::Filed
                } else {
                    return Phase::Begun;
                }
            }
            // Those parts that are there are counted, and the others added.
            (State::Completing { .. }, End::Well) => {
                if world.github.has((message, Place::Rest)) && !self.lacks(Broken::MarkerLookUp) {
                    Result::Completed
                } else {
                    return Phase::Begun;
                }
            }
            (State::Move { outcome }, End::Well | End::AnswerLost) => {
                world.folders[message] = Some(outcome.folder());
                if end == End::Well { Result::Moved } else { Result::Later }
            }
            _ => Result::Later,
        };
        Phase::After(result)
    }

    /// What GitHub does with the request that a gateway waits for.
    fn answered(&self, world: &mut World, hand: &Hand, end: End) -> Phase {
        let Some(request) = self.request(hand) else { return Phase::Before };
        if end != End::NoAnswer {
            world.github.on_the_way.remove(&request);
        }
        Phase::After(match end {
            End::Well => {
                world.github.keep(request);
                if request.1 == Place::Rest { Result::Completed } else { Result::Filed }
            }
            End::AnswerLost => {
                world.github.keep(request);
                Result::Unknown
            }
            End::Refused => Result::Refused,
            End::NotNow => Result::Later,
            End::NoAnswer | End::WorkerDies => Result::Unknown,
        })
    }

    fn commit(&self, world: &mut World, gateway: usize, hand: &Hand, result: Result) {
        let mut hand = hand.clone();
        if let (true, State::Filing { .. }, Result::Filed | Result::Unknown) =
            (self.lacks(Broken::AttemptBeforeEffect), &*hand.state.0, result)
        {
            let Some((state, _)) = self.step(&hand, Event::Begun) else { return };
            hand.state = Waits(state.into());
        }
        let Some(next) = self.after(&hand, result) else { panic!("{:?} cannot take {result:?}", hand.state) };
        let mut mails = if result == Result::Composed { self.mails(world, &hand) } else { Vec::new() };
        let late = if self.lacks(Broken::MailsInTheStep) { std::mem::take(&mut mails) } else { Vec::new() };
        if self.store(world, &hand, next, result == Result::WorkerDied, mails) && !late.is_empty() {
            hand.phase = Phase::MailsLeft(late);
            world.gateways[gateway] = Gateway::Works(hand);
        }
    }

    /// The mails of a state, as the engine plans them.
    fn mails(&self, world: &World, hand: &Hand) -> Vec<Key> {
        let message = hand.message;
        let what: &[What] = match &*hand.state.0 {
            State::UrgentAlert { .. } => &[What::Urgent],
            State::LateAlert { .. } => &[What::Late],
            State::Answer { outcome: Outcome::Filed(_) | Outcome::Commented { .. }, .. }
                if world.is_queued(message, What::Urgent) =>
            {
                &[What::FiledReply]
            }
            State::Answer { outcome: Outcome::Filed(_) | Outcome::Commented { .. }, .. } => {
                &[What::Alert, What::FiledReply]
            }
            _ => &[What::Alert, What::Reply],
        };
        what.iter().map(|what| Key { message, what: *what }).collect()
    }

    fn after(&self, hand: &Hand, result: Result) -> Option<(State, Wait)> {
        let place = match &*hand.state.0 {
            State::Filing { filing } | State::FilingCheck { filing } => self.place(filing),
            _ => Place::Right,
        };
        let advisory = self.advisory(place);
        let (facts, verdict, thread) = self.opened(hand.message);
        let event = match result {
            Result::Duplicate => Event::Duplicate(MessageId::new(1)),
            Result::Assessed => Event::Assessed {
                facts: &facts,
                verdict: &verdict,
                thread,
                advisory: (thread == Thread::Advisory).then_some(&advisory),
                fallback: &self.fallback,
                multi: Multi::Each,
            },
            Result::WorkerDied => Event::WorkerDied,
            Result::Composed => Event::Composed,
            Result::Filed if place == Place::Comment => {
                Event::Commented(Commented { advisory: advisory.clone(), how: CommentedAs::Comment })
            }
            Result::Filed if self.mails[hand.message] == Mail::Long => Event::FiledInPart(advisory.clone()),
            Result::Filed => Event::Filed(advisory.clone()),
            Result::Completed => Event::Completed,
            Result::NotFound => Event::NotFound,
            Result::Unknown => Event::Unknown,
            Result::Later => Event::Later { after: None },
            Result::Refused => Event::Refused { reason: "no".to_owned(), fallback: &self.fallback },
            Result::Moved => Event::Moved,
        };
        self.step(hand, event)
    }

    fn step(&self, hand: &Hand, event: Event<'_>) -> Option<(State, Wait)> {
        let for_time = match hand.age {
            Age::Fresh => Duration::ZERO,
            Age::Late => POLICY.tell_after,
            Age::Spent => POLICY.give_up_after,
        };
        let effort = Effort { attempt: 1, died: hand.died.into(), lost: 0, for_time };
        let step = State::clone(&hand.state.0).step(event, effort, &POLICY).ok()?;
        Some((step.state, step.wait))
    }

    /// What a worker would say of the message.
    fn opened(&self, message: Number) -> (MessageFacts, Verdict, Thread) {
        let (mut facts, mut verdict, mut thread) = (self.facts.clone(), self.verdict.clone(), Thread::New);
        match self.mails[message] {
            Mail::Private | Mail::Long | Mail::Copy => {}
            Mail::Several => verdict.also.push(self.second.clone()),
            Mail::Public => verdict.disclosure = Some(Disclosure::Public),
            Mail::FollowUp => {
                verdict.kind = Kind::FollowUp;
                thread = Thread::Advisory;
            }
            Mail::Shut => {
                verdict.kind = Kind::Unreadable;
                facts.encryption = Encryption::Failed;
                facts.failure = Some(Unreadable::NoKey);
            }
        }
        (facts, verdict, thread)
    }

    /// One transaction of the store: the next state with its mails, unless somebody else was faster.
    fn store(&self, world: &mut World, hand: &Hand, (state, wait): (State, Wait), died: bool, mails: Vec<Key>) -> bool {
        if !hand.current && !self.lacks(Broken::Fencing) {
            return false;
        }
        let Some(row) = &mut world.rows[hand.message] else { return false };
        let same = state.continues(&row.state.0);
        let settles = matches!(wait, Wait::Backoff { at_least } if at_least >= SETTLE);
        *row = Row {
            settling: settles && !self.lacks(Broken::SettleTime),
            claimed: false,
            died: if same { row.died + u8::from(died) } else { 0 },
            age: if same { row.age } else { Age::Fresh },
            state: Waits(state.into()),
        };
        world.outdate(hand.message);
        queue(world, mails);
        true
    }
}

fn queue(world: &mut World, mails: Vec<Key>) {
    for mail in mails {
        world.outbox.entry(mail).or_insert(Queued::Waiting);
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.mails, self.gateways, self.faults)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        self.choices(world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        self.apply(&mut next, action);
        Some(next.ordered())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        super::promises()
    }
}
