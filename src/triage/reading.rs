//! A text as words and clauses, so that rules can speak of both.

/// A text in lower case, cut into words and clauses.
///
/// A word is letters and digits with `+`, `#`, `'` and inner dots (`c++`, `.net`, `don't`, `v1.2.0`); each Han, kana or
/// Hangul character is one word, since those scripts put no spaces. A clause ends at `.`, `!`, `?`, `;`, an empty line,
/// and at words such as "but".
pub(super) struct Reading {
    lower: String,
    words: Vec<Word>,
    clauses: usize,
}

struct Word {
    start: usize,
    end: usize,
    clause: usize,
    sentence: usize,
    place: usize,
}

/// A few words in a row.
pub(super) struct Few<'a, const N: usize> {
    words: [&'a str; N],
    count: usize,
}

impl<'a, const N: usize> std::ops::Deref for Few<'a, N> {
    type Target = [&'a str];

    fn deref(&self) -> &[&'a str] {
        self.words.get(..self.count).unwrap_or_default()
    }
}

impl Reading {
    /// Reads `text` in one pass.
    pub fn of(text: &str) -> Reading {
        let mut lower = text.to_lowercase();
        if lower.contains('’') {
            lower = lower.replace('’', "'");
        }
        let (mut words, mut count, mut start, mut newlines) = (Vec::new(), Counts::default(), None, 0);
        let mut chars = lower.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            if is_word(c, next) {
                newlines = 0;
                let from = *start.get_or_insert(at);
                if is_ideograph(c) || !next.is_some_and(|next| continues(next) && !is_ideograph(next)) {
                    push(&mut words, &lower, from, at + c.len_utf8(), &mut count);
                    start = None;
                }
                continue;
            }
            if let Some(from) = start.take() {
                push(&mut words, &lower, from, at, &mut count);
            }
            newlines = if c == '\n' {
                newlines + 1
            } else if c.is_whitespace() {
                newlines
            } else {
                0
            };
            let ends = match c {
                '!' | '?' | ';' | '。' | '！' | '？' | '；' => true,
                '.' => next.is_none_or(char::is_whitespace),
                _ => newlines == 2,
            };
            count.sentences += usize::from(ends);
            count.clauses += usize::from(ends || c == ':' && next.is_none_or(char::is_whitespace));
            count.commas += usize::from(matches!(c, ',' | '，' | '、' | '(' | ')'));
        }
        Reading { lower, clauses: count.clauses + 1, words }
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The word at `index`, or nothing.
    pub fn word(&self, index: usize) -> &str {
        self.words.get(index).and_then(|word| self.lower.get(word.start..word.end)).unwrap_or_default()
    }

    /// At most `count` words from `index` on.
    pub fn window(&self, index: usize, count: usize) -> Vec<&str> {
        (index..(index + count).min(self.words.len())).map(|at| self.word(at)).collect()
    }

    /// At most `N` words from `index` on, for a look at each word of a text.
    pub fn few<const N: usize>(&self, index: usize) -> Few<'_, N> {
        let mut few = Few { words: [""; N], count: 0 };
        let behind = self.words.get(index..).unwrap_or_default();
        for (place, word) in few.words.iter_mut().zip(behind) {
            *place = self.lower.get(word.start..word.end).unwrap_or_default();
            few.count += 1;
        }
        few
    }

    /// The clause that the word at `index` stands in.
    pub fn clause(&self, index: usize) -> usize {
        self.words.get(index).map_or(0, |word| word.clause)
    }

    /// The sentence that the word at `index` stands in; one may have several clauses.
    pub fn sentence(&self, index: usize) -> usize {
        self.words.get(index).map_or(0, |word| word.sentence)
    }

    /// Whether the word at `index` begins a link.
    pub fn begins_link(&self, index: usize) -> bool {
        self.words.get(index).and_then(|word| self.lower.get(word.end..)).is_some_and(|rest| rest.starts_with("://"))
    }

    /// Whether no space stands between the word at `index` and the next.
    pub fn touches_next(&self, index: usize) -> bool {
        let between = self.words.get(index).zip(self.words.get(index + 1));
        let between = between.and_then(|(word, next)| self.lower.get(word.end..next.start));
        between.is_some_and(|between| !between.contains(char::is_whitespace))
    }

    /// Where the word at `index` stands, for distances: a comma counts for several words.
    pub fn place(&self, index: usize) -> usize {
        self.words.get(index).map_or(0, |word| word.place)
    }

    /// Number of clauses.
    pub fn clauses(&self) -> usize {
        self.clauses
    }
}

/// `text` as [`Reading`] would read its words, joined by single spaces.
pub(super) fn normalise(text: &str) -> String {
    let reading = Reading::of(text);
    reading.window(0, reading.len()).join(" ")
}

/// What a comma or a bracket adds to the distance between words.
const COMMA: usize = 4;

/// Most words of a clause. Words are compared with each other within one, so a text without full stops must not be one.
const LONGEST_CLAUSE: usize = 200;

/// Words that begin a new clause: what they join is not negated by what stands before.
const TURNS: &[&str] = &["but", "however", "although", "though", "whereas", "aber", "jedoch", "mais", "pero", "mas"];

/// What was passed so far.
#[derive(Default)]
struct Counts {
    clauses: usize,
    sentences: usize,
    commas: usize,
}

fn push(words: &mut Vec<Word>, lower: &str, start: usize, end: usize, count: &mut Counts) {
    let raw = lower.get(start..end).unwrap_or_default();
    let trimmed = raw.trim_end_matches(['.', '\'', '’']);
    if trimmed.is_empty() {
        return;
    }
    let before = words.len().checked_sub(LONGEST_CLAUSE).and_then(|first| words.get(first));
    let endless = |of: fn(&Word) -> usize, now: usize| before.is_some_and(|word| of(word) == now);
    count.clauses += usize::from(TURNS.contains(&trimmed) || endless(|word| word.clause, count.clauses));
    count.sentences += usize::from(endless(|word| word.sentence, count.sentences));
    let place = words.len() + count.commas * COMMA;
    let end = start + trimmed.len();
    words.push(Word { start, end, clause: count.clauses, sentence: count.sentences, place });
}

fn is_word(c: char, next: Option<char>) -> bool {
    c.is_alphanumeric()
        || matches!(c, '+' | '#')
        || matches!(c, '.' | '\'' | '’') && next.is_some_and(char::is_alphanumeric)
}

fn continues(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '+' | '#' | '.' | '\'' | '’')
}

/// Whether `c` is of a script that puts no spaces between words.
pub(super) fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}
