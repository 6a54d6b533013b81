//! The routing table for people: whether it is right, why a text goes where it goes, and its part from the registry.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Error, Inspector, Loaded, file_error, inspector_settings};
use crate::config;
use crate::model::{Identity, Report};
use crate::triage::{self, Explanation, RegistryFile, Routing};

/// What stands for the table that is part of the program.
const BUILT_IN: &str = "built-in table";
/// Largest routing table and largest list of workstreams, in bytes: some fifty times of those in use.
const LARGEST_TABLE: u64 = 4 << 20;
/// Largest file of the registry, in bytes: they have one or two thousand.
const LARGEST_ENTRY: u64 = 256 << 10;
/// Most files of the registry: it has about a thousand.
const MOST_ENTRIES: usize = 20_000;

/// Something in a routing table that should be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableProblem {
    /// The file, or `built-in table`.
    pub file: String,
    pub line: Option<usize>,
    /// Whether the table is refused for it.
    pub is_error: bool,
    pub sentence: String,
}

/// Everything that should be changed in the table in `file`, else in the configured or the built-in one; and how many
/// repositories it has if it reads.
pub fn check_routes(file: Option<&Path>, loaded: Option<&Loaded>) -> Result<(Vec<TableProblem>, usize), Error> {
    let (name, text) = table(file, loaded)?;
    let told = |line, is_error, sentence| TableProblem { file: name.clone(), line, is_error, sentence };
    let problems = Routing::check(&text).into_iter();
    let mut problems: Vec<TableProblem> = problems.map(|p| told(p.line, p.is_error, p.sentence)).collect();
    let routing = Routing::parse(&text).ok();
    let repositories = routing.as_ref().map_or(&[][..], Routing::repositories);
    if let (Some(loaded), Some(_)) = (loaded, &routing) {
        let fallback = &loaded.settings.identity.fallback_repository;
        if !repositories.contains(fallback) {
            let sentence = format!("fallback_repository of the configuration, {fallback}, is not in the table");
            problems.push(told(None, false, sentence));
        }
    }
    Ok((problems, repositories.len()))
}

/// Why a report with this subject and text goes where it goes.
pub fn explain_text(subject: &str, text: &str, loaded: Option<&Loaded>) -> Result<Explanation, Error> {
    let report = Report { summary: subject.to_owned().into(), text: text.to_owned().into(), ..Report::default() };
    let (name, table) = table(None, loaded)?;
    let routing = Routing::parse(&table).map_err(|error| Error::refused(format!("{name}: {error}")))?;
    Ok(triage::explain(&report, &routing, &identity(loaded)?))
}

/// Why the mail in `file` goes where it goes. It is opened as `inspect` opens it, in a worker.
pub async fn explain_mail(file: PathBuf, loaded: Option<Loaded>) -> Result<Explanation, Error> {
    let settings = inspector_settings(loaded.clone(), Vec::new(), Vec::new(), Vec::new())?;
    let inspector = Inspector::start(settings, true).await?;
    let inspection = inspector.inspect(file.clone()).await?;
    let (Some(report), Some(text)) = (inspection.report, inspection.text) else {
        return Err(Error::refused(format!("{} has no text that could be read: see inspect", file.display())));
    };
    explain_text(report.summary.expose(), text.expose(), loaded.as_ref())
}

/// A table with its package part made afresh, and the file that it was made from.
#[derive(Debug, Clone, Serialize)]
pub struct Imported {
    #[serde(skip)]
    pub table: String,
    /// How many files were read.
    pub files: usize,
    pub packages: usize,
    pub left_out: usize,
    pub notes: Vec<String>,
    /// Whether `output` was written, because it was not so already.
    pub written: bool,
}

/// Makes the package part of a table (`file`, else the configured or the built-in one) afresh from a checkout of the
/// registry, and writes it to `output` in one step.
pub fn import_routes(
    registry: &Path,
    workstreams: Option<&Path>,
    file: Option<&Path>,
    output: Option<&Path>,
    loaded: Option<&Loaded>,
) -> Result<Imported, Error> {
    let (name, text) = table(file, loaded)?;
    let files = registry_files(registry)?;
    let workstreams = workstreams.map(|path| RegistryFile {
        name: path.display().to_string(),
        text: bounded(path, LARGEST_TABLE).map_err(|why| format!("cannot be read: {why}")),
    });
    let made = Routing::import(&text, &files, workstreams.as_ref());
    let made = made.map_err(|error| Error::refused(format!("{name}: {error}")))?;
    // What the gateway would refuse is not written.
    Routing::parse(&made.table).map_err(|error| Error::refused(format!("the result would not read: {error}")))?;
    let mut written = false;
    if let Some(output) = output {
        written = fs::read_to_string(output).ok().as_ref() != Some(&made.table);
        if written {
            replace(output, &made.table).map_err(|error| file_error("write", output, &error))?;
        }
    }
    let (packages, left_out, notes) = (made.packages, made.left_out, made.notes);
    Ok(Imported { table: made.table, files: files.len(), packages, left_out, notes, written })
}

/// The table's name for people, and its text.
fn table(file: Option<&Path>, loaded: Option<&Loaded>) -> Result<(String, String), Error> {
    let configured = loaded.and_then(|loaded| loaded.settings.routing.as_deref());
    match file.or(configured) {
        Some(path) => {
            let text = bounded(path, LARGEST_TABLE)
                .map_err(|why| Error::refused(format!("cannot read the routing table {}: {why}", path.display())))?;
            Ok((path.display().to_string(), text))
        }
        None => Ok((BUILT_IN.to_owned(), Routing::built_in_text().to_owned())),
    }
}

fn identity(loaded: Option<&Loaded>) -> Result<Identity, Error> {
    match loaded {
        Some(loaded) => Ok(loaded.settings.identity.clone()),
        None => Ok(config::built_in_identity()?),
    }
}

/// The YAML files of a checkout, or of the folder itself. One that does not read is an entry that says so.
fn registry_files(folder: &Path) -> Result<Vec<RegistryFile>, Error> {
    let inside = folder.join("data/registry");
    let folder = if inside.is_dir() { inside } else { folder.to_owned() };
    let failed = |error| file_error("read", &folder, &error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() || paths.len() > MOST_ENTRIES {
        let sentence =
            format!("{} holds {} YAML files; name a checkout of opentelemetry.io", folder.display(), paths.len());
        return Err(Error::refused(sentence));
    }
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // Whoever may change a checkout says with a link what else is read.
    let text =
        |path: &Path| if path.is_symlink() { Err("it is a link".to_owned()) } else { bounded(path, LARGEST_ENTRY) };
    let files = paths.iter().map(|path| RegistryFile {
        name: name(path),
        text: text(path).map_err(|why| format!("cannot be read: {why}")),
    });
    Ok(files.collect())
}

/// The text of a regular file of at most `most` bytes.
fn bounded(path: &Path, most: u64) -> Result<String, String> {
    // A pipe or a device could hold up whoever opens it.
    if !fs::metadata(path).map_err(|error| error.to_string())?.is_file() {
        return Err("it is no file".into());
    }
    let mut text = String::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(most.saturating_add(1)).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > most { Err(format!("it is larger than {} KiB", most >> 10)) } else { Ok(text) }
}

/// Writes a file so that it is there as a whole or as it was.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
