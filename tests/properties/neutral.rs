//! Text from mail in Markdown, read by a parser that is not ours.

use std::sync::LazyLock;

use advisory_intake::advisory::neutralise;
use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, parse_document};
use regex::Regex;

/// Any text, made harmless, is paragraphs, quotes and code and nothing that acts, and stands for itself: what follows it is not
/// drawn into it.
pub fn check(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let markdown = neutralise(&text);
    let found = acts(&markdown);
    assert!(found.is_empty(), "{text:?} became {markdown:?}: {found:?}");
    let followed = format!("{markdown}\n\n# The gateway's own");
    assert_eq!(acts(&followed), ["Heading"], "{text:?} became {markdown:?} and reaches beyond itself");
    assert!(markdown.len() <= 32 * text.len() + 64, "{} bytes became {}", text.len(), markdown.len());
}

/// Everything in `markdown` that GitHub would do more with than show it.
pub(super) fn acts(markdown: &str) -> Vec<String> {
    let (mut found, mut options) = (Vec::new(), Options::default());
    options.extension.autolink = true;
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.math_dollars = true;
    options.extension.alerts = true;
    let arena = Arena::new();
    walk(parse_document(&arena, markdown, &options), &mut found);
    found
}

/// Mentions, and references to issues, advisories and commits (GitHub's "Autolinked references and URLs").
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^|[^a-z0-9_])@[a-z0-9]|#[0-9]|\bgh-[0-9]|\bghsa-[a-z0-9]|\b[0-9a-f]{7,40}\b|https?://|\bwww\.")
        .expect("a pattern")
});

fn walk<'a>(node: &'a AstNode<'a>, found: &mut Vec<String>) {
    match &node.data.borrow().value {
        NodeValue::Text(text) => {
            // A number is no commit, for GitHub looks for the letters and digits of a hash that exists.
            let number =
                |hit: &str| hit.bytes().all(|b| b.is_ascii_digit()) || hit.bytes().all(|b| b.is_ascii_alphabetic());
            let hits = REFERENCE.find_iter(text).map(|hit| hit.as_str()).filter(|hit| !number(hit));
            found.extend(hits.map(|hit| format!("reference {hit:?}")));
        }
        NodeValue::CodeBlock(block) => {
            let drawn = ["mermaid", "math", "geojson", "topojson", "stl"];
            let language = block.info.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
            found.extend(drawn.contains(&language.as_str()).then(|| format!("drawing {language}")));
        }
        NodeValue::Document
        | NodeValue::Paragraph
        | NodeValue::LineBreak
        | NodeValue::SoftBreak
        // What the mail quotes.
        | NodeValue::BlockQuote
        | NodeValue::Code(_) => {}
        other => found.push(format!("{other:?}").split(['(', '{', ' ']).next().unwrap_or_default().to_owned()),
    }
    for child in node.children() {
        walk(child, found);
    }
}
