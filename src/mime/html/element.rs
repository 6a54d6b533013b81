use super::style::Shown;

/// What an element is for the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Inline,
    /// Begins and ends on lines of its own.
    Block,
    Paragraph,
    /// A paragraph without space around it, as Outlook writes lines.
    Line,
    Heading(u8),
    Quote,
    List {
        ordered: bool,
    },
    Item,
    Pre,
    Table,
    /// One that lies too deep in others to be read as one.
    DeepTable,
    Row,
    Cell,
    Link,
    Code,
    Struck,
    Raised,
    Style,
    /// Holds nothing that is shown.
    Dropped,
}

/// The kind of an element by its name in lower case.
pub(super) fn kind(name: &[u8]) -> Kind {
    match name {
        b"p" => Kind::Paragraph,
        b"div" | b"section" | b"article" | b"header" | b"footer" | b"main" | b"nav" | b"aside" | b"center"
        | b"form" | b"address" | b"figure" | b"figcaption" | b"fieldset" | b"legend" | b"details" | b"summary"
        | b"dl" | b"dt" | b"dd" | b"body" | b"html" | b"caption" | b"option" => Kind::Block,
        b"h1" => Kind::Heading(1),
        b"h2" => Kind::Heading(2),
        b"h3" => Kind::Heading(3),
        b"h4" => Kind::Heading(4),
        b"h5" => Kind::Heading(5),
        b"h6" => Kind::Heading(6),
        b"blockquote" => Kind::Quote,
        b"ul" | b"menu" | b"dir" => Kind::List { ordered: false },
        b"ol" => Kind::List { ordered: true },
        b"li" => Kind::Item,
        b"pre" | b"xmp" | b"listing" | b"plaintext" => Kind::Pre,
        b"table" => Kind::Table,
        b"tr" => Kind::Row,
        b"td" | b"th" => Kind::Cell,
        b"a" => Kind::Link,
        b"code" | b"tt" | b"kbd" | b"samp" => Kind::Code,
        b"s" | b"del" | b"strike" => Kind::Struck,
        b"sup" => Kind::Raised,
        b"style" => Kind::Style,
        b"script" | b"title" | b"template" | b"iframe" | b"noembed" | b"noframes" | b"noscript" | b"noframe" => {
            Kind::Dropped
        }
        _ => Kind::Inline,
    }
}

/// Elements without an end tag (HTML 13.1.2).
pub(super) fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"br"
            | b"hr"
            | b"img"
            | b"input"
            | b"meta"
            | b"link"
            | b"area"
            | b"base"
            | b"col"
            | b"embed"
            | b"param"
            | b"source"
            | b"track"
            | b"wbr"
    )
}

impl Kind {
    /// Whether its beginning ends an open paragraph (HTML 13.2.6.4.7).
    pub(super) fn ends_paragraph(self) -> bool {
        !matches!(
            self,
            Kind::Inline
                | Kind::Link
                | Kind::Code
                | Kind::Struck
                | Kind::Raised
                | Kind::Style
                | Kind::Dropped
                | Kind::Row
                | Kind::Cell
        )
    }
}

/// An element that was opened and not yet closed.
#[derive(Debug)]
pub(super) struct Open {
    /// Its name, hashed.
    pub name: u64,
    pub kind: Kind,
    pub shown: Shown,
    /// Quotes around it.
    pub quotes: usize,
    /// Columns that lists around it move its lines by.
    pub indent: usize,
    /// Number of the next item of an ordered list.
    pub number: u32,
    /// Where its text began in what is written.
    pub from: usize,
    pub href: Option<String>,
    pub near: Near,
    /// The outermost element around it, or itself, that hides it.
    pub hidden_at: usize,
}

/// Indices of the innermost open elements that others end, so that nothing is searched for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Near {
    pub paragraph: Option<usize>,
    pub list: Option<usize>,
    pub item: Option<usize>,
    pub row: Option<usize>,
    pub cell: Option<usize>,
    pub link: Option<usize>,
    pub table: Option<usize>,
    /// First index that an end tag may close: cells and tables shut what is around them.
    pub scope: usize,
}

impl Near {
    /// As it is inside an element of `kind` that becomes the one at `index`.
    pub(super) fn within(self, kind: Kind, index: usize) -> Near {
        let here = Some(index);
        match kind {
            Kind::Paragraph | Kind::Line => Near { paragraph: here, ..self },
            Kind::List { .. } => Near { list: here, item: None, paragraph: None, ..self },
            Kind::Item => Near { item: here, ..self },
            Kind::Table | Kind::DeepTable => Near { scope: index, table: here, ..Near::default() },
            Kind::Row => Near { row: here, ..self },
            Kind::Cell => Near { cell: here, row: self.row, table: self.table, scope: index, ..Near::default() },
            Kind::Link => Near { link: here, ..self },
            _ => self,
        }
    }
}
