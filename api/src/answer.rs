//! The responses of handlers: a body, its version as an ETag (RFC 9110 §8.8.3), or the location of a
//! new resource.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::problem::Problem;

/// The result of a handler.
pub type Answer<T> = Result<T, Problem>;

/// A thing with the version that it has now. A change of it may ask for this version with If-Match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// Counted on with each change.
    pub revision: u64,
    /// The resource itself.
    pub value: T,
}

impl<T> Versioned<T> {
    /// A thing and its version.
    pub fn new(revision: u64, value: T) -> Self {
        Self { revision, value }
    }

    /// The thing in another form.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Versioned<U> {
        Versioned { revision: self.revision, value: convert(self.value) }
    }
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.value).into_response();
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.revision)) {
            response.headers_mut().insert(ETAG, tag);
        }
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// 201, with where the thing is.
#[derive(Clone, Debug)]
pub struct Created<T> {
    /// The path of the new resource.
    pub location: String,
    /// The thing itself.
    pub body: T,
}

impl<T: IntoResponse> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = self.body.into_response();
        *response.status_mut() = StatusCode::CREATED;
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }
}

/// The response 204, which has no body.
#[derive(Clone, Copy, Debug)]
pub struct Gone;

impl IntoResponse for Gone {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}
