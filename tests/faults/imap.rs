//! The mailbox breaks.

use std::time::Duration;

use super::rig::Rig;
use crate::support::proxy::{At, End, Then};
use crate::support::world::MAILBOX;

const REPOSITORY: &str = "open-telemetry/opentelemetry-collector";
/// More than any command may bring.
const FLOOD: usize = 100_000;

/// Each row: what breaks where, and what the operator reads meanwhile, in the status line or in the history.
#[tokio::test(flavor = "multi_thread")]
async fn every_mail_is_read_and_moved_once_however_the_mailbox_breaks() {
    let huge = "* 1 FETCH (UID 1 BODY[]<0> {500000000}\r\n";
    let refused = "TAG NO [UNAVAILABLE] not now\r\n";
    let rows: [Row; 19] = [
        ("no connection", At::Connect, Then::unheard(End::Reset), "broke off the TLS handshake"),
        ("silence at the greeting", At::Connect, Then::unheard(End::Stall), "did not finish the TLS handshake"),
        ("login refused", At::line("LOGIN"), Then::answered(refused, End::GoesOn), "refuses the login"),
        ("silence at the login", At::line("LOGIN"), Then::unheard(End::Stall), "at the login"),
        ("going down at the login", At::line("LOGIN"), Then::answered("* BYE\r\n", End::Close), "broke at the login"),
        ("no mailbox for now", At::line("SELECT"), Then::answered(refused, End::GoesOn), "opening the mailbox"),
        (
            "flood of what nobody asked for",
            At::line("NOOP"),
            Then::preceded("* 1 EXISTS\r\n".repeat(FLOOD)),
            "more than was asked for",
        ),
        ("silence at the list", At::line("RFC822.SIZE"), Then::unheard(End::Stall), "said nothing for"),
        ("list cut off", At::line("RFC822.SIZE"), Then::heard(10, End::Close), "closed the connection"),
        ("refusal to list", At::line("RFC822.SIZE"), Then::answered(refused, End::GoesOn), "refuses reading"),
        (
            "going down at a message",
            At::line("BODY.PEEK"),
            Then::answered("* BYE\r\n", End::Close),
            "closed the connection",
        ),
        ("message cut off", At::line("BODY.PEEK"), Then::heard(300, End::Close), "closed the connection"),
        ("silence within a message", At::line("BODY.PEEK"), Then::heard(300, End::Stall), "said nothing for"),
        ("literal of 500 MB", At::line("BODY.PEEK"), Then::answered(huge, End::Stall), "literal of 500000000 bytes"),
        ("messages left out", At::line("BODY.PEEK"), Then::answered("TAG OK done\r\n", End::GoesOn), "left out"),
        ("refusal to move", At::line("MOVE"), Then::answered(refused, End::GoesOn), "refuses moving"),
        ("silence at moving", At::line("MOVE"), Then::unheard(End::Stall), "not now: "),
        ("reset after moving", At::line("MOVE"), Then::heard(0, End::Reset), "not now: "),
        ("moving cut off", At::line("MOVE"), Then::heard(10, End::Close), "not now: "),
    ];
    // Most of it is waiting.
    let (some, others) = rows.split_at(rows.len() / 2);
    tokio::join!(is_read_and_moved(some), is_read_and_moved(others));
}

/// A name, what breaks where, and what the operator reads.
type Row = (&'static str, At, Then, &'static str);

async fn is_read_and_moved(rows: &[Row]) {
    let mut rig = Rig::start().await;
    for (name, at, then, says) in rows.iter().cloned() {
        rig.imap.breaks(at, then);
        rig.imap.cut();
        let mails = vec![rig.mails.sealed(REPOSITORY), rig.mails.question()];
        let tokens = [mails[0].token.clone(), mails[1].token.clone()];
        rig.deliver(mails);
        rig.until(&format!("{name}: {says}"), async || {
            let status = rig.engine.status().borrow().line();
            let stories = tokens.each_ref().map(|token| rig.story_of(rig.sent(token)));
            let stories = futures::future::join_all(stories).await.concat();
            rig.imap.hits() > 0 && (status.contains(says) || stories.contains(says))
        })
        .await;
        assert!(rig.imap.mend() > 0, "{name}");
        rig.is_sound(name).await;
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mail_is_read_and_moved_once_whatever_becomes_of_the_server() {
    let mut rig = Rig::start().await;
    // Nobody tells that the connection is dead on which news is waited for.
    rig.imap.breaks(At::line("IDLE"), Then::heard(10, End::Stall));
    rig.imap.cut();
    rig.until("waiting for news", async || rig.imap.hits() > 0).await;
    let mails = rig.mails.mixed(REPOSITORY);
    rig.deliver(mails);
    rig.imap.mend();
    rig.is_sound("a connection that died in silence").await;

    rig.dovecot.restart();
    let mails = rig.mails.mixed(REPOSITORY);
    rig.deliver(mails);
    rig.is_sound("a restarted server").await;

    // All messages are in hand, and their numbers mean nothing any more.
    rig.http.breaks(At::line("^POST"), Then::heard(0, End::Reset));
    rig.imap.breaks(At::line("MOVE"), Then::unheard(End::Close));
    let mails = rig.mails.mixed(REPOSITORY);
    let last = mails.last().unwrap().token.clone();
    rig.deliver(mails);
    rig.until("the last one to be judged", async || rig.record_of(rig.sent(&last)).await.is_some()).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    rig.dovecot.renumber(MAILBOX, "INBOX");
    rig.imap.cut();
    assert!(rig.imap.mend() > 0 && rig.http.mend() > 0);
    rig.is_sound("another UIDVALIDITY").await;
    rig.stop().await;
}
