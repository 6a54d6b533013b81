//! The mail server that takes outgoing mail breaks.

use super::rig::{Rig, TIMEOUT};
use crate::support::proxy::{At, End, Then};
use crate::support::world::MAILBOX;

const REPOSITORY: &str = "open-telemetry/opentelemetry-collector";

/// Each row: what breaks where, and what the operator reads of the mails meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn every_mail_arrives_under_one_message_id_however_sending_breaks() {
    let rows: [Row; 16] = [
        ("no connection", At::Connect, Then::unheard(End::Reset), "waiting: "),
        ("silence at the greeting", At::Connect, Then::unheard(End::Stall), "did not answer within 500ms"),
        ("dropped before DATA", At::line("^DATA"), Then::unheard(End::Close), "broke"),
        ("reset before DATA", At::line("^DATA"), Then::unheard(End::Reset), "broke"),
        ("stalled before DATA", At::line("^DATA"), Then::unheard(End::Stall), "did not answer within 500ms"),
        (
            "dropped within the message",
            At::line("^Subject: "),
            Then::unheard(End::Close),
            "after the mail was handed over",
        ),
        (
            "stalled within the message",
            At::line("^Subject: "),
            Then::unheard(End::Stall),
            "in time whether it took the mail",
        ),
        ("dropped after it was taken", At::line(r"^\.$"), Then::heard(0, End::Close), "after the mail was handed over"),
        ("reset after it was taken", At::line(r"^\.$"), Then::heard(0, End::Reset), "after the mail was handed over"),
        ("cut within the answer", At::line(r"^\.$"), Then::heard(5, End::Close), "after the mail was handed over"),
        (
            "stalled after it was taken",
            At::line(r"^\.$"),
            Then::heard(0, End::Stall),
            "in time whether it took the mail",
        ),
        ("answered too late", At::line(r"^\.$"), Then::late(TIMEOUT * 2), "in time whether it took the mail"),
        (
            "not now, said at the sender",
            At::line("^MAIL"),
            Then::answered("451 4.3.0 busy\r\n", End::GoesOn),
            "451 4.3.0 busy",
        ),
        (
            "not now, said at the message",
            At::line(r"^\.$"),
            Then::answered("452 4.3.1 full\r\n", End::GoesOn),
            "452 4.3.1 full",
        ),
        (
            "going away",
            At::line("^RCPT"),
            Then::answered("421 4.3.2 going down\r\n", End::Close),
            "421 4.3.2 going down",
        ),
        ("no answer of SMTP", At::line("^DATA"), Then::answered("what?\r\n", End::GoesOn), "waiting: "),
    ];
    // Most of it is waiting.
    let (some, others) = rows.split_at(rows.len() / 2);
    tokio::join!(arrives(some), arrives(others));
}

/// A name, what breaks where, and what the operator reads of the mails.
type Row = (&'static str, At, Then, &'static str);

async fn arrives(rows: &[Row]) {
    let mut rig = Rig::start().await;
    for (name, at, then, says) in rows.iter().cloned() {
        let mails = vec![rig.mails.sealed(REPOSITORY), rig.mails.question()];
        rig.smtp.breaks(at, then);
        rig.smtp.cut();
        let question = mails[1].token.clone();
        rig.deliver(mails);
        let question = rig.sent(&question);
        rig.until(&format!("{name}: {says}"), async || rig.story_of(question).await.contains(says)).await;
        assert!(rig.smtp.mend() > 0, "{name}");
        rig.is_sound(name).await;
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_who_is_refused_for_good_is_told_to_the_operator_and_blocks_nobody() {
    let mut rig = Rig::start().await;
    let mails = vec![rig.mails.sealed(REPOSITORY), rig.mails.question()];
    let tokens = mails.iter().map(|mail| mail.token.clone()).collect::<Vec<_>>();
    let refusal = Then::answered("550 5.1.1 no such user\r\n", End::GoesOn);
    rig.smtp.breaks(At::line(&format!("^RCPT TO:<(petra|{})@", tokens[1])), refusal);
    rig.deliver(mails);
    for (token, failures, arrivals) in [(&tokens[0], 1, 3), (&tokens[1], 1, 0)] {
        rig.until(&format!("the end of all mails about {token}"), async || {
            let story = rig.story_of(rig.sent(token)).await;
            let count = |word| story.matches(word).count();
            count(": failed: 127.0.0.1 answered 550 5.1.1 no such user") == failures && count(": sent: 250") == arrivals
        })
        .await;
    }
    rig.until("both to be moved", async || rig.dovecot.messages(MAILBOX, "Processed").len() == 2).await;
    assert_eq!(rig.smtp.hits(), 2, "each is asked for once");
    let digest = rig.store.digest(time::OffsetDateTime::now_utc()).await.unwrap();
    assert_eq!(digest.failed.total, 2, "the team reads of it: {digest:?}");
    for who in ["lena", "samir", &tokens[0]] {
        rig.until(&format!("the mail of {who}"), async || rig.dovecot.messages(who, "INBOX").len() == 1).await;
    }
    rig.stop().await;
}
