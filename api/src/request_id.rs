//! The id of a request: the client's own or a new one. It is in the response's header, in problems and in the
//! audit log.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{self, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::request_id::{self, MakeRequestId};

use crate::authentication::AuthenticationService;

/// The header of request and response.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Octets of an id that a client gives its request.
const REQUEST_ID_OCTETS_MAX: usize = 64;

/// The id of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestId(pub String);

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let id = parts.extensions.get::<request_id::RequestId>();
        let text = id.and_then(|id| id.header_value().to_str().ok());
        Ok(Self(text.unwrap_or_default().to_owned()))
    }
}

/// Makes ids for requests that bring none.
#[derive(Clone)]
pub(crate) struct NewRequestId(pub(crate) Arc<dyn AuthenticationService>);

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _: &http::Request<B>) -> Option<request_id::RequestId> {
        HeaderValue::from_str(&self.0.new_request_id()).ok().map(request_id::RequestId::new)
    }
}

/// Removes a client's id that is too long or has other characters than expected, so that the request gets a
/// new one.
pub(crate) async fn remove_bad_id(mut request: Request, next: Next) -> Response {
    if request.headers().get(REQUEST_ID).is_some_and(|id| !is_good(id)) {
        request.headers_mut().remove(REQUEST_ID);
    }
    next.run(request).await
}

fn is_good(id: &HeaderValue) -> bool {
    let octets = id.as_bytes();
    (1..=REQUEST_ID_OCTETS_MAX).contains(&octets.len())
        && octets.iter().all(|octet| octet.is_ascii_alphanumeric() || b"-_.:".contains(octet))
}
