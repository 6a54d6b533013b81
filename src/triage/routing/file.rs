//! The routing table as a file: what it may hold, and the checks.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;

use super::lookup::part_of;
use super::{Language, Name, Named, Registry, Routing, RoutingError, Target};
use crate::model::{Ecosystem, Repository};
use crate::triage::reading::normalise;

/// `routing.toml` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    languages: BTreeMap<String, LanguageSection>,
    repositories: BTreeMap<String, Section>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LanguageSection {
    words: Vec<String>,
    ecosystem: Ecosystem,
    core: String,
    contrib: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Section {
    archived: bool,
    moved_to: Option<String>,
    product: Option<String>,
    components_under: Option<String>,
    receivers: Vec<String>,
    exporters: Vec<String>,
    processors: Vec<String>,
    extensions: Vec<String>,
    connectors: Vec<String>,
    providers: Vec<String>,
    weak_names: Vec<String>,
    symbols: Vec<String>,
    packages: BTreeMap<String, Vec<String>>,
    names: BTreeMap<String, String>,
}

impl Section {
    fn components(&self) -> [(&'static str, &[String]); 6] {
        [
            ("receiver", &self.receivers),
            ("exporter", &self.exporters),
            ("processor", &self.processors),
            ("extension", &self.extensions),
            ("connector", &self.connectors),
            ("provider", &self.providers),
        ]
    }
}

/// Parses and checks `text`.
pub(super) fn read(text: &str) -> Result<Routing, RoutingError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        RoutingError(format!("routing table, line {line}: {}", error.message()))
    })?;
    let mut repositories = Vec::new();
    for (name, section) in &file.repositories {
        let repository: Repository =
            name.parse().map_err(|error| RoutingError(format!("routing table, section {name:?}: {error}")))?;
        if !section.archived {
            repositories.push(repository);
        }
    }
    let index = repositories.iter().enumerate().map(|(at, r)| (r.as_str().to_ascii_lowercase(), at)).collect();
    let mut builder = Builder { index, table: empty(repositories) };
    for (name, section) in &file.repositories {
        let home = section.moved_to.as_deref().unwrap_or(name);
        // An archived repository that moved nowhere is no destination: what points to it points nowhere.
        if section.archived && section.moved_to.is_none() {
            continue;
        }
        let at = builder.find(home, name)?;
        builder.bare_name(name, at)?;
        builder.section(section, at, name)?;
    }
    for (name, section) in file.languages {
        builder.language(name, section)?;
    }
    let table = &mut builder.table;
    let names = table.packages.keys().chain(table.prefixes.keys()).chain(table.symbols.keys());
    table.longest_name = names.map(String::len).max().unwrap_or(0);
    Ok(builder.table)
}

fn empty(repositories: Vec<Repository>) -> Routing {
    Routing {
        repositories,
        packages: HashMap::new(),
        prefixes: HashMap::new(),
        symbols: HashMap::new(),
        names: HashMap::new(),
        first_words: HashMap::new(),
        parts: HashMap::new(),
        longest_name: 0,
        languages: Vec::new(),
        language_words: HashMap::new(),
    }
}

struct Builder {
    index: HashMap<String, usize>,
    table: Routing,
}

impl Builder {
    fn find(&self, repository: &str, section: &str) -> Result<usize, RoutingError> {
        self.index.get(&repository.to_ascii_lowercase()).copied().ok_or_else(|| {
            RoutingError(format!(
                "routing table, section {section:?}: {repository:?} has no section of its own, or is archived; add it to \
                 [repositories]"
            ))
        })
    }

    /// `opentelemetry-dotnet` alone means the repository, and `open-telemetry/opentelemetry-dotnet` too.
    fn bare_name(&mut self, repository: &str, at: usize) -> Result<(), RoutingError> {
        let target = Target { repository: at, package: None };
        let bare = repository.split_once('/').map_or("", |(_, bare)| bare);
        let words = normalise(bare);
        // A single common word ("community", "weaver") says nothing alone.
        if words.contains(' ') && !self.table.names.contains_key(&words) {
            self.name(bare, target.clone(), Named::Repository, repository)?;
        }
        self.table.packages.entry(repository.to_lowercase()).or_default().push(target);
        Ok(())
    }

