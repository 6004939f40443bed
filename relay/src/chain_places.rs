//! The places of accounts in chains: whom each buys from, and whether it sells. They stand in the books, so that a start knows
//! what was in force.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tollgate_provisioning::ProvisionedAccount;
use tollgate_storage::rows::ChainPlace;
use tollgate_storage::store::{Store, Unavailable};

use crate::snapshot::Snapshot;

/// The places of all accounts that have one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainPlaces(HashMap<Arc<str>, Place>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    parent: Option<Arc<str>>,
    sells: bool,
}

impl ChainPlaces {
    /// Those of accounts that are provisioned together. A parent that is not among them is none.
    pub fn of<'a>(accounts: impl Iterator<Item = &'a ProvisionedAccount> + Clone) -> Self {
        let ids: HashSet<&str> = accounts.clone().map(|account| &*account.account.id).collect();
        let mut all = Self::default();
        for account in accounts {
            all.add(account, &|parent| ids.contains(parent));
        }
        all
    }

    /// Those of the accounts that are in force.
    pub fn in_force(snapshot: &Snapshot) -> Self {
        let mut all = Self::default();
        for account in snapshot.accounts() {
            all.add(&account.provisioned, &|parent| snapshot.by_account(parent).is_some());
        }
        all
    }

    /// Those that the books have, of the last configuration that was in force.
    pub fn in_books(store: &Store) -> Result<Self, Unavailable> {
        let kept = store.provisioned().chain_places()?;
        let ids: HashMap<&str, Arc<str>> =
            kept.keys().map(|id| (id.as_str(), Arc::from(id.as_str()))).collect();
        let shared = |id: &str| ids.get(id).map_or_else(|| Arc::from(id), Arc::clone);
        let place = |(id, place): (&String, &ChainPlace)| {
            let parent = place.parent.as_deref().map(shared);
            (shared(id), Place { parent, sells: place.sells })
        };
        Ok(Self(kept.iter().map(place).collect()))
    }

    /// True if an account buys from one right above it, or that one earns on it.
    pub fn buys(&self, id: &str) -> bool {
        let parent = self.parent(id).and_then(|parent| self.0.get(parent));
        parent.is_some_and(|parent| parent.sells)
    }

    /// The account right above one.
    pub fn parent(&self, id: &str) -> Option<&Arc<str>> {
        self.0.get(id)?.parent.as_ref()
    }

    /// An account and all above it.
    pub fn way_up(&self, id: &Arc<str>) -> Vec<Arc<str>> {
        let mut way = vec![Arc::clone(id)];
        while let Some(parent) = way.last().and_then(|at| self.parent(at)) {
            if way.contains(parent) {
                break;
            }
            way.push(Arc::clone(parent));
        }
        way
    }

    /// The places that another configuration changes, as the books keep them; `None` for an account that has none any more.
    pub fn changes(&self, after: &Self) -> Vec<(Arc<str>, Option<ChainPlace>)> {
        let changed = after.0.iter().filter(|(id, place)| self.0.get(*id) != Some(place));
        let gone = self.0.keys().filter(|id| !after.0.contains_key(*id));
        let changed = changed.map(|(id, place)| (Arc::clone(id), Some(place.kept())));
        changed.chain(gone.map(|id| (Arc::clone(id), None))).collect()
    }

    fn add(&mut self, account: &ProvisionedAccount, is_there: &dyn Fn(&str) -> bool) {
        let place = Place::of(account, is_there);
        self.0.extend(place.map(|place| (Arc::clone(&account.account.id), place)));
    }
}

/// The place of one account, as the books keep it; `None` where it has none. `is_there` tells of its parent.
pub fn place_of(account: &ProvisionedAccount, is_there: &dyn Fn(&str) -> bool) -> Option<ChainPlace> {
    Place::of(account, is_there).map(|place| place.kept())
}

impl Place {
    fn of(account: &ProvisionedAccount, is_there: &dyn Fn(&str) -> bool) -> Option<Self> {
        let reselling = &account.account.reselling;
        let parent = reselling.parent.clone().filter(|parent| is_there(parent));
        let place = Self { parent, sells: reselling.chain };
        (place != Self::default()).then_some(place)
    }

    fn kept(&self) -> ChainPlace {
        let parent = self.parent.as_deref().map(ToOwned::to_owned);
        ChainPlace { parent, sells: self.sells, since: None }
    }
}
