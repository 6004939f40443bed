//! What every request passes: an id for it, the rule of its route, who calls, how often, and how long it may take.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{ALLOW, AUTHORIZATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::access::Who;
use crate::authentication::AuthenticationService;
use crate::caller::Caller;
use crate::meters;
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::rules::{rule_of, rules};

/// Of request and response.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Octets of an id that a client gives its request.
const REQUEST_ID_OCTETS_MAX: usize = 64;

/// What the gate knows.
#[derive(Clone)]
pub struct Gate {
    /// Knows tokens and rates.
    pub authentication: Arc<dyn AuthenticationService>,
    /// How long a request may take until its answer begins.
    pub timeout: Duration,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// The layer around every route.
pub async fn pass(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let (began, method) = (Instant::now(), request.method().clone());
    let request_id = request_id(request.headers()).unwrap_or_else(|| gate.authentication.new_request_id());
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let admitted = path
        .as_ref()
        .map_or(Ok(None), |path| admit(&gate, request.method(), path, request.headers(), peer, &request_id));
    let response = match admitted {
        Err(problem) => turned_away(problem, path.as_deref()),
        Ok(caller) => {
            request.extensions_mut().insert(RequestId(request_id.clone()));
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            let answer = tokio::time::timeout(gate.timeout, next.run(request)).await;
            answer.unwrap_or_else(|_| late(gate.timeout).into_response())
        }
    };
    meters::count(path, &method, response.status(), began.elapsed());
    with_id(response, &request_id)
}

/// A method that a path does not have is answered with those that it has.
fn turned_away(problem: Problem, path: Option<&str>) -> Response {
    let is_method = problem.status == StatusCode::METHOD_NOT_ALLOWED.as_u16();
    let mut response = problem.into_response();
    if let (true, Some(path)) = (is_method, path)
        && let Ok(methods) = HeaderValue::from_str(&methods_of(path))
    {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}

fn late(timeout: Duration) -> Problem {
    let seconds = timeout.as_secs();
    Problem::timed_out(format!(
        "not done within {seconds} seconds; what was begun may still be done, so repeat it with its Idempotency-Key"
    ))
}

/// The caller, where the route wants one; or why the request goes no further.
fn admit(
    gate: &Gate,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    peer: Option<IpAddr>,
    request_id: &str,
) -> Result<Option<Caller>, Problem> {
    // HEAD is answered by the route of GET (RFC 9110 §9.3.2).
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let Some(rule) = rule_of(method, path) else {
        return Err(Problem::method_not_allowed(format!("the path has {}", methods_of(path))));
    };
    if rule.who == Who::Anybody {
        gate.authentication.admit(None, peer)?;
        return Ok(None);
    }
    let Some(token) = bearer(headers) else {
        gate.authentication.admit(None, peer)?;
        return Err(Problem::unauthenticated(
            "send `Authorization: Bearer` with an access token or an API key",
        ));
    };
    let caller = match gate.authentication.authenticate(token, peer, request_id) {
        Ok(caller) => caller,
        Err(problem) => {
            // Who guesses is slowed down by the address.
            gate.authentication.admit(None, peer)?;
            return Err(problem);
        }
    };
    gate.authentication.admit(Some(&caller), peer)?;
    if rule.who.admits(Some(&caller)) {
        return Ok(Some(caller));
    }
    Err(Problem::forbidden(match rule.who {
        Who::Roles(roles, scope) if caller.scopes.is_some() && roles.contains(&caller.grade()) => {
            let scope = serde_json::to_value(scope).unwrap_or_default();
            format!("the API key has not the scope {scope}")
        }
        _ => "this is not for your role".to_owned(),
    }))
}

/// The methods of a path that have a rule, as `Allow` lists them (RFC 9110 §10.2.1). A route without a rule is as good as none.
fn methods_of(path: &str) -> String {
    let mut methods: Vec<&str> = rules().filter(|rule| rule.path == path).map(|rule| rule.method).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.join(", ")
}

/// The token of `Authorization: Bearer` (RFC 6750 §2.1); the scheme in whatever case (RFC 9110 §11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_sane = (1..=REQUEST_ID_OCTETS_MAX).contains(&text.len())
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_.:".contains(&octet));
    is_sane.then(|| text.to_owned())
}

/// The answer with the request's id: in its header, and in a problem's body.
fn with_id(mut response: Response, request_id: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let headers = std::mem::take(response.headers_mut());
        let mut named = Problem { request_id: request_id.to_owned(), ..problem }.into_response();
        named.extensions_mut().remove::<Problem>();
        for (name, value) in headers.iter().filter(|(name, _)| *name != "content-length") {
            named.headers_mut().insert(name, value.clone());
        }
        response = named;
    }
    if let Ok(value) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}
