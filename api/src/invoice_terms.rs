//! Terms of accounts' invoices, and their issuers: the party that pays, its tax and cycle, and the issuers of invoices.

mod dto;
mod logo;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, RESELLER, Rule, Who, rule};
use crate::answer::{Answer, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IfMatch, Path};
use crate::openapi::Problems;
use crate::problem::Problem;

use logo::Picture;

pub use dto::{
    BankAccount, InvoiceCycle, InvoiceTerms, InvoiceTermsInForce, Issuer, Party, RefundHandling, TaxCategory,
    TaxTerms,
};
pub use logo::{Logo, LogoFormat};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/accounts/{id}/invoice-terms", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("PUT", "/v1/accounts/{id}/invoice-terms", Who::Roles(RESELLER, Scope::BillingWrite)),
    rule("GET", "/v1/accounts/{id}/issuer", Who::Roles(RESELLER, Scope::BillingRead)),
    rule("PUT", "/v1/accounts/{id}/issuer", Who::Roles(RESELLER, Scope::BillingWrite)),
    rule("GET", "/v1/accounts/{id}/issuer/logo", Who::Roles(RESELLER, Scope::BillingRead)),
    rule("PUT", "/v1/accounts/{id}/issuer/logo", Who::Roles(RESELLER, Scope::BillingWrite)),
    rule("DELETE", "/v1/accounts/{id}/issuer/logo", Who::Roles(RESELLER, Scope::BillingWrite)),
];

/// Reads and sets how accounts are invoiced, and what stands on the invoices of resellers.
pub trait InvoiceTermsService: Send + Sync + 'static {
    /// The terms of an account.
    fn invoice_terms(&self, caller: &Caller, account: &str) -> Answer<Versioned<InvoiceTerms>>;

    /// Replaces the terms of an account.
    fn set_invoice_terms(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
        terms: InvoiceTerms,
    ) -> Answer<Versioned<InvoiceTerms>>;

    /// The issuer of invoices to accounts right below this one.
    fn issuer(&self, caller: &Caller, account: &str) -> Answer<Versioned<Issuer>>;

    /// Replaces the issuer of a reseller.
    fn set_issuer(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
        issuer: Issuer,
    ) -> Answer<Versioned<Issuer>>;

    /// The logo of a reseller; `None` where it has none.
    fn issuer_logo(&self, caller: &Caller, account: &str) -> Answer<Option<Logo>>;

    /// Replaces the logo of a reseller by a file, or removes it.
    fn set_issuer_logo(&self, caller: &Caller, account: &str, file: Option<Vec<u8>>) -> Answer<()>;
}

type Service = Arc<dyn InvoiceTermsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn InvoiceTermsService>> {
    OpenApiRouter::new()
        .routes(routes!(terms, set_terms))
        .routes(routes!(issuer, set_issuer))
        .routes(routes!(logo, set_logo, delete_logo))
}

/// Read an account's invoice terms
///
/// What its invoices say of it, its tax, and when it is invoiced. An account without terms of its own is invoiced by the month,
/// under its name and without tax.
#[utoipa::path(get, path = "/v1/accounts/{id}/invoice-terms", tag = "invoices", operation_id = "get_invoice_terms",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The terms", body = InvoiceTerms), Problems))]
async fn terms(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Versioned<InvoiceTerms>> {
    call(service, move |service| service.invoice_terms(&caller, &id)).await
}

/// Set an account's invoice terms
///
/// They hold for invoices that are sent from now on; one that was sent keeps what it says. A reseller sets those of accounts
/// below its own.
#[utoipa::path(put, path = "/v1/accounts/{id}/invoice-terms", tag = "invoices", operation_id = "set_invoice_terms",
    params(("id" = String, Path, description = "The account's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = InvoiceTerms,
    responses((status = 200, description = "The terms as they are now", body = InvoiceTerms), Problems))]
async fn set_terms(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Body(terms): Body<InvoiceTerms>,
) -> Answer<Versioned<InvoiceTerms>> {
    call(service, move |service| service.set_invoice_terms(&caller, &id, if_match, terms)).await
}

/// Read a reseller's data as an issuer
///
/// What stands on the invoices of accounts right below it as their issuer, if it sells to them in a chain. Those of all others
/// are issued by the house, whose data are in the configuration.
#[utoipa::path(get, path = "/v1/accounts/{id}/issuer", tag = "invoices", operation_id = "get_issuer",
    params(("id" = String, Path, description = "The reseller's id")),
    responses((status = 200, description = "The issuer", body = Issuer), Problems))]
async fn issuer(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Versioned<Issuer>> {
    call(service, move |service| service.issuer(&caller, &id)).await
}

/// Set a reseller's data as an issuer
///
/// They stand on documents that are sent from now on.
#[utoipa::path(put, path = "/v1/accounts/{id}/issuer", tag = "invoices", operation_id = "set_issuer",
    params(("id" = String, Path, description = "The reseller's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = Issuer,
    responses((status = 200, description = "The issuer as it is now", body = Issuer), Problems))]
async fn set_issuer(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Body(issuer): Body<Issuer>,
) -> Answer<Versioned<Issuer>> {
    call(service, move |service| service.set_issuer(&caller, &id, if_match, issuer)).await
}

/// Read a reseller's logo
#[utoipa::path(get, path = "/v1/accounts/{id}/issuer/logo", tag = "invoices", operation_id = "get_issuer_logo",
    params(("id" = String, Path, description = "The reseller's id")),
    responses((status = 200, description = "The file", content(
        (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"))), Problems))]
async fn logo(State(service): State<Service>, caller: Caller, Path(id): Path<String>) -> Answer<Response> {
    let found = call(service, move |service| service.issuer_logo(&caller, &id)).await?;
    found.map(Logo::into_response).ok_or_else(|| Problem::not_found("the reseller has no logo"))
}

/// Set a reseller's logo
///
/// A PNG or JPEG picture of at most 256 KiB and 4,000 pixels on each side. It stands on documents of the reseller from now on, also
/// on those that were sent before, and on the pages on which its invoices are paid.
#[utoipa::path(put, path = "/v1/accounts/{id}/issuer/logo", tag = "invoices", operation_id = "set_issuer_logo",
    params(("id" = String, Path, description = "The reseller's id")),
    request_body(content = Vec<u8>, content_type = "image/png", description = "The picture; also as `image/jpeg`"),
    responses((status = 204, description = "It is set"), Problems))]
async fn set_logo(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Picture(file): Picture,
) -> Answer<StatusCode> {
    call(service, move |service| service.set_issuer_logo(&caller, &id, Some(file))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a reseller's logo
#[utoipa::path(delete, path = "/v1/accounts/{id}/issuer/logo", tag = "invoices", operation_id = "delete_issuer_logo",
    params(("id" = String, Path, description = "The reseller's id")),
    responses((status = 204, description = "There is none"), Problems))]
async fn delete_logo(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    call(service, move |service| service.set_issuer_logo(&caller, &id, None)).await?;
    Ok(StatusCode::NO_CONTENT)
}
