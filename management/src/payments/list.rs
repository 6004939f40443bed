//! Lists of payments, read from the books a page at a time, the newest first.

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::page::Page;
use tollgate_api::payments::{Payment, PaymentsQuery};
use tollgate_storage::store::Store;

use super::documents::payment;
use crate::collections::PAYMENTS;
use crate::document_page::{account_of_list, page_down, readable};
use crate::identity::visibility::Visibility;
use tollgate_payments::record::{BY_ID, PaymentRecord, list_prefix};

/// A page of payments of one account, or of all that the caller may see.
pub fn page(
    store: &Store,
    visibility: &Visibility,
    caller: &Caller,
    query: &PaymentsQuery,
    public_url: &str,
) -> Answer<Page<Payment>> {
    let account = account_of_list(visibility, caller, query.account.as_deref())?;
    let prefix = account.map_or_else(|| BY_ID.to_owned(), list_prefix);
    page_down(store, (PAYMENTS, &prefix), &query.paging()?, |body| {
        let record = record_of(store, account.is_some(), body)?;
        let wanted =
            record.filter(|record| is_wanted(record, query) && visibility.may_see(caller, &record.account));
        Ok(wanted.map(|record| record.view(public_url)))
    })
}

/// The payment of a row: itself, or the one whose id it holds.
fn record_of(store: &Store, is_id: bool, body: &[u8]) -> Answer<Option<PaymentRecord>> {
    if !is_id {
        return readable(serde_json::from_slice(body), "a payment").map(Some);
    }
    let id: String = readable(serde_json::from_slice(body), "a payment")?;
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
