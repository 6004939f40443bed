//! Fields of a change that may be taken away: what is not sent stays, and null takes it away (RFC 7396).

use serde::{Deserialize, Deserializer};

/// For `Option<T>` beside `#[serde(default)]`, of what cannot be taken away: absent is `None`, null is refused.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// For `Option<Option<T>>` beside `#[serde(default)]`: absent is `None`, null is `Some(None)`.
pub fn patched<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}
