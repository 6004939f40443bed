//! The inputs of handlers: path, query, body and headers. One that cannot be read is refused with a
//! problem.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_path_to_error::Segment;

use crate::problem::Problem;

/// Octets of an Idempotency-Key.
pub const IDEMPOTENCY_KEY_OCTETS_MAX: usize = 64;

/// A JSON body. Unknown fields are refused by the DTOs themselves.
#[derive(Clone, Copy, Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let axum::Json(Object(body)) = axum::Json::<Object<T>>::from_request(request, state)
            .await
            .map_err(|error| body_problem(&error))?;
        Ok(Self(body))
    }
}

/// Octets of a body at most where nobody is logged in yet: thousands of strangers may send one at the same time.
pub(crate) const PUBLIC_OCTETS_MAX: usize = 16_384;

/// A JSON body, or none at all, which is the default.
#[derive(Clone, Copy, Debug)]
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let octets = bytes::Bytes::from_request(request, state)
            .await
            .map_err(|error| read_problem(error.status(), error.body_text()))?;
        if octets.is_empty() {
            return Ok(Self(T::default()));
        }
        let body = serde_json::from_slice(&octets).map(|Object(body)| Self(body));
        body.map_err(|error| named_problem(&error.to_string()))
    }
}

/// A JSON object. Serde would also take a list of the fields' values, which no document promises.
struct Object<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

/// For fields that are objects: `#[serde(deserialize_with = "object")]`.
pub fn object<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if raw.get().starts_with('{') {
        let mut fields = serde_json::Deserializer::from_str(raw.get());
        serde_path_to_error::deserialize(&mut fields).map_err(|error| D::Error::custom(with_field(&error)))
    } else {
        Err(D::Error::custom("an object is expected here"))
    }
}

/// The mistake in a value, behind the name of its field: `caps.0.max_amount: …`.
fn with_field(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let (mut name, message) = (String::new(), error.inner());
    for segment in error.path() {
        let of_segment = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        name.push_str(if name.is_empty() { "" } else { "." });
        name.push_str(&of_segment);
    }
    if name.is_empty() { message.to_string() } else { format!("{name}: {message}") }
}

fn body_problem(error: &JsonRejection) -> Problem {
    let text = error.body_text();
    // Axum puts a sentence of its own in front of what serde says.
    let detail = text.split_once(": ").map_or(text.as_str(), |(_, detail)| detail);
    match error {
        JsonRejection::JsonDataError(_) | JsonRejection::JsonSyntaxError(_) => named_problem(detail),
        other => read_problem(other.status(), text),
    }
}

fn read_problem(status: StatusCode, text: String) -> Problem {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large("the body is longer than the limit"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::unsupported_media_type("the body must be application/json")
        }
        _ => Problem::invalid_request(text),
    }
}

/// The query. Unknown parameters are refused by the DTOs themselves.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        let axum::extract::Query(query) = query.map_err(|error: QueryRejection| {
            let text = error.body_text();
            named_problem(text.split_once(": ").map_or(text.as_str(), |(_, detail)| detail))
        })?;
        Ok(Self(query))
    }
}

/// A message of serde that begins with the name of a field or parameter, as a problem that names it.
fn named_problem(detail: &str) -> Problem {
    let (mut names, mut message): (Vec<&str>, &str) = (Vec::new(), detail);
    while let Some((name, rest)) = message.split_once(": ").filter(|(name, _)| is_name(name)) {
        names.push(name);
        message = rest;
    }
    let of_object = [("missing field `", "is needed"), ("unknown field `", "is not known")];
    let named = of_object.iter().find_map(|(start, words)| {
        let (name, _) = message.strip_prefix(start)?.split_once('`')?;
        Some((name, *words))
    });
    if let Some((name, words)) = named {
        // The path of an unknown field ends with it.
        names.pop_if(|last| *last == name);
        names.push(name);
        message = words;
    }
    if names.is_empty() {
        return Problem::invalid_request(detail);
    }
    let name = names.join(".");
    if named.is_some() {
        return Problem::invalid_request(detail).and_field(&name, message);
    }
    let message = plain(message);
    Problem::invalid_request(format!("{name}: {message}")).and_field(&name, message)
}

/// A message of serde about the value of a field, in words for whoever has sent it: what it must be, and what it is.
fn plain(message: &str) -> String {
    let place = message.rfind(" at line ");
    let message = place.and_then(|place| message.get(..place)).unwrap_or(message);
    let wrong = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    let Some((found, expected)) = wrong.and_then(|wrong| wrong.rsplit_once(", expected ")) else {
        return message.to_owned();
    };
    let expected = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of zero or more",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "a string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other => other,
    };
    let found = match found {
        "map" => "an object",
        "sequence" => "a list",
        other => ["integer ", "floating point ", "string ", "boolean "]
            .into_iter()
            .find_map(|kind| other.strip_prefix(kind))
            .unwrap_or(other),
    };
    format!("must be {expected}, and is {found}")
}

/// True for what a field of a DTO can be called, and for places in lists.
fn is_name(text: &str) -> bool {
    let is_of_name =
        |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || matches!(octet, b'_' | b'.');
    !text.is_empty() && text.bytes().all(is_of_name)
}

