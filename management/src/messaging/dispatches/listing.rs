//! Lists of dispatches: those that the books count and those that somebody described, merged.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::dispatches::{Dispatch, DispatchSort, DispatchesQuery, octets_of, text_of};
use tollgate_api::page::{Page, Paging};
use tollgate_api::problem::Problem;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::store::{Store, Unavailable};

use super::record::key;
use super::view::{Found, Written};
use crate::collections::DISPATCHES;
use crate::identity::visibility::Visibility;
use crate::messaging::lookup::Lookup;
use crate::messaging::paging::{Gathering, foreign_cursor};
use crate::problems::unavailable;
use tollgate_exports::cdr::NamedAccount;
use tollgate_exports::sides::Viewer;

/// Dispatches of each kind that are read at once.
const CHUNK: usize = 256;
/// The cost of opening one account's dispatches, counted in dispatches looked at.
const LOOKS_PER_ACCOUNT: usize = 20;
/// Described dispatches that can be sorted in memory, in an order that the books do not have.
const SORTED_MAX: usize = 10_000;

/// The accounts whose dispatches are listed, in the order of their ids.
type Owners = [(AccountNumber, NamedAccount)];

/// A list of dispatches that somebody asks for.
pub struct Listing<'a> {
    /// The books that are read.
    pub store: &'a Store,
    /// Answers which accounts the caller may see.
    pub visibility: &'a Visibility,
    /// Finds the account that the query names.
    pub lookup: &'a Lookup,
    /// The caller who asks.
    pub caller: &'a Caller,
    /// The dispatches asked for.
    pub query: &'a DispatchesQuery,
}

