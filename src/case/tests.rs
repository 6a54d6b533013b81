//! The state machine as tables: what each kind leads to, and what every event does in every state.

use std::time::Duration;

use super::*;
use crate::model::*;

mod each;

const POLICY: Policy = Policy {
    poison_after: 2,
    lost_after: 5,
    give_up_after: Duration::from_secs(3_600),
    tell_after: Duration::from_secs(900),
    settle_time: Duration::from_secs(60),
};

fn repository(name: &str) -> Repository {
    name.parse().unwrap()
}

pub(super) fn advisory() -> Filed {
    Filed {
        repository: repository("otel/go"),
        ghsa_id: "GHSA-2222-3333-4444".parse().unwrap(),
        url: "https://github.com/otel/go/security/advisories/GHSA-2222-3333-4444".into(),
    }
}

pub(super) fn facts(encryption: Encryption) -> MessageFacts {
    MessageFacts {
        message_id: None,
        answers: vec![],
        date: None,
        author: Some("erin@example.org".parse().unwrap()),
        answer_to: Some("erin@example.org".parse().unwrap()),
        authenticated: Authentication::None,
        sender_shortfall: None,
        forwarded_author: None,
        is_forward: false,
        encryption,
        format: None,
        decryption_key: None,
        failure: None,
        signature: SignatureStatus::None,
        signer: None,
        signature_shortfall: None,
        acquaintance: Acquaintance::default(),
        automatic: None,
        can_encrypt_reply: false,
        ciphertexts: Vec::new(),
        identity: None,
        private_key_attached: false,
        doubts: Vec::new(),
        named_recipients: Vec::new(),
    }
}

fn verdict(kind: Kind, disclosure: Option<Disclosure>) -> Verdict {
    Verdict {
        kind,
        disclosure,
        destination: Some(repository("otel/go")),
        also: vec![],
        case: None,
        confidence: Confidence::default(),
        evidence: vec![],
    }
}

fn first_try() -> Effort {
    Effort { attempt: 1, died: 0, lost: 0, for_time: Duration::ZERO }
}

fn filing() -> Filing {
    Filing::new(repository("otel/go"))
}

fn told() -> Filing {
    Filing { told: true, ..filing() }
}

