//! Money in DTOs: a decimal string going out, a decimal string or a JSON number coming in, read digit by
//! digit.

use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tollgate_engine::money::{Amount, Currency, Total};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::decimal;

/// An amount in units of the currency named beside it, with at most six decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(pub Amount);

impl Money {
    /// True for no money at all.
    pub fn is_zero(&self) -> bool {
        self.0 == Amount::ZERO
    }
}

impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        Self(amount)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = decimal::text(deserializer)?;
        text.parse().map(Self).map_err(|error| D::Error::custom(format!("not an amount of money: {error}")))
    }
}

/// A sum of amounts in answers, in units of the currency named beside it, which may be larger than an amount of a
/// request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MoneySum(pub Total);

impl From<Total> for MoneySum {
    fn from(total: Total) -> Self {
        Self(total)
    }
}

impl Serialize for MoneySum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl PartialSchema for MoneySum {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(r"^-?[0-9]{1,24}\.[0-9]{2,6}$"))
            .description(Some(
                "A sum in units of the currency, as a decimal number with two to six decimals.",
            ))
            .examples(["100.00"])
            .into()
    }
}

impl ToSchema for MoneySum {
    fn name() -> Cow<'static, str> {
        "MoneySum".into()
    }
}

impl PartialSchema for Money {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Number]))
            .pattern(Some(r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"))
            .description(Some("A decimal number in units of the currency, with at most six decimals. Answers have it as a string; a request may also have it as a JSON number."))
            .examples(["100.00"])
            .into()
    }
}

impl ToSchema for Money {
    fn name() -> Cow<'static, str> {
        "Money".into()
    }
}

/// A currency code of ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CurrencyCode(pub Currency);

impl From<Currency> for CurrencyCode {
    fn from(currency: Currency) -> Self {
        Self(currency)
    }
}

impl Serialize for CurrencyCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for CurrencyCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = Cow::<'_, str>::deserialize(deserializer)?;
        Currency::new(&code)
            .map(Self)
            .ok_or_else(|| D::Error::custom("not three capital letters such as USD"))
    }
}

impl PartialSchema for CurrencyCode {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[A-Z]{3}$"))
            .description(Some("An ISO 4217 code."))
            .examples(["USD"])
            .into()
    }
}

impl ToSchema for CurrencyCode {
    fn name() -> Cow<'static, str> {
        "CurrencyCode".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        amount: Money,
    }

    fn micros(text: &str) -> Result<i64, String> {
        let body = serde_json::from_str::<Body>(text);
        body.map(|body| body.amount.0.micros()).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_and_strings_are_read_exactly() {
        for (text, expected) in [
            (r#"{"amount": 100.00}"#, 100_000_000),
            (r#"{"amount": "100.00"}"#, 100_000_000),
            (r#"{"amount": 0.1}"#, 100_000),
            (r#"{"amount": 123456789012.654321}"#, 123_456_789_012_654_321),
            (r#"{"amount": -3}"#, -3_000_000),
        ] {
            assert_eq!(micros(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_money_is_refused() {
        for text in [
            r#"{"amount": 1e2}"#,
            r#"{"amount": 0.0000001}"#,
            r#"{"amount": "ten"}"#,
            r#"{"amount": null}"#,
            r#"{"amount": {}}"#,
            r#"{"amount": 99999999999999}"#,
        ] {
            assert!(micros(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_leave_as_strings() {
        assert_eq!(serde_json::to_string(&Money(Amount::from_micros(21_600))).unwrap(), r#""0.0216""#);
        let sum = MoneySum(Total::from(Amount::MAX).plus(Amount::MAX));
        assert_eq!(serde_json::to_string(&sum).unwrap(), r#""18446744073709.551614""#);
    }
}
