use std::collections::HashSet;

use crate::triage::Routing;

#[test]
fn the_built_in_table_names_only_repositories_that_exist() {
    let facts = include_str!("../../fixtures/facts/repositories.csv");
    let mut reader = csv::Reader::from_reader(facts.as_bytes());
    let known: HashSet<String> = reader.records().map(|row| row.unwrap().get(0).unwrap().to_owned()).collect();
    let routing = Routing::built_in();
    assert!(routing.repositories().len() > 60);
    for repository in routing.repositories() {
        assert!(known.contains(repository.as_str()), "{repository} is not in fixtures/facts/repositories.csv");
    }
}

#[test]
fn a_table_with_a_mistake_is_refused_with_what_to_change() {
    let cases = [
        ("[repositories.\"a/b\"]\nreciever = []", "line 2"),
        ("[repositories.\"no-owner\"]", "\"no-owner\""),
        ("[repositories.\"a/b\"]\nmoved_to = \"a/c\"", "\"a/c\" has no section"),
        (
            "[repositories.\"a/b\"]\npackages.go = [\"x.io/y\"]\n[repositories.\"a/b\".names]\n\"the y\" = \"x.io/y\"",
            "as ecosystem:name",
        ),
        ("[repositories.\"a/b\"]\npackages.npm = [\"x-y\", \"x-y\"]", "\"x-y\" is there twice"),
        (
            "[repositories.\"a/b\".names]\n\"the y\" = \"\"\n[repositories.\"a/c\".names]\n\"The-Y\" = \"\"",
            "\"The-Y\" is there twice",
        ),
        ("[repositories.\"a/b\"]\npackages.cargo = [\"x\"]", "\"cargo\" is no ecosystem"),
    ];
    for (text, says) in cases {
        let error = Routing::parse(text).unwrap_err().to_string();
        assert!(error.contains(says), "{text:?} gave {error:?}");
    }
}
