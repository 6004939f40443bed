//! The stream of live figures and changes, as server-sent events (HTML Living Standard §9.2).
//!
//! Figures are worked out once a second for all streams of a role, and not at all while nobody listens. Changes name what has
//! changed and say nothing of its content, so that whoever hears of one reads it by the rules of its route. They are kept in
//! one bounded ring, from which every stream reads at its own place: a slow reader costs no memory, and is cut off.

mod body;
mod connection_end;
mod dto;
mod hub;
mod service;
mod ticker;
mod topics;

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Rule, Who, rule};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::Query;
use crate::openapi::Problems;
use crate::session::SessionGround;

pub use connection_end::ConnectionEnd;
pub use dto::{
    AccountFigures, LiveAnswers, LiveFigures, LiveOperator, LiveRates, LiveRefusal, StreamChange, StreamEnd,
    StreamEvent, StreamQuery,
};
pub use hub::{Change, Hub, Owner};
pub use service::StreamService;
pub use ticker::keep;
pub use topics::Topic;

use body::{Reader, begin};
use hub::Audience;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[rule("GET", "/v1/stream", Who::Users)];

/// The header with which a browser goes on with a stream.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies such as nginx are told not to hold events back.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

type Service = Arc<dyn StreamService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn StreamService>> {
    OpenApiRouter::new().routes(routes!(stream))
}

/// Follow live figures and changes
///
/// Server-sent events. Once a second `live` has the figures of the house for admins, and `account` those of the own account for
/// others. `change` names what has changed, `{topic, id, revision}`, of all that the caller may see; its content is to be read from its
/// own route. Every event has an `id`. A stream that was interrupted goes on with `Last-Event-ID` (or `last_event_id`);
/// where changes since then are not kept any more, `resync` says that everything is to be read again. `end` says why a stream
/// ends by itself, as when the session is over.
///
/// A user has at most eight streams at once: a browser needs one for all its tabs. Whoever does not read is cut off.
#[utoipa::path(get, path = "/v1/stream", tag = "stream", operation_id = "stream", params(StreamQuery),
    responses((status = 200, description = "Events, one after the other", body = StreamEvent,
        content_type = "text/event-stream"), Problems))]
async fn stream(
    State(service): State<Service>,
    caller: Caller,
    Extension(ground): Extension<Arc<SessionGround>>,
    end: Option<Extension<ConnectionEnd>>,
    headers: HeaderMap,
    Query(query): Query<StreamQuery>,
) -> Answer<impl IntoResponse> {
    let open = ground.operations.names_for(&caller);
    let mut topics = query.topics()?;
    topics.retain(|topic| open.iter().any(|name| name == topic.operation()));
    let last_id = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let audience = caller.account().map_or(Audience::House, |account| Audience::Account(account.to_owned()));
    let place = service.hub().enter(caller.session.as_deref().unwrap_or(&caller.id), audience)?;
    let cursor = service.hub().cursor(last_id.or(query.last_event_id).as_deref());
    let lasts = query.seconds.map(|seconds| Duration::from_secs(u64::from(seconds)));
    let reader = Reader { service, caller, topics, place, cursor, lasts };
    let events = begin(reader, end.map(|Extension(end)| end));
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store"), (ACCEL_BUFFERING, "no")];
    Ok((headers, Body::from_stream(events)))
}
