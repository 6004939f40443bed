//! Pages of CDRs: account after account, and of each the newest first, by ids, which only count up: a page goes on where
//! the one before ended, whatever is charged meanwhile and however the clock is set. CDRs that a filter leaves out count as well, so that
//! the number that one page looks at is bounded.

use std::ops::ControlFlow;
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::cdrs::{Cdr, CdrsQuery};
use tollgate_api::dispatches::octets_of;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::network::{Mnc, NetworkCode};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::cdr;
use tollgate_storage::rows::{MessageState, StateRow};
use tollgate_storage::store::Store;

use super::view::{Seen, cdr_view, named_state};
use crate::identity::visibility::Visibility;
use crate::messaging::lookup::Lookup;
use crate::messaging::paging::{Gathering, foreign_cursor};
use crate::problems::unavailable;
use tollgate_exports::cdr::Names;
use tollgate_provisioning::texts;
use tollgate_relay::snapshot::ActiveAccount;

/// The cost of opening one account's messages, counted in CDRs looked at.
const LOOKS_PER_ACCOUNT: usize = 20;

/// The messages that a query asks for.
struct Filter<'a> {
    query: &'a CdrsQuery,
    mcc: Option<u16>,
    mnc: Option<Mnc>,
    country: Option<String>,
    operator: Option<OperatorNumber>,
    state: Option<MessageState>,
    dispatch: Option<Vec<u8>>,
    from: UnixMicros,
    to: UnixMicros,
}

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
    let (mut gathering, filter) = (Gathering::new(&paging), Filter::read(query, &names)?);
    let accounts = match &query.account {
        Some(id) => vec![(id.clone(), lookup.account(caller, &names, id)?.0)],
        None => visible_accounts(visibility, caller),
    };
    let after = paging.after.as_deref().map(read_key).transpose()?;
    let ids = store.commits().ids_of(&(filter.from..filter.to)).map_err(|error| unavailable(&error))?;
    // An operator without a number has no messages.
    let can_have_some = query.operator.is_none() || filter.operator.is_some();
    for (id, number) in accounts.into_iter().filter(|_| can_have_some) {
        let named = names.named_account(number);
        let named = named.ok_or_else(|| Problem::internal("an account has no name in the books"))?;
        let before = match after {
            Some((account, _)) if *id < *account => continue,
            Some((account, before)) if *id == *account => before,
            _ => u64::MAX,
        };
        let visit = |cdr: &cdr::Cdr<'_>, state: Option<&StateRow>| {
            let sides = |account: &str| visibility.sees_side_of(caller, account, &named.id);
            let seen = Seen { with_costs: caller.reaches_all(), sides: &sides };
            let view = || cdr_view(&names, named, cdr, state, seen);
            let item = filter.has(&names, cdr, state).then_some(view);
            gathering.look(|| format!("{id} {}", cdr.message_id), item)
        };
        let read = store.history().charges_down(number, &ids.clone().below(before), visit);
        read.map_err(|error| unavailable(&error))?;
        // No id is below zero: the next page begins behind this account.
        let is_cut = gathering.is_complete();
        if is_cut || gathering.spend(LOOKS_PER_ACCOUNT, || format!("{id} 0")) == ControlFlow::Break(()) {
            break;
        }
    }
    gathering.finish()
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

/// A dispatch id as messages carry it.
pub(crate) fn dispatch_octets(id: &str) -> Answer<Vec<u8>> {
    octets_of(id).ok_or_else(|| Problem::field("dispatch_id", "must be an id of 1 to 64 octets"))
}

impl<'a> Filter<'a> {
    fn read(query: &'a CdrsQuery, names: &Names) -> Answer<Self> {
        let mcc = query.mcc.as_deref().map(|mcc| {
            let code = NetworkCode::new(mcc, "");
            code.map(|code| code.mcc).ok_or_else(|| Problem::field("mcc", "must have three digits"))
        });
        let mnc = query
            .mnc
            .as_deref()
            .map(|mnc| Mnc::new(mnc).ok_or_else(|| Problem::field("mnc", "must have two or three digits")));
        let country = query.country.as_deref().map(|country| {
            let country = country.to_uppercase();
            texts::country(&country).map(|_| country).map_err(|message| Problem::field("country", message))
        });
        Ok(Self {
            query,
            mcc: mcc.transpose()?,
            mnc: mnc.transpose()?,
            country: country.transpose()?,
            operator: query.operator.as_deref().and_then(|code| names.operator_number(code)),
            state: query.state.map(named_state),
            dispatch: query.dispatch_id.as_deref().map(dispatch_octets).transpose()?,
            from: query.from.map_or(UnixMicros(0), |at| at.0),
            to: query.to.map_or(UnixMicros(u64::MAX), |at| at.0),
        })
    }

    /// True if the query asks for this CDR. Cheap tests come first.
    fn has(&self, names: &Names, cdr: &cdr::Cdr<'_>, state: Option<&StateRow>) -> bool {
        let (fields, query) = (&cdr.fields, self.query);
        let is_in = |wanted| state.map_or(MessageState::Enroute, |row| row.state) == wanted;
        let country =
            || names.network_of_number(fields.network, &fields.destination).1.map(|country| &*country.iso2);
        (self.from..self.to).contains(&cdr.header.submitted_at)
            && self.mcc.is_none_or(|mcc| fields.network.mcc == mcc)
            && self.mnc.is_none_or(|mnc| fields.network.mnc == Some(mnc))
            && self.state.is_none_or(is_in)
            && query.user_sms_id.is_none_or(|id| fields.user_message_reference == Some(id))
            && self.dispatch.as_ref().is_none_or(|id| fields.dispatch_id == Some(&id[..]))
            && query.destination.as_ref().is_none_or(|to| fields.destination.as_str() == to)
            && self.operator.is_none_or(|operator| Names::sent_to(cdr, state) == Some(operator))
            && self.country.as_deref().is_none_or(|wanted| country() == Some(wanted))
    }
}
