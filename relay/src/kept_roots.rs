//! Accounts that buy in a chain stay below the account of the house that they are below: files that would bring one below
//! another, or would take away what it buys from, are not put in force. An account that pays alone may go anywhere.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use tollgate_provisioning::{Place, Provisioning};

use crate::snapshot::Snapshot;

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

/// The parents of accounts by id.
type Parents<'a> = HashMap<&'a str, Option<&'a Arc<str>>>;

/// Every account that would be moved so, in the order of the ids. One that is no longer there is not moved.
pub fn moved_accounts(before: &Snapshot, after: &Provisioning) -> Vec<MovedAccount> {
    let parents: Parents<'_> = after
        .accounts
        .iter()
        .map(|account| (&*account.account.id, account.account.reselling.parent.as_ref()))
        .collect();
    let mut moved: Vec<MovedAccount> = Vec::new();
    for account in before.accounts() {
        let id = &account.provisioned.account.id;
        if !parents.contains_key(&**id) || before.levels_above(&account).is_empty() {
            continue;
        }
        let way = way_up(before, id);
        let Some(root) = way.last().filter(|root| **root != root_of(&parents, id)) else { continue };
        let is_changed = |at: &&Arc<str>| match parents.get(&***at) {
            Some(parent) => *parent != parent_of(before, at).as_ref(),
            None => true,
        };
        let changed = way.iter().find(is_changed).unwrap_or(id);
        let places = after.places.accounts.get(changed);
        moved.push(MovedAccount {
            place: places.map(|places| places.of_key("parent")),
            account: Arc::clone(id),
            changed: Arc::clone(changed),
            is_removed: !parents.contains_key(&**changed),
            root: Arc::clone(root),
        });
    }
    moved.sort_by(|one, other| one.account.cmp(&other.account));
    moved
}

fn parent_of(before: &Snapshot, id: &str) -> Option<Arc<str>> {
    before.by_account(id)?.provisioned.account.reselling.parent.clone()
}

/// An account and all above it, as they are in force.
fn way_up(before: &Snapshot, id: &Arc<str>) -> Vec<Arc<str>> {
    let mut way = vec![Arc::clone(id)];
    while let Some(parent) = way.last().and_then(|at| parent_of(before, at)) {
        if way.contains(&parent) || before.by_account(&parent).is_none() {
            break;
        }
        way.push(parent);
    }
    way
}

/// The account of the house that an account would be below.
fn root_of(parents: &Parents<'_>, id: &Arc<str>) -> Arc<str> {
    let (mut at, mut steps) = (id, 0);
    while let Some(parent) = parents.get(&**at).copied().flatten() {
        steps += 1;
        if !parents.contains_key(&**parent) || steps > parents.len() {
            break;
        }
        at = parent;
    }
    Arc::clone(at)
}
