//! Versions of what is shown: the same for the same content, so that work behind it which nobody sees changes none.

use serde::Serialize;
use sha2::{Digest, Sha256};
use tollgate_api::answer::Versioned;

use crate::documents::to_json;

/// The number that stands for this content in an ETag.
pub fn content_tag(value: &impl Serialize) -> u64 {
    let digest = Sha256::digest(to_json(value));
    digest.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets))
}

/// A value with its own content as its version.
pub fn tagged<T: Serialize>(value: T) -> Versioned<T> {
    Versioned::new(content_tag(&value), value)
}
