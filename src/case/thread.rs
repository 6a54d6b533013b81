use crate::model::{Address, CaseId, Evidence, Kind, Question, Verdict};

/// The verdict about a message that belongs to the conversation of `case`, which was judged without knowing that.
///
/// What the case's own reporter answers in it is a follow-up, whatever it would be alone. What somebody else writes there
/// stays what it is: a Message-ID is no secret, and nobody's report may vanish into another's.
pub fn follow_up(mut verdict: Verdict, author: Option<&Address>, case: &CaseId, reporter: Option<&Address>) -> Verdict {
    let theirs = author.zip(reporter).is_some_and(|(author, reporter)| author.same_mailbox(reporter));
    let alone = matches!(verdict.kind, Kind::Report | Kind::NotAVulnerability | Kind::WrongProject | Kind::Question);
    if verdict.kind == Kind::FollowUp && verdict.case.is_none() {
        verdict.case = Some(case.clone());
    } else if theirs && alone {
        let evidence = Evidence {
            question: Question::Kind,
            says: Kind::FollowUp.as_str().to_owned(),
            weight: 1.0,
            because: format!("answers mail of {case} and comes from its reporter"),
        };
        verdict.kind = Kind::FollowUp;
        verdict.case = Some(case.clone());
        verdict.evidence.insert(0, evidence);
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Confidence;

    #[test]
    fn only_the_reporters_own_mail_becomes_a_follow_up() {
        let cases = [
            (Kind::Report, "Erin@example.org", Kind::FollowUp, true),
            (Kind::Question, "erin@example.org", Kind::FollowUp, true),
            (Kind::Report, "mallory@example.org", Kind::Report, false),
            (Kind::FollowUp, "mallory@example.org", Kind::FollowUp, true),
            (Kind::Bounce, "erin@example.org", Kind::Bounce, false),
            (Kind::Unreadable, "erin@example.org", Kind::Unreadable, false),
        ];
        let case: CaseId = "OTEL-SEC-2026-0001".parse().unwrap();
        let reporter: Address = "erin@example.org".parse().unwrap();
        for (kind, author, expected, joined) in cases {
            let verdict = Verdict {
                kind,
                disclosure: None,
                destination: None,
                also: Vec::new(),
                case: None,
                confidence: Confidence::default(),
                evidence: Vec::new(),
            };
            let judged = follow_up(verdict, Some(&author.parse().unwrap()), &case, Some(&reporter));
            assert_eq!((judged.kind, judged.case.is_some()), (expected, joined), "{kind} from {author}");
        }
    }
}
