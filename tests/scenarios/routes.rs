//! The routing table as a maintainer looks after it: `routes check`, `routes explain`, `routes import`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

#[test]
fn a_table_is_checked_explained_and_made_afresh() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let shown = |name: &str| at(name).display().to_string();
    let built_in = include_str!("../../config/routing.toml");

    // The built-in table is right; a mistake is told with file and line; what does nothing is a warning.
    let right = routes(&["check"], "");
    assert_eq!((code(&right), stdout(&right).contains("nothing to change")), (0, true), "{}", stdout(&right));
    let cases = [
        ("[repositories.\"a/b\"]\nreciever = []\n", 2, ":2: error: [repositories.\"a/b\"]: unknown key \"reciever\""),
        ("[repositories.\"a/b\"]\npackages.go = [\"b\"]\n", 1, ":2: warning: \"a/b\": \"b\" is never found"),
    ];
    for (text, expected, says) in cases {
        fs::write(at("wrong.toml"), text).unwrap();
        let output = routes(&["check", &shown("wrong.toml")], "");
        assert_eq!(code(&output), expected, "{}", stdout(&output));
        assert!(stdout(&output).contains(&format!("{}{says}", shown("wrong.toml"))), "{}", stdout(&output));
        assert_eq!(stdout(&output).lines().count(), 1, "{}", stdout(&output));
        let json = routes(&["check", "--format", "json", &shown("wrong.toml")], "");
        let line: Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!((line["line"].as_u64(), line["is_error"].as_bool()), (Some(2), Some(expected == 2)), "{line}");
    }
    let gone = routes(&["check", &shown("gone.toml")], "");
    assert_eq!((code(&gone), stderr(&gone).lines().count()), (2, 1), "{}", stderr(&gone));

    // The same words on the command line, on standard input, and in a mail.
    fs::write(at("mail.eml"), "From: a@b.example\nSubject: Path traversal\n\nin the filelog receiver\x1b]0;x\x07\n")
        .unwrap();
    let ways: [(&[&str], &str); 3] = [
        (&["in", "the", "filelog", "receiver"], ""),
        (&["--subject", "Path traversal", "-"], "in the filelog receiver"),
        (&[&shown("mail.eml")], ""),
    ];
    for (arguments, input) in ways {
        let text = routes(&[&["explain"], arguments].concat(), input);
        assert_eq!(code(&text), 0, "{}", stderr(&text));
        assert!(stdout(&text).contains("filelogreceiver") && !stdout(&text).contains('\x1b'), "{}", stdout(&text));
        let json = routes(&[&["explain", "--format", "json"], arguments].concat(), input);
        let why: Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(why["repository"], "open-telemetry/opentelemetry-collector-contrib", "{why}");
        let signal = &why["signals"][0];
        assert!(signal["weight"].as_f64().unwrap() > 0.0 && signal["in_summary"] == false, "{signal}");
    }
    assert!(stdout(&routes(&["explain", "nothing"], "")).contains("the fallback"));

    // A checkout with a file that does not read: told, and the rest is there.
    let registry = at("checkout/data/registry");
    fs::create_dir_all(&registry).unwrap();
    let entry = |name: &str, repo: &str| {
        format!(
            "urls:\n  repo: https://github.com/open-telemetry/{repo}\npackage:\n  registry: npm\n  name: '{name}'\n"
        )
    };
    fs::write(registry.join("new.yml"), entry("@opentelemetry/brand-new", "opentelemetry-js-contrib/tree/main/x"))
        .unwrap();
    fs::write(registry.join("add.yml"), entry("@opentelemetry/added", "opentelemetry-added")).unwrap();
    fs::write(registry.join("bad.yml"), "\tno: yaml\x1b[2J").unwrap();
    fs::write(registry.join("bytes.yml"), b"\xff\xfe").unwrap();
    fs::create_dir(registry.join("folder.yml")).unwrap();
    fs::write(at("workstreams.yml"), "- id: x\n  resources:\n  - repository: open-telemetry/opentelemetry-added\n")
        .unwrap();
    fs::write(at("routing.toml"), built_in).unwrap();
    let arguments = [
        "import",
        "--registry",
        &shown("checkout"),
        "--workstreams",
        &shown("workstreams.yml"),
        "--table",
        &shown("routing.toml"),
        "--output",
        &shown("routing.toml"),
    ];
    let output = routes(&arguments, "");
    let said = stderr(&output);
    assert_eq!((code(&output), said.lines().count()), (1, 3), "{said}");
    for name in ["bad.yml: ", "bytes.yml: ", "folder.yml: "] {
        assert!(said.contains(name) && !said.contains('\x1b'), "{said}");
    }
    let made = fs::read_to_string(at("routing.toml")).unwrap();
    let by_hand = built_in.split_once("# Made by `advisory-intake routes import`").unwrap().0;
    assert!(made.starts_with(by_hand), "the hand-written part is kept, byte for byte");
    assert!(made.contains("\"@opentelemetry/brand-new\"") && made.contains("opentelemetry-added\"]"), "{made}");
    assert_eq!(code(&routes(&["check", &shown("routing.toml")], "")), 0);
    let again = routes(&arguments, "");
    assert!(stdout(&again).contains("as it was"), "{}", stdout(&again));
    assert_eq!(fs::read_to_string(at("routing.toml")).unwrap(), made);
    let printed = routes(&arguments[..arguments.len() - 2], "");
    assert_eq!(stdout(&printed), made);

    // Nothing is written over a table that does not read, or for a folder that is no checkout.
    for wrong in [["--table", &shown("wrong2.toml")], ["--registry", &shown("routing.toml")]] {
        fs::write(at("wrong2.toml"), "[repositories").unwrap();
        let mut arguments = arguments;
        let place = arguments.iter().position(|argument| *argument == wrong[0]).unwrap();
        arguments[place + 1] = wrong[1];
        let output = routes(&arguments, "");
        assert_eq!((code(&output), stderr(&output).lines().count()), (2, 1), "{}", stderr(&output));
    }
    assert_eq!(fs::read_to_string(at("routing.toml")).unwrap(), made);
    assert!(!Path::new(&shown("routing.toml.new")).exists());
}

