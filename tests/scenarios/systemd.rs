//! The unit file, judged by systemd's own tools. They come with Debian's package `systemd`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const UNIT: &str = "advisory-intake.service";
const INSTALLED: &str = "/usr/local/bin/advisory-intake";
/// systemd's exposure from 0 (closed) to 10; "OK" begins at 2.0.
const WORST_EXPOSURE: f32 = 1.5;

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(unit()).unwrap();
    assert!(text.contains(INSTALLED), "the unit starts what install puts there");
    // Verifying looks for the program, which is not installed where tests run.
    let here = folder.path().join(UNIT);
    fs::write(&here, text.replace(INSTALLED, env!("CARGO_BIN_EXE_advisory-intake"))).unwrap();
    let output = systemd_analyze(&["verify", here.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains(UNIT), "{said}");
}

#[test]
fn the_sandbox_is_closed() {
    let output = systemd_analyze(&["security", "--offline=true", "--no-pager", unit().to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let exposure: f32 = said
        .lines()
        .find_map(|line| line.split_once("Overall exposure level for advisory-intake.service: "))
        .and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or_else(|| panic!("no exposure level in: {said}"));
    assert!(exposure <= WORST_EXPOSURE, "exposure {exposure}\n{said}");
}

#[test]
fn every_credential_of_the_unit_is_one_of_the_sample_configuration() {
    let sample = fs::read_to_string(unit().with_file_name("advisory-intake.toml")).unwrap();
    let text = fs::read_to_string(unit()).unwrap();
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("LoadCredential=")?.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    assert!(!names.is_empty());
    for name in names {
        assert!(sample.contains(&format!("credential = \"{name}\"")), "{name} is in the unit and not in the sample");
    }
}

fn unit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(UNIT)
}

fn systemd_analyze(arguments: &[&str]) -> Output {
    Command::new("systemd-analyze")
        .args(arguments)
        .output()
        .expect("systemd-analyze is missing: install the package systemd")
}
