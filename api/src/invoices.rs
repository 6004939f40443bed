//! Invoices: what was charged in a period, line by line, equal to the ledger to the last millionth.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::export::{Export, OrFile, TableFormat};
use crate::extract::{Body, IfMatch, OptionalBody, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{
    Cancellation, Invoice, InvoiceLine, InvoicePayments, InvoiceQuery, InvoiceStatus, InvoiceSummary,
    InvoiceTax, InvoicesQuery, LineCategory, LineDetails, NewInvoice, NewInvoicePayment, PaymentStatus,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/invoices", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/invoices", Who::Roles(ADMIN, Scope::BillingWrite)),
    rule("GET", "/v1/invoices/{number}", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("DELETE", "/v1/invoices/{number}", Who::Roles(ADMIN, Scope::BillingWrite)),
    rule("POST", "/v1/invoices/{number}/send", Who::Roles(ADMIN, Scope::BillingWrite)),
    rule("POST", "/v1/invoices/{number}/pay", Who::Roles(ADMIN, Scope::BillingWrite)),
    rule("POST", "/v1/invoices/{number}/cancel", Who::Roles(ADMIN, Scope::BillingWrite)),
];

/// An invoice that was asked for, and whether it was made just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    /// The draft itself.
    pub invoice: Versioned<Invoice>,
    /// `false` for a draft that there was already.
    pub is_new: bool,
}

/// Reads, drafts, sends and cancels invoices, and notes that they are paid.
pub trait InvoicesService: Send + Sync + 'static {
    /// Those of accounts that the caller may see, the newest first.
    fn invoices(&self, caller: &Caller, query: &InvoicesQuery) -> Answer<Page<InvoiceSummary>>;

    /// Begins to write all of them.
    fn export_invoices(&self, caller: &Caller, query: &InvoicesQuery, format: TableFormat) -> Answer<Export>;

    /// One of them.
    fn invoice(&self, caller: &Caller, number: &str) -> Answer<Versioned<Invoice>>;

    /// The lines of one of them as a file.
    fn export_invoice(&self, caller: &Caller, number: &str, format: TableFormat) -> Answer<Export>;

    /// A draft for an account and a period: a new one, or the one that there is, brought up to date.
    fn draft_invoice(&self, caller: &Caller, new: &NewInvoice) -> Answer<Drafted>;

    /// Removes a draft that has no number.
    fn delete_draft(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<()>;

    /// Makes a draft final: it gets its number, and the amount due.
    fn send_invoice(&self, caller: &Caller, number: &str, if_match: IfMatch) -> Answer<Versioned<Invoice>>;

    /// Posts a payment of it to the ledger, in part, in full or beyond.
    fn pay_invoice(
        &self,
        caller: &Caller,
        number: &str,
        if_match: IfMatch,
        payment: NewInvoicePayment,
    ) -> Answer<Versioned<Invoice>>;

    /// Takes it back; its number stays used.
    fn cancel_invoice(
        &self,
        caller: &Caller,
        number: &str,
        if_match: IfMatch,
        cancellation: Cancellation,
    ) -> Answer<Versioned<Invoice>>;
}

type Service = Arc<dyn InvoicesService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn InvoicesService>> {
    OpenApiRouter::new()
        .routes(routes!(list, draft))
        .routes(routes!(get, delete))
        .routes(routes!(send))
        .routes(routes!(pay))
        .routes(routes!(cancel))
}