    fn section(&mut self, section: &Section, at: usize, of: &str) -> Result<(), RoutingError> {
        let product = section.product.as_deref().map(|p| qualified(p, of)).transpose()?;
        let weak: HashSet<String> = section.weak_names.iter().map(|name| normalise(name)).collect();
        for (registry, names) in &section.packages {
            let registry = registry_named(registry, of)?;
            for name in names {
                self.package(registry, name, at, of)?;
            }
        }
        for (kind, names) in section.components() {
            for name in names {
                let package = section.components_under.as_ref().map(|under| {
                    (Registry::Of(Ecosystem::Go), format!("{under}/{kind}/{}{kind}", name.replace(['_', '-'], "")))
                });
                if let Some((registry, package)) = &package {
                    self.package(*registry, package, at, of)?;
                }
                let target = Target { repository: at, package };
                let spoken = format!("{name} {kind}");
                let strength = if weak.contains(&normalise(&spoken)) { Named::Weak } else { Named::Component };
                self.name(&spoken, target.clone(), strength, of)?;
                self.name(&format!("{name}{kind}"), target, Named::Component, of)?;
            }
        }
        for (name, package) in &section.names {
            let package = if package.is_empty() { product.clone() } else { Some(qualified(package, of)?) };
            self.name(name, Target { repository: at, package }, Named::Nickname, of)?;
        }
        for name in &section.weak_names {
            // A component that is listed here as well keeps its package and counts little.
            if self
                .table
                .names
                .get(&normalise(name))
                .is_some_and(|n| n.target.repository == at && n.strength == Named::Weak)
            {
                continue;
            }
            self.name(name, Target { repository: at, package: None }, Named::Weak, of)?;
        }
        for symbol in &section.symbols {
            let target = Target { repository: at, package: product.clone() };
            if self.table.symbols.insert(symbol.to_lowercase(), target).is_some() {
                return Err(twice("symbol", symbol, of));
            }
        }
        Ok(())
    }

    fn package(&mut self, registry: Registry, name: &str, at: usize, of: &str) -> Result<(), RoutingError> {
        let target = |name: &str| Target { repository: at, package: Some((registry, name.to_owned())) };
        let (map, key) = match name.strip_suffix('*') {
            Some(prefix) => (&mut self.table.prefixes, prefix),
            None => (&mut self.table.packages, name),
        };
        let targets = map.entry(key.to_lowercase()).or_default();
        if targets.iter().any(|t| t.package.as_ref().is_some_and(|(r, _)| *r == registry)) {
            return Err(twice("package", name, of));
        }
        targets.push(target(key));
        if key.len() < name.len() {
            return Ok(());
        }
        if let Some(part) = part_of(registry, name) {
            self.table.parts.entry(part).or_default().push(target(name));
        }
        Ok(())
    }

    fn name(&mut self, name: &str, target: Target, strength: Named, of: &str) -> Result<(), RoutingError> {
        let words = normalise(name);
        let Some(first) = words.split(' ').next().filter(|first| !first.is_empty()) else {
            return Err(RoutingError(format!("routing table, section {of:?}: the name {name:?} holds no word")));
        };
        let count = words.split(' ').count();
        let longest = self.table.first_words.entry(first.to_owned()).or_default();
        *longest = (*longest).max(count);
        let weaker = self.table.names.get(&words).is_some_and(|old| old.strength == Named::Repository);
        match self.table.names.insert(words, Name { target, strength }) {
            Some(_) if !weaker => Err(twice("name", name, of)),
            _ => Ok(()),
        }
    }

    fn language(&mut self, name: String, section: LanguageSection) -> Result<(), RoutingError> {
        let (core, contrib) = (self.find(&section.core, &name)?, self.find(&section.contrib, &name)?);
        let at = self.table.languages.len();
        for word in &section.words {
            if self.table.language_words.insert(normalise(word), at).is_some() {
                return Err(twice("language word", word, &name));
            }
        }
        self.table.languages.push(Language { ecosystem: section.ecosystem, core, contrib });
        Ok(())
    }
}

fn twice(what: &str, name: &str, of: &str) -> RoutingError {
    RoutingError(format!("routing table, section {of:?}: the {what} {name:?} is there twice; keep one of them"))
}

fn qualified(text: &str, of: &str) -> Result<(Registry, String), RoutingError> {
    let (registry, name) = text.split_once(':').filter(|(_, name)| !name.is_empty()).ok_or_else(|| {
        RoutingError(format!("routing table, section {of:?}: write the package {text:?} as ecosystem:name"))
    })?;
    Ok((registry_named(registry, of)?, name.to_owned()))
}

fn registry_named(name: &str, of: &str) -> Result<Registry, RoutingError> {
    match name {
        "image" => Ok(Registry::Image),
        "helm" => Ok(Registry::Helm),
        _ => serde_json::from_value(serde_json::Value::from(name)).map(Registry::Of).map_err(|_| {
            RoutingError(format!(
                "routing table, section {of:?}: {name:?} is no ecosystem; use one of GitHub's, image or helm"
            ))
        }),
    }
}
