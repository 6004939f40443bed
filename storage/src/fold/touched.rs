//! Rows that events of a commit have changed, as they will be. What comes later in the same commit reads them here, and
//! what nobody has touched from disk.

use std::collections::{HashMap, HashSet};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use super::Draft;
use super::settle::Price;
use super::waiting::Waiting;
use crate::batch::Put;
use crate::database::Unavailable;
use crate::rows::{ExpiryRow, Row, StateRow, UpstreamRow};
use crate::schema::{Family, account_id_key, instant_id_key, upstream_key};

/// As they will be.
#[derive(Debug, Default)]
pub struct Touched {
    states: HashMap<(AccountNumber, u64), StateRow>,
    upstream: HashMap<Vec<u8>, UpstreamRow>,
    /// By message id; `None` where it waits no longer.
    pub waiting: HashMap<u64, Option<Waiting>>,
    /// By key; `None` where it is gone.
    expiries: HashMap<[u8; 16], Option<Vec<u8>>>,
    /// Scheduled messages whose validity has ended, where they were looked for: when they were to be sent.
    pub expired_scheduled: Option<HashMap<u64, UnixMicros>>,
    /// Receipts that gateways have.
    pub receipts_done: HashSet<(AccountNumber, u64)>,
}

/// A message by the id that an operator gave it.
#[derive(Debug)]
pub struct Taken {
    pub operator: OperatorNumber,
    pub id: Vec<u8>,
    pub row: UpstreamRow,
}

impl Draft<'_> {
    /// What became of a message.
    pub(super) fn state(
        &self,
        account: AccountNumber,
        message_id: u64,
    ) -> Result<Option<StateRow>, Unavailable> {
        match self.changes.touched.states.get(&(account, message_id)) {
            Some(row) => Ok(Some(row.clone())),
            None => self.store.messages().state(account, message_id),
        }
    }

    /// Writes what has become of a message, and counts it in the usage. Only reading counters that
    /// [`Self::load_usage`] has not read can fail, and it changes nothing.
    pub(super) fn set_state(
        &mut self,
        price: &Price<'_>,
        message_id: u64,
        before: Option<&StateRow>,
        after: StateRow,
    ) -> Result<(), Unavailable> {
        self.count_state(&price.facts(), before, &after)?;
        let key = account_id_key(price.account, message_id);
        self.batch.replace(Family::States, key, after.to_bytes(), before.map(Row::to_bytes));
        self.changes.touched.states.insert((price.account, message_id), after);
        Ok(())
    }

    /// A message's row in `expiries` (`None` removes it), where it is not what it is to be.
    pub(super) fn set_expiry(
        &mut self,
        at: UnixMicros,
        message_id: u64,
        after: Option<&ExpiryRow>,
    ) -> Result<(), Unavailable> {
        let key = instant_id_key(at, message_id);
        let before = match self.changes.touched.expiries.get(&key) {
            Some(touched) => touched.clone(),
            None => self.store.get(Family::Expiries, &key)?,
        };
        let after = after.map(Row::to_bytes);
        if before != after {
            let put = Put { family: Family::Expiries, key: key.to_vec(), value: after.clone(), before };
            self.batch.puts.push(put);
            self.changes.touched.expiries.insert(key, after);
        }
        Ok(())
    }

    /// The message that an operator knows by this id.
    pub(super) fn taken(&self, operator: OperatorNumber, id: &[u8]) -> Result<Option<Taken>, Unavailable> {
        let key = upstream_key(operator, id);
        let row = match self.changes.touched.upstream.get(&key) {
            Some(row) => Some(row.clone()),
            None => self.store.database().row(Family::Upstream, &key)?,
        };
        Ok(row.map(|row| Taken { operator, id: id.to_vec(), row }))
    }

    pub(super) fn set_taken(&mut self, before: Option<&UpstreamRow>, after: Taken) {
        let key = upstream_key(after.operator, &after.id);
        self.batch.replace(Family::Upstream, key.clone(), after.row.to_bytes(), before.map(Row::to_bytes));
        self.changes.touched.upstream.insert(key, after.row);
    }
}
