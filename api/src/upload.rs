//! Files in the bodies of requests, which may be longer than other bodies.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::HeaderName;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use crate::problem::Problem;

/// Reads a body of one of these media types, of so many octets at most. The limit for every body does not hold here.
pub async fn read_upload(request: Request, kinds: &[&str], most: usize) -> Result<Vec<u8>, Problem> {
    let kind = text_of(&request, &CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    if !kinds.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        let (last, others) = kinds.split_last().unwrap_or((&"", &[]));
        let names =
            if others.is_empty() { (*last).to_owned() } else { format!("{} or {last}", others.join(", ")) };
        return Err(Problem::unsupported_media_type(format!("the body must be {names}")));
    }
    let too_large = || Problem::too_large(format!("the file is longer than {most} octets"));
    let length = text_of(&request, &CONTENT_LENGTH).parse::<usize>().ok();
    if length.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let octets = to_bytes(request.into_body(), most).await.map_err(|error| {
        if length.is_none() {
            too_large()
        } else {
            Problem::invalid_request(format!("the body cannot be read: {error}"))
        }
    })?;
    Ok(octets.into())
}

/// The text of a header; empty where there is none.
fn text_of<'r>(request: &'r Request, name: &HeaderName) -> &'r str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
