//! The accounts that a caller may see. Any other is answered as not found, as if it did not exist.

use std::collections::BTreeSet;
use std::sync::Arc;

use tollgate_api::accounts::AccountStatus;
use tollgate_api::answer::Answer;
use tollgate_api::caller::{Caller, Reach};
use tollgate_api::problem::Problem;

use crate::accounts::record::AccountRecord;
use crate::context::Context;
use crate::documents::DocumentCache;
use tollgate_relay::snapshot::ActiveAccount;

/// The most levels of accounts below one another.
const DEPTH_MAX: usize = 16;

/// Answers which accounts a caller may see.
#[derive(Debug)]
pub struct Visibility {
    context: Arc<Context>,
    accounts: Arc<DocumentCache<AccountRecord>>,
}

/// True if the caller may know the prices at which an account sells to those right below it: its own, and all where it is
/// the house.
pub(crate) fn sees_sales_of(caller: &Caller, account: &str) -> bool {
    match &caller.reach {
        Reach::All => true,
        Reach::Account(own) | Reach::Subtree(own) => own == account,
    }
}

impl Visibility {
    /// Decides by the accounts in force and the parents that their documents name.
    pub fn new(context: Arc<Context>, accounts: Arc<DocumentCache<AccountRecord>>) -> Self {
        Self { context, accounts }
    }

    /// True if the caller may see the account of this id.
    pub(crate) fn may_see(&self, caller: &Caller, account: &str) -> bool {
        match &caller.reach {
            Reach::All => true,
            Reach::Account(own) => own == account,
            Reach::Subtree(root) => root == account || self.is_below(account, root),
        }
    }

    /// True if an account is below another, at any depth.
    pub(crate) fn is_below(&self, account: &str, root: &str) -> bool {
        let mut at = account.to_owned();
        for _ in 0..DEPTH_MAX {
            match self.parent_of(&at) {
                Some(parent) if parent == root => return true,
                Some(parent) => at = parent,
                None => return false,
            }
        }
        false
    }

    /// The reseller right above an account.
    pub(crate) fn parent_of(&self, account: &str) -> Option<String> {
        if let Some(document) = self.accounts.get(account) {
            return document.value.parent.clone();
        }
        let account = self.context.account(account)?;
        account.provisioned.account.reselling.parent.as_ref().map(ToString::to_string)
    }

    /// The version of an account's terms.
    pub(crate) fn revision_of(&self, account: &ActiveAccount) -> u64 {
        self.accounts.get(&account.provisioned.account.id).map_or(1, |document| document.revision)
    }

    /// The name of an account; its id where it has no other.
    pub(crate) fn name_of(&self, account: &str) -> String {
        self.accounts.get(account).map_or_else(|| account.to_owned(), |document| document.value.name.clone())
    }

    /// The account of the house that an account is below, or the account itself.
    pub(crate) fn root_of(&self, account: &str) -> String {
        let mut at = account.to_owned();
        for _ in 0..DEPTH_MAX {
            match self.parent_of(&at) {
                Some(parent) => at = parent,
                None => break,
            }
        }
        at
    }

    /// An account in force that the caller may see. One that was removed is refused: it can only be read.
    pub(crate) fn visible_account(&self, caller: &Caller, account: &str) -> Answer<Arc<ActiveAccount>> {
        let found = self.readable_account(caller, account)?;
        if self.is_removed(&found) {
            let message = format!("account `{account}` was removed; its books can be read, and not changed");
            return Err(Problem::wrong_state(message));
        }
        Ok(found)
    }

    /// An account that the caller may see, whether it is still in force or was removed: its books are there.
    pub(crate) fn readable_account(&self, caller: &Caller, account: &str) -> Answer<Arc<ActiveAccount>> {
        let found = self.may_see(caller, account).then(|| self.context.account(account));
        found.flatten().ok_or_else(|| Problem::not_found(format!("there is no account `{account}`")))
    }

    /// True if an account is no longer provisioned.
    pub(crate) fn is_removed(&self, account: &ActiveAccount) -> bool {
        self.context.core.snapshot.load().by_account(&account.provisioned.account.id).is_none()
    }

    /// The status of an account.
    pub(crate) fn status_of(&self, account: &ActiveAccount) -> AccountStatus {
        match account.provisioned.account.suspended {
            _ if self.is_removed(account) => AccountStatus::Removed,
            true => AccountStatus::Suspended,
            false => AccountStatus::Active,
        }
    }

    /// True if an account is suspended now.
    pub(crate) fn is_suspended(&self, account: &str) -> bool {
        let account = self.context.core.snapshot.load().by_account(account);
        account.is_some_and(|account| account.provisioned.account.suspended)
    }

    /// True if the caller may lift what `by` has stopped, which is a reseller's account, or the house where there is none:
    /// nobody lifts what a level above the own one has stopped.
    pub(crate) fn may_lift(&self, caller: &Caller, by: Option<&str>) -> bool {
        caller.reaches_all() || by.is_some_and(|by| self.may_see(caller, by))
    }

    /// The plans that the caller may know of and give to accounts below it: those of the accounts that it may see. `None` for
    /// all plans.
    pub(crate) fn visible_plans(&self, caller: &Caller) -> Option<BTreeSet<String>> {
        if caller.reaches_all() {
            return None;
        }
        let accounts = self.visible_accounts(caller);
        Some(accounts.iter().map(|account| account.provisioned.account.plan.to_string()).collect())
    }

    /// Every account in force that the caller may see, in the order of their ids.
    pub(crate) fn visible_accounts(&self, caller: &Caller) -> Vec<Arc<ActiveAccount>> {
        let snapshot = self.context.core.snapshot.load();
        if let Reach::Account(own) = &caller.reach {
            return snapshot.by_account(own).into_iter().collect();
        }
        let mut accounts: Vec<_> = snapshot
            .accounts()
            .filter(|account| self.may_see(caller, &account.provisioned.account.id))
            .collect();
        accounts.sort_by(|one, other| one.provisioned.account.id.cmp(&other.provisioned.account.id));
        accounts
    }

    /// The same, and those that were removed.
    pub(crate) fn readable_accounts(&self, caller: &Caller) -> Vec<Arc<ActiveAccount>> {
        let mut accounts = self.visible_accounts(caller);
        let removed = self.context.core.configuration.removed_accounts().all().into_iter();
        let removed = removed.filter(|account| self.may_see(caller, &account.provisioned.account.id));
        accounts.extend(removed.filter(|account| self.is_removed(account)));
        accounts.sort_by(|one, other| one.provisioned.account.id.cmp(&other.provisioned.account.id));
        accounts
    }
}
