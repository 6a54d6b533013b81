//! The README is held to the program: every setting of the commented sample stands in its table.

use std::fs;
use std::path::Path;

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
