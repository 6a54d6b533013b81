//! Who may use whom: reads the `crate::` paths of every source file and holds them to the table of rooms.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the rooms below it. `lib.rs` and `main.rs` stand outside.
const ROOMS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("mime", &["model"]),
    ("openpgp", &["model"]),
    ("triage", &["model"]),
    // What a certificate that came by mail is good for: rules alone, over values.
    ("trust", &["model"]),
    ("advisory", &["model"]),
    ("reply", &["model", "mime", "openpgp"]),
    ("case", &["model"]),
    ("ports", &["model", "case"]),
    // TCP and TLS, the same for both mail protocols.
    ("net", &[]),
    ("imap", &["net", "ports", "model", "case"]),
    ("maildir", &["ports", "model", "case"]),
    ("smtp", &["net", "ports", "model"]),
    ("wkd", &["net", "ports", "model"]),
    ("github", &["ports", "model"]),
    ("ledger", &["ports", "model"]),
    ("dns", &["ports", "model"]),
    ("store", &["ports", "model", "case"]),
    ("worker", &["ports", "model", "mime", "openpgp", "triage", "trust", "advisory", "reply"]),
    ("engine", &["ports", "model", "case"]),
    ("config", &["model"]),
    ("telemetry", &["config"]),
    (
        "app",
        &[
            "advisory",
            "case",
            "config",
            "dns",
            "engine",
            "github",
            "imap",
            "ledger",
            "maildir",
            "mime",
            "model",
            "openpgp",
            "ports",
            "reply",
            "smtp",
            "store",
            "telemetry",
            "triage",
            "wkd",
            "worker",
        ],
    ),
    // What a command shows is made of the model's words; what it does, the app does.
    ("cli", &["app", "model", "ports", "case"]),
];

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let table: BTreeMap<&str, BTreeSet<&str>> =
        ROOMS.iter().map(|(room, below)| (*room, below.iter().copied().collect())).collect();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let relative = file.strip_prefix(&source).unwrap();
        let room =
            relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let Some(allowed) = table.get(room.as_str()) else {
            wrong.push(format!("{}: `{room}` is no room of the table", relative.display()));
            continue;
        };
        seen.insert(room.clone());
        for used in crate_paths(&fs::read_to_string(&file).unwrap()) {
            if used != room && !allowed.contains(used.as_str()) {
                wrong.push(format!("{}: `{room}` uses `{used}`", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let missing: Vec<_> = table.keys().filter(|room| !seen.contains(**room)).collect();
    assert!(missing.is_empty(), "rooms without a file: {missing:?}");
}

#[test]
fn finds_every_way_to_write_a_path() {
    let text = "use crate::model::Kind;\nuse crate::{case::State, ports::{Store, Clock}};\nfn f() { crate::mime::parse() }\n// crate::cli::x\n";
    let found: Vec<String> = crate_paths(text).into_iter().collect();
    assert_eq!(found, ["case", "mime", "model", "ports"]);
}

/// First segments after `crate::` in code, braces included; comments are passed over.
fn crate_paths(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(top_level_names(group)),
            None => found.extend(first_name(rest)),
        }
    }
    found
}

fn first_name(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    // Lower case only: items of the crate root are no rooms.
    name.starts_with(|c: char| c.is_lowercase()).then_some(name)
}

fn top_level_names(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut start) = (0, Vec::new(), true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            c if start && !c.is_whitespace() => {
                names.extend(first_name(&group[at..]));
                start = false;
            }
            _ => {}
        }
    }
    names
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}
