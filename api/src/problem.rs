//! Errors as RFC 9457 problem details: `application/problem+json` with a stable `code`.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The media type of RFC 9457 §3.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Problem details (RFC 9457 §3.1), with members of our own: `code`, `errors`, `request_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URI that names the kind of problem: `urn:tollgate:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:tollgate:problem:not_found")]
    pub kind: String,
    /// The same for every problem of this code.
    pub title: String,
    /// The HTTP status code.
    #[schema(example = 404)]
    pub status: u16,
    /// The stable name of the kind of problem, for programs.
    #[schema(example = "not_found")]
    pub code: String,
    /// A description of what is wrong with this request, for people.
    pub detail: String,
    /// The fields that are wrong, if the request has some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The id of the request, for support.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// Seconds after which to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Its name, with dots between levels.
    #[schema(example = "amount")]
    pub field: String,
    /// A description of what is wrong with it.
    pub message: String,
}

/// Every code that problems have, with its status and title, refusals of the engine aside.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $constructor:ident, $status:literal, $title:literal;)+) => {
        impl Problem {
            $($(#[doc = $doc])+
            pub fn $constructor(detail: impl Into<String>) -> Self {
                Self::new($status, stringify!($constructor), $title, detail)
            })+
        }

        /// Every code with its status and title.
        pub const CODES: &[(&str, u16, &str)] = &[$((stringify!($constructor), $status, $title),)+];
    };
}

codes! {
    /// The request cannot be read: no JSON, an unknown or missing field, a wrong type.
    invalid_request, 400, "The request cannot be read";
    /// There is no valid access token or API key with the request.
    unauthenticated, 401, "Authentication is needed";
    /// The e-mail address or the password is wrong, or the user is disabled; which one is not said.
    invalid_credentials, 401, "The credentials are not valid";
    /// The caller may not do this.
    forbidden, 403, "Not allowed";
    /// A request with a session's cookie that does not come from a page of this daemon, or has not the session's token.
    csrf_refused, 403, "Not from a page of this session";
    /// There is no such thing, or the caller may not see it.
    not_found, 404, "Not found";
    /// The path exists, and not with this method.
    method_not_allowed, 405, "Method not allowed";
    /// Something of this name or in this place exists already.
    already_exists, 409, "Exists already";
    /// The id belonged to something that was removed and still has books or messages; a new one needs another id.
    id_in_use, 409, "The id has been used before";
    /// It is provisioned by file, and has to be changed there.
    provisioned_by_file, 409, "Provisioned by file";
    /// The thing is in a state in which this cannot be done.
    wrong_state, 409, "Not possible in this state";
    /// The bundles of the account have fewer tokens left.
    insufficient_tokens, 409, "Not enough tokens";
    /// The account has earned less commission than is to be paid out.
    insufficient_commission, 409, "Not enough commission";
    /// Somebody else changed the same resource at the same time; read it again.
    conflict, 409, "Changed by somebody else";
    /// The Idempotency-Key was used for another request.
    key_reused, 409, "The Idempotency-Key was used for another request";
    /// A request with the Idempotency-Key was carried out, and its answer is not known.
    already_done, 409, "Done before, and the answer is not known";
    /// The If-Match header does not name the present version.
    precondition_failed, 412, "Not the present version";
    /// The body is longer than the limit.
    too_large, 413, "Too large";
    /// The body is of a type that is not read here.
    unsupported_media_type, 415, "Unsupported media type";
    /// The request can be read, and its values cannot be taken.
    unprocessable, 422, "Values that cannot be taken";
    /// Balance and credit limit do not cover it.
    insufficient_funds, 402, "Not enough money";
    /// Too many requests in a short time.
    too_many_requests, 429, "Too many requests";
    /// An error of the server; the log has more.
    internal, 500, "Internal error";
    /// Storage cannot be written or read now; try again.
    unavailable, 503, "Unavailable now";
    /// It is not known whether it was done: storage failed while it was written. Repeat it with the same Idempotency-Key.
    outcome_unknown, 503, "Outcome unknown";
    /// The request took longer than the limit.
    timed_out, 504, "Timed out";
}

impl Problem {
    /// Builds a problem from its parts.
    pub fn new(status: u16, code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:tollgate:problem:{code}"),
            title: title.to_owned(),
            status,
            code: code.to_owned(),
            detail: detail.into(),
            errors: Vec::new(),
            request_id: String::new(),
            retry_after: None,
        }
    }

    /// Values that cannot be taken, because of one field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::unprocessable(format!("{field}: {message}")).and_field(field, message)
    }

    /// Names one more field that is wrong.
    #[must_use]
    pub fn and_field(mut self, field: &str, message: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.to_owned(), message: message.into() });
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after.map(HeaderValue::from);
        let mut response = (status, Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, seconds);
        }
        // For the layer that adds the request's id.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_their_statuses_are_errors() {
        let names: HashSet<&str> = CODES.iter().map(|(code, ..)| *code).collect();
        assert_eq!(names.len(), CODES.len());
        assert!(CODES.iter().all(|(_, status, _)| (400..600).contains(status)));
    }
}
