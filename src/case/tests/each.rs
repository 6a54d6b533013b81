//! A report that goes to several repositories, an advisory in each.

use super::*;

const REPOSITORIES: [&str; 3] = ["otel/go", "otel/collector", "otel/java"];
const FALLBACK: &str = "otel/community";

fn in_repository(name: &str) -> Filed {
    Filed { repository: repository(name), ..advisory() }
}

/// What the report is judged to concern: the first repository, and the others as well.
fn judged(multi: Multi, released: Option<Release>, also: &[&str]) -> State {
    let mut verdict = verdict(Kind::Report, Some(Disclosure::Private));
    verdict.also = also.iter().map(|name| repository(name)).collect();
    let event = Event::Assessed {
        facts: &facts(Encryption::None),
        verdict: &verdict,
        thread: Thread::New,
        advisory: None,
        fallback: &repository(FALLBACK),
        multi,
    };
    State::Opening { released }.step(event, first_try(), &POLICY).unwrap().state
}

fn others_of(state: &State) -> Vec<&str> {
    let (State::Filing { filing } | State::FilingCheck { filing }) = state else { panic!("{state:?}") };
    filing.others.left.iter().map(Repository::as_str).collect()
}

#[test]
fn the_setting_and_a_person_decide_where_it_goes() {
    let also = &REPOSITORIES[1..];
    let there = || Some(Release { repository: Some(repository("otel/java")) });
    let cases = [
        (judged(Multi::Primary, None, also), vec![]),
        (judged(Multi::Each, None, also), also.to_vec()),
        (judged(Multi::Each, None, &[]), vec![]),
        (judged(Multi::Each, Some(Release { repository: None }), also), also.to_vec()),
        (judged(Multi::Each, there(), also), vec![]),
        (judged(Multi::Each, None, &["otel/go", "otel/java"]), vec!["otel/java"]),
    ];
    for (state, expected) in cases {
        assert_eq!(others_of(&state), expected, "{state:?}");
    }
    let many: Vec<String> = (0..70).map(|number| format!("otel/r{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(others_of(&judged(Multi::Each, None, &many)).len(), Others::MOST);
}

/// How an attempt in one repository ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Filed,
    /// Its rest could not be added.
    InPart,
    Refused,
    GivenUp,
    Poison,
}

/// Drives a report through its repositories; where each attempt was made, and the answer.
fn drive(ends: &[End]) -> (Vec<String>, State) {
    let fallback = repository(FALLBACK);
    let (mut state, mut asked) = (judged(Multi::Each, None, &REPOSITORIES[1..]), Vec::new());
    for end in ends {
        if let State::FilingCheck { .. } = state {
            state = state.step(Event::NotFound, first_try(), &POLICY).unwrap().state;
        }
        let State::Filing { filing } = &state else { panic!("{end:?}: {state:?}") };
        let destination = filing.destination.clone();
        asked.push(destination.name().to_owned());
        let begun = state.step(Event::Begun, first_try(), &POLICY).unwrap();
        assert_eq!(begun.wait, Wait::Backoff { at_least: POLICY.settle_time }, "recorded before it is made");
        let refused = || Event::Refused { reason: "403".into(), fallback: &fallback };
        let patience = Effort { for_time: POLICY.give_up_after, ..first_try() };
        let step = |event, effort| begun.state.clone().step(event, effort, &POLICY).unwrap().state;
        state = match end {
            End::Filed => step(Event::Filed(in_repository(destination.as_str())), first_try()),
            End::Refused => step(refused(), first_try()),
            End::GivenUp => step(Event::Later { after: None }, patience),
            End::Poison => step(Event::WorkerDied, Effort { died: 1, ..first_try() }),
            End::InPart => {
                let filed = step(Event::FiledInPart(in_repository(destination.as_str())), first_try());
                filed.step(refused(), first_try(), &POLICY).unwrap().state
            }
        };
        assert!(!state.continues(&begun.state), "patience and attempts are counted for each repository");
    }
    (asked, state)
}

#[test]
fn each_repository_is_asked_and_only_the_first_decides_the_outcome() {
    use End::*;
    // How the attempts end, where they are made, the case's advisory, the others, and those of which the team is told.
    type Row = (&'static [End], &'static str, Option<&'static str>, &'static str, &'static str);
    let cases: &[Row] = &[
        (&[Filed, Filed, Filed], "go collector java", Some("go"), "collector java", ""),
        (&[Filed, Refused, Filed], "go collector java", Some("go"), "java", "collector"),
        (&[Filed, GivenUp, Poison], "go collector java", Some("go"), "", "collector java"),
        (&[Filed, InPart, Filed], "go collector java", Some("go"), "collector java", "collector"),
        (&[InPart, Filed, Filed], "go collector java", Some("go"), "collector java", ""),
        (&[Refused, Filed, Filed, Filed], "go community collector java", Some("community"), "collector java", ""),
        (&[Refused, Refused], "go community", None, "", ""),
        (&[GivenUp], "go", None, "", ""),
    ];
    for (ends, expected, first, filed, told) in cases {
        let (asked, state) = drive(ends);
        assert_eq!(asked.join(" "), *expected, "{ends:?}");
        let State::Answer { outcome, others, .. } = &state else { panic!("{ends:?}: {state:?}") };
        let of_the_case = match outcome {
            Outcome::Filed(advisory) => Some(advisory.repository.name()),
            _ => None,
        };
        assert_eq!(of_the_case, *first, "{ends:?}");
        let names = |repositories: Vec<&Repository>| {
            repositories.iter().map(|repository| repository.name()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(others.filed.iter().map(|filed| &filed.repository).collect()), *filed, "{ends:?}");
        assert_eq!(names(others.refused.iter().map(|(repository, _)| repository).collect()), *told, "{ends:?}");
        assert!(others.left.is_empty() && others.first.is_none(), "{ends:?}: {others:?}");
    }
}

#[test]
fn another_repository_is_looked_at_before_it_is_asked_and_what_is_filed_cannot_be_held() {
    let filing = State::FilingCheck {
        filing: Filing { others: Others::of(&[repository("otel/java")], &repository("otel/go")), ..filing() },
    };
    let next = filing.step(Event::Filed(advisory()), first_try(), &POLICY).unwrap();
    assert!(matches!(&next.state, State::FilingCheck { filing } if filing.is_besides()), "{next:?}");
    let absent = next.state.step(Event::NotFound, first_try(), &POLICY).unwrap().state;
    for event in [Event::Hold, Event::Drop] {
        assert!(absent.clone().step(event, first_try(), &POLICY).is_err());
    }
    // The fallback that took the place of the first is not asked once more.
    let fallback = repository("otel/java");
    let refused = Event::Refused { reason: "403".into(), fallback: &fallback };
    let State::Filing { filing } = judged(Multi::Each, None, &["otel/java"]) else { panic!() };
    let second = State::FilingCheck { filing }.step(refused, first_try(), &POLICY).unwrap().state;
    let begun = second.step(Event::Begun, first_try(), &POLICY).unwrap().state;
    let done = begun.step(Event::Filed(in_repository("otel/java")), first_try(), &POLICY).unwrap().state;
    assert!(matches!(done, State::Answer { outcome: Outcome::Filed(_), .. }), "{done:?}");
}

#[test]
fn rows_of_a_version_without_it_are_read_and_a_row_that_needs_it_not_is_as_it_was() {
    let state = State::Answer { outcome: Outcome::Answered, refused: None, others: Others::default() };
    let text = serde_json::to_string(&state).unwrap();
    assert!(!text.contains("others"), "{text}");
    let old = [
        r#"{"waits-for":"filing","filing":{"destination":"o/r","refused":null,"comment_on":null}}"#.to_owned(),
        r#"{"waits-for":"completing","advisory":{"repository":"o/r","ghsa_id":"GHSA-2222-3333-4444","url":"u"},"refused":null}"#
            .to_owned(),
        text,
    ];
    for row in old {
        serde_json::from_str::<State>(&row).unwrap_or_else(|error| panic!("{row}: {error}"));
    }
}
