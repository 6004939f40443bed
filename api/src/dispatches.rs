//! Dispatches: batches of messages sent as one campaign, and how far each has come.
//!
//! A dispatch is there as soon as a message names it in its TLV, or somebody has given it a name here. Its
//! counters come from what is charged and delivered, and are of the instant at which they are asked for.

mod dto;
mod id;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created, Gone, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::cdrs::Cdr;
use crate::extract::{Body, IfMatch, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{
    Dispatch, DispatchChange, DispatchCounts, DispatchMessagesQuery, DispatchOf, DispatchProgress,
    DispatchSort, DispatchStatus, DispatchesQuery, NewDispatch,
};
pub use id::{OCTETS_MAX, octets_of, text_of};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/dispatches", Who::Roles(CUSTOMER, Scope::MessagesRead)),
    rule("POST", "/v1/dispatches", Who::Roles(CUSTOMER, Scope::MessagesWrite)),
    rule("GET", "/v1/dispatches/{id}", Who::Roles(CUSTOMER, Scope::MessagesRead)),
    rule("PUT", "/v1/dispatches/{id}", Who::Roles(CUSTOMER, Scope::MessagesWrite)),
    rule("DELETE", "/v1/dispatches/{id}", Who::Roles(CUSTOMER, Scope::MessagesWrite)),
    rule("GET", "/v1/dispatches/{id}/status", Who::Roles(CUSTOMER, Scope::MessagesRead)),
    rule("GET", "/v1/dispatches/{id}/messages", Who::Roles(CUSTOMER, Scope::MessagesRead)),
];

/// Reads and changes dispatches. `of` names the account of a dispatch: two accounts may have one of the same
/// id.
pub trait DispatchesService: Send + Sync + 'static {
    /// Those of the accounts that the caller may see, in the order of account and id.
    fn dispatches(&self, caller: &Caller, query: &DispatchesQuery) -> Answer<Page<Dispatch>>;

    /// One of them.
    fn dispatch(&self, caller: &Caller, id: &str, of: &DispatchOf) -> Answer<Versioned<Dispatch>>;

    /// Names one, whether messages were charged under its id or not.
    fn create_dispatch(&self, caller: &Caller, new: NewDispatch) -> Answer<Versioned<Dispatch>>;

    /// Changes what people wrote about one.
    fn change_dispatch(
        &self,
        caller: &Caller,
        id: &str,
        of: &DispatchOf,
        if_match: IfMatch,
        change: DispatchChange,
    ) -> Answer<Versioned<Dispatch>>;

    /// Deletes one under which nothing was charged.
    fn delete_dispatch(&self, caller: &Caller, id: &str, of: &DispatchOf, if_match: IfMatch) -> Answer<()>;

    /// The progress of a dispatch.
    fn dispatch_progress(&self, caller: &Caller, id: &str, of: &DispatchOf) -> Answer<DispatchProgress>;

    /// Its messages, the newest first.
    fn dispatch_messages(
        &self,
        caller: &Caller,
        id: &str,
        query: &DispatchMessagesQuery,
    ) -> Answer<Page<Cdr>>;
}

type Service = Arc<dyn DispatchesService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn DispatchesService>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, delete))
        .routes(routes!(status))
        .routes(routes!(messages))
}

/// List dispatches
///
/// Those of the accounts that the caller may see, those that only messages name too. A page may be short, or
/// empty, and still not be the last, where filters leave few of many dispatches: `next_cursor` says.
#[utoipa::path(get, path = "/v1/dispatches", tag = "dispatches", operation_id = "list_dispatches",
    params(DispatchesQuery),
    responses((status = 200, description = "A page of dispatches", body = Page<Dispatch>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<DispatchesQuery>,
) -> Answer<Json<Page<Dispatch>>> {
    call(service, move |service| service.dispatches(&caller, &query)).await.map(Json)
}

/// Create a dispatch
///
/// Messages are counted under it when they carry its id in their dispatch TLV, those that came before too.
#[utoipa::path(post, path = "/v1/dispatches", tag = "dispatches", operation_id = "create_dispatch",
    request_body = NewDispatch,
    responses((status = 201, description = "The dispatch", body = Dispatch), Problems))]