/// An entry as the registry has them, with all that is not read.
fn registry_entry(number: usize, name: &str, repository: &str) -> String {
    format!(
        "# cSpell:ignore x{number}\ntitle: Instrumentation number {number}\nregistryType: instrumentation\nlanguage: js\n\
         tags:\n  - js\n  - instrumentation\nlicense: Apache 2.0\ndescription: >-\n  Traces what x{number} does: \"calls\",\n  \
         errors & more.\nauthors:\n  - name: OpenTelemetry Authors\nurls:\n  repo: \
         https://github.com/open-telemetry/{repository}/tree/main/packages/x{number}\n  docs: https://docs.example/{number}\n\
         createdAt: 2024-{:02}-11\nisFirstParty: true\npackage:\n  registry: npm\n  name: '{name}'\n  version: 1.{number}.0\n",
        number % 12 + 1
    )
}

#[test]
fn a_registry_of_a_thousand_files_is_imported_and_what_is_odd_in_it_costs_itself() {
    let folder = tempfile::tempdir().unwrap();
    let registry = folder.path().join("data/registry");
    fs::create_dir_all(&registry).unwrap();
    let repositories = ["opentelemetry-js", "opentelemetry-js-contrib", "opentelemetry-new"];
    for number in 0..1_000 {
        let text = registry_entry(number, &format!("@opentelemetry/x{number}"), repositories[number % 3]);
        fs::write(registry.join(format!("instrumentation-js-x{number}.yml")), text).unwrap();
    }
    let plain = registry_entry(1_000, "@opentelemetry/plain", "opentelemetry-js");
    // What is odd, and whether it is told, left out, or taken.
    let odd: [(&str, String, &str); 17] = [
        ("crlf.yml", plain.replace("plain", "crlf").replace('\n', "\r\n"), "taken"),
        ("bom.yaml", format!("\u{feff}{}", plain.replace("plain", "bom")), "taken"),
        ("unknown-fields.yml", format!("{}more: {{ a: [1, 2] }}\n", plain.replace("plain", "more")), "taken"),
        (
            "anchors.yml",
            "x: &p { registry: npm, name: '@opentelemetry/anchored' }\npackage: *p\nurls: { repo: 'https://github.com/open-telemetry/opentelemetry-js' }\n".into(),
            "taken",
        ),
        ("no-package.yml", plain.split("package:").next().unwrap().to_owned(), "left out"),
        ("no-repo.yml", plain.replace("  repo:", "  site:"), "left out"),
        ("empty-package.yml", "package:\nurls:\n".into(), "left out"),
        ("of-others.yml", plain.replace("github.com/open-telemetry/", "github.com/somebody/"), "left out"),
        ("package-list.yml", plain.replace("package:\n  registry", "package:\n  - registry").replace("  name: '", "    name: '"), "told"),
        ("name-list.yml", plain.replace("name: '@opentelemetry/plain'", "name: ['@opentelemetry/plain']"), "told"),
        ("name-map.yml", plain.replace("name: '@opentelemetry/plain'", "name: { a: b }"), "told"),
        ("list.yml", "- title: a list\n- title: of entries\n".into(), "told"),
        ("text.yml", "just words".into(), "told"),
        ("cut-off.yml", "urls: { repo: 'https://github.com/open".into(), "told"),
        ("unknown-alias.yml", "package: *nobody\n".into(), "told"),
        ("unknown-registry.yml", plain.replace("registry: npm", "registry: \"\\e[2Jcpan\""), "told"),
        ("large.yml", format!("{plain}# {}\n", "x".repeat(300 << 10)), "told"),
    ];
    for (name, text, _) in &odd {
        fs::write(registry.join(name), text).unwrap();
    }
    let secret = folder.path().join("secret");
    fs::write(&secret, plain.replace("plain", "behind-a-link")).unwrap();
    std::os::unix::fs::symlink(&secret, registry.join("link.yml")).unwrap();
    std::os::unix::fs::symlink("nowhere", registry.join("dangling.yml")).unwrap();
    std::os::unix::fs::symlink("loop.yml", registry.join("loop.yml")).unwrap();
    fs::write(
        registry.join("latin-1.yml"),
        plain.replace("calls", "d\u{e9}j\u{e0}").chars().map(|c| c as u8).collect::<Vec<_>>(),
    )
    .unwrap();
    fs::create_dir(registry.join("folder.yaml")).unwrap();
    fs::write(registry.join("README.md"), "no entry").unwrap();
    let streams = folder.path().join("workstreams.yml");
    fs::write(
        &streams,
        "- id: js\n  name: JavaScript\n  kind: sig\n  resources:\n  - repository: open-telemetry/opentelemetry-new\n  - meeting: \
         { day: Tuesday }\n- id: empty\n  resources:\n- id: none\n",
    )
    .unwrap();

    let arguments = |streams: &str| {
        let registry = folder.path().display().to_string();
        ["import", "--registry", &registry, "--workstreams", streams].map(str::to_owned)
    };
    let run = |streams: &str| {
        let arguments = arguments(streams);
        routes(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), "")
    };
    let output = run(&streams.display().to_string());
    let (table, said) = (stdout(&output), stderr(&output));
    assert_eq!(code(&output), 1, "{said}");
    let made = table.split_once("runs again.").unwrap().1;
    assert_eq!(made.matches("\"@opentelemetry/x").count(), 1_000, "{said}");
    assert_eq!(made.split_once("opentelemetry-new\"]").unwrap().1.matches("/x").count(), 333);
    for (name, _, becomes) in &odd {
        assert_eq!(said.contains(&format!("{name}: ")), *becomes == "told", "{name}: {said}");
    }
    for name in ["crlf", "bom", "more", "anchored"] {
        assert!(made.contains(&format!("\"@opentelemetry/{name}\"")), "{name} is missing");
    }
    for (name, why) in [("link", "it is a link"), ("dangling", "a link"), ("loop", "a link"), ("latin-1", "UTF-8")] {
        let told = said.lines().find(|line| line.contains(&format!("{name}.yml: "))).unwrap_or_default();
        assert!(told.contains(why), "{name}: {told:?} in {said}");
    }
    assert!(!made.contains("behind-a-link") && !made.contains("plain") && !said.contains('\x1b'), "{said}");
    let told = odd.iter().filter(|(_, _, becomes)| *becomes == "told").count() + 5;
    assert!(said.lines().count() <= told + 1 && said.lines().all(|line| line.chars().count() < 400), "{said}");
    // The same every time; a list of repositories that does not read is told, and its repository is unknown then.
    assert_eq!(stdout(&run(&streams.display().to_string())), table);
    fs::write(&streams, "- resources: 7\n").unwrap();
    let without = run(&streams.display().to_string());
    assert!(stderr(&without).contains("workstreams.yml: ") && stderr(&without).contains("opentelemetry-new"));
    assert_eq!(stdout(&without).matches("\"@opentelemetry/x").count(), 667);
}

fn routes(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_advisory-intake"));
    command.arg("routes").args(arguments).env_remove("INTAKE_CONFIG");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Whoever reads nothing closes its end.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
