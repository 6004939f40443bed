//! Counters of dispatches.

use std::ops::ControlFlow;

use tollgate_engine::account::AccountNumber;

use crate::database::{Database, Unavailable, damaged};
use crate::rows::{DispatchCounters, Row};
use crate::schema::{Family, account_key, account_name_key};

/// Reads the counters of dispatches.
#[derive(Clone, Copy, Debug)]
pub struct DispatchRows<'a> {
    pub(super) database: &'a Database,
}

impl DispatchRows<'_> {
    /// The counters of a dispatch.
    pub fn counters(
        &self,
        account: AccountNumber,
        dispatch_id: &[u8],
    ) -> Result<Option<DispatchCounters>, Unavailable> {
        self.database.row(Family::Dispatches, &account_name_key(account, dispatch_id))
    }

    /// Calls `visit` with an account's dispatch ids and their counters in the order of the ids, those that
    /// come after `after_name` (empty for all), until it returns `Break`. They are of one durable instant.
    pub fn list(
        &self,
        account: AccountNumber,
        after_name: &[u8],
        mut visit: impl FnMut(&[u8], &DispatchCounters) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        let mut start = account_name_key(account, after_name);
        if !after_name.is_empty() {
            // The first name that can come after it.
            start.push(0);
        }
        // After the names of the last account there is nothing.
        let end = match account.0.checked_add(1) {
            Some(next) => account_key(AccountNumber(next)).to_vec(),
            None => vec![u8::MAX; start.len() + 1],
        };
        self.database.range(Family::Dispatches, &start..&end, |key, value| {
            let name = key.get(account_key(account).len()..).unwrap_or_default();
            let counters = DispatchCounters::read(value).ok_or_else(|| damaged(Family::Dispatches))?;
            Ok(visit(name, &counters).is_continue())
        })
    }
}
