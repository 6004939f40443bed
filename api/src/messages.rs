//! Messages, charged and refused: searched for, and followed from submit to end.

mod dto;
mod timeline;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, Rule, Who, rule};
use crate::answer::Answer;
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Path, Query};
use crate::openapi::Problems;

pub use dto::{
    CountedRefusals, ListedMessage, MessageList, MessageOutcome, MessageState, MessagesQuery, RefusalList,
    RefusalsQuery,
};
pub use timeline::{MessageTimeline, TimelineEvent, TimelineEventKind};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/messages", Who::Roles(CUSTOMER, Scope::MessagesRead)),
    rule("GET", "/v1/messages/{id}", Who::Roles(CUSTOMER, Scope::MessagesRead)),
    rule("GET", "/v1/messages/{id}/timeline", Who::Roles(CUSTOMER, Scope::MessagesRead)),
    rule("GET", "/v1/refusals", Who::Roles(CUSTOMER, Scope::MessagesRead)),
];

/// Searches and follows messages of all accounts.
pub trait MessagesService: Send + Sync + 'static {
    /// Messages of all accounts that the caller may see, the newest first.
    fn messages(&self, caller: &Caller, query: &MessagesQuery) -> Answer<MessageList>;

    /// One of them.
    fn message(&self, caller: &Caller, id: &str) -> Answer<ListedMessage>;

    /// Everything that happened to one of them.
    fn timeline(&self, caller: &Caller, id: &str) -> Answer<MessageTimeline>;

    /// Refused messages, counted by account and reason.
    fn refusals(&self, caller: &Caller, query: &RefusalsQuery) -> Answer<RefusalList>;
}

type Service = Arc<dyn MessagesService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn MessagesService>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(timeline))
        .routes(routes!(refusals))
}

/// Search messages
///
/// Charged and refused ones of all accounts that the caller may see, the newest first, of the last seven days unless `from`
/// says otherwise. A request that would read for longer than a second answers with what it has found by then: a page may be
/// short, or empty, and still not be the last; `next_cursor` says. Messages that come meanwhile move no cursor.
#[utoipa::path(get, path = "/v1/messages", tag = "messages", operation_id = "list_messages", params(MessagesQuery),
    responses((status = 200, description = "A page of messages", body = MessageList), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<MessagesQuery>,
) -> Answer<Json<MessageList>> {
    call(service, move |service| service.messages(&caller, &query)).await.map(Json)
}

/// Read a message, charged or refused
#[utoipa::path(get, path = "/v1/messages/{id}", tag = "messages", operation_id = "get_message",
    params(("id" = String, Path, description = "The message's id")),
    responses((status = 200, description = "The message", body = ListedMessage), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<ListedMessage>> {
    call(service, move |service| service.message(&caller, &id)).await.map(Json)
}

/// Follow a message
///
/// Everything that is known to have happened to it, in order: submitted, priced, queued, tried, accepted, its receipts, and
/// what was given back; of a refused one the reason and what would mend it. Operators and their answers are shown to callers
/// that see all accounts.
#[utoipa::path(get, path = "/v1/messages/{id}/timeline", tag = "messages", operation_id = "get_message_timeline",
    params(("id" = String, Path, description = "The message's id")),
    responses((status = 200, description = "What happened, in order", body = MessageTimeline), Problems))]
async fn timeline(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<MessageTimeline>> {
    call(service, move |service| service.timeline(&caller, &id)).await.map(Json)
}

/// Count refused messages
///
/// By account and reason, the most frequent first, of the last seven days unless `from` says otherwise; earlier ones are not
/// kept. Messages of which there is only the count, as there were too many, are among them.
#[utoipa::path(get, path = "/v1/refusals", tag = "messages", operation_id = "list_refusals", params(RefusalsQuery),
    responses((status = 200, description = "A page of counts", body = RefusalList), Problems))]
async fn refusals(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<RefusalsQuery>,
) -> Answer<Json<RefusalList>> {
    call(service, move |service| service.refusals(&caller, &query)).await.map(Json)
}
