//! The lines of a document as a table. Its head is repeated on every page; the sum so far is carried from page to page.

use super::flow::Flow;
use super::page::Align;
use super::style::{BODY, FIGURE, Ink, LEADING, LEFT, RIGHT, SMALL, STRONG, Style};
use super::tags::{Part, TagId};
use super::words::quantity;
use crate::document::content::{Content, Line};
use crate::document::money::percent;
use crate::document::tax::TaxCategory;

/// A column: its head, the edge that its texts stand at, and its width.
struct Column {
    head: &'static str,
    x: f32,
    width: f32,
    align: Align,
}

const COLUMNS: [Column; 6] = [
    Column { head: "Description", x: LEFT, width: 168.0, align: Align::Left },
    Column { head: "Network", x: LEFT + 176.0, width: 62.0, align: Align::Left },
    Column { head: "Quantity", x: LEFT + 304.0, width: 62.0, align: Align::Right },
    Column { head: "Unit price", x: LEFT + 376.0, width: 68.0, align: Align::Right },
    Column { head: "Tax", x: LEFT + 416.0, width: 36.0, align: Align::Right },
    Column { head: "Amount", x: RIGHT, width: 76.0, align: Align::Right },
];

/// The number of columns, for cells over all of them.
const COLUMN_COUNT: u32 = 6;
/// Lines of a description, and of the codes of a network.
const CELL_LINES_MAX: usize = 4;
/// The heading of lines that belong to no country, below those that do.
const NO_COUNTRY: &str = "Other";
/// The space above and below the text of a row.
const PADDING: f32 = 3.3;
/// The height of a row of one line.
const ROW: f32 = BODY.size * LEADING + 2.0 * PADDING;

/// Writes the table.
pub fn write(flow: &mut Flow, content: &Content) {
    if content.lines.is_empty() {
        return;
    }
    let table = flow.tags.add(Part::Table, None);
    flow.make_room(4.0 * ROW);
    head(flow, content, Some(table));
    let (mut heading, mut sum) = (None, 0_i64);
    for line in &content.lines {
        let row = Row::new(flow, line);
        // A line of no country stands under a heading of its own only where there are others.
        let wanted = line.country.as_deref().or(heading.map(|_| NO_COUNTRY));
        let is_new_heading = wanted != heading;
        let height = row.height() + if is_new_heading { ROW } else { 0.0 };
        // The row that carries the sum over has to fit below.
        if flow.is_full(height + ROW) {
            carry(flow, content, sum, "Carried over");
            flow.break_page();
            head(flow, content, None);
            carry(flow, content, sum, "Brought forward");
            if let Some(text) = heading.filter(|_| !is_new_heading) {
                heading_row(flow, None, &format!("{text} (continued)"));
            }
        }
        if let Some(text) = wanted.filter(|_| is_new_heading) {
            heading_row(flow, Some(table), text);
        }
        heading = wanted;
        line_row(flow, table, content, &row);
        sum = sum.saturating_add(line.total);
    }
    flow.y += 8.0;
}

/// A line with its broken texts.
struct Row<'a> {
    line: &'a Line,
    description: Vec<String>,
    network: Vec<String>,
}

impl<'a> Row<'a> {
    fn new(flow: &Flow, line: &'a Line) -> Self {
        let broken =
            |text: &str, column: &Column| flow.shaper.wrapped(text, BODY, column.width, CELL_LINES_MAX);
        let description = broken(&line.description, &COLUMNS[0]);
        let network = broken(line.network.as_deref().unwrap_or("–"), &COLUMNS[1]);
        Self { line, description, network }
    }

    fn height(&self) -> f32 {
        let lines = self.description.len().max(self.network.len());
        BODY.size * LEADING * factor(lines.max(1)) + 2.0 * PADDING
    }
}

/// The head of the columns; it is read out once.
fn head(flow: &mut Flow, content: &Content, table: Option<TagId>) {
    let row = table.map(|table| flow.tags.add(Part::Row, Some(table)));
    let baseline = flow.y + SMALL.size;
    for column in &COLUMNS {
        let tag = row.map(|row| flow.tags.add(Part::ColumnHead, Some(row)));
        let text = match column.head {
            "Tax" => content.tax_name.clone(),
            "Amount" => format!("Amount {}", content.currency.code),
            head => head.to_owned(),
        };
        let text = flow.shaper.fitting(&text, SMALL, column.width);
        flow.place(&text, (column.x, baseline), column.width, column.align, SMALL, tag);
    }
    flow.y += SMALL.size * LEADING + 3.0;
    flow.rule(flow.y, LEFT, Ink::Muted);
    flow.y += 1.0;
}

/// The heading of a country; where it is repeated on a further page it is not read out.
fn heading_row(flow: &mut Flow, table: Option<TagId>, text: &str) {
    let row = table.map(|table| flow.tags.add(Part::Row, Some(table)));
    let tag = row.map(|row| flow.tags.add(Part::RowHead(COLUMN_COUNT), Some(row)));
    let baseline = flow.y + PADDING + BODY.size;
    flow.place(text, (LEFT, baseline), RIGHT - LEFT, Align::Left, STRONG, tag);
    flow.y += ROW;
}

fn line_row(flow: &mut Flow, table: TagId, content: &Content, row: &Row) {
    let tag = flow.tags.add(Part::Row, Some(table));
    let baseline = flow.y + PADDING + BODY.size;
    for (column, texts) in COLUMNS.iter().zip([&row.description, &row.network]) {
        let cell = flow.tags.add(Part::Cell(1), Some(tag));
        for (index, text) in texts.iter().enumerate() {
            let y = baseline + BODY.size * LEADING * factor(index);
            flow.place(text, (column.x, y), column.width, column.align, BODY, Some(cell));
        }
    }
    let line = row.line;
    let tax = content.taxes.get(line.tax).filter(|tax| tax.category != TaxCategory::OutsideScope);
    let figures = [
        quantity(line),
        line.unit_price.to_string(),
        tax.map_or("–".to_owned(), |tax| format!("{} %", percent(tax.rate_millionths))),
        content.currency.readable(line.total),
    ];
    for (column, text) in COLUMNS.iter().skip(2).zip(figures) {
        let cell = flow.tags.add(Part::Cell(1), Some(tag));
        flow.place(&text, (column.x, baseline), column.width, column.align, FIGURE, Some(cell));
    }
    flow.y += row.height();
    flow.rule(flow.y, LEFT, Ink::Light);
}

/// A sum that goes from one page to the next. It is for people who turn pages, and is not read out.
fn carry(flow: &mut Flow, content: &Content, sum: i64, label: &str) {
    let style = Style { ink: Ink::Muted, ..FIGURE };
    let baseline = flow.y + PADDING + BODY.size;
    flow.place(label, (LEFT, baseline), COLUMNS[0].width, Align::Left, style, None);
    let text = content.currency.readable(sum);
    flow.place(&text, (RIGHT, baseline), COLUMNS[5].width * 2.0, Align::Right, style, None);
    flow.y += ROW;
    flow.rule(flow.y, LEFT, Ink::Light);
}

/// A number of lines as a factor of heights.
fn factor(lines: usize) -> f32 {
    u16::try_from(lines).map_or(1.0, f32::from)
}
