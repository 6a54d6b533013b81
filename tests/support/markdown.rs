//! What Markdown really does, seen by a parser that is not ours.

use std::sync::LazyLock;

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, parse_document};
use regex::Regex;

/// What GitHub would do with a text, seen by a parser that is not ours.
pub fn acts(markdown: &str) -> Vec<String> {
    let mut found = Vec::new();
    let arena = Arena::new();
    walk(parse_document(&arena, markdown, &options()), &mut found);
    found
}

/// The blocks of a document, outermost ones only: kind and text of each.
#[allow(dead_code, reason = "only whole advisories have an outline")]
pub fn outline(markdown: &str) -> Vec<(String, String)> {
    let arena = Arena::new();
    let document = parse_document(&arena, markdown, &options());
    document.children().map(|node| (name(&node.data.borrow().value), text(node))).collect()
}

fn text<'a>(node: &'a AstNode<'a>) -> String {
    let mut all = String::new();
    for below in node.descendants() {
        match &below.data.borrow().value {
            NodeValue::Text(text) => all.push_str(text),
            NodeValue::Code(code) => all.push_str(&code.literal),
            NodeValue::CodeBlock(code) => all.push_str(&code.literal),
            NodeValue::TableCell => all.push('|'),
            NodeValue::LineBreak | NodeValue::SoftBreak => all.push('\n'),
            _ => {}
        }
    }
    all
}

fn name(value: &NodeValue) -> String {
    format!("{value:?}").split(['(', '{', ' ']).next().unwrap_or_default().to_owned()
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.inline_footnotes = true;
    options.extension.description_lists = true;
    options.extension.math_dollars = true;
    options.extension.math_code = true;
    options.extension.alerts = true;
    options.extension.wikilinks_title_after_pipe = true;
    options.extension.underline = true;
    options.extension.spoiler = true;
    options.extension.header_id_prefix = Some(String::new());
    options
}

/// What GitHub makes of words after the parser has seen them: pings, references, pictures.
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^|[^a-z0-9_])[@\u{ff20}][a-z0-9]|#\d|\bgh-\d|\bghsa-|\b[0-9a-f]{7,40}\b|:[a-z0-9_+-]*[a-z0-9][a-z0-9_+-]*:|://|www\.|mailto:|xmpp:")
        .unwrap()
});

fn walk<'a>(node: &'a AstNode<'a>, found: &mut Vec<String>) {
    match &node.data.borrow().value {
        NodeValue::Text(text) => {
            found.extend(REFERENCE.find_iter(text).map(|hit| format!("reference {:?}", hit.as_str())));
        }
        NodeValue::Document
        | NodeValue::Paragraph
        | NodeValue::LineBreak
        | NodeValue::SoftBreak
        | NodeValue::BlockQuote
        | NodeValue::Code(_) => {}
        NodeValue::CodeBlock(block) => {
            let drawing =
                ["mermaid", "math", "geojson", "topojson", "stl"].contains(&block.info.to_lowercase().as_str());
            found.extend((drawing || !block.fenced).then(|| format!("code {:?}", block.info)));
        }
        other => found.push(name(other)),
    }
    for child in node.children() {
        walk(child, found);
    }
}
