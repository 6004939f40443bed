//! Readers of TOML values.

use std::ops::RangeInclusive;

use toml::de::DeValue;

use super::texts::{Parsed, instant, quoted, shortened};
use crate::choice::Choice;

/// The kind of a value in words for a message.
fn kind(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Message for a value of another kind than expected.
pub fn instead_of(expected: &str, found: &DeValue) -> String {
    format!("expected {expected}, found {}", kind(found))
}

/// A string, read further by `parse`.
pub fn text<T>(parse: impl Fn(&str) -> Parsed<T>) -> impl Fn(&DeValue) -> Parsed<T> {
    move |value| match value {
        DeValue::String(text) => parse(text),
        other => Err(instead_of("a string", other)),
    }
}

/// A decimal number in a string, read further by `parse`. A bare number would be taken for a binary fraction
/// by other programs that read the file.
pub fn decimal<T>(parse: impl Fn(&str) -> Parsed<T>) -> impl Fn(&DeValue) -> Parsed<T> {
    let in_quotes = |number: &str| format!("put it in quotes: \"{}\"", shortened(number));
    move |value| match value {
        DeValue::String(text) => parse(text),
        DeValue::Float(number) => Err(in_quotes(number.as_str())),
        DeValue::Integer(number) => Err(in_quotes(&number.to_string())),
        other => Err(instead_of("a decimal number in quotes", other)),
    }
}

/// `true` or `false`.
pub fn boolean(value: &DeValue) -> Parsed<bool> {
    value.as_bool().ok_or_else(|| instead_of("true or false", value))
}

/// A whole number within bounds.
pub fn integer<T: TryFrom<u64>>(range: RangeInclusive<u64>) -> impl Fn(&DeValue) -> Parsed<T> {
    move |value| {
        let DeValue::Integer(number) = value else {
            return Err(instead_of("a whole number", value));
        };
        u64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .filter(|number| range.contains(number))
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| {
                format!("{} is not from {} to {}", quoted(&number.to_string()), range.start(), range.end())
            })
    }
}

/// A whole number within bounds that people write in hexadecimal.
pub fn hexadecimal<T: TryFrom<u64>>(range: RangeInclusive<u64>) -> impl Fn(&DeValue) -> Parsed<T> {
    move |value| {
        integer(range.clone())(value).map_err(|error| match value {
            DeValue::Integer(number) => {
                format!(
                    "{} is not from 0x{:X} to 0x{:X}",
                    quoted(&number.to_string()),
                    range.start(),
                    range.end()
                )
            }
            _ => error,
        })
    }
}

/// One of a few words.
pub fn one_of<T: Choice>(value: &DeValue) -> Parsed<T> {
    one_of_words(T::ALL, T::word)(value)
}

/// One of a few words, where `word` gives the word of each choice.
pub fn one_of_words<T: Copy>(
    choices: &[T],
    word: impl Fn(T) -> &'static str,
) -> impl Fn(&DeValue) -> Parsed<T> {
    move |value| {
        let DeValue::String(text) = value else {
            return Err(instead_of("a string", value));
        };
        let found = choices.iter().copied().find(|choice| word(*choice) == text);
        found.ok_or_else(|| {
            let words: Vec<String> = choices.iter().map(|choice| format!("`{}`", word(*choice))).collect();
            format!("{} is not one of {}", quoted(text), words.join(", "))
        })
    }
}

/// A point in time, as a string or as TOML's own date or offset date-time.
pub fn date_or_time(value: &DeValue) -> Parsed<tollgate_engine::time::UnixMicros> {
    match value {
        DeValue::String(text) => instant(text),
        DeValue::Datetime(at) => instant(&at.to_string()),
        other => Err(instead_of("a date or a time", other)),
    }
}
