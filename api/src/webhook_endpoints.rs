//! Webhook endpoints: the URLs that events are posted to, several for each account and for the house.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, Rule, Who, rule};
use crate::alerts::WebhookTested;
use crate::answer::{Answer, Created, Gone, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::events::{DeliveriesQuery, EventDelivery};
use crate::extract::{Body, IfMatch, OptionalBody, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{
    EndpointPatch, EndpointSecret, NewWebhookEndpoint, NewWebhookEndpointDone, RotateSecret, SwitchedOffBy,
    WebhookEndpoint, WebhookEndpointsQuery,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/webhook-endpoints", Who::Roles(CUSTOMER, Scope::AccountsRead)),
    rule("POST", "/v1/webhook-endpoints", Who::Roles(CUSTOMER, Scope::AccountsWrite)),
    rule("GET", "/v1/webhook-endpoints/{id}", Who::Roles(CUSTOMER, Scope::AccountsRead)),
    rule("PATCH", "/v1/webhook-endpoints/{id}", Who::Roles(CUSTOMER, Scope::AccountsWrite)),
    rule("DELETE", "/v1/webhook-endpoints/{id}", Who::Roles(CUSTOMER, Scope::AccountsWrite)),
    rule("GET", "/v1/webhook-endpoints/{id}/deliveries", Who::Roles(CUSTOMER, Scope::AccountsRead)),
    rule("POST", "/v1/webhook-endpoints/{id}/secret/rotate", Who::Roles(CUSTOMER, Scope::AccountsWrite)),
    rule("POST", "/v1/webhook-endpoints/{id}/test", Who::Roles(CUSTOMER, Scope::AccountsWrite)),
];

/// Reads and changes webhook endpoints. A caller has those of the accounts that it may see, and an admin also those of the house.
pub trait WebhookEndpointsService: Send + Sync + 'static {
    /// The endpoints that the caller may see.
    fn endpoints(&self, caller: &Caller, query: &WebhookEndpointsQuery) -> Answer<Page<WebhookEndpoint>>;

    /// One of them.
    fn endpoint(&self, caller: &Caller, id: &str) -> Answer<Versioned<WebhookEndpoint>>;

    /// Makes an endpoint, with its secret.
    fn create_endpoint(
        &self,
        caller: &Caller,
        new: NewWebhookEndpoint,
    ) -> Answer<Versioned<NewWebhookEndpointDone>>;

    /// Changes an endpoint.
    fn change_endpoint(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        patch: EndpointPatch,
    ) -> Answer<Versioned<WebhookEndpoint>>;

    /// Removes an endpoint; what waits for it is not delivered.
    fn delete_endpoint(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<()>;

    /// The deliveries to one, the newest first.
    fn endpoint_deliveries(
        &self,
        caller: &Caller,
        id: &str,
        query: &DeliveriesQuery,
    ) -> Answer<Page<EventDelivery>>;

    /// Makes another secret; the one before signs beside it for a while.
    fn rotate_endpoint_secret(&self, caller: &Caller, id: &str, how: &RotateSecret)
    -> Answer<EndpointSecret>;

    /// Posts a test to an endpoint, once and now.
    fn test_endpoint(&self, caller: &Caller, id: &str) -> Answer<WebhookTested>;
}

type Service = Arc<dyn WebhookEndpointsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn WebhookEndpointsService>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, delete))
        .routes(routes!(deliveries))
        .routes(routes!(rotate))
        .routes(routes!(test))
}

/// List webhook endpoints
///
/// Those of accounts that the caller may see; for admins also those of the house.
#[utoipa::path(get, path = "/v1/webhook-endpoints", tag = "webhook endpoints",
    operation_id = "list_webhook_endpoints", params(WebhookEndpointsQuery),
    responses((status = 200, description = "A page of endpoints", body = Page<WebhookEndpoint>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<WebhookEndpointsQuery>,
) -> Answer<Json<Page<WebhookEndpoint>>> {
    call(service, move |service| service.endpoints(&caller, &query)).await.map(Json)
}

/// Create a webhook endpoint
///
/// The secret that posts are signed with is in this answer alone. Posts follow Standard Webhooks: the headers `webhook-id`,
/// `webhook-timestamp` and `webhook-signature: v1,<signature>`, where the signature is the HMAC-SHA256 of id, a full stop,
/// timestamp, a full stop and body under the key that the secret holds in Base64 behind `whsec_`, in Base64. What is not answered
/// with one of 200 to 299 within five seconds is posted again, for more than three days; redirects are not followed. An event may
/// come twice, and in another order than it happened. An endpoint without an account is the house's and gets the events of all
/// accounts.
#[utoipa::path(post, path = "/v1/webhook-endpoints", tag = "webhook endpoints",
    operation_id = "create_webhook_endpoint", request_body = NewWebhookEndpoint,
    responses((status = 201, description = "The endpoint and its secret", body = NewWebhookEndpointDone), Problems))]
