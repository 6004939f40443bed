//! The events that tell of invoices, credit notes and statements.

use tollgate_api::events::data::InvoiceEventData;
use tollgate_api::events::types::EventType;
use tollgate_api::invoices::{InvoiceStatus, InvoiceSummary};

use super::record::InvoiceRecord;
use crate::change_set::ChangeSet;

/// Adds the events of an invoice that is new or has changed to its change.
pub fn emit(changes: &mut ChangeSet<'_>, before: Option<&InvoiceRecord>, after: &InvoiceRecord) {
    let link = after.pay_link(changes.public_url());
    for kind in kinds(before, after) {
        changes.emit(kind, Some(&after.account), &data(&after.summary(), link.clone(), None));
    }
}

fn kinds(before: Option<&InvoiceRecord>, after: &InvoiceRecord) -> Vec<EventType> {
    let Some(before) = before else { return vec![EventType::InvoiceDrafted] };
    let is_changed = before.status != after.status;
    let mut kinds = Vec::new();
    if before.status == InvoiceStatus::Draft && is_changed && after.status != InvoiceStatus::Cancelled {
        kinds.push(EventType::InvoiceSent);
    }
    match after.status {
        InvoiceStatus::Paid if is_changed => kinds.push(EventType::InvoicePaid),
        InvoiceStatus::Cancelled if is_changed => kinds.push(EventType::InvoiceCancelled),
        _ if before.amount_paid < after.amount_paid => kinds.push(EventType::InvoicePartiallyPaid),
        _ if is_reopened(before, after) => kinds.push(EventType::InvoiceReopened),
        _ => {}
    }
    kinds
}

/// True if more is open than before.
fn is_reopened(before: &InvoiceRecord, after: &InvoiceRecord) -> bool {
    let open = before.amount_open().zip(after.amount_open());
    open.is_some_and(|(before, after)| before < after)
}

/// The data of an event about an invoice, with the page on which it is paid; a reminder is for so many days after the due date.
pub fn data(
    invoice: &InvoiceSummary,
    pay_link: Option<String>,
    days_after_due: Option<i32>,
) -> InvoiceEventData {
    InvoiceEventData {
        invoice_number: invoice.invoice_number.clone(),
        id: invoice.id.clone(),
        status: invoice.status,
        gross_amount: invoice.gross_amount,
        amount_due: invoice.amount_due,
        amount_paid: invoice.amount_paid,
        amount_open: invoice.amount_open,
        currency: invoice.currency,
        due_at: invoice.due_at,
        days_after_due,
        pay_link,
    }
}
