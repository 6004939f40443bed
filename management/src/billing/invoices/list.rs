//! Lists of invoices, read from the books a page at a time, the newest first.

use tollgate_api::answer::Answer;
use tollgate_api::caller::{Caller, Reach};
use tollgate_api::invoices::{InvoiceSummary, InvoicesQuery};
use tollgate_api::page::{Page, cursor};
use tollgate_api::problem::Problem;
use tollgate_storage::store::Store;

use super::record::{BY_NUMBER, InvoiceRecord, list_prefix};
use super::view::read_summary;
use crate::collections::INVOICES;
use crate::identity::visibility::Visibility;
use crate::problems::unavailable;

/// Invoices that are looked at for one page.
const LOOKED_AT_MAX: usize = 5_000;

/// A page of invoices: those of one account by period, those of several by number.
pub fn page(
    store: &Store,
    visibility: &Visibility,
    caller: &Caller,
    query: &InvoicesQuery,
) -> Answer<Page<InvoiceSummary>> {
    let own = match &caller.reach {
        Reach::Account(own) => Some(own.as_str()),
        Reach::All | Reach::Subtree(_) => None,
    };
    let Some(account) = query.account.as_deref().or(own) else {
        let summary =
            |body: &[u8]| serde_json::from_slice(body).map(|record: InvoiceRecord| record.summary());
        let is_visible = |invoice: &InvoiceSummary| visibility.may_see(caller, &invoice.account);
        return page_of_invoices(store, BY_NUMBER, query, summary, is_visible);
    };
    if !visibility.may_see(caller, account) {
        return Err(Problem::not_found(format!("there is no account `{account}`")));
    }
    page_of_invoices(store, &list_prefix(account), query, read_summary, |_| true)
}

fn page_of_invoices(
    store: &Store,
    prefix: &str,
    query: &InvoicesQuery,
    read: impl Fn(&[u8]) -> serde_json::Result<InvoiceSummary>,
    is_visible: impl Fn(&InvoiceSummary) -> bool,
) -> Answer<Page<InvoiceSummary>> {
    let paging = query.paging()?;
    let (mut items, mut skipped, mut looked_at) = (Vec::new(), 0, 0);
    let (mut last, mut is_more, mut fault) = (None, false, None);
    let before = paging.after.as_deref().map(str::as_bytes);
    let visited = store.documents().list_before(INVOICES, prefix.as_bytes(), before, |key, row| {
        if items.len() == paging.limit || looked_at == LOOKED_AT_MAX {
            is_more = true;
            return false;
        }
        looked_at += 1;
        last = Some(String::from_utf8_lossy(key).into_owned());
        match read(&row.body) {
            Ok(invoice) if !is_wanted(&invoice, query) || !is_visible(&invoice) => {}
            Ok(_) if skipped < paging.offset => skipped += 1,
            Ok(invoice) => items.push(invoice),
            Err(error) => fault = Some(error),
        }
        fault.is_none()
    });
    visited.map_err(|error| unavailable(&error))?;
    if let Some(error) = fault {
        tracing::error!(%error, "an invoice cannot be read");
        return Err(Problem::internal("an invoice of the books cannot be read"));
    }
    let next_cursor = last.filter(|_| is_more).map(|key| cursor(&key));
    Ok(Page { items, next_cursor })
}

fn is_wanted(invoice: &InvoiceSummary, query: &InvoicesQuery) -> bool {
    query.status.is_none_or(|status| invoice.status == status)
        && query.payment_status.is_none_or(|status| invoice.payment_status == Some(status))
        && query.from.is_none_or(|from| invoice.period_end > from)
        && query.to.is_none_or(|to| invoice.period_start < to)
}
