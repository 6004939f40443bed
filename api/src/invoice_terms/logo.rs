//! The logo of a reseller, which stands on its documents and on the pages of its invoices.

use axum::extract::{FromRequest, Request};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;
use crate::upload::read_upload;

/// Octets of a file with a logo.
const FILE_OCTETS_MAX: usize = 256 * 1024;
/// Media types of logos.
const KINDS: &[&str] = &["image/png", "image/jpeg"];

/// A file with a logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// The format of the file.
    pub format: LogoFormat,
    /// The file itself.
    pub octets: Vec<u8>,
}

/// The format of a logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoFormat {
    /// A picture without loss by the rules of PNG.
    Png,
    /// A photograph by the rules of JPEG.
    Jpeg,
}

/// The body of a request with a logo.
pub(super) struct Picture(pub(super) Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for Picture {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read_upload(request, KINDS, FILE_OCTETS_MAX).await.map(Self)
    }
}

impl IntoResponse for Logo {
    fn into_response(self) -> Response {
        let kind = match self.format {
            LogoFormat::Png => "image/png",
            LogoFormat::Jpeg => "image/jpeg",
        };
        let mut response = self.octets.into_response();
        for (name, value) in [
            (CONTENT_TYPE, kind),
            (CONTENT_SECURITY_POLICY, "default-src 'none'"),
            (CACHE_CONTROL, "no-store"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
