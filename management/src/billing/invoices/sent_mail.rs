//! The mail by which whoever owes an invoice gets to know that it was sent.

use jiff::tz::TimeZone;
use tollgate_billing::period::date_at;
use tollgate_notifications::email_texts::{EmailMessage, SentInvoice, invoice_sent};

use super::record::{InvoiceRecord, shown};

/// The mail of an invoice that is sent, with the page on which it is paid.
pub fn of(record: &InvoiceRecord, public_url: &str) -> EmailMessage {
    let parties = record.parties.clone().unwrap_or_default();
    let zone = TimeZone::get(&parties.time_zone).unwrap_or(TimeZone::UTC);
    let money = |amount| format!("{amount} {}", record.currency.0);
    let due = record.due_at.and_then(|due| date_at(due.0, &zone));
    invoice_sent(&SentInvoice {
        number: &record.number,
        seller: parties.seller.party.name.as_deref().unwrap_or_default(),
        total: money(shown(record.gross()).0),
        open: money(record.amount_open().unwrap_or_default().0),
        due: due.map(|due| due.to_string()),
        pay_link: record.pay_link(public_url),
    })
}
