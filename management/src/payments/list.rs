//! Lists of payments, read from the books a page at a time, the newest first.

use tollgate_api::answer::Answer;
use tollgate_api::caller::{Caller, Reach};
use tollgate_api::page::{Page, cursor};
use tollgate_api::payments::{Payment, PaymentsQuery};
use tollgate_api::problem::Problem;
use tollgate_storage::store::Store;

use super::documents::payment;
use super::record::{BY_ID, PaymentRecord, list_prefix};
use crate::collections::PAYMENTS;
use crate::identity::visibility::Visibility;
use crate::problems::unavailable;

/// Payments that are looked at for one page.
const LOOKED_AT_MAX: usize = 5_000;

/// A page of payments of one account, or of all that the caller may see.
pub fn page(
    store: &Store,
    visibility: &Visibility,
    caller: &Caller,
    query: &PaymentsQuery,
    public_url: &str,
) -> Answer<Page<Payment>> {
    let own = match &caller.reach {
        Reach::Account(own) => Some(own.as_str()),
        Reach::All | Reach::Subtree(_) => None,
    };
    let account = query.account.as_deref().or(own);
    if let Some(account) = account.filter(|account| !visibility.may_see(caller, account)) {
        return Err(Problem::not_found(format!("there is no account `{account}`")));
    }
    let prefix = account.map_or_else(|| BY_ID.to_owned(), list_prefix);
    let paging = query.paging()?;
    let (mut items, mut skipped, mut looked_at) = (Vec::new(), 0, 0);
    let (mut last, mut is_more, mut fault) = (None, false, None);
    let before = paging.after.as_deref().map(str::as_bytes);
    let visited = store.documents().list_before(PAYMENTS, prefix.as_bytes(), before, |key, row| {
        if items.len() == paging.limit || looked_at == LOOKED_AT_MAX {
            is_more = true;
            return false;
        }
        looked_at += 1;
        last = Some(String::from_utf8_lossy(key).into_owned());
        match record_of(store, account.is_some(), &row.body) {
            Ok(None) => {}
            Ok(Some(record))
                if !is_wanted(&record, query) || !visibility.may_see(caller, &record.account) => {}
            Ok(Some(_)) if skipped < paging.offset => skipped += 1,
            Ok(Some(record)) => items.push(record.view(public_url)),
            Err(problem) => fault = Some(problem),
        }
        fault.is_none()
    });
    visited.map_err(|error| unavailable(&error))?;
    if let Some(problem) = fault {
        return Err(problem);
    }
    let next_cursor = last.filter(|_| is_more).map(|key| cursor(&key));
    Ok(Page { items, next_cursor })
}

/// The payment of a row: itself, or the one whose id it holds.
fn record_of(store: &Store, is_id: bool, body: &[u8]) -> Answer<Option<PaymentRecord>> {
    let unreadable = |error: serde_json::Error| {
        tracing::error!(%error, "a payment cannot be read");
        Problem::internal("a payment of the books cannot be read")
    };
    if !is_id {
        return serde_json::from_slice(body).map(Some).map_err(unreadable);
    }
    let id: String = serde_json::from_slice(body).map_err(unreadable)?;
    Ok(payment(store, &id)?.map(|(_, record)| record))
}

fn is_wanted(payment: &PaymentRecord, query: &PaymentsQuery) -> bool {
    query.state.is_none_or(|state| payment.state == state)
        && query.provider.is_none_or(|provider| payment.provider == provider)
        && query.reference.as_ref().is_none_or(|reference| {
            payment.reference.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(reference))
        })
        && query.from.is_none_or(|from| payment.created_at >= from)
        && query.to.is_none_or(|to| payment.created_at < to)
}
