//! Figures as price lists write them: decimal points and commas, and marks between thousands.

use rust_decimal::Decimal;
use tollgate_engine::money::{Amount, AmountError};

use super::wording::Wording;
use crate::read::texts::quoted;

/// The mark in front of decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalMark {
    /// A point, as in `0.02`.
    Point,
    /// A comma, as in `0,02`.
    Comma,
}

impl DecimalMark {
    /// The mark itself.
    pub fn char(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }

    /// The mark of a character.
    pub fn of_char(char: char) -> Option<Self> {
        match char {
            '.' => Some(Self::Point),
            ',' => Some(Self::Comma),
            _ => None,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Point => Self::Comma,
            Self::Comma => Self::Point,
        }
    }
}

/// The meaning of the marks that a figure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// No mark, or only such as say nothing.
    Silent,
    /// This mark is in front of decimals.
    Decimals(DecimalMark),
    /// This mark is in front of decimals, or of the last three digits of thousands.
    Either(DecimalMark),
}

/// Marks between thousands that cannot be in front of decimals.
fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '\u{2019}')
}

/// The mark that the figures of a column have in front of decimals; `None` where none of them says so.
pub fn detect<'t>(figures: impl Iterator<Item = &'t str>) -> Option<DecimalMark> {
    figures.map(shape_of).find_map(|shape| match shape {
        Shape::Decimals(mark) => Some(mark),
        Shape::Silent | Shape::Either(_) => None,
    })
}

fn shape_of(figure: &str) -> Shape {
    let count = |mark: DecimalMark| figure.matches(mark.char()).count();
    let (point, comma) = (DecimalMark::Point, DecimalMark::Comma);
    let (last_point, last_comma) = (figure.rfind('.'), figure.rfind(','));
    let (mark, at) = match (last_point, last_comma) {
        (None, None) => return Shape::Silent,
        (Some(one), Some(other)) if one > other => return Shape::Decimals(point),
        (Some(_), Some(_)) => return Shape::Decimals(comma),
        (Some(at), None) => (point, at),
        (None, Some(at)) => (comma, at),
    };
    if count(mark) > 1 {
        return Shape::Decimals(mark.other());
    }
    let (before, after) = (figure.get(..at).unwrap_or_default(), figure.get(at + 1..).unwrap_or_default());
    let digits_before = before.trim_start_matches(['-', '+']).trim_start_matches(is_space);
    let can_be_thousands = after.len() == 3
        && after.bytes().all(|octet| octet.is_ascii_digit())
        && (1..=3).contains(&digits_before.len())
        && !digits_before.starts_with('0')
        && digits_before.bytes().all(|octet| octet.is_ascii_digit());
    if can_be_thousands { Shape::Either(mark) } else { Shape::Decimals(mark) }
}

/// Reads a figure, written `places` decimal places too large, as a price.
pub fn price_of(
    figure: &str,
    mark: Option<DecimalMark>,
    places: u32,
    wording: Wording,
) -> Result<Amount, String> {
    let shape = shape_of(figure);
    let mark = match (mark, shape) {
        (Some(mark), Shape::Decimals(found)) if found != mark => {
            let (one, other) = (found.char(), mark.char());
            return Err(format!(
                "{} has the decimal mark `{one}`, and the list has `{other}`",
                quoted(figure)
            ));
        }
        (Some(mark), _) | (None, Shape::Decimals(mark)) => mark,
        (None, Shape::Silent) => DecimalMark::Point,
        (None, Shape::Either(_)) => {
            return Err(format!(
                "{} may have decimals or thousands behind its mark, and no other price of the list decides; say {}",
                quoted(figure),
                wording.key("decimal_mark")
            ));
        }
    };
    let number = decimal_of(figure, mark).ok_or_else(|| format!("{} is not a price", quoted(figure)))?;
    let scaled = scaled(number, places).ok_or_else(|| format!("{} is too large", quoted(figure)))?;
    match Amount::from_decimal(scaled) {
        Ok(price) if price.is_negative() => Err(format!("{} is below zero", quoted(figure))),
        Ok(price) => Ok(price),
        Err(AmountError::TooPrecise) if places > 0 => Err(format!(
            "{} is {scaled} in units of the currency, which is finer than a millionth",
            quoted(figure)
        )),
        Err(AmountError::TooPrecise) => {
            Err(format!("{} is finer than a millionth; at most six decimals", quoted(figure)))
        }
        Err(error) => Err(format!("{} is {error}", quoted(figure))),
    }
}

