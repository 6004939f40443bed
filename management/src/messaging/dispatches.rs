//! Dispatches: the counters that the books have of them, and the descriptions that people wrote.

mod listing;
mod record;
mod view;

use std::sync::Arc;

use serde_json::Value;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::cdrs::{Cdr, CdrsQuery, CdrsService};
use tollgate_api::dispatches::{
    Dispatch, DispatchChange, DispatchMessagesQuery, DispatchOf, DispatchProgress, DispatchesQuery,
    DispatchesService, NewDispatch, OCTETS_MAX, octets_of, text_of,
};
use tollgate_api::extract::IfMatch;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_engine::account::AccountNumber;
use tollgate_storage::change::Expected;
use tollgate_storage::store::Store;

use crate::collections::DISPATCHES;
use crate::context::Context;
use crate::identity::visibility::Visibility;
use crate::messaging::cdrs::Cdrs;
use crate::messaging::lookup::Lookup;
use crate::problems::unavailable;
use listing::Listing;
use tollgate_exports::cdr::NamedAccount;

use record::{DispatchRecord, key};
use view::{Found, Written};

/// A dispatch that a request names.
struct Asked {
    number: AccountNumber,
    account: NamedAccount,
    octets: Vec<u8>,
    /// True if the caller is told what the account pays.
    is_told: bool,
}

/// The dispatches of accounts.
#[derive(Debug)]
pub struct Dispatches {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    lookup: Arc<Lookup>,
    cdrs: Arc<Cdrs>,
}

impl DispatchesService for Dispatches {
    fn dispatches(&self, caller: &Caller, query: &DispatchesQuery) -> Answer<Page<Dispatch>> {
        let Self { context, visibility, lookup, .. } = self;
        Listing { store: context.store(), visibility, lookup, caller, query }.page()
    }

    fn dispatch(&self, caller: &Caller, id: &str, of: &DispatchOf) -> Answer<Versioned<Dispatch>> {
        let asked = self.asked(caller, id, of.account.as_deref())?;
        let found = self.found(&asked)?;
        Ok(Versioned::new(
            found.revision(),
            found.view((caller, asked.is_told), &asked.account, &asked.octets),
        ))
    }

    fn create_dispatch(&self, caller: &Caller, new: NewDispatch) -> Answer<Versioned<Dispatch>> {
        if !is_plain(&new.id) {
            return Err(Problem::field(
                "id",
                "must be 1 to 64 visible ASCII characters or spaces without a backslash, the first a letter or digit",
            ));
        }
        let NewDispatch { account, id, name, description, planned_messages } = new;
        let account = caller.account_for(account)?;
        let record = DispatchRecord { name, description, planned_messages };
        record.check()?;
        self.visibility.visible_account(caller, &account)?;
        let asked = self.asked(caller, &id, Some(&account))?;
        if self.written(&asked)?.is_some() {
            return Err(Problem::already_exists(format!("the account has a dispatch `{id}` already")));
        }
        self.put_dispatch(caller, &asked, None, &record, "dispatch.create")
    }

    fn change_dispatch(
        &self,
        caller: &Caller,
        id: &str,
        of: &DispatchOf,
        if_match: IfMatch,
        change: DispatchChange,
    ) -> Answer<Versioned<Dispatch>> {
        let DispatchChange { name, description, planned_messages } = change;
        let record = DispatchRecord { name, description, planned_messages };
        record.check()?;
        let asked = self.asked(caller, id, of.account.as_deref())?;
        let found = self.found(&asked)?;
        if_match.check(found.revision())?;
        self.put_dispatch(caller, &asked, found.written.as_ref(), &record, "dispatch.update")
    }

    fn delete_dispatch(&self, caller: &Caller, id: &str, of: &DispatchOf, if_match: IfMatch) -> Answer<()> {
        let asked = self.asked(caller, id, of.account.as_deref())?;
        let found = self.found(&asked)?;
        if_match.check(found.revision())?;
        if found.counters.messages > 0 {
            return Err(Problem::wrong_state(
                "messages were charged under this dispatch; it stays in the books",
            ));
        }
        let Some(written) = found.written else { return Err(asked.not_found()) };
        let mut changes = self.context.change(caller);
        let expected = Expected::Revision(written.revision);
        changes.document::<DispatchRecord>(DISPATCHES, &asked.key(), expected, None);
        changes.note("dispatch.delete", asked.resource(), &written.record.to_json(), &Value::Null);
        changes.commit()?;
        Ok(())
    }

