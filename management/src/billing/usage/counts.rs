//! A row of usage counters as the API shows it.

use tollgate_api::money::MoneySum;
use tollgate_api::usage::UsageCounts;
use tollgate_engine::money::Total;
use tollgate_storage::rows::UsageRow;

use tollgate_billing::ratio::{average, percent};

/// The charges of a row less its refunds.
pub fn cost(row: &UsageRow) -> Total {
    difference(row.charged, row.refunded)
}

/// `from` less `taken`.
pub fn difference(from: Total, taken: Total) -> Total {
    from.minus(taken)
}

/// A row as the API shows it, with money where it is told.
pub fn counts(row: &UsageRow, tells_money: bool) -> UsageCounts {
    let cost = cost(row);
    let told = |sum| tells_money.then_some(MoneySum(sum));
    UsageCounts {
        messages_sent: row.messages,
        messages_delivered: row.delivered,
        messages_failed: row.failed,
        messages_cancelled: row.cancelled,
        messages_unconfirmed: row.unconfirmed,
        messages_pending: row.pending(),
        segments: row.segments,
        success_rate: percent(row.delivered, row.messages),
        cost: told(cost),
        average_cost_per_message: told(average(cost, row.messages)),
    }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::money::Amount;

    use super::*;

    #[test]
    fn a_difference_may_be_beyond_an_amount() {
        let difference = difference(Amount::from_micros(-2).into(), Amount::MAX.into());
        assert_eq!(difference.micros(), -2 - i128::from(i64::MAX));
    }
}