/// The number divided by a power of ten, exactly.
fn scaled(number: Decimal, places: u32) -> Option<Decimal> {
    let mut number = number.normalize();
    let scale = number.scale().checked_add(places)?;
    number.set_scale(scale).ok()?;
    Some(number.normalize())
}

fn decimal_of(figure: &str, mark: DecimalMark) -> Option<Decimal> {
    let (whole, decimals) = match figure.rsplit_once(mark.char()) {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (figure, None),
    };
    let mut plain = without_thousands(whole, mark.other())?;
    if let Some(decimals) = decimals {
        plain.push('.');
        plain.push_str(decimals);
    }
    let starts_well =
        plain.trim_start_matches(['-', '+']).starts_with(|char: char| char.is_ascii_digit() || char == '.');
    let has_digit = plain.bytes().any(|octet| octet.is_ascii_digit());
    let exponent = plain.contains(['e', 'E']);
    if !starts_well || !has_digit || !plain.bytes().all(|octet| b"0123456789.eE+-".contains(&octet)) {
        return None;
    }
    if exponent {
        Decimal::from_scientific(&plain).ok()
    } else {
        Decimal::from_str_exact(plain.trim_end_matches('.')).ok()
    }
}

/// The digits in front of the decimals. Marks between thousands stand in front of every third digit.
fn without_thousands(whole: &str, mark: DecimalMark) -> Option<String> {
    let is_mark = |char: char| char == mark.char() || is_space(char);
    if !whole.contains(is_mark) {
        return Some(whole.to_owned());
    }
    let mut groups = whole.split(is_mark);
    let first = groups.next().unwrap_or_default();
    let mut plain = first.to_owned();
    let is_first_good = (1..=3).contains(&first.trim_start_matches(['-', '+']).len());
    for group in groups {
        // The two-digit groups of India stand in front of the last three digits.
        if !(2..=3).contains(&group.len()) || !group.bytes().all(|octet| octet.is_ascii_digit()) {
            return None;
        }
        plain.push_str(group);
    }
    let ends_well = whole.rsplit(is_mark).next().is_some_and(|last| last.len() == 3);
    (is_first_good && ends_well).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(figure: &str, mark: Option<DecimalMark>) -> Result<String, String> {
        price_of(figure, mark, 0, Wording::Fields).map(|price| price.to_string())
    }

    #[test]
    fn figures_of_many_countries_are_read() {
        for (figure, expected) in [
            ("0.02", "0.02"),
            ("0,02", "0.02"),
            (".02", "0.02"),
            ("0,025", "0.025"),
            ("1.234,50", "1234.50"),
            ("1,234.50", "1234.50"),
            ("1 234,50", "1234.50"),
            ("1'234.50", "1234.50"),
            ("1.234.567", "1234567.00"),
            ("12,34,567.5", "1234567.50"),
            ("1200", "1200.00"),
            ("2.5E-2", "0.025"),
            ("0.0216000000", "0.0216"),
            ("0.000001", "0.000001"),
        ] {
            assert_eq!(price(figure, None).as_deref(), Ok(expected), "{figure}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_decided_by_the_list_or_refused() {
        assert!(price("1,234", None).unwrap_err().contains("decimals or thousands"));
        assert!(price("1.250", None).is_err());
        assert_eq!(price("1,234", Some(DecimalMark::Comma)).as_deref(), Ok("1.234"));
        assert_eq!(price("1,234", Some(DecimalMark::Point)).as_deref(), Ok("1234.00"));
        assert!(price("0,02", Some(DecimalMark::Point)).unwrap_err().contains("decimal mark"));
        assert_eq!(detect(["1,234", "7", "0,5"].into_iter()), Some(DecimalMark::Comma));
        assert_eq!(detect(["1,234", "7"].into_iter()), None);
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for figure in [
            "",
            "-",
            "free",
            "0.02.03.4",
            "1,23,4",
            "--1",
            "1e",
            "0x10",
            "=1+1",
            "12 34",
            "NaN",
            "1e99",
            "-0.02",
        ] {
            assert!(price(figure, None).is_err(), "{figure}");
        }
        assert!(price("0.0000001", None).unwrap_err().contains("six decimals"));
    }

    #[test]
    fn smaller_units_are_shifted_and_never_rounded() {
        assert_eq!(price_of("2.16", None, 2, Wording::Fields).unwrap().to_string(), "0.0216");
        assert_eq!(price_of("21.6", None, 3, Wording::Fields).unwrap().to_string(), "0.0216");
        assert!(price_of("2.16001", None, 2, Wording::Fields).unwrap_err().contains("0.0216001"));
    }
}
