//! The part of the table that is made from the OpenTelemetry registry.
//!
//! The registry is a folder of YAML files, one for each entry (`data/registry` of the repository of opentelemetry.io);
//! `package.registry`, `package.name` and `urls.repo` are read. `workstreams.yml` of the community's repository lists the
//! repositories (`resources[].repository`). Both come from a checkout that anybody may have changed: a file that does not
//! read costs itself and is told, and no text of it gets into the table but names of the shape that names have.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::build::{Home, follow, registry_named};
use super::file::{self, File};
use super::lookup::is_looked_up;
use super::problem::one_line;
use super::{Routing, RoutingError};
use crate::model::Repository;

/// Everything from this line on is made anew.
const MARK: &str = "# Made by `advisory-intake routes import`: everything below is replaced when that runs again.";

/// Longest package name that is taken, in bytes: the longest in use are Go paths of half of it.
const LONGEST_NAME: usize = 200;
/// Longest message about a file, in characters.
const LONGEST_MESSAGE: usize = 200;

/// A file of a checkout.
#[derive(Debug, Clone)]
pub struct RegistryFile {
    /// As people are told about it.
    pub name: String,
    /// What it holds, or why it could not be read.
    pub text: Result<String, String>,
}

/// A table with its package part made afresh.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    pub table: String,
    /// How many packages the new part holds.
    pub packages: usize,
    /// Entries without a package, of other projects' repositories, or with names that are not looked up.
    pub left_out: usize,
    /// One sentence for each file, or claim of a file, that was not taken.
    pub notes: Vec<String>,
}

#[derive(Deserialize)]
struct Entry {
    package: Option<EntryPackage>,
    urls: Option<Urls>,
}

#[derive(Deserialize)]
struct EntryPackage {
    registry: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Urls {
    repo: Option<String>,
}

#[derive(Deserialize)]
struct Workstream {
    resources: Option<Vec<Resource>>,
}

#[derive(Deserialize)]
struct Resource {
    repository: Option<String>,
}

/// Ecosystems of the table by the registry's words.
const REGISTRIES: &[(&str, &str)] = &[
    ("crates", "rust"),
    ("gems", "rubygems"),
    ("go", "go"),
    ("go-collector", "go"),
    ("hex", "erlang"),
    ("maven", "maven"),
    ("npm", "npm"),
    ("nuget", "nuget"),
    ("packagist", "composer"),
    ("pub", "pub"),
    ("pypi", "pip"),
];

/// Makes the package part of `table` afresh; what is written by hand stays as it is, byte for byte.
///
/// The result depends on the texts alone and not on the order of the files.
pub(super) fn import(
    table: &str,
    files: &[RegistryFile],
    workstreams: Option<&RegistryFile>,
) -> Result<Import, RoutingError> {
    Routing::parse(table)?;
    let (whole, ..) = file::read(table);
    let by_hand = table.split_once(MARK).map_or(table, |(by_hand, _)| by_hand);
    let (hand, ..) = file::read(by_hand);
    if !hand.registry.is_empty() {
        let sentence =
            format!("routing table: [registry] sections stand outside of the part that begins with {MARK:?}");
        return Err(RoutingError(format!("{sentence}; remove them")));
    }
    let mut importer =
        Importer { hand: &hand, made: BTreeMap::new(), claims: HashMap::new(), result: Import::default() };
    importer.repositories(whole.registry.into_keys().collect(), workstreams);
    importer.claims_by_hand();
    let mut files: Vec<&RegistryFile> = files.iter().collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    for file in files {
        if let Err(note) = importer.file(file) {
            importer.result.notes.push(format!("{}: {note}", file.name));
        }
    }
    Ok(importer.finish(by_hand))
}

/// Package names by repository and ecosystem.
type Made = BTreeMap<String, BTreeMap<&'static str, BTreeSet<String>>>;

struct Importer<'a> {
    hand: &'a File,
    made: Made,
    /// Who has a package, by ecosystem and name in lower case.
    claims: HashMap<(String, String), Claim>,
    result: Import,
}

struct Claim {
    repository: String,
    by_hand: bool,
}

