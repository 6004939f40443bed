//! Accounts that buy in a chain stay below the account of the house that they are below: files that would bring one below
//! another, or would take away what it buys from, are not put in force: by a reload, and by a start, which compares them with the
//! places that the books have. An account that pays alone may go anywhere.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use tollgate_provisioning::{Place, ProvisionedAccount, Provisioning};

use crate::chain_places::ChainPlaces;

/// An account that buys in a chain and would no longer be below the same account of the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedAccount {
    /// The key in the file by which it would be moved; `None` for what is in no file.
    pub place: Option<Place>,
    /// The id of it.
    pub account: Arc<str>,
    /// The account whose parent would be another one: itself, or one above it.
    pub changed: Arc<str>,
    /// True if that one would no longer be there.
    pub is_removed: bool,
    /// The account of the house that it is below.
    pub root: Arc<str>,
}

impl fmt::Display for MovedAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, account, changed, is_removed, root } = self;
        match place {
            Some(place) => write!(f, "{place}: account.parent: ")?,
            None if *is_removed => write!(f, "account `{changed}` is no longer there: ")?,
            None => write!(f, "account `{changed}`: parent: ")?,
        }
        write!(
            f,
            "account `{account}` buys in the chain of `{root}` and stays below it; before it can go elsewhere, take `chain` \
             from the reseller that it buys from"
        )
    }
}

/// Every account that would be moved so, in the order of the ids. One that is no longer there is not moved.
pub fn moved_accounts(before: &ChainPlaces, after: &Provisioning) -> Vec<MovedAccount> {
    let present = ChainPlaces::of(after.accounts.iter());
    let parent = |account: &'_ ProvisionedAccount| account.account.reselling.parent.clone();
    let asked: HashMap<&str, Option<Arc<str>>> =
        after.accounts.iter().map(|account| (&*account.account.id, parent(account))).collect();
    let mut moved: Vec<MovedAccount> = Vec::new();
    for account in after.accounts.iter().filter(|account| before.buys(&account.account.id)) {
        let id = &account.account.id;
        let way = before.way_up(id);
        let Some(root) = way.last().filter(|root| present.way_up(id).last() != Some(root)) else { continue };
        let is_changed =
            |at: &&Arc<str>| asked.get(&***at).is_none_or(|asked| asked.as_ref() != before.parent(at));
        let changed = way.iter().find(is_changed).unwrap_or(id);
        let places = after.places.accounts.get(changed);
        moved.push(MovedAccount {
            place: places.map(|places| places.of_key("parent")),
            account: Arc::clone(id),
            changed: Arc::clone(changed),
            is_removed: !asked.contains_key(&**changed),
            root: Arc::clone(root),
        });
    }
    moved.sort_by(|one, other| one.account.cmp(&other.account));
    moved
}
