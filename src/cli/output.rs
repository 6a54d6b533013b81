//! Shows results: text or JSON to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::app::Error;

/// How results are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

/// Where results go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub format: Format,
}

impl Output {
    pub fn new(format: Format) -> Self {
        Output { format }
    }

    pub fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// One line of text.
    pub fn line(self, text: impl AsRef<str>) -> Result<(), Error> {
        self.raw(format!("{}\n", text.as_ref()).as_bytes())
    }

    /// One line of JSON.
    pub fn json(self, value: &impl Serialize) -> Result<(), Error> {
        let mut line = serde_json::to_vec(value).map_err(|error| Error::Output(error.into()))?;
        line.push(b'\n');
        self.raw(&line)
    }

    /// Bytes as they are.
    pub fn raw(self, bytes: &[u8]) -> Result<(), Error> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(Error::Output)
    }

    /// Something that should be looked at. Where stderr is gone there is nobody to tell.
    pub fn warn(self, text: &str) {
        let _ = writeln!(io::stderr(), "{} {text}", paint(io::stderr().is_terminal(), Colour::Yellow, "warning:"));
    }

    /// What was in the way of the command.
    pub fn fail(self, text: &str) {
        let _ = writeln!(io::stderr(), "{} {text}", paint(io::stderr().is_terminal(), Colour::Red, "error:"));
    }

    /// A word of a result in colour, on a terminal.
    pub fn colour(self, colour: Colour, text: &str) -> String {
        paint(io::stdout().is_terminal(), colour, text)
    }

    /// A progress bar of `length` steps on a terminal; nothing elsewhere.
    pub fn progress(self, length: u64) -> ProgressBar {
        if self.is_json() || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
        style.map_or_else(|_| ProgressBar::new(length), |style| ProgressBar::new(length).with_style(style))
    }
}

/// A table with `columns`, as wide as the terminal.
pub(super) fn table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|column| Cell::new(column).add_attribute(Attribute::Bold)));
    if !io::stdout().is_terminal() || no_colour() {
        table.force_no_tty();
        // Without a terminal there is no width to fit into; a script or a log wants whole lines.
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table
}

/// Colours, for their meaning.
#[derive(Debug, Clone, Copy)]
pub(super) enum Colour {
    Green,
    Yellow,
    Red,
}

fn paint(terminal: bool, colour: Colour, text: &str) -> String {
    if !terminal || no_colour() {
        return text.to_owned();
    }
    let code = match colour {
        Colour::Green => 32,
        Colour::Yellow => 33,
        Colour::Red => 31,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Whether the person wants none (<https://no-color.org>).
fn no_colour() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// The word by which a value is written in JSON: the same for people and scripts.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(value) => value.to_string(),
        Err(_) => String::new(),
    }
}

/// Text from a mail, which must not move the terminal's cursor or set its title.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_cannot_drive_the_terminal() {
        assert_eq!(harmless("\x1b]0;owned\x07 a\nb\u{9b}1m"), "\u{fffd}]0;owned\u{fffd} a\nb\u{fffd}1m");
    }
}
