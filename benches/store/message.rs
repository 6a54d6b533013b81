//! All that the engine asks of the store for one encrypted report, from its arrival to its last mail.

use std::fs;
use std::time::{Duration, Instant};

use advisory_intake::case::{Filing, State};
use advisory_intake::model::{
    Assessed, ContentDigest, Edition, Filed, Known, KnownCertificate, LearnedFrom, MailKind, MessageId, Origin,
    Outcome, OutgoingMail, RawMessage, Receipt, Voucher,
};
use advisory_intake::ports::{Advance, Batch, CertificateBounds, Claimed, Cursor, Lane, MailResult, ReplyLimit, Store};
use advisory_intake::worker::Desk;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::settings::{fixture, settings};

pub const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
/// What is measured apart.
pub const PARTS: [&str; 5] = ["record", "open and judge", "file", "answer and move", "send four mails"];

const SOURCE: &str = "main/INBOX";
const PREFIX: &str = "OTEL-SEC";
const LEASE: Duration = Duration::from_secs(240);

/// What every message here is like: a fixture, as a worker assesses it.
pub struct Sample {
    bytes: Vec<u8>,
    assessed: Assessed,
    certificate: Vec<u8>,
}

impl Sample {
    pub fn new() -> Self {
        let bytes = fs::read(fixture("mail/01-report-pgpmime-signed.eml")).unwrap();
        let raw = RawMessage { origin: Origin::Pipe, received: NOW, size: bytes.len() as u64, bytes: bytes.clone() };
        let now = OffsetDateTime::now_utc();
        let assessed = Desk::open(settings(), now).unwrap().assess(&raw, &Known::default(), now);
        assert!(assessed.assessment.verdict.destination.is_some(), "the bench must open its mail");
        Sample { bytes, assessed, certificate: vec![0x98; 1_200] }
    }

    /// Does it for the `number`th message; the time that each of [`PARTS`] took.
    pub async fn one(&self, store: &dyn Store, number: u32) -> [Duration; PARTS.len()] {
        let begun = Instant::now();
        let message = self.record(store, number).await;
        let recorded = begun.elapsed();
        let case = self.judge(store, message, number).await;
        let judged = begun.elapsed();
        self.file(store, message).await;
        let filed = begun.elapsed();
        self.answer(store, message, number, &case).await;
        let answered = begun.elapsed();
        self.send(store).await;
        [recorded, judged - recorded, filed - judged, answered - filed, begun.elapsed() - answered]
    }

    async fn record(&self, store: &dyn Store, number: u32) -> MessageId {
        store.cursor(SOURCE).await.unwrap();
        let mut bytes = format!("X-Number: {number}\r\n").into_bytes();
        bytes.extend(&self.bytes);
        let origin = Origin::Imap { source: "main".into(), mailbox: "INBOX".into(), uid_validity: 7, uid: number };
        let message = RawMessage { origin, received: NOW, size: bytes.len() as u64, bytes };
        let cursor = Some(Cursor::Imap { uid_validity: 7, uid: number });
        let recorded = store.record(SOURCE, &Batch { messages: vec![message], cursor }, NOW).await.unwrap();
        assert_eq!(recorded.first().map(|recorded| recorded.duplicate_of), Some(None));
        recorded[0].message
    }

    async fn judge(&self, store: &dyn Store, message: MessageId, number: u32) -> String {
        let claimed = take(store, Lane::Open, message).await;
        store.raw(message).await.unwrap();
        let Assessed { mut assessment, .. } = self.assessed.clone();
        let author = reporter(number).parse().unwrap();
        store.certificates(Some(&author)).await.unwrap();
        let facts = &mut assessment.facts;
        facts.message_id = format!("{number}.{}@example.org", ContentDigest::of(&number.to_be_bytes())).parse().ok();
        facts.author = Some(author.clone());
        facts.answer_to = Some(author.clone());
        facts.ciphertexts = vec![ContentDigest::of(format!("c{number}").as_bytes())];
        facts.identity = Some(ContentDigest::of(format!("i{number}").as_bytes()));
        let unknown = format!("{number}.before@example.org").parse().unwrap();
        assert_eq!(store.case_of_mail(&[unknown]).await.unwrap(), None);
        let traces: Vec<ContentDigest> = facts.traces().collect();
        let twins = store.twins(message, &traces).await.unwrap().len();
        let certificate = KnownCertificate {
            address: author.clone(),
            fingerprint: format!("{number:040X}").parse().unwrap(),
            bytes: self.certificate.clone(),
            learned_from: LearnedFrom::Autocrypt,
            voucher: Voucher::Nobody,
            first_seen: NOW,
            last_seen: NOW,
            revoked: false,
        };
        let case = store.open_case(message, PREFIX, Some(&author), NOW).await.unwrap().id;
        let step = Advance {
            assessment: Some(assessment),
            twins: Some(twins),
            case: Some(case.clone()),
            edition: Some(Edition { version: "1".into(), keys: vec![] }),
            certificates: vec![certificate],
            note: "report, private, in opentelemetry-collector".into(),
            ..step(&claimed, State::Filing { filing: filing() })
        };
        store.advance(message, step).await.unwrap();
        case.to_string()
    }

