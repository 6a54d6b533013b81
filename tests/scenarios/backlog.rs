//! Five hundred mixed mails at once, and what may not be found anywhere afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::pgpmime;
use crate::support::world::{MAILBOX, World, fixture};

/// Mails in the backlog.
const BACKLOG: usize = 500;
/// What every canary begins with.
pub(super) const CANARY: &str = "CANARY-";

/// The fixtures in order, again and again, each copy a message of its own. The mail to the key with a password is left
/// out: unlocking that key takes seconds in a debug build.
fn backlog() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(fixture("mail")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "eml") && !path.ends_with("10-report-locked-key.eml"));
    files.sort();
    let copy = |number: usize| {
        let path = &files[number % files.len()];
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, [format!("X-Copy: {number}\n").as_bytes(), &fs::read(path).unwrap()].concat())
    };
    (0..BACKLOG).map(copy).collect()
}

#[test]
fn five_hundred_mails_are_drained_and_nothing_decrypted_stays_behind() {
    let world = World::new("");
    // More than is filed within an hour unless it is configured.
    let configuration = world.gateway.folder().join("gateway.toml");
    let text = fs::read_to_string(&configuration).unwrap();
    fs::write(configuration, text.replace("[github]\n", "[github]\nfilings_per_hour = 1000\n")).unwrap();
    let mails = backlog();
    for (_, mail) in &mails {
        world.dovecot.append(MAILBOX, "INBOX", mail);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let command_lines = watch_command_lines(stop.clone());
    let output = world.gateway.run(&["run", "--once"]);
    fs::write(world.gateway.folder().join("once.log"), [output.stdout, output.stderr].concat()).unwrap();
    stop.store(true, Ordering::Relaxed);
    let command_lines = command_lines.join().unwrap();
    assert!(output.status.success(), "{}", world.gateway.last_words("once.log"));

    // Promise 4: every message ended, and is where its outcome says.
    let folders = ["Processed", "Held", "Ignored"].map(|folder| world.folder(folder).len());
    assert_eq!((folders.iter().sum::<usize>(), world.folder("INBOX").len()), (BACKLOG, 0), "{folders:?}");
    let listed = world.gateway.run(&["case", "list", "--format", "json", "--limit", "1000"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    let outcomes = outcomes(&listed);
    assert_eq!(outcomes.values().sum::<usize>(), BACKLOG, "{outcomes:?}");

    // Promise 5: an advisory for each report and no more, each with a marker of its own; a copy of the same message, with
    // other bytes, is no other report.
    let advisories = all_advisories(&world);
    assert_eq!(advisories.len(), outcomes.get("filed").copied().unwrap_or_default(), "{outcomes:?}");
    assert_eq!(world.github.complaints(), Vec::<String>::new());
    let mut known = BTreeSet::new();
    let is_report = |name: &str| name.contains("-report-") || name.contains("-forward-");
    let mut is_new = |name: &String| known.insert(name.clone());
    let reports = mails.iter().map(|(name, _)| name).filter(|name| is_report(name)).filter(|name| is_new(name)).count();
    assert!(advisories.len() >= reports, "{} advisories for {reports} reports", advisories.len());
    let cases: BTreeSet<&str> = advisories.iter().filter_map(|text| case_in(text)).collect();
    assert_eq!(cases.len(), advisories.len(), "one case each");

    // Promise 8: nobody gets more than a few replies, whatever arrives in their name.
    for person in ["mira", "tomas", "aiko"] {
        let replies = world.inbox(person).len();
        assert!((1..=8).contains(&replies), "{person} got {replies}");
    }

    // Promise 1: the canaries are in the advisories, and nowhere else.
    assert!(advisories.iter().any(|text| text.contains(CANARY)));
    assert!(!world.wire.contains(CANARY), "on the wire in clear");
    assert!(world.wire.contains("BEGIN PGP MESSAGE"), "the recording works");
    assert!(!command_lines.is_empty() && command_lines.iter().all(|line| !line.contains(CANARY)), "on a command line");
    for (path, content) in files_below(world.gateway.folder()) {
        assert!(!contains(&content, CANARY.as_bytes()), "in {path}");
    }
    for person in ["mira", "tomas", "aiko", "lena", "samir", "petra"] {
        for mail in world.inbox(person) {
            assert!(!contains(&mail, CANARY.as_bytes()), "in clear in a mail to {person}");
            assert!(!pgpmime::readable(&mail).contains(CANARY), "encoded in a mail to {person}");
        }
    }
}

fn all_advisories(world: &World) -> Vec<String> {
    let facts = fs::read_to_string(fixture("facts/repositories.csv")).unwrap();
    let names = facts.lines().skip(1).filter_map(|line| line.split(',').next());
    let advisories = names.flat_map(|name| world.github.advisories(name));
    advisories.map(|advisory| advisory["description"].as_str().unwrap().to_owned()).collect()
}

fn case_in(description: &str) -> Option<&str> {
    let at = description.find("OTEL-SEC-")?;
    let rest = &description[at..];
    Some(&rest[..rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len())])
}

pub(super) fn outcomes(listed: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in listed.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let outcome = &record["state"]["outcome"];
        let named = outcome.as_str().or_else(|| outcome.as_object()?.keys().next().map(String::as_str));
        *counts.entry(named.expect("every message has an outcome").to_owned()).or_default() += 1;
    }
    counts
}

/// Collects the command lines of all advisory-intake processes until it is told to stop.
fn watch_command_lines(stop: Arc<AtomicBool>) -> std::thread::JoinHandle<BTreeSet<String>> {
    std::thread::spawn(move || {
        let mut seen = BTreeSet::new();
        while !stop.load(Ordering::Relaxed) {
            for entry in fs::read_dir("/proc").unwrap().flatten() {
                for what in ["cmdline", "environ"] {
                    let Ok(line) = fs::read(entry.path().join(what)) else { continue };
                    let line = String::from_utf8_lossy(&line).into_owned();
                    if line.contains("advisory-intake") {
                        seen.insert(line);
                    }
                }
            }
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        seen
    })
}

pub(super) fn files_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found
}

pub(super) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(haystack, needle).is_some()
}
