use super::*;

pub async fn counts_what_is_filed_within_an_hour(store: &dyn Store, other: &dyn Store) {
    let mut messages = Vec::new();
    for uid in 2_201..2_207 {
        messages.push(record(store, uid, &uid.to_string()).await.message);
    }
    let repository: Repository = "o/r".parse().unwrap();
    let at = |minutes: u32| NOW + Duration::from_secs(60) * minutes;
    // Minute, message, whether it is filed, whether the team can be told, and what must come of it.
    let takes = [
        (0, 0, true, true, Ok(())),
        // What came to nothing counts for nothing.
        (5, 1, false, true, Ok(())),
        (10, 2, true, true, Ok(())),
        (15, 3, true, false, Err((45, false))),
        (20, 3, true, true, Err((40, true))),
        (25, 3, true, false, Err((35, false))),
        (30, 4, true, true, Err((30, false))),
        // The same once more, as after a crash.
        (40, 0, true, true, Ok(())),
        (71, 3, true, true, Ok(())),
        (72, 4, true, true, Err((28, false))),
        (140, 4, true, true, Ok(())),
        (150, 5, true, true, Ok(())),
        (155, 1, true, true, Err((45, true))),
        // The clock was set back by hours.
        (20, 1, true, true, Ok(())),
    ];
    for (number, (minute, message, is_filed, tells, expected)) in takes.into_iter().enumerate() {
        let gateway = if number % 2 == 0 { store } else { other };
        let spent = gateway.spend(messages[message], &repository, 2, tells, at(minute)).await.unwrap();
        let wait = |until: OffsetDateTime| (until - at(minute)).whole_minutes();
        assert_eq!(spent.map_err(|over| (wait(over.until), over.is_first)), expected, "minute {minute}");
        if spent.is_err_and(|over| over.is_first) {
            gateway.flood_told(at(minute)).await.unwrap();
        }
        if !is_filed {
            gateway.unspend(messages[message], &repository).await.unwrap();
        }
    }
    let elsewhere = "o/elsewhere".parse().unwrap();
    store.spend(messages[1], &elsewhere, 2, true, at(21)).await.unwrap().unwrap();
    assert!(store.spend(messages[2], &repository, 2, true, at(22)).await.unwrap().is_err(), "each repository counts");
    store.note(messages[0], "a word from beside", NOW).await.unwrap();
    assert_eq!(store.history(messages[0]).await.unwrap().steps[0].what, "a word from beside");
    clear(store).await;
}
