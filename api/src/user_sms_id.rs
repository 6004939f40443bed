//! The id that a client has given a message of its own: a text, or the number of user_message_reference (SMPP 3.4 §5.3.2.17).

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Octets of such a text.
pub const OCTETS_MAX: usize = 128;

/// A client's own id for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserSmsId {
    /// The number of user_message_reference.
    Number(u16),
    /// Any other id.
    Text(String),
}

impl UserSmsId {
    /// The id of a message that was given these: the text comes before the number.
    pub fn of(text: Option<&[u8]>, number: Option<u16>) -> Option<Self> {
        text.map(|octets| Self::Text(text_of(octets))).or_else(|| number.map(Self::Number))
    }

    /// True if a filter with this text asks for it.
    pub fn is_named(&self, wanted: &str) -> bool {
        match self {
            Self::Number(number) => wanted.parse() == Ok(*number),
            Self::Text(text) => text == wanted,
        }
    }
}

/// The text of octets: as it is, or with `\xHH` for octets that are none.
pub fn text_of(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => crate::dispatches::text_of(octets),
    }
}

impl Serialize for UserSmsId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u16(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for UserSmsId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = UserSmsId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a whole number that is not negative")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<UserSmsId, E> {
                let small = u16::try_from(number).map(UserSmsId::Number);
                Ok(small.unwrap_or_else(|_| UserSmsId::Text(number.to_string())))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<UserSmsId, E> {
                Ok(UserSmsId::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl PartialSchema for UserSmsId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Integer]))
            .min_length(Some(1))
            .max_length(Some(OCTETS_MAX))
            .minimum(Some(0))
            .description(Some(
                "A text of 1 to 128 octets, or the number of user_message_reference (SMPP 3.4 §5.3.2.17), 0 to 65535; a larger number is kept as its digits.",
            ))
            .examples(["order-4711"])
            .into()
    }
}

impl ToSchema for UserSmsId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_go_both_ways() {
        let read = |json: &str| serde_json::from_str::<UserSmsId>(json);
        for (json, id) in [
            ("7", UserSmsId::Number(7)),
            ("65535", UserSmsId::Number(65_535)),
            (r#""7""#, UserSmsId::Text("7".to_owned())),
            (r#""a \\ \"b\", c""#, UserSmsId::Text(r#"a \ "b", c"#.to_owned())),
        ] {
            assert_eq!(read(json).unwrap(), id);
            assert_eq!(serde_json::to_string(&id).unwrap(), json);
        }
        assert_eq!(read("65536").unwrap(), UserSmsId::Text("65536".to_owned()));
        for wrong in ["-1", "1.5", "null", "[]", "true"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_filter_names_a_number_or_a_text() {
        assert!(UserSmsId::Number(7).is_named("7") && !UserSmsId::Number(7).is_named("8"));
        assert!(UserSmsId::Text("7".to_owned()).is_named("7"));
        assert!(!UserSmsId::Text("seven".to_owned()).is_named("7"));
        assert_eq!(UserSmsId::of(Some(b"\xFFa"), Some(1)), Some(UserSmsId::Text("\\xffa".to_owned())));
        assert_eq!(UserSmsId::of(None, Some(1)), Some(UserSmsId::Number(1)));
    }
}
