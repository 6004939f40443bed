//! Wallets that are used up: told of once, and again after there was money in between. The books say which were told of.

use std::collections::HashSet;
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::events::data::WalletEventData;
use tollgate_api::events::types::EventType;
use tollgate_api::money::CurrencyCode;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::time::UnixMicros;
use tollgate_notifications::event_record::once_key;
use tollgate_relay::snapshot::ActiveAccount;

use crate::collections::EVENTS;
use crate::context::Context;
use crate::problems::unavailable;
use crate::told_once::ToldOnce;

/// Wallets that one look tells of.
const AT_ONCE: usize = 200;
/// The beginning of the marks.
const MARK: &str = "empty/";

/// The wallets that were told of as used up.
#[derive(Debug, Default)]
pub struct EmptyWallets {
    /// `None` until the books were read.
    empty: Option<HashSet<String>>,
    told: ToldOnce,
}

impl EmptyWallets {
    /// One look at all accounts without credit.
    pub fn look(&mut self, context: &Context) -> Answer<()> {
        let empty = match self.empty.take() {
            Some(empty) => empty,
            None => read(context)?,
        };
        let empty = self.empty.insert(empty);
        let mut changed: Vec<Arc<ActiveAccount>> = Vec::new();
        for account in context.core.snapshot.load().accounts() {
            let is_told = empty.contains(&*account.provisioned.account.id);
            if is_told != is_used_up(&account, is_told) && changed.len() < AT_ONCE {
                changed.push(account);
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        let system = Caller::system();
        let mut changes = context.change(&system);
        for account in &changed {
            let charged = &account.provisioned.account;
            let mark = format!("{MARK}{}", charged.id);
            if empty.contains(&*charged.id) {
                self.told.remove(&mut changes, &mark);
            } else if self.told.add(context.store(), &mut changes, &mark, UnixMicros(u64::MAX))? {
                let data = WalletEventData {
                    amount: None,
                    balance: account.runtime.wallet.state().balance.to_string(),
                    threshold: charged.low_balance_threshold.map(|threshold| threshold.to_string()),
                    currency: CurrencyCode(charged.currency),
                    reference: None,
                };
                changes.emit(EventType::WalletEmpty, Some(&charged.id), &data);
            }
        }
        changes.commit()?;
        for account in &changed {
            let id = account.provisioned.account.id.to_string();
            if !empty.remove(&id) {
                empty.insert(id);
            }
        }
        Ok(())
    }
}

/// True if nothing is left of money that was used. A wallet that was never used is not used up.
fn is_used_up(account: &ActiveAccount, is_told: bool) -> bool {
    if account.provisioned.account.credit_limit != Amount::ZERO {
        return false;
    }
    let state = account.runtime.wallet.state();
    let is_used = || is_told || state.volumes.iter().any(|volume| volume.segments > 0);
    state.balance < Total::ZERO || state.balance == Total::ZERO && is_used()
}

fn read(context: &Context) -> Answer<HashSet<String>> {
    let (prefix, mut empty) = (once_key(MARK), HashSet::new());
    let read = context.store().documents().list(EVENTS, prefix.as_bytes(), None, |key, _| {
        let key = String::from_utf8_lossy(key);
        empty.extend(key.strip_prefix(&prefix).map(ToOwned::to_owned));
        true
    });
    read.map_err(|error| unavailable(&error))?;
    Ok(empty)
}
