//! The README is held to the program: every setting of the commented sample stands in its table.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

#[test]
fn the_readme_names_every_setting_and_section() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let sample = fs::read_to_string(folder.join("config/advisory-intake.toml")).unwrap();
    let lines = sample.lines().map(|line| line.trim_start_matches('#').trim_start_matches(':').trim());
    let mut missing = Vec::new();
    for line in lines {
        let section = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let key = line.split_once(" = ").map(|(key, _)| key).filter(|key| is_key(key));
        match (section, key) {
            (Some(section), _) if is_key(&section.replace('.', "_")) => {
                let section = section.split_once('.').map_or(section, |(first, _)| first);
                missing.extend((!readme.contains(&format!("`[{section}"))).then(|| format!("[{section}]")));
            }
            (None, Some(key)) => missing.extend((!readme.contains(&format!("`{key}`"))).then(|| key.to_owned())),
            _ => {}
        }
    }
    assert!(missing.is_empty(), "the README does not name: {missing:?}");
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// The README's words for what a sender hears, and the actions that they are.
const HEARS: [(&str, &str); 5] = [
    ("acknowledgement", "acknowledge"),
    ("how to encrypt", "send-instructions"),
    ("how to report", "send-instructions"),
    ("help", "explain-failure"),
    ("receipt", "receipt"),
];

/// Fields of `inspect` that the README's code names with their values; other code is commands.
const FIELDS: [&str; 4] = ["encryption", "failure", "signature", "kind"];

#[test]
fn the_readme_says_of_every_mail_it_names_what_inspect_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let golden = fs::read_to_string(folder.join("fixtures/golden/inspect.jsonl")).unwrap();
    let line = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let by_number = |line: &Value| line["file"].as_str().unwrap().split('-').next().unwrap().to_owned();
    let golden: BTreeMap<String, Value> = golden.lines().map(line).map(|line| (by_number(&line), line)).collect();
    let section = readme.split("\n## ").find(|section| section.starts_with("What it opens, what it refuses")).unwrap();
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .filter(|row: &Vec<&str>| row.last() != Some(&"mail"))
        .collect();
    assert!(rows.len() > 10, "{rows:?}");
    for row in rows {
        let [what, sees, hears, mails] = row[..] else { panic!("a row of {} cells: {row:?}", row.len()) };
        let lines: Vec<&Value> = mails.split(", ").map(|number| &golden[number]).collect();
        // `field value`: one of the row's mails must be so, and each of its mails must be one of those that are said.
        let said: Vec<(&str, &str)> = sees
            .split('`')
            .skip(1)
            .step_by(2)
            .filter_map(|code| code.split_once(' '))
            .filter(|(field, _)| FIELDS.contains(field))
            .collect();
        let is = |line: &Value, (field, value): (&str, &str)| line[field] == value;
        for claim in &said {
            assert!(lines.iter().any(|line| is(line, *claim)), "{what}: no mail has {claim:?}");
        }
        for line in &lines {
            let file = &line["file"];
            assert!(said.is_empty() || said.iter().any(|claim| is(line, *claim)), "{what}: {file} is none of {said:?}");
            let does = |action: &str| line["actions"].as_array().unwrap().contains(&action.into());
            assert_eq!(sees.starts_with("held"), does("hold"), "{what}: {file}");
            for (word, action) in HEARS {
                // Certificates are sent with an acknowledgement, too, wherever the mail came in clear.
                let optional = action == "send-instructions" && !hears.contains(word);
                assert!(optional || hears.contains(word) == does(action), "{what}: {file} and {word:?}");
            }
        }
    }
}
