//! The layer that completes responses: it names the request in problems, explains time-outs, and counts.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::metrics;
use crate::problem::Problem;
use crate::request_id::RequestId;

/// Completes the response to a request that may take no longer than `timeout`.
pub(crate) async fn finish(
    State(timeout): State<Duration>,
    RequestId(request_id): RequestId,
    request: Request,
    next: Next,
) -> Response {
    let (began, method) = (Instant::now(), request.method().clone());
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let mut response = next.run(request).await;
    if response.status() == StatusCode::GATEWAY_TIMEOUT && response.extensions().get::<Problem>().is_none() {
        response = timed_out(timeout).into_response();
    }
    metrics::count(path, &method, response.status(), began.elapsed());
    name_request(response, request_id)
}

/// The problem in place of the empty response that the time-out's layer gives.
fn timed_out(timeout: Duration) -> Problem {
    let seconds = timeout.as_secs();
    Problem::timed_out(format!(
        "not done within {seconds} seconds; what was begun may still be done, so repeat it with its Idempotency-Key"
    ))
}

/// Writes the id of the request into the body of a problem.
fn name_request(mut response: Response, request_id: String) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let headers = std::mem::take(response.headers_mut());
    let mut named = Problem { request_id, ..problem }.into_response();
    named.extensions_mut().remove::<Problem>();
    for (name, value) in headers.iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
        named.headers_mut().insert(name, value.clone());
    }
    named
}
