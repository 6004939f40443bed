//! Invoices: drafted from the books, fixed for ever once they are sent.
//!
//! A draft has its number from the beginning and is never removed, only cancelled, so that the numbers of a year have no gap.
//! Whoever writes an invoice has the pen, from the look at what there is to the commit.

mod content;
mod list;
pub mod monthly;
mod number;
mod owed;
pub mod record;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod whole;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, MutexGuard};
use serde::de::DeserializeOwned;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::invoices::{
    Cancellation, Drafted, Invoice, InvoiceStatus, InvoiceSummary, InvoicesQuery, InvoicesService,
    NewInvoice, Payment,
};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::schema::Collection;

use crate::Office;
use crate::collections::INVOICES;
use crate::problems::unavailable;
use record::{InvoiceRecord, number_key, period_key};

const MICROS_PER_DAY: u64 = 86_400_000_000;
/// Days of a period.
const PERIOD_DAYS_MAX: u64 = 400;
/// Characters of a reference or a reason.
const TEXT_CHARACTERS_MAX: usize = 200;

/// What billing shares.
#[derive(Debug, Default)]
pub struct Billing {
    /// Held by whoever writes an invoice.
    pen: Mutex<()>,
    /// Names of tariff versions that were asked for.
    tariff_versions: Mutex<HashMap<u32, String>>,
    stopping: AtomicBool,
}

impl Billing {
    /// Has long reads end early, as the process ends.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the process ends.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn check_stopping(&self) -> Answer<()> {
        if self.is_stopping() { Err(Problem::unavailable("the daemon stops")) } else { Ok(()) }
    }

    fn pen(&self) -> MutexGuard<'_, ()> {
        self.pen.lock()
    }
}

impl InvoicesService for Office {
    fn invoices(&self, caller: &Caller, query: &InvoicesQuery) -> Answer<Page<InvoiceSummary>> {
        self.invoice_page(caller, query)
    }

    fn invoice(&self, caller: &Caller, number: &str) -> Answer<Versioned<Invoice>> {
        let (revision, record) = self.reached_invoice(caller, number)?;
        Ok(Versioned::new(revision, record.view()))
    }

    fn draft_invoice(&self, caller: &Caller, new: &NewInvoice) -> Answer<Drafted> {
        let account = self.visibility.reached(caller, &new.account)?;
        let period = checked_period(new, now())?;
        let content = self.invoice_content(&account, &period)?;
        let _pen = self.billing.pen();
        let Some((revision, before)) = self.invoice_of_period(&new.account, &period)? else {
            let invoice = self.number_invoice(caller, &account, &period, content, None)?;
            return Ok(Drafted { invoice, is_new: true });
        };
        if before.status != InvoiceStatus::Draft {
            let message = format!("the period is invoiced by {}, which is no longer a draft", before.number);
            return Err(Problem::wrong_state(message));
        }
        let invoice = if before.content == content {
            Versioned::new(revision, before.view())
        } else {
            let after = InvoiceRecord { content, ..before.clone() };
            self.put_invoice(caller, revision, &before, after, "invoice.refresh")?
        };
        Ok(Drafted { invoice, is_new: false })
    }

    fn send_invoice(&self, caller: &Caller, number: &str, if_match: IfMatch) -> Answer<Versioned<Invoice>> {
        let (_, draft) = self.reached_invoice(caller, number)?;
        in_state(&draft, &[InvoiceStatus::Draft], "sent")?;
        let period = draft.period_start.0..draft.period_end.0;
        if self.books_closed_at()? < period.end {
            return Err(Problem::wrong_state(format!("the period of {number} is not over")));
        }
        let account = self.visibility.reached(caller, &draft.account)?;
        let content = self.invoice_content(&account, &period)?;
        let days = u64::from(self.context.settings.billing.invoice_due_days);
        self.change_invoice(caller, number, if_match, "invoice.send", |record, now| {
            in_state(record, &[InvoiceStatus::Draft], "sent")?;
            record.content = content;
            record.status = InvoiceStatus::Sent;
            record.issued_at = Some(Time(now));
            record.due_at = Some(Time(UnixMicros(now.0.saturating_add(days * MICROS_PER_DAY))));
            record.content_hash = Some(record.hash());
            Ok(())
        })
    }

    fn pay_invoice(
        &self,
        caller: &Caller,
        number: &str,
        if_match: IfMatch,
        payment: Payment,
    ) -> Answer<Versioned<Invoice>> {
        if let Some(reference) = &payment.reference {
            check_text("reference", reference)?;
        }
        self.change_invoice(caller, number, if_match, "invoice.pay", |record, now| {
            in_state(record, &[InvoiceStatus::Sent, InvoiceStatus::Overdue], "paid")?;
            record.status = InvoiceStatus::Paid;
            record.paid_at = Some(Time(now));
            record.payment_reference = payment.reference;
            Ok(())
        })
    }

