//! Events: everything that happens to money, written down in the change that it tells of, and delivered to webhook endpoints.

pub mod data;
mod dto;
pub mod types;

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
    DeliveriesQuery, DeliveryAttempt, DeliveryState, Event, EventDelivery, EventTypeInfo, EventsQuery,
    Resend, Resent,
};
use types::EventType;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/event-types", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/events", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/events/{id}", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/events/{id}/deliveries", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/events/{id}/resend", Who::Roles(CUSTOMER, Scope::AccountsWrite)),
];

/// Reads events and their deliveries, and sends them again. A caller has those of the accounts that it may see, and an admin also
/// those of the house.
pub trait EventsService: Send + Sync + 'static {
    /// The events, the newest first.
    fn events(&self, caller: &Caller, query: &EventsQuery) -> Answer<Page<Event>>;

    /// One of them.
    fn event(&self, caller: &Caller, id: &str) -> Answer<Event>;

    /// The deliveries of one to the endpoints that the caller may see.
    fn event_deliveries(
        &self,
        caller: &Caller,
        id: &str,
        query: &DeliveriesQuery,
    ) -> Answer<Page<EventDelivery>>;

    /// Queues deliveries of one again.
    fn resend_event(&self, caller: &Caller, id: &str, resend: &Resend) -> Answer<Resent>;
}

type Service = Arc<dyn EventsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn EventsService>> {
    OpenApiRouter::new()
        .routes(routes!(list_types))
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(deliveries))
        .routes(routes!(resend))
}

/// List event types
///
/// All types of events, each with a description, the name of the schema of its data in this document, and an example of it.
#[utoipa::path(get, path = "/v1/event-types", tag = "events", operation_id = "list_event_types",
    responses((status = 200, description = "All types of events", body = Page<EventTypeInfo>), Problems))]
async fn list_types(State(_service): State<Service>, _caller: Caller) -> Json<Page<EventTypeInfo>> {
    let items = EventType::ALL.iter().copied().map(EventTypeInfo::from).collect();
    Json(Page::whole(items))
}

/// List events
///
/// Those of accounts that the caller may see, the newest first; for admins also those of the house. Events are kept for as many
/// days as `[webhooks] events_kept_days` says.
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "list_events", params(EventsQuery),
    responses((status = 200, description = "A page of events", body = Page<Event>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<EventsQuery>,
) -> Answer<Json<Page<Event>>> {
    call(service, move |service| service.events(&caller, &query)).await.map(Json)
}

/// Read an event
///
/// In the form in which it is posted to endpoints.
#[utoipa::path(get, path = "/v1/events/{id}", tag = "events", operation_id = "get_event",
    params(("id" = String, Path, description = "The event's id")),
    responses((status = 200, description = "The event", body = Event), Problems))]
async fn get(State(service): State<Service>, caller: Caller, Path(id): Path<String>) -> Answer<Json<Event>> {
    call(service, move |service| service.event(&caller, &id)).await.map(Json)
}

/// List an event's deliveries
///
/// Those to endpoints that the caller may see, with what came of each try.
#[utoipa::path(get, path = "/v1/events/{id}/deliveries", tag = "events", operation_id = "list_event_deliveries",
    params(("id" = String, Path, description = "The event's id"), DeliveriesQuery),
    responses((status = 200, description = "A page of deliveries", body = Page<EventDelivery>), Problems))]
async fn deliveries(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<DeliveriesQuery>,
) -> Answer<Json<Page<EventDelivery>>> {
    call(service, move |service| service.event_deliveries(&caller, &id, &query)).await.map(Json)
}

/// Send an event again
///
/// To one endpoint, or to all that the caller may see, that take the event and that are switched on, whatever became of earlier
/// deliveries. It has the same id as before. Where no endpoint takes it, the answer is `wrong_state`.
#[utoipa::path(post, path = "/v1/events/{id}/resend", tag = "events", operation_id = "resend_event",
    params(("id" = String, Path, description = "The event's id")),
    request_body(content = Option<Resend>),
    responses((status = 200, description = "The deliveries that were queued", body = Resent), Problems))]
async fn resend(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    OptionalBody(which): OptionalBody<Resend>,
) -> Answer<Json<Resent>> {
    call(service, move |service| service.resend_event(&caller, &id, &which)).await.map(Json)
}
