use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use html5gum::emitters::callback::CallbackEvent;

use super::element::{Kind, Near, Open, is_void, kind};
use super::style::{Sheet, Shown};
use super::table::Table;
use super::writer::Writer;

/// Most elements that are open at once; those inside count as their parent.
const DEEPEST: usize = 1_000;
/// Most tables inside each other that are read as tables: the text of a cell is copied once for each.
const MOST_TABLES: usize = 4;
/// Longest target of a link that is shown whole, in bytes.
const LONGEST_TARGET: usize = 4_000;
/// Stands where the HTML hid something from its reader.
const HIDDEN: &str = " [hidden text left out] ";

/// A page while it is read.
pub(super) struct Page {
    out: Writer,
    tables: Vec<Table>,
    /// Text of the `<pre>` that is open.
    pre: Option<Pre>,
    open: Vec<Open>,
    /// Where the open elements of a name are, by its hash.
    named: HashMap<u64, Vec<usize>>,
    sheet: Sheet,
    tag: Tag,
    /// The mark for hidden text was made for the element at this index.
    marked: Option<usize>,
    size: usize,
}

/// A start tag while it is read.
#[derive(Default)]
struct Tag {
    reading: bool,
    name: Vec<u8>,
    attribute: Vec<u8>,
    style: String,
    class: String,
    id: String,
    href: Option<String>,
    alt: String,
    source: String,
    language: String,
    start: Option<u32>,
    hidden: bool,
    /// `role="presentation"`, `wrap`.
    plain: bool,
}

struct Pre {
    text: String,
    language: String,
    /// Text that its program only wants to keep the lines of.
    plain: bool,
}

impl Page {
    /// A page of `size` bytes.
    pub fn new(size: usize) -> Self {
        Page {
            out: Writer::new(size),
            tables: Vec::new(),
            pre: None,
            open: Vec::new(),
            named: HashMap::new(),
            sheet: Sheet::default(),
            tag: Tag::default(),
            marked: None,
            size,
        }
    }

