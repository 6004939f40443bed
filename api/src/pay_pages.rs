//! The pages on which a payment is paid. They live from their token and from no session, as whoever pays may have no user here
//! and comes back from a bank without a cookie.
//!
//! They have a content security policy of their own: no inline script or style, nothing from elsewhere but the scripts and frames
//! of Stripe where a card is to be entered, and nobody may frame them. A payment by bank transfer needs no script.

mod dto;
mod html;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Rule, Who, rule};
use crate::answer::Answer;
use crate::call::call;
use crate::extract::{PUBLIC_OCTETS_MAX, Path};
use crate::invoice_terms::Logo;
use crate::openapi::Problems;
use crate::payments::PaymentProvider;
use crate::problem::Problem;

pub use dto::{CardForm, InvoicePage, PayPage, PaymentBegun};

/// The beginning of the paths of these pages. What providers add to them on the way back is not looked at.
pub(crate) const PAY_PATHS: &str = "/pay/";

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/pay/{token}", Who::Anybody),
    rule("GET", "/pay/{token}/return", Who::Anybody),
    rule("GET", "/pay/assets/{name}", Who::Anybody),
    rule("GET", "/pay/invoices/{token}", Who::Anybody),
    rule("GET", "/pay/invoices/{token}/logo", Who::Anybody),
    rule("POST", "/pay/invoices/{token}/{provider}", Who::Anybody),
];

/// Shows payments to who has their token.
pub trait PayPagesService: Send + Sync + 'static {
    /// The page of a payment; `None` where the token is of none.
    fn pay_page(&self, token: &str) -> Answer<Option<PayPage>>;

    /// The same after its provider was asked how it stands.
    fn returned(&self, token: &str) -> Answer<Option<PayPage>>;

    /// The page of an invoice; `None` where the token is of none.
    fn invoice_page(&self, token: &str) -> Answer<Option<InvoicePage>>;

    /// The logo of whoever has issued an invoice; `None` where there is none.
    fn invoice_logo(&self, token: &str) -> Answer<Option<Logo>>;

    /// Begins a payment of what is open of an invoice, unless there is one by the same provider that can still be paid.
    fn pay_invoice(&self, token: &str, provider: PaymentProvider) -> Answer<PaymentBegun>;
}

type Service = Arc<dyn PayPagesService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn PayPagesService>> {
    OpenApiRouter::new()
        .routes(routes!(page))
        .routes(routes!(returned))
        .routes(routes!(asset))
        .routes(routes!(invoice))
        .routes(routes!(logo))
        .routes(routes!(pay_invoice))
        .layer(DefaultBodyLimit::max(PUBLIC_OCTETS_MAX))
}

/// Show a pay page
///
/// The page on which a payment is paid, for people. It needs no login: whoever has the link may pay.
#[utoipa::path(get, path = "/pay/{token}", tag = "pay page", operation_id = "pay_page",
    params(("token" = String, Path, description = "The token of the payment's `pay_url`")),
    responses(Problems, (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 404, description = "There is no such payment", body = String, content_type = "text/html")))]
async fn page(State(service): State<Service>, Path(token): Path<String>) -> Answer<Response> {
    call(service, move |service| service.pay_page(&token)).await.map(|page| shown(page.as_ref()))
}

/// Show a payment's outcome
///
/// The page that a provider sends who pays back to. The provider is asked; what the address says besides is not looked at.
#[utoipa::path(get, path = "/pay/{token}/return", tag = "pay page", operation_id = "pay_return",
    params(("token" = String, Path, description = "The token of the payment's `pay_url`")),
    responses(Problems, (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 404, description = "There is no such payment", body = String, content_type = "text/html")))]
async fn returned(State(service): State<Service>, Path(token): Path<String>) -> Answer<Response> {
    call(service, move |service| service.returned(&token)).await.map(|page| shown(page.as_ref()))
}

