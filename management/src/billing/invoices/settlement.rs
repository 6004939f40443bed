//! Invoices of the house that are paid by a payment: in whole or in part, or with more than is open, which stays in the wallet.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::invoices::InvoiceStatus;
use tollgate_api::money::Money;
use tollgate_api::payments::PaymentPurpose;
use tollgate_api::problem::Problem;
use tollgate_engine::money::Amount;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::clock::{due, now};

use super::record::{InvoiceRecord, token_key};
use super::writer::{Beside, add_change};
use super::{Invoices, in_state, payment};
use crate::change_set::ChangeSet;
use crate::collections::INVOICES;
use crate::documents::stored_document;
use crate::payments::settlement::{Asked, Settlement, received};
use tollgate_payments::record::PaymentRecord;

/// Settles payments of invoices.
#[derive(Debug)]
pub struct InvoiceSettlement(pub Arc<Invoices>);

impl Settlement for InvoiceSettlement {
    fn check(
        &self,
        account: &Arc<ActiveAccount>,
        purpose: &PaymentPurpose,
        amount: Option<Amount>,
    ) -> Answer<Asked> {
        let (_, record) = self.owed_by(account, number_of(purpose))?;
        let amount = payment::checked_amount(&record, amount.map(Money))?;
        Ok((PaymentPurpose::Invoice { number: record.number }, amount.0))
    }

    fn add<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        account: &Arc<ActiveAccount>,
        payment: &PaymentRecord,
    ) -> Answer<()> {
        let turn = self.0.writer.lock();
        let (revision, before) = self.owed_by(account, number_of(&payment.purpose))?;
        let (mut after, amount) = (before.clone(), Money(received(payment)));
        let by_bank = payment.bank_reference.clone().or_else(|| payment.reference.clone());
        after.payment_reference = by_bank.or_else(|| Some(payment.id.clone()));
        payment::apply(&mut after, amount, now());
        let actor = payment.confirmed_by.as_deref().unwrap_or(&payment.created_by);
        let entry = payment::entry(account, &after, amount, (actor, payment.id.clone()))?;
        let beside = Beside { entries: entry.into_iter().collect(), ..Beside::default() };
        add_change(changes, (revision, &before), &after, "invoice.pay", beside);
        changes.after_commit(move || drop(turn));
        Ok(())
    }

    fn add_return<'a>(
        &'a self,
        changes: &mut ChangeSet<'a>,
        account: &Arc<ActiveAccount>,
        payment: &PaymentRecord,
        amount: Amount,
    ) -> Answer<()> {
        let turn = self.0.writer.lock();
        let (id, number) = (&*account.provisioned.account.id, number_of(&payment.purpose));
        let found = self.0.found(number)?.filter(|(_, record)| record.account == id);
        let is_settled = |record: &InvoiceRecord| record.is_owed() || record.status == InvoiceStatus::Paid;
        let Some((revision, before)) = found.filter(|(_, record)| is_settled(record)) else { return Ok(()) };
        if !before.is_sound() {
            tracing::error!(
                invoice = number,
                "an invoice has changed since it was sent, and is not opened again"
            );
            return Ok(());
        }
        let mut after = before.clone();
        after.amount_due = Some(self.0.amount_due(&before)?);
        let action = if amount.is_negative() {
            payment::take_back(&mut after, amount.negated(), (now(), due()));
            "invoice.reopen"
        } else {
            payment::apply(&mut after, Money(amount), now());
            "invoice.pay"
        };
        add_change(changes, (revision, &before), &after, action, Beside::default());
        changes.after_commit(move || drop(turn));
        Ok(())
    }

    fn title(&self, purpose: &PaymentPurpose) -> String {
        format!("Invoice {}", number_of(purpose))
    }
}

impl InvoiceSettlement {
    /// An invoice of which the account has something to pay to the house, or to a reseller for whom the house takes it, with the
    /// amount due.
    fn owed_by(&self, account: &ActiveAccount, number: &str) -> Answer<(u64, InvoiceRecord)> {
        let id = &*account.provisioned.account.id;
        let found = self.0.found(number)?.filter(|(_, record)| record.account == id);
        let missing = || Problem::field("purpose", format!("the account has no invoice `{number}`"));
        let (revision, mut record) = found.ok_or_else(missing)?;
        in_state(&record, &[InvoiceStatus::Sent, InvoiceStatus::Overdue], "paid")?;
        if !record.is_sound() {
            return Err(Problem::internal(format!("{number} has changed since it was sent")));
        }
        let collects = self.0.context.settings.payments.collect_for_resellers;
        let issuer = record.parties.as_ref().and_then(|parties| parties.issued_by.as_ref());
        if let Some(issuer) = issuer.filter(|_| !collects) {
            let message = format!(
                "{number} is issued by the reseller `{issuer}`, who is paid elsewhere: the house takes no payments for resellers"
            );
            return Err(Problem::field("purpose", message));
        }
        record.amount_due = Some(self.0.amount_due(&record)?);
        if record.amount_open().is_none_or(|open| open.is_zero()) {
            return Err(Problem::wrong_state(format!("nothing of {number} is to be paid")));
        }
        Ok((revision, record))
    }
}

impl Invoices {
    /// The invoice that a page of payment is of, with its revision.
    pub fn by_pay_token(&self, token: &str) -> Answer<Option<InvoiceRecord>> {
        let named = stored_document::<String>(self.store(), INVOICES, &token_key(token))?;
        let found = named.map(|(_, number)| self.found(&number)).transpose()?.flatten();
        Ok(found.map(|(_, record)| record))
    }

    /// The reseller that has issued an invoice; none for the house, and where there is no such invoice.
    pub fn issuer_of(&self, number: &str) -> Answer<Option<String>> {
        let found = self.found(number)?;
        Ok(found.and_then(|(_, record)| record.parties).and_then(|parties| parties.issued_by))
    }
}

/// The number of the invoice that is paid.
fn number_of(purpose: &PaymentPurpose) -> &str {
    match purpose {
        PaymentPurpose::Invoice { number } => number,
        _ => "",
    }
}
