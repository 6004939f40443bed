//! Pages of CDRs: account after account, and of each the newest first, by ids, which only count up: a page goes on where
//! the one before ended, whatever is charged meanwhile and however the clock is set. CDRs that a filter leaves out count as well, so that
//! the number that one page looks at is bounded.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::cdrs::{Cdr, CdrsQuery};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::cdr;
use tollgate_storage::clock::now;
use tollgate_storage::rows::StateRow;
use tollgate_storage::store::Store;

use super::view::{Seen, cdr_view};
use crate::identity::visibility::Visibility;
use crate::messaging::lookup::Lookup;
use crate::messaging::paging::{Gathering, foreign_cursor};
use crate::messaging::search::country;
use crate::problems::unavailable;
use tollgate_exports::cdr::{Names, Texts};
use tollgate_exports::messages::{Criteria, Filter, search_of};
use tollgate_exports::sides::Sides;
use tollgate_relay::snapshot::ActiveAccount;

/// The cost of opening one account's messages, counted in CDRs looked at.
const LOOKS_PER_ACCOUNT: usize = 20;

/// A page of the CDRs that a query asks for.
pub fn page(
    store: &Store,
    visibility: &Visibility,
    lookup: &Lookup,
    caller: &Caller,
    query: &CdrsQuery,
) -> Answer<Page<Cdr>> {
    let paging = query.paging()?;
    let names = lookup.names()?;
    let country = query.country.as_deref().map(country).transpose()?;
    // A CDR says which operator has the message, also to its account.
    let viewer = lookup.viewer(caller, &names)?;
    let asked = Criteria::read(search_of(query), &names, country, true, now())?;
    let (mut gathering, filter) = (Gathering::new(&paging), Filter::new(&asked, &names, &viewer));
    let from = query.from.map_or(UnixMicros(0), |at| at.0);
    let to = query.to.map_or(UnixMicros(u64::MAX), |at| at.0);
    let accounts = match lookup.senders(caller, &names, query.account.as_deref())? {
        Some(accounts) => named_accounts(&names, accounts),
        None => visible_accounts(visibility, caller),
    };
    let after = paging.after.as_deref().map(read_key).transpose()?;
    let ids = store.commits().ids_of(&(from..to)).map_err(|error| unavailable(&error))?;
    let texts = Texts::of(store).map_err(|error| unavailable(&error))?;
    let failed = RefCell::new(None);
    let (names, texts, failed) = (&*names, &texts, &failed);
    // An operator without a number has no messages.
    let (can_have_some, _) = asked.kinds();
    for (id, number) in accounts.into_iter().filter(|_| can_have_some) {
        let named = names.named_account(number);
        let named = named.ok_or_else(|| Problem::internal("an account has no name in the books"))?;
        let before = match after {
            Some((account, _)) if *id < *account => continue,
            Some((account, before)) if *id == *account => before,
            _ => u64::MAX,
        };
        let visit = |cdr: &cdr::Cdr<'_>, state: Option<&StateRow>| {
            let sides = viewer.sides(cdr);
            let view = |sides: Sides| {
                move || {
                    let text = texts.text(cdr.account, cdr.message_id).unwrap_or_else(|error| {
                        failed.replace(Some(error));
                        None
                    });
                    let seen = Seen { with_costs: caller.reaches_all(), sides: &sides, text };
                    cdr_view(names, named, cdr, state, seen)
                }
            };
            let is_wanted = (from..to).contains(&cdr.header.submitted_at) && filter.has(cdr, state);
            let item = sides.filter(|_| is_wanted).map(view);
            gathering.look(|| format!("{id} {}", cdr.message_id), item)
        };
        let read = store.history().charges_down(number, &ids.clone().below(before), visit);
        read.map_err(|error| unavailable(&error))?;
        if let Some(error) = failed.take() {
            return Err(unavailable(&error));
        }
        // No id is below zero: the next page begins behind this account.
        let is_cut = gathering.is_complete();
        if is_cut || gathering.spend(LOOKS_PER_ACCOUNT, || format!("{id} 0")) == ControlFlow::Break(()) {
            break;
        }
    }
    gathering.finish()
}

/// Accounts with their ids, in the order of these.
fn named_accounts(names: &Names, accounts: BTreeSet<AccountNumber>) -> Vec<(String, AccountNumber)> {
    let named = |number| names.named_account(number).map(|named| (named.id.clone(), number));
    let mut named: Vec<_> = accounts.into_iter().filter_map(named).collect();
    named.sort_unstable();
    named
}

/// The accounts that the caller may see, in the order of their ids.
fn visible_accounts(visibility: &Visibility, caller: &Caller) -> Vec<(String, AccountNumber)> {
    let accounts = visibility.readable_accounts(caller).into_iter();
    let named = |account: Arc<ActiveAccount>| {
        (account.provisioned.account.id.to_string(), account.runtime.wallet.number())
    };
    accounts.map(named).collect()
}

/// The account and the message that a cursor stands for.
fn read_key(key: &str) -> Answer<(&str, u64)> {
    let (account, message) = key.rsplit_once(' ').ok_or_else(foreign_cursor)?;
    Ok((account, message.parse().map_err(|_| foreign_cursor())?))
}
