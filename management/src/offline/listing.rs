//! Accounts, balances, operators and CDRs of books that are only read, with the names that the API gives their fields. What
//! only a running daemon knows is left out.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::choice::Word;
use tollgate_api::money::{CurrencyCode, Money, MoneySum};
use tollgate_api::time::Time;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::{Loaded, ProvisionedAccount};
use tollgate_storage::clock::now;
use tollgate_storage::export::{CdrRange, cdrs};
use tollgate_storage::rows::AccountRow;
use tollgate_storage::store::{Store, Unavailable};

use crate::messaging::cdrs::view::{Seen, cdr_view};
use crate::provisioned::additions;
use tollgate_exports::cdr::{Names, Texts};
use tollgate_exports::sides::Sides;

/// Reads the books of a data directory beside the configuration that a daemon would start with.
#[derive(Debug)]
pub struct OfflineReader<'a> {
    store: &'a Store,
    loaded: &'a Loaded,
}

impl<'a> OfflineReader<'a> {
    /// Of these books, beside these files.
    pub fn new(store: &'a Store, loaded: &'a Loaded) -> Self {
        Self { store, loaded }
    }

    /// Every account that has books, in the order of their ids.
    pub fn accounts(&self) -> Result<Vec<Value>, Unavailable> {
        let provisioned = self.provisioned()?;
        let mut rows = self.store.provisioned().accounts()?;
        rows.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
        Ok(rows.iter().map(|(_, row)| shown(row, provisioned.get(&*row.id))).collect())
    }

    /// One of them.
    pub fn account(&self, id: &str) -> Result<Option<Value>, Unavailable> {
        let provisioned = self.provisioned()?;
        Ok(self.row(id)?.map(|(_, row)| shown(&row, provisioned.get(id))))
    }

    /// The balance of an account as it is on disk.
    pub fn balance(&self, id: &str) -> Result<Option<Value>, Unavailable> {
        let Some((number, row)) = self.row(id)? else { return Ok(None) };
        let balance = self.store.wallets().of(number)?.unwrap_or_default().balance;
        let provisioned = self.provisioned()?;
        let account = provisioned.get(id).map(|(provisioned, _)| &provisioned.account);
        let limit = account.map(|account| account.credit_limit);
        Ok(Some(json!({
            "account": row.id,
            "balance": MoneySum(balance),
            "currency": row.currency,
            "credit_limit": limit.map(Money),
            "available": limit.map(|limit| MoneySum(balance.plus(limit))),
            "low": account
                .map(|account| account.low_balance_threshold.is_some_and(|threshold| balance < threshold)),
            "as_of": Time(now()),
        })))
    }

    /// The operators of the files and of the API.
    pub fn operators(&self) -> Result<Vec<Value>, Unavailable> {
        let files = &self.loaded.provisioning;
        let whole = additions(self.store, &self.loaded.settings)?.beside(files);
        let mut operators: Vec<_> = whole.operators.iter().map(|provisioned| &provisioned.operator).collect();
        operators.sort_by(|one, other| one.code.cmp(&other.code));
        let shown = operators.into_iter().map(|operator| {
            let is_of_file = files.operators.iter().any(|file| file.operator.code == operator.code);
            json!({
                "code": &*operator.code,
                "name": &*operator.name,
                "status": Word(operator.status),
                "priority": operator.priority,
                "currency": CurrencyCode(operator.currency),
                "source": if is_of_file { "file" } else { "api" },
            })
        });
        Ok(shown.collect())
    }

    /// The CDRs of one account or of all that were submitted at or after an instant. The outer `None` means that there is no
    /// such account.
    pub fn cdrs(&self, account: Option<&str>, from: UnixMicros) -> Result<Option<Vec<Value>>, Unavailable> {
        let names = Names::read(self.store, self.loaded.provisioning.networks.clone())?;
        let number = account.map(|id| names.account(id));
        if number == Some(None) {
            return Ok(None);
        }
        let range = CdrRange { account: number.flatten(), from, to: UnixMicros(u64::MAX) };
        let (texts, mut found) = (Texts::of(self.store)?, Vec::new());
        let broken = cdrs(self.store, &range, |cdr, state| {
            if let Some(account) = names.named_account(cdr.account) {
                let text = match texts.text(cdr.account, cdr.message_id) {
                    Ok(text) => text,
                    Err(error) => return ControlFlow::Break(error),
                };
                let seen = Seen { with_costs: true, sides: &Sides::all(), text };
                let view = cdr_view(&names, account, cdr, state, seen);
                found.push(serde_json::to_value(view).unwrap_or_default());
            }
            ControlFlow::Continue(())
        })?;
        broken.map_or(Ok(Some(found)), Err)
    }

    fn row(&self, id: &str) -> Result<Option<(AccountNumber, AccountRow)>, Unavailable> {
        Ok(self.store.provisioned().accounts()?.into_iter().find(|(_, row)| row.id == id))
    }

    /// The accounts that a start would put in force, and whether each is one of the API.
    fn provisioned(&self) -> Result<HashMap<Arc<str>, (ProvisionedAccount, bool)>, Unavailable> {
        let additions = additions(self.store, &self.loaded.settings)?;
        let whole = additions.beside(&self.loaded.provisioning);
        let is_of_api = |id: &Arc<str>| {
            !self.loaded.provisioning.accounts.iter().any(|account| account.account.id == *id)
        };
        let accounts = whole.accounts.into_iter().map(|account| {
            let id = Arc::clone(&account.account.id);
            let of_api = is_of_api(&id);
            (id, (account, of_api))
        });
        Ok(accounts.collect())
    }
}

fn shown(row: &AccountRow, provisioned: Option<&(ProvisionedAccount, bool)>) -> Value {
    let Some((provisioned, is_of_api)) = provisioned else {
        return json!({ "id": row.id, "status": "removed", "currency": row.currency });
    };
    let account = &provisioned.account;
    json!({
        "id": row.id,
        "status": if account.suspended { "suspended" } else { "active" },
        "plan": &*account.plan,
        "currency": row.currency,
        "credit_limit": Money(account.credit_limit),
        "low_balance_threshold": account.low_balance_threshold.map(Money),
        "system_id": &*provisioned.system_id,
        "max_binds": provisioned.max_binds,
        "source": if *is_of_api { "api" } else { "file" },
    })
}