    fn dispatch_progress(&self, caller: &Caller, id: &str, of: &DispatchOf) -> Answer<DispatchProgress> {
        let asked = self.asked(caller, id, of.account.as_deref())?;
        let found = self.found(&asked)?;
        let Dispatch { id, account, status, planned_messages, counters, .. } =
            found.view((caller, asked.is_told), &asked.account, &asked.octets);
        Ok(DispatchProgress { id, account, status, planned_messages, counters })
    }

    fn dispatch_messages(
        &self,
        caller: &Caller,
        id: &str,
        query: &DispatchMessagesQuery,
    ) -> Answer<Page<Cdr>> {
        let asked = self.asked(caller, id, query.account.as_deref())?;
        self.found(&asked)?;
        let query = CdrsQuery {
            account: Some(asked.account.id),
            dispatch_id: Some(text_of(&asked.octets)),
            state: query.state,
            limit: query.limit,
            cursor: query.cursor.clone(),
            offset: query.offset,
            ..CdrsQuery::default()
        };
        self.cdrs.cdrs(caller, &query)
    }
}

impl Dispatches {
    /// The dispatches of all accounts; their messages are listed by `cdrs`.
    pub fn new(
        context: Arc<Context>,
        visibility: Arc<Visibility>,
        lookup: Arc<Lookup>,
        cdrs: Arc<Cdrs>,
    ) -> Self {
        Self { context, visibility, lookup, cdrs }
    }

    fn store(&self) -> &Store {
        self.context.store()
    }

    /// The dispatch that a request names; it need not exist.
    fn asked(&self, caller: &Caller, id: &str, account: Option<&str>) -> Answer<Asked> {
        let account = caller.account_for(account.map(ToOwned::to_owned))?;
        let names = self.lookup.names()?;
        let (number, account) = self.lookup.account(caller, &names, &account)?;
        let viewer = self.lookup.viewer(caller, &names)?;
        let octets = octets_of(id);
        let octets = octets.ok_or_else(|| Problem::not_found("no dispatch has such an id"))?;
        let is_told = self.lookup.is_told_all_of(&viewer, number)?;
        Ok(Asked { number, account, octets, is_told })
    }

    fn found(&self, asked: &Asked) -> Answer<Found> {
        let counters = self.store().dispatches().counters(asked.number, &asked.octets);
        let counters = counters.map_err(|error| unavailable(&error))?.unwrap_or_default();
        let found = Found { counters, written: self.written(asked)? };
        if found.is_there() { Ok(found) } else { Err(asked.not_found()) }
    }

    fn written(&self, asked: &Asked) -> Answer<Option<Written>> {
        let row =
            self.store().documents().get(DISPATCHES, &asked.key()).map_err(|error| unavailable(&error))?;
        row.map(|row| Written::read(&row)).transpose().map_err(|error| unavailable(&error))
    }

    fn put_dispatch(
        &self,
        caller: &Caller,
        asked: &Asked,
        before: Option<&Written>,
        record: &DispatchRecord,
        action: &str,
    ) -> Answer<Versioned<Dispatch>> {
        let expected = before.map_or(Expected::Absent, |written| Expected::Revision(written.revision));
        let old = before.map_or(Value::Null, |written| written.record.to_json());
        let mut changes = self.context.change(caller);
        changes.document(DISPATCHES, &asked.key(), expected, Some(record));
        changes.note(action, asked.resource(), &old, &record.to_json());
        changes.commit()?;
        let found = self.found(asked)?;
        Ok(Versioned::new(
            found.revision(),
            found.view((caller, asked.is_told), &asked.account, &asked.octets),
        ))
    }
}

impl Asked {
    fn key(&self) -> Vec<u8> {
        key(self.number, &self.octets)
    }

    fn resource(&self) -> String {
        format!("dispatch/{}/{}", self.account.id, text_of(&self.octets))
    }

    fn not_found(&self) -> Problem {
        let (account, id) = (&self.account.id, text_of(&self.octets));
        Problem::not_found(format!("account `{account}` has no dispatch `{id}`"))
    }
}

/// True if a dispatch may be described under this id: it can be typed, and need not be escaped twice in a URL.
fn is_plain(id: &str) -> bool {
    let is_visible = |octet: u8| octet == b' ' || (octet.is_ascii_graphic() && octet != b'\\');
    id.len() <= OCTETS_MAX
        && id.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && id.bytes().all(is_visible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_can_be_named() {
        for id in ["a", "7", "campaign 7/b?", &"x".repeat(64)] {
            assert!(is_plain(id), "{id}");
        }
        for id in ["", ".", "..", " a", r"a\b", "ä", "a\n", &"x".repeat(65)] {
            assert!(!is_plain(id), "{id}");
        }
    }
}
