//! The whole protocol, every order of its steps and every fault: what a crash, a lost answer, a stall or a second gateway
//! can do at any instant, as far as a few faults reach. The states are those of the real [`advisory_intake::case`]; the
//! store, the mailbox, GitHub and the mail server around it are small models (`world`), and what the engine does with
//! them is told again (`gateway`). Each guard of the protocol is also left out on purpose, and must be missed.

mod gateway;
mod moves;
mod world;

use std::hash::{Hash, Hasher};

use stateright::{Checker, HasDiscoveries, Model, Property};

use advisory_intake::case::State;
use advisory_intake::model::{MessageFacts, Outcome, Verdict};
use advisory_intake::ports::Assessment;

use gateway::{Broken, Protocol};
use world::{Gateway, Mail, Queued, What, World};

const ONCE: &str = "at most one advisory or comment for a message";
const EACH: &str = "at most one advisory in each repository, and who hears of them hears of those that are not there";
const AFTER: &str = "no reply before the filing that it tells of";
const WHOLE: &str = "who hears of a long report's advisory hears whether its rest is missing";
const MOVED: &str = "nothing is moved before its outcome is recorded";
const ALERTED: &str = "no message ends without its alert in the outbox";
const SENT: &str = "what counts as sent was sent";
const URGENT: &str = "public news is announced before it is filed";
const ENDS: &str = "once faults stop everything ends, is moved, and is sent";

fn promises() -> Vec<Property<Protocol>> {
    vec![
        Property::always(ONCE, |_, world: &World| {
            (0..world.rows.len()).all(|message| world.github.count(message) <= 1 && world.github.rests(message) <= 1)
        }),
        Property::always(EACH, |protocol: &Protocol, world: &World| {
            (0..world.rows.len()).all(|message| {
                let said_each = world.rows[message].as_ref().is_some_and(|row| match &*row.state.0 {
                    State::Answer { outcome: Outcome::Filed(_), others, .. } => others.refused.is_empty(),
                    _ => false,
                });
                let seconds = world.github.seconds(message);
                let wanted = protocol.mails[message] == Mail::Several;
                seconds <= u8::from(wanted) && (!(wanted && said_each) || seconds == 1)
            })
        }),
        Property::always(AFTER, |_, world: &World| {
            let told = world.outbox.keys().chain(world.delivered.keys()).filter(|mail| mail.what == What::FiledReply);
            told.into_iter().all(|mail| world.github.count(mail.message) == 1)
        }),
        Property::always(WHOLE, |protocol: &Protocol, world: &World| {
            (0..world.rows.len()).all(|message| {
                let said_whole = world.rows[message].as_ref().is_some_and(|row| {
                    matches!(&*row.state.0, State::Answer { outcome: Outcome::Filed(_), refused: None, .. })
                });
                protocol.mails[message] != Mail::Long || !said_whole || world.github.rests(message) == 1
            })
        }),
        Property::always(MOVED, |_, world: &World| {
            let decided = |message: usize| {
                let row = world.rows[message].as_ref();
                row.is_some_and(|row| matches!(*row.state.0, State::Move { .. } | State::Nothing { .. }))
            };
            (0..world.rows.len()).all(|message| world.folders[message].is_none() || decided(message))
        }),
        Property::always(ALERTED, |protocol: &Protocol, world: &World| {
            let is_told = |message| world.is_queued(message, What::Alert) || world.is_queued(message, What::Urgent);
            (0..world.rows.len()).all(|message| {
                let ended = world.rows[message]
                    .as_ref()
                    .is_some_and(|row| matches!(*row.state.0, State::Move { .. } | State::Nothing { .. }));
                let late = world.gateways.iter().any(|gateway| {
                    matches!(gateway, Gateway::Works(hand) if matches!(hand.phase, world::Phase::MailsLeft(_)))
                });
                !ended || late || protocol.mails[message] == Mail::Copy || is_told(message)
            })
        }),
        Property::always(SENT, |_, world: &World| {
            world.outbox.iter().all(|(mail, status)| {
                let underway = world.gateways.iter().any(
                    |gateway| matches!(gateway, Gateway::Sending { mail: other, recorded: true, .. } if other == mail),
                );
                *status == Queued::Waiting || underway || world.delivered.contains_key(mail)
            })
        }),
        Property::always(URGENT, |protocol: &Protocol, world: &World| {
            (0..world.rows.len()).all(|message| {
                let composed = world.is_queued(message, What::Urgent) || died_on_it(protocol, world);
                protocol.mails[message] != Mail::Public || world.github.count(message) == 0 || composed
            })
        }),
        Property::always(ENDS, |protocol: &Protocol, world: &World| {
            let mut actions = Vec::new();
            protocol.actions(world, &mut actions);
            (!actions.is_empty() || is_over(world)) && runs_out(protocol, world)
        }),
        Property::sometimes("it can end", |_: &Protocol, world: &World| is_over(world)),
        Property::sometimes("the team can be told of a delay", |protocol: &Protocol, world: &World| {
            protocol.mails[0] != Mail::Private || protocol.faults < 2 || world.is_queued(0, What::Late)
        }),
    ]
}

