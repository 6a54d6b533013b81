//! Who may move next, and what becomes of the world then.

use advisory_intake::case::State;

use super::gateway::{Broken, Protocol};
use super::world::*;

/// What may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Fetch(usize),
    Record(usize),
    Claim(usize, Number),
    /// Goes on with what is in hand, with this end of the effect.
    Go(usize, End),
    /// A request that nobody waits for any more reaches GitHub, or does not.
    Arrives(Number, Place),
    Vanishes(Number, Place),
    /// The time in which a lost request may still arrive is over.
    Settles(Number),
    /// The claim of a gateway that is gone, or that stalls.
    LeaseEnds(Number),
    Ages(Number),
    Send(usize, Key, End),
    Dies(usize),
}

/// How an effect goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Well,
    WorkerDies,
    Refused,
    NotNow,
    /// It happened, and the answer was lost.
    AnswerLost,
    /// It may happen yet, and nobody waits for it.
    NoAnswer,
}

impl Protocol {
    /// Everything that can happen next. What goes wrong costs a fault.
    pub(super) fn choices(&self, world: &World, actions: &mut Vec<Action>) {
        for (number, gateway) in world.gateways.iter().enumerate() {
            match gateway {
                Gateway::Idle => self.begin(world, number, actions),
                Gateway::Fetched { .. } => actions.push(Action::Record(number)),
                Gateway::Works(hand) => {
                    let ends = self.ends(hand).iter().filter(|end| **end == End::Well || world.faults > 0);
                    actions.extend(ends.map(|end| Action::Go(number, *end)));
                }
                Gateway::Sending { mail, .. } => actions.push(Action::Send(number, *mail, End::Well)),
            }
            if world.faults > 0 && *gateway != Gateway::Idle {
                actions.push(Action::Dies(number));
            }
        }
        for (message, row) in world.rows.iter().enumerate() {
            let Some(row) = row else { continue };
            if row.claimed && (world.faults > 0 || !world.is_in_hand(message)) {
                actions.push(Action::LeaseEnds(message));
            }
            if row.settling && !world.is_in_the_air(message) {
                actions.push(Action::Settles(message));
            }
            if (world.faults > 0 && row.age == Age::Fresh || row.age == Age::Late)
                && matches!(*row.state.0, State::Filing { .. } | State::FilingCheck { .. } | State::Completing { .. })
            {
                actions.push(Action::Ages(message));
            }
        }
        for (message, place) in &world.github.on_the_way {
            let awaited = world.gateways.iter().any(|gateway| {
                matches!(gateway, Gateway::Works(hand) if hand.message == *message && hand.phase == Phase::Asked)
            });
            if !awaited {
                actions.extend([Action::Arrives(*message, *place), Action::Vanishes(*message, *place)]);
            }
        }
    }

    /// What an idle gateway may take up.
    fn begin(&self, world: &World, number: usize, actions: &mut Vec<Action>) {
        if world.cursor < self.mails.len() {
            actions.push(Action::Fetch(number));
        }
        for (message, row) in world.rows.iter().enumerate() {
            let is_due = |row: &Row| !row.claimed && !row.settling && !matches!(*row.state.0, State::Nothing { .. });
            if row.as_ref().is_some_and(is_due) {
                actions.push(Action::Claim(number, message));
            }
        }
        for (mail, status) in &world.outbox {
            if *status == Queued::Waiting {
                actions.push(Action::Send(number, *mail, End::Well));
                if world.faults > 0 {
                    actions.extend([
                        Action::Send(number, *mail, End::NotNow),
                        Action::Send(number, *mail, End::AnswerLost),
                    ]);
                }
            }
        }
    }

    pub(super) fn apply(&self, world: &mut World, action: Action) {
        match action {
            Action::Fetch(gateway) => {
                world.gateways[gateway] = Gateway::Fetched { upto: self.mails.len(), cursor_saved: false };
            }
            Action::Record(gateway) => self.record(world, gateway),
            Action::Claim(gateway, message) => self.claim(world, gateway, message),
            Action::Go(gateway, end) => {
                world.faults -= u8::from(end != End::Well);
                self.go(world, gateway, end);
            }
            Action::Arrives(message, place) => {
                world.github.on_the_way.remove(&(message, place));
                world.github.keep((message, place));
            }
            Action::Vanishes(message, place) => {
                world.github.on_the_way.remove(&(message, place));
            }
            Action::Settles(message) => {
                world.rows[message].iter_mut().for_each(|row| row.settling = false);
            }
            Action::LeaseEnds(message) => {
                world.faults -= u8::from(world.is_in_hand(message));
                world.rows[message].iter_mut().for_each(|row| row.claimed = false);
            }
            Action::Ages(message) => {
                let Some(row) = &mut world.rows[message] else { return };
                world.faults -= u8::from(row.age == Age::Fresh);
                row.age = if row.age == Age::Fresh { Age::Late } else { Age::Spent };
            }
            Action::Send(gateway, mail, end) => self.send(world, gateway, mail, end),
            Action::Dies(gateway) => {
                world.faults -= 1;
                world.gateways[gateway] = Gateway::Idle;
            }
        }
    }

    fn record(&self, world: &mut World, gateway: usize) {
        let Gateway::Fetched { upto, cursor_saved } = world.gateways[gateway] else { return };
        if self.lacks(Broken::CursorWithMessages) && !cursor_saved {
            world.cursor = upto;
            world.gateways[gateway] = Gateway::Fetched { upto, cursor_saved: true };
            return;
        }
        for row in world.rows.iter_mut().take(upto).filter(|row| row.is_none()) {
            *row = Some(Row {
                state: Waits(State::first().into()),
                claimed: false,
                settling: false,
                died: 0,
                age: Age::Fresh,
            });
        }
        world.cursor = upto;
        world.gateways[gateway] = Gateway::Idle;
    }

    fn claim(&self, world: &mut World, gateway: usize, message: Number) {
        world.outdate(message);
        let Some(row) = &mut world.rows[message] else { return };
        row.claimed = true;
        world.gateways[gateway] = Gateway::Works(Hand {
            message,
            state: row.state.clone(),
            died: row.died,
            age: row.age,
            current: true,
            phase: Phase::Before,
        });
    }

    /// Offers a mail, then records what came of it.
    fn send(&self, world: &mut World, gateway: usize, mail: Key, end: End) {
        let deliver = |world: &mut World| {
            let copies = world.delivered.entry(mail).or_default();
            *copies = (*copies + 1).min(2);
        };
        let begin = world.gateways[gateway] == Gateway::Idle;
        if begin {
            world.faults -= u8::from(end != End::Well);
        }
        let early = self.lacks(Broken::SentAfterSending);
        world.gateways[gateway] = match (&world.gateways[gateway], end) {
            (Gateway::Idle, End::Well) if early => {
                world.outbox.insert(mail, Queued::Sent);
                Gateway::Sending { mail, taken: false, recorded: true }
            }
            (Gateway::Idle, End::Well | End::AnswerLost) => {
                deliver(world);
                Gateway::Sending { mail, taken: end == End::Well, recorded: false }
            }
            (Gateway::Idle, _) => Gateway::Sending { mail, taken: false, recorded: false },
            (Gateway::Sending { taken: true, .. }, _) => {
                world.outbox.insert(mail, Queued::Sent);
                Gateway::Idle
            }
            (Gateway::Sending { recorded: true, .. }, _) => {
                deliver(world);
                Gateway::Idle
            }
            _ => Gateway::Idle,
        };
    }
}
