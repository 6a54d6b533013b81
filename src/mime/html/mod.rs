//! HTML as text that people can read, in the manner of Markdown.
//!
//! One pass over the tokens (HTML 13.2.5), no recursion, bounded nesting, time and memory linear in the input. The text is no
//! finished Markdown: it is shown as it stands in mail, and made harmless where Markdown is rendered.

mod element;
mod page;
mod style;
mod table;
#[cfg(test)]
mod tests;
mod writer;

use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

use self::page::Page;

/// HTML as text: what a reader sees of it.
///
/// Paragraphs, headings (`#`), lists, quotes (`>`), code (fenced, with its language) and tables (with bars) keep their
/// shape. The target of a link always stands beside its text, `text <url>`. Of an image its description is left. What the
/// HTML hides from its reader is left out, and a mark tells that something was. Armor keeps its lines.
pub fn html_text(html: &str) -> String {
    let mut page = Page::new(html.len());
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
        page.event(event);
        None
    });
    emitter.naively_switch_states(true);
    let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
    page.finish()
}
