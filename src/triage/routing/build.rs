//! Makes the table that is looked up in from the file, and tells what does not fit together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::file::{self, File, LanguageSection, Packages, Places, Section};
use super::lookup::part_of;
use super::problem::Problem;
use super::{Language, Name, Named, Registry, Routing, Target};
use crate::model::{Ecosystem, Repository};
use crate::triage::reading::normalise;

/// Reads `text`, and says everything that is wrong with it.
pub(super) fn read(text: &str) -> (Routing, File, Places, Vec<Problem>) {
    let (file, places, mut problems) = file::read(text);
    let (routing, more) = build(&file, &places);
    // What is missing because it did not read is told once.
    if problems.is_empty() {
        problems = more;
    }
    (routing, file, places, problems)
}

fn build(file: &File, places: &Places) -> (Routing, Vec<Problem>) {
    let mut builder = Builder { file, places, index: HashMap::new(), table: empty(), problems: Vec::new() };
    builder.destinations();
    for (name, section) in &file.repositories {
        if let Some(at) = builder.home(name, name, section.moved_to.as_deref().unwrap_or_default()) {
            builder.bare_name(name, at);
            builder.section(section, at, name);
        }
    }
    let mut from_registry = HashSet::new();
    for (name, packages) in &file.registry {
        if let Some(at) = builder.home(name, name, "") {
            if !file.repositories.contains_key(name) {
                builder.bare_name(name, at);
            }
            builder.registry(packages, at, name, &mut from_registry);
        }
    }
    for (name, section) in &file.languages {
        builder.language(name, section);
    }
    if builder.table.repositories.is_empty() && builder.problems.is_empty() {
        let sentence = "the table names no repository that may be filed in; add [repositories.\"owner/name\"]";
        builder.problems.push(Problem::error(sentence));
    }
    (builder.table, builder.problems)
}

fn empty() -> Routing {
    Routing {
        repositories: Vec::new(),
        packages: BTreeMap::new(),
        prefixes: BTreeMap::new(),
        symbols: BTreeMap::new(),
        names: HashMap::new(),
        first_words: HashMap::new(),
        parts: HashMap::new(),
        languages: Vec::new(),
        language_words: HashMap::new(),
    }
}

/// Where a name leads when renames and archives are followed.
pub(super) enum Home {
    /// To this repository, over so many renames.
    At(String, usize),
    /// Nowhere: what is archived and has not moved is no destination.
    Nowhere,
}

/// Follows `moved_to` from `name` on.
pub(super) fn follow(file: &File, name: &str) -> Result<Home, String> {
    let (mut at, mut way) = (name.to_owned(), Vec::new());
    loop {
        let section = file.repositories.get(&at);
        if section.is_none() && !file.registry.contains_key(&at) {
            return Err(format!("{at:?} has no section of its own; add [repositories.{at:?}]"));
        }
        match section.and_then(|section| section.moved_to.clone()) {
            Some(next) => {
                way.push(at);
                if way.contains(&next) {
                    return Err(format!("moved_to goes in a circle: {} -> {next}", way.join(" -> ")));
                }
                at = next;
            }
            None if section.is_some_and(|section| section.archived) => return Ok(Home::Nowhere),
            None => return Ok(Home::At(at, way.len())),
        }
    }
}

struct Builder<'a> {
    file: &'a File,
    places: &'a Places,
    /// Destinations by name in lower case.
    index: HashMap<String, usize>,
    table: Routing,
    problems: Vec<Problem>,
}

