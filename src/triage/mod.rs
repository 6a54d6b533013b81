//! Reads and judges an opened message (stages 4 and 5): what it says, what it is, who may know, and where it belongs.
//!
//! Everything here is pure and takes time linear in the text: no I/O, no clock, no randomness, and no text makes it
//! panic. [`Routing`] is the table of repositories, [`extract`] fills a [`Report`](crate::model::Report), [`judge`] a
//! [`Verdict`](crate::model::Verdict) by adding up weighted signals from tables; each that took part is told as evidence
//! in the table's words, never in the mail's. Of a long text only its beginning and its end are read, 256 KiB together; the
//! report keeps all of it.

use std::borrow::Cow;

mod extract;
mod judge;
mod linked;
mod reading;
mod routing;
mod scan;
#[cfg(test)]
mod tests;
mod title;

/// How much of a text is read for judging, in bytes, from its beginning and from its end. What stands between is kept for
/// the advisory and the alert.
const MOST_READ: (usize, usize) = (192 * 1024, 64 * 1024);

/// How much of a summary is read, in bytes: it weighs more than the text, so it must not be one.
const LONGEST_SUMMARY: usize = 2048;

/// What of `text` is read: all of it, or its beginning and its end with an empty line between.
fn read(text: &str) -> Cow<'_, str> {
    let (beginning, end) = MOST_READ;
    if text.len() <= beginning + end {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}\n\n{}", first_bytes(text, beginning), last_bytes(text, end)))
}

/// Where in `text` that stands which stands at `at` of what [`read`] gives of it.
fn place_of_read(text: &str, at: usize) -> usize {
    let (beginning, end) = MOST_READ;
    let first = first_bytes(text, beginning).len();
    if text.len() <= beginning + end || at <= first {
        return at;
    }
    let left_out = text.len() - last_bytes(text, end).len() - first;
    (at + left_out).saturating_sub("\n\n".len()).min(text.len())
}

/// At most `most` bytes from the beginning of `text`, in whole characters.
fn first_bytes(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// At most `most` bytes from the end of `text`, in whole characters.
fn last_bytes(text: &str, most: usize) -> &str {
    let begin = (text.len().saturating_sub(most)..=text.len()).find(|at| text.is_char_boundary(*at));
    begin.and_then(|at| text.get(at..)).unwrap_or_default()
}

pub use extract::extract;
pub use judge::{
    Example, ExamplesError, Explanation, Signal, Wording, WordingError, examples_of_mail, explain, judge, learn,
    read_sentences,
};
pub use linked::links_to_look_up;
pub use routing::{Import, Problem as RoutingProblem, RegistryFile, Routing, RoutingError};
