//! What the columns of an export hold: one value each, of one kind each.

use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// An amount of money, in millionths.
    Money,
    /// An instant, in UTC.
    Time,
    /// Yes or no.
    Flag,
}

/// One value of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cell {
    /// There is none.
    #[default]
    Empty,
    /// Of [`Kind::Text`].
    Text(String),
    /// Of [`Kind::Number`].
    Number(i64),
    /// Of [`Kind::Money`].
    Money(Amount),
    /// Of [`Kind::Time`].
    Time(UnixMicros),
    /// Of [`Kind::Flag`].
    Flag(bool),
}

impl Cell {
    /// As CSV and JSON have it; empty for none.
    pub fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Money(amount) => amount.to_string(),
            Self::Time(at) => at.to_rfc3339(),
            Self::Flag(flag) => flag.to_string(),
        }
    }

    /// A whole number; beyond what can be held, the largest that can.
    pub fn number(number: impl TryInto<i64>) -> Self {
        Self::Number(number.try_into().unwrap_or(i64::MAX))
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

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}
