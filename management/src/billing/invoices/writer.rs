//! Writing of invoices: all documents that belong to one, and the numbers, which are counted within an issuer and a year.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::invoices::{Invoice, InvoiceStatus};
use tollgate_api::money::CurrencyCode;
use tollgate_billing::invoice::number::Numbered;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::{Change, ChangeError, EntryChange, Expected};
use tollgate_storage::clock::now;
use tollgate_storage::store::{Store, Unavailable};

use super::progress::Progress;
use super::record::{Content, InvoiceRecord, Parties, id_key, token_key};
use super::told;
use crate::change_set::ChangeSet;
use crate::collections::{COUNTERS, INVOICES};
use crate::context::Context;
use crate::documents::stored_document;
use crate::identity::random::id_at;
use crate::jobs::JobQueue;
use crate::problems::problem_of;
use tollgate_notifications::jobs::record::JobWork;
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
    jobs: Arc<JobQueue>,
}

/// The rest of what becomes durable with an invoice.
#[derive(Debug, Default)]
pub struct Beside {
    /// Entries for the account's ledger.
    pub entries: Vec<EntryChange>,
    /// The number that it takes.
    pub number: Option<TakenNumber>,
    /// The mails that tell of it.
    pub mails: Vec<JobWork>,
}

/// The next number of an issuer's year, and its counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenNumber {
    /// The number itself.
    pub number: String,
    counter: String,
    expected: Expected,
    count: u64,
}

impl TakenNumber {
    /// The number that comes next. It is used if and only if the change that [`write`](Self::write) adds it to is made.
    pub fn next(store: &Store, document: Numbered, issuer: Option<&str>, year: i16) -> Answer<Self> {
        let counter = document.counter(issuer, year);
        let last = stored_document::<u64>(store, COUNTERS, &counter)?;
        let count = last.map_or(0, |(_, last)| last) + 1;
        let expected = last.map_or(Expected::Absent, |(revision, _)| Expected::Revision(revision));
        Ok(Self { number: document.number(issuer, year, count), counter, expected, count })
    }

    /// Takes it in this change, which is refused if somebody else has taken it meanwhile.
    pub fn write(&self, changes: &mut ChangeSet<'_>) {
        changes.document(COUNTERS, self.counter.as_bytes(), self.expected, Some(&self.count));
    }
}

impl InvoiceWriter {
    /// Writes to the books of `context`, and mails to the queue.
    pub fn new(context: Arc<Context>, jobs: Arc<JobQueue>) -> Self {
        Self { context, jobs }
    }

    /// Makes a draft, which has no number, and notes the account's progress where the schedule drafts it. One that `sends` itself
    /// is sent at the next look.
    pub fn draft(
        &mut self,
        caller: &Caller,
        account: &ActiveAccount,
        period: &Range<UnixMicros>,
        content: (Content, Parties),
        sends: bool,
        progress: Option<&Progress>,
    ) -> Answer<Versioned<Invoice>> {
        let charged = &account.provisioned.account;
        let now = now();
        let owner = (&*charged.id, CurrencyCode(charged.currency));
        let mut record = InvoiceRecord::draft(id_at("inv", now)?, owner, period, content, now);
        record.sends_itself = sends;
        let mut changes = self.context.change(caller);
        write_invoice(&mut changes, None, &record);
        if let Some(progress) = progress {
            progress.write(&mut changes, &charged.id);
        }
        note_invoice(&mut changes, "invoice.create", None, &record);
        told::emit(&mut changes, None, &record);
        let changed = changes.commit()?;
        let revision = changed.revisions.get(INVOICE_PLACE).copied().unwrap_or(1);
        Ok(Versioned::new(revision, record.view(self.context.public_url())))
    }

    /// Writes an invoice that has changed.
    pub fn put(
        &mut self,
        caller: &Caller,
        before: (u64, &InvoiceRecord),
        after: InvoiceRecord,
        action: &str,
    ) -> Answer<Versioned<Invoice>> {
        self.put_with(caller, before, after, action, Beside::default())
    }

