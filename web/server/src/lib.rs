//! The screens: pages for the people who use Tollgate, built from `web/` and kept inside the binary.
//!
//! Everything lies below `/app/`, and `/` leads there. Nothing here uses a path of the API, and nothing here knows data: the
//! screens fetch it from the API as any other client does.

mod assets;
mod headers;
mod routes;

pub use headers::CONTENT_POLICY;
pub use routes::{PATHS, router};
