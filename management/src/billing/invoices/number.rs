//! Numbers of invoices, counted within a year without gaps, and the writing of all that belongs to an invoice.

use std::ops::Range;

use serde_json::Value;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::invoices::{Invoice, InvoiceStatus};
use tollgate_api::money::CurrencyCode;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::{Change, ChangeError, Expected};
use tollgate_storage::clock::now;
use tollgate_storage::store::Unavailable;

use super::monthly::Progress;
use super::record::{Content, InvoiceRecord, number_key};
use crate::Office;
use crate::change_set::ChangeSet;
use crate::collections::{COUNTERS, INVOICES};
use crate::problems::problem_of;
use tollgate_relay::snapshot::ActiveAccount;

/// Places in the change of [`Office::write_invoice`].
const INVOICE_PLACE: usize = 0;

impl Office {
    /// Makes a draft with the next number of the year; and notes, where it is of a month, that the account has it. The counter
    /// is part of the same change, so that a number is used if and only if there is its invoice. Whoever calls has the pen.
    pub(crate) fn number_invoice(
        &self,
        caller: &Caller,
        account: &ActiveAccount,
        period: &Range<UnixMicros>,
        content: Content,
        progress: Option<&Progress>,
    ) -> Answer<Versioned<Invoice>> {
        let charged = &account.provisioned.account;
        let now = now();
        let year: String = now.to_rfc3339().chars().take_while(char::is_ascii_digit).collect();
        let counter = format!("invoices/{year}");
        let last = self.kept_document::<u64>(COUNTERS, &counter)?;
        let next = last.map_or(0, |(_, last)| last) + 1;
        let record = InvoiceRecord {
            number: format!("INV-{year}-{next:06}"),
            account: charged.id.to_string(),
            currency: CurrencyCode(charged.currency),
            period_start: Time(period.start),
            period_end: Time(period.end),
            status: InvoiceStatus::Draft,
            content,
            created_at: Time(now),
            issued_at: None,
            due_at: None,
            paid_at: None,
            payment_reference: None,
            cancelled_at: None,
            cancel_reason: None,
            content_hash: None,
        };
        let mut work = self.context.change(caller);
        write_invoice(&mut work, None, &record);
        let expected = last.map_or(Expected::Absent, |(revision, _)| Expected::Revision(revision));
        work.document(COUNTERS, counter.as_bytes(), expected, Some(&next));
        if let Some(progress) = progress {
            progress.write(&mut work, &charged.id);
        }
        note_invoice(&mut work, "invoice.create", None, &record);
        let changed = work.commit()?;
        let revision = changed.revisions.get(INVOICE_PLACE).copied().unwrap_or(1);
        Ok(Versioned::new(revision, record.view()))
    }

    /// Writes an invoice that has changed. Whoever calls has the pen.
    pub(crate) fn put_invoice(
        &self,
        caller: &Caller,
        revision: u64,
        before: &InvoiceRecord,
        after: InvoiceRecord,
        action: &str,
    ) -> Answer<Versioned<Invoice>> {
        let mut work = self.context.change(caller);
        write_invoice(&mut work, Some((revision, before)), &after);
        note_invoice(&mut work, action, Some(before), &after);
        let changed = work.commit()?;
        let revision = changed.revisions.get(INVOICE_PLACE).copied().unwrap_or(revision + 1);
        Ok(Versioned::new(revision, after.view()))
    }

    /// Until when the books are closed: no charge or refund will be committed with an earlier instant than this. Waits for all
    /// that was handed to the committer before.
    pub(crate) fn books_closed_at(&self) -> Answer<UnixMicros> {
        let (change, answer) = Change::begin();
        self.context.core.books.committer.change(change);
        let stopped = |_| ChangeError::from(Unavailable("the committer has stopped".to_owned()));
        let changed = answer.blocking_recv().map_err(stopped).and_then(|changed| changed);
        Ok(changed.map_err(|error| problem_of(&error))?.at)
    }
}

/// Every document that an invoice is found by.
fn write_invoice(work: &mut ChangeSet<'_>, before: Option<(u64, &InvoiceRecord)>, after: &InvoiceRecord) {
    let expected = before.map_or(Expected::Absent, |(revision, _)| Expected::Revision(revision));
    work.document(INVOICES, number_key(&after.number).as_bytes(), expected, Some(after));
    let summary = after.summary();
    work.document(INVOICES, after.list_key().as_bytes(), Expected::Any, Some(&summary));
    let period_key = after.period_key();
    if before.is_none() {
        work.document(INVOICES, period_key.as_bytes(), Expected::Absent, Some(&after.number));
    } else if after.status == InvoiceStatus::Cancelled {
        work.document::<String>(INVOICES, period_key.as_bytes(), Expected::Any, None);
    }
    let due_before = before.and_then(|(_, before)| before.due_key());
    match after.due_key() {
        Some(key) => {
            work.document(INVOICES, key.as_bytes(), Expected::Any, Some(&summary));
        }
        None => {
            if let Some(key) = due_before {
                work.document::<String>(INVOICES, key.as_bytes(), Expected::Any, None);
            }
        }
    }
}

/// The audit log has what lists show, and the hash of the rest.
fn note_invoice(
    work: &mut ChangeSet<'_>,
    action: &str,
    before: Option<&InvoiceRecord>,
    after: &InvoiceRecord,
) {
    let before = before.map_or(Value::Null, audited);
    work.note(action, format!("invoice/{}", after.number), &before, &audited(after));
}

fn audited(record: &InvoiceRecord) -> Value {
    let mut value = serde_json::to_value(record.summary()).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        let more = [
            ("content_hash", record.content_hash.clone().unwrap_or_else(|| record.hash()).into()),
            ("payment_reference", record.payment_reference.clone().into()),
            ("cancel_reason", record.cancel_reason.clone().into()),
        ];
        object.extend(more.map(|(key, value): (&str, Value)| (key.to_owned(), value)));
    }
    value
}
