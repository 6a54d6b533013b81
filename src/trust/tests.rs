use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::model::LearnedFrom;

const FIRST: OffsetDateTime = datetime!(2026-11-01 12:00 UTC);
const LATER: OffsetDateTime = datetime!(2026-11-10 12:00 UTC);

fn fingerprint(letter: char) -> Fingerprint {
    letter.to_string().repeat(40).parse().unwrap()
}

fn erin() -> Address {
    "erin@example.org".parse().unwrap()
}

/// A known certificate of Erin's.
fn known(letter: char, voucher: Voucher, first_seen: OffsetDateTime) -> KnownCertificate {
    KnownCertificate {
        address: "Erin@example.org".parse().unwrap(),
        fingerprint: fingerprint(letter),
        bytes: Vec::new(),
        learned_from: LearnedFrom::Autocrypt,
        voucher,
        first_seen,
        last_seen: first_seen,
        revoked: false,
    }
}

#[test]
fn who_may_be_learned_from_what() {
    use Voucher::*;
    let a = fingerprint('A');
    let plain = Offer { fits: true, fingerprint: &a, forwarded: false, automatic: false, voucher: Dkim };
    let configured = |letter| Settled::Configured(vec![fingerprint(letter)]);
    let author = Some(erin());
    let none: Vec<KnownCertificate> = Vec::new();
    let cases = [
        ("vouched for by DKIM", author.clone(), plain.clone(), Settled::Not, none.clone(), Ok(Dkim)),
        (
            "nothing vouches",
            author.clone(),
            Offer { voucher: Nobody, ..plain.clone() },
            Settled::Not,
            none.clone(),
            Ok(Nobody),
        ),
        (
            "no offer speaks for the operator",
            author.clone(),
            Offer { voucher: Operator, ..plain.clone() },
            Settled::Not,
            none.clone(),
            Ok(Signature),
        ),
        ("nobody or several in From", None, plain.clone(), Settled::Not, none.clone(), Err(Refusal::NoAuthor)),
        (
            "for another address",
            author.clone(),
            Offer { fits: false, ..plain.clone() },
            Settled::Not,
            none.clone(),
            Err(Refusal::Unfit),
        ),
        (
            "in a forwarded mail",
            author.clone(),
            Offer { forwarded: true, ..plain.clone() },
            Settled::Not,
            none.clone(),
            Err(Refusal::Forwarded),
        ),
        (
            "by a program",
            author.clone(),
            Offer { automatic: true, ..plain.clone() },
            Settled::Not,
            none.clone(),
            Err(Refusal::Automatic),
        ),
        ("for one of us", author.clone(), plain.clone(), Settled::InHouse, none.clone(), Err(Refusal::Settled)),
        ("another is configured", author.clone(), plain.clone(), configured('B'), none.clone(), Err(Refusal::Settled)),
        ("news of the configured one", author.clone(), plain.clone(), configured('A'), none.clone(), Ok(Dkim)),
        (
            "another is fixed",
            author.clone(),
            plain.clone(),
            Settled::Not,
            vec![known('B', Operator, FIRST)],
            Err(Refusal::Pinned),
        ),
        (
            "news of one beside the fixed one",
            author.clone(),
            plain.clone(),
            Settled::Not,
            vec![known('A', Dkim, FIRST), known('B', Operator, FIRST)],
            Ok(Dkim),
        ),
        ("another is known", author, plain, Settled::Not, vec![known('B', Signature, FIRST)], Ok(Dkim)),
    ];
    for (name, author, offer, settled, known, expected) in cases {
        assert_eq!(lesson(author.as_ref(), &offer, &settled, &known), expected, "{name}");
    }
}

