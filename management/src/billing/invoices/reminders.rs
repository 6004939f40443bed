//! Reminders of invoices that are owed, by mail: before, at and after the due date. That one was sent is a document in the change
//! that queues its mails, so that each is sent once, also across restarts and clocks that go back. One that is opened again after it was
//! paid is reminded of anew.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Unit;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::events::types::EventType;
use tollgate_api::invoices::InvoiceSummary;
use tollgate_api::time::Time;
use tollgate_billing::invoice::reminder::ReminderDays;
use tollgate_billing::period::date_at;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::Expected;

use super::Invoices;
use super::overlap::MICROS_PER_DAY;
use super::owed::owed_before;
use super::recipients;
use super::told;
use crate::billing::period::zone;
use crate::collections::REMINDERS;
use crate::documents::stored_document;
use crate::jobs::JobQueue;
use tollgate_notifications::email_texts::{RemindedInvoice, invoice_reminder};

/// Reminders of one look; the next sends the rest.
const AT_ONCE: usize = 100;

/// Reminds accounts of what they owe.
#[derive(Debug)]
pub struct Reminders {
    invoices: Arc<Invoices>,
    jobs: Arc<JobQueue>,
    days: ReminderDays,
    /// Those that were found to be sent, so that the books are asked once.
    sent: HashSet<String>,
}

/// A reminder that was sent.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Sent {
    at: Time,
}

impl Reminders {
    /// Reminds on the days of the configuration.
    pub fn new(invoices: Arc<Invoices>, jobs: Arc<JobQueue>) -> Self {
        let days = invoices.context.settings.billing.reminder_days.clone();
        Self { invoices, jobs, days: ReminderDays { days }, sent: HashSet::new() }
    }

    /// One look: queues a mail for each invoice of which a reminder has come.
    pub fn look(&mut self, now: UnixMicros) -> Answer<()> {
        let Some(first) = self.days.days.iter().min() else { return Ok(()) };
        let ahead = u64::from(first.saturating_neg().max(0).unsigned_abs()) + 2;
        let until = UnixMicros(now.0.saturating_add(ahead * MICROS_PER_DAY));
        let owed = owed_before(&self.invoices.context, until)?;
        let mut sent = 0;
        for invoice in &owed {
            if sent == AT_ONCE {
                break;
            }
            sent += usize::from(self.remind(invoice, now)?);
        }
        Ok(())
    }

    fn remind(&mut self, invoice: &InvoiceSummary, now: UnixMicros) -> Answer<bool> {
        let context = &self.invoices.context;
        let (Some(number), Some(due_at)) = (&invoice.invoice_number, invoice.due_at) else {
            return Ok(false);
        };
        let Some(account) = context.account(&invoice.account) else { return Ok(false) };
        let zone = zone(&account.terms.plan.plan.time_zone)?;
        let dates = date_at(due_at.0, &zone).zip(date_at(now, &zone));
        let Some((due, today)) = dates else { return Ok(false) };
        let reopened = invoice.reopened_at.and_then(|at| date_at(at.0, &zone));
        let from = ReminderDays::counted_from(due, reopened);
        let Some(reminder) = self.days.due_on(from, today) else { return Ok(false) };
        let key = |reminder| key(number, reminder, invoice.reopened_at);
        if self.sent.contains(&key(reminder)) {
            return Ok(false);
        }
        for later in self.days.from(reminder) {
            if stored_document::<Sent>(context.store(), REMINDERS, &key(later))?.is_some() {
                self.sent.insert(key(reminder));
                return Ok(false);
            }
        }
        // Of one that is open again, the days are those since it was due.
        let days = due.until((Unit::Day, today)).map_or(reminder, |passed| passed.get_days());
        let days = if reopened.is_some() { days } else { reminder };
        let system = Caller::system();
        let mut changes = context.change(&system);
        let written = Sent { at: Time(now) };
        changes.document(REMINDERS, key(reminder).as_bytes(), Expected::Absent, Some(&written));
        let found = self.invoices.found(number)?;
        let link = found.and_then(|(_, record)| record.pay_link(context.public_url()));
        let open = invoice.amount_open.unwrap_or(invoice.gross_amount).0;
        let mail = invoice_reminder(&RemindedInvoice {
            number,
            open: format!("{open} {}", invoice.currency.0),
            due: due.to_string(),
            days_after_due: days,
            reopened: reopened.map(|reopened| reopened.to_string()),
            pay_link: link.clone(),
        });
        for mail in recipients::mails(context, &invoice.account, &mail)? {
            self.jobs.put(&mut changes, mail)?;
        }
        let note = serde_json::json!({ "days_after_due": days });
        let data = told::data(invoice, link, Some(days));
        changes.emit(EventType::InvoiceReminder, Some(&invoice.account), &data);
        changes.note("invoice.remind", format!("invoice/{number}"), &Value::Null, &note);
        changes.commit()?;
        self.sent.insert(key(reminder));
        Ok(true)
    }
}

/// The key of a reminder that was sent. Those of an invoice that was opened again are others than those before.
fn key(number: &str, reminder: i32, reopened_at: Option<Time>) -> String {
    match reopened_at {
        None => format!("{number}/{reminder}"),
        Some(at) => format!("{number}/{reminder}/{}", at.0.0),
    }
}
