//! The part of an invoice that is to be paid.
//!
//! A charge that was debited from a balance above zero has been paid, whatever the account's credit limit. What was debited
//! below zero is owed, the latest charges first: at the end of the period an account owes as much as its balance is below
//! zero, and no more than the period's total of that belongs to the period's invoice. Money that came in after the period
//! and before the invoice is sent pays what is owed.

use std::ops::{ControlFlow, Range};

use tollgate_api::answer::Answer;
use tollgate_api::money::Money;
use tollgate_api::problem::Problem;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::rows::EntryKind;
use tollgate_storage::store::Store;

use crate::problems::unavailable;

/// The amount that is due of an invoice over `total` for this period, as the books are now.
pub fn amount_due(
    store: &Store,
    account: AccountNumber,
    period: &Range<UnixMicros>,
    total: Money,
) -> Answer<Money> {
    let balance = store.wallets().balance_at(account, period.end).map_err(|error| unavailable(&error))?;
    let mut paid_in = 0;
    let since = period.end..UnixMicros(u64::MAX);
    let ids = store.commits().ids_of(&since).map_err(|error| unavailable(&error))?;
    let read = store.history().entries_up(account, &ids, |_, entry| {
        let is_paid_in = entry.kind != EntryKind::Refund && !entry.amount.is_negative();
        if is_paid_in && since.contains(&entry.at) {
            paid_in += i128::from(entry.amount.micros());
        }
        ControlFlow::Continue(())
    });
    read.map_err(|error| unavailable(&error))?;
    let due = due(i128::from(total.0.micros()), balance.micros(), paid_in);
    let due = i64::try_from(due).map_err(|_| Problem::internal("the amount due cannot be held"))?;
    Ok(Money(Amount::from_micros(due)))
}

/// The part that is due of a total, with the balance at the end of the period and what was paid in since.
fn due(total: i128, balance: i128, paid_in: i128) -> i128 {
    (-(balance + paid_in)).clamp(0, total.max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_balance_above_zero_has_paid_is_not_due() {
        for (total, balance, paid_in, expected) in [
            // Prepaid: the balance never was below zero.
            (80, 20, 0, 0),
            (80, 0, 0, 0),
            // Postpaid: everything, or what is beyond the prepaid part.
            (80, -80, 0, 80),
            (80, -30, 0, 30),
            // Debts of earlier periods are on earlier invoices.
            (80, -130, 0, 80),
            // Paid in since.
            (80, -80, 30, 50),
            (80, -80, 100, 0),
            // More was given back than charged.
            (-5, -10, 0, 0),
            (0, -10, 0, 0),
        ] {
            assert_eq!(due(total, balance, paid_in), expected, "{total} with {balance} and {paid_in}");
        }
    }
}
