//! Writing of invoices: their numbers, counted within a year without gaps, and all documents that belong to one.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::invoices::{Invoice, InvoiceStatus};
use tollgate_api::money::CurrencyCode;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::{Change, ChangeError, EntryChange, Expected};
use tollgate_storage::clock::now;
use tollgate_storage::store::Unavailable;

use super::progress::Progress;
use super::record::{Content, InvoiceRecord, number_key};
use crate::change_set::ChangeSet;
use crate::collections::{COUNTERS, INVOICES};
use crate::context::Context;
use crate::documents::stored_document;
use crate::problems::problem_of;
use tollgate_relay::snapshot::ActiveAccount;

/// Time from the submit of a message to its charge being handed to the committer, at the most. What a session submitted in
/// a period is waited for by so much before the period is invoiced.
pub const UNDER_WAY_MAX_MICROS: u64 = 2_000_000;

/// Place of the invoice among the documents of [`write_invoice`].
const INVOICE_PLACE: usize = 0;

/// Writes invoices. There is one for all of them, behind a lock, so that no number is given twice and no invoice changes
/// between a look at it and the commit.
#[derive(Debug)]
pub struct InvoiceWriter {
    context: Arc<Context>,
}

impl InvoiceWriter {
    /// Writes to the books of `context`.
    pub fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Makes a draft with the next number of the year, and notes the account's progress where the schedule drafts it. The
    /// counter is part of the same change, so that a number is used if and only if its invoice exists.
    pub fn number(
        &mut self,
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
        let last = stored_document::<u64>(self.context.store(), COUNTERS, &counter)?;
        let next = last.map_or(0, |(_, last)| last) + 1;
        let owner = (&*charged.id, CurrencyCode(charged.currency));
        let record = InvoiceRecord::draft(format!("INV-{year}-{next:06}"), owner, period, content, now);
        let mut changes = self.context.change(caller);
        write_invoice(&mut changes, None, &record);
        let expected = last.map_or(Expected::Absent, |(revision, _)| Expected::Revision(revision));
        changes.document(COUNTERS, counter.as_bytes(), expected, Some(&next));
        if let Some(progress) = progress {
            progress.write(&mut changes, &charged.id);
        }
        note_invoice(&mut changes, "invoice.create", None, &record);
        let changed = changes.commit()?;
        let revision = changed.revisions.get(INVOICE_PLACE).copied().unwrap_or(1);
        Ok(Versioned::new(revision, record.view()))
    }

    /// Writes an invoice that has changed.
    pub fn put(
        &mut self,
        caller: &Caller,
        before: (u64, &InvoiceRecord),
        after: InvoiceRecord,
        action: &str,
    ) -> Answer<Versioned<Invoice>> {
        self.put_with(caller, before, after, action, None)
    }

    /// Writes an invoice that has changed, and in the same change the ledger entry that belongs to it.
    pub fn put_with(
        &mut self,
        caller: &Caller,
        (revision, before): (u64, &InvoiceRecord),
        after: InvoiceRecord,
        action: &str,
        entry: Option<EntryChange>,
    ) -> Answer<Versioned<Invoice>> {
        let mut changes = self.context.change(caller);
        if let Some(entry) = entry {
            changes.entry(entry);
        }
        write_invoice(&mut changes, Some((revision, before)), &after);
        note_invoice(&mut changes, action, Some(before), &after);
        let changed = changes.commit()?;
        let revision = changed.revisions.get(INVOICE_PLACE).copied().unwrap_or(revision + 1);
        Ok(Versioned::new(revision, after.view()))
    }
}

/// Waits until every message that was submitted before `end` is committed; false where `end` is not past.
pub fn close_books(context: &Context, end: UnixMicros) -> Answer<bool> {
    loop {
        let at = books_closed_at(context)?;
        if at < end {
            return Ok(false);
        }
        let left = end.0.saturating_add(UNDER_WAY_MAX_MICROS).saturating_sub(at.0);
        if left == 0 {
            return Ok(true);
        }
        std::thread::sleep(Duration::from_micros(left));
    }
}

/// The instant of a commit that has everything that was handed to the committer before.
pub fn books_closed_at(context: &Context) -> Answer<UnixMicros> {
    let (change, answer) = Change::begin();
    context.core.books.committer.change(change);
    let stopped = |_| ChangeError::from(Unavailable("the committer has stopped".to_owned()));
    let changed = answer.blocking_recv().map_err(stopped).and_then(|changed| changed);
    Ok(changed.map_err(|error| problem_of(&error))?.at)
}

/// Writes every document that an invoice is found by.
fn write_invoice(changes: &mut ChangeSet<'_>, before: Option<(u64, &InvoiceRecord)>, after: &InvoiceRecord) {
    let expected = before.map_or(Expected::Absent, |(revision, _)| Expected::Revision(revision));
    changes.document(INVOICES, number_key(&after.number).as_bytes(), expected, Some(after));
    let summary = after.summary();
    changes.document(INVOICES, after.list_key().as_bytes(), Expected::Any, Some(&summary));
    let period_key = after.period_key();
    if before.is_none() {
        changes.document(INVOICES, period_key.as_bytes(), Expected::Absent, Some(&after.number));
    } else if after.status == InvoiceStatus::Cancelled {
        changes.document::<String>(INVOICES, period_key.as_bytes(), Expected::Any, None);
    }
    let due_before = before.and_then(|(_, before)| before.due_key());
    match after.due_key() {
        Some(key) => {
            changes.document(INVOICES, key.as_bytes(), Expected::Any, Some(&summary));
        }
        None => {
            if let Some(key) = due_before {
                changes.document::<String>(INVOICES, key.as_bytes(), Expected::Any, None);
            }
        }
    }
}

/// Notes a change in the audit log: what lists show of the invoice, and the hash of the rest.
fn note_invoice(
    changes: &mut ChangeSet<'_>,
    action: &str,
    before: Option<&InvoiceRecord>,
    after: &InvoiceRecord,
) {
    let before = before.map_or(Value::Null, audited);
    changes.note(action, format!("invoice/{}", after.number), &before, &audited(after));
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
