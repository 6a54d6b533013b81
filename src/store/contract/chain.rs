//! The chain of outcomes. What is done to a store behind its back is SQL that every database understands.

use super::*;

pub async fn is_whole(store: &dyn Store, other: &dyn Store) {
    let chain = store.verify(None).await.unwrap();
    assert!(chain.broken.is_none() && chain.links > 70, "{chain:?}");
    assert_eq!(other.verify(chain.last()).await.unwrap(), chain);
}

/// On a fresh store; `run` runs statements on it.
pub async fn finds_what_was_done_to_it(store: &dyn Store, run: impl AsyncFn(&'static str)) {
    assert_eq!(store.verify(None).await.unwrap(), Chain { links: 0, head: None, broken: None });
    for uid in 1..=6 {
        let recorded = record(store, uid, &format!("chain {uid}")).await;
        let turn = claim(store, Lane::Open).await.unwrap().turn;
        let moving = State::Move { outcome: Outcome::Answered };
        let turn = store.advance(recorded.message, step(turn, moving)).await.unwrap();
        // The same outcome is no second link.
        store.advance(recorded.message, step(turn, State::Nothing { outcome: Outcome::Answered })).await.unwrap();
    }
    let whole = store.verify(None).await.unwrap();
    let noted = whole.last().unwrap();
    assert_eq!((whole.links, noted.link, &whole.broken), (6, 6, &None));
    let changed = ContentDigest::of(b"another");
    let other = store.verify(Some(KnownLink { link: 2, hash: changed })).await.unwrap().broken.unwrap();
    assert!(other.link == 2 && other.what.contains("not the link that was noted"), "{other:?}");
    let later = store.verify(Some(KnownLink { link: 9, ..noted })).await.unwrap().broken.unwrap();
    assert!(later.link == 7 && later.what.contains("all up to link 9"), "{later:?}");

    run("CREATE TABLE kept AS SELECT * FROM outcomes").await;
    let cases = [
        ("UPDATE outcomes SET at = at + 1 WHERE number = 3", 3, "was changed"),
        ("UPDATE outcomes SET outcome = '{\"held\":\"poison\"}' WHERE number = 2", 2, "was changed"),
        ("UPDATE outcomes SET message = 5 WHERE number = 1", 1, "was changed"),
        ("UPDATE outcomes SET hash = (SELECT hash FROM kept WHERE number = 1) WHERE number = 4", 4, "was changed"),
        ("DELETE FROM outcomes WHERE number = 1", 1, "was removed"),
        ("DELETE FROM outcomes WHERE number = 4", 4, "was removed"),
        ("DELETE FROM outcomes WHERE number = 5; UPDATE outcomes SET number = 5 WHERE number = 6", 5, "was changed"),
        ("DELETE FROM outcomes WHERE number = 6", 6, "m6 has an outcome and no link"),
        (
            "INSERT INTO outcomes SELECT 7, message, digest, origin, outcome, at, hash FROM kept WHERE number = 6",
            7,
            "was changed",
        ),
        ("UPDATE messages SET digest = (SELECT digest FROM kept WHERE number = 1) WHERE id = 2", 2, "says otherwise"),
    ];
    for (change, link, words) in cases {
        run(change).await;
        let found = store.verify(None).await.unwrap();
        let broken = found.broken.as_ref().unwrap_or_else(|| panic!("not seen: {change}"));
        assert!(broken.link == link && broken.what.contains(words), "{change}: {broken:?}");
        run("DELETE FROM outcomes; INSERT INTO outcomes SELECT * FROM kept;
             UPDATE messages SET digest = (SELECT digest FROM kept WHERE kept.message = messages.id)")
        .await;
        assert_eq!(store.verify(None).await.unwrap(), whole, "after {change}");
    }

    run("UPDATE messages SET state = REPLACE(state, '\"answered\"', '{\"held\":\"poison\"}') WHERE id = 2").await;
    let broken = store.verify(None).await.unwrap().broken.unwrap();
    assert!(broken.link == 2 && broken.what.contains("says otherwise than the record of m2"), "{broken:?}");
    run("UPDATE messages SET state = REPLACE(state, '{\"held\":\"poison\"}', '\"answered\"') WHERE id = 2").await;

    // Whoever removes the last one wholly is seen by those alone who noted it.
    let gone = "DELETE FROM raws WHERE message = 6; DELETE FROM steps WHERE message = 6;
                DELETE FROM events WHERE message = 6; DELETE FROM messages WHERE id = 6";
    run(gone).await;
    let broken = store.verify(None).await.unwrap().broken.unwrap();
    assert!(broken.link == 6 && broken.what.contains("the record of m6 was removed"), "{broken:?}");
    run("DELETE FROM outcomes WHERE number = 6").await;
    assert_eq!(store.verify(None).await.unwrap().broken, None);
    let broken = store.verify(Some(noted)).await.unwrap().broken.unwrap();
    assert!(broken.link == 6 && broken.what.contains("it was removed"), "{broken:?}");
}
