//! What the team is told, once.

use super::*;

pub async fn tells_of_everything_once(store: &dyn Store) {
    let hour = |hours: u64| NOW + Duration::from_secs(hours * 3_600);
    assert_eq!(store.last_digest().await.unwrap(), None);
    let first = store.digest(NOW).await.unwrap();
    assert!(first.last_link.is_some() && first.last_link == store.verify(None).await.unwrap().last());
    assert!(!first.endings.is_empty() && first.since.is_none());
    assert!(store.digest_made(&first, &[]).await.unwrap());
    assert_eq!(store.last_digest().await.unwrap(), Some(NOW));
    let untold = store.digest(hour(1)).await.unwrap();
    assert_eq!((untold.since, &untold.endings), (Some(NOW), &first.endings), "without mails nothing was told");
    let mails = [mail(MailKind::Digest, "d1@g", "ana@example.org")];
    assert!(!store.digest_made(&first, &mails).await.unwrap(), "another was made in between");
    assert!(store.digest_made(&untold, &mails).await.unwrap());
    let mut sent = Vec::new();
    while let Some(queued) = store.claim_mail(hour(1), LEASE).await.unwrap() {
        sent.push((queued.mail.kind, queued.message));
        let result = match queued.mail.kind {
            MailKind::Digest => MailResult::Failed { reason: "canary".into(), refused: true },
            _ => MailResult::Sent(Receipt { response: "250 ok".into() }),
        };
        store.mail_done(queued.id, result, NOW).await.unwrap();
    }
    assert_eq!(sent.last(), Some(&(MailKind::Digest, None)));
    let told = store.digest(hour(2)).await.unwrap();
    assert!(told.endings.is_empty() && told.is_quiet(), "a failed digest alone is nothing to say: {told:?}");

    let (spam, held) = (record(store, 71, "canary").await.message, record(store, 72, "canary 2").await.message);
    let turn = claim(store, Lane::Open).await.unwrap().turn;
    let ignored = Outcome::Ignored(IgnoreReason::Spam);
    let mut judged = assessment("spam@example.org");
    judged.verdict.kind = Kind::Spam;
    let moving = Advance { assessment: Some(judged), ..step(turn, State::Move { outcome: ignored.clone() }) };
    let turn = store.advance(spam, moving).await.unwrap();
    store.advance(spam, step(turn, State::Nothing { outcome: ignored })).await.unwrap();
    let case = store.open_case(held, "T-SEC", None, NOW).await.unwrap().id;
    let turn = claim(store, Lane::Open).await.unwrap().turn;
    let mut holding = step(turn, State::Nothing { outcome: Outcome::Held(HoldReason::Poison) });
    holding.mails = vec![mail(MailKind::Reply, "r3@g", "canary@example.org")];
    holding.note = "canary".into();
    store.advance(held, holding).await.unwrap();
    let reply = store.claim_mail(NOW, LEASE).await.unwrap().unwrap();
    store.mail_done(reply.id, MailResult::Failed { reason: "550 canary".into(), refused: true }, NOW).await.unwrap();
    let waits = record(store, 73, "canary 3").await.message;

    let digest = store.digest(hour(2)).await.unwrap();
    assert_eq!(digest.since, Some(hour(1)));
    let chain = store.verify(first.last_link).await.unwrap();
    assert_eq!(
        (digest.last_link, &chain.broken),
        (chain.last(), &None),
        "what was kept of the first digest still stands"
    );
    assert_ne!(digest.last_link, first.last_link);
    assert_eq!(Vec::from_iter(&digest.endings), [(&Ending::Held, &1), (&Ending::Spam, &1)]);
    assert_eq!(Vec::from_iter(&digest.kinds), [(&None, &1), (&Some(Kind::Spam), &1)]);
    let case = Some(case);
    let held = HeldMessage { message: held, case: case.clone(), reason: HoldReason::Poison, since: NOW };
    let failed = FailedMail { kind: MailKind::Reply, message: Some(held.message), case, refused: true, at: NOW };
    let digest_failed = FailedMail { kind: MailKind::Digest, message: None, case: None, ..failed.clone() };
    assert_eq!(digest.held, Listing { first: vec![held], total: 1 });
    assert_eq!(digest.failed, Listing { first: vec![failed, digest_failed], total: 2 });
    let unfinished = UnfinishedMessage { message: waits, case: None, stage: "opening".into(), recorded: NOW };
    assert_eq!(digest.unfinished, Listing { first: vec![unfinished], total: 1 });
    assert!(!format!("{digest:?}").contains("canary"));
    assert_eq!(store.digest(NOW).await.unwrap().unfinished.total, 0, "not before an hour has passed");

    assert!(store.digest_made(&digest, &[mail(MailKind::Digest, "d2@g", "ana@example.org")]).await.unwrap());
    let next = store.digest(hour(3)).await.unwrap();
    assert!(next.endings.is_empty() && next.kinds.is_empty() && next.failed.total == 0);
    assert_eq!((next.held.total, next.is_quiet()), (1, false), "what waits is told again");
    clear(store).await;
}
