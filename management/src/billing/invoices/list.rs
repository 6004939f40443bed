//! Lists of invoices, read from the books a page at a time, the newest first.

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::invoices::{InvoiceSummary, InvoicesQuery};
use tollgate_api::page::Page;
use tollgate_storage::store::Store;

use super::record::{BY_NUMBER, InvoiceRecord, list_prefix};
use super::view::read_summary;
use crate::collections::INVOICES;
use crate::document_page::{account_of_list, page_down, readable};
use crate::identity::visibility::Visibility;

/// A page of invoices: those of one account by period, those of several by number.
pub fn page(
    store: &Store,
    visibility: &Visibility,
    caller: &Caller,
    query: &InvoicesQuery,
) -> Answer<Page<InvoiceSummary>> {
    let paging = query.paging()?;
    if let Some(account) = account_of_list(visibility, caller, query.account.as_deref())? {
        return page_down(store, (INVOICES, &list_prefix(account)), &paging, |body| {
            let invoice = readable(read_summary(body), "an invoice")?;
            Ok(Some(invoice).filter(|invoice| is_wanted(invoice, query)))
        });
    }
    page_down(store, (INVOICES, BY_NUMBER), &paging, |body| {
        let invoice = readable(serde_json::from_slice::<InvoiceRecord>(body), "an invoice")?.summary();
        let is_visible = visibility.may_see(caller, &invoice.account);
        Ok(Some(invoice).filter(|invoice| is_visible && is_wanted(invoice, query)))
    })
}

fn is_wanted(invoice: &InvoiceSummary, query: &InvoicesQuery) -> bool {
    query.status.is_none_or(|status| invoice.status == status)
        && query.payment_status.is_none_or(|status| invoice.payment_status == Some(status))
        && query.from.is_none_or(|from| invoice.period_end > from)
        && query.to.is_none_or(|to| invoice.period_start < to)
}