/// The network address that a request comes from, where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())))
    }
}

/// The parameters of the path.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        // What is no id of ours names nothing.
        let axum::extract::Path(path) =
            path.map_err(|error: PathRejection| Problem::not_found(error.body_text()))?;
        Ok(Self(path))
    }
}

/// If-Match: the version that a change is meant for (RFC 9110 §13.1.1); `None` for whatever there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(pub Option<u64>);

impl IfMatch {
    /// Refuses a change that is meant for another version.
    pub fn check(self, revision: u64) -> Result<(), Problem> {
        match self.0 {
            Some(wanted) if wanted != revision => {
                Err(Problem::precondition_failed(format!("the present version is \"{revision}\"")))
            }
            _ => Ok(()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(header) = parts.headers.get(IF_MATCH) else { return Ok(Self(None)) };
        let text = header.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        // A tag that is none of ours is that of no version.
        Ok(Self(Some(number.and_then(|number| number.parse().ok()).unwrap_or(0))))
    }
}

/// Idempotency-Key: the same key with the same request is done once, and answered alike ever after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        idempotency_key(&parts.headers).map(Self)
    }
}

/// The conditions of a request that posts money: it is done once for a key, and only to the version that it is meant for. A
/// repetition gets the answer of the first, whatever the version is by then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// By which a repetition is known.
    pub key: IdempotencyKey,
    /// The version that the person saw who decided.
    pub if_match: IfMatch,
}

impl From<IdempotencyKey> for Conditions {
    fn from(key: IdempotencyKey) -> Self {
        Self { key, if_match: IfMatch(None) }
    }
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let if_match = IfMatch::from_request_parts(parts, state).await?;
        Ok(Self { key: IdempotencyKey::from_request_parts(parts, state).await?, if_match })
    }
}

/// The Idempotency-Key of a request that has one.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(header) = keys.next() else { return Ok(None) };
    if keys.next().is_some() {
        return Err(Problem::invalid_request("Idempotency-Key is there more than once"));
    }
    let text = header.to_str().unwrap_or_default().trim();
    let is_visible = text.bytes().all(|octet| octet.is_ascii_graphic() || octet == b' ');
    if !(1..=IDEMPOTENCY_KEY_OCTETS_MAX).contains(&text.len()) || !is_visible {
        return Err(Problem::invalid_request(format!(
            "Idempotency-Key must be 1 to {IDEMPOTENCY_KEY_OCTETS_MAX} visible ASCII characters"
        )));
    }
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Money;

    fn field(problem: &Problem) -> Option<&str> {
        problem.errors.first().map(|error| error.field.as_str())
    }

    #[test]
    fn a_value_that_cannot_be_read_is_named() {
        for (detail, expected) in [
            ("limit: invalid digit found in string", Some("limit")),
            ("missing field `period_start`", Some("period_start")),
            ("settings: caps.0: missing field `name` at line 1 column 9", Some("settings.caps.0.name")),
            ("something else", None),
        ] {
            assert_eq!(field(&named_problem(detail)), expected, "{detail}");
        }
    }

    #[test]
    fn a_value_of_another_kind_is_told_in_plain_words() {
        for (message, expected) in [
            ("invalid type: null, expected a string at line 1 column 14", "must be a text, and is null"),
            (
                "invalid value: integer `-1`, expected u64 at line 1 column 67",
                "must be a whole number of zero or more, and is `-1`",
            ),
            ("invalid type: map, expected a sequence", "must be a list, and is an object"),
            ("invalid type: string \"x\", expected a boolean", "must be true or false, and is \"x\""),
            ("is not an amount of money", "is not an amount of money"),
        ] {
            assert_eq!(plain(message), expected);
        }
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what cannot be read is looked at")]
    struct Asked {
        amount: Money,
        #[serde(default, deserialize_with = "object")]
        settings: Settings,
        #[serde(default)]
        units: Vec<u64>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what cannot be read is looked at")]
    struct Settings {
        credit_limit: Option<Money>,
    }

    #[test]
    fn a_body_that_cannot_be_read_names_its_field_however_deep_it_lies() {
        for (body, expected) in [
            (r#"{"amount": "0.0000001"}"#, "amount"),
            (r#"{"amount": "99999999999999"}"#, "amount"),
            (r#"{"amount": "1", "units": [1, -1]}"#, "units.1"),
            (r#"{"amount": "1", "units": [18446744073709551616]}"#, "units.0"),
            (r#"{"amount": "1", "settings": {"credit_limit": "1e3"}}"#, "settings.credit_limit"),
            (r#"{"amount": "1", "settings": {"credits": "1"}}"#, "settings.credits"),
            (r#"{"amount": "1", "settings": []}"#, "settings"),
            (r#"{"units": []}"#, "amount"),
            (r#"{"amount": "1", "unit": 1}"#, "unit"),
        ] {
            let error = serde_json::from_str::<Object<Asked>>(body).err().map(|error| error.to_string());
            let problem = named_problem(&error.unwrap_or_default());
            assert_eq!(field(&problem), Some(expected), "{body}: {}", problem.detail);
        }
    }
}
