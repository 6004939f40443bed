//! The paths of the SaaS billing service, by the names and fields that its clients know: a thin view over logins, subscription
//! plans, subscriptions and invoices. They are served where `[api] saas_paths` asks for them.

mod dto;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created, Gone};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, PUBLIC_OCTETS_MAX, Path, Peer, Query};
use crate::openapi::Problems;
use crate::problem::Problem;
use crate::request_id::RequestId;

pub use dto::{
    SaasInvoice, SaasInvoiceStatus, SaasInvoicesQuery, SaasLogin, SaasNewSubscription, SaasPaid,
    SaasPayQuery, SaasPaymentIntent, SaasPaymentSuccess, SaasPlan, SaasPlanInput, SaasRefresh, SaasSignUp,
    SaasSubscription, SaasSubscriptionStatus, SaasSubscriptionsQuery, SaasToPay, SaasTokens, SaasUser,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("POST", "/api/users/", Who::Anybody),
    rule("POST", "/api/token/", Who::Anybody),
    rule("POST", "/api/token/refresh/", Who::Anybody),
    rule("GET", "/plans/", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("POST", "/plans/", Who::Roles(ADMIN, Scope::TariffWrite)),
    rule("GET", "/plans/{id}/", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("PUT", "/plans/{id}/", Who::Roles(ADMIN, Scope::TariffWrite)),
    rule("DELETE", "/plans/{id}/", Who::Roles(ADMIN, Scope::TariffWrite)),
    rule("GET", "/subscriptions/", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/subscriptions/", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("POST", "/subscriptions/{id}/unsubscribe/", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("GET", "/invoices/", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/api/pay/", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("POST", "/api/create-payment-intent/", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("POST", "/api/payment-success/", Who::Roles(CUSTOMER, Scope::BillingWrite)),
];

/// Answers the clients of the SaaS billing service.
pub trait SaasClientsService: Send + Sync + 'static {
    /// Has a mail sent with which somebody gets a user and an account.
    fn saas_sign_up(&self, request_id: &str, peer: Option<IpAddr>, sign_up: SaasSignUp) -> Answer<SaasUser>;

    /// Begins a session.
    fn saas_token(&self, request_id: &str, peer: Option<IpAddr>, login: SaasLogin) -> Answer<SaasTokens>;

    /// Goes on with a session, whose refresh token is another one from here on.
    fn saas_refresh(&self, request_id: &str, refresh: SaasRefresh) -> Answer<SaasTokens>;

    /// The plans on offer.
    fn saas_plans(&self, caller: &Caller) -> Answer<Vec<SaasPlan>>;

    /// One of them.
    fn saas_plan(&self, caller: &Caller, id: u32) -> Answer<SaasPlan>;

    /// Makes a plan.
    fn saas_create_plan(&self, caller: &Caller, new: SaasPlanInput) -> Answer<SaasPlan>;

    /// Changes a plan.
    fn saas_replace_plan(&self, caller: &Caller, id: u32, input: SaasPlanInput) -> Answer<SaasPlan>;

    /// Deletes a plan.
    fn saas_delete_plan(&self, caller: &Caller, id: u32) -> Answer<()>;

    /// The caller's own subscriptions, or those of all.
    fn saas_subscriptions(
        &self,
        caller: &Caller,
        status: Option<SaasSubscriptionStatus>,
    ) -> Answer<Vec<SaasSubscription>>;

    /// Subscribes the caller: paid from the wallet, or by a payment where that does not cover it.
    fn saas_subscribe(&self, caller: &Caller, new: &SaasNewSubscription) -> Answer<SaasSubscription>;

    /// Cancels a subscription as of the end of its period.
    fn saas_unsubscribe(&self, caller: &Caller, id: &str) -> Answer<SaasSubscription>;

    /// The caller's own invoices, or those of all.
    fn saas_invoices(&self, caller: &Caller, status: Option<SaasInvoiceStatus>) -> Answer<Vec<SaasInvoice>>;

    /// Begins a payment of an invoice by card, or goes on with the one that was begun.
    fn saas_pay(&self, caller: &Caller, to_pay: &SaasToPay) -> Answer<SaasPaymentIntent>;

    /// Asks the provider whether a payment was paid.
    fn saas_paid(&self, caller: &Caller, payment: &SaasPaymentSuccess) -> Answer<SaasPaid>;
}

type Service = Arc<dyn SaasClientsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn SaasClientsService>> {
    OpenApiRouter::new()
        .routes(routes!(sign_up))
        .routes(routes!(token))
        .routes(routes!(refresh))
        .routes(routes!(plans, create_plan))
        .routes(routes!(plan, replace_plan, delete_plan))
        .routes(routes!(subscriptions, subscribe))
        .routes(routes!(unsubscribe))
        .routes(routes!(invoices))
        .routes(routes!(pay_page))
        .routes(routes!(create_payment_intent))
        .routes(routes!(payment_success))
        .layer(DefaultBodyLimit::max(PUBLIC_OCTETS_MAX))
}

/// Sign up
///
/// Logging in works once the link of the mail was opened.
#[utoipa::path(post, path = "/api/users/", tag = "saas clients", operation_id = "saas_sign_up", security(()),
    request_body = SaasSignUp,
    responses((status = 201, description = "A mail is on its way", body = SaasUser), Problems))]
async fn sign_up(
    State(service): State<Service>,
    RequestId(request_id): RequestId,
    Peer(peer): Peer,
    Body(sign_up): Body<SaasSignUp>,
) -> Answer<(StatusCode, Json<SaasUser>)> {
    let user = call(service, move |service| service.saas_sign_up(&request_id, peer, sign_up)).await?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// Log in
///
/// By the e-mail address, under the name that these clients have for it.
#[utoipa::path(post, path = "/api/token/", tag = "saas clients", operation_id = "saas_token", security(()),
    request_body = SaasLogin,
    responses((status = 200, description = "The tokens of a new session", body = SaasTokens), Problems))]
