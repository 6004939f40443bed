//! The layer that finds out who calls, and refuses requests that are not allowed or too many.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{ALLOW, AUTHORIZATION};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::access::{Rule, Who};
use crate::authentication::AuthenticationService;
use crate::caller::{Caller, KnownCaller};
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::rules::{rule_of, rules};
use crate::session_cookie::SessionCookie;
use crate::suspension;

/// The beginnings of the paths of existing clients whose reads may be open: wecall's, which name their account, and plans.
const OPEN_READS: [&str; 3] = ["/api/billing/", "/api/v1/billing/plans/", "/plans/"];

/// The path at which browsers log in.
const SESSION_PATH: &str = "/v1/session";

/// The state of the layer.
#[derive(Clone)]
pub(crate) struct Admission {
    /// Knows tokens and sessions.
    pub(crate) service: Arc<dyn AuthenticationService>,
    /// The cookie of browsers' sessions.
    pub(crate) cookie: SessionCookie,
}

/// A request that is to be let in, by what its head says.
struct Asked<'a> {
    method: &'a Method,
    path: &'a str,
    headers: &'a HeaderMap,
    peer: Option<IpAddr>,
    request_id: &'a str,
}

/// Lets a request through to its handler, with its caller, if the rule of its route and the rates allow that.
pub(crate) async fn authenticate(
    State(admission): State<Admission>,
    RequestId(request_id): RequestId,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await;
    };
    let path = path.as_str();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let known = request.extensions().get::<KnownCaller>().map(|known| known.0.clone());
    let admitted = if let Some(caller) = known {
        admit_known(&*admission.service, request.method(), path, Caller { request_id, ..caller })
    } else {
        // HEAD is answered by the route of GET (RFC 9110 §9.3.2).
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let (headers, request_id) = (request.headers(), &*request_id);
        admission.admit(&Asked { method, path, headers, peer, request_id })
    };
    match admitted {
        Err(problem) => refused(problem, path),
        Ok(caller) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
    }
}

/// The response for a request that goes no further. If the path has no such method, `Allow` lists those that
/// it has.
fn refused(problem: Problem, path: &str) -> Response {
    let is_method = problem.status == StatusCode::METHOD_NOT_ALLOWED.as_u16();
    let mut response = problem.into_response();
    if is_method && let Ok(methods) = HeaderValue::from_str(&methods_of(path)) {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}

/// The caller of a read of existing clients that has no token, where such reads are open.
fn open_read(service: &dyn AuthenticationService, rule: &Rule, request_id: &str) -> Option<Caller> {
    let is_open =
        rule.method == Method::GET.as_str() && OPEN_READS.iter().any(|path| rule.path.starts_with(path));
    let reader = service.reader(request_id).filter(|_| is_open)?;
    rule.who.admits(Some(&reader)).then_some(reader)
}

/// The same for a caller that is known already, and to whom the rules apply as to any other.
fn admit_known(
    service: &dyn AuthenticationService,
    method: &Method,
    path: &str,
    caller: Caller,
) -> Result<Option<Caller>, Problem> {
    let Some(rule) = rule_of(method, path) else {
        return Err(Problem::method_not_allowed(format!("the path has {}", methods_of(path))));
    };
    service.admit(Some(&caller), None)?;
    if rule.who == Who::Anybody {
        return Ok(None);
    }
    let is_admitted = rule.who.admits(Some(&caller));
    is_admitted.then_some(Some(caller)).ok_or_else(|| Problem::forbidden("this is not for your role"))
}

impl Admission {
    /// The caller, where the route wants one; or why the request goes no further.
    fn admit(&self, asked: &Asked<'_>) -> Result<Option<Caller>, Problem> {
        let Some(rule) = rule_of(asked.method, asked.path) else {
            return Err(Problem::method_not_allowed(format!("the path has {}", methods_of(asked.path))));
        };
        if rule.who == Who::Anybody {
            self.service.admit(None, asked.peer)?;
            if asked.path == SESSION_PATH {
                // Another site logs nobody in, not even as somebody else.
                self.cookie.check_site(asked.headers)?;
            }
            return Ok(None);
        }
        let caller = self.caller(asked, rule)?;
        if rule.who.admits(Some(&caller)) {
            suspension::check(&caller, rule)?;
            return Ok(Some(caller));
        }
        Err(Problem::forbidden(match rule.who {
            Who::Roles(roles, scope) if caller.scopes.is_some() && roles.contains(&caller.grade()) => {
                let scope = serde_json::to_value(scope).unwrap_or_default();
                format!("the API key does not have the scope {scope}")
            }
            _ => "this is not for your role".to_owned(),
        }))
    }

    /// The caller by its token, by its cookie where it has no token, or as one who has neither. Its rate is counted.
    fn caller(&self, asked: &Asked<'_>, rule: &Rule) -> Result<Caller, Problem> {
        let (cookie, peer) = (self.cookie.of(asked.headers), asked.peer);
        if let Some(token) = bearer(asked.headers) {
            let known = self.service.authenticate(token, peer, asked.request_id);
            return self.counted(known, peer);
        }
        if let Some((caller, csrf_token)) =
            cookie.and_then(|cookie| self.service.browser_session(cookie, asked.request_id))
        {
            let caller = self.counted(Ok(caller), peer)?;
            if asked.method != Method::GET {
                self.cookie.check_page(asked.headers, &csrf_token)?;
            }
            return Ok(caller);
        }
        self.service.admit(None, peer)?;
        if let Some(reader) = open_read(&*self.service, rule, asked.request_id) {
            return Ok(Caller { peer, ..reader });
        }
        Err(Problem::unauthenticated(match cookie {
            Some(_) => "the session is over; log in again",
            None => "send `Authorization: Bearer` with an access token or an API key",
        }))
    }

    /// A caller within its rate. Guesses of tokens are limited by address.
    fn counted(&self, known: Result<Caller, Problem>, peer: Option<IpAddr>) -> Result<Caller, Problem> {
        let known = known.map(|caller| Caller { peer, ..caller });
        self.service.admit(known.as_ref().ok(), peer)?;
        known
    }
}

/// The methods of a path that have a rule, as `Allow` lists them (RFC 9110 §10.2.1). A route without a rule
/// is treated as if it did not exist.
fn methods_of(path: &str) -> String {
    let mut methods: Vec<&str> = rules().filter(|rule| rule.path == path).map(|rule| rule.method).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.join(", ")
}

/// The token of `Authorization: Bearer` (RFC 6750 §2.1); the scheme in upper or lower case (RFC 9110 §11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
