//! Cuts what is to be shown into pages within GitHub's limit, in order, with nothing lost.

use super::blocks::Block;
use super::neutral::write;

/// Something to show: the gateway's own Markdown, or a piece of the mail.
pub(super) enum Item<'a> {
    /// Made by the gateway; never cut, so always short.
    Own(String),
    Mail(Block<'a>),
}

/// Longest piece of mail text that is escaped as one, in characters: escaping at most makes eight of one.
const PIECE: usize = 4_000;

/// Length as the strictest reading of "characters" counts it (UTF-16 units; never less than characters).
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Packs `items` into pages: the first of at most `first` characters, the others of at most `other`.
pub(super) fn pages<'a>(items: impl Iterator<Item = Item<'a>>, first: usize, other: usize) -> Vec<String> {
    let (mut pages, mut room) = (vec![String::new()], first);
    let mut add = |markdown: String| {
        let needed = length(&markdown) + 2;
        if needed > room && pages.last().is_some_and(|page| !page.is_empty()) {
            pages.push(String::new());
            room = other;
        }
        room = room.saturating_sub(needed);
        if let Some(page) = pages.last_mut() {
            if !page.is_empty() {
                page.push_str("\n\n");
            }
            page.push_str(&markdown);
        }
    };
    for item in items {
        match item {
            Item::Own(markdown) => add(markdown),
            Item::Mail(block) => {
                // Escaping adds more than it takes away, but for blank space.
                let whole = (block.lines.len() <= 4 * other).then(|| markdown(&block));
                match whole.filter(|whole| length(whole) + 2 <= other / 4) {
                    Some(whole) => add(whole),
                    None => {
                        let pieces = block.lines.groups(PIECE).map(|lines| Block { lines, ..block });
                        pieces.for_each(|piece| add(markdown(&piece)));
                    }
                }
            }
        }
    }
    pages
}

fn markdown(block: &Block<'_>) -> String {
    let mut markdown = String::new();
    write(block, &mut markdown);
    markdown
}
