//! Phrases that are found in a text in one pass, however many there are.

use crate::triage::reading::Reading;

/// Phrases with what each stands for. A word that ends in `*` is a beginning.
///
/// The first words are in a tree by their bytes, so that the time to look at a word does not grow with the phrases.
pub(super) struct Phrases<T> {
    nodes: Vec<Node<T>>,
}

struct Node<T> {
    /// By byte, sorted.
    next: Vec<(u8, usize)>,
    whole: Vec<(Vec<String>, T)>,
    stems: Vec<(Vec<String>, T)>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Node { next: Vec::new(), whole: Vec::new(), stems: Vec::new() }
    }
}

impl<T: Copy> Phrases<T> {
    /// The phrases, cut into words as the reading cuts a text.
    pub fn of(phrases: impl Iterator<Item = (T, impl AsRef<str>)>) -> Phrases<T> {
        let mut found = Phrases { nodes: vec![Node::default()] };
        for (of, phrase) in phrases {
            let words: Vec<String> = phrase.as_ref().split_whitespace().flat_map(split_word).collect();
            let Some((first, rest)) = words.split_first() else { continue };
            let stem = first.strip_suffix('*');
            let at = found.node(stem.unwrap_or(first));
            let Some(node) = found.nodes.get_mut(at) else { continue };
            let list = if stem.is_some() { &mut node.stems } else { &mut node.whole };
            list.push((rest.to_vec(), of));
        }
        found
    }

    /// Tells `found` each phrase that begins with the word at `at`.
    pub fn find(&self, reading: &Reading, at: usize, mut found: impl FnMut(T)) {
        let mut tell = |list: &[(Vec<String>, T)]| {
            list.iter().filter(|(rest, _)| follows(reading, at + 1, rest)).for_each(|(_, of)| found(*of));
        };
        let mut node = self.nodes.first();
        for byte in reading.word(at).bytes() {
            node = node.and_then(|node| self.nodes.get(node.child(byte)?));
            let Some(node) = node else { return };
            tell(&node.stems);
        }
        tell(node.map_or(&[][..], |node| &node.whole));
    }

    fn node(&mut self, word: &str) -> usize {
        word.bytes().fold(0, |at, byte| {
            let new = self.nodes.len();
            match self.nodes.get_mut(at).map(|node| node.child_or(byte, new)) {
                Some(child) if child == new => {
                    self.nodes.push(Node::default());
                    new
                }
                child => child.unwrap_or_default(),
            }
        })
    }
}

impl<T> Node<T> {
    fn child(&self, byte: u8) -> Option<usize> {
        let at = self.next.binary_search_by_key(&byte, |(byte, _)| *byte).ok()?;
        self.next.get(at).map(|(_, child)| *child)
    }

    fn child_or(&mut self, byte: u8, new: usize) -> usize {
        match self.next.binary_search_by_key(&byte, |(byte, _)| *byte) {
            Ok(at) => self.next.get(at).map_or(new, |(_, child)| *child),
            Err(at) => {
                self.next.insert(at, (byte, new));
                new
            }
        }
    }
}

/// As the reading cuts it, with the `*` kept: an ideograph is a word of its own, "e-mail" two.
fn split_word(word: &str) -> Vec<String> {
    let stem = word.ends_with('*');
    let reading = Reading::of(word.trim_end_matches('*'));
    let mut words: Vec<String> = reading.window(0, reading.len()).into_iter().map(str::to_owned).collect();
    if let Some(last) = words.last_mut().filter(|_| stem) {
        last.push('*');
    }
    words
}

/// Whether the words from `at` on are `rest`.
fn follows(reading: &Reading, at: usize, rest: &[String]) -> bool {
    rest.iter().enumerate().all(|(offset, wanted)| {
        let word = reading.word(at + offset);
        match wanted.strip_suffix('*') {
            Some(stem) => word.starts_with(stem),
            None => word == wanted,
        }
    })
}
