//! The parts below the lines: balances, sums, tax, terms, bank account and remarks.

use super::flow::Flow;
use super::page::Align;
use super::style::{BODY, FIGURE, Ink, LABEL, LEADING, LEFT, RIGHT, SMALL, STRONG, STRONG_FIGURE};
use super::tags::{Part, TagId};
use super::words::{amount, tax_words};
use crate::document::content::{Content, Kind, StatementBalances, Unit};
use crate::document::money::exact;

/// The left edge of sums.
const SUMS: f32 = LEFT + 240.0;
/// The width of an amount.
const AMOUNT: f32 = 110.0;
/// The height of a row of sums.
const ROW: f32 = BODY.size * LEADING + 5.0;
/// The width of labels in front of the bank account's numbers.
const LABELS: f32 = 96.0;
/// Remarks that are shown.
const NOTES_MAX: usize = 50;

/// A row of a list of sums: label, amount, and whether it is a sum itself.
type SumRow = (String, String, bool);

/// Writes all that stands below the lines.
pub fn write(flow: &mut Flow, content: &Content) {
    if !content.lines.is_empty() {
        sums(flow, totals(content), SUMS);
    }
    remarks_of_sums(flow, content);
    payment(flow, content);
    for note in content.notes.iter().take(NOTES_MAX) {
        flow.paragraph(note, BODY);
        flow.y += 3.0;
    }
}

/// Writes the changes of a prepaid account's balance.
pub fn balances(flow: &mut Flow, content: &Content, balances: &StatementBalances) {
    let readable = |minor| content.currency.readable(minor);
    let mut rows = vec![("Opening balance".to_owned(), readable(balances.opening), false)];
    rows.extend(balances.movements.iter().map(|it| (it.description.clone(), readable(it.amount), false)));
    rows.push(("Closing balance".to_owned(), readable(balances.closing), true));
    sums(flow, rows, LEFT);
    flow.y += 14.0;
}

fn totals(content: &Content) -> Vec<SumRow> {
    let totals = &content.totals;
    let readable = |minor| content.currency.readable(minor);
    let mut rows = vec![("Subtotal".to_owned(), readable(totals.net), false)];
    for tax in &content.taxes {
        let label = format!("{} {} on {}", content.tax_name, tax_words(tax), readable(tax.base));
        rows.push((label, readable(tax.amount), false));
    }
    rows.push(("Total".to_owned(), readable(totals.gross), true));
    if matches!(content.kind, Kind::Statement(_)) {
        return rows;
    }
    if totals.prepaid != 0 {
        rows.push(("Already paid".to_owned(), readable(totals.prepaid), false));
    }
    let last = match content.kind {
        Kind::CreditNote(_) => "Amount credited",
        _ if totals.due < 0 => "Amount in your favour",
        _ => "Amount due",
    };
    let due = if last == "Amount in your favour" { totals.due.saturating_neg() } else { totals.due };
    rows.push((last.to_owned(), amount(content, due), true));
    rows
}

/// A list of sums from a left edge to the right one, each with its amount.
fn sums(flow: &mut Flow, rows: Vec<SumRow>, left: f32) {
    let table = flow.tags.add(Part::Table, None);
    flow.make_room(ROW * 4.0);
    for (label, amount, is_sum) in rows {
        flow.make_room(ROW);
        sum_row(flow, table, left, (&label, &amount, is_sum));
    }
    flow.y += 4.0;
}

fn sum_row(flow: &mut Flow, table: TagId, left: f32, (label, amount, is_sum): (&str, &str, bool)) {
    let (text, figure) = if is_sum { (STRONG, STRONG_FIGURE) } else { (BODY, FIGURE) };
    let row = flow.tags.add(Part::Row, Some(table));
    let baseline = flow.y + 3.0 + BODY.size;
    let (head, cell) = (flow.tags.add(Part::RowHead(1), Some(row)), flow.tags.add(Part::Cell(1), Some(row)));
    flow.place(label, (left, baseline), RIGHT - left - AMOUNT - 8.0, Align::Left, text, Some(head));
    flow.place(amount, (RIGHT, baseline), AMOUNT, Align::Right, figure, Some(cell));
    flow.y += ROW;
    flow.rule(flow.y, left, Ink::Light);
}

/// The exact total, the unit of quantities, and the reasons for which no tax is taken.
fn remarks_of_sums(flow: &mut Flow, content: &Content) {
    flow.y += 6.0;
    let mut remarks = Vec::new();
    if content.lines.iter().any(|line| line.unit == Unit::Segment) {
        remarks.push("Quantities of networks are segments, as messages are charged.".to_owned());
    }
    if let Some(total) = content.ledger_total {
        remarks.push(format!("The exact total of the ledger is {} {}.", content.currency.code, exact(total)));
    }
    for tax in content.taxes.iter().filter(|tax| tax.category.needs_reason()) {
        remarks.extend(tax.reason.as_ref().map(|reason| format!("{}: {reason}", content.tax_name)));
    }
    for remark in &remarks {
        flow.paragraph(remark, SMALL);
    }
    flow.y += 12.0;
}

/// The terms, and the bank account where something is to be paid.
fn payment(flow: &mut Flow, content: &Content) {
    if let Some(terms) = &content.payment_terms {
        heading(flow, "Terms of payment");
        flow.paragraph(terms, BODY);
        flow.y += 10.0;
    }
    let Some(bank) =
        content.bank.as_ref().filter(|_| content.totals.due > 0 && content.kind == Kind::Invoice)
    else {
        return;
    };
    heading(flow, "Bank transfer");
    let rows = [
        ("Account holder", bank.holder.as_ref()),
        ("Account number", Some(&bank.account_number)),
        ("BIC", bank.bic.as_ref()),
        ("Bank", bank.bank_name.as_ref()),
        ("Reference", content.payment_reference.as_ref()),
    ];
    for (label, value) in rows {
        let Some(value) = value else { continue };
        flow.make_room(BODY.size * LEADING * 2.0);
        let tag = flow.tags.add(Part::Paragraph, None);
        flow.place(label, (LEFT, flow.y + BODY.size), LABELS, Align::Left, LABEL, Some(tag));
        flow.y += flow.block(value, LEFT + LABELS, RIGHT - LEFT - LABELS, BODY, 2, Some(tag));
    }
    flow.y += 12.0;
}

fn heading(flow: &mut Flow, text: &str) {
    flow.make_room(BODY.size * LEADING * 3.0);
    let tag = flow.tags.add(Part::Heading(text.to_owned()), None);
    flow.y += flow.block(text, LEFT, RIGHT - LEFT, STRONG, 1, Some(tag)) + 2.0;
}