/// A worker that dies twice on an urgent alert costs the alert its haste.
fn died_on_it(protocol: &Protocol, world: &World) -> bool {
    world.faults + 2 <= protocol.faults
}

/// Whether it comes to an end without going in circles once nothing goes wrong any more. Tried from some of the worlds.
fn runs_out(protocol: &Protocol, world: &World) -> bool {
    const ONE_OF: u64 = 61;
    const STEPS: usize = 500;
    let mut hasher = std::hash::DefaultHasher::new();
    world.hash(&mut hasher);
    if !hasher.finish().is_multiple_of(ONE_OF) {
        return true;
    }
    let mut world = World { faults: 0, ..world.clone() };
    for _ in 0..STEPS {
        let mut actions = Vec::new();
        protocol.actions(&world, &mut actions);
        let Some(next) = actions.first().and_then(|action| protocol.next_state(&world, *action)) else { break };
        world = next;
    }
    is_over(&world)
}

fn is_over(world: &World) -> bool {
    let ended =
        |row: &Option<world::Row>| row.as_ref().is_some_and(|row| matches!(*row.state.0, State::Nothing { .. }));
    world.rows.iter().all(ended)
        && world.folders.iter().all(Option::is_some)
        && world.outbox.values().all(|status| *status == Queued::Sent)
        && world.github.on_the_way.is_empty()
}

/// What a worker finds in a private report.
struct Opened {
    facts: MessageFacts,
    verdict: Verdict,
}

fn opened() -> Opened {
    let Assessment { facts, verdict } = crate::engine::assessment();
    Opened { facts, verdict }
}

/// Checks all that can happen; returns the number of states.
fn check(protocol: Protocol) -> usize {
    let label = format!("{:?}, {} gateways, {} faults", protocol.mails, protocol.gateways, protocol.faults);
    let begun = std::time::Instant::now();
    let checker = protocol.checker().threads(2).spawn_bfs().join();
    let states = checker.unique_state_count();
    eprintln!("{label}: {states} states, {:.1} s", begun.elapsed().as_secs_f64());
    checker.assert_properties();
    states
}

#[test]
fn the_protocol_keeps_its_promises_whatever_goes_wrong() {
    use Mail::*;
    let one: &[&'static [Mail]] = &[&[Private], &[Long], &[Public], &[FollowUp], &[Shut], &[Several]];
    let mut states = 0;
    for mails in one {
        states += check(Protocol::new(mails, 1, 4));
        states += check(Protocol::new(mails, 2, 3));
    }
    states += check(Protocol::new(&[Private, Copy], 2, 1));
    states += check(Protocol::new(&[Private, Public], 1, 1));
    eprintln!("{states} states in all");
    assert!(states > 10_000, "the models have shrunk to {states} states");
}

#[test]
fn the_loss_of_each_guard_is_noticed() {
    use Broken::*;
    let cases: [(Broken, &'static [Mail], &str); 18] = [
        (MarkerLookUp, &[Mail::Private], ONCE),
        (MarkerLookUp, &[Mail::FollowUp], ONCE),
        (AttemptBeforeEffect, &[Mail::Private], ONCE),
        (SettleTime, &[Mail::Private], ONCE),
        (SettleTime, &[Mail::FollowUp], ONCE),
        (Fencing, &[Mail::Private], ONCE),
        (RepeatIsAnAttempt, &[Mail::FollowUp], ONCE),
        (MarkerLookUp, &[Mail::Long], ONCE),
        (SettleTime, &[Mail::Long], ONCE),
        (RepeatIsAnAttempt, &[Mail::Long], ONCE),
        (BlindLookIsNoRefusal, &[Mail::Private], ONCE),
        (MarkerLookUp, &[Mail::Several], EACH),
        (SettleTime, &[Mail::Several], EACH),
        (LookPerRepository, &[Mail::Several], EACH),
        (CommitBeforeMove, &[Mail::Private], MOVED),
        (MailsInTheStep, &[Mail::Private], ALERTED),
        (CursorWithMessages, &[Mail::Private], ENDS),
        (SentAfterSending, &[Mail::Private], SENT),
    ];
    for (broken, mails, promise) in cases {
        let protocol = Protocol::new(mails, 2, 3).without(broken);
        let found = HasDiscoveries::AnyOf([promise].into());
        let checker = protocol.checker().threads(2).finish_when(found).spawn_bfs().join();
        let path = checker.discovery(promise).unwrap_or_else(|| panic!("{broken:?} is not missed"));
        eprintln!(
            "{broken:?}: noticed after {} states, in {} steps",
            checker.unique_state_count(),
            path.into_actions().len()
        );
    }
}
