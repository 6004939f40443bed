//! Credit notes: over what was given back for the messages of a sent invoice, or over an amount that somebody enters.
//!
//! A refund gives its money back to the wallet by itself, so that a note over refunds moves its tax only. A mark under the id of each
//! refund's entry keeps it off every other document. The change that issues a note also makes the open amount of the invoice less.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::credit_notes::{CreditNote, CreditNotesQuery, CreditNotesService, NewCreditNote};
use tollgate_api::events::data::CreditNoteEventData;
use tollgate_api::events::types::EventType;
use tollgate_api::extract::IfMatch;
use tollgate_api::invoices::{InvoiceLine, InvoiceStatus, InvoiceTax};
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_billing::invoice::number::Numbered;
use tollgate_billing::invoice::rounding::{micros_per_minor, tax};
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::{EntryChange, EntryText, Expected};
use tollgate_storage::clock::now;
use tollgate_storage::rows::EntryKind;

use super::gathered::{Refund, money};
use super::record::{InvoiceRecord, Parties, refund_key, shown};
use super::terms::{Terms, rate_millionths};
use super::writer::{Beside, TakenNumber, add_change};
use super::{Invoices, check_text, in_state, overlap, payment};
use crate::collections::CREDIT_NOTES;
use crate::document_page::{account_of_list, page_down, readable};
use crate::documents::stored_document;
use crate::problems::unavailable;
use tollgate_billing::minor_unit::decimals;
use tollgate_relay::snapshot::ActiveAccount;

/// Refunds on one note; another takes the rest.
const REFUNDS_MAX: usize = 5_000;
/// Prefix of the keys of notes by number.
const NUMBERS: &str = "n/";
/// The reason of notes that the schedule issues.
const OF_SCHEDULE: &str = "Charges given back after the invoice was sent";

/// A credit note as the books keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditNoteRecord {
    pub number: String,
    pub invoice_number: String,
    pub account: String,
    pub currency: CurrencyCode,
    /// Both sides as on the invoice, with the tax on this amount.
    pub parties: Parties,
    pub reason: String,
    /// The amount without tax.
    pub net: Money,
    pub refunds: u64,
    pub issued_at: Time,
    /// Its lines by network and unit price; none where an amount was entered, and where an earlier version issued it.
    #[serde(default)]
    pub lines: Vec<InvoiceLine>,
}

/// A refund that may go on a note.
#[derive(Clone, Copy, Debug)]
struct Refunded {
    entry: u64,
    amount: Amount,
    message: u64,
    /// The time at which its message was submitted.
    charged_at: UnixMicros,
}

impl CreditNotesService for Invoices {
    fn credit_notes(&self, caller: &Caller, query: &CreditNotesQuery) -> Answer<Page<CreditNote>> {
        let account = account_of_list(&self.visibility, caller, query.account.as_deref())?;
        page_down(self.store(), (CREDIT_NOTES, NUMBERS), &query.paging()?, |body| {
            let note = readable(serde_json::from_slice::<CreditNoteRecord>(body), "a credit note")?;
            let is_asked_for = account.is_none_or(|account| account == note.account);
            let is_visible = self.visibility.may_see(caller, &note.account);
            Ok(Some(note).filter(|_| is_asked_for && is_visible).map(view))
        })
    }

    fn credit_note(&self, caller: &Caller, number: &str) -> Answer<CreditNote> {
        self.credit_note_record(caller, number).map(view)
    }

    fn issue_credit_note(
        &self,
        caller: &Caller,
        invoice: &str,
        if_match: IfMatch,
        new: NewCreditNote,
    ) -> Answer<CreditNote> {
        check_text("reason", &new.reason)?;
        let _turn = self.writer.lock();
        let (revision, record) = self.visible(caller, invoice)?;
        if_match.check(revision)?;
        let account = self.visibility.readable_account(caller, &record.account)?;
        let sent = [InvoiceStatus::Sent, InvoiceStatus::Overdue, InvoiceStatus::Paid];
        in_state(&record, &sent, "credited")?;
        let refunds = match new.amount {
            Some(_) => Vec::new(),
            None => self.refunds_since(&account, &record)?,
        };
        let (net, lines) = if let Some(amount) = new.amount {
            (checked_net(&record, self.credited(&record)?, amount)?, Vec::new())
        } else {
            self.lines_of(&account, &refunds)?
        };
        if net.is_zero() {
            let message = format!("nothing was given back for {} since it was sent", record.number);
            return Err(Problem::wrong_state(message));
        }
        let issuing = Issuing { reason: new.reason, net, lines, refunds, is_entered: new.amount.is_some() };
        self.issue_note(caller, &account, (revision, &record), issuing).map(view)
    }
}

/// A note to be issued.
struct Issuing {
    reason: String,
    net: Money,
    lines: Vec<InvoiceLine>,
    refunds: Vec<Refunded>,
    /// True where the amount was entered, so that it is given back now.
    is_entered: bool,
}

