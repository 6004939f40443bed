//! The upper part of the first page: title, logo, dates, addresses, and the amount that matters.

use super::flow::Flow;
use super::page::{Align, Area};
use super::style::{BODY, HEADLINE, LABEL, LEADING, LEFT, LETTERHEAD, LINK, RIGHT, SMALL, STRONG, TITLE};
use super::tags::Part;
use super::words::{date, headline, title};
use crate::document::content::{Content, Kind};
use crate::document::party::Party;

/// The width of each column of addresses.
const COLUMN: f32 = 235.0;
/// The left edge of the second column.
const SECOND: f32 = LEFT + COLUMN + 20.0;
/// The width of labels in front of dates.
const LABELS: f32 = 96.0;
/// The box of the logo.
const LOGO: Area = Area { left: RIGHT - 170.0, top: 40.0, width: 170.0, height: 52.0 };
/// Lines of an address.
const ADDRESS_LINES_MAX: usize = 8;

/// Writes it, with the logo if there is one that can be drawn.
pub fn write(flow: &mut Flow, content: &Content, has_logo: bool) {
    title_row(flow, content, has_logo);
    facts(flow, content);
    parties(flow, content);
    amount(flow, content);
}

fn title_row(flow: &mut Flow, content: &Content, has_logo: bool) {
    let text = title(content);
    let tag = flow.tags.add(Part::Title(text.to_owned()), None);
    let baseline = flow.y + TITLE.size * 0.9;
    flow.place(text, (LEFT, baseline), RIGHT - LEFT - LOGO.width, Align::Left, TITLE, Some(tag));
    if has_logo {
        let tag = flow.tags.add(Part::Picture(format!("Logo of {}", content.issuer.name)), None);
        flow.logo(LOGO, tag);
    } else {
        let tag = flow.tags.add(Part::Paragraph, None);
        let name = flow.shaper.fitting(&content.issuer.name, LETTERHEAD, COLUMN);
        flow.place(&name, (RIGHT, baseline), COLUMN, Align::Right, LETTERHEAD, Some(tag));
    }
    let logo_end = if has_logo { LOGO.top + LOGO.height } else { baseline };
    flow.y = (baseline + 20.0).max(logo_end + 12.0);
}

/// Number, dates and period, a row each.
fn facts(flow: &mut Flow, content: &Content) {
    let mut rows: Vec<(&str, String)> = Vec::new();
    let number_label = match content.kind {
        Kind::Invoice => "Invoice number",
        Kind::CreditNote(_) => "Credit note number",
        Kind::Statement(_) => "Statement number",
    };
    rows.extend(content.number.clone().map(|number| (number_label, number)));
    rows.push((if content.number.is_some() { "Date of issue" } else { "Computed on" }, date(content.issued)));
    rows.extend(content.due.map(|due| ("Date due", date(due))));
    if let Kind::CreditNote(corrected) = &content.kind {
        rows.push(("Corrects invoice", format!("{} of {}", corrected.number, date(corrected.issued))));
    }
    rows.extend(content.period.map(|it| ("Period", format!("{} – {}", date(it.first), date(it.last)))));
    rows.extend(content.account.clone().map(|account| ("Account", account)));
    for (label, value) in rows {
        let tag = flow.tags.add(Part::Paragraph, None);
        let baseline = flow.y + BODY.size;
        flow.place(label, (LEFT, baseline), LABELS, Align::Left, LABEL, Some(tag));
        let width = RIGHT - LEFT - LABELS;
        flow.place(&value, (LEFT + LABELS, baseline), width, Align::Left, STRONG, Some(tag));
        flow.y += BODY.size * LEADING + 1.5;
    }
    flow.y += 12.0;
}

/// Both addresses beside one another.
fn parties(flow: &mut Flow, content: &Content) {
    let top = flow.y;
    let label = if matches!(content.kind, Kind::Statement(_)) { "For" } else { "Bill to" };
    party(flow, LEFT, "From", &content.issuer, &content.tax_name);
    let left_end = std::mem::replace(&mut flow.y, top);
    party(flow, SECOND, label, &content.customer, &content.tax_name);
    flow.y = flow.y.max(left_end) + 18.0;
}

fn party(flow: &mut Flow, left: f32, label: &str, party: &Party, tax_name: &str) {
    let tag = flow.tags.add(Part::Paragraph, None);
    flow.y += flow.block(label, left, COLUMN, SMALL, 1, Some(tag)) + 1.0;
    flow.y += flow.block(&party.name, left, COLUMN, STRONG, 3, Some(tag));
    for line in party.address_lines.iter().take(ADDRESS_LINES_MAX) {
        flow.y += flow.block(line, left, COLUMN, BODY, 2, Some(tag));
    }
    let country = party.country.map(|code| code.to_string());
    if let Some(country) = party.country_name.as_ref().or(country.as_ref()) {
        flow.y += flow.block(country, left, COLUMN, BODY, 1, Some(tag));
    }
    let numbers = [
        (party.tax_id.as_ref(), format!("{tax_name} no. ")),
        (party.registration.as_ref(), "Registration ".to_owned()),
        (party.email.as_ref(), String::new()),
        (party.phone.as_ref(), String::new()),
        (party.website.as_ref(), String::new()),
    ];
    for (value, label) in numbers {
        let Some(value) = value else { continue };
        flow.y += flow.block(&format!("{label}{value}"), left, COLUMN, LABEL, 2, Some(tag));
    }
}

/// The amount that matters, and the way to pay it.
fn amount(flow: &mut Flow, content: &Content) {
    let text = headline(content);
    let tag = flow.tags.add(Part::Heading(text.clone()), None);
    flow.make_room(60.0);
    flow.y += flow.block(&text, LEFT, RIGHT - LEFT, HEADLINE, 2, Some(tag)) + 2.0;
    if let Some(link) = content.pay_link.as_ref().filter(|_| content.totals.due > 0) {
        let tag = flow.tags.add(Part::Paragraph, None);
        let tag = flow.tags.add(Part::Link, Some(tag));
        let area = Area { left: LEFT, top: flow.y, width: 56.0, height: LINK.size * LEADING };
        flow.place("Pay online", (LEFT, flow.y + LINK.size), area.width, Align::Left, LINK, Some(tag));
        flow.link(area, link, tag);
        let address = flow.tags.add(Part::Paragraph, None);
        let (left, width) = (LEFT + area.width + 6.0, RIGHT - LEFT - area.width - 6.0);
        flow.place(link, (left, flow.y + LINK.size), width, Align::Left, SMALL, Some(address));
        flow.y += area.height;
    }
    flow.y += 14.0;
}
