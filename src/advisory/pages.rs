//! Cuts what is to be shown into pages within GitHub's limit, in order, with nothing lost.

use super::neutral::Block;

/// Something to show: the gateway's own Markdown, or a piece of the mail.
pub(super) enum Item {
    /// Made by the gateway; never cut, so always short.
    Own(String),
    Mail(Block),
}

/// Longest piece of mail text that is escaped as one, in characters: escaping at most makes eight of one.
const PIECE: usize = 4_000;

/// Length as the strictest reading of "characters" counts it (UTF-16 units; never less than characters).
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Packs `items` into pages: the first of at most `first` characters, the others of at most `other`.
pub(super) fn pages(items: Vec<Item>, first: usize, other: usize) -> Vec<String> {
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
                let whole = block.markdown();
                if length(&whole) + 2 <= other / 4 {
                    add(whole);
                } else {
                    pieces(block).iter().map(Block::markdown).for_each(&mut add);
                }
            }
        }
    }
    pages
}

/// `block` in pieces of at most [`PIECE`] characters; each piece of code gets fences of its own.
fn pieces(block: Block) -> Vec<Block> {
    let (lines, language, quoted) = match block {
        Block::Prose(lines) => (lines, None, false),
        Block::Quote(lines) => (lines, None, true),
        Block::Code { language, lines } => (lines, Some(language), false),
    };
    let (mut groups, mut group, mut size): (Vec<Vec<String>>, Vec<String>, usize) = (Vec::new(), Vec::new(), 0);
    for line in lines.iter().flat_map(|line| short(line)) {
        let more = line.chars().count() + 1;
        if size + more > PIECE && !group.is_empty() {
            groups.push(std::mem::take(&mut group));
            size = 0;
        }
        size += more;
        group.push(line);
    }
    groups.push(group);
    let made = |lines| match &language {
        None if quoted => Block::Quote(lines),
        None => Block::Prose(lines),
        Some(language) => Block::Code { language: language.clone(), lines },
    };
    groups.into_iter().map(made).collect()
}

/// A line in pieces short enough for any page, cut at spaces where there are some.
fn short(line: &str) -> Vec<String> {
    let (mut pieces, mut piece, mut size) = (Vec::new(), String::new(), 0);
    for word in line.split_inclusive(' ') {
        let more = word.chars().count();
        if size > 0 && size + more >= PIECE {
            pieces.push(std::mem::take(&mut piece));
            size = 0;
        }
        for c in word.chars() {
            if size + 1 >= PIECE {
                pieces.push(std::mem::take(&mut piece));
                size = 0;
            }
            piece.push(c);
            size += 1;
        }
    }
    pieces.push(piece);
    pieces
}
