//! The table that says which repository a package, a component or a nickname belongs to.

mod build;
mod check;
mod file;
mod import;
mod lookup;
mod problem;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use crate::model::{Ecosystem, Repository};

pub use import::{Import, RegistryFile};
pub(super) use lookup::{Found, Named, is_kind_word};
pub use problem::Problem;

/// The routing table: repositories, and what in a text points to each.
#[derive(Debug, Clone)]
pub struct Routing {
    repositories: Vec<Repository>,
    /// Packages by lower-case name; one name may live in several ecosystems.
    packages: BTreeMap<String, Vec<Target>>,
    /// Package prefixes in lower case, likewise; the longest one decides.
    prefixes: BTreeMap<String, Vec<Target>>,
    /// Prefixes of symbols in stack traces, in lower case.
    symbols: BTreeMap<String, Target>,
    /// What people say, as normalised words.
    names: HashMap<String, Name>,
    /// First word of every name, with the most words that a name with it has.
    first_words: HashMap<String, usize>,
    /// "zipkin exporter" and the like, made from package names, for texts that name the language besides.
    parts: HashMap<(String, &'static str), Vec<Target>>,
    languages: Vec<Language>,
    /// Words of a language, by their first.
    language_words: HashMap<String, LanguageWord>,
}

/// Where a package or a symbol belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Index into [`Routing::repositories`].
    pub repository: usize,
    pub package: Option<(Registry, String)>,
}

/// Ecosystems of the table: GitHub's, and two that GitHub calls `other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Registry {
    Of(Ecosystem),
    Image,
    Helm,
}

impl Registry {
    /// In GitHub's words.
    pub fn ecosystem(self) -> Ecosystem {
        match self {
            Registry::Of(ecosystem) => ecosystem,
            Registry::Image | Registry::Helm => Ecosystem::Other,
        }
    }
}

#[derive(Debug, Clone)]
struct Name {
    target: Target,
    strength: Named,
}

/// A language, how a text shows it, and the repositories that it stands for.
#[derive(Debug, Clone)]
pub(super) struct Language {
    pub ecosystem: Ecosystem,
    pub core: usize,
    pub contrib: usize,
}

/// What a word says of a language.
#[derive(Debug, Clone, Default)]
struct LanguageWord {
    /// The language, by its index, that the word alone stands for.
    alone: Option<usize>,
    /// Words that stand for a language behind it.
    before: Vec<(String, usize)>,
}

/// Why a text is not a routing table. Says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RoutingError(String);

impl Routing {
    /// The table that the program carries: `config/routing.toml`.
    ///
    /// # Panics
    ///
    /// Never in a build whose tests ran: the file is part of the program, and a test reads it.
    pub fn built_in() -> Routing {
        match Routing::parse(Self::built_in_text()) {
            Ok(routing) => routing,
            Err(error) => unreachable!("the built-in routing table does not read: {error}"),
        }
    }

    /// Reads a table in the format of `config/routing.toml`.
    ///
    /// # Errors
    ///
    /// One sentence for the operator: a key that is not known, an ill-formed or unlisted repository, or a package, name or
    /// symbol that two repositories claim.
    pub fn parse(text: &str) -> Result<Routing, RoutingError> {
        let (routing, _, _, problems) = build::read(text);
        match problems.into_iter().next() {
            None => Ok(routing),
            Some(problem) => Err(RoutingError(format!("routing table, {problem}"))),
        }
    }

    /// Everything that should be changed in a table, in order of its lines: what [`parse`](Self::parse) refuses, and where
    /// it refuses nothing, what does nothing or could be shorter.
    pub fn check(text: &str) -> Vec<Problem> {
        check::check(text)
    }

    /// Makes the package part of `table` afresh from the files of the OpenTelemetry registry and the list of workstreams;
    /// what is written by hand stays as it is.
    ///
    /// # Errors
    ///
    /// One sentence, for a table that does not read. A file that does not is a note of the result.
    pub fn import(
        table: &str,
        files: &[RegistryFile],
        workstreams: Option<&RegistryFile>,
    ) -> Result<Import, RoutingError> {
        import::import(table, files, workstreams)
    }

    /// The text of the table that the program carries.
    pub fn built_in_text() -> &'static str {
        include_str!("../../../config/routing.toml")
    }

    /// The repositories that reports may go to: those that are not archived, sorted.
    pub fn repositories(&self) -> &[Repository] {
        &self.repositories
    }

    pub(super) fn repository(&self, index: usize) -> Option<&Repository> {
        self.repositories.get(index)
    }

    /// The language whose packages `ecosystem` holds, by its index; nothing where several share it.
    pub(super) fn language_of(&self, ecosystem: Ecosystem) -> Option<usize> {
        let mut of = self.languages.iter().enumerate().filter(|(_, language)| language.ecosystem == ecosystem);
        of.next().map(|(index, _)| index).filter(|_| ecosystem != Ecosystem::Other)
    }

    pub(super) fn language(&self, index: usize) -> Option<&Language> {
        self.languages.get(index)
    }
}
