//! The part of an invoice that is to be paid, as the books are now.
//!
//! A charge that was debited from a balance above zero has been paid, whatever the account's credit limit. What was debited
//! below zero is owed, the latest charges first: at the end of the period an account owes as much as its balance is below
//! zero, and no more than the period's total and tax of that belongs to the period's invoice. Money that came in after the
//! period and before the invoice is sent pays what is owed, less what has gone back to who paid it.

use std::ops::{ControlFlow, Range};

use tollgate_api::answer::Answer;
use tollgate_api::money::Money;
use tollgate_billing::invoice::due::due;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::rows::EntryKind;
use tollgate_storage::store::Store;

use super::gathered::money;
use crate::problems::unavailable;

/// An invoice of which the amount due is worked out.
#[derive(Clone, Debug)]
pub struct Billed {
    pub account: AccountNumber,
    pub period: Range<UnixMicros>,
    /// Total and tax in millionths.
    pub gross: i128,
    /// The tax, which is taken when the invoice is sent.
    pub tax: i128,
    /// Decimals of the currency.
    pub decimals: u32,
}

/// The amount that is due of an invoice that is sent now.
pub fn amount_due(store: &Store, billed: &Billed) -> Answer<Money> {
    let Billed { account, period, gross, tax, decimals } = billed;
    let balance = store.wallets().balance_at(*account, period.end).map_err(|error| unavailable(&error))?;
    let mut paid_in = 0;
    let since = period.end..UnixMicros(u64::MAX);
    let ids = store.commits().ids_of(&since).map_err(|error| unavailable(&error))?;
    let read = store.history().entries_up(*account, &ids, |_, entry| {
        let is_given_back = matches!(entry.kind, EntryKind::Refund | EntryKind::CreditNote | EntryKind::Tax);
        let has_gone_back = matches!(entry.kind, EntryKind::PaymentRefund | EntryKind::Dispute);
        let is_in = has_gone_back || !(is_given_back || entry.amount.is_negative());
        if is_in && since.contains(&entry.at) {
            paid_in += i128::from(entry.amount.micros());
        }
        ControlFlow::Continue(())
    });
    read.map_err(|error| unavailable(&error))?;
    money(due(*gross, balance.micros() - tax, paid_in, *decimals))
}