    async fn file(&self, store: &dyn Store, message: MessageId) {
        let claimed = take(store, Lane::File, message).await;
        let facts = &claimed.assessment.as_ref().unwrap().facts;
        store.twins(message, &facts.ciphertexts).await.unwrap();
        store.raw(message).await.unwrap();
        store.certificates(facts.author.as_ref()).await.unwrap();
        let begins = Advance {
            holds: true,
            note: "filing begins".into(),
            ..step(&claimed, State::FilingCheck { filing: filing() })
        };
        let turn = store.advance(message, begins).await.unwrap();
        let filed = Advance {
            turn,
            advisory: Some(filed()),
            note: "filed as GHSA-2222-3333-4444 in open-telemetry/opentelemetry-collector".into(),
            ..step(
                &claimed,
                State::Answer { outcome: Outcome::Filed(filed()), refused: None, others: Default::default() },
            )
        };
        store.advance(message, filed).await.unwrap();
    }

    async fn answer(&self, store: &dyn Store, message: MessageId, number: u32, case: &str) {
        let claimed = take(store, Lane::Open, message).await;
        let facts = &claimed.assessment.as_ref().unwrap().facts;
        store.twins(message, &facts.ciphertexts).await.unwrap();
        let limit = ReplyLimit { most: 4, since: NOW - Duration::from_secs(86_400), proven: false };
        store.replies_since(facts.answer_to.as_ref().unwrap(), limit).await.unwrap();
        store.raw(message).await.unwrap();
        store.certificates(facts.author.as_ref()).await.unwrap();
        let nonce = ContentDigest::of(case.as_bytes()).hex();
        let case = case.to_lowercase();
        let reporter = reporter(number);
        let to = [&reporter, "lena@tc.otel.example", "samir@tc.otel.example", "petra@tc.otel.example"];
        let mails = to.iter().enumerate().map(|(at, to)| {
            let kind = if at == 0 { MailKind::Reply } else { MailKind::Alert };
            mail(kind, &format!("{case}.{}-{}-{at}@otel.example", kind.as_str(), &nonce[..16]), to)
        });
        let answered = Advance {
            mails: mails.collect(),
            replies: Some(limit),
            note: "answered".into(),
            ..step(&claimed, State::Move { outcome: Outcome::Filed(filed()) })
        };
        store.advance(message, answered).await.unwrap();
        let claimed = take(store, Lane::Settle(SOURCE), message).await;
        let moved =
            Advance { note: "moved".into(), ..step(&claimed, State::Nothing { outcome: Outcome::Filed(filed()) }) };
        store.advance(message, moved).await.unwrap();
        for lane in [Lane::Open, Lane::File, Lane::Settle(SOURCE)] {
            assert_eq!(store.next_due(Some(lane)).await.unwrap(), None);
        }
    }

    async fn send(&self, store: &dyn Store) {
        let mut sent = 0;
        while let Some(queued) = store.claim_mail(NOW, LEASE).await.unwrap() {
            let receipt = Receipt { response: "250 2.0.0 Ok: queued as 4cXyZ".into() };
            store.mail_done(queued.id, MailResult::Sent(receipt), NOW).await.unwrap();
            sent += 1;
        }
        assert_eq!(sent, 4);
        assert_eq!(store.next_due(None).await.unwrap(), None);
    }
}

pub fn digest_mail() -> OutgoingMail {
    mail(MailKind::Digest, "intake.digest-1@otel.example", "lena@tc.otel.example")
}

fn reporter(number: u32) -> String {
    format!("reporter@site{number}.example")
}

async fn take(store: &dyn Store, lane: Lane<'_>, message: MessageId) -> Claimed {
    let claimed = store.claim(lane, NOW, LEASE).await.unwrap().unwrap();
    assert_eq!(claimed.message, message);
    claimed
}

fn step(claimed: &Claimed, state: State) -> Advance {
    Advance {
        state,
        due: NOW,
        turn: claimed.turn,
        holds: false,
        died: false,
        assessment: None,
        twins: None,
        edition: None,
        case: None,
        advisory: None,
        mails: Vec::new(),
        replies: None,
        certificates: Vec::new(),
        certificate_bounds: CertificateBounds::default(),
        note: String::new(),
        now: NOW,
    }
}

fn filing() -> Filing {
    Filing::new(filed().repository)
}

fn filed() -> Filed {
    let repository = "open-telemetry/opentelemetry-collector";
    Filed {
        repository: repository.parse().unwrap(),
        ghsa_id: "GHSA-2222-3333-4444".parse().unwrap(),
        url: format!("https://github.com/{repository}/security/advisories/GHSA-2222-3333-4444"),
    }
}

/// A mail of a common size; its bytes go once it is sent.
fn mail(kind: MailKind, id: &str, to: &str) -> OutgoingMail {
    OutgoingMail {
        kind,
        message_id: id.parse().unwrap(),
        envelope_from: None,
        envelope_to: to.parse().unwrap(),
        bytes: b"0123456789abcdef".repeat(500),
    }
}