impl Invoices {
    /// A credit note that the caller may see.
    pub(super) fn credit_note_record(&self, caller: &Caller, number: &str) -> Answer<CreditNoteRecord> {
        let key = format!("{NUMBERS}{number}");
        let found = stored_document::<CreditNoteRecord>(self.store(), CREDIT_NOTES, &key)?;
        let found = found.map(|(_, note)| note);
        let found = found.filter(|note| self.visibility.may_see(caller, &note.account));
        found.ok_or_else(|| Problem::not_found(format!("there is no credit note `{number}`")))
    }

    /// Issues notes over what was given back in a period for messages of invoices that were sent before.
    pub(super) fn credit_refunds(&self, account: &ActiveAccount, period: &Range<UnixMicros>) -> Answer<()> {
        let _turn = self.writer.lock();
        let id = &account.provisioned.account.id;
        let mut by_invoice: BTreeMap<String, Vec<Refunded>> = BTreeMap::new();
        for refund in self.refunds(account, period)? {
            let at = refund.charged_at..UnixMicros(refund.charged_at.0 + 1);
            let issued = overlap::issued(self.store(), id, &at)?.into_iter().next();
            if let Some(number) = issued.and_then(|invoice| invoice.invoice_number) {
                by_invoice.entry(number).or_default().push(refund);
            }
        }
        let system = Caller::system();
        for (number, refunds) in by_invoice {
            let (revision, record) = self.visible(&system, &number)?;
            let (net, lines) = self.lines_of(account, &refunds)?;
            if !net.is_zero() {
                let reason = OF_SCHEDULE.to_owned();
                let issuing = Issuing { reason, net, lines, refunds, is_entered: false };
                self.issue_note(&system, account, (revision, &record), issuing)?;
            }
        }
        Ok(())
    }

    /// The lines of refunds, and what they come to.
    fn lines_of(&self, account: &ActiveAccount, refunds: &[Refunded]) -> Answer<(Money, Vec<InvoiceLine>)> {
        let of_message =
            |refund: &Refunded| Refund { message_id: Some(refund.message), amount: refund.amount };
        let lines = self.contents.credit_lines(account, refunds.iter().map(of_message).collect())?;
        Ok((lines.total, lines.shown))
    }

    /// The sum of an invoice's notes without tax, in millionths.
    fn credited(&self, record: &InvoiceRecord) -> Answer<i128> {
        let mut sum = 0;
        for number in &record.credit_notes {
            let key = format!("{NUMBERS}{number}");
            let note = stored_document::<CreditNoteRecord>(self.store(), CREDIT_NOTES, &key)?;
            sum += note.map_or(0, |(_, note)| i128::from(note.net.0.micros()));
        }
        Ok(sum)
    }

    /// The refunds for the messages of an invoice since its period, and is on no document yet.
    fn refunds_since(&self, account: &ActiveAccount, record: &InvoiceRecord) -> Answer<Vec<Refunded>> {
        let since = record.period().end..now();
        let mut refunds = self.refunds(account, &since)?;
        refunds.retain(|refund| record.period().contains(&refund.charged_at));
        Ok(refunds)
    }

