//! Invoices that were sent and are not paid: those that are overdue, and those that are due soon.

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::invoices::{InvoiceStatus, InvoiceSummary};
use tollgate_engine::money::Total;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::store::Store;

use super::record::{BY_DUE, due_prefix};
use super::view::read_summary;
use super::{Invoices, in_state};
use crate::collections::INVOICES;
use crate::context::Context;
use crate::problems::unavailable;

/// Invoices that one look reads.
const LOOKED_AT_MAX: usize = 100_000;
/// Invoices that become overdue in one round; the next takes the rest.
const MARKED_MAX: usize = 1_000;

/// The invoices that are owed and due before then, the earliest first. Whose balance is not below zero owes nothing.
pub fn owed_before(context: &Context, at: UnixMicros) -> Answer<Vec<InvoiceSummary>> {
    let mut owed = unpaid_before(context.store(), at)?;
    owed.retain(|invoice| {
        let balance = context.account(&invoice.account).map(|account| account.runtime.wallet.state().balance);
        invoice.amount_open.is_none_or(|open| !open.is_zero())
            && balance.is_none_or(|balance| balance < Total::ZERO)
    });
    Ok(owed)
}

/// The invoices that are due before then and not paid, the earliest first.
pub fn unpaid_before(store: &Store, at: UnixMicros) -> Answer<Vec<InvoiceSummary>> {
    let (end, mut owed) = (due_prefix(at), Vec::new());
    let visited = store.documents().list(INVOICES, BY_DUE.as_bytes(), None, |key, row| {
        if key >= end.as_bytes() || owed.len() == LOOKED_AT_MAX {
            return false;
        }
        match read_summary(&row.body) {
            Ok(invoice) => owed.push(invoice),
            Err(error) => tracing::error!(%error, "an invoice that is owed cannot be read"),
        }
        true
    });
    visited.map_err(|error| unavailable(&error))?;
    Ok(owed)
}

impl Invoices {
    /// Marks as overdue those of `owed` that should have been paid by now.
    pub fn mark_overdue(&self, owed: &[InvoiceSummary], now: UnixMicros) -> Answer<()> {
        let is_late = |invoice: &&InvoiceSummary| {
            invoice.status == InvoiceStatus::Sent && invoice.due_at.is_some_and(|due_at| due_at.0 < now)
        };
        for invoice in owed.iter().filter(is_late).take(MARKED_MAX) {
            let number = invoice.invoice_number.as_deref().unwrap_or(&invoice.id);
            let system = Caller::system();
            let marked = self.change(&system, number, IfMatch(None), "invoice.overdue", |record, _| {
                in_state(record, &[InvoiceStatus::Sent], "overdue")?;
                let due = self.amount_due(record)?;
                record.amount_due = Some(due);
                // One that an earlier version sent may have been paid from the balance.
                if due.is_zero() {
                    record.due_at = None;
                } else {
                    record.status = InvoiceStatus::Overdue;
                }
                Ok(())
            });
            match marked {
                // Somebody has paid or cancelled it meanwhile.
                Err(problem) if problem.code == "wrong_state" => {}
                Err(problem) if matches!(&*problem.code, "unavailable" | "conflict") => return Err(problem),
                // One that cannot be marked holds up no other.
                Err(problem) => {
                    tracing::error!(invoice = number, problem = %problem.detail, "an invoice cannot be marked as overdue");
                }
                Ok(_) => {}
            }
        }
        Ok(())
    }
}
