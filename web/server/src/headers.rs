//! The headers of every answer of the screens: what a browser may do with it, and for how long it may keep it.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Only what comes from here runs, nothing is written into the page as text, and nobody may frame it. The one policy of trusted
/// types is that of the library which makes elements from its own templates.
pub const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types svelte-trusted-html";

/// A file whose name changes with its content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// A page whose name stays: it is asked for each time.
const ASK_AGAIN: &str = "no-cache";

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// The headers of a file.
pub(crate) fn of_file(media_type: &'static str, is_hashed: bool) -> HeaderMap {
    let cached = if is_hashed { FOR_EVER } else { ASK_AGAIN };
    headers(media_type, cached)
}

/// The headers of an answer that is no file.
pub(crate) fn of_nothing() -> HeaderMap {
    headers("text/plain; charset=utf-8", "no-store")
}

fn headers(media_type: &'static str, cached: &'static str) -> HeaderMap {
    let pairs = [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, cached),
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
        (PERMISSIONS_POLICY, "camera=(), geolocation=(), microphone=(), payment=()"),
        (OPENER_POLICY, "same-origin"),
        (VARY, "Accept-Encoding"),
    ];
    pairs.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
}