async fn token(
    State(service): State<Service>,
    RequestId(request_id): RequestId,
    Peer(peer): Peer,
    Body(login): Body<SaasLogin>,
) -> Answer<Json<SaasTokens>> {
    call(service, move |service| service.saas_token(&request_id, peer, login)).await.map(Json)
}

/// Get new tokens
#[utoipa::path(post, path = "/api/token/refresh/", tag = "saas clients", operation_id = "saas_refresh", security(()),
    request_body = SaasRefresh,
    responses((status = 200, description = "The tokens from here on", body = SaasTokens), Problems))]
async fn refresh(
    State(service): State<Service>,
    RequestId(request_id): RequestId,
    Body(refresh): Body<SaasRefresh>,
) -> Answer<Json<SaasTokens>> {
    call(service, move |service| service.saas_refresh(&request_id, refresh)).await.map(Json)
}

/// List the plans on offer
#[utoipa::path(get, path = "/plans/", tag = "saas clients", operation_id = "saas_plans",
    responses((status = 200, description = "The plans", body = Vec<SaasPlan>), Problems))]
async fn plans(State(service): State<Service>, caller: Caller) -> Answer<Json<Vec<SaasPlan>>> {
    call(service, move |service| service.saas_plans(&caller)).await.map(Json)
}

/// Create a plan
///
/// With a calendar month as its period where it names no days.
#[utoipa::path(post, path = "/plans/", tag = "saas clients", operation_id = "saas_create_plan",
    request_body = SaasPlanInput,
    responses((status = 201, description = "The plan", body = SaasPlan), Problems))]
async fn create_plan(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<SaasPlanInput>,
) -> Answer<Created<Json<SaasPlan>>> {
    let plan = call(service, move |service| service.saas_create_plan(&caller, new)).await?;
    Ok(Created { location: format!("/plans/{}/", plan.id), body: Json(plan) })
}

/// Read a plan
///
/// By its number, where it is on offer.
#[utoipa::path(get, path = "/plans/{id}/", tag = "saas clients", operation_id = "saas_plan",
    params(("id" = u32, Path, description = "The plan's number")),
    responses((status = 200, description = "The plan", body = SaasPlan), Problems))]
async fn plan(State(service): State<Service>, caller: Caller, Path(id): Path<u32>) -> Answer<Json<SaasPlan>> {
    call(service, move |service| service.saas_plan(&caller, id)).await.map(Json)
}

/// Replace a plan
///
/// Subscriptions keep the terms that they were bought with.
#[utoipa::path(put, path = "/plans/{id}/", tag = "saas clients", operation_id = "saas_replace_plan",
    params(("id" = u32, Path, description = "The plan's number")),
    request_body = SaasPlanInput,
    responses((status = 200, description = "The plan", body = SaasPlan), Problems))]
async fn replace_plan(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<u32>,
    Body(input): Body<SaasPlanInput>,
) -> Answer<Json<SaasPlan>> {
    call(service, move |service| service.saas_replace_plan(&caller, id, input)).await.map(Json)
}

/// Delete a plan
///
/// Subscriptions keep the terms that they were bought with.
#[utoipa::path(delete, path = "/plans/{id}/", tag = "saas clients", operation_id = "saas_delete_plan",
    params(("id" = u32, Path, description = "The plan's number")),
    responses((status = 204, description = "It is deleted"), Problems))]
