//! Invoices: drafted from the books, and unchangeable once they are sent.
//!
//! A draft has an id, and gets its number in the change that sends it, so that the numbers of an issuer's year have no gap. What
//! has a number is never removed, only cancelled.

mod ageing;
mod amount_due;
mod books_check;
mod content;
mod credit_notes;
mod documents;
mod gathered;
mod lines;
mod list;
mod logos;
pub mod monthly;
mod overlap;
pub mod owed;
mod payment;
mod progress;
pub mod recipients;
pub mod record;
pub mod reminders;
mod sent_mail;
pub mod settlement;
mod statements;
mod table;
pub mod terms;
mod terms_check;
#[cfg(test)]
mod test_books;
#[cfg(test)]
mod tests;
mod told;
mod view;
mod writer;

pub use books_check::check_books;
pub use logos::logo_of_issuer;

use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::export::{Export, TableFormat};
use tollgate_api::extract::IfMatch;
use tollgate_api::invoices::{
    Cancellation, Drafted, Invoice, InvoiceStatus, InvoiceSummary, InvoicesQuery, InvoicesService,
    NewInvoice, NewInvoicePayment,
};
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::page::{LIMIT_MAX, Page};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_billing::invoice::number::Numbered;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::store::{Store, Unavailable};

use crate::collections::INVOICES;
use crate::context::Context;
use crate::documents::stored_document;
use crate::downloads::whole_table;
use crate::identity::random;
use crate::identity::visibility::Visibility;
use crate::jobs::JobQueue;
use crate::plain_text::check_line;
use crate::problems::unavailable;
use amount_due::Billed;
use content::ContentReader;
use overlap::{MICROS_PER_DAY, PERIOD_DAYS_MAX};
use record::{Content, InvoiceRecord, Parties, WAITING, id_key, number_key, period_key};
use terms::Terms;
use tollgate_billing::minor_unit::decimals;
use tollgate_relay::snapshot::ActiveAccount;
use writer::{Beside, InvoiceWriter, TakenNumber, close_books};

/// Characters of a reference or a reason.
const TEXT_CHARACTERS_MAX: usize = 200;
/// Characters of the token of a page of payment.
const PAY_TOKEN_CHARACTERS: usize = 26;
/// Drafts that one look of the schedule sends.
const SENT_AT_ONCE: usize = 50;

/// The invoices of accounts.
#[derive(Debug)]
pub struct Invoices {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    contents: ContentReader,
    terms: Arc<Terms>,
    /// Held by whoever writes an invoice, from the look at what there is to the commit.
    writer: Mutex<InvoiceWriter>,
}

impl InvoicesService for Invoices {
    fn invoices(&self, caller: &Caller, query: &InvoicesQuery) -> Answer<Page<InvoiceSummary>> {
        list::page(self.context.store(), &self.visibility, caller, query)
    }

    fn export_invoices(&self, caller: &Caller, query: &InvoicesQuery, format: TableFormat) -> Answer<Export> {
        let store = Arc::clone(&self.context.core.books.store);
        let (visibility, asking, query) = (Arc::downgrade(&self.visibility), caller.clone(), query.clone());
        let page = move |cursor| {
            let query = InvoicesQuery { cursor, limit: Some(LIMIT_MAX), ..query.clone() };
            let visibility = visibility.upgrade().ok_or_else(|| Problem::unavailable("the process stops"))?;
            list::page(&store, &visibility, &asking, &query)
        };
        let exports = &self.context.exports;
        exports.begin_list(caller, format, table::INVOICES, "invoices", page, table::of_invoice)
    }

    fn invoice(&self, caller: &Caller, number: &str) -> Answer<Versioned<Invoice>> {
        let (revision, record) = self.visible(caller, number)?;
        Ok(Versioned::new(revision, record.view(self.context.public_url())))
    }

    fn export_invoice(&self, caller: &Caller, number: &str, format: TableFormat) -> Answer<Export> {
        let (_, record) = self.visible(caller, number)?;
        let invoice = record.view(self.context.public_url());
        let rows: Vec<_> = invoice.line_items.iter().map(|line| table::of_line(&invoice, line)).collect();
        whole_table(format, table::LINES, record_name(&invoice), &rows)
    }