impl Listing<'_> {
    /// The page that is asked for.
    pub fn page(&self) -> Answer<Page<Dispatch>> {
        let paging = self.query.paging()?;
        let in_force = || {
            let accounts = self.visibility.readable_accounts(self.caller).into_iter().map(|account| {
                let (number, account) = (account.runtime.wallet.number(), &account.provisioned.account);
                (number, NamedAccount { id: account.id.to_string(), currency: account.currency })
            });
            accounts.collect()
        };
        let owners: Vec<_> = match &self.query.account {
            Some(id) => vec![self.lookup.account(self.caller, &*self.lookup.names()?, id)?],
            None => in_force(),
        };
        let viewer = self.lookup.viewer(self.caller, &self.lookup.names()?)?;
        match self.query.sort.unwrap_or_default() {
            DispatchSort::Id => self.by_id(&owners, &viewer, &paging),
            DispatchSort::Newest => self.newest_first(&owners, &viewer, &paging),
        }
    }

    fn by_id(&self, owners: &Owners, viewer: &Viewer, paging: &Paging) -> Answer<Page<Dispatch>> {
        let mut gathering = Gathering::new(paging);
        let after = paging.after.as_deref().map(read_key).transpose()?;
        for (number, owner) in owners {
            let behind = match &after {
                Some((last, octets)) if *last == owner.id => match octets {
                    Some(octets) => octets.clone(),
                    None => continue,
                },
                Some((last, _)) if owner.id < *last => continue,
                _ => Vec::new(),
            };
            let seen = (self.caller, self.lookup.is_told_all_of(viewer, *number)?);
            let visit = |octets: &[u8], found: &Found| {
                let item = found.is_there().then(|| found.view(seen, owner, octets));
                let item = item.filter(|item| is_wanted(self.query, item));
                gathering.look(|| format!("{} {}", owner.id, text_of(octets)), item.map(|item| || item))
            };
            let walked = self.walk(*number, behind, visit).map_err(|error| unavailable(&error))?;
            // A key without a dispatch sorts behind all of the account's.
            if walked.is_break() || gathering.spend(LOOKS_PER_ACCOUNT, || owner.id.clone()).is_break() {
                break;
            }
        }
        gathering.finish()
    }

    /// Calls `visit` with each dispatch of an account behind one, in the order of their ids, until it breaks off.
    fn walk(
        &self,
        account: AccountNumber,
        mut after: Vec<u8>,
        mut visit: impl FnMut(&[u8], &Found) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Unavailable> {
        loop {
            let (mut merged, mut horizon) = (BTreeMap::<Vec<u8>, Found>::new(), None::<Vec<u8>>);
            let mut read = 0;
            self.store.dispatches().list(account, &after, |octets, counters| {
                merged.entry(octets.to_vec()).or_default().counters = *counters;
                read += 1;
                if read < CHUNK {
                    return ControlFlow::Continue(());
                }
                horizon = Some(octets.to_vec());
                ControlFlow::Break(())
            })?;
            let written = self.written_chunk(account, &after)?;
            if written.len() == CHUNK
                && let Some((last, _)) = written.last()
            {
                horizon = Some(horizon.map_or_else(|| last.clone(), |other| other.min(last.clone())));
            }
            for (octets, written) in written {
                merged.entry(octets).or_default().written = Some(written);
            }
            for (octets, found) in &merged {
                // Beyond the horizon one of the two kinds is not read yet.
                if horizon.as_ref().is_some_and(|horizon| octets > horizon) {
                    break;
                }
                if visit(octets, found).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            match horizon {
                Some(horizon) => after = horizon,
                None => return Ok(ControlFlow::Continue(())),
            }
        }
    }

    /// The next descriptions of an account's dispatches behind one.
    fn written_chunk(
        &self,
        account: AccountNumber,
        after: &[u8],
    ) -> Result<Vec<(Vec<u8>, Written)>, Unavailable> {
        let behind = (!after.is_empty()).then(|| key(account, after));
        self.read_written(account, behind.as_deref(), CHUNK)
    }

    fn read_written(
        &self,
        account: AccountNumber,
        behind: Option<&[u8]>,
        most: usize,
    ) -> Result<Vec<(Vec<u8>, Written)>, Unavailable> {
        let (mut read, mut fault) = (Vec::new(), None);
        let prefix = key(account, &[]);
        self.store.documents().list(DISPATCHES, &prefix, behind, |document_key, row| {
            match Written::read(&row) {
                Ok(written) => {
                    let octets = document_key.strip_prefix(&prefix[..]).unwrap_or_default();
                    read.push((octets.to_vec(), written));
                }
                Err(error) => fault = Some(error),
            }
            fault.is_none() && read.len() < most
        })?;
        fault.map_or(Ok(read), Err)
    }

    fn newest_first(&self, owners: &Owners, viewer: &Viewer, paging: &Paging) -> Answer<Page<Dispatch>> {
        let mut named = Vec::new();
        for (number, owner) in owners {
            let room = SORTED_MAX + 1 - named.len();
            let written = self.read_written(*number, None, room).map_err(|error| unavailable(&error))?;
            named.extend(written.into_iter().map(|(octets, written)| {
                let key = key_of_named(written.created_at, owner, &octets);
                (key, *number, owner, octets, written)
            }));
            if named.len() > SORTED_MAX {
                let most =
                    format!("is only for up to {SORTED_MAX} dispatches; name an account, or sort by id");
                return Err(Problem::field("sort", most));
            }
        }
        named.sort_by(|(one, ..), (other, ..)| other.cmp(one));
        let mut gathering = Gathering::new(paging);
        for (key, number, owner, octets, written) in named {
            if paging.after.as_ref().is_some_and(|after| key >= *after) {
                continue;
            }
            let counters =
                self.store.dispatches().counters(number, &octets).map_err(|error| unavailable(&error))?;
            let found = Found { counters: counters.unwrap_or_default(), written: Some(written) };
            let item =
                Some(found.view((self.caller, self.lookup.is_told_all_of(viewer, number)?), owner, &octets))
                    .filter(|item| is_wanted(self.query, item));
            if gathering.look(|| key, item.map(|item| || item)).is_break() {
                break;
            }
        }
        gathering.finish()
    }
}

/// As wide as any instant, so that the order of keys is that of time.
fn key_of_named(at: UnixMicros, owner: &NamedAccount, octets: &[u8]) -> String {
    format!("{:020} {} {}", at.0, owner.id, text_of(octets))
}

fn is_wanted(query: &DispatchesQuery, dispatch: &Dispatch) -> bool {
    let search = query.search.as_ref().map(|text| text.to_lowercase());
    query.status.is_none_or(|status| dispatch.status == status)
        && search.is_none_or(|text| {
            dispatch.id.to_lowercase().contains(&text)
                || dispatch.name.as_ref().is_some_and(|name| name.to_lowercase().contains(&text))
        })
}

/// The account that a cursor stands for, and its dispatch; `None` behind all of the account's.
fn read_key(key: &str) -> Answer<(String, Option<Vec<u8>>)> {
    match key.split_once(' ') {
        None => Ok((key.to_owned(), None)),
        Some((account, id)) => Ok((account.to_owned(), Some(octets_of(id).ok_or_else(foreign_cursor)?))),
    }
}