    fn cancel_invoice(
        &self,
        caller: &Caller,
        number: &str,
        if_match: IfMatch,
        cancellation: Cancellation,
    ) -> Answer<Versioned<Invoice>> {
        check_text("reason", &cancellation.reason)?;
        self.change_invoice(caller, number, if_match, "invoice.cancel", |record, now| {
            let open = [InvoiceStatus::Draft, InvoiceStatus::Sent, InvoiceStatus::Overdue];
            in_state(record, &open, "cancelled")?;
            record.status = InvoiceStatus::Cancelled;
            record.cancelled_at = Some(Time(now));
            record.cancel_reason = Some(cancellation.reason);
            Ok(())
        })
    }
}

impl Office {
    /// Changes an invoice that the caller reaches, with the pen in hand.
    fn change_invoice(
        &self,
        caller: &Caller,
        number: &str,
        if_match: IfMatch,
        action: &str,
        change: impl FnOnce(&mut InvoiceRecord, UnixMicros) -> Answer<()>,
    ) -> Answer<Versioned<Invoice>> {
        let _pen = self.billing.pen();
        let (revision, before) = self.reached_invoice(caller, number)?;
        if_match.check(revision)?;
        if !before.is_sound() {
            return Err(Problem::internal(format!("{number} is not what it was when it was sent")));
        }
        let mut after = before.clone();
        change(&mut after, now())?;
        self.put_invoice(caller, revision, &before, after, action)
    }

    /// An invoice with its revision, if it is of an account that the caller reaches.
    fn reached_invoice(&self, caller: &Caller, number: &str) -> Answer<(u64, InvoiceRecord)> {
        let found = self.kept_document::<InvoiceRecord>(INVOICES, &number_key(number))?;
        let found = found.filter(|(_, record)| self.visibility.reaches(caller, &record.account));
        found.ok_or_else(|| Problem::not_found(format!("there is no invoice `{number}`")))
    }

    /// The invoice of an account for just this period, those that were cancelled aside.
    pub(crate) fn invoice_of_period(
        &self,
        account: &str,
        period: &Range<UnixMicros>,
    ) -> Answer<Option<(u64, InvoiceRecord)>> {
        let number =
            self.kept_document::<String>(INVOICES, &period_key(account, period.start, period.end))?;
        match number {
            Some((_, number)) => self.kept_document(INVOICES, &number_key(&number)),
            None => Ok(None),
        }
    }

    /// A document that stands on no shelf, with its revision.
    pub(crate) fn kept_document<T: DeserializeOwned>(
        &self,
        collection: Collection,
        key: &str,
    ) -> Answer<Option<(u64, T)>> {
        let row = self.store().document(collection, key.as_bytes()).map_err(|error| unavailable(&error))?;
        let Some(row) = row else { return Ok(None) };
        let value = serde_json::from_slice(&row.body);
        let value = value.map_err(|error| {
            tracing::error!(%error, key, collection = collection.0, "a document cannot be read");
            Problem::internal("a document of the books cannot be read")
        })?;
        Ok(Some((row.revision, value)))
    }
}

/// The period asked for; where it is not yet over, the draft is of what was charged until now.
fn checked_period(new: &NewInvoice, now: UnixMicros) -> Answer<Range<UnixMicros>> {
    let (start, end) = (new.period_start.0, new.period_end.0);
    if start > now {
        return Err(Problem::field("period_start", "is in the future"));
    }
    if end <= start {
        return Err(Problem::field("period_end", "is not after period_start"));
    }
    if end.0 - start.0 > PERIOD_DAYS_MAX * MICROS_PER_DAY {
        let message = format!("is more than {PERIOD_DAYS_MAX} days after period_start");
        return Err(Problem::field("period_end", message));
    }
    Ok(start..end)
}

fn in_state(record: &InvoiceRecord, states: &[InvoiceStatus], done: &str) -> Answer<()> {
    if states.contains(&record.status) {
        return Ok(());
    }
    let status = serde_json::to_value(record.status).unwrap_or_default();
    let status = status.as_str().unwrap_or_default();
    Err(Problem::wrong_state(format!("{} is {status}, and cannot be {done}", record.number)))
}

fn check_text(field: &str, text: &str) -> Answer<()> {
    if !(1..=TEXT_CHARACTERS_MAX).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        let message = format!("is to be one line of 1 to {TEXT_CHARACTERS_MAX} characters");
        return Err(Problem::field(field, message));
    }
    Ok(())
}
