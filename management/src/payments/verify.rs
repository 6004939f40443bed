//! The proof that payments and ledgers agree, over the collections that hold payments.

use tollgate_payments::verify::Places;
pub use tollgate_payments::verify::{MoneyInFault, MoneyInReport};
use tollgate_storage::store::{Store, Unavailable};

use crate::collections::{DISPUTES, PAYMENT_REFUNDS, PAYMENTS};

/// Counts all payments, refunds and disputes again from the ledger.
pub fn verify(store: &Store) -> Result<Result<MoneyInReport, MoneyInFault>, Unavailable> {
    let places = Places { payments: PAYMENTS, refunds: PAYMENT_REFUNDS, disputes: DISPUTES };
    tollgate_payments::verify::verify(store, places)
}