    /// Writes an invoice that has changed, and in the same change what belongs to it.
    pub fn put_with(
        &mut self,
        caller: &Caller,
        (revision, before): (u64, &InvoiceRecord),
        after: InvoiceRecord,
        action: &str,
        mut beside: Beside,
    ) -> Answer<Versioned<Invoice>> {
        let mails = std::mem::take(&mut beside.mails);
        let mut changes = self.context.change(caller);
        add_change(&mut changes, (revision, before), &after, action, beside);
        for mail in mails {
            self.jobs.put(&mut changes, mail)?;
        }
        let changed = changes.commit()?;
        let revision = changed.revisions.get(INVOICE_PLACE).copied().unwrap_or(revision + 1);
        Ok(Versioned::new(revision, after.view(self.context.public_url())))
    }

    /// Removes a draft that has no number.
    pub fn remove(&mut self, caller: &Caller, (revision, draft): (u64, &InvoiceRecord)) -> Answer<()> {
        let mut changes = self.context.change(caller);
        let expected = Expected::Revision(revision);
        changes.document::<InvoiceRecord>(INVOICES, draft.key().as_bytes(), expected, None);
        for key in [draft.list_key(), draft.period_key()].into_iter().chain(draft.waiting_key()) {
            changes.document::<String>(INVOICES, key.as_bytes(), Expected::Any, None);
        }
        changes.note("invoice.delete", format!("invoice/{}", draft.id), &audited(draft), &Value::Null);
        changes.commit().map(drop)
    }
}

/// Adds the change of an invoice to a change set, whose first documents are those of the invoice where nothing was added
/// before.
pub fn add_change(
    changes: &mut ChangeSet<'_>,
    before: (u64, &InvoiceRecord),
    after: &InvoiceRecord,
    action: &str,
    beside: Beside,
) {
    write_invoice(changes, Some(before), after);
    for entry in beside.entries {
        changes.entry(entry);
    }
    if let Some(number) = beside.number {
        number.write(changes);
    }
    note_invoice(changes, action, Some(before.1), after);
    told::emit(changes, Some(before.1), after);
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
    let renamed = before.filter(|(_, before)| before.name() != after.name());
    let expected = match before {
        Some((revision, _)) if renamed.is_none() => Expected::Revision(revision),
        _ => Expected::Absent,
    };
    changes.document(INVOICES, after.key().as_bytes(), expected, Some(after));
    if let Some((revision, draft)) = renamed {
        let expected = Expected::Revision(revision);
        changes.document::<InvoiceRecord>(INVOICES, draft.key().as_bytes(), expected, None);
        changes.document::<String>(INVOICES, draft.list_key().as_bytes(), Expected::Any, None);
        changes.document(INVOICES, id_key(&draft.id).as_bytes(), Expected::Absent, Some(&after.number));
    }
    let summary = after.summary();
    changes.document(INVOICES, after.list_key().as_bytes(), Expected::Any, Some(&summary));
    let (period_key, name) = (after.period_key(), after.name().to_owned());
    if before.is_none() {
        changes.document(INVOICES, period_key.as_bytes(), Expected::Absent, Some(&name));
    } else if after.status == InvoiceStatus::Cancelled {
        changes.document::<String>(INVOICES, period_key.as_bytes(), Expected::Any, None);
    } else if renamed.is_some() {
        changes.document(INVOICES, period_key.as_bytes(), Expected::Any, Some(&name));
    }
    let had_token = before.is_some_and(|(_, before)| before.pay_token.is_some());
    if let Some(token) = after.pay_token.as_ref().filter(|_| !had_token) {
        changes.document(INVOICES, token_key(token).as_bytes(), Expected::Absent, Some(&name));
    }
    let waited = before.and_then(|(_, before)| before.waiting_key());
    match after.waiting_key() {
        Some(key) => {
            changes.document(INVOICES, key.as_bytes(), Expected::Any, Some(&name));
        }
        None => {
            if let Some(key) = waited {
                changes.document::<String>(INVOICES, key.as_bytes(), Expected::Any, None);
            }
        }
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
    changes.note(action, format!("invoice/{}", after.name()), &before, &audited(after));
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