impl Importer<'_> {
    /// Adds the repositories that the workstreams have and the hand-written part has not. Without a list that reads, those
    /// of the last time stay.
    fn repositories(&mut self, before: Vec<String>, workstreams: Option<&RegistryFile>) {
        let mut names = before;
        if let Some(file) = workstreams {
            match parsed::<Vec<Workstream>>(file) {
                Ok(streams) => {
                    let resources = streams.into_iter().filter_map(|stream| stream.resources).flatten();
                    names = resources.filter_map(|resource| resource.repository).collect();
                }
                Err(note) => self.result.notes.push(format!("{}: {note}", file.name)),
            }
        }
        let owners: BTreeSet<String> = self.hand.repositories.keys().filter_map(|name| owner(name)).collect();
        for name in names {
            let known = name.parse::<Repository>().is_ok() && owner(&name).is_some_and(|owner| owners.contains(&owner));
            if known && self.listed(&name).is_none() {
                self.made.insert(name, BTreeMap::new());
            }
        }
    }

    /// The repository as the table writes it.
    fn listed(&self, name: &str) -> Option<String> {
        let mut names = self.hand.repositories.keys().chain(self.made.keys());
        names.find(|listed| listed.eq_ignore_ascii_case(name)).cloned()
    }

    fn claims_by_hand(&mut self) {
        for (repository, section) in &self.hand.repositories {
            let packages = section.packages.iter();
            let written =
                packages.flat_map(|(of, names)| names.iter().map(move |name| (of.clone(), name.to_lowercase())));
            let of_kind = section.components().into_iter();
            let components = of_kind.flat_map(|(kind, names)| names.iter().map(move |name| (kind, name)));
            let components = components.filter_map(|(kind, name)| section.component_package(kind, name));
            for key in written.chain(components.map(|package| ("go".to_owned(), package.to_lowercase()))) {
                self.claims.insert(key, Claim { repository: repository.clone(), by_hand: true });
            }
        }
    }

    /// Takes the package of one file, or says why not.
    fn file(&mut self, file: &RegistryFile) -> Result<(), String> {
        let entry: Entry = parsed(file)?;
        let package = entry.package.and_then(|package| Some((package.registry?, package.name?)));
        let repository = entry.urls.and_then(|urls| repository_of(&urls.repo?));
        let (Some((registry, name)), Some(repository)) = (package, repository) else {
            self.result.left_out += 1;
            return Ok(());
        };
        let owners: BTreeSet<String> = self.hand.repositories.keys().filter_map(|name| owner(name)).collect();
        if !owner(&repository).is_some_and(|owner| owners.contains(&owner)) {
            self.result.left_out += 1;
            return Ok(());
        }
        let listed = self.listed(&repository);
        let listed =
            listed.ok_or_else(|| format!("{repository:?} is not in the table; add it, or give --workstreams"))?;
        let Some(home) = self.home(&listed)? else {
            self.result.left_out += 1;
            return Ok(());
        };
        let ecosystem = REGISTRIES.iter().find(|(word, _)| *word == registry).map(|(_, ecosystem)| *ecosystem);
        let ecosystem = ecosystem.ok_or_else(|| format!("{registry:?} is no package registry that is known here"))?;
        let name = written(ecosystem, &name)?;
        if !is_looked_up(&name.to_lowercase()) {
            self.result.left_out += 1;
            return Ok(());
        }
        self.claim(ecosystem, name, home)
    }

    fn home(&self, repository: &str) -> Result<Option<String>, String> {
        if self.made.contains_key(repository) {
            return Ok(Some(repository.to_owned()));
        }
        match follow(self.hand, repository)? {
            Home::At(home, _) => Ok(Some(home)),
            Home::Nowhere => Ok(None),
        }
    }

    fn claim(&mut self, ecosystem: &'static str, name: String, home: String) -> Result<(), String> {
        let key = (ecosystem.to_owned(), name.to_lowercase());
        if let Some(claim) = self.claims.get(&key) {
            let same = self.home(&claim.repository).ok().flatten().is_some_and(|other| other == home);
            let who = if claim.by_hand { "the hand-written part" } else { "another file" };
            return match same {
                true => Ok(()),
                false => {
                    Err(format!("{who} has {name:?} for {}, and this file for {home}; kept that", claim.repository))
                }
            };
        }
        self.claims.insert(key, Claim { repository: home.clone(), by_hand: false });
        self.made.entry(home).or_default().entry(ecosystem).or_default().insert(name);
        self.result.packages += 1;
        Ok(())
    }

    fn finish(self, by_hand: &str) -> Import {
        let mut table = by_hand.trim_end().to_owned();
        let _ = writeln!(table, "\n\n{MARK}");
        for (repository, ecosystems) in &self.made {
            let _ = writeln!(table, "\n[registry.{repository:?}]");
            for (ecosystem, names) in ecosystems {
                let _ = writeln!(table, "{ecosystem} = [");
                for name in names {
                    let _ = writeln!(table, "    {name:?},");
                }
                let _ = writeln!(table, "]");
            }
        }
        Import { table, ..self.result }
    }
}

fn owner(repository: &str) -> Option<String> {
    Some(repository.split_once('/')?.0.to_ascii_lowercase())
}

/// The repository that a link leads into.
fn repository_of(link: &str) -> Option<String> {
    let rest = link.trim().strip_prefix("https://").or_else(|| link.trim().strip_prefix("http://"))?;
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let mut path = rest.strip_prefix("github.com/")?.split(['/', '?', '#']);
    let (owner, name) = (path.next()?, path.next()?);
    let repository = format!("{owner}/{}", name.strip_suffix(".git").unwrap_or(name));
    repository.parse::<Repository>().ok().map(|_| repository)
}

/// A package name as its ecosystem writes it, if it has the shape of one.
fn written(ecosystem: &str, name: &str) -> Result<String, String> {
    let name = name.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':' | '@' | '~' | '+');
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
        return Err("package.name is no name of a package".into());
    }
    debug_assert!(registry_named(ecosystem).is_some());
    Ok(if ecosystem == "maven" { name.replacen('/', ":", 1) } else { name.to_owned() })
}

/// What `file` holds, or in one sentence why it does not read.
fn parsed<T: DeserializeOwned>(file: &RegistryFile) -> Result<T, String> {
    let text = file.text.as_ref().map_err(Clone::clone)?;
    serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map_or(String::new(), |location| format!("line {}: ", location.line()));
        let message = one_line(&error.without_snippet().to_string());
        format!("{line}{}", message.chars().take(LONGEST_MESSAGE).collect::<String>())
    })
}
