//! The daemon on a mailbox full of hostile mail.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::backlog::{CANARY, contains, files_below, outcomes};
use super::corpus::{secret_keys, sets};
use crate::support::daemon::PATIENCE;
use crate::support::world::{MAILBOX, World, fixture};
use crate::support::{hostile, pgpmime};

/// Time for one mail, in a debug build on a machine that is shared.
const PER_MAIL: Duration = Duration::from_secs(2);

/// Each fixture, each shape made to hurt, and each labelled mail.
struct Mailbox {
    mails: Vec<Vec<u8>>,
    /// Keys that open some of them, besides the test keys.
    keys: Vec<PathBuf>,
    /// What stands inside of ciphertext and in no mail in clear.
    canaries: BTreeSet<String>,
    /// What stands inside of ciphertext, and in other mails in clear as well: never in logs or in mail that leaves.
    secrets: BTreeSet<String>,
}

impl Mailbox {
    fn full() -> Self {
        let mut mails: Vec<Vec<u8>> = mails_in(&fixture("mail"));
        mails.extend(mails_in(&fixture("mail/shapes")));
        mails.extend(hostile::mails().into_iter().map(|(_, mail)| mail));
        let canaries = BTreeSet::from([CANARY.to_owned()]);
        let mut mailbox = Mailbox { mails, keys: Vec::new(), canaries, secrets: BTreeSet::new() };
        sets().iter().for_each(|set| mailbox.add(set));
        mailbox
    }

    /// Adds a set of labelled mail.
    fn add(&mut self, set: &Path) {
        self.mails.extend(mails_in(&set.join("mail")));
        self.keys.extend(secret_keys(set));
        let labels = fs::read_to_string(set.join("expect.jsonl")).unwrap();
        for label in labels.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            let inside = label["plaintext_contains"].as_str().unwrap_or_default();
            // Words such as "test" are everywhere.
            if label["decryptable"] == true && inside.len() > 20 {
                self.secrets.insert(inside.to_owned());
            }
        }
    }
}

/// The mails of a folder but for the one whose key has a password: unlocking that takes seconds in a debug build.
fn mails_in(folder: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "eml") && !path.ends_with("10-report-locked-key.eml"));
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A gateway that has further keys; its own stays the one that it signs with.
fn world_with(keys: &[PathBuf]) -> World {
    let world = World::new("");
    let file = world.gateway.folder().join("gateway.toml");
    let configuration = fs::read_to_string(&file).unwrap();
    let more: String = keys.iter().map(|key| format!(", {{ file = {:?} }}", key.display().to_string())).collect();
    let (before, after) = configuration.split_once("}]\nteam").expect("the keys section");
    fs::write(&file, format!("{before}}}{more}]\nteam{after}")).unwrap();
    world
}

#[test]
fn a_mailbox_of_hostile_mail_is_emptied_and_nothing_leaks() {
    let mailbox = Mailbox::full();
    let mut world = world_with(&mailbox.keys);
    for mail in &mailbox.mails {
        world.dovecot.append(MAILBOX, "INBOX", mail);
    }
    world.gateway.start();
    let folders = ["Processed", "Held", "Ignored"];
    let count = mailbox.mails.len();
    let end = Instant::now() + PATIENCE.max(PER_MAIL * u32::try_from(count).unwrap());
    while folders.iter().map(|folder| world.folder(folder).len()).sum::<usize>() < count {
        world.gateway.assert_alive();
        assert!(Instant::now() < end, "gave up waiting for {count} mails to be moved");
        std::thread::sleep(Duration::from_millis(100));
    }
    world.gateway.assert_alive();

    // Promise 4: one recorded outcome each, and nothing that is not done.
    assert_eq!(world.folder("INBOX").len(), 0);
    let listed = world.gateway.run(&["case", "list", "--format", "json", "--limit", "1000"]);
    let ends = outcomes(&String::from_utf8(listed.stdout).unwrap());
    assert_eq!(ends.values().sum::<usize>(), count, "{ends:?}");
    assert!(ends.len() > 2, "{ends:?}");
    assert_eq!(world.gateway.stop(), Some(0), "the daemon stops when it is asked to");
    assert_eq!(world.github.complaints(), Vec::<String>::new());

    // Promise 1: what was decrypted is in no log, no state, no mail that can be read, and not on the wire.
    let sent: Vec<Vec<u8>> = sent(&world);
    assert!(!sent.is_empty() && world.wire.contains("BEGIN PGP MESSAGE"), "nothing was sent to look at");
    for secret in mailbox.canaries.iter().chain(&mailbox.secrets) {
        assert!(!world.wire.contains(secret), "{secret:?} on the wire");
        assert!(!contains(world.gateway.log().as_bytes(), secret.as_bytes()), "{secret:?} in the log");
        assert!(!sent.iter().any(|mail| pgpmime::readable(mail).contains(secret)), "{secret:?} in a mail");
    }
    for (path, content) in files_below(world.gateway.folder()) {
        assert!(!mailbox.canaries.iter().any(|canary| contains(&content, canary.as_bytes())), "in {path}");
    }
}

/// Everything that was delivered to anybody.
fn sent(world: &World) -> Vec<Vec<u8>> {
    ["mira", "tomas", "aiko", "lena", "samir", "petra", "mallory"]
        .iter()
        .flat_map(|person| world.inbox(person))
        .collect()
}