    fn draft_invoice(&self, caller: &Caller, new: &NewInvoice) -> Answer<Drafted> {
        let account = self.visibility.readable_account(caller, &new.account)?;
        let period = checked_period(new, now())?;
        overlap::check_free(self.store(), &new.account, &period)?;
        let (content, parties) = self.read(&account, &period)?;
        let mut writer = self.writer.lock();
        overlap::check_free(self.store(), &new.account, &period)?;
        let Some((revision, before)) = self.of_period(&new.account, &period)? else {
            let invoice = writer.draft(caller, &account, &period, (content, parties), false, None)?;
            return Ok(Drafted { invoice, is_new: true });
        };
        let parties = Some(parties);
        let invoice = if before.content == content && before.parties == parties {
            Versioned::new(revision, before.view(self.context.public_url()))
        } else {
            let after = InvoiceRecord { content, parties, ..before.clone() };
            writer.put(caller, (revision, &before), after, "invoice.refresh")?
        };
        Ok(Drafted { invoice, is_new: false })
    }

    fn delete_draft(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<()> {
        let mut writer = self.writer.lock();
        let (revision, draft) = self.visible(caller, id)?;
        if_match.check(revision)?;
        in_state(&draft, &[InvoiceStatus::Draft], "deleted")?;
        if !draft.number.is_empty() {
            let message =
                format!("{} has a number, and numbers have no gaps; it can be cancelled", draft.number);
            return Err(Problem::wrong_state(message));
        }
        writer.remove(caller, (revision, &draft))
    }

    fn send_invoice(&self, caller: &Caller, number: &str, if_match: IfMatch) -> Answer<Versioned<Invoice>> {
        let (_, draft) = self.visible(caller, number)?;
        in_state(&draft, &[InvoiceStatus::Draft], "sent")?;
        let period = draft.period();
        if !close_books(&self.context, period.end)? {
            return Err(Problem::wrong_state(format!("the period of {number} is not over")));
        }
        let account = self.visibility.readable_account(caller, &draft.account)?;
        let (content, parties) = self.read(&account, &period)?;
        self.change_with(caller, number, if_match, "invoice.send", |record, now| {
            in_state(record, &[InvoiceStatus::Draft], "sent")?;
            overlap::check_free(self.store(), &record.account, &period)?;
            record.content = content;
            record.parties = Some(parties);
            self.issue(&account, record, now)
        })
    }

    fn pay_invoice(
        &self,
        caller: &Caller,
        number: &str,
        if_match: IfMatch,
        payment: NewInvoicePayment,
    ) -> Answer<Versioned<Invoice>> {
        if let Some(reference) = &payment.reference {
            check_text("reference", reference)?;
        }
        let (_, invoice) = self.visible(caller, number)?;
        let account = self.visibility.readable_account(caller, &invoice.account)?;
        self.change_with(caller, number, if_match, "invoice.pay", |record, now| {
            in_state(record, &[InvoiceStatus::Sent, InvoiceStatus::Overdue], "paid")?;
            record.amount_due = Some(self.amount_due(record)?);
            let amount = payment::checked_amount(record, payment.amount)?;
            record.payment_reference = payment.reference;
            payment::apply(record, amount, now);
            let reference = record.payment_reference.clone().unwrap_or_else(|| record.number.clone());
            let entry = payment::entry(&account, record, amount, (&caller.actor, reference))?;
            Ok(Beside { entries: entry.into_iter().collect(), ..Beside::default() })
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
        let (_, invoice) = self.visible(caller, number)?;
        let account = self.visibility.readable_account(caller, &invoice.account)?;
        self.change_with(caller, number, if_match, "invoice.cancel", |record, now| {
            let open = [InvoiceStatus::Draft, InvoiceStatus::Sent, InvoiceStatus::Overdue];
            in_state(record, &open, "cancelled")?;
            if !record.amount_paid.is_zero() || !record.credit_notes.is_empty() {
                let message =
                    format!("{number} has payments or credit notes; a credit note takes back the rest");
                return Err(Problem::wrong_state(message));
            }
            let taken = if record.is_owed() { record.tax_amount() } else { Money::default() };
            record.status = InvoiceStatus::Cancelled;
            record.cancelled_at = Some(Time(now));
            record.cancel_reason = Some(cancellation.reason);
            let given_back = payment::tax(&account, record, taken.0.negated(), &caller.actor)?;
            Ok(Beside { entries: given_back.into_iter().collect(), ..Beside::default() })
        })
    }
}

impl Invoices {
    /// The invoices of all accounts.
    pub fn open(
        context: Arc<Context>,
        visibility: Arc<Visibility>,
        jobs: Arc<JobQueue>,
    ) -> Result<Self, Unavailable> {
        let contents = ContentReader::new(Arc::clone(&context));
        let writer = Mutex::new(InvoiceWriter::new(Arc::clone(&context), jobs));
        let terms = Arc::new(Terms::open(Arc::clone(&context), Arc::clone(&visibility))?);
        Ok(Self { context, visibility, contents, terms, writer })
    }

    /// The terms of accounts, and the issuers.
    pub fn terms(&self) -> &Arc<Terms> {
        &self.terms
    }

    /// Ends reads of long periods early, because the process stops; what was not done is done after its next start.
    pub fn stop(&self) {
        self.contents.stop();
    }

    /// The ground that the invoices stand on.
    pub fn context(&self) -> &Context {
        &self.context
    }

    fn store(&self) -> &Store {
        self.context.store()
    }

    /// Sends drafts of the schedule that are to be sent at once, a few at a time; true if there are more. What cannot be sent
    /// stays a draft.
    pub fn send_waiting(&self) -> Answer<bool> {
        let mut waiting = Vec::new();
        let read = self.store().documents().list(INVOICES, WAITING.as_bytes(), None, |_, row| {
            waiting.extend(serde_json::from_slice::<String>(&row.body).ok());
            waiting.len() < SENT_AT_ONCE
        });
        read.map_err(|error| unavailable(&error))?;
        let system = Caller::system();
        for name in &waiting {
            match self.send_invoice(&system, name, IfMatch(None)) {
                Err(problem) if matches!(&*problem.code, "unavailable" | "conflict") => return Err(problem),
                Err(problem) => {
                    tracing::error!(invoice = name, problem = %problem.detail, "a draft cannot be sent by itself");
                    self.change(&system, name, IfMatch(None), "invoice.hold", |record, _| {
                        record.sends_itself = false;
                        Ok(())
                    })?;
                }
                Ok(_) => {}
            }
        }
        Ok(waiting.len() == SENT_AT_ONCE)
    }

    /// The invoice of an account for exactly this period, or what a draft would say. Nothing is written, and what was never
    /// drafted has an empty number.
    pub fn preview(&self, caller: &Caller, account: &str, period: &Range<UnixMicros>) -> Answer<Invoice> {
        let account = self.visibility.readable_account(caller, account)?;
        let charged = &account.provisioned.account;
        let stored = self.of_period(&charged.id, period)?.map(|(_, record)| record);
        let draft = match stored {
            Some(record) if record.status != InvoiceStatus::Draft => {
                return Ok(record.view(self.context.public_url()));
            }
            Some(record) => Some(record),
            None => None,
        };
        check_period(period, now())?;
        let (content, parties) = self.read(&account, period)?;
        if let Some(record) = draft {
            return Ok(
                InvoiceRecord { content, parties: Some(parties), ..record }.view(self.context.public_url())
            );
        }
        let owner = (&*charged.id, CurrencyCode(charged.currency));
        Ok(InvoiceRecord::draft(String::new(), owner, period, (content, parties), now())
            .view(self.context.public_url()))
    }

    /// The amount that is due of an invoice: as it was fixed, or as the books are now.
    fn amount_due(&self, record: &InvoiceRecord) -> Answer<Money> {
        if let Some(due) = record.amount_due {
            return Ok(due);
        }
        let missing = || Problem::internal(format!("{} is of an account without books", record.number));
        let account = self.context.account(&record.account).ok_or_else(missing)?;
        let tax = i128::from(record.tax_amount().0.micros());
        let billed = Billed {
            account: account.runtime.wallet.number(),
            period: record.period(),
            gross: record.gross(),
            tax,
            decimals: decimals(record.currency.0),
        };
        amount_due::amount_due(self.store(), &billed)
    }

    /// The content of a period as the books are now, and both sides of an invoice over it.
    fn read(&self, account: &ActiveAccount, period: &Range<UnixMicros>) -> Answer<(Content, Parties)> {
        let content = self.contents.read(account, period)?;
        let parties = self.terms.parties(account, content.total)?;
        Ok((content, parties))
    }

    /// Gives a draft its number and makes it final; its tax is taken from the wallet, and a mail tells of it.
    fn issue(&self, account: &ActiveAccount, record: &mut InvoiceRecord, now: UnixMicros) -> Answer<Beside> {
        let (today, _) = Terms::local_date(account, now)?;
        let issuer = record.parties.as_ref().and_then(|parties| parties.issued_by.clone());
        let mut taken = None;
        if record.number.is_empty() {
            let next = TakenNumber::next(self.store(), Numbered::Invoice, issuer.as_deref(), today.year())?;
            record.number.clone_from(&next.number);
            taken = Some(next);
        }
        record.status = InvoiceStatus::Sent;
        record.issued_at = Some(Time(now));
        let days = u64::from(self.terms.due_days(&record.account));
        let (due, due_at) = (self.amount_due(record)?, now.0.saturating_add(days * MICROS_PER_DAY));
        record.amount_due = Some(due);
        record.due_at = Some(Time(UnixMicros(due_at))).filter(|_| !due.is_zero());
        record.content_hash = Some(record.hash());
        // What is paid to a reseller is paid elsewhere, unless the house takes it.
        let is_paid_here = issuer.is_none() || self.context.settings.payments.collect_for_resellers;
        if is_paid_here && record.pay_token.is_none() && !due.is_zero() {
            record.pay_token = Some(random::text::<PAY_TOKEN_CHARACTERS>()?);
        }
        let tax = payment::tax(account, record, record.tax_amount().0, "")?;
        let mail = sent_mail::of(record, self.context.public_url());
        let mails = recipients::mails(&self.context, &record.account, &mail)?;
        Ok(Beside { entries: tax.into_iter().collect(), number: taken, mails })
    }

    /// Changes an invoice that the caller may see.
    fn change(
        &self,
        caller: &Caller,
        number: &str,
        if_match: IfMatch,
        action: &str,
        change: impl FnOnce(&mut InvoiceRecord, UnixMicros) -> Answer<()>,
    ) -> Answer<Versioned<Invoice>> {
        self.change_with(caller, number, if_match, action, |record, now| {
            change(record, now).map(|()| Beside::default())
        })
    }

    /// The same, with what belongs to the change.
    fn change_with(
        &self,
        caller: &Caller,
        number: &str,
        if_match: IfMatch,
        action: &str,
        change: impl FnOnce(&mut InvoiceRecord, UnixMicros) -> Answer<Beside>,
    ) -> Answer<Versioned<Invoice>> {
        let mut writer = self.writer.lock();
        let (revision, before) = self.visible(caller, number)?;
        if_match.check(revision)?;
        if !before.is_sound() {
            return Err(Problem::internal(format!("{number} has changed since it was sent")));
        }
        let mut after = before.clone();
        let beside = change(&mut after, now())?;
        writer.put_with(caller, (revision, &before), after, action, beside)
    }

    /// An invoice with its revision, if it is of an account that the caller may see.
    fn visible(&self, caller: &Caller, number: &str) -> Answer<(u64, InvoiceRecord)> {
        let found = self.found(number)?;
        let found = found.filter(|(_, record)| self.visibility.may_see(caller, &record.account));
        found.ok_or_else(|| Problem::not_found(format!("there is no invoice `{number}`")))
    }

    /// An invoice with its revision, by its number or by the id that it had as a draft.
    fn found(&self, name: &str) -> Answer<Option<(u64, InvoiceRecord)>> {
        let (store, find) =
            (self.store(), |name: &str| stored_document(self.store(), INVOICES, &number_key(name)));
        if let Some(found) = find(name)? {
            return Ok(Some(found));
        }
        match stored_document::<String>(store, INVOICES, &id_key(name))? {
            Some((_, number)) => find(&number),
            None => Ok(None),
        }
    }

    /// The invoice of an account for exactly this period, unless it was cancelled.
    pub fn of_period(
        &self,
        account: &str,
        period: &Range<UnixMicros>,
    ) -> Answer<Option<(u64, InvoiceRecord)>> {
        let (store, key) = (self.context.store(), period_key(account, period.start, period.end));
        match stored_document::<String>(store, INVOICES, &key)? {
            Some((_, number)) => stored_document(store, INVOICES, &number_key(&number)),
            None => Ok(None),
        }
    }
}

/// The period that is asked for. If it is not over yet, the draft covers what was charged until now.
fn checked_period(new: &NewInvoice, now: UnixMicros) -> Answer<Range<UnixMicros>> {
    let period = new.period_start.0..new.period_end.0;
    check_period(&period, now)?;
    Ok(period)
}

/// Refuses a period that no invoice has.
fn check_period(period: &Range<UnixMicros>, now: UnixMicros) -> Answer<()> {
    let (start, end) = (period.start, period.end);
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
    Ok(())
}

fn in_state(record: &InvoiceRecord, states: &[InvoiceStatus], done: &str) -> Answer<()> {
    if states.contains(&record.status) {
        return Ok(());
    }
    let status = serde_json::to_value(record.status).unwrap_or_default();
    let status = status.as_str().unwrap_or_default();
    Err(Problem::wrong_state(format!("{} is {status}, and cannot be {done}", record.name())))
}

/// The number, or the id of a draft.
fn record_name(invoice: &Invoice) -> &str {
    invoice.invoice_number.as_deref().unwrap_or(&invoice.id)
}

fn check_text(field: &str, text: &str) -> Answer<()> {
    check_line(field, text, 1..=TEXT_CHARACTERS_MAX)
}
