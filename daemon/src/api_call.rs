//! A request of the management API that a command makes, however it gets there, and the answer to it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Failure;

/// The characters that stand for themselves in a segment of a path or a value of a query (RFC 3986 §2.3).
const NOT_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiCall {
    /// The method, such as `GET`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The body, which is JSON.
    #[serde(default)]
    pub body: Option<Value>,
    /// The header Idempotency-Key.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiReply {
    /// The HTTP status code.
    pub status: u16,
    /// The body; null where it is no JSON.
    pub body: Value,
    /// True if it was given before, to an earlier request with the same Idempotency-Key.
    #[serde(default)]
    pub replayed: bool,
}

impl ApiCall {
    /// A request to read something.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET".to_owned(), path: path.into(), ..Self::default() }
    }

    /// A request to do something.
    pub fn post(path: impl Into<String>, body: Option<Value>) -> Self {
        Self { method: "POST".to_owned(), path: path.into(), body, idempotency_key: None }
    }
}

impl ApiReply {
    /// The body, or what the problem in it says.
    pub fn value(self) -> Result<Value, Failure> {
        if (200..300).contains(&self.status) { Ok(self.body) } else { Err(problem_of(&self).into()) }
    }
}

/// The sentence of a problem (RFC 9457), with the fields that are wrong.
fn problem_of(reply: &ApiReply) -> String {
    let text = |name: &str| reply.body[name].as_str();
    let detail = text("detail").or_else(|| text("title"));
    let mut sentence =
        detail.map_or_else(|| format!("the daemon answers with {}", reply.status), ToOwned::to_owned);
    let fields = reply.body["errors"].as_array().into_iter().flatten();
    for field in fields {
        let part = |name: &str| field[name].as_str().unwrap_or_default();
        let said = format!("{}: {}", part("field"), part("message"));
        // Where one field is wrong, the sentence is what is said of it.
        if said != sentence {
            sentence = format!("{sentence}\n{said}");
        }
    }
    sentence
}

/// A text as a segment of a path, or as a value of a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NOT_UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_stay_in_their_segment() {
        assert_eq!(encoded("biz_test-001.a~"), "biz_test-001.a~");
        assert_eq!(encoded("../x?y#z%"), "..%2Fx%3Fy%23z%25");
    }

    #[test]
    fn a_problem_is_told_with_its_fields() {
        let errors = json!([{ "field": "amount", "message": "is zero" }]);
        let body = json!({ "detail": "the request is not valid", "errors": errors });
        let reply = ApiReply { status: 422, body, replayed: false };
        assert_eq!(problem_of(&reply), "the request is not valid\namount: is zero");
        let errors = json!([{ "field": "amount", "message": "is zero" }]);
        let body = json!({ "detail": "amount: is zero", "errors": errors });
        let once = ApiReply { status: 422, body, replayed: false };
        assert_eq!(problem_of(&once), "amount: is zero");
        let empty = ApiReply { status: 502, body: Value::Null, replayed: false };
        assert_eq!(problem_of(&empty), "the daemon answers with 502");
    }
}
