//! What is odd about a table that reads: lines that can do nothing, and ways that could be shorter.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{self, Home, follow, registry_named};
use super::file::{File, Places};
use super::lookup::{LONGEST_TOKEN, is_looked_up};
use super::problem::Problem;
use crate::triage::scan::tokens_of;

/// Everything that should be changed in `text`, in order of its lines: what is wrong with it, and where nothing is, what
/// does nothing.
pub(super) fn check(text: &str) -> Vec<Problem> {
    let (_, file, places, mut problems) = build::read(text);
    if problems.is_empty() {
        let check = Check { file: &file, places: &places };
        problems.extend(check.detours());
        problems.extend(check.never_found());
        problems.extend(check.covered());
        problems.extend(check.strangers());
    }
    problems.sort_by_key(|problem| problem.line);
    problems.dedup();
    problems
}

struct Check<'a> {
    file: &'a File,
    places: &'a Places,
}

impl Check<'_> {
    fn warning(&self, section: &str, what: &str, sentence: String) -> Problem {
        Problem::warning(format!("{section:?}: {sentence}")).at(self.places.line(section, what))
    }

    /// Repositories that moved more than once.
    fn detours(&self) -> Vec<Problem> {
        let moved = self.file.repositories.iter().filter_map(|(name, section)| {
            let next = section.moved_to.as_ref()?;
            match follow(self.file, name).ok()? {
                Home::At(home, renames) if renames > 1 => {
                    let sentence = format!("{next:?} has moved on to {home:?}; write that in moved_to");
                    Some(self.warning(name, next, sentence))
                }
                Home::Nowhere => {
                    let sentence = format!("what moved to {next:?} goes nowhere, because that is archived");
                    Some(self.warning(name, next, sentence))
                }
                Home::At(..) => None,
            }
        });
        moved.collect()
    }

    /// Every package, prefix and symbol by its section; prefixes and symbols are marked.
    fn patterns(&self) -> impl Iterator<Item = (&str, Pattern<'_>)> {
        let written = self.file.repositories.iter().map(|(name, section)| (name, &section.packages));
        let packages = written.chain(&self.file.registry).flat_map(|(section, packages)| {
            packages.iter().flat_map(move |(ecosystem, names)| {
                names.iter().map(move |name| (section.as_str(), Pattern { of: ecosystem, written: name }))
            })
        });
        let symbols = self.file.repositories.iter().flat_map(|(section, of)| {
            of.symbols.iter().map(move |symbol| (section.as_str(), Pattern { of: SYMBOL, written: symbol }))
        });
        packages.chain(symbols)
    }

    /// What stands for no text that a mail could hold.
    fn never_found(&self) -> Vec<Problem> {
        let odd = self.patterns().filter_map(|(section, pattern)| {
            let name = pattern.name();
            let why = if name.contains('*') {
                "a `*` makes a prefix at the end only"
            } else if name.len() > LONGEST_TOKEN {
                "it is longer than anything that is looked up"
            } else if !is_looked_up(&name.to_lowercase()) {
                "only names with \"telemetry\" or \"otel\" in them are looked up"
            } else if tokens_of(name).count() != 1 {
                "it holds a character that no name in a text goes on after"
            } else {
                return None;
            };
            Some(self.warning(section, pattern.written, format!("{:?} is never found: {why}", pattern.written)))
        });
        odd.collect()
    }

    /// Prefixes and symbols below a shorter one of the same repository, which finds all that they find.
    fn covered(&self) -> Vec<Problem> {
        let mut of_repository: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
        let prefixes: Vec<(&str, Pattern<'_>)> = self.patterns().filter(|(_, pattern)| pattern.is_prefix()).collect();
        for (section, pattern) in &prefixes {
            of_repository.entry((section, pattern.of)).or_default().insert(pattern.name().to_lowercase());
        }
        // Where a longer prefix of somebody else lies between, the longest one is needed after all.
        let elsewhere = |section: &str, pattern: &Pattern<'_>, shorter: &str| {
            prefixes.iter().any(|(other, between)| {
                let name = between.name().to_lowercase();
                *other != section
                    && between.of == pattern.of
                    && name.len() > shorter.len()
                    && pattern.name().to_lowercase().starts_with(&name)
            })
        };
        let covered = prefixes.iter().filter_map(|(section, pattern)| {
            let name = pattern.name().to_lowercase();
            let all = of_repository.get(&(*section, pattern.of))?;
            let shorter = all.iter().find(|shorter| name != **shorter && name.starts_with(shorter.as_str()))?;
            (!elsewhere(section, pattern, shorter)).then(|| {
                let sentence = format!("{:?} finds nothing that {shorter:?} does not find", pattern.written);
                self.warning(section, pattern.written, sentence)
            })
        });
        covered.collect()
    }

    /// Go packages below the path of another repository, or of one that is not in the table.
    fn strangers(&self) -> Vec<Problem> {
        let listed: BTreeSet<String> =
            self.file.repositories.keys().chain(self.file.registry.keys()).map(|name| name.to_lowercase()).collect();
        let owners: BTreeSet<&str> = listed.iter().filter_map(|name| Some(name.split_once('/')?.0)).collect();
        let odd = self.patterns().filter_map(|(section, pattern)| {
            let name = pattern.name().to_lowercase();
            let mut path = name.strip_prefix("github.com/")?.split('/');
            let (owner, repository) = (path.next()?, path.next().filter(|name| !name.is_empty())?);
            let of = format!("{owner}/{repository}");
            // The end of a prefix may be the beginning of several names.
            let open = pattern.is_prefix() && listed.iter().any(|name| name.starts_with(&of));
            (owners.contains(owner) && !listed.contains(&of) && !open).then(|| {
                let sentence = format!("{:?} is of {of:?}, which is not in the table", pattern.written);
                self.warning(section, pattern.written, sentence)
            })
        });
        odd.collect()
    }
}

/// What is written in place of the ecosystem of a symbol.
const SYMBOL: &str = "";

struct Pattern<'a> {
    of: &'a str,
    written: &'a str,
}

impl Pattern<'_> {
    fn is_prefix(&self) -> bool {
        self.of == SYMBOL || registry_named(self.of).is_some() && self.written.ends_with('*')
    }

    fn name(&self) -> &str {
        self.written.strip_suffix('*').unwrap_or(self.written)
    }
}
