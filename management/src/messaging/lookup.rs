//! Messages and accounts of the books, found by the ids that callers name them by.

use std::collections::BTreeSet;
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::{Caller, Reach};
use tollgate_api::problem::Problem;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use super::names::NameCache;
use super::parents::{ParentsOfToday, number_of};
use crate::context::Context;
use crate::identity::visibility::Visibility;
use crate::problems::unavailable;
use tollgate_exports::cdr::{NamedAccount, Names};
use tollgate_exports::sides::{Sides, Viewer};

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
    /// The accounts whose money of it the caller is told.
    pub sides: Sides,
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

    /// The caller as somebody who looks at messages.
    pub fn viewer(&self, caller: &Caller, names: &Arc<Names>) -> Answer<Viewer> {
        let (own, sees_below) = match &caller.reach {
            Reach::All => return Ok(Viewer::House),
            Reach::Account(own) => (own, false),
            Reach::Subtree(own) => (own, true),
        };
        let number = number_of(&self.context, names, own);
        let number = number.ok_or_else(|| Problem::internal("the caller's account is not in the books"))?;
        let parents = || ParentsOfToday {
            context: Arc::clone(&self.context),
            visibility: Arc::clone(&self.visibility),
            names: Arc::clone(names),
        };
        Ok(if sees_below { Viewer::Reseller(number, Arc::new(parents())) } else { Viewer::Account(number) })
    }

    /// The instant from which on a viewer is told what an account has paid in all; `None` where it is not told that. Where the
    /// account was below another reseller before, that is the time at which it came below this one.
    pub fn told_from(&self, viewer: &Viewer, account: AccountNumber) -> Answer<Option<UnixMicros>> {
        if !viewer.is_told_of(account) {
            return Ok(None);
        }
        let is_below = matches!(viewer, Viewer::Reseller(own, _) if *own != account);
        let place = is_below.then(|| self.context.store().provisioned().chain_place(account)).transpose();
        let since = place.map_err(|error| unavailable(&error))?.flatten().and_then(|place| place.since);
        Ok(Some(since.unwrap_or_default()))
    }

    /// True if a viewer is told what an account has paid in all, at any time.
    pub fn is_told_all_of(&self, viewer: &Viewer, account: AccountNumber) -> Answer<bool> {
        Ok(self.told_from(viewer, account)? == Some(UnixMicros::default()))
    }

    /// A message by its id.
    pub fn message(&self, caller: &Caller, id: &str) -> Answer<FoundMessage> {
        let message_id = id.parse().map_err(|_| no_message(id))?;
        let store = self.context.store();
        let account = store.commits().account_of(message_id);
        let account = account.map_err(|error| unavailable(&error))?.ok_or_else(|| no_message(id))?;
        let names = self.names()?;
        let viewer = self.viewer(caller, &names)?;
        let sides = store.messages().cdr(account, message_id, |cdr| viewer.sides(cdr));
        let sides = sides.map_err(|error| unavailable(&error))?.flatten().ok_or_else(|| no_message(id))?;
        let named = names.named_account(account).cloned().ok_or_else(|| no_message(id))?;
        Ok(FoundMessage { account, named, message_id, names, sides })
    }

    /// The accounts among whose messages are those that the caller may see: those that it sees today, and those that it sold to
    /// when they were below it. One that is asked for has to be among them. `None` for all.
    pub fn senders(
        &self,
        caller: &Caller,
        names: &Names,
        asked: Option<&str>,
    ) -> Answer<Option<BTreeSet<AccountNumber>>> {
        let once_below = match &caller.reach {
            Reach::Subtree(own) => number_of(&self.context, names, own),
            Reach::All | Reach::Account(_) => None,
        };
        let once_below = once_below.map(|own| self.context.store().history().ever_sold_to(own));
        let once_below = once_below.transpose().map_err(|error| unavailable(&error))?.unwrap_or_default();
        if let Some(id) = asked {
            let number = number_of(&self.context, names, id);
            let is_seen =
                |number: &AccountNumber| self.visibility.may_see(caller, id) || once_below.contains(number);
            return number.filter(is_seen).map(|number| Some([number].into())).ok_or_else(|| no_account(id));
        }
        if caller.reaches_all() {
            return Ok(None);
        }
        let visible = self.visibility.readable_accounts(caller);
        let visible = visible.iter().map(|account| account.runtime.wallet.number());
        Ok(Some(visible.chain(once_below).collect()))
    }

    /// An account with its number, whether it is still provisioned or not: its books are there.
    pub fn account(&self, caller: &Caller, names: &Names, id: &str) -> Answer<(AccountNumber, NamedAccount)> {
        let number = names.account(id).filter(|_| self.visibility.may_see(caller, id));
        let found = number.and_then(|number| Some((number, names.named_account(number)?.clone())));
        found.ok_or_else(|| no_account(id))
    }
}

fn no_account(id: &str) -> Problem {
    Problem::not_found(format!("there is no account `{id}`"))
}

/// The problem of a message that is not there, or that the caller may not see.
pub fn no_message(id: &str) -> Problem {
    Problem::not_found(format!("there is no message `{id}`"))
}
