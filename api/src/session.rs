//! The session of a browser, by cookie.

mod dto;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{AppendHeaders, IntoResponse};
use axum::{Extension, Json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Rule, Who, rule};
use crate::answer::{Answer, Gone};
use crate::auth::Login;
use crate::call::call;
use crate::caller::Caller;
use crate::extract::{Body, PUBLIC_OCTETS_MAX, Peer, Query};
use crate::openapi::Problems;
use crate::operations::Operations;
use crate::request_id::RequestId;
use crate::session_cookie::SessionCookie;

pub use dto::{EndQuery, NewSession, Session, SessionState};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("POST", "/v1/session", Who::Anybody),
    rule("GET", "/v1/session", Who::Users),
    rule("DELETE", "/v1/session", Who::Users),
];

/// Begins, shows and ends sessions of browsers.
pub trait SessionService: Send + Sync + 'static {
    /// Begins a session, with the same checks as a login for tokens.
    fn begin(&self, request_id: &str, peer: Option<IpAddr>, login: &Login) -> Answer<NewSession>;

    /// The session of this caller.
    fn session(&self, caller: &Caller) -> Answer<SessionState>;

    /// Ends the session of this caller, or all of its user.
    fn end(&self, caller: &Caller, everywhere: bool) -> Answer<()>;
}

type Service = Arc<dyn SessionService>;

/// The parts of the layers around that these routes need.
#[derive(Clone, Debug)]
pub(crate) struct SessionGround {
    /// The form of the cookie.
    pub(crate) cookie: SessionCookie,
    /// All operations of the API.
    pub(crate) operations: Operations,
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn SessionService>> {
    OpenApiRouter::new().routes(routes!(begin, session, end)).layer(DefaultBodyLimit::max(PUBLIC_OCTETS_MAX))
}

/// Log in from a browser
///
/// The answer sets a cookie that no script reads (`HttpOnly`, `SameSite=Lax`, and over TLS `Secure`), which then stands in the
/// place of an access token. Failures count as those of `POST /v1/auth/login`. The session ends when it was not used for
/// `[api] session_idle_minutes`, at the latest after `session_days`, with the log-out, and with all that ends sessions by tokens.
/// A request that has both an access token and a cookie is that of the token.
#[utoipa::path(post, path = "/v1/session", tag = "auth", operation_id = "begin_session", security(()),
    request_body = Login,
    responses((status = 200, description = "The session that has begun", body = Session,
        headers(("Set-Cookie" = String, description = "The cookie of the session"))), Problems))]
async fn begin(
    State(service): State<Service>,
    Extension(ground): Extension<Arc<SessionGround>>,
    RequestId(request_id): RequestId,
    Peer(peer): Peer,
    Body(login): Body<Login>,
) -> Answer<impl IntoResponse> {
    let begun = call(service, move |service| service.begin(&request_id, peer, &login)).await?;
    let session = Session::of(begun.state, &begun.caller, &ground.operations);
    Ok((AppendHeaders([ground.cookie.kept(&begun.cookie), unstored()]), Json(session)))
}

/// Read the session
///
/// The user, the rights and the token of the session, for a page that has just been loaded. It may also be asked for with an
/// access token, then without `csrf_token`.
#[utoipa::path(get, path = "/v1/session", tag = "auth", operation_id = "session",
    responses((status = 200, description = "The session", body = Session), Problems))]
async fn session(
    State(service): State<Service>,
    Extension(ground): Extension<Arc<SessionGround>>,
    caller: Caller,
) -> Answer<impl IntoResponse> {
    let asking = caller.clone();
    let state = call(service, move |service| service.session(&asking)).await?;
    Ok((AppendHeaders([unstored()]), Json(Session::of(state, &caller, &ground.operations))))
}

/// Log out of a browser
///
/// Ends the session, or with `everywhere` all of the user, and has the browser forget the cookie.
#[utoipa::path(delete, path = "/v1/session", tag = "auth", operation_id = "end_session", params(EndQuery),
    responses((status = 204, description = "The session is over"), Problems))]
async fn end(
    State(service): State<Service>,
    Extension(ground): Extension<Arc<SessionGround>>,
    caller: Caller,
    Query(query): Query<EndQuery>,
) -> Answer<impl IntoResponse> {
    call(service, move |service| service.end(&caller, query.everywhere)).await?;
    Ok((AppendHeaders([ground.cookie.forgotten()]), Gone))
}

/// No cache keeps what is a session's alone.
fn unstored() -> (HeaderName, HeaderValue) {
    (CACHE_CONTROL, HeaderValue::from_static("no-store"))
}
