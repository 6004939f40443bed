//! The layer that has a POST with an Idempotency-Key done once, and answers it alike ever after.
//!
//! The key becomes a part of the first change that the request makes, so that both are durable or neither. The answer is
//! kept beside it, without what is shown once. A few routes look after their keys by themselves: those that move money make
//! their answers from the books.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;

use crate::answer::Answer;
use crate::call::call;
use crate::caller::Caller;
use crate::extract::idempotency_key;
use crate::keyed_request::KeyedRequest;
use crate::one_time::without_secret;
use crate::problem::Problem;

/// The header of an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Octets of an answer that is kept.
const ANSWER_OCTETS_MAX: usize = 1 << 20;
/// The headers that are kept with an answer.
const KEPT_HEADERS: [HeaderName; 4] = [CONTENT_TYPE, CACHE_CONTROL, ETAG, LOCATION];
/// The routes that look after the key by themselves.
const NATIVE: [&str; 13] = [
    "/v1/accounts/{id}/topups",
    "/v1/accounts/{id}/adjustments",
    "/v1/accounts/{id}/fund",
    "/v1/accounts/{id}/withdraw",
    "/v1/accounts/{id}/bundles",
    "/v1/accounts/{id}/bundles/consume",
    "/v1/accounts/{id}/commission/payouts",
    "/v1/payments",
    "/v1/payments/{id}/refunds",
    "/v1/charges",
    "/v1/charges/{id}/refund",
    "/api/billing/topup/",
    "/api/v1/billing/tokens/consume/",
];

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// The HTTP status code.
    pub status: u16,
    /// Names and values of its headers.
    pub headers: Vec<(String, String)>,
    /// The body, without what is shown once.
    pub body: String,
}

/// Keeps the answers to requests with an Idempotency-Key.
pub trait IdempotencyService: Send + Sync + 'static {
    /// The answer that an earlier request with the key got; `None` if there was none. Refused as `key_reused` where that was
    /// another request, and as `already_done` where its answer is not known.
    fn answer_of(&self, caller: &Caller, request: &KeyedRequest) -> Answer<Option<KeptAnswer>>;

    /// Keeps the answer to a request.
    fn keep_answer(&self, caller: &Caller, request: &KeyedRequest, answer: KeptAnswer) -> Answer<()>;
}

/// The state of the layer.
#[derive(Clone)]
pub(crate) struct Idempotency {
    service: Arc<dyn IdempotencyService>,
    body_octets_max: usize,
    under_way: Arc<UnderWay>,
}

/// Requests with the same key, one after the other.
#[derive(Default)]
struct UnderWay(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Idempotency {
    pub(crate) fn new(service: Arc<dyn IdempotencyService>, body_octets_max: usize) -> Self {
        Self { service, body_octets_max, under_way: Arc::default() }
    }
}

impl UnderWay {
    /// Waits until no other request with this caller and key is under way.
    async fn turn(&self, caller: &str, key: &str) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(locks.entry(format!("{caller}\n{key}")).or_default())
        };
        lock.lock_owned().await
    }
}

/// Has a POST with an Idempotency-Key done once. Anything else goes on as it is.
pub(crate) async fn once(State(state): State<Idempotency>, mut request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().cloned();
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let ((Some(caller), Some(path)), true) = ((caller, path), request.method() == Method::POST) else {
        return next.run(request).await;
    };
    let key = match idempotency_key(request.headers()) {
        Ok(Some(key)) => key,
        Ok(None) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    if NATIVE.contains(&path.as_str()) {
        let keyed = Arc::new(KeyedRequest::native(key));
        request.extensions_mut().insert(Caller { keyed: Some(Arc::clone(&keyed)), ..caller });
        let response = next.run(request).await;
        return if keyed.is_replayed() { replayed(response) } else { response };
    }
    // The request is carried out to its end, and its answer kept, even if the caller does not wait for it.
    let done = tokio::spawn(async move {
        match read(request, key, state.body_octets_max).await {
            Ok((keyed, request)) => carry_out(&state, caller, &path, keyed, request, next).await,
            Err(problem) => problem.into_response(),
        }
    });
    done.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request of the management API failed");
        Problem::internal("the request could not be processed").into_response()
    })
}

/// Reads the body of a request, which is needed to tell it from another one.
async fn read(
    request: Request,
    key: String,
    octets_max: usize,
) -> Result<(Arc<KeyedRequest>, Request), Problem> {
    let (parts, body) = request.into_parts();
    let octets = to_bytes(body, octets_max).await;
    let octets =
        octets.map_err(|_| Problem::too_large("the body is longer than the limit, or cannot be read"))?;
    let head = format!("{} {}", parts.method, parts.uri);
    let keyed = Arc::new(KeyedRequest::new(key, head, octets.clone()));
    Ok((keyed, Request::from_parts(parts, Body::from(octets))))
}

async fn carry_out(
    state: &Idempotency,
    caller: Caller,
    path: &str,
    keyed: Arc<KeyedRequest>,
    mut request: Request,
    next: Next,
) -> Response {
    let _turn = state.under_way.turn(&caller.id, &keyed.key).await;
    let caller = Caller { keyed: Some(Arc::clone(&keyed)), ..caller };
    let known = {
        let (caller, keyed) = (caller.clone(), Arc::clone(&keyed));
        call(Arc::clone(&state.service), move |service| service.answer_of(&caller, &keyed)).await
    };
    match known {
        Ok(None) => {}
        Ok(Some(answer)) => return replayed(answer.into_response()),
        Err(problem) => return problem.into_response(),
    }
    request.extensions_mut().insert(caller.clone());
    let (response, answer) = taken_apart(next.run(request).await, path).await;
    if let Some(answer) = answer {
        let keep = move |service: &dyn IdempotencyService| service.keep_answer(&caller, &keyed, answer);
        if let Err(problem) = call(Arc::clone(&state.service), keep).await {
            tracing::warn!(
                problem = problem.detail,
                "the answer to a request with an Idempotency-Key is not kept"
            );
        }
    }
    response
}

/// The response, and the answer to be kept of it. Only what was done is kept: after a refusal the key is free again.
async fn taken_apart(response: Response, path: &str) -> (Response, Option<KeptAnswer>) {
    let is_kept = response.status().is_success()
        && response.body().size_hint().exact().is_some_and(|octets| octets <= ANSWER_OCTETS_MAX as u64);
    if !is_kept {
        return (response, None);
    }
    let (parts, body) = response.into_parts();
    let Ok(octets) = to_bytes(body, ANSWER_OCTETS_MAX).await else {
        return (Problem::internal("the answer cannot be read").into_response(), None);
    };
    let answer = std::str::from_utf8(&octets).ok().map(|body| KeptAnswer {
        status: parts.status.as_u16(),
        headers: kept_headers(&parts.headers),
        body: without_secret(path, body),
    });
    (Response::from_parts(parts, Body::from(octets)), answer)
}

fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = |name: &HeaderName| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.to_string(), value.to_owned()))
    };
    KEPT_HEADERS.iter().filter_map(kept).collect()
}

/// Says in the header that an answer was given before.
fn replayed(mut response: Response) -> Response {
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

impl IntoResponse for KeptAnswer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::rules;

    #[test]
    fn routes_that_look_after_their_keys_are_routes() {
        for path in NATIVE {
            assert!(rules().any(|rule| rule.method == "POST" && rule.path == path), "{path}");
        }
    }
}