async fn create(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<NewWebhookEndpoint>,
) -> Answer<Created<Versioned<NewWebhookEndpointDone>>> {
    let body = call(service, move |service| service.create_endpoint(&caller, new)).await?;
    Ok(Created { location: format!("/v1/webhook-endpoints/{}", body.value.endpoint.id), body })
}

/// Read a webhook endpoint
#[utoipa::path(get, path = "/v1/webhook-endpoints/{id}", tag = "webhook endpoints",
    operation_id = "get_webhook_endpoint",
    params(("id" = String, Path, description = "The endpoint's id")),
    responses((status = 200, description = "The endpoint", body = WebhookEndpoint), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Versioned<WebhookEndpoint>> {
    call(service, move |service| service.endpoint(&caller, &id)).await
}

/// Change a webhook endpoint
///
/// One that was switched off because it failed for days is switched on again with `enabled`. What waits for an endpoint that is
/// switched off is not delivered; it can be sent again later.
#[utoipa::path(patch, path = "/v1/webhook-endpoints/{id}", tag = "webhook endpoints",
    operation_id = "change_webhook_endpoint",
    params(("id" = String, Path, description = "The endpoint's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = EndpointPatch,
    responses((status = 200, description = "The endpoint as it is now", body = WebhookEndpoint), Problems))]
async fn change(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Body(patch): Body<EndpointPatch>,
) -> Answer<Versioned<WebhookEndpoint>> {
    call(service, move |service| service.change_endpoint(&caller, &id, if_match, patch)).await
}

/// Delete a webhook endpoint
///
/// What waits for it is not delivered.
#[utoipa::path(delete, path = "/v1/webhook-endpoints/{id}", tag = "webhook endpoints",
    operation_id = "delete_webhook_endpoint",
    params(("id" = String, Path, description = "The endpoint's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that is meant")),
    responses((status = 204, description = "It is gone"), Problems))]
async fn delete(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
) -> Answer<Gone> {
    call(service, move |service| service.delete_endpoint(&caller, &id, if_match)).await?;
    Ok(Gone)
}

/// List an endpoint's deliveries
///
/// The newest events first, with what came of each try.
#[utoipa::path(get, path = "/v1/webhook-endpoints/{id}/deliveries", tag = "webhook endpoints",
    operation_id = "list_webhook_endpoint_deliveries",
    params(("id" = String, Path, description = "The endpoint's id"), DeliveriesQuery),
    responses((status = 200, description = "A page of deliveries", body = Page<EventDelivery>), Problems))]
async fn deliveries(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<DeliveriesQuery>,
) -> Answer<Json<Page<EventDelivery>>> {
    call(service, move |service| service.endpoint_deliveries(&caller, &id, &query)).await.map(Json)
}

/// Make another secret
///
/// The new one is in this answer alone. For the hours of the overlap posts carry a signature of each secret, so that the receiver
/// can change over at any time within them.
#[utoipa::path(post, path = "/v1/webhook-endpoints/{id}/secret/rotate", tag = "webhook endpoints",
    operation_id = "rotate_webhook_endpoint_secret",
    params(("id" = String, Path, description = "The endpoint's id")),
    request_body(content = Option<RotateSecret>),
    responses((status = 200, description = "The new secret", body = EndpointSecret), Problems))]
async fn rotate(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    OptionalBody(how): OptionalBody<RotateSecret>,
) -> Answer<Json<EndpointSecret>> {
    call(service, move |service| service.rotate_endpoint_secret(&caller, &id, &how)).await.map(Json)
}

/// Test a webhook endpoint
///
/// Posts an event of the type `webhook.test` to it, signed as all are, once and without a second try, whatever its filter is, and
/// says how it was answered. It stands in the endpoint's deliveries, and can be sent again from there.
#[utoipa::path(post, path = "/v1/webhook-endpoints/{id}/test", tag = "webhook endpoints",
    operation_id = "test_webhook_endpoint",
    params(("id" = String, Path, description = "The endpoint's id")),
    responses((status = 200, description = "How it was answered", body = WebhookTested), Problems))]
async fn test(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<WebhookTested>> {
    call(service, move |service| service.test_endpoint(&caller, &id)).await.map(Json)
}