/// Show an invoice's pay page
///
/// What is open of an invoice, and the ways in which it can be paid. It needs no login: whoever has the link may pay.
#[utoipa::path(get, path = "/pay/invoices/{token}", tag = "pay page", operation_id = "invoice_pay_page",
    params(("token" = String, Path, description = "The token of the invoice's `pay_link`")),
    responses(Problems, (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 404, description = "There is no such invoice", body = String, content_type = "text/html")))]
async fn invoice(State(service): State<Service>, Path(token): Path<String>) -> Answer<Response> {
    let page = call(service, move |service| service.invoice_page(&token)).await?;
    Ok(match page {
        Some(page) => text(StatusCode::OK, html::INVOICE_POLICY, html::invoice(&page)),
        None => text(StatusCode::NOT_FOUND, html::PLAIN_POLICY, html::nothing()),
    })
}

/// Show the logo of an invoice's pay page
#[utoipa::path(get, path = "/pay/invoices/{token}/logo", tag = "pay page", operation_id = "invoice_pay_page_logo",
    params(("token" = String, Path, description = "The token of the invoice's `pay_link`")),
    responses((status = 200, description = "The file", content(
        (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"))), Problems))]
async fn logo(State(service): State<Service>, Path(token): Path<String>) -> Answer<Response> {
    let found = call(service, move |service| service.invoice_logo(&token)).await?;
    found.map(Logo::into_response).ok_or_else(|| Problem::not_found("there is no such logo"))
}

/// Pay an invoice
///
/// Begins a payment of what is open by a provider, and leads to its page. One that was begun before and can still be paid is
/// gone on with.
#[utoipa::path(post, path = "/pay/invoices/{token}/{provider}", tag = "pay page", operation_id = "invoice_pay",
    params(("token" = String, Path, description = "The token of the invoice's `pay_link`"),
        ("provider" = PaymentProvider, Path, description = "The provider that it is paid by")),
    responses(Problems, (status = 303, description = "The payment's page, or the invoice's where nothing is open",
        headers(("Location" = String, description = "The address of it")))))]
async fn pay_invoice(
    State(service): State<Service>,
    Path((token, provider)): Path<(String, PaymentProvider)>,
) -> Answer<Response> {
    let begun = call(service, move |service| service.pay_invoice(&token, provider)).await?;
    let address = match begun {
        PaymentBegun::Payment { token } => format!("{PAY_PATHS}{token}"),
        PaymentBegun::NothingOpen { token } => format!("{PAY_PATHS}invoices/{token}"),
    };
    let location = HeaderValue::try_from(address).map_err(|_| Problem::not_found("there is no such page"))?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
}

/// Read a file of the pay pages
#[utoipa::path(get, path = "/pay/assets/{name}", tag = "pay page", operation_id = "pay_asset",
    params(("name" = String, Path, description = "The name of the file")),
    responses(Problems, (status = 200, description = "A style or a script", content(
        (String = "text/css"), (String = "text/javascript")))))]
async fn asset(Path(name): Path<String>) -> Answer<Response> {
    let (kind, text) = match name.as_str() {
        "pay.css" => ("text/css; charset=utf-8", html::STYLE),
        "pay.js" => ("text/javascript; charset=utf-8", html::SCRIPT),
        _ => return Err(Problem::not_found("there is no such file")),
    };
    let mut response = (StatusCode::OK, text).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

fn shown(page: Option<&PayPage>) -> Response {
    let has_card = page.is_some_and(|page| page.card.is_some());
    let policy = if has_card { html::CARD_POLICY } else { html::PLAIN_POLICY };
    match page {
        Some(page) => text(StatusCode::OK, policy, html::page(page)),
        None => text(StatusCode::NOT_FOUND, policy, html::nothing()),
    }
}

fn text(status: StatusCode, policy: &'static str, text: String) -> Response {
    let mut response = (status, text).into_response();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
