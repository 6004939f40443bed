//! Answers in gzip for clients that take it: what is text and long enough for it.

use axum::http::header::CONTENT_TYPE;
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use tower_http::compression::predicate::{And, Predicate as _, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel};

/// Octets below which the head of the answer is most of it.
const SHORT: u64 = 1_024;

/// The types that are compressed. Events of a stream are not, as each has to leave at once; tables in `.xlsx` and Parquet,
/// and PDF, are already.
const TYPES: [&str; 4] = ["application/json", "application/problem+json", "text/csv", "text/html"];

type IsText = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

/// The layer that compresses.
pub fn compression() -> CompressionLayer<And<SizeAbove, IsText>> {
    // Answers are made faster than a better level would have them.
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(SHORT).and(is_text as IsText))
}

fn is_text(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    TYPES.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_compressed_and_events_of_a_stream_and_tables_that_are_already_are_not() {
        for (kind, is_compressed) in [
            ("application/json", true),
            ("text/csv; charset=utf-8", true),
            ("text/event-stream", false),
            ("application/pdf", false),
            ("application/vnd.apache.parquet", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
            let compressed = is_text(StatusCode::OK, Version::HTTP_11, &headers, &Extensions::new());
            assert_eq!(compressed, is_compressed, "{kind}");
        }
    }
}
