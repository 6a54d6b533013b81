//! The mail server that takes outgoing mail breaks.

use super::rig::{Rig, TIMEOUT};
use crate::support::proxy::{At, End, Then};

const REPOSITORY: &str = "open-telemetry/opentelemetry-collector";

/// Each row: what breaks where, and what the operator reads of the mails meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn every_mail_arrives_under_one_message_id_however_sending_breaks() {
    let rows = [
        ("no connection", At::Connect, Then::unheard(End::Reset), "waiting: "),
        ("silence at the greeting", At::Connect, Then::unheard(End::Stall), "did not answer within 500ms"),
        ("dropped before the envelope", At::line("^EHLO"), Then::unheard(End::Close), "waiting: "),
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
            "reset within the message",
            At::line("^Subject: "),
            Then::unheard(End::Reset),
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
    let mut rig = Rig::start().await;
    for (name, at, then, says) in rows {
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