impl Builder<'_> {
    fn tell(&mut self, section: &str, what: &str, sentence: impl std::fmt::Display) {
        let line = self.places.line(section, what);
        self.problems.push(Problem::error(format!("{section:?}: {sentence}")).at(line));
    }

    /// Every repository that may be filed in.
    fn destinations(&mut self) {
        let names: BTreeSet<&String> = self.file.repositories.keys().chain(self.file.registry.keys()).collect();
        let mut seen: HashMap<String, &String> = HashMap::new();
        for name in names {
            if let Some(other) = seen.insert(name.to_ascii_lowercase(), name) {
                self.tell(name, "", format!("the section {other:?} is the same repository; keep one of them"));
                continue;
            }
            let repository: Repository = match name.parse() {
                Ok(repository) => repository,
                Err(error) => {
                    self.tell(name, "", error);
                    continue;
                }
            };
            let section = self.file.repositories.get(name);
            if !section.is_some_and(|section| section.archived || section.moved_to.is_some()) {
                self.index.insert(name.to_ascii_lowercase(), self.table.repositories.len());
                self.table.repositories.push(repository);
            }
        }
    }

    /// Where what `section` calls `name` goes; tells what is in the way.
    fn home(&mut self, name: &str, section: &str, what: &str) -> Option<usize> {
        match follow(self.file, name) {
            Ok(Home::At(home, _)) => self.index.get(&home.to_ascii_lowercase()).copied(),
            Ok(Home::Nowhere) => None,
            Err(sentence) => {
                self.tell(section, what, sentence);
                None
            }
        }
    }

    /// `opentelemetry-dotnet` alone means the repository, and `open-telemetry/opentelemetry-dotnet` too.
    fn bare_name(&mut self, repository: &str, at: usize) {
        let target = Target { repository: at, package: None };
        let bare = repository.split_once('/').map_or("", |(_, bare)| bare);
        let words = normalise(bare);
        // A single common word ("community", "weaver") says nothing alone.
        if words.contains(' ') && !self.table.names.contains_key(&words) {
            self.name(bare, target.clone(), Named::Repository, repository);
        }
        self.table.packages.entry(repository.to_lowercase()).or_default().push(target);
    }

    fn section(&mut self, section: &Section, at: usize, of: &str) {
        let product = section.product.as_deref().and_then(|package| self.qualified(package, of));
        let weak: HashSet<String> = section.weak_names.iter().map(|name| normalise(name)).collect();
        for (registry, name) in self.named(&section.packages, of) {
            if !self.package(registry, &name, at) {
                self.twice("package", &name, of, self.owner_of_package(registry, &name));
            }
        }
        for (kind, names) in section.components() {
            for name in names {
                let package = section.component_package(kind, name).map(|name| (Registry::Of(Ecosystem::Go), name));
                if let Some((registry, package)) = &package
                    && !self.package(*registry, package, at)
                {
                    self.twice("component", name, of, self.owner_of_package(*registry, package));
                }
                let target = Target { repository: at, package };
                let name = file::component_name(name);
                let spoken = format!("{name} {kind}");
                let strength = if weak.contains(&normalise(&spoken)) { Named::Weak } else { Named::Component };
                self.name(&spoken, target.clone(), strength, of);
                self.name(&format!("{name}{kind}"), target, Named::Component, of);
            }
        }
        for (name, package) in &section.names {
            let package = if package.is_empty() { product.clone() } else { self.qualified(package, of) };
            self.name(name, Target { repository: at, package }, Named::Nickname, of);
        }
        for name in &section.weak_names {
            // A component that is listed here as well keeps its package and counts little.
            let listed = self.table.names.get(&normalise(name));
            if !listed.is_some_and(|n| n.target.repository == at && n.strength == Named::Weak) {
                self.name(name, Target { repository: at, package: None }, Named::Weak, of);
            }
        }
        for symbol in &section.symbols {
            let target = Target { repository: at, package: product.clone() };
            if let Some(old) = self.table.symbols.insert(symbol.to_lowercase(), target) {
                self.twice("symbol", symbol, of, Some(old.repository));
            }
        }
    }

    /// The packages of the registry. What is written by hand counts more: it says what the registry has wrong.
    fn registry(&mut self, packages: &Packages, at: usize, of: &str, seen: &mut HashSet<(Registry, String)>) {
        for (registry, name) in self.named(packages, of) {
            if !seen.insert((registry, name.to_lowercase())) {
                self.twice("package", &name, of, self.owner_of_package(registry, &name));
            } else {
                self.package(registry, &name, at);
            }
        }
    }

    /// The packages of known ecosystems; an unknown one is told.
    fn named(&mut self, packages: &Packages, of: &str) -> Vec<(Registry, String)> {
        let mut named = Vec::new();
        for (ecosystem, names) in packages {
            match registry_named(ecosystem) {
                Some(registry) => named.extend(names.iter().map(|name| (registry, name.clone()))),
                None => self.tell(of, ecosystem, no_ecosystem(ecosystem)),
            }
        }
        named
    }

    /// Adds a package or a prefix, unless its registry has it already.
    fn package(&mut self, registry: Registry, name: &str, at: usize) -> bool {
        let (map, key) = match name.strip_suffix('*') {
            Some(prefix) => (&mut self.table.prefixes, prefix),
            None => (&mut self.table.packages, name),
        };
        let targets = map.entry(key.to_lowercase()).or_default();
        if targets.iter().any(|t| t.package.as_ref().is_some_and(|(r, _)| *r == registry)) {
            return false;
        }
        let target = Target { repository: at, package: Some((registry, key.to_owned())) };
        targets.push(target.clone());
        if key.len() == name.len()
            && let Some(part) = part_of(registry, name)
        {
            self.table.parts.entry(part).or_default().push(target);
        }
        true
    }

    fn owner_of_package(&self, registry: Registry, name: &str) -> Option<usize> {
        let targets = match name.strip_suffix('*') {
            Some(prefix) => self.table.prefixes.get(&prefix.to_lowercase()),
            None => self.table.packages.get(&name.to_lowercase()),
        };
        let of_registry = |t: &&Target| t.package.as_ref().is_some_and(|(r, _)| *r == registry);
        targets?.iter().find(of_registry).map(|target| target.repository)
    }

    fn name(&mut self, name: &str, target: Target, strength: Named, of: &str) {
        let words = normalise(name);
        let Some(first) = words.split(' ').next().filter(|first| !first.is_empty()) else {
            return self.tell(of, name, format!("the name {name:?} holds no word"));
        };
        let count = words.split(' ').count();
        let longest = self.table.first_words.entry(first.to_owned()).or_default();
        *longest = (*longest).max(count);
        match self.table.names.insert(words, Name { target, strength }) {
            Some(old) if old.strength != Named::Repository => {
                self.twice("name", name, of, Some(old.target.repository));
            }
            _ => {}
        }
    }

    fn language(&mut self, name: &str, section: &LanguageSection) {
        let homes = [&section.core, &section.contrib].map(|repository| {
            if matches!(follow(self.file, repository), Ok(Home::Nowhere)) {
                self.tell(name, repository, format!("{repository:?} is archived and has not moved"));
            }
            self.home(repository, name, repository)
        });
        let at = self.table.languages.len();
        for word in &section.words {
            let words = normalise(word);
            let (first, second) = words.split_once(' ').unwrap_or((&words, ""));
            let of = self.table.language_words.entry(first.to_owned()).or_default();
            let known =
                if second.is_empty() { of.alone.is_some() } else { of.before.iter().any(|(old, _)| old == second) };
            match second {
                "" => of.alone = Some(at),
                second => of.before.push((second.to_owned(), at)),
            }
            if known {
                self.twice("language word", word, name, None);
            }
        }
        if let [Some(core), Some(contrib)] = homes {
            self.table.languages.push(Language { ecosystem: section.ecosystem, core, contrib });
        }
    }

    fn twice(&mut self, what: &str, name: &str, of: &str, owner: Option<usize>) {
        let owner = owner.and_then(|at| self.table.repositories.get(at)).map(|owner| owner.to_string());
        let other = owner.filter(|owner| owner != of).map_or(String::new(), |owner| format!(", for {owner} too"));
        self.tell(of, name, format!("the {what} {name:?} is there twice{other}; keep one of them"));
    }

    fn qualified(&mut self, text: &str, of: &str) -> Option<(Registry, String)> {
        let Some((ecosystem, name)) = text.split_once(':').filter(|(_, name)| !name.is_empty()) else {
            self.tell(of, text, format!("write the package {text:?} as ecosystem:name"));
            return None;
        };
        let registry = registry_named(ecosystem);
        if registry.is_none() {
            self.tell(of, text, no_ecosystem(ecosystem));
        }
        registry.map(|registry| (registry, name.to_owned()))
    }
}

fn no_ecosystem(name: &str) -> String {
    format!("{name:?} is no ecosystem; use one of GitHub's, image or helm")
}

/// The registry that the table calls `name`.
pub(super) fn registry_named(name: &str) -> Option<Registry> {
    match name {
        "image" => Some(Registry::Image),
        "helm" => Some(Registry::Helm),
        _ => serde_json::from_value(serde_json::Value::from(name)).map(Registry::Of).ok(),
    }
}
