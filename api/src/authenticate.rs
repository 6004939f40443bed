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
use crate::suspension;

/// The beginnings of the paths of existing clients whose reads may be open: wecall's, which name their account, and plans.
const OPEN_READS: [&str; 3] = ["/api/billing/", "/api/v1/billing/plans/", "/plans/"];

/// Lets a request through to its handler, with its caller, if the rule of its route and the rates allow that.
pub async fn authenticate(
    State(service): State<Arc<dyn AuthenticationService>>,
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
    let admitted = match known {
        Some(caller) => admit_known(&*service, request.method(), path, Caller { request_id, ..caller }),
        None => admit(&*service, request.method(), path, request.headers(), peer, &request_id),
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

/// The caller, where the route wants one; or why the request goes no further.
fn admit(
    service: &dyn AuthenticationService,
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
        service.admit(None, peer)?;
        return Ok(None);
    }
    let Some(token) = bearer(headers) else {
        service.admit(None, peer)?;
        if let Some(reader) = open_read(service, rule, request_id) {
            return Ok(Some(Caller { peer, ..reader }));
        }
        return Err(Problem::unauthenticated(
            "send `Authorization: Bearer` with an access token or an API key",
        ));
    };
    let caller = match service.authenticate(token, peer, request_id) {
        Ok(caller) => Caller { peer, ..caller },
        Err(problem) => {
            // Guesses of tokens are limited by address.
            service.admit(None, peer)?;
            return Err(problem);
        }
    };
    service.admit(Some(&caller), peer)?;
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