    pub fn event(&mut self, event: CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = Tag { reading: true, name: name.to_vec(), ..Tag::default() };
            }
            CallbackEvent::AttributeName { name } if self.tag.reading => {
                self.tag.attribute = name.to_vec();
                self.tag.hidden |= name == b"hidden";
                self.tag.plain |= name == b"wrap";
            }
            CallbackEvent::AttributeValue { value } if self.tag.reading => self.tag.value(value),
            CallbackEvent::CloseStartTag { .. } => {
                let tag = std::mem::take(&mut self.tag);
                self.start(tag);
            }
            CallbackEvent::EndTag { name } => self.end(name),
            CallbackEvent::String { value } => self.text(&String::from_utf8_lossy(value)),
            _ => {}
        }
    }

    pub fn finish(mut self) -> String {
        self.close_to(0);
        self.out.finish()
    }

    fn writer(&mut self) -> &mut Writer {
        self.tables.iter_mut().rev().find_map(|table| table.cell.as_mut()).unwrap_or(&mut self.out)
    }

    /// The writer, set to the place that the innermost element has.
    fn placed(&mut self) -> &mut Writer {
        let (quotes, indent) = self.open.last().map_or((0, 0), |open| (open.quotes, open.indent));
        let writer = self.writer();
        writer.place(quotes, indent);
        writer
    }

    fn shown(&self) -> Shown {
        self.open.last().map(|open| open.shown).unwrap_or_default()
    }

    fn text(&mut self, text: &str) {
        let shown = self.shown();
        if self.open.last().is_some_and(|open| open.kind == Kind::Style) {
            self.sheet.read(text);
        } else if shown.dropped {
        } else if shown.is_hidden() {
            if self.marked.is_none() && text.contains(char::is_alphanumeric) {
                self.marked = self.open.last().map(|open| open.hidden_at);
                self.write(HIDDEN);
            }
        } else {
            self.write(text);
        }
    }

    fn write(&mut self, text: &str) {
        match &mut self.pre {
            Some(pre) => {
                pre.text.extend(text.chars().filter(|c| *c != '\r').map(|c| if c == '\u{a0}' { ' ' } else { c }))
            }
            None => self.placed().flow(text),
        }
    }

    /// Bytes written where the next text goes.
    fn position(&mut self) -> usize {
        match &self.pre {
            Some(pre) => pre.text.len(),
            None => self.writer().len(),
        }
    }

    fn start(&mut self, tag: Tag) {
        let kind = self.kind(&tag);
        self.end_implied(kind);
        let shown = self.shown_within(&tag, kind);
        if is_void(&tag.name) {
            if !shown.is_hidden() && !shown.dropped {
                self.void(&tag);
            }
            return;
        }
        if self.open.len() >= DEEPEST {
            if let Some(last) = self.open.last_mut() {
                last.shown = Shown { gone: shown.gone || shown.dropped, dropped: last.shown.dropped, ..shown };
            }
            return;
        }
        let (mut quotes, mut indent) = self.open.last().map_or((0, 0), |open| (open.quotes, open.indent));
        self.begin(kind, &tag, shown);
        match kind {
            // Gmail and Outlook indent with quotes that show no line at their side.
            Kind::Quote if !tag.style.replace(' ', "").contains("border:none") => quotes += 1,
            Kind::List { .. } => indent += 2,
            Kind::Cell if !self.tables.is_empty() => (quotes, indent) = (0, 0),
            _ => {}
        }
        let (index, name) = (self.open.len(), hash(&tag.name));
        let near = self.open.last().map_or(Near::default(), |open| open.near).within(kind, index);
        let from = self.position();
        let number = tag.start.unwrap_or(1);
        let around = self.open.last().filter(|open| open.shown.is_hidden()).map(|open| open.hidden_at);
        let hidden_at = around.unwrap_or(index);
        self.open.push(Open { name, kind, shown, quotes, indent, number, from, href: tag.href, near, hidden_at });
        self.named.entry(name).or_default().push(index);
    }

    /// What the element is where it stands.
    fn kind(&self, tag: &Tag) -> Kind {
        let deep = || {
            let table = self.open.last().and_then(|open| open.near.table).and_then(|at| self.open.get(at));
            table.is_some_and(|open| open.kind == Kind::DeepTable)
        };
        match kind(&tag.name) {
            Kind::Paragraph if is_line(tag) => Kind::Line,
            Kind::Table if self.tables.len() >= MOST_TABLES => Kind::DeepTable,
            Kind::Row | Kind::Cell if deep() => Kind::Block,
            kind => kind,
        }
    }

    fn shown_within(&self, tag: &Tag, kind: Kind) -> Shown {
        let mut shown = self.shown();
        if !tag.style.is_empty() {
            shown = shown.with(&tag.style);
        }
        shown.gone |= tag.hidden || self.sheet.hides(&tag.name, &tag.id, &tag.class);
        shown.dropped |= matches!(kind, Kind::Dropped | Kind::Style);
        shown
    }

    /// Closes what the beginning of an element of `kind` ends (HTML 13.1.2.4).
    fn end_implied(&mut self, kind: Kind) {
        let Some(near) = self.open.last().map(|open| open.near) else { return };
        let ended = match kind {
            Kind::Item => near.item,
            Kind::Row => near.row.or(near.cell),
            Kind::Cell => near.cell,
            Kind::Link => near.link,
            kind if kind.ends_paragraph() => near.paragraph,
            _ => None,
        };
        if let Some(index) = ended {
            self.close_to(index);
        }
    }

    fn begin(&mut self, kind: Kind, tag: &Tag, shown: Shown) {
        if shown.dropped || shown.is_hidden() && !matches!(kind, Kind::Table | Kind::Row | Kind::Cell) {
            return;
        }
        if let Some(pre) = &mut self.pre {
            if pre.language.is_empty() {
                pre.language = language(tag);
            }
            let breaks = kind.ends_paragraph() && !pre.text.is_empty() && !pre.text.ends_with('\n');
            pre.text.extend(breaks.then_some('\n'));
            return;
        }
        match kind {
            Kind::Block | Kind::Line | Kind::DeepTable => self.placed().end_line(),
            Kind::Paragraph | Kind::Quote => self.placed().end_block(),
            Kind::Heading(level) => {
                let writer = self.placed();
                writer.end_block();
                writer.bullet(format!("{} ", "#".repeat(usize::from(level))));
            }
            Kind::List { .. } if self.open.last().is_some_and(|open| open.near.item.is_some()) => {
                self.placed().end_line();
            }
            Kind::List { .. } => self.placed().end_block(),
            Kind::Item => self.begin_item(),
            Kind::Pre => {
                self.placed().end_block();
                let plain = tag.plain || ["moz-", "k9mail"].iter().any(|mark| tag.class.contains(mark));
                self.pre = Some(Pre { text: String::new(), language: language(tag), plain });
            }
            Kind::Table => self.begin_table(tag.plain),
            Kind::Row => match self.tables.last_mut() {
                Some(table) => table.begin_row(),
                None => self.placed().end_line(),
            },
            Kind::Cell => {
                let size = self.size;
                match self.tables.last_mut() {
                    Some(table) => table.begin_cell(size),
                    None => self.placed().end_line(),
                }
            }
            Kind::Struck => self.placed().push("~~"),
            Kind::Raised => self.placed().append("^"),
            Kind::Inline | Kind::Link | Kind::Code | Kind::Style | Kind::Dropped => {}
        }
    }

    fn begin_table(&mut self, layout: bool) {
        // What holds a table is no data itself.
        self.tables.iter_mut().for_each(|table| table.layout = true);
        self.tables.push(Table::new(layout));
    }

    fn begin_item(&mut self) {
        let list = self.open.last().and_then(|open| open.near.list).and_then(|at| self.open.get_mut(at));
        let mark = match list {
            Some(Open { kind: Kind::List { ordered: true }, number, .. }) => {
                *number = number.saturating_add(1);
                format!("{}. ", number.saturating_sub(1))
            }
            _ => "- ".to_owned(),
        };
        self.placed().bullet(mark);
    }

    fn void(&mut self, tag: &Tag) {
        match tag.name.as_slice() {
            b"br" => match &mut self.pre {
                Some(pre) => pre.text.push('\n'),
                None => self.placed().line_break(),
            },
            b"hr" if self.pre.is_none() => {
                let writer = self.placed();
                writer.end_line();
                writer.whole_line("---");
            }
            b"img" => {
                let alt = tag.alt.split_whitespace().collect::<Vec<_>>().join(" ");
                if !alt.is_empty() {
                    self.write(&format!("[image: {alt}]"));
                } else if tag.source.starts_with("cid:") {
                    self.write("[image]");
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &[u8]) {
        self.tag.reading = false;
        if name == b"br" && !self.shown().is_hidden() {
            return self.placed().line_break();
        }
        let Some(index) = self.named.get(&hash(name)).and_then(|at| at.last()).copied() else { return };
        let scope = self.open.last().map_or(0, |open| open.near.scope);
        let table = self.open.last().and_then(|open| open.near.table).unwrap_or(0);
        let table_part = matches!(kind(name), Kind::Table | Kind::Row | Kind::Cell);
        if index >= scope || table_part && index >= table {
            self.close_to(index);
        }
    }

    /// Closes the elements from the innermost one to the one at `index`.
    fn close_to(&mut self, index: usize) {
        while self.open.len() > index {
            let Some(open) = self.open.pop() else { break };
            if let Some(at) = self.named.get_mut(&open.name) {
                at.pop();
                if at.is_empty() {
                    self.named.remove(&open.name);
                }
            }
            if self.marked.is_some_and(|marked| marked >= self.open.len()) {
                self.marked = None;
            }
            self.close(open);
        }
    }

    fn close(&mut self, open: Open) {
        let Open { kind, shown, from, href, .. } = open;
        if shown.dropped || shown.is_hidden() && !matches!(kind, Kind::Table | Kind::Cell | Kind::Pre) {
            return;
        }
        match kind {
            Kind::Link => self.end_link(from, href.as_deref()),
            Kind::Pre if !self.open.iter().any(|open| open.kind == Kind::Pre) => self.end_pre(),
            Kind::Table => {
                if let Some(table) = self.tables.pop() {
                    table.write(self.placed());
                }
            }
            _ if self.pre.is_some() => {}
            Kind::Block | Kind::Line | Kind::Row | Kind::DeepTable => self.writer().end_line(),
            Kind::Item => {
                self.writer().end_line();
                self.writer().without_bullet();
            }
            Kind::Heading(_) => {
                self.writer().without_bullet();
                self.writer().end_block();
            }
            Kind::Paragraph | Kind::Quote => self.writer().end_block(),
            Kind::List { .. } if self.open.last().is_some_and(|open| open.near.item.is_some()) => {
                self.writer().end_line();
            }
            Kind::List { .. } => self.writer().end_block(),
            Kind::Cell => match self.tables.last_mut() {
                Some(table) => table.end_cell(),
                None => self.placed().end_line(),
            },
            Kind::Code => self.end_code(from),
            Kind::Struck => self.writer().append("~~"),
            _ => {}
        }
    }

    /// The target beside the text, unless the text says just that.
    fn end_link(&mut self, from: usize, href: Option<&str>) {
        let target = clean_target(href.unwrap_or_default());
        if target.is_empty() || target.starts_with('#') || target.starts_with("cid:") {
            return;
        }
        let text = match &self.pre {
            Some(pre) => pre.text.get(from..).unwrap_or_default(),
            None => self.writer().since(from),
        };
        let same = says_same(text.trim(), &target);
        if !same {
            let empty = text.trim().is_empty();
            match &mut self.pre {
                Some(pre) => pre.text.push_str(&format!(" <{target}>")),
                None if empty => self.placed().push(&format!("<{target}>")),
                None => self.placed().append(&format!(" <{target}>")),
            }
        }
    }

    fn end_code(&mut self, from: usize) {
        let writer = self.writer();
        let text = writer.since(from);
        if text.trim().is_empty() || text.contains('`') {
            return;
        }
        if let Some(text) = writer.take_since(from) {
            let code = text.trim();
            let space = if text.starts_with(' ') { " " } else { "" };
            writer.append(&format!("{space}`{code}`"));
            if text.ends_with(' ') {
                writer.space();
            }
        }
    }

    fn end_pre(&mut self) {
        let Some(Pre { text, language, plain }) = self.pre.take() else { return };
        let text = text.strip_prefix('\n').unwrap_or(&text).trim_end();
        let armor = text.contains("-----BEGIN PGP ");
        let ticks = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat((ticks + 1).max(3));
        let fenced = !plain && !armor && !text.trim().is_empty();
        let writer = self.placed();
        if fenced {
            writer.whole_line(&format!("{fence}{language}"));
        }
        text.split('\n').filter(|_| !text.is_empty()).for_each(|line| match line.trim_end() {
            "" if !fenced => writer.line_break(),
            line => writer.whole_line(line),
        });
        if fenced {
            writer.whole_line(&fence);
        }
        writer.end_block();
    }
}

impl Tag {
    /// The value of the attribute that was named last; the first of a name counts (HTML 13.2.5.33).
    fn value(&mut self, value: &[u8]) {
        let value = || String::from_utf8_lossy(value);
        let set = |place: &mut String, value: Cow<'_, str>| {
            if place.is_empty() {
                *place = value.into_owned();
            }
        };
        match self.attribute.as_slice() {
            b"style" => set(&mut self.style, value()),
            b"class" => set(&mut self.class, value()),
            b"id" => set(&mut self.id, value()),
            b"alt" => set(&mut self.alt, value()),
            b"src" => set(&mut self.source, value()),
            b"lang" | b"data-language" | b"data-lang" => set(&mut self.language, value()),
            b"href" if self.href.is_none() => self.href = Some(value().into_owned()),
            b"start" => self.start = value().trim().parse().ok(),
            b"role" => self.plain |= matches!(value().trim(), "presentation" | "none"),
            _ => {}
        }
    }
}

fn hash(name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Whether a paragraph is only a line, as Outlook and Apple write them.
fn is_line(tag: &Tag) -> bool {
    let style = tag.style.replace(' ', "").to_ascii_lowercase();
    ["MsoNormal", "MsoPlainText", "MsoNoSpacing", "MsoListParagraph"].iter().any(|class| tag.class.contains(class))
        || ["margin:0", "margin-top:0", "margin-bottom:0"].iter().any(|margin| style.contains(margin))
}

/// The language that a `<pre>` or the `<code>` in it names.
fn language(tag: &Tag) -> String {
    let marks = ["language-", "lang-", "highlight-source-", "src-", "brush:"];
    let named = tag.class.split_whitespace().find_map(|class| marks.iter().find_map(|mark| class.strip_prefix(mark)));
    let language = named.or_else(|| tag.class.strip_prefix("brush: ")).unwrap_or(&tag.language);
    let plain =
        language.len() <= 20 && language.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '-'));
    if plain { language.to_owned() } else { String::new() }
}

/// A target on one line that cannot end the brackets around it.
fn clean_target(href: &str) -> String {
    let cut = href.floor_char_boundary(LONGEST_TARGET.min(href.len()));
    let mut target = String::new();
    for c in href.get(..cut).unwrap_or_default().trim().chars().filter(|c| !c.is_control()) {
        match c {
            ' ' | '\u{a0}' => target.push_str("%20"),
            '<' => target.push_str("%3C"),
            '>' => target.push_str("%3E"),
            c => target.push(c),
        }
    }
    if cut < href.len() {
        target.push('…');
    }
    target
}

/// Whether the text of a link is its target.
fn says_same(text: &str, target: &str) -> bool {
    let bare = |url: &str| {
        let url = url.strip_prefix("mailto:").unwrap_or(url).trim_end_matches('/').to_owned();
        url.strip_prefix("https://").map(str::to_owned).unwrap_or(url)
    };
    !text.is_empty() && bare(text) == bare(target)
}