async fn delete_plan(State(service): State<Service>, caller: Caller, Path(id): Path<u32>) -> Answer<Gone> {
    call(service, move |service| service.saas_delete_plan(&caller, id)).await?;
    Ok(Gone)
}

/// List subscriptions
///
/// The caller's own, or those of all for an admin.
#[utoipa::path(get, path = "/subscriptions/", tag = "saas clients", operation_id = "saas_subscriptions",
    params(SaasSubscriptionsQuery),
    responses((status = 200, description = "The subscriptions", body = Vec<SaasSubscription>), Problems))]
async fn subscriptions(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<SaasSubscriptionsQuery>,
) -> Answer<Json<Vec<SaasSubscription>>> {
    call(service, move |service| service.saas_subscriptions(&caller, query.status)).await.map(Json)
}

/// Subscribe
///
/// Paid from the wallet where that covers the price. Otherwise it is pending, and so is its invoice.
#[utoipa::path(post, path = "/subscriptions/", tag = "saas clients", operation_id = "saas_subscribe",
    request_body = SaasNewSubscription,
    responses((status = 201, description = "The subscription", body = SaasSubscription), Problems))]
async fn subscribe(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<SaasNewSubscription>,
) -> Answer<Created<Json<SaasSubscription>>> {
    let begun = call(service, move |service| service.saas_subscribe(&caller, &new)).await?;
    Ok(Created { location: "/subscriptions/".to_owned(), body: Json(begun) })
}

/// Cancel a subscription
///
/// As of the end of its period; a pending one at once.
#[utoipa::path(post, path = "/subscriptions/{id}/unsubscribe/", tag = "saas clients", operation_id = "saas_unsubscribe",
    params(("id" = String, Path, description = "The subscription's id")),
    responses((status = 200, description = "The subscription", body = SaasSubscription), Problems))]
async fn unsubscribe(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<SaasSubscription>> {
    call(service, move |service| service.saas_unsubscribe(&caller, &id)).await.map(Json)
}

/// List invoices
///
/// Those that were sent, and the prices that subscriptions wait for or were paid.
#[utoipa::path(get, path = "/invoices/", tag = "saas clients", operation_id = "saas_invoices",
    params(SaasInvoicesQuery),
    responses((status = 200, description = "The invoices", body = Vec<SaasInvoice>), Problems))]
async fn invoices(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<SaasInvoicesQuery>,
) -> Answer<Json<Vec<SaasInvoice>>> {
    call(service, move |service| service.saas_invoices(&caller, query.status)).await.map(Json)
}

/// Pay an invoice on a page
///
/// Leads to the page on which an invoice is paid by card.
#[utoipa::path(get, path = "/api/pay/", tag = "saas clients", operation_id = "saas_pay_page", params(SaasPayQuery),
    responses(Problems, (status = 303, description = "The page is elsewhere",
        headers(("Location" = String, description = "The address of the page")))))]
async fn pay_page(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<SaasPayQuery>,
) -> Answer<(StatusCode, [(HeaderName, HeaderValue); 1])> {
    let to_pay = SaasToPay { invoice_id: query.invoice_id };
    let begun = call(service, move |service| service.saas_pay(&caller, &to_pay)).await?;
    let location = HeaderValue::try_from(begun.pay_url);
    let location = location.map_err(|_| Problem::internal("the address of the page cannot be told"))?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]))
}

/// Begin to pay an invoice
///
/// A payment at Stripe over what is open of it. As long as that can be paid, asking again gives the same one.
#[utoipa::path(post, path = "/api/create-payment-intent/", tag = "saas clients", operation_id = "saas_create_payment_intent",
    request_body = SaasToPay,
    responses((status = 200, description = "The payment", body = SaasPaymentIntent), Problems))]
async fn create_payment_intent(
    State(service): State<Service>,
    caller: Caller,
    Body(to_pay): Body<SaasToPay>,
) -> Answer<Json<SaasPaymentIntent>> {
    call(service, move |service| service.saas_pay(&caller, &to_pay)).await.map(Json)
}

/// Say that an invoice was paid
///
/// The word of a browser proves nothing: Stripe is asked, and its answer is told.
#[utoipa::path(post, path = "/api/payment-success/", tag = "saas clients", operation_id = "saas_payment_success",
    request_body = SaasPaymentSuccess,
    responses((status = 200, description = "The invoice as it stands", body = SaasPaid), Problems))]
async fn payment_success(
    State(service): State<Service>,
    caller: Caller,
    Body(payment): Body<SaasPaymentSuccess>,
) -> Answer<Json<SaasPaid>> {
    call(service, move |service| service.saas_paid(&caller, &payment)).await.map(Json)
}
