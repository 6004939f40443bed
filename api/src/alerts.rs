//! Alerts: what somebody should know of before it hurts, raised once and cleared once it is over; and the
//! webhooks that they are posted to.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, Rule, Who, rule};
use crate::answer::Answer;
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{OptionalBody, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{
    Alert, AlertKind, AlertSeverity, AlertsQuery, ReadAll, ReadAllDone, WebhookSecret, WebhookTested,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/alerts", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/alerts/{id}", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/alerts/{id}/read", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/alerts/read-all", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/accounts/{id}/alerts/test", Who::Roles(CUSTOMER, Scope::AccountsWrite)),
    rule("GET", "/v1/accounts/{id}/webhook-secret", Who::Roles(CUSTOMER, Scope::AccountsWrite)),
    rule("POST", "/v1/accounts/{id}/webhook-secret/rotate", Who::Roles(CUSTOMER, Scope::AccountsWrite)),
];

/// Reads alerts, marks them as read, tests webhooks and makes their secrets.
pub trait AlertsService: Send + Sync + 'static {
    /// Those that the caller may know of, the newest first.
    fn alerts(&self, caller: &Caller, query: &AlertsQuery) -> Answer<Page<Alert>>;

    /// One of them.
    fn alert(&self, caller: &Caller, id: &str) -> Answer<Alert>;

    /// Notes that somebody has read it.
    fn read_alert(&self, caller: &Caller, id: &str) -> Answer<Alert>;

    /// Notes that somebody has read all that the caller may know of.
    fn read_all_alerts(&self, caller: &Caller, which: &ReadAll) -> Answer<ReadAllDone>;

    /// Posts a test to an account's webhook, once and now.
    fn test_webhook(&self, caller: &Caller, account: &str) -> Answer<WebhookTested>;

    /// The secret that signs posts to an account's webhook; it is made at the first request for it.
    fn webhook_secret(&self, caller: &Caller, account: &str) -> Answer<WebhookSecret>;

    /// Another one in its place.
    fn rotate_webhook_secret(&self, caller: &Caller, account: &str) -> Answer<WebhookSecret>;
}

type Service = Arc<dyn AlertsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn AlertsService>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read_all))
        .routes(routes!(get))
        .routes(routes!(read))
        .routes(routes!(test))
        .routes(routes!(secret))
        .routes(routes!(rotate))
}

/// List alerts
///
/// Those of accounts that the caller may see, the newest first; for admins also those that belong to no
/// account.
#[utoipa::path(get, path = "/v1/alerts", tag = "alerts", operation_id = "list_alerts", params(AlertsQuery),
    responses((status = 200, description = "A page of alerts", body = Page<Alert>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<AlertsQuery>,
) -> Answer<Json<Page<Alert>>> {
    call(service, move |service| service.alerts(&caller, &query)).await.map(Json)
}

/// Read an alert
#[utoipa::path(get, path = "/v1/alerts/{id}", tag = "alerts", operation_id = "get_alert",
    params(("id" = String, Path, description = "The alert's id")),
    responses((status = 200, description = "The alert", body = Alert), Problems))]
async fn get(State(service): State<Service>, caller: Caller, Path(id): Path<String>) -> Answer<Json<Alert>> {
    call(service, move |service| service.alert(&caller, &id)).await.map(Json)
}

/// Mark an alert as read
///
/// For everybody who may know of it.
#[utoipa::path(post, path = "/v1/alerts/{id}/read", tag = "alerts", operation_id = "mark_alert_read",
    params(("id" = String, Path, description = "The alert's id")),
    responses((status = 200, description = "The alert as it is now", body = Alert), Problems))]
async fn read(State(service): State<Service>, caller: Caller, Path(id): Path<String>) -> Answer<Json<Alert>> {
    call(service, move |service| service.read_alert(&caller, &id)).await.map(Json)
}

/// Mark all alerts as read
///
/// All that the caller may know of, or those of one account.
#[utoipa::path(post, path = "/v1/alerts/read-all", tag = "alerts", operation_id = "mark_all_alerts_read",
    request_body(content = Option<ReadAll>),
    responses((status = 200, description = "How many were marked", body = ReadAllDone), Problems))]
async fn read_all(
    State(service): State<Service>,
    caller: Caller,
    OptionalBody(which): OptionalBody<ReadAll>,
) -> Answer<Json<ReadAllDone>> {
    call(service, move |service| service.read_all_alerts(&caller, &which)).await.map(Json)
}

/// Test an account's webhook
///
/// Posts an event of the type `webhook.test` to the account's `alert_webhook_url`, signed as alerts are, once
/// and without a second try, and says how it was answered. An account without a webhook is refused with
/// `wrong_state`.
#[utoipa::path(post, path = "/v1/accounts/{id}/alerts/test", tag = "alerts", operation_id = "test_webhook",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "How it was answered", body = WebhookTested), Problems))]
async fn test(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<WebhookTested>> {
    call(service, move |service| service.test_webhook(&caller, &id)).await.map(Json)
}

/// Read an account's webhook secret
///
/// Alerts are posted as JSON with the header `X-Tollgate-Signature: t=<seconds since 1970>,v1=<signature>`:
/// the signature is the HMAC-SHA256 of the seconds, a full stop and the body under this secret, in
/// hexadecimal. What is not answered with one of 200 to 299 within five seconds is posted again, ten times in
/// all within a day; redirects are not followed. A post may come twice, and then has the same id in its body
/// and in `X-Tollgate-Event`. The secret is made when it is first asked for or used.
#[utoipa::path(get, path = "/v1/accounts/{id}/webhook-secret", tag = "alerts", operation_id = "get_webhook_secret",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The secret", body = WebhookSecret), Problems))]
async fn secret(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<WebhookSecret>> {
    call(service, move |service| service.webhook_secret(&caller, &id)).await.map(Json)
}

/// Make a new webhook secret
///
/// Whatever is posted from now on is signed with it, what is tried again included.
#[utoipa::path(post, path = "/v1/accounts/{id}/webhook-secret/rotate", tag = "alerts",
    operation_id = "rotate_webhook_secret",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The new secret", body = WebhookSecret), Problems))]
async fn rotate(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<WebhookSecret>> {
    call(service, move |service| service.rotate_webhook_secret(&caller, &id)).await.map(Json)
}
