use super::writer::Writer;

/// Widest cell of a table that is shown as one, in characters; what is wider is page layout.
const WIDEST_CELL: usize = 300;
/// Most columns of a table that is shown as one.
const MOST_COLUMNS: usize = 24;

/// A table while it is read.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    /// The cell that is being written.
    pub cell: Option<Writer>,
    /// It only arranges text on the page.
    pub layout: bool,
}

impl Table {
    pub fn new(layout: bool) -> Self {
        Table { layout, ..Table::default() }
    }

    pub fn begin_row(&mut self) {
        self.end_cell();
        if self.rows.last().is_none_or(|row| !row.is_empty()) {
            self.rows.push(Vec::new());
        }
    }

    pub fn begin_cell(&mut self, full: usize) {
        self.end_cell();
        if self.rows.is_empty() {
            self.rows.push(Vec::new());
        }
        self.cell = Some(Writer::new(full));
    }

    pub fn end_cell(&mut self) {
        if let (Some(cell), Some(row)) = (self.cell.take(), self.rows.last_mut()) {
            row.push(cell.finish());
        }
    }

    /// Writes it: with bars (GFM 4.10) when it holds data, else cell by cell.
    pub fn write(mut self, out: &mut Writer) {
        self.end_cell();
        self.rows.retain(|row| row.iter().any(|cell| !cell.trim().is_empty()));
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        out.end_line();
        if self.holds_data(columns) {
            out.end_block();
            for (at, row) in self.rows.iter().enumerate() {
                out.whole_line(&barred(row, columns));
                if at == 0 {
                    out.whole_line(&format!("|{}", " --- |".repeat(columns)));
                }
            }
            out.end_block();
            return;
        }
        for cell in self.rows.iter().flatten() {
            cell.split('\n').filter(|_| !cell.trim().is_empty()).for_each(|line| match line {
                "" => out.line_break(),
                line => out.whole_line(line),
            });
        }
    }

    fn holds_data(&self, columns: usize) -> bool {
        let cells = || self.rows.iter().flatten();
        let short = |cell: &String| !cell.contains('\n') && cell.chars().take(WIDEST_CELL + 1).count() <= WIDEST_CELL;
        let filled = cells().filter(|cell| !cell.trim().is_empty()).count();
        !self.layout
            && self.rows.len() >= 2
            && (2..=MOST_COLUMNS).contains(&columns)
            && cells().all(short)
            && filled * 2 >= self.rows.len() * columns
    }
}

fn barred(row: &[String], columns: usize) -> String {
    let mut line = String::from("|");
    for at in 0..columns {
        let cell = row.get(at).map(String::as_str).unwrap_or_default();
        line.extend([" ", &cell.replace('|', "\\|"), " |"]);
    }
    line
}
