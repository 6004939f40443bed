//! A row of usage counters as the API shows it.

use tollgate_api::money::Money;
use tollgate_api::usage::UsageCounts;
use tollgate_engine::money::Amount;
use tollgate_storage::rows::UsageRow;

use crate::billing::ratio::{average, percent};

/// The charges of a row less its refunds.
pub fn cost(row: &UsageRow) -> Amount {
    difference(row.charged, row.refunded)
}

/// `from` less `taken`: sums of the books that are so far from an amount's bounds that one can hold the difference.
pub fn difference(from: Amount, taken: Amount) -> Amount {
    let difference = from.checked_sub(taken);
    assert!(difference.is_some(), "usage counts {from} less {taken}");
    difference.unwrap_or_default()
}

/// A row as the API shows it.
pub fn counts(row: &UsageRow) -> UsageCounts {
    let cost = cost(row);
    UsageCounts {
        messages_sent: row.messages,
        messages_delivered: row.delivered,
        messages_failed: row.failed,
        messages_cancelled: row.cancelled,
        messages_unconfirmed: row.unconfirmed,
        messages_pending: row.pending(),
        segments: row.segments,
        success_rate: percent(row.delivered, row.messages),
        cost: Money(cost),
        average_cost_per_message: Money(average(cost, row.messages)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "usage counts")]
    fn a_difference_that_an_amount_cannot_hold_is_impossible() {
        difference(Amount::from_micros(-2), Amount::MAX);
    }
}
