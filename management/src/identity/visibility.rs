//! Whose things a caller reaches. What is out of reach is not found, as if it were not there.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::{Caller, Reach};
use tollgate_api::problem::Problem;

use crate::accounts::record::AccountRecord;
use crate::context::Context;
use crate::documents::DocumentCache;
use tollgate_relay::snapshot::ActiveAccount;

/// Accounts that may stand below one another.
const DEPTH_MAX: usize = 16;

/// Answers which accounts a caller may see.
#[derive(Debug)]
pub struct Visibility {
    context: Arc<Context>,
    accounts: Arc<DocumentCache<AccountRecord>>,
}

impl Visibility {
    /// By the accounts in force and the parents that documents name.
    pub fn new(context: Arc<Context>, accounts: Arc<DocumentCache<AccountRecord>>) -> Self {
        Self { context, accounts }
    }

    /// Whether the caller reaches an account of this id.
    pub(crate) fn reaches(&self, caller: &Caller, account: &str) -> bool {
        match &caller.reach {
            Reach::All => true,
            Reach::Account(own) => own == account,
            Reach::Subtree(root) => root == account || self.stands_below(account, root),
        }
    }

    /// Whether an account stands below another, however far.
    pub(crate) fn stands_below(&self, account: &str, root: &str) -> bool {
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
        self.accounts.get(account)?.value.parent.clone()
    }

    /// An account in force that the caller reaches.
    pub(crate) fn reached(&self, caller: &Caller, account: &str) -> Answer<Arc<ActiveAccount>> {
        let found =
            self.reaches(caller, account).then(|| self.context.core.snapshot.load().by_account(account));
        found.flatten().ok_or_else(|| Problem::not_found(format!("there is no account `{account}`")))
    }

    /// Every account in force that the caller reaches, in the order of their ids.
    pub(crate) fn all_reached(&self, caller: &Caller) -> Vec<Arc<ActiveAccount>> {
        let snapshot = self.context.core.snapshot.load();
        if let Reach::Account(own) = &caller.reach {
            return snapshot.by_account(own).into_iter().collect();
        }
        let mut accounts: Vec<_> = snapshot
            .accounts()
            .filter(|account| self.reaches(caller, &account.provisioned.account.id))
            .collect();
        accounts.sort_by(|one, other| one.provisioned.account.id.cmp(&other.provisioned.account.id));
        accounts
    }
}

/// The account that a request is about: the one it names, or the caller's own.
pub fn account_for(caller: &Caller, asked: Option<String>) -> Answer<String> {
    let own = || caller.account().map(ToOwned::to_owned);
    asked
        .or_else(own)
        .ok_or_else(|| Problem::field("account", "is required: your user belongs to no account"))
}
