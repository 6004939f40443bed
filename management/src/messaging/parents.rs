//! The parents of accounts today, as those ask for them who decide what a viewer of messages is told.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_exports::cdr::Names;
use tollgate_exports::sides::Parents;

use crate::context::Context;
use crate::identity::visibility::Visibility;

/// The parents of accounts in force, and of those that were removed as they were last.
#[derive(Debug)]
pub struct ParentsOfToday {
    /// Knows the numbers of accounts.
    pub context: Arc<Context>,
    /// Knows the parents.
    pub visibility: Arc<Visibility>,
    /// Knows the ids of accounts.
    pub names: Arc<Names>,
}

impl Parents for ParentsOfToday {
    fn parent_of(&self, account: AccountNumber) -> Option<AccountNumber> {
        let parent = self.visibility.parent_of(&self.names.named_account(account)?.id)?;
        number_of(&self.context, &self.names, &parent)
    }
}

/// The number of an account, whether it is still provisioned or not.
pub fn number_of(context: &Context, names: &Names, account: &str) -> Option<AccountNumber> {
    // Names are looked through one by one, and most accounts are in force.
    let in_force = context.account(account).map(|account| account.runtime.wallet.number());
    in_force.or_else(|| names.account(account))
}
