//! Reminders of invoices that are owed, by mail: before, at and after the due date. That one was sent is a document in the change
//! that queues its mail, so that each is sent once, also across restarts and clocks that go back.

use std::collections::HashSet;
use std::sync::Arc;

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
use super::told;
use crate::billing::period::zone;
use crate::collections::REMINDERS;
use crate::documents::stored_document;
use crate::jobs::JobQueue;
use tollgate_notifications::email_texts::invoice_reminder;
use tollgate_notifications::jobs::record::JobWork;

/// Reminders of one look; the next sends the rest.
const AT_ONCE: usize = 100;

/// Reminds accounts of what they owe.
#[derive(Debug)]
pub struct Reminders {
    invoices: Arc<Invoices>,
    jobs: Arc<JobQueue>,
    days: ReminderDays,
    /// Those that were found to be sent, so that the books are asked once.
    sent: HashSet<(String, i32)>,
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
        let Some(reminder) = self.days.due_on(due, today) else { return Ok(false) };
        if self.sent.contains(&(number.clone(), reminder)) {
            return Ok(false);
        }
        for later in self.days.from(reminder) {
            if stored_document::<Sent>(context.store(), REMINDERS, &key(number, later))?.is_some() {
                self.sent.insert((number.clone(), reminder));
                return Ok(false);
            }
        }
        let system = Caller::system();
        let mut changes = context.change(&system);
        let written = Sent { at: Time(now) };
        changes.document(REMINDERS, key(number, reminder).as_bytes(), Expected::Absent, Some(&written));
        let found = self.invoices.found(number)?;
        let link = found.and_then(|(_, record)| record.pay_link(context.public_url()));
        if account.provisioned.contact.email.is_some() {
            let open = invoice.amount_open.unwrap_or(invoice.gross_amount).0;
            let amount = format!("{open} {}", invoice.currency.0);
            let mail = invoice_reminder(number, &amount, &due.to_string(), reminder, link.as_deref());
            let account = invoice.account.clone();
            let work = JobWork::Mail { account, subject: mail.subject, body: mail.text };
            self.jobs.put(&mut changes, work)?;
        }
        let note = serde_json::json!({ "days_after_due": reminder });
        let data = told::data(invoice, link, Some(reminder));
        changes.emit(EventType::InvoiceReminder, Some(&invoice.account), &data);
        changes.note("invoice.remind", format!("invoice/{number}"), &Value::Null, &note);
        changes.commit()?;
        self.sent.insert((number.clone(), reminder));
        Ok(true)
    }
}

fn key(number: &str, reminder: i32) -> String {
    format!("{number}/{reminder}")
}
