//! Dispatches: what the books count of them, and what people wrote about them.

mod listing;
mod view;

use serde::{Deserialize, Serialize};
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

use crate::Office;
use crate::cdr_export::NamedAccount;
use crate::collections::DISPATCHES;
use crate::content::account_for;
use crate::problems::unavailable;

use view::{Found, Written};

const NAME_CHARACTERS_MAX: usize = 200;
const DESCRIPTION_CHARACTERS_MAX: usize = 1_000;
const PLANNED_MAX: u64 = 1_000_000_000;

/// What people wrote about a dispatch, as the books keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DispatchRecord {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    planned_messages: Option<u64>,
}

/// A dispatch that somebody asks for.
struct Asked {
    number: AccountNumber,
    account: NamedAccount,
    octets: Vec<u8>,
}

impl DispatchesService for Office {
    fn dispatches(&self, caller: &Caller, query: &DispatchesQuery) -> Answer<Page<Dispatch>> {
        self.dispatches_listed(caller, query)
    }

    fn dispatch(&self, caller: &Caller, id: &str, of: &DispatchOf) -> Answer<Versioned<Dispatch>> {
        let asked = self.asked(caller, id, of.account.as_deref())?;
        let found = self.found(&asked)?;
        Ok(Versioned::new(found.revision(), found.view(caller, &asked.account, &asked.octets)))
    }

    fn create_dispatch(&self, caller: &Caller, new: NewDispatch) -> Answer<Versioned<Dispatch>> {
        if !is_plain(&new.id) {
            return Err(Problem::field(
                "id",
                "is to be 1 to 64 visible ASCII characters or spaces without a backslash, the first a letter or digit",
            ));
        }
        let NewDispatch { account, id, name, description, planned_messages } = new;
        let account = account_for(caller, account)?;
        let record = DispatchRecord { name, description, planned_messages };
        record.check()?;
        self.visibility.reached(caller, &account)?;
        let asked = self.asked(caller, &id, Some(&account))?;
        if self.written(&asked)?.is_some() {
            return Err(Problem::already_exists(format!("the account has named a dispatch `{id}`")));
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
                "messages were charged under this dispatch, which stay in the books",
            ));
        }
        let Some(written) = found.written else { return Err(asked.not_found()) };
        let mut work = self.context.change(caller);
        let expected = Expected::Revision(written.revision);
        work.document::<DispatchRecord>(DISPATCHES, &asked.key(), expected, None);
        work.note("dispatch.delete", asked.resource(), &written.record.to_json(), &Value::Null);
        work.commit()?;
        Ok(())
    }

    fn dispatch_progress(&self, caller: &Caller, id: &str, of: &DispatchOf) -> Answer<DispatchProgress> {
        let asked = self.asked(caller, id, of.account.as_deref())?;
        let found = self.found(&asked)?;
        let Dispatch { id, account, status, planned_messages, counters, .. } =
            found.view(caller, &asked.account, &asked.octets);
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
        self.cdrs(caller, &query)
    }
}

impl Office {
    /// Whose dispatch is meant, and which; it need not be there.
    fn asked(&self, caller: &Caller, id: &str, account: Option<&str>) -> Answer<Asked> {
        let account = account_for(caller, account.map(ToOwned::to_owned))?;
        let (number, account) = self.owner(caller, &account)?;
        let octets = octets_of(id);
        let octets = octets.ok_or_else(|| Problem::not_found("no dispatch has such an id"))?;
        Ok(Asked { number, account, octets })
    }

    /// An account that the caller reaches, provisioned or not any more: its books are there.
    fn owner(&self, caller: &Caller, id: &str) -> Answer<(AccountNumber, NamedAccount)> {
        let names = self.names()?;
        let number = names.account(id).filter(|_| self.visibility.reaches(caller, id));
        let owner = number.and_then(|number| Some((number, names.named_account(number)?.clone())));
        owner.ok_or_else(|| Problem::not_found(format!("there is no account `{id}`")))
    }

    fn found(&self, asked: &Asked) -> Answer<Found> {
        let counters = self.store().dispatch(asked.number, &asked.octets);
        let counters = counters.map_err(|error| unavailable(&error))?.unwrap_or_default();
        let found = Found { counters, written: self.written(asked)? };
        if found.is_there() { Ok(found) } else { Err(asked.not_found()) }
    }

    fn written(&self, asked: &Asked) -> Answer<Option<Written>> {
        let row = self.store().document(DISPATCHES, &asked.key()).map_err(|error| unavailable(&error))?;
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
        let mut work = self.context.change(caller);
        work.document(DISPATCHES, &asked.key(), expected, Some(record));
        work.note(action, asked.resource(), &old, &record.to_json());
        work.commit()?;
        let found = self.found(asked)?;
        Ok(Versioned::new(found.revision(), found.view(caller, &asked.account, &asked.octets)))
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

/// Of the document of a dispatch: they are in the order of the books' own counters.
fn key(account: AccountNumber, octets: &[u8]) -> Vec<u8> {
    [&account.0.to_be_bytes()[..], octets].concat()
}

impl DispatchRecord {
    fn check(&self) -> Answer<()> {
        let Self { name, description, planned_messages } = self;
        if !(1..=NAME_CHARACTERS_MAX).contains(&name.chars().count()) {
            return Err(Problem::field("name", format!("is to have 1 to {NAME_CHARACTERS_MAX} characters")));
        }
        if description.as_deref().unwrap_or_default().chars().count() > DESCRIPTION_CHARACTERS_MAX {
            let message = format!("is to have at most {DESCRIPTION_CHARACTERS_MAX} characters");
            return Err(Problem::field("description", message));
        }
        match planned_messages {
            Some(planned) if !(1..=PLANNED_MAX).contains(planned) => {
                Err(Problem::field("planned_messages", format!("is to be from 1 to {PLANNED_MAX}")))
            }
            _ => Ok(()),
        }
    }

    fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Whether an id can be named: it can be typed, and stands in a URL as itself.
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
