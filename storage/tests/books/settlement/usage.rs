//! Usage as the model counts it: every message once more, from the first to the last.

use std::collections::BTreeMap;

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::rows::UsageRow;
use tollgate_storage::usage::{ALL_ACCOUNTS, QUARTER_MICROS, Quarter, UsageKey, UsageOf};

use super::pair::Pair;
use super::words::{COST, COST_IN_ACCOUNT_CURRENCY, Place, Sent};

const NETWORKS: [(&str, &str); 3] = [("639", "02"), ("639", "003"), ("310", "")];

pub fn network(position: usize) -> NetworkCode {
    let (mcc, mnc) = NETWORKS[position];
    NetworkCode::new(mcc, mnc).unwrap()
}

/// An instant in this quarter of an hour.
pub fn submitted_in(quarter: u32) -> UnixMicros {
    UnixMicros(u64::from(quarter) * QUARTER_MICROS + 1)
}

impl Pair {
    pub fn compare_usage(&self) {
        let mut expected: BTreeMap<UsageKey, UsageRow> = BTreeMap::new();
        for sent in &self.model.sent {
            let (account, quarter) = (self.accounts[sent.account], Quarter(sent.quarter));
            let counted = counted(sent);
            let of = UsageOf::Network(network(sent.network), None);
            expected.entry(UsageKey { account, quarter, of }).or_default().add(&counted);
            if let Some(operator) = sent.operator {
                let of = UsageOf::Operator(self.operators[operator]);
                expected.entry(UsageKey { account, quarter, of }).or_default().add(&counted);
                let key = UsageKey { account: ALL_ACCOUNTS, quarter, of };
                expected.entry(key).or_default().add(&over_all_accounts(sent, &counted));
            }
        }
        let mut kept = BTreeMap::new();
        for account in self.accounts.iter().chain([&ALL_ACCOUNTS]) {
            let visit = |key: &UsageKey, row: &UsageRow| {
                kept.insert(*key, row.clone());
                true
            };
            self.books.store.usage().of_account(*account, Quarter(0)..Quarter(u32::MAX), visit).unwrap();
        }
        assert_eq!(kept, expected);
    }
}

fn counted(sent: &Sent) -> UsageRow {
    let is = |place| u64::from(sent.place == place);
    let failures = [Outcome::Undelivered, Outcome::Expired, Outcome::Rejected, Outcome::Unknown];
    UsageRow {
        messages: 1,
        segments: if sent.refunded { 0 } else { sent.segments },
        charged: Amount::from_micros(sent.micros).into(),
        refunded: Amount::from_micros(if sent.refunded { sent.micros } else { 0 }).into(),
        submitted: u64::from(sent.taken + sent.taken_elsewhere > 0),
        delivered: is(Place::Ended(Outcome::Delivered)),
        failed: failures.into_iter().map(|outcome| is(Place::Ended(outcome))).sum(),
        cancelled: is(Place::Ended(Outcome::Cancelled)),
        unconfirmed: is(Place::Unconfirmed),
        cost_operators: Amount::from_micros(COST_IN_ACCOUNT_CURRENCY * sent.taken).into(),
        costs: BTreeMap::new(),
    }
}

fn over_all_accounts(sent: &Sent, counted: &UsageRow) -> UsageRow {
    let cost = (Currency::new("EUR").unwrap(), Amount::from_micros(COST * sent.taken).into());
    UsageRow {
        charged: Amount::ZERO.into(),
        refunded: Amount::ZERO.into(),
        cost_operators: Amount::ZERO.into(),
        costs: [cost].into_iter().filter(|_| sent.taken > 0).collect(),
        ..counted.clone()
    }
}