/// List invoices
///
/// Those of accounts that the caller may see, the newest first, without their lines. Filters are looked for
/// among a bounded number of invoices at a time, so that a page may have fewer than its limit, or none, and
/// still name a next one. With `format` it is a file with all of them.
#[utoipa::path(get, path = "/v1/invoices", tag = "invoices", operation_id = "list_invoices", params(InvoicesQuery),
    responses((status = 200, description = "A page of invoices, or a file with all", content(
        (Page<InvoiceSummary> = "application/json"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<InvoicesQuery>,
) -> Answer<OrFile<Json<Page<InvoiceSummary>>>> {
    call(service, move |service| match query.file()? {
        None => service.invoices(&caller, &query).map(Json).map(OrFile::Json),
        Some(format) => service.export_invoices(&caller, &query, format).map(OrFile::File),
    })
    .await
}

/// Draft an invoice
///
/// For what an account was charged from `period_start` on and before `period_end`, by when each charge and
/// refund was committed. A draft has an id and no number. Asked for again with the same account and period, it
/// is brought up to date; once it has been sent that is refused with `wrong_state`.
#[utoipa::path(post, path = "/v1/invoices", tag = "invoices", operation_id = "draft_invoice", request_body = NewInvoice,
    responses((status = 201, description = "A new draft", body = Invoice),
        (status = 200, description = "The draft that there was, brought up to date", body = Invoice), Problems))]
async fn draft(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<NewInvoice>,
) -> Answer<Response> {
    let Drafted { invoice, is_new } =
        call(service, move |service| service.draft_invoice(&caller, &new)).await?;
    if !is_new {
        return Ok(invoice.into_response());
    }
    let location = format!("/v1/invoices/{}", invoice.value.id);
    Ok(Created { location, body: invoice }.into_response())
}

/// Read an invoice
///
/// With `format` it is a file with its lines, each with the invoice's number, account, period and currency.
#[utoipa::path(get, path = "/v1/invoices/{number}", tag = "invoices", operation_id = "get_invoice",
    params(("number" = String, Path, description = "The invoice's number or id"), InvoiceQuery),
    responses((status = 200, description = "The invoice, or a file with its lines", content(
        (Invoice = "application/json"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(number): Path<String>,
    Query(query): Query<InvoiceQuery>,
) -> Answer<OrFile<Versioned<Invoice>>> {
    call(service, move |service| match query.format.file(query.raw) {
        None => service.invoice(&caller, &number).map(OrFile::Json),
        Some(format) => service.export_invoice(&caller, &number, format).map(OrFile::File),
    })
    .await
}

/// Delete a draft
///
/// One that has no number. What was sent stays for good, and so does a draft to which an earlier version gave a number: it can
/// be cancelled.
#[utoipa::path(delete, path = "/v1/invoices/{number}", tag = "invoices", operation_id = "delete_invoice",
    params(("number" = String, Path, description = "The draft's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    responses((status = 204, description = "It is gone"), Problems))]
async fn delete(
    State(service): State<Service>,
    caller: Caller,
    Path(number): Path<String>,
    if_match: IfMatch,
) -> Answer<StatusCode> {
    call(service, move |service| service.delete_draft(&caller, &number, if_match)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send an invoice
///
/// A draft whose period is over is brought up to date a last time, gets the next number of its issuer, and never changes
/// again: its content is kept with its hash. It is due after the days that the account's terms or the configuration say. Its
/// tax is taken from the wallet, so that the balance is what is owed.
#[utoipa::path(post, path = "/v1/invoices/{number}/send", tag = "invoices", operation_id = "send_invoice",
    params(("number" = String, Path, description = "The invoice's number or id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    responses((status = 200, description = "The invoice as it is now", body = Invoice), Problems))]
async fn send(
    State(service): State<Service>,
    caller: Caller,
    Path(number): Path<String>,
    if_match: IfMatch,
) -> Answer<Versioned<Invoice>> {
    call(service, move |service| service.send_invoice(&caller, &number, if_match)).await
}

/// Record a payment of an invoice
///
/// One that was sent, overdue or not. The money is an entry of the ledger, which restores the credit that it pays for. A part
/// leaves the rest open; what is beyond the open amount stays in the wallet.
#[utoipa::path(post, path = "/v1/invoices/{number}/pay", tag = "invoices", operation_id = "pay_invoice",
    params(("number" = String, Path, description = "The invoice's number or id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body(content = Option<NewInvoicePayment>),
    responses((status = 200, description = "The invoice as it is now", body = Invoice), Problems))]
async fn pay(
    State(service): State<Service>,
    caller: Caller,
    Path(number): Path<String>,
    if_match: IfMatch,
    OptionalBody(payment): OptionalBody<NewInvoicePayment>,
) -> Answer<Versioned<Invoice>> {
    call(service, move |service| service.pay_invoice(&caller, &number, if_match, payment)).await
}

/// Cancel an invoice
///
/// One that was not paid. It stays, and so does its number; the same period can be invoiced again.
#[utoipa::path(post, path = "/v1/invoices/{number}/cancel", tag = "invoices", operation_id = "cancel_invoice",
    params(("number" = String, Path, description = "The invoice's number or id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = Cancellation,
    responses((status = 200, description = "The invoice as it is now", body = Invoice), Problems))]
async fn cancel(
    State(service): State<Service>,
    caller: Caller,
    Path(number): Path<String>,
    if_match: IfMatch,
    Body(cancellation): Body<Cancellation>,
) -> Answer<Versioned<Invoice>> {
    call(service, move |service| service.cancel_invoice(&caller, &number, if_match, cancellation)).await
}
