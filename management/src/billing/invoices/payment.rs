//! Money of an invoice in the ledger: its payments, which restore the credit that they pay for, and its tax.

use std::sync::Arc;

use serde_json::json;
use tollgate_api::answer::Answer;
use tollgate_api::invoices::InvoiceStatus;
use tollgate_api::money::Money;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_billing::invoice::rounding::micros_per_minor;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::{EntryChange, EntryText};
use tollgate_storage::rows::EntryKind;

use super::record::{InvoiceRecord, shown};
use tollgate_billing::minor_unit::decimals;
use tollgate_relay::snapshot::ActiveAccount;

/// The amount of a payment: what is open where none is given.
pub fn checked_amount(record: &InvoiceRecord, amount: Option<Money>) -> Answer<Money> {
    let Some(amount) = amount else { return Ok(record.amount_open().unwrap_or_default()) };
    let minor = micros_per_minor(decimals(record.currency.0));
    if amount.0 <= Amount::ZERO || i128::from(amount.0.micros()) % minor != 0 {
        let least = shown(minor).0;
        return Err(Problem::field("amount", format!("must be more than zero and a multiple of {least}")));
    }
    Ok(amount)
}

/// Notes a payment with an invoice. Once nothing is open, it is paid.
pub fn apply(record: &mut InvoiceRecord, amount: Money, now: UnixMicros) {
    let Some(settled) = record.settled() else { return };
    let after = settled.after_payment(i128::from(amount.0.micros()));
    record.settle(after);
    if after.open() == 0 && record.is_owed() {
        record.status = InvoiceStatus::Paid;
        record.paid_at = Some(Time(now));
    }
}

/// Notes with an invoice that money of a payment has gone back. Once something is open again, it is owed as before, and
/// reminders begin anew; `due` is the time by which what is due should have been paid.
pub fn take_back(record: &mut InvoiceRecord, amount: Amount, (now, due): (UnixMicros, UnixMicros)) {
    let Some(settled) = record.settled() else { return };
    let after = settled.after_return(i128::from(amount.micros()));
    record.settle(after);
    if after.open() > 0 && record.status == InvoiceStatus::Paid {
        let is_late = record.due_at.is_some_and(|due_at| due_at.0 < due);
        record.status = if is_late { InvoiceStatus::Overdue } else { InvoiceStatus::Sent };
        record.paid_at = None;
        record.reopened_at = Some(Time(now));
    }
}

/// The entry of a payment; none for one of nothing.
pub fn entry(
    account: &ActiveAccount,
    record: &InvoiceRecord,
    amount: Money,
    (actor, reference): (&str, String),
) -> Answer<Option<EntryChange>> {
    if amount.is_zero() {
        return Ok(None);
    }
    let text = EntryText {
        actor: actor.to_owned(),
        reference,
        details: format!("payment of invoice {}", record.number),
        metadata: json!({ "invoice_number": record.number }).to_string(),
    };
    let wallet = Arc::clone(&account.runtime.wallet);
    let entry = EntryChange::credit(wallet, EntryKind::InvoicePayment, amount.0, text);
    entry.map(Some).map_err(Problem::refused)
}

/// The entry that takes the tax of an invoice from the wallet, whatever its balance, or gives it back where it is below zero;
/// none without tax.
pub fn tax(
    account: &ActiveAccount,
    record: &InvoiceRecord,
    tax: Amount,
    actor: &str,
) -> Answer<Option<EntryChange>> {
    let text = EntryText {
        actor: actor.to_owned(),
        reference: record.number.clone(),
        details: format!("tax of invoice {}", record.number),
        metadata: json!({ "invoice_number": record.number }).to_string(),
    };
    let wallet = Arc::clone(&account.runtime.wallet);
    if tax > Amount::ZERO {
        let entry = EntryChange::debit(wallet, EntryKind::Tax, tax, Amount::MAX, text);
        return entry.map(Some).map_err(Problem::refused);
    }
    if tax.is_negative() {
        let entry = EntryChange::credit(wallet, EntryKind::Tax, tax.negated(), text);
        return entry.map(Some).map_err(Problem::refused);
    }
    Ok(None)
}
