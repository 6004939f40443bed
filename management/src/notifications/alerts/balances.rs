//! The watch over balances that dip between two looks: a wallet that is low and filled again within the second is told of, once.
//!
//! What it knows of the past stands in the ledger, and the ledger is durable; so is how far it was read for each alert, in the
//! alert itself. Whatever happened while nobody looked, as the process was killed, is read again at the next start and told then.
//! Charging knows nothing of it, and a wallet into which no money came is not looked up.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Total};
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::Expected;
use tollgate_storage::id_times::IdRanges;
use tollgate_storage::store::Store;

use super::balance_path::{BalancePath, Credit};
use super::record::AlertRecord;
use crate::collections::COUNTERS;
use crate::context::Context;
use crate::documents::{DocumentCache, stored_document};
use crate::problems::unavailable;

/// Entries of one account that a look reads; the next reads the rest.
const READ_MAX: usize = 10_000;
/// Looks after which what they have read is left behind for good.
const LOOKS_KEPT: u32 = 60;
/// The note of the first id that may still have to be read.
const NOTED_KEY: &str = "balances_read";

/// The ledgers as far as they were read.
#[derive(Debug)]
pub struct BalanceWatch {
    accounts: HashMap<AccountNumber, Read>,
    /// By account id, how far the ledger was read when an alert of an earlier process was raised or cleared.
    told: HashMap<String, u64>,
    /// The id from which the ledger is read for an account that was not looked at yet.
    unread_from: u64,
    /// The looks since one at which this was the first id that was not given out yet, and whether one of them has left something
    /// unread.
    since: (u32, u64, bool),
    /// As it is noted in the books.
    noted: Option<u64>,
}

/// A ledger as far as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Read {
    /// Of the wallet, before the ledger was read; `None` if there is more to read.
    credits: Option<u64>,
    to: u64,
}

/// The way of an account's balance since the look before.
#[derive(Debug)]
pub struct AccountPath {
    pub account: Arc<ActiveAccount>,
    pub path: BalancePath,
    /// The first id of the ledger that was not read for it.
    pub read_to: u64,
    credits: u64,
}

impl BalanceWatch {
    /// Goes on where the process before has stopped.
    pub fn begin(store: &Store, alerts: &DocumentCache<AlertRecord>) -> Answer<Self> {
        let mut told = HashMap::new();
        for document in alerts.filter(|document| document.value.ledger_to.is_some()) {
            let alert = &document.value;
            if let Some((account, to)) = alert.account.clone().zip(alert.ledger_to) {
                let known: &mut u64 = told.entry(account).or_default();
                *known = to.max(*known);
            }
        }
        let noted = stored_document::<u64>(store, COUNTERS, NOTED_KEY)?.map(|(_, noted)| noted);
        let unread_from = match noted {
            Some(noted) => noted,
            None => next_id(store)?,
        };
        Ok(Self { accounts: HashMap::new(), told, unread_from, since: (0, unread_from, false), noted })
    }

    /// The ways of the balances to which money came since the look before. Everything below `next_id` was durable when it began.
    pub fn paths(
        &self,
        store: &Store,
        accounts: impl Iterator<Item = Arc<ActiveAccount>>,
        next_id: u64,
    ) -> Answer<Vec<AccountPath>> {
        let mut paths = Vec::new();
        for account in accounts.filter(|account| is_watched(account)) {
            let wallet = &account.runtime.wallet;
            let (credits, read) = (wallet.credits(), self.accounts.get(&wallet.number()));
            if read.is_some_and(|read| read.credits == Some(credits)) {
                continue;
            }
            let told = self.told.get(&*account.provisioned.account.id).copied().unwrap_or_default();
            let from = read.map_or_else(|| self.unread_from.max(told), |read| read.to);
            let (path, last) = read_path(store, wallet.number(), from, read.is_none())?;
            let is_whole = path.last.is_some();
            let read_to = if is_whole { last.max(next_id) } else { last };
            paths.push(AccountPath { account, path, read_to, credits });
        }
        Ok(paths)
    }

    /// Takes over that a way was told of, durably, or that there was nothing to tell.
    pub fn follow(&mut self, path: &AccountPath) {
        let is_whole = path.path.last.is_some();
        self.since.2 |= !is_whole;
        let credits = is_whole.then_some(path.credits);
        self.accounts.insert(path.account.runtime.wallet.number(), Read { credits, to: path.read_to });
    }

    /// The first id of the ledger of an account that was not read, for an alert that is raised or cleared.
    pub fn read_to(&self, account: &ActiveAccount) -> Option<u64> {
        self.accounts.get(&account.runtime.wallet.number()).map(|read| read.to)
    }

    /// Ends a look that has told of everything. Now and then, and at the first, notes from where the next process has to read.
    pub fn end_look(&mut self, context: &Context, next_id: u64) -> Answer<()> {
        self.unread_from = next_id;
        self.since.0 += 1;
        let (looks, first, is_behind) = self.since;
        if self.noted.is_some() && looks < LOOKS_KEPT {
            return Ok(());
        }
        if self.noted != Some(first) && !is_behind {
            let system = Caller::system();
            let mut change = context.change(&system);
            change.document(COUNTERS, NOTED_KEY.as_bytes(), Expected::Any, Some(&first));
            change.commit()?;
            self.noted = Some(first);
        }
        self.since = (0, if is_behind { first } else { next_id }, false);
        Ok(())
    }
}

/// The first id that was not given out yet.
pub fn next_id(store: &Store) -> Answer<u64> {
    store.commits().next_id().map_err(|error| unavailable(&error))
}

/// True if the balance of an account can be low, or its credit nearly used.
fn is_watched(account: &ActiveAccount) -> bool {
    let charged = &account.provisioned.account;
    charged.low_balance_threshold.is_some() || charged.credit_limit > Amount::ZERO
}

/// The way of a balance from an id on, and the first id that was not read.
fn read_path(
    store: &Store,
    number: AccountNumber,
    from: u64,
    is_first_look: bool,
) -> Answer<(BalancePath, u64)> {
    let (mut credits, mut to, mut entries) = (Vec::new(), from, 0);
    let history = store.history();
    let read = history.entries_up(number, &IdRanges::from(from..u64::MAX), |id, entry| {
        (to, entries) = (id + 1, entries + 1);
        if let Some(after) = entry.balance_after.filter(|_| entry.amount > Amount::ZERO) {
            credits.push(Credit { before: after.minus(entry.amount), after });
        }
        if entries < READ_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    read.map_err(|error| unavailable(&error))?;
    let mut has_past = !is_first_look || credits.is_empty();
    if !has_past {
        let before = history.entries_down(number, &IdRanges::from(0..from), |_, _| {
            has_past = true;
            ControlFlow::Break(())
        });
        before.map_err(|error| unavailable(&error))?;
    }
    // The row may be of a later instant than the entries. What came in between is on the way of the next look.
    let wallet = store.wallets().of(number).map_err(|error| unavailable(&error))?;
    let last = (entries < READ_MAX).then(|| wallet.unwrap_or_default().balance);
    Ok((BalancePath { first: (!has_past).then_some(Total::ZERO), credits, last }, to))
}