async fn create(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<NewDispatch>,
) -> Answer<Created<Versioned<Dispatch>>> {
    let body = call(service, move |service| service.create_dispatch(&caller, new)).await?;
    let (id, account) = (id::in_url(&body.value.id), id::in_url(&body.value.account));
    Ok(Created { location: format!("/v1/dispatches/{id}?account={account}"), body })
}

/// Read a dispatch
///
/// The ETag is the version of what people wrote about it; counters change without it.
#[utoipa::path(get, path = "/v1/dispatches/{id}", tag = "dispatches", operation_id = "get_dispatch",
    params(("id" = String, Path, description = "The dispatch id as messages carry it, escaped as in `Dispatch`"), DispatchOf),
    responses((status = 200, description = "The dispatch", body = Dispatch), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(of): Query<DispatchOf>,
) -> Answer<Versioned<Dispatch>> {
    call(service, move |service| service.dispatch(&caller, &id, &of)).await
}

/// Change a dispatch
///
/// Name, description and planned messages. Counters and status cannot be set: they come from the messages
/// themselves. A dispatch that only messages name is given its name by this.
#[utoipa::path(put, path = "/v1/dispatches/{id}", tag = "dispatches", operation_id = "change_dispatch",
    params(("id" = String, Path, description = "The dispatch id as messages carry it, escaped as in `Dispatch`"), DispatchOf,
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = DispatchChange,
    responses((status = 200, description = "The dispatch as it is now", body = Dispatch), Problems))]
async fn change(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(of): Query<DispatchOf>,
    if_match: IfMatch,
    Body(change): Body<DispatchChange>,
) -> Answer<Versioned<Dispatch>> {
    call(service, move |service| service.change_dispatch(&caller, &id, &of, if_match, change)).await
}

/// Delete a dispatch
///
/// One under which messages were charged stays in the books, and is refused with `wrong_state`.
#[utoipa::path(delete, path = "/v1/dispatches/{id}", tag = "dispatches", operation_id = "delete_dispatch",
    params(("id" = String, Path, description = "The dispatch id as messages carry it, escaped as in `Dispatch`"), DispatchOf,
        ("If-Match" = Option<String>, Header, description = "The ETag that is meant")),
    responses((status = 204, description = "It is gone"), Problems))]
async fn delete(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(of): Query<DispatchOf>,
    if_match: IfMatch,
) -> Answer<Gone> {
    call(service, move |service| service.delete_dispatch(&caller, &id, &of, if_match)).await?;
    Ok(Gone)
}

/// Read the progress of a dispatch
#[utoipa::path(get, path = "/v1/dispatches/{id}/status", tag = "dispatches", operation_id = "get_dispatch_status",
    params(("id" = String, Path, description = "The dispatch id as messages carry it, escaped as in `Dispatch`"), DispatchOf),
    responses((status = 200, description = "Its status and counters", body = DispatchProgress), Problems))]
async fn status(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(of): Query<DispatchOf>,
) -> Answer<Json<DispatchProgress>> {
    call(service, move |service| service.dispatch_progress(&caller, &id, &of)).await.map(Json)
}

/// List a dispatch's messages
///
/// The newest first. A page may be short, or empty, and still not be the last, where the dispatch has few of
/// the account's many messages: `next_cursor` says.
#[utoipa::path(get, path = "/v1/dispatches/{id}/messages", tag = "dispatches",
    operation_id = "list_dispatch_messages",
    params(("id" = String, Path, description = "The dispatch id as messages carry it, escaped as in `Dispatch`"),
        DispatchMessagesQuery),
    responses((status = 200, description = "A page of messages", body = Page<Cdr>), Problems))]
async fn messages(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<DispatchMessagesQuery>,
) -> Answer<Json<Page<Cdr>>> {
    call(service, move |service| service.dispatch_messages(&caller, &id, &query)).await.map(Json)
}
