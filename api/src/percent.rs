//! Percentages in DTOs: a decimal string going out, a decimal string or a JSON number coming in, read digit
//! by digit.

use std::borrow::Cow;

use rust_decimal::Decimal;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::decimal;

/// So many of a hundred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub Decimal);

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.normalize())
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = decimal::text(deserializer)?;
        Decimal::from_str_exact(&text).map(Self).map_err(|_| D::Error::custom("not a percentage"))
    }
}

impl PartialSchema for Percent {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Number]))
            .pattern(Some(r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"))
            .description(Some("A decimal number of percent, with at most four decimals. Answers have it as a string; a request may also have it as a JSON number."))
            .examples(["12.5"])
            .into()
    }
}

impl ToSchema for Percent {
    fn name() -> Cow<'static, str> {
        "Percent".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_strings_are_read_exactly() {
        for (text, expected) in [("12.5", "12.5"), ("\"12.50\"", "12.5"), ("0.1", "0.1"), ("-3", "-3")] {
            let percent: Percent = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&percent).unwrap(), format!("\"{expected}\""));
        }
        for text in ["null", "\"ten\"", "1e2", "{}"] {
            assert!(serde_json::from_str::<Percent>(text).is_err(), "{text}");
        }
    }
}
