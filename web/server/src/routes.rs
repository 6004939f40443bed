//! The routes: paths and the files behind them.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::assets::{Asset, HASHED, INDEX, find, media_type};
use crate::headers;

/// The paths of the screens. None of them is, or begins like, a path of the API.
pub const PATHS: &[&str] = &["/", "/app", "/app/", "/app/{*path}"];

/// The routes of the screens.
pub fn router() -> Router {
    let to_screens = || async { Redirect::temporary("/app/") };
    Router::new()
        .route("/", get(to_screens))
        .route("/app", get(to_screens))
        .route("/app/", get(|asked: HeaderMap| async move { answer("", &asked) }))
        .route(
            "/app/{*path}",
            get(|Path(path): Path<String>, asked: HeaderMap| async move { answer(&path, &asked) }),
        )
}

/// The file of a path below `/app/`. What is no file is a screen, which the index shows; but a hashed file that is not there
/// is an error, as a browser with an older page would take the index for a script.
fn answer(path: &str, asked: &HeaderMap) -> Response {
    match find(path).or_else(|| (!path.starts_with(HASHED)).then(|| find(INDEX)).flatten()) {
        Some(asset) => file(asset, takes_gzip(asked)),
        None => (StatusCode::NOT_FOUND, headers::of_nothing(), "there is no such file\n").into_response(),
    }
}

fn file(asset: &'static Asset, gzip: bool) -> Response {
    let mut headers = headers::of_file(media_type(asset.name), asset.name.starts_with(HASHED));
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    (headers, if gzip { asset.gzip } else { asset.plain }).into_response()
}

/// True if the client takes gzip (RFC 9110 §12.5.3): it is listed, and not with a weight of zero.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let listed = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    listed.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip") || name == "*");
        is_gzip
            && !parts
                .any(|weight| weight.replace(' ', "").trim_end_matches(['0', '.']).eq_ignore_ascii_case("q="))
    })
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use axum::http::header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, X_CONTENT_TYPE_OPTIONS,
    };
    use tower::ServiceExt;

    use super::*;
    use crate::assets::ASSETS;

    async fn get(path: &str, encodings: Option<&str>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut request = Request::get(path);
        if let Some(encodings) = encodings {
            request = request.header(ACCEPT_ENCODING, encodings);
        }
        let response = router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
    }

    #[tokio::test]
    async fn the_root_leads_to_the_screens() {
        for path in ["/", "/app"] {
            let (status, headers, _) = get(path, None).await;
            assert_eq!(
                (status, &headers[LOCATION]),
                (StatusCode::TEMPORARY_REDIRECT, &HeaderValue::from_static("/app/"))
            );
        }
    }

    #[tokio::test]
    async fn every_screen_is_the_index_and_is_asked_for_each_time() {
        for path in ["/app/", "/app/operations/operators/alpha", "/app/index.html", "/app/assets"] {
            let (status, headers, body) = get(path, None).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert_eq!(headers[CACHE_CONTROL], "no-cache", "{path}");
            assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
            assert_eq!(body, find(INDEX).unwrap().plain, "{path}");
        }
    }

    #[tokio::test]
    async fn hashed_files_are_kept_for_ever_and_unknown_ones_are_no_page() {
        let script =
            ASSETS.iter().find(|asset| media_type(asset.name).starts_with("text/javascript")).unwrap();
        let (status, headers, body) = get(&format!("/app/{}", script.name), Some("br, gzip;q=0.8")).await;
        assert_eq!((status, body.as_slice()), (StatusCode::OK, script.gzip));
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(headers[CONTENT_ENCODING], "gzip");
        let (status, headers, _) = get("/app/assets/app-00000000.js", None).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(headers[CONTENT_TYPE], "text/plain; charset=utf-8");
        assert_eq!(headers[CACHE_CONTROL], "no-store");
    }

    #[tokio::test]
    async fn every_answer_says_what_a_browser_may_do() {
        for path in ["/app/", "/app/assets/none.js"] {
            let (_, headers, _) = get(path, None).await;
            let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(!policy.contains("unsafe"), "{policy}");
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let takes = |value: &str| {
            takes_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap())]))
        };
        assert!(takes("gzip") && takes("deflate, GZIP;q=1.0") && takes("*") && takes("gzip; q=0.001"));
        assert!(!takes("identity") && !takes("gzip;q=0") && !takes("gzip; q=0.000") && !takes("br"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
