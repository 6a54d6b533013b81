use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

/// Largest template file, in bytes: replies are bounded.
const MAX_TEMPLATE: u64 = 16 << 10;

/// Declares an enum whose variants are names in files: their spelling stands once.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(super) enum $name { $($variant),+ }

        impl $name {
            pub(super) const ALL: &[$name] = &[$($name::$variant),+];

            pub(super) fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }
    };
}

names! {
    /// What a template can have filled in: the gateway's own values, never a mail's text.
    Placeholder {
        Address = "address",
        Advisory = "advisory",
        AdvisoryUrl = "advisory_url",
        Alert = "alert",
        AlsoFiled = "also_filed",
        Case = "case",
        CertificateFile = "certificate_file",
        CertificateUrl = "certificate_url",
        Endings = "endings",
        Evidence = "evidence",
        Failed = "failed",
        Fingerprint = "fingerprint",
        FingerprintCompact = "fingerprint_compact",
        Held = "held",
        Keys = "keys",
        Kinds = "kinds",
        LastLink = "last_link",
        Messages = "messages",
        Notes = "notes",
        OldKeys = "old_keys",
        Outcome = "outcome",
        PolicyUrl = "policy_url",
        PqCertificateFile = "pq_certificate_file",
        PqFingerprint = "pq_fingerprint",
        Project = "project",
        ReceivedOn = "received_on",
        Reference = "reference",
        ReportPage = "report_page",
        Repository = "repository",
        Since = "since",
        Status = "status",
        Unfinished = "unfinished",
        Until = "until",
        Waiting = "waiting",
        What = "what",
    }
}

/// Declares the templates with their built-in texts.
macro_rules! templates {
    ($($variant:ident = $text:literal),+ $(,)?) => {
        names! {
            /// The templates, by the names of their files.
            Name { $($variant = $text),+ }
        }

        fn built_in(name: Name) -> &'static str {
            match name { $(Name::$variant => include_str!(concat!("templates/", $text))),+ }
        }
    };
}

templates! {
    Acknowledgement = "acknowledgement.txt",
    AcknowledgementForward = "acknowledgement-forward.txt",
    AcknowledgementPublic = "acknowledgement-public.txt",
    Alert = "alert.txt",
    AlertLinkOnly = "alert-link-only.txt",
    AlertNoLink = "alert-no-link.txt",
    AlertUrgent = "alert-urgent.txt",
    AlertWithoutContent = "alert-without-content.txt",
    CannotOpen = "cannot-open.txt",
    CauseDamaged = "cause-damaged.txt",
    CauseExchange = "cause-exchange.txt",
    CauseMangled = "cause-mangled.txt",
    CauseNoIntegrity = "cause-no-integrity.txt",
    CauseNoKey = "cause-no-key.txt",
    CauseOldKey = "cause-old-key.txt",
    CausePassword = "cause-password.txt",
    CauseSmime = "cause-smime.txt",
    CauseTooLarge = "cause-too-large.txt",
    Closing = "closing.txt",
    Digest = "digest.txt",
    Encryption = "encryption.txt",
    HowToReport = "how-to-report.txt",
    OldKey = "old-key.txt",
    OpenedNow = "opened-now.txt",
    Receipt = "receipt.txt",
    ReceiptHeld = "receipt-held.txt",
    Received = "received.txt",
    SecretKey = "secret-key.txt",
    SignedOnly = "signed-only.txt",
}

/// The texts of everything the gateway writes, read and checked.
///
/// A template is plain text. `{name}` stands for one of the gateway's own values, `{{` and `}}` for braces. A paragraph
/// with a value that does not exist, or that this reader must not see, is left out. A first line `Subject: …` is the
/// mail's subject; templates that are added to others have none.
#[derive(Debug)]
pub struct Templates(BTreeMap<Name, Template>);