    /// The refunds of a period that are on no note and no sent invoice.
    fn refunds(&self, account: &ActiveAccount, period: &Range<UnixMicros>) -> Answer<Vec<Refunded>> {
        let (store, number) = (self.store(), account.runtime.wallet.number());
        let issued = overlap::issued(store, &account.provisioned.account.id, period)?;
        let ids = store.commits().ids_of(period).map_err(|error| unavailable(&error))?;
        let mut found = Vec::new();
        let read = store.history().entries_up(number, &ids, |entry_id, entry| {
            let is_free =
                !issued.iter().any(|one| (one.period_start.0..one.period_end.0).contains(&entry.at));
            if entry.kind == EntryKind::Refund && period.contains(&entry.at) && is_free {
                found.extend(
                    entry.reference.parse::<u64>().ok().map(|message| (entry_id, entry.amount, message)),
                );
            }
            if found.len() < REFUNDS_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        read.map_err(|error| unavailable(&error))?;
        let mut refunds = Vec::with_capacity(found.len());
        for (entry, amount, message) in found {
            if self.contents.is_credited(entry)? {
                continue;
            }
            let own = store.messages().cdr(number, message, |cdr| cdr.header.submitted_at);
            let own = own.map_err(|error| unavailable(&error))?;
            let below = || store.history().charge_below(number, message, |cdr, _| cdr.header.submitted_at);
            let charged_at =
                own.map_or_else(below, |at| Ok(Some(at))).map_err(|error| unavailable(&error))?;
            refunds.extend(charged_at.map(|charged_at| Refunded { entry, amount, message, charged_at }));
        }
        Ok(refunds)
    }

    fn issue_note(
        &self,
        caller: &Caller,
        account: &ActiveAccount,
        (revision, before): (u64, &InvoiceRecord),
        issuing: Issuing,
    ) -> Answer<CreditNoteRecord> {
        let at = now();
        let Issuing { reason, net, lines, refunds, is_entered } = issuing;
        let mut parties = before.parties.clone().unwrap_or_default();
        let base = i128::from(net.0.micros());
        let taxed = money(tax(base, rate_millionths(&parties.tax), decimals(before.currency.0)))?;
        parties.tax_amount = taxed;
        let (today, _) = Terms::local_date(account, at)?;
        let issuer = parties.issued_by.clone();
        let taken = TakenNumber::next(self.store(), Numbered::CreditNote, issuer.as_deref(), today.year())?;
        let note = CreditNoteRecord {
            number: taken.number.clone(),
            invoice_number: before.number.clone(),
            account: before.account.clone(),
            currency: before.currency,
            parties,
            reason,
            net,
            refunds: refunds.len() as u64,
            issued_at: Time(at),
            lines,
        };
        let mut after = before.clone();
        after.amount_due = Some(self.amount_due(before)?);
        after.credit_notes.push(note.number.clone());
        apply(&mut after, base + i128::from(taxed.0.micros()), at);
        let given_back = payment::tax(account, before, taxed.0.negated(), &caller.actor)?;
        let entered = is_entered.then(|| entry(account, &note, &caller.actor)).transpose()?;
        let entries = entered.into_iter().chain(given_back).collect();
        let mut changes = self.context.change(caller);
        let beside = Beside { entries, number: Some(taken), ..Beside::default() };
        add_change(&mut changes, (revision, before), &after, "invoice.credit", beside);
        let key = format!("{NUMBERS}{}", note.number);
        changes.document(CREDIT_NOTES, key.as_bytes(), Expected::Absent, Some(&note));
        for refund in &refunds {
            let mark = refund_key(refund.entry);
            changes.document(CREDIT_NOTES, mark.as_bytes(), Expected::Absent, Some(&note.number));
        }
        let shown =
            json!({ "invoice_number": note.invoice_number, "total_amount": note.net, "reason": note.reason });
        let data = CreditNoteEventData {
            credit_note_number: note.number.clone(),
            invoice_number: note.invoice_number.clone(),
            total_amount: note.net,
            tax_amount: note.parties.tax_amount,
            currency: note.currency,
            reason: note.reason.clone(),
        };
        changes.emit(EventType::CreditNoteIssued, Some(&note.account), &data);
        changes.note("credit_note.issue", format!("credit_note/{}", note.number), &Value::Null, &shown);
        changes.commit()?;
        Ok(note)
    }
}

/// Makes the open amount of an invoice less. Once nothing is open, it is paid.
fn apply(record: &mut InvoiceRecord, gross: i128, now: UnixMicros) {
    let Some(settled) = record.settled() else { return };
    let after = settled.after_credit(gross);
    record.settle(after);
    if record.is_owed() && settled.due > 0 && after.open() == 0 {
        record.status = InvoiceStatus::Paid;
        record.paid_at = Some(Time(now));
    }
}

/// An amount that can be taken back of an invoice.
fn checked_net(record: &InvoiceRecord, credited: i128, amount: Money) -> Answer<Money> {
    let minor = micros_per_minor(decimals(record.currency.0));
    if amount.0 <= Amount::ZERO || i128::from(amount.0.micros()) % minor != 0 {
        let least = shown(minor).0;
        return Err(Problem::field("amount", format!("must be more than zero and a multiple of {least}")));
    }
    let left = shown(i128::from(record.content.total.0.micros()) - credited);
    if amount > left {
        return Err(Problem::field(
            "amount",
            format!("is more than the {} that are left of the invoice", left.0),
        ));
    }
    Ok(amount)
}

fn entry(account: &ActiveAccount, note: &CreditNoteRecord, actor: &str) -> Answer<EntryChange> {
    let text = EntryText {
        actor: actor.to_owned(),
        reference: note.number.clone(),
        details: format!("credit note of invoice {}", note.invoice_number),
        metadata: json!({ "invoice_number": note.invoice_number, "credit_note_number": note.number })
            .to_string(),
    };
    let wallet = Arc::clone(&account.runtime.wallet);
    EntryChange::credit(wallet, EntryKind::CreditNote, note.net.0, text).map_err(Problem::refused)
}

fn view(note: CreditNoteRecord) -> CreditNote {
    let Parties { issued_by, seller, buyer, tax, tax_amount, .. } = note.parties;
    CreditNote {
        credit_note_number: note.number,
        invoice_number: note.invoice_number,
        account: note.account,
        issued_by,
        seller,
        buyer,
        reason: note.reason,
        currency: note.currency,
        total_amount: note.net,
        tax: InvoiceTax {
            category: tax.category,
            rate_percent: tax.rate_percent,
            reason: tax.reason,
            base: note.net,
            amount: tax_amount,
        },
        gross_amount: shown(i128::from(note.net.0.micros()) + i128::from(tax_amount.0.micros())),
        refunds: note.refunds,
        issued_at: note.issued_at,
        line_items: note.lines,
    }
}
