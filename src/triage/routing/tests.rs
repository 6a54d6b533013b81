use super::{RegistryFile, Routing};

/// The table that the cases change: two repositories, and one that moved.
const BASE: &str = r#"
[repositories."a/core"]
packages.go = ["x.io/otel*", "x.io/otel/log"]
[repositories."a/core".names]
"the core" = ""
[repositories."a/contrib"]
[repositories."a/old"]
moved_to = "a/core"
"#;

/// What a table says, as `line: level sentence`.
fn checked(text: &str) -> Vec<String> {
    let problems = Routing::check(text).into_iter();
    let told = problems.map(|p| {
        let level = if p.is_error { "error" } else { "warning" };
        format!("{}: {level}: {}", p.line.unwrap_or_default(), p.sentence)
    });
    told.collect()
}

#[test]
fn everything_that_is_wrong_with_a_table_is_told_with_its_line() {
    assert_eq!(checked(BASE), [""; 0], "the base is right");
    let cases: &[(&str, &[&str])] = &[
        // Each mistake costs itself.
        (
            "[repositories.\"a/b\"]\nreciever = []\nsymbols = 3\narchived = \"no\"\n",
            &[
                "2: error: [repositories.\"a/b\"]: unknown key \"reciever\": did you mean \"receivers\"?",
                "3: error: [repositories.\"a/b\"]: invalid type: integer `3`, expected a sequence",
                "4: error: [repositories.\"a/b\"]: invalid type: string \"no\", expected a boolean",
            ],
        ),
        ("[repositries.\"a/b\"]\n", &["1: error: unknown key \"repositries\": did you mean \"repositories\"?"]),
        ("repositories = 3\n", &["1: error: \"repositories\" has to be a table of sections"]),
        ("[repositories.\"a/b\"]\nsymbols = [\n", &["error: "]),
        ("[repositories.\"a/b\"]\n[repositories.\"a/b\"]\n", &["2: error: "]),
        ("", &["0: error: the table names no repository"]),
        ("[repositories.\"nobody\"]\n", &["1: error: \"nobody\": not a repository"]),
        ("[repositories.\"A/Core\"]\n", &["error: \"a/core\": the section \"A/Core\" is the same repository"]),
        // Who has what.
        (
            "[repositories.\"a/b\"]\npackages.go = [\"X.io/otel/log\"]\n",
            &["error: \"a/core\": the package \"x.io/otel/log\" is there twice, for a/b too"],
        ),
        (
            "[repositories.\"a/b\"]\npackages.go = [\"x.io/otel*\"]\n",
            &["error: \"a/core\": the package \"x.io/otel*\" is there twice, for a/b too"],
        ),
        (
            "[repositories.\"a/b\"]\npackages.npm = [\"otel-a\", \"otel-a\"]\n",
            &["2: error: \"a/b\": the package \"otel-a\""],
        ),
        (
            "[repositories.\"a/b\"]\nreceivers = [\"kafka\"]\n\n[repositories.\"a/b\".names]\n\"Kafka Receiver\" = \"\"\n",
            &["5: error: \"a/b\": the name \"Kafka Receiver\" is there twice; keep one of them"],
        ),
        (
            "[repositories.\"a/d\".names]\n\"The Core\" = \"\"\n",
            &["2: error: \"a/d\": the name \"The Core\" is there twice, for a/core too; keep one of them"],
        ),
        ("[repositories.\"a/b\".names]\n\"-\" = \"\"\n", &["2: error: \"a/b\": the name \"-\" holds no word"]),
        ("[repositories.\"a/b\"]\npackages.cargo = [\"x\"]\n", &["2: error: \"a/b\": \"cargo\" is no ecosystem"]),
        (
            "[repositories.\"a/b\"]\nproduct = \"otel\"\n",
            &["2: error: \"a/b\": write the package \"otel\" as ecosystem:name"],
        ),
        ("[repositories.\"a/b\"]\nproduct = \"crate:otel\"\n", &["2: error: \"a/b\": \"crate\" is no ecosystem"]),
        // Where things lead.
        ("[repositories.\"a/b\"]\nmoved_to = \"a/c\"\n", &["2: error: \"a/b\": \"a/c\" has no section of its own"]),
        (
            "[repositories.\"a/x\"]\nmoved_to = \"a/y\"\n[repositories.\"a/y\"]\nmoved_to = \"a/x\"\n",
            &[
                "2: error: \"a/x\": moved_to goes in a circle: a/x -> a/y -> a/x",
                "4: error: \"a/y\": moved_to goes in a circle",
            ],
        ),
        ("[repositories.\"a/x\"]\nmoved_to = \"a/x\"\n", &["2: error: \"a/x\": moved_to goes in a circle: a/x -> a/x"]),
        (
            "[repositories.\"a/b\"]\nmoved_to = \"a/old\"\n",
            &["2: warning: \"a/b\": \"a/old\" has moved on to \"a/core\"; write that in moved_to"],
        ),
        (
            "[repositories.\"a/b\"]\nmoved_to = \"a/x\"\n[repositories.\"a/x\"]\narchived = true\n",
            &["2: warning: \"a/b\": what moved to \"a/x\" goes nowhere, because that is archived"],
        ),
        (
            "[languages.go]\nwords = [\"go\"]\necosystem = \"golang\"\ncore = \"a/core\"\ncontrib = \"a/core\"\n",
            &["3: error: [languages.\"go\"]: \"golang\" is no ecosystem; there are: rubygems, npm"],
        ),
        (
            "[languages.go]\nwords = [\"go\"]\necosystem = \"go\"\ncore = \"a/core\"\ncontrib = \"a/away\"\n",
            &["5: error: \"go\": \"a/away\" has no section of its own"],
        ),
        (
            "[languages.go]\nwords = [\"go\"]\necosystem = \"go\"\ncore = \"a/gone\"\ncontrib = \"a/core\"\n[repositories.\"a/gone\"]\narchived = true\n",
            &["4: error: \"go\": \"a/gone\" is archived and has not moved"],
        ),
        // What does nothing.
        (
            "[repositories.\"a/b\"]\npackages.npm = [\"@otel/a*\", \"@otel/ab*\"]\n",
            &["2: warning: \"a/b\": \"@otel/ab*\" finds nothing that \"@otel/a\" does not find"],
        ),
        // Not covered: something of another repository lies between, or it is of another ecosystem.
        (
            "[repositories.\"a/b\"]\npackages.npm = [\"otel-*\", \"otel-x-y*\"]\n[repositories.\"a/c\"]\npackages.npm = [\"otel-x*\"]\n",
            &[],
        ),
        ("[repositories.\"a/b\"]\npackages.npm = [\"otel-*\"]\npackages.pip = [\"otel-x*\"]\n", &[]),
        (
            "[repositories.\"a/b\"]\npackages.npm = [\"banana\", \"otel*x\", \"otel x\"]\n",
            &[
                "\"banana\" is never found: only names with",
                "\"otel*x\" is never found: a `*`",
                "\"otel x\" is never found: it holds",
            ],
        ),
        (
            "[repositories.\"a/b\"]\npackages.go = [\"github.com/a/otel-gone\", \"github.com/z/otel-other\"]\n",
            &["2: warning: \"a/b\": \"github.com/a/otel-gone\" is of \"a/otel-gone\", which is not in the table"],
        ),
        // The registry.
        ("[registry.\"a/b\"]\ngo = [\"x.io/otel/log\", \"x.io/otel/new\"]\n", &[]),
        (
            "[registry.\"a/b\"]\ngo = [\"x.io/otel/new\"]\n[registry.\"a/c\"]\ngo = [\"x.io/otel/new\"]\n",
            &["4: error: \"a/c\": the package \"x.io/otel/new\" is there twice, for a/b too"],
        ),
        ("[registry.\"a/b\"]\ncargo = [\"otel\"]\n", &["2: error: \"a/b\": \"cargo\" is no ecosystem"]),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let whole =
            if ["", "repositories = 3\n"].contains(text) { (*text).to_owned() } else { format!("{text}{BASE}") };
        let told = checked(&whole);
        let right = expected.iter().all(|says| told.iter().any(|told| told.contains(says)));
        if !right || told.len() != expected.len() {
            wrong.push(format!("{text}\nhas to say {expected:#?}, says {told:#?}"));
        }
        let refused = told.iter().any(|told| told.contains(": error: "));
        assert_eq!(Routing::parse(&whole).is_err(), refused, "{whole}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_built_in_table_needs_no_change() {
    assert_eq!(checked(Routing::built_in_text()), [""; 0]);
}

#[test]
fn renames_are_followed() {
    let text = format!(
        "{BASE}\n[repositories.\"a/older\"]\nmoved_to = \"a/old\"\narchived = true\npackages.npm = [\"otel-older\"]\n\
         [registry.\"a/newest\"]\nnpm = [\"otel-newest\"]\n"
    );
    let routing = Routing::parse(&text).unwrap();
    let names: Vec<&str> = routing.repositories().iter().map(|repository| repository.as_str()).collect();
    assert_eq!(names, ["a/contrib", "a/core", "a/newest"], "only what has not moved is a destination");
    let leads = |token: &str| match routing.token(token) {
        Some((super::Found::Package(targets), ..)) => names[targets[0].repository],
        other => panic!("{token}: {other:?}"),
    };
    assert_eq!((leads("otel-older"), leads("otel-newest")), ("a/core", "a/newest"));
}

fn file(name: &str, text: &str) -> RegistryFile {
    RegistryFile { name: name.into(), text: Ok(text.into()) }
}

fn entry(registry: &str, name: &str, repo: &str) -> String {
    format!("title: x\nurls:\n  repo: {repo}\npackage:\n  registry: {registry}\n  name: '{name}'\n  version: v1\n")
}

const CORE: &str = "https://github.com/a/core/tree/main/x";

#[test]
fn entries_of_the_registry_are_taken_or_told() {
    // Registry, name, repository; the line of the table that comes of it, or what is said, or nothing.
    let cases: &[(&str, &str, &str, &str)] = &[
        ("npm", "@otel/api", CORE, "npm = [ \"@otel/api\", ]"),
        ("gems", "otel-gem", CORE, "rubygems = [ \"otel-gem\", ]"),
        ("packagist", "a/otel", CORE, "composer = [ \"a/otel\", ]"),
        ("crates", "otel-x", CORE, "rust = [ \"otel-x\", ]"),
        ("hex", "otel_x", CORE, "erlang = [ \"otel_x\", ]"),
        ("nuget", "Otel.X", CORE, "nuget = [ \"Otel.X\", ]"),
        ("pypi", "otel-x", CORE, "pip = [ \"otel-x\", ]"),
        ("maven", "io.otel/x", CORE, "maven = [ \"io.otel:x\", ]"),
        ("go-collector", "x.io/otel/y", CORE, "go = [ \"x.io/otel/y\", ]"),
        // By hand already, in this repository and in another one.
        ("go", "x.io/otel/log", CORE, ""),
        (
            "go",
            "x.io/otel/log",
            "https://github.com/a/contrib",
            "the hand-written part has \"x.io/otel/log\" for a/core",
        ),
        // Renamed; written in another way; of others; nowhere.
        ("npm", "otel-moved", "https://github.com/a/old.git", "[registry.\"a/core\"] npm = [ \"otel-moved\", ]"),
        ("npm", "otel-case", "http://www.github.com/A/Core?x", "npm = [ \"otel-case\", ]"),
        ("npm", "otel-other", "https://github.com/z/other", ""),
        ("npm", "otel-lab", "https://gitlab.com/a/core", ""),
        ("npm", "otel-new", "https://github.com/a/new", "\"a/new\" is not in the table"),
        ("npm", "banana", CORE, ""),
        ("cpan", "otel", CORE, "\"cpan\" is no package registry that is known here"),
        // Hostile.
        ("npm", "otel\"]\\n[evil]", CORE, "package.name is no name of a package"),
        ("npm", "otel\u{202e}x", CORE, "package.name is no name of a package"),
        ("npm", "", CORE, "package.name is no name of a package"),
    ];
    for (registry, name, repo, expected) in cases {
        let files = [file("entry.yml", &entry(registry, name, repo))];
        let made = Routing::import(BASE, &files, None).unwrap();
        assert!(made.table.starts_with(BASE.trim_end()), "{name}: {}", made.table);
        let part = made.table.split_once("runs again.").unwrap().1.split_whitespace().collect::<Vec<_>>().join(" ");
        match made.notes.as_slice() {
            [] => assert!(part.ends_with(expected) && part.is_empty() == expected.is_empty(), "{name}: {part}"),
            [note] => {
                assert!(part.is_empty(), "{name}: {part}");
                assert!(!expected.is_empty() && note.starts_with("entry.yml: ") && note.contains(expected), "{note}");
                assert!(!note.contains('\n'), "{note}");
            }
            more => panic!("{name}: {more:?}"),
        }
        Routing::parse(&made.table).unwrap();
    }
}

#[test]
fn a_file_that_does_not_read_costs_itself() {
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g]\n";
    let deep = "[".repeat(100_000);
    let bad: &[&str] =
        &["\t- x", "package: [", "package: {name: {}}", "a: b: c", "%YAML 9.9\n---\n", "- 1\n", "\u{0}", bomb, &deep];
    let mut files: Vec<RegistryFile> =
        bad.iter().enumerate().map(|(at, text)| file(&format!("bad-{at}.yml"), text)).collect();
    files.push(RegistryFile { name: "gone.yml".into(), text: Err("cannot be read: permission denied".into()) });
    files.push(file("good.yml", &entry("npm", "otel-good", CORE)));
    files.push(file("without.yml", "title: x\npackage:\n"));
    let made = Routing::import(BASE, &files, None).unwrap();
    assert!(made.table.contains("\"otel-good\""), "{}", made.table);
    assert_eq!((made.packages, made.left_out), (1, 1), "{:?}", made.notes);
    assert_eq!(made.notes.len(), bad.len() + 1, "{:#?}", made.notes);
    assert!(made.notes.iter().all(|note| note.chars().count() < 300 && !note.contains('\n')), "{:#?}", made.notes);
}

#[test]
fn an_import_depends_on_the_files_alone_and_can_be_repeated() {
    let mut files = vec![
        file("b.yml", &entry("npm", "otel-b", "https://github.com/a/new")),
        file("a.yml", &entry("npm", "otel-a", CORE)),
        file("c.yml", &entry("npm", "OTEL-a", "https://github.com/a/contrib")),
    ];
    let streams = |repositories: &str| file("workstreams.yml", repositories);
    let list = streams(
        "- id: one\n  kind: sig\n  resources:\n  - meeting:\n      schedule: x\n  - repository: a/new\n  - repository: a/core\n\
         - id: two\n- id: three\n  resources:\n  - repository: z/other\n  - repository: 'a/\"]'\n",
    );
    let first = Routing::import(BASE, &files, Some(&list)).unwrap();
    let part = first.table.split_once("runs again.\n").unwrap().1;
    assert_eq!(
        part,
        "\n[registry.\"a/core\"]\nnpm = [\n    \"otel-a\",\n]\n\n[registry.\"a/new\"]\nnpm = [\n    \"otel-b\",\n]\n"
    );
    assert_eq!(first.notes, ["c.yml: another file has \"OTEL-a\" for a/core, and this file for a/contrib; kept that"]);
    files.reverse();
    assert_eq!(Routing::import(&first.table, &files, Some(&list)).unwrap(), first, "again, and in another order");
    // Without a list that reads, the repositories of the last time stay.
    for list in [None, Some(streams("- ["))] {
        let again = Routing::import(&first.table, &files, list.as_ref()).unwrap();
        assert_eq!((again.table, again.notes.len()), (first.table.clone(), 1 + usize::from(list.is_some())));
    }
    let empty =
        Routing::import(&first.table, &files[..1], Some(&streams("- resources: [{repository: a/new}]"))).unwrap();
    assert!(empty.table.ends_with("\n[registry.\"a/new\"]\n"), "{}", empty.table);
    assert!(Routing::import("[repositories.\"x\"]", &files, None).is_err());
    assert!(Routing::import(&format!("{BASE}[registry.\"a/new\"]\n"), &files, None).is_err(), "not below its line");
}