#[test]
fn every_kind_has_its_actions() {
    use Action::*;
    let private = Some(Disclosure::Private);
    type Row = (Kind, Option<Disclosure>, Encryption, Thread, &'static [Action]);
    let cases: &[Row] = &[
        (Kind::Report, private, Encryption::Whole, Thread::New, &[File, Alert, Acknowledge]),
        (Kind::Report, private, Encryption::None, Thread::New, &[File, Alert, Acknowledge, SendInstructions]),
        (
            Kind::Report,
            Some(Disclosure::Public),
            Encryption::Whole,
            Thread::New,
            &[AlertUrgent, File, Acknowledge, AskPrivate],
        ),
        (Kind::NotAVulnerability, private, Encryption::Whole, Thread::New, &[File, Alert, Acknowledge]),
        (Kind::FollowUp, None, Encryption::Whole, Thread::Advisory, &[Comment, Alert, Receipt]),
        (Kind::FollowUp, None, Encryption::Whole, Thread::UnknownCase, &[Hold, Alert, Receipt]),
        (Kind::FollowUp, None, Encryption::Whole, Thread::OtherSender, &[Hold, Alert, Receipt]),
        (Kind::WrongProject, None, Encryption::None, Thread::New, &[Hold, Alert, Receipt]),
        (Kind::Question, None, Encryption::None, Thread::New, &[Digest, SendInstructions]),
        (Kind::KeyRequest, None, Encryption::None, Thread::New, &[Digest, SendInstructions]),
        (Kind::Unreadable, None, Encryption::Failed, Thread::New, &[Hold, AlertWithoutContent, ExplainFailure]),
        (Kind::Unreadable, private, Encryption::Failed, Thread::New, &[Hold, Alert, ExplainFailure]),
        (
            Kind::Unreadable,
            Some(Disclosure::Public),
            Encryption::Failed,
            Thread::New,
            &[Hold, AlertUrgent, ExplainFailure],
        ),
        (Kind::Spam, None, Encryption::None, Thread::New, &[Ignore]),
        (Kind::AutoReply, None, Encryption::None, Thread::New, &[Ignore]),
        (Kind::Bounce, None, Encryption::None, Thread::New, &[Ignore]),
        (Kind::Bounce, None, Encryption::None, Thread::Advisory, &[Alert, Ignore]),
        (Kind::Empty, None, Encryption::None, Thread::New, &[Digest, SendInstructions]),
    ];
    for (kind, disclosure, encryption, thread, expected) in cases {
        assert_eq!(plan(&verdict(*kind, *disclosure), &facts(*encryption), *thread), *expected, "{kind} {thread:?}");
    }
    let named: std::collections::HashSet<Kind> = cases.iter().map(|case| case.0).collect();
    assert_eq!(named.len(), Kind::ALL.len(), "every kind stands in the table");
}

#[test]
fn a_certificate_without_a_word_is_held_and_a_short_report_with_one_is_filed() {
    let facts = MessageFacts { doubts: vec![Doubt::OnlyCertificates], ..facts(Encryption::None) };
    for (sure, expected) in [(0.5, Action::Hold), (0.9, Action::File)] {
        let confidence = Confidence { kind: sure, ..Confidence::default() };
        let verdict = Verdict { confidence, ..verdict(Kind::Report, Some(Disclosure::Private)) };
        assert!(plan(&verdict, &facts, Thread::New).contains(&expected), "{sure}");
    }
}

#[test]
fn a_stranger_with_ciphertext_is_answered_whatever_is_inside() {
    for encryption in [Encryption::Whole, Encryption::Partial] {
        for kind in Kind::ALL {
            for thread in [Thread::New, Thread::UnknownCase, Thread::OtherSender, Thread::Advisory] {
                let actions = plan(&verdict(kind, Some(Disclosure::Private)), &facts(encryption), thread);
                assert!(actions.iter().any(|action| is_answer(*action)), "{kind} {thread:?}: {actions:?}");
            }
        }
    }
    let proven = MessageFacts { can_encrypt_reply: true, ..facts(Encryption::Whole) };
    assert_eq!(plan(&verdict(Kind::Spam, None), &proven, Thread::New), [Action::Ignore]);
}

#[test]
fn nobody_answers_a_program_or_nobody() {
    for kind in Kind::ALL {
        let mut automatic = facts(Encryption::None);
        automatic.automatic = Some(Automatic::Generated);
        let mut nobody = facts(Encryption::None);
        nobody.answer_to = None;
        for facts in [automatic, nobody] {
            let actions = plan(&verdict(kind, Some(Disclosure::Public)), &facts, Thread::Advisory);
            assert!(!actions.iter().any(|action| is_answer(*action)), "{kind}: {actions:?}");
            assert!(!actions.is_empty(), "{kind} ends in something");
        }
    }
}

#[test]
fn a_public_report_is_announced_before_it_is_filed_and_a_private_one_after() {
    for (disclosure, urgent) in [(Disclosure::Public, true), (Disclosure::Private, false)] {
        let (facts, verdict) = (facts(Encryption::Whole), verdict(Kind::Report, Some(disclosure)));
        let event = Event::Assessed {
            facts: &facts,
            verdict: &verdict,
            thread: Thread::New,
            advisory: None,
            fallback: &repository("otel/community"),
            multi: Multi::Primary,
        };
        let step = State::first().step(event, first_try(), &POLICY).unwrap();
        assert_eq!(step.state.is_urgent(), urgent);
        assert_eq!(step.wait, Wait::No);
    }
}

#[test]
fn an_attempt_to_file_is_recorded_before_it_is_made_and_checked_before_it_is_repeated() {
    let begun = State::Filing { filing: filing() }.step(Event::Begun, first_try(), &POLICY).unwrap();
    assert_eq!(begun.state, State::FilingCheck { filing: filing() });
    assert_eq!(begun.wait, Wait::Backoff { at_least: POLICY.settle_time });
    let lost = begun.state.step(Event::Unknown, first_try(), &POLICY).unwrap();
    assert_eq!(lost.state, State::FilingCheck { filing: filing() }, "never back to filing without a look");
    let absent = lost.state.step(Event::NotFound, first_try(), &POLICY).unwrap();
    assert_eq!(absent.state, State::Filing { filing: filing() });
    // Without the recorded attempt a result cannot come in: the guard cannot be stepped over.
    assert!(State::Filing { filing: filing() }.step(Event::Filed(advisory()), first_try(), &POLICY).is_err());
}

#[test]
fn a_long_text_is_completed_before_anybody_is_told_and_not_for_ever() {
    let fallback = repository("otel/community");
    let completing = || State::Completing { advisory: advisory(), refused: None, others: Others::default() };
    let begun = State::FilingCheck { filing: filing() }.step(Event::FiledInPart(advisory()), first_try(), &POLICY);
    assert_eq!(begun.unwrap(), Step { state: completing(), wait: Wait::No });
    // A comment may be on its way when the daemon dies: the next count waits until it must have arrived.
    let adding = completing().step(Event::Begun, first_try(), &POLICY).unwrap();
    assert_eq!(adding, Step { state: completing(), wait: Wait::Backoff { at_least: POLICY.settle_time } });
    let after = |seconds| Effort { for_time: Duration::from_secs(seconds), ..first_try() };
    let told = |state: State| match state {
        State::Answer { outcome: Outcome::Filed(_), refused: None, .. } => "whole",
        State::Answer { outcome: Outcome::Filed(_), refused: Some(_), .. } => "in part",
        State::Completing { .. } => "waits",
        _ => "lost",
    };
    let refused = Event::Refused { reason: "404".into(), fallback: &fallback };
    let dead = Effort { died: 1, ..first_try() };
    let cases = [
        (Event::Completed, first_try(), "whole"),
        (refused, first_try(), "in part"),
        (Event::Later { after: None }, after(60), "waits"),
        (Event::Later { after: None }, after(900), "in part"),
        (Event::Unknown, after(60), "waits"),
        (Event::Unknown, after(900), "in part"),
        (Event::WorkerDied, first_try(), "waits"),
        (Event::WorkerDied, dead, "in part"),
        (Event::Retry, first_try(), "waits"),
    ];
    for (event, effort, expected) in cases {
        let label = format!("{event:?} {effort:?}");
        assert_eq!(told(completing().step(event, effort, &POLICY).unwrap().state), expected, "{label}");
    }
    for event in [Event::Hold, Event::Drop, Event::NotFound] {
        assert!(completing().step(event, first_try(), &POLICY).is_err());
    }
}

#[test]
fn a_refusal_goes_to_the_fallback_once_and_then_to_a_person() {
    let fallback = repository("otel/community");
    let refused = |state: State| {
        let event = Event::Refused { reason: "403".into(), fallback: &fallback };
        state.step(event, first_try(), &POLICY).unwrap().state
    };
    let second = refused(State::FilingCheck { filing: filing() });
    let State::Filing { filing } = &second else { panic!("{second:?}") };
    assert_eq!((&filing.destination, filing.refused.as_ref().map(|r| &r.0)), (&fallback, Some(&repository("otel/go"))));
    let State::Answer { outcome, refused: Some((last, _)), .. } = refused(second) else { panic!() };
    assert_eq!((outcome, last), (Outcome::Held(HoldReason::Refused), fallback));
}

#[test]
fn poison_is_held_after_two_deaths_and_patience_ends_in_held() {
    let at = |attempt, seconds| Effort { attempt, for_time: Duration::from_secs(seconds), ..first_try() };
    let losses = |died, lost| Effort { attempt: 9, died, lost, for_time: Duration::ZERO };
    let later = || Event::Later { after: Some(Duration::from_secs(7)) };
    let cases: Vec<(State, Event<'_>, Effort, State)> = vec![
        // Attempts that ended for other reasons make no poison.
        (State::first(), Event::WorkerDied, losses(0, 4), State::first()),
        (State::first(), Event::WorkerDied, losses(0, 5), next::held(HoldReason::Poison)),
        (State::first(), Event::WorkerDied, losses(1, 0), next::held(HoldReason::Poison)),
        (State::Filing { filing: told() }, later(), at(9, 3_599), State::Filing { filing: told() }),
        (State::FilingCheck { filing: filing() }, Event::Unknown, at(9, 3_600), next::held(HoldReason::GaveUp)),
        (State::Filing { filing: filing() }, later(), at(9, 3_600), next::held(HoldReason::GaveUp)),
        // The team hears of it by the filing if the urgent alert cannot be composed.
        (State::UrgentAlert { filing: filing() }, Event::WorkerDied, losses(1, 0), State::Filing { filing: filing() }),
        (
            State::LateAlert { filing: filing(), why: Delay::Unreachable, begun: false },
            Event::WorkerDied,
            losses(1, 0),
            State::Filing { filing: told() },
        ),
    ];
    for (state, event, effort, expected) in cases {
        let label = format!("{} {event:?} {effort:?}", state.name());
        assert_eq!(state.step(event, effort, &POLICY).unwrap().state, expected, "{label}");
    }
}

#[test]
fn the_team_gets_by_mail_what_is_not_filed_in_time_once() {
    let after = |seconds| Effort { for_time: Duration::from_secs(seconds), ..first_try() };
    let late = |begun| State::LateAlert { filing: filing(), why: Delay::Unreachable, begun };
    let (begins, check) = (State::Filing { filing: filing() }, State::FilingCheck { filing: filing() });
    let settles = Wait::Backoff { at_least: POLICY.settle_time };
    let over = |tell| Event::OverBudget { until: Duration::from_secs(7), tell };
    let cases = [
        (begins.clone(), Event::Later { after: None }, 899, begins.clone(), None),
        (begins.clone(), Event::Later { after: None }, 900, late(false), Some(Wait::No)),
        (check.clone(), Event::Later { after: None }, 900, late(true), Some(Wait::No)),
        (check.clone(), Event::Unknown, 900, late(true), Some(Wait::No)),
        (
            State::FilingCheck { filing: told() },
            Event::Unknown,
            900,
            State::FilingCheck { filing: told() },
            Some(settles),
        ),
        (late(false), Event::Composed, 901, State::Filing { filing: told() }, Some(Wait::No)),
        // The answer to an attempt may still come.
        (late(true), Event::Composed, 901, State::FilingCheck { filing: told() }, Some(settles)),
        (begins.clone(), over(false), 0, begins.clone(), Some(Wait::For(Duration::from_secs(7)))),
        (
            begins.clone(),
            over(true),
            0,
            State::LateAlert { filing: filing(), why: Delay::TooMany, begun: false },
            Some(Wait::No),
        ),
        (State::Filing { filing: told() }, over(true), 0, State::Filing { filing: told() }, None),
    ];
    for (state, event, seconds, expected, wait) in cases {
        let label = format!("{state:?} {event:?} {seconds}");
        let step = state.step(event, after(seconds), &POLICY).unwrap();
        assert_eq!(step.state, expected, "{label}");
        assert!(wait.is_none_or(|wait| wait == step.wait), "{label}: {:?}", step.wait);
    }
    // One effort, so that patience ends all the same.
    assert!(late(true).continues(&check) && begins.continues(&late(true)));
}

#[test]
fn only_what_stayed_shut_is_opened_again_by_itself() {
    let shut = State::Nothing { outcome: Outcome::Held(HoldReason::Unreadable(Unreadable::NoKey)) };
    assert!(shut.is_shut());
    assert_eq!(shut.step(Event::Reopen, first_try(), &POLICY).unwrap().state, State::first());
    let held = |reason| State::Nothing { outcome: Outcome::Held(reason) };
    let others = [held(HoldReason::Operator), held(HoldReason::Poison), State::first()];
    for state in others {
        let name = format!("{state:?}");
        assert!(!state.is_shut() && state.step(Event::Reopen, first_try(), &POLICY).is_err(), "{name}");
    }
}

#[test]
fn a_filing_in_the_air_is_never_forgotten_and_done_is_done() {
    let done = State::Nothing { outcome: Outcome::Filed(advisory()) };
    let cases = [
        (State::FilingCheck { filing: filing() }, Event::Hold),
        (State::FilingCheck { filing: filing() }, Event::Drop),
        (done.clone(), Event::Release(Release { repository: None })),
        (done.clone(), Event::Drop),
        (done, Event::Retry),
    ];
    for (state, event) in cases {
        let label = format!("{} {event:?}", state.name());
        assert!(state.step(event, first_try(), &POLICY).is_err(), "{label}");
    }
}

#[test]
fn a_released_message_is_filed_where_the_person_says_unless_it_still_cannot_be_read() {
    let fallback = repository("otel/community");
    for (kind, filed) in [(Kind::Spam, true), (Kind::WrongProject, true), (Kind::Unreadable, false)] {
        let (facts, verdict) = (facts(Encryption::None), verdict(kind, None));
        let held = State::Nothing { outcome: Outcome::Held(HoldReason::Operator) };
        let release = Release { repository: Some(repository("otel/java")) };
        let opening = held.step(Event::Release(release), first_try(), &POLICY).unwrap().state;
        let event = Event::Assessed {
            facts: &facts,
            verdict: &verdict,
            thread: Thread::New,
            advisory: None,
            fallback: &fallback,
            multi: Multi::Each,
        };
        let state = opening.step(event, first_try(), &POLICY).unwrap().state;
        match state {
            // An earlier filing may have been lost: it is looked for first.
            State::FilingCheck { filing } => assert!(filed && filing.destination == repository("otel/java"), "{kind}"),
            state => assert!(!filed && matches!(state.outcome(), Some(Outcome::Held(_))), "{kind}: {state:?}"),
        }
    }
}

#[test]
fn a_mail_of_an_odd_shape_waits_for_a_person_whatever_it_reports() {
    use Action::*;
    let fallback = repository("otel/community");
    let hold = [Hold, Alert, Receipt];
    let cases: [(Doubt, Kind, Thread, &[Action]); 9] = [
        (Doubt::QuotedCiphertext, Kind::Report, Thread::New, &hold),
        (Doubt::HiddenCiphertext, Kind::Question, Thread::New, &hold),
        (Doubt::BrokenContainer, Kind::FollowUp, Thread::UnknownCase, &hold),
        // People read what joins an advisory anyway.
        (Doubt::BrokenContainer, Kind::FollowUp, Thread::Advisory, &[Comment, Alert, Receipt]),
        (Doubt::Ambiguous, Kind::Spam, Thread::New, &[Ignore]),
        (Doubt::ShutPiece, Kind::Report, Thread::New, &[File, Alert, Acknowledge]),
        (Doubt::OnlyCertificates, Kind::Report, Thread::New, &hold),
        (Doubt::OnlyCertificates, Kind::KeyRequest, Thread::New, &[Digest, SendInstructions]),
        (Doubt::Blank, Kind::Empty, Thread::New, &[Hold, AlertWithoutContent]),
    ];
    let odd = MessageFacts { doubts: vec![Doubt::Ambiguous], can_encrypt_reply: true, ..facts(Encryption::Whole) };
    let public = verdict(Kind::Report, Some(Disclosure::Public));
    assert_eq!(plan(&public, &odd, Thread::New), [Hold, AlertUrgent, Receipt], "what is public waits for nobody");
    for (doubt, kind, thread, expected) in cases {
        let facts = MessageFacts { doubts: vec![doubt], can_encrypt_reply: true, ..facts(Encryption::Whole) };
        let verdict = verdict(kind, Some(Disclosure::Private));
        assert_eq!(plan(&verdict, &facts, thread), *expected, "{doubt:?} {kind}");
        let event = Event::Assessed {
            facts: &facts,
            verdict: &verdict,
            thread,
            advisory: None,
            fallback: &fallback,
            multi: Multi::Primary,
        };
        let state = State::Opening { released: None }.step(event, first_try(), &POLICY).unwrap().state;
        let held = state.outcome() == Some(&Outcome::Held(HoldReason::Doubtful(doubt)));
        assert_eq!(held, expected.contains(&Hold), "{doubt:?} {kind}: {state:?}");
    }
}
