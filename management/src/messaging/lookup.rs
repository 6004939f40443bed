//! Messages and accounts of the books, found by the ids that callers name them by.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_engine::account::AccountNumber;

use super::names::NameCache;
use crate::context::Context;
use crate::identity::visibility::Visibility;
use crate::problems::unavailable;
use tollgate_exports::cdr::{NamedAccount, Names};

/// Finds what a caller may see.
#[derive(Debug)]
pub struct Lookup {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    names: NameCache,
}

/// A message that the caller may see.
#[derive(Debug)]
pub struct FoundMessage {
    /// The account that paid for it.
    pub account: AccountNumber,
    /// The same by its name.
    pub named: NamedAccount,
    /// The id of the message.
    pub message_id: u64,
    /// The names of the moment at which it was found.
    pub names: Arc<Names>,
}

impl Lookup {
    /// Looks into the books of `context`.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>) -> Self {
        let names = NameCache::new(Arc::clone(&context));
        Self { context, visibility, names }
    }

    /// The names of everything that is provisioned, or ever was.
    pub fn names(&self) -> Answer<Arc<Names>> {
        self.names.names()
    }

    /// A message by its id.
    pub fn message(&self, caller: &Caller, id: &str) -> Answer<FoundMessage> {
        let message_id = id.parse().map_err(|_| no_message(id))?;
        let account = self.context.store().commits().account_of(message_id);
        let account = account.map_err(|error| unavailable(&error))?.ok_or_else(|| no_message(id))?;
        let names = self.names()?;
        let named =
            names.named_account(account).filter(|named| self.visibility.may_see(caller, &named.id)).cloned();
        Ok(FoundMessage { account, named: named.ok_or_else(|| no_message(id))?, message_id, names })
    }

    /// An account with its number, whether it is still provisioned or not: its books are there.
    pub fn account(&self, caller: &Caller, names: &Names, id: &str) -> Answer<(AccountNumber, NamedAccount)> {
        let number = names.account(id).filter(|_| self.visibility.may_see(caller, id));
        let found = number.and_then(|number| Some((number, names.named_account(number)?.clone())));
        found.ok_or_else(|| Problem::not_found(format!("there is no account `{id}`")))
    }
}

/// The problem of a message that is not there, or that the caller may not see.
pub fn no_message(id: &str) -> Problem {
    Problem::not_found(format!("there is no message `{id}`"))
}
