//! Usage as the ledger counts it: every message once more. Nobody delivers here, so that there are rows of
//! networks only.

use std::collections::BTreeMap;

use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::rows::UsageRow;
use tollgate_storage::usage::{QUARTER_MICROS, Quarter, UsageKey, UsageOf};

use super::Pair;

pub fn network(mcc: u16) -> NetworkCode {
    NetworkCode { mcc, mnc: None }
}

/// The last instant of a quarter of an hour.
pub fn end_of(quarter: u32) -> UnixMicros {
    UnixMicros(u64::from(quarter + 1) * QUARTER_MICROS - 1)
}

impl Pair {
    pub fn compare_usage(&self) {
        let mut expected: BTreeMap<UsageKey, UsageRow> = BTreeMap::new();
        for sent in &self.model.sent {
            let account = self.accounts[sent.account];
            let (quarter, of) = (Quarter(sent.quarter), UsageOf::Network(network(sent.mcc), None));
            let row = expected.entry(UsageKey { account, quarter, of }).or_default();
            row.messages += 1;
            row.charged += Amount::from_micros(sent.micros);
            if sent.cancelled {
                row.cancelled += 1;
                row.refunded += Amount::from_micros(sent.micros);
            } else {
                row.segments += sent.segments;
            }
        }
        let mut kept = BTreeMap::new();
        for account in &self.accounts {
            let visit = |key: &UsageKey, row: &UsageRow| kept.insert(*key, row.clone()).is_none();
            self.books.store.usage().of_account(*account, Quarter(0)..Quarter(9), visit).unwrap();
        }
        assert_eq!(kept, expected);
    }
}
