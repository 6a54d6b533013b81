use super::*;
use crate::ports::{Lane, MessageFilter};

/// Records a message and ends it.
async fn end(store: &Sqlite, uid: u32) {
    let recorded = record(store, uid, &uid.to_string()).await;
    store.advance(recorded.message, step(0, State::Nothing { outcome: Outcome::Answered })).await.unwrap();
}

async fn count(store: &Sqlite) -> usize {
    store.messages(&MessageFilter { limit: u32::MAX, ..MessageFilter::default() }).await.unwrap().len()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_gateway_at_work_is_whole_and_only_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("state.db")).await;
    store.take_over().await.unwrap();
    end(&store, 1).await;
    let backup = folder.path().join("backup.db");
    let working = async {
        for uid in 2..=60 {
            end(&store, uid).await;
        }
    };
    let beside = open(&folder.path().join("state.db")).await;
    let (copied, ()) = tokio::join!(beside.backup(&backup), working);
    copied.unwrap();
    assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    let copy = open(&backup).await;
    let chain = copy.verify(None).await.unwrap();
    assert!(chain.broken.is_none() && (1..=60).contains(&chain.links), "{chain:?}");
    // Of one moment, in which the next message may be recorded and not at its end.
    let messages = count(&copy).await as u64;
    assert!((chain.links..=chain.links + 1).contains(&messages), "{messages} messages, {} links", chain.links);
    // What was written after it goes on from it.
    assert_eq!(store.verify(chain.last()).await.unwrap().links, 60);

    let again = beside.backup(&backup).await.unwrap_err().to_string();
    assert!(again.contains("is there already: name a new file"), "{again}");
    let nowhere = beside.backup(&folder.path().join("missing/backup.db")).await.unwrap_err().to_string();
    assert!(nowhere.contains("missing/backup.db"), "{nowhere}");
    assert!(files(folder.path()).iter().all(|name| !name.contains("partial")), "{:?}", files(folder.path()));
}

#[tokio::test]
async fn a_restore_goes_back_and_keeps_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("state.db"), folder.path().join("backup.db"));
    let store = open(&path).await;
    end(&store, 1).await;
    let waits = record(&store, 2, "waits").await;
    store.backup(&backup).await.unwrap();
    end(&store, 3).await;
    store.advance(waits.message, step(0, State::Nothing { outcome: Outcome::Answered })).await.unwrap();

    store.take_over().await.unwrap();
    let refused = Sqlite::restore(&path, &backup).await.unwrap_err().to_string();
    assert!(refused.contains("another gateway is working") && refused.contains("stop it first"), "{refused}");
    assert_eq!(count(&store).await, 3);
    store.close().await;
    drop(store);

    // A command that has it open sees it before and after.
    let command = open(&path).await;
    assert_eq!(count(&command).await, 3);
    let kept = Sqlite::restore(&path, &backup).await.unwrap().before.unwrap();
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(count(&command).await, 2);
    let store = open(&path).await;
    assert_eq!(store.verify(None).await.unwrap().links, 1);
    let minute = std::time::Duration::from_secs(60);
    let claimed = store.claim(Lane::Open, NOW, minute).await.unwrap().unwrap();
    assert_eq!((claimed.message, store.raw(waits.message).await.unwrap().bytes), (waits.message, b"waits".to_vec()));
    assert!(record(&store, 4, "new").await.message.number() > waits.message.number());
    assert_eq!(open(&kept).await.verify(None).await.unwrap().links, 3);
    assert!(files(folder.path()).iter().all(|name| !name.contains("restoring")), "{:?}", files(folder.path()));
}

#[tokio::test]
async fn a_damaged_store_and_a_missing_one_are_replaced_and_a_damaged_backup_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("state.db"), folder.path().join("backup.db"));
    let store = open(&path).await;
    end(&store, 1).await;
    store.backup(&backup).await.unwrap();
    store.close().await;

    let garbage = "this is no store, and long enough to be read as one".repeat(200);
    fs::write(&path, &garbage).unwrap();
    let kept = Sqlite::restore(&path, &backup).await.unwrap().before.unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), garbage);
    assert_eq!(count(&open(&path).await).await, 1);

    let elsewhere = folder.path().join("elsewhere.db");
    assert_eq!(Sqlite::restore(&elsewhere, &backup).await.unwrap().before, None);
    assert_eq!(count(&open(&elsewhere).await).await, 1);
    assert_eq!(fs::metadata(&elsewhere).unwrap().permissions().mode() & 0o777, 0o600);

    for (bad, expected) in [(garbage.as_str(), "cannot be used"), ("", "is empty")] {
        fs::write(&backup, bad).unwrap();
        let refused = Sqlite::restore(&path, &backup).await.unwrap_err().to_string();
        assert!(refused.contains("backup.db") && refused.contains(expected), "{refused}");
    }
    let refused = Sqlite::restore(&path, &folder.path().join("nothing.db")).await.unwrap_err().to_string();
    assert!(refused.contains("cannot read the backup"), "{refused}");
    assert_eq!(count(&open(&path).await).await, 1, "and what is there stays");
}
