//! The values in the columns of an export. All values of a column are of one kind.

use serde::Serialize;
use tollgate_api::money::{CurrencyCode, Money, MoneySum};
use tollgate_api::time::Time;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::time::UnixMicros;

/// The kind of a column's values, where the column has a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A piece of text.
    Text,
    /// A whole number.
    Number,
    /// An amount of money, in millionths.
    Money,
    /// An instant, in UTC.
    Time,
    /// A yes or a no.
    Flag,
}

/// One value of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cell {
    /// The absence of a value.
    #[default]
    Empty,
    /// A value of [`Kind::Text`].
    Text(String),
    /// A value of [`Kind::Number`].
    Number(i64),
    /// A value of [`Kind::Money`].
    Money(Amount),
    /// A value of [`Kind::Time`].
    Time(UnixMicros),
    /// A value of [`Kind::Flag`].
    Flag(bool),
    /// A sum of money, which may be larger than an amount.
    Sum(Total),
    /// A decimal number in digits.
    Decimal(String),
}

impl Cell {
    /// The text in CSV and JSON; empty without a value.
    pub fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Money(amount) => amount.to_string(),
            Self::Time(at) => at.to_rfc3339(),
            Self::Flag(flag) => flag.to_string(),
            Self::Sum(total) => total.to_string(),
            Self::Decimal(digits) => digits.clone(),
        }
    }

    /// A whole number; the largest that can be held in place of a larger one.
    pub fn number(number: impl TryInto<i64>) -> Self {
        Self::Number(number.try_into().unwrap_or(i64::MAX))
    }

    /// A name of a closed list, as JSON has it.
    pub fn named(value: &impl Serialize) -> Self {
        serde_json::to_value(value).ok().as_ref().and_then(|value| value.as_str()).into()
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Amount> for Cell {
    fn from(amount: Amount) -> Self {
        Self::Money(amount)
    }
}

impl From<UnixMicros> for Cell {
    fn from(at: UnixMicros) -> Self {
        Self::Time(at)
    }
}

impl From<Money> for Cell {
    fn from(money: Money) -> Self {
        Self::Money(money.0)
    }
}

impl From<MoneySum> for Cell {
    fn from(sum: MoneySum) -> Self {
        Self::Sum(sum.0)
    }
}

impl From<CurrencyCode> for Cell {
    fn from(currency: CurrencyCode) -> Self {
        currency.0.as_str().into()
    }
}

impl From<Time> for Cell {
    fn from(at: Time) -> Self {
        Self::Time(at.0)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}
