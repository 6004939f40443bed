//! Decimal numbers coming in: a string or a JSON number, read digit by digit.

use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The text of a number, not the number: 0.1 has no exact binary form. Whether it is a number is the caller's
/// to say.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if raw.get().starts_with('"') {
        let text = serde_json::from_str::<Cow<'_, str>>(raw.get()).map_err(D::Error::custom)?;
        Ok(text.into_owned())
    } else {
        Ok(raw.get().to_owned())
    }
}