/// What is wrong with a folder of templates; for the operator.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("cannot read the templates in {}: {reason}; check the path and that the service's user may read it", path.display())]
    Unreadable { path: PathBuf, reason: io::Error },
    #[error("{} is no template: did you mean {nearest}?", path.display())]
    UnknownFile { path: PathBuf, nearest: &'static str },
    #[error("{file}, line {line}: there is no placeholder {{{name}}}: did you mean {{{nearest}}}?")]
    UnknownPlaceholder { file: String, line: usize, name: String, nearest: &'static str },
    #[error("{file}, line {line}: write a single brace twice, `{{{{` or `}}}}`, or close the placeholder")]
    Brace { file: String, line: usize },
    #[error("{file} must begin with a line `Subject: …`, and then an empty line")]
    NoSubject { file: String },
    #[error("{file} is larger than {MAX_TEMPLATE} bytes: make it shorter")]
    TooLarge { file: String },
}

/// The values for one mail; what is not there is not shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Values(BTreeMap<Placeholder, String>);

#[derive(Debug)]
struct Template {
    subject: Option<Vec<Segment>>,
    paragraphs: Vec<Vec<Segment>>,
}

#[derive(Debug)]
enum Segment {
    Text(String),
    Value(Placeholder),
}

/// The templates of the operator's folder as they were read. Apart from [`Templates`] so that one process may read the
/// files and another, which cannot open any, may use them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateFiles(Vec<(PathBuf, String)>);

impl TemplateFiles {
    /// Reads every template in `folder`.
    ///
    /// # Errors
    ///
    /// A sentence that names the file: it cannot be read, is too large, or has no name of a template.
    pub fn read(folder: &Path) -> Result<TemplateFiles, TemplateError> {
        let files = text_files(folder)?.into_iter().map(|path| read(&path).map(|text| (path, text)));
        Ok(TemplateFiles(files.collect::<Result<_, _>>()?))
    }
}

impl Templates {
    /// The built-in templates, with those of `folder` in place of the ones with the same names.
    ///
    /// # Errors
    ///
    /// A sentence that names the file, for whatever could make a mail come out wrong: unknown names, stray braces.
    pub fn load(folder: Option<&Path>) -> Result<Templates, TemplateError> {
        let files = folder.map(TemplateFiles::read).transpose()?;
        Templates::from_files(&files.unwrap_or_default())
    }

    /// The built-in templates, with `files` in place of the ones with the same names. Touches no file.
    ///
    /// # Errors
    ///
    /// As for [`Templates::load`].
    pub fn from_files(files: &TemplateFiles) -> Result<Templates, TemplateError> {
        let mut templates = BTreeMap::new();
        for name in Name::ALL {
            templates.insert(*name, Template::parse(*name, name.as_str(), built_in(*name))?);
        }
        for (path, text) in &files.0 {
            let name = name_of(path)?;
            templates.insert(name, Template::parse(name, &path.display().to_string(), text)?);
        }
        Ok(Templates(templates))
    }

    /// The mail's subject on one line; empty for a template that has none.
    pub(super) fn subject(&self, name: Name, values: &Values) -> String {
        let segments = self.0.get(&name).and_then(|template| template.subject.as_deref());
        let filled = segments.unwrap_or_default().iter().map(|segment| match segment {
            Segment::Text(text) => text.as_str(),
            Segment::Value(placeholder) => values.get(*placeholder).unwrap_or_default(),
        });
        filled.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The mail's text, without the paragraphs that lack a value.
    pub(super) fn text(&self, name: Name, values: &Values) -> String {
        let paragraphs = self.0.get(&name).map(|template| template.paragraphs.as_slice()).unwrap_or_default();
        let filled: Vec<String> = paragraphs.iter().filter_map(|paragraph| values.fill(paragraph)).collect();
        filled.join("\n\n")
    }
}

impl Values {
    pub(super) fn set(&mut self, placeholder: Placeholder, value: impl Into<String>) {
        self.0.insert(placeholder, value.into());
    }

    pub(super) fn set_some(&mut self, placeholder: Placeholder, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.set(placeholder, value);
        }
    }

    fn get(&self, placeholder: Placeholder) -> Option<&str> {
        self.0.get(&placeholder).map(String::as_str)
    }

    fn fill(&self, paragraph: &[Segment]) -> Option<String> {
        let mut text = String::new();
        for segment in paragraph {
            match segment {
                Segment::Text(part) => text.push_str(part),
                Segment::Value(placeholder) => text.push_str(self.get(*placeholder).filter(|v| !v.is_empty())?),
            }
        }
        Some(text)
    }
}

impl Template {
    fn parse(name: Name, file: &str, text: &str) -> Result<Template, TemplateError> {
        let text = text.replace("\r\n", "\n");
        let (subject, body) = match text.strip_prefix("Subject:") {
            Some(rest) => {
                let (subject, body) = rest.split_once('\n').unwrap_or((rest, ""));
                (Some(segments(file, 1, subject.trim())?), body)
            }
            None => (None, text.as_str()),
        };
        if subject.is_none() && name.has_subject() {
            return Err(TemplateError::NoSubject { file: file.to_owned() });
        }
        let mut paragraphs = Vec::new();
        let mut line = 1 + usize::from(subject.is_some());
        for paragraph in body.split("\n\n") {
            let trimmed = paragraph.trim_matches('\n');
            let skipped = paragraph.len() - paragraph.trim_start_matches('\n').len();
            if !trimmed.trim().is_empty() {
                paragraphs.push(segments(file, line + skipped, trimmed)?);
            }
            line += paragraph.matches('\n').count() + 2;
        }
        Ok(Template { subject, paragraphs })
    }
}

impl Name {
    /// Templates that are added to others have no subject of their own.
    fn has_subject(self) -> bool {
        !matches!(
            self,
            Name::CauseDamaged
                | Name::CauseExchange
                | Name::CauseMangled
                | Name::CauseNoIntegrity
                | Name::CauseNoKey
                | Name::CauseOldKey
                | Name::CausePassword
                | Name::CauseSmime
                | Name::CauseTooLarge
                | Name::Closing
                | Name::Encryption
                | Name::OldKey
                | Name::OpenedNow
                | Name::SecretKey
                | Name::SignedOnly
        )
    }
}

/// A text with its values filled in; `None` where one is missing.
pub(super) fn fill(text: &str, values: &Values) -> Option<String> {
    values.fill(&segments("", 1, text).ok()?)
}

/// A text in pieces; `line` is the number of its first line.
fn segments(file: &str, line: usize, text: &str) -> Result<Vec<Segment>, TemplateError> {
    let at = |rest: &str| line + text[..text.len() - rest.len()].matches('\n').count();
    let brace = |rest: &str| TemplateError::Brace { file: file.to_owned(), line: at(rest) };
    let (mut found, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some(position) = rest.find(['{', '}']) {
        plain.push_str(&rest[..position]);
        let here = &rest[position..];
        rest = if let Some(after) = here.strip_prefix("{{") {
            plain.push('{');
            after
        } else if let Some(after) = here.strip_prefix("}}") {
            plain.push('}');
            after
        } else {
            let (name, after) =
                here.strip_prefix('{').and_then(|inner| inner.split_once('}')).ok_or_else(|| brace(here))?;
            if name.contains(['{', '\n']) {
                return Err(brace(here));
            }
            found.push(Segment::Text(std::mem::take(&mut plain)));
            found.push(Segment::Value(placeholder(file, at(here), name)?));
            after
        };
    }
    plain.push_str(rest);
    found.push(Segment::Text(plain));
    Ok(found)
}

fn placeholder(file: &str, line: usize, name: &str) -> Result<Placeholder, TemplateError> {
    let names = Placeholder::ALL;
    names.iter().copied().find(|p| p.as_str() == name).ok_or_else(|| TemplateError::UnknownPlaceholder {
        file: file.to_owned(),
        line,
        name: name.to_owned(),
        nearest: nearest(name, names.iter().map(|p| p.as_str())),
    })
}

fn nearest(name: &str, names: impl Iterator<Item = &'static str>) -> &'static str {
    names.min_by_key(|other| strsim::damerau_levenshtein(name, other)).unwrap_or_default()
}

fn text_files(folder: &Path) -> Result<Vec<PathBuf>, TemplateError> {
    let unreadable = |reason| TemplateError::Unreadable { path: folder.to_owned(), reason };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|ending| ending == "txt") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Only what is a template by its name is read at all.
fn read(path: &Path) -> Result<String, TemplateError> {
    let unreadable = |reason| TemplateError::Unreadable { path: path.to_owned(), reason };
    name_of(path)?;
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_TEMPLATE {
        return Err(TemplateError::TooLarge { file: path.display().to_string() });
    }
    fs::read_to_string(path).map_err(unreadable)
}

fn name_of(path: &Path) -> Result<Name, TemplateError> {
    let file_name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Name::ALL.iter().copied().find(|name| name.as_str() == file_name).ok_or_else(|| TemplateError::UnknownFile {
        path: path.to_owned(),
        nearest: nearest(file_name, Name::ALL.iter().map(|n| n.as_str())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str, values: &Values) -> Result<String, String> {
        let template = Template::parse(Name::Closing, "x.txt", text).map_err(|e| e.to_string())?;
        let filled = template.paragraphs.iter().filter_map(|p| values.fill(p));
        Ok(filled.collect::<Vec<_>>().join("|"))
    }

    #[test]
    fn fills_in_values_and_leaves_out_paragraphs_that_lack_one() {
        let mut values = Values::default();
        values.set(Placeholder::Case, "C-1");
        values.set(Placeholder::Notes, "{advisory}");
        let cases = [
            ("Case {case}.", Ok("Case C-1.")),
            ("One {case}.\n\nTwo {advisory}.\n\nThree.", Ok("One C-1.|Three.")),
            ("{{case}}", Ok("{case}")),
            ("a value is no template: {notes}", Ok("a value is no template: {advisory}")),
            ("x\n\ny\n{cast}", Err("x.txt, line 4: there is no placeholder {cast}: did you mean {case}?")),
            ("{case", Err("x.txt, line 1: write a single brace twice, `{{` or `}}`, or close the placeholder")),
            ("a\nb }", Err("x.txt, line 2: write a single brace twice, `{{` or `}}`, or close the placeholder")),
        ];
        for (text, expected) in cases {
            assert_eq!(rendered(text, &values).as_deref().map_err(String::as_str), expected, "{text:?}");
        }
    }

    #[test]
    fn a_folder_replaces_templates_and_is_refused_with_a_sentence_when_something_is_wrong() {
        let cases = [
            ("receipt.txt", "Subject: Thanks {case}\n\nGot it.", None),
            ("receipt.txt", "Got it.", Some("must begin with a line `Subject: …`")),
            ("recept.txt", "", Some("did you mean receipt.txt?")),
            (
                "receipt.txt",
                "Subject: x\n\n{advisori}",
                Some("line 3: there is no placeholder {advisori}: did you mean {advisory}?"),
            ),
            ("README", "not looked at {", None),
        ];
        for (name, text, expected) in cases {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(name), text).unwrap();
            let result = Templates::load(Some(folder.path())).map(|_| ()).map_err(|e| e.to_string());
            match expected {
                Some(part) => assert!(result.as_ref().is_err_and(|e| e.contains(part)), "{name}: {result:?}"),
                None => assert_eq!(result, Ok(()), "{name}"),
            }
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("receipt.txt"), "Subject: Thanks {case}\n\nGot it.").unwrap();
        let templates = Templates::load(Some(folder.path())).unwrap();
        let mut values = Values::default();
        values.set(Placeholder::Case, "C-1");
        assert_eq!(templates.subject(Name::Receipt, &values), "Thanks C-1");
        assert_eq!(templates.text(Name::Receipt, &values), "Got it.");
        assert!(Templates::load(Some(&folder.path().join("missing"))).is_err());
    }
}