/// What the operator settled and what is known, whether a signature by A is good, and what the warning names.
type Case = (&'static str, Settled, Vec<KnownCertificate>, bool, Option<(char, bool)>);

/// How a signature by A counts (`good`, or not), and the certificate from which the warning says that it changed.
#[test]
fn what_a_certificate_is_good_for() {
    use Voucher::*;
    let other_person =
        |letter| KnownCertificate { address: "eve@example.org".parse().unwrap(), ..known(letter, Operator, FIRST) };
    let configured = |letter| Settled::Configured(vec![fingerprint(letter)]);
    let cases: [Case; 22] = [
        ("never seen", Settled::Not, vec![], false, None),
        ("configured", configured('A'), vec![], true, None),
        ("another is configured", configured('B'), vec![], false, Some(('B', false))),
        (
            "another is configured, this one was learned",
            configured('B'),
            vec![known('A', Dkim, FIRST)],
            false,
            Some(('B', false)),
        ),
        ("configured, another was learned", configured('A'), vec![known('B', Dkim, FIRST)], true, None),
        ("seen, nothing vouched", Settled::Not, vec![known('A', Nobody, FIRST)], false, None),
        ("DKIM vouched", Settled::Not, vec![known('A', Dkim, FIRST)], true, None),
        ("the directory has it", Settled::Not, vec![known('A', Directory, FIRST)], true, None),
        ("an earlier one vouched", Settled::Not, vec![known('A', Signature, FIRST)], true, None),
        ("fixed", Settled::Not, vec![known('A', Operator, FIRST)], true, None),
        ("for a team member, by mail", Settled::InHouse, vec![known('A', Signature, FIRST)], false, None),
        ("for a team member, fixed", Settled::InHouse, vec![known('A', Operator, FIRST)], true, None),
        ("somebody else's", Settled::Not, vec![other_person('A')], false, None),
        ("an attacker wrote first", Settled::Not, vec![known('B', Nobody, FIRST)], false, None),
        (
            "an attacker wrote first, then DKIM vouched for this one",
            Settled::Not,
            vec![known('B', Nobody, FIRST), known('A', Dkim, LATER)],
            true,
            None,
        ),
        ("changed, and nothing vouches", Settled::Not, vec![known('B', Dkim, FIRST)], false, Some(('B', false))),
        (
            "changed, seen before, and nothing vouches",
            Settled::Not,
            vec![known('B', Dkim, FIRST), known('A', Nobody, LATER)],
            false,
            Some(('B', false)),
        ),
        (
            "changed, and DKIM vouches",
            Settled::Not,
            vec![known('B', Directory, FIRST), known('A', Dkim, LATER)],
            true,
            Some(('B', true)),
        ),
        (
            "back to the earlier one",
            Settled::Not,
            vec![known('A', Dkim, FIRST), known('B', Dkim, LATER)],
            true,
            Some(('B', true)),
        ),
        ("came together", Settled::Not, vec![known('A', Dkim, FIRST), known('B', Dkim, FIRST)], true, None),
        (
            "another is fixed",
            Settled::Not,
            vec![known('B', Operator, FIRST), known('A', Signature, LATER)],
            false,
            Some(('B', false)),
        ),
        ("both are fixed", Settled::Not, vec![known('B', Operator, FIRST), known('A', Operator, LATER)], true, None),
    ];
    for (name, settled, known, good, was) in cases {
        let signer = fingerprint('A');
        let worth = worth(&erin(), &signer, &settled, &known);
        assert_eq!(matches!(worth, Worth::Configured | Worth::Learned(_)), good, "{name}: {worth:?}");
        let change = change(&erin(), &signer, &settled, &known);
        let found = change.as_ref().map(|change| (change.was.clone(), change.used));
        assert_eq!(found, was.map(|(letter, used)| (fingerprint(letter), used)), "{name}");
        let used = change.is_some_and(|change| change.used);
        assert!(!used || good, "{name}: a change is said to be used, and the signature is not good");
    }
}

#[test]
fn a_change_is_told_with_both_fingerprints_and_the_date() {
    let entry = KnownCertificate { revoked: true, ..known('B', Voucher::Dkim, FIRST) };
    let told = change(&erin(), &fingerprint('A'), &Settled::Not, &[entry]).unwrap().explain();
    for part in
        ["the certificate changed", "BBBB BBBB", "first seen 2026-11-01", "revoked", "AAAA AAAA", "not accepted"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let told = change(&erin(), &fingerprint('A'), &Settled::Configured(vec![fingerprint('B')]), &[]).unwrap();
    assert!(told.explain().contains("configured here"));
}
