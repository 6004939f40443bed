//! Money: a fixed-point integer of millionths of the account's currency unit.
//!
//! Inside it is an `i64` with checked arithmetic only; [`rust_decimal`] reads and prints it at the edges.
//! There is no floating point. The one division, behind discounts and exchange rates, names its rounding
//! rule: half to even.

use std::cmp::Ordering;
use std::fmt;
use std::iter::Sum;
use std::ops::{AddAssign, SubAssign};
use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use thiserror::Error;

/// Millionths in one currency unit.
pub const MICROS_PER_UNIT: i64 = 1_000_000;

/// Decimal places that an amount can hold.
pub const DECIMAL_PLACES: u32 = 6;

/// A sum of money in millionths of its currency unit, negative for a debt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

/// The reason for which a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AmountError {
    /// Not a decimal number such as `0.0216`.
    #[error("not a decimal number")]
    NotANumber,
    /// Digits beyond the millionth that are not zero.
    #[error("more than six decimals")]
    TooPrecise,
    /// It is beyond ±9,223,372,036,854.775807.
    #[error("too large")]
    TooLarge,
}

impl Amount {
    /// An amount of nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount that can be held.
    pub const MAX: Self = Self(i64::MAX);

    /// From millionths of the currency unit.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// In millionths of the currency unit.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// `None` when the sum cannot be held.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// `None` when the difference cannot be held.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// `None` when the product cannot be held.
    pub fn checked_mul(self, count: u32) -> Option<Self> {
        self.0.checked_mul(i64::from(count)).map(Self)
    }

    /// The same amount with the other sign; `None` for the smallest `i64`.
    pub fn checked_neg(self) -> Option<Self> {
        self.0.checked_neg().map(Self)
    }

    /// True if the amount is below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// This price less a discount, rounded half to even to a millionth.
    #[must_use]
    pub fn discounted(self, discount: Discount) -> Self {
        if discount == Discount::NONE {
            return self;
        }
        let product = i128::from(self.0) * i128::from(Discount::WHOLE - discount.0);
        let share = divide_half_even(product, i128::from(Discount::WHOLE));
        match i64::try_from(share) {
            Ok(share) => Self(share),
            Err(_) => impossible(format_args!("a share of {self} is more than the whole")),
        }
    }

    /// The sum of two amounts of which it is known that it can be held. Ends the process where it cannot.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match self.checked_add(other) {
            Some(sum) => sum,
            None => impossible(format_args!("{self} + {other} cannot be held")),
        }
    }

    /// The difference of two amounts of which it is known that it can be held. Ends the process where it
    /// cannot.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        match self.checked_sub(other) {
            Some(difference) => difference,
            None => impossible(format_args!("{self} - {other} cannot be held")),
        }
    }

    /// The amount with the other sign, where it is known that there is one. Ends the process where there is
    /// none.
    #[must_use]
    pub fn negated(self) -> Self {
        match self.checked_neg() {
            Some(negative) => negative,
            None => impossible(format_args!("{self} has no opposite")),
        }
    }

    /// As a decimal, for the edges.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, DECIMAL_PLACES)
    }

    /// From a decimal with at most six places.
    pub fn from_decimal(value: Decimal) -> Result<Self, AmountError> {
        let scaled = value.checked_mul(Decimal::from(MICROS_PER_UNIT)).ok_or(AmountError::TooLarge)?;
        if !scaled.fract().is_zero() {
            return Err(AmountError::TooPrecise);
        }
        scaled.to_i64().map(Self).ok_or(AmountError::TooLarge)
    }
}

/// Stops on a state of money that cannot be: going on would write wrong books or send a message for nothing.
/// Whatever input can bring about is refused before it gets here.
#[expect(clippy::panic, reason = "a wrong balance must never be written, so the process ends")]
#[cold]
pub fn impossible(what: fmt::Arguments<'_>) -> ! {
    panic!("an impossible state of money: {what}")
}

/// The number of segments that is left of `counted` once `taken` of them are taken away again. They were
/// counted before, so there are as many.
pub fn segments_left(counted: u64, taken: u64) -> u64 {
    match counted.checked_sub(taken) {
        Some(left) => left,
        None => impossible(format_args!("{taken} segments are taken from {counted}")),
    }
}

/// A sum of any number of amounts, which it always has room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Total(i128);

impl Total {
    /// The sum of no amounts.
    pub const ZERO: Self = Self(0);

    /// From millionths of the currency unit.
    pub const fn from_micros(micros: i128) -> Self {
        Self(micros)
    }

    /// In millionths of the currency unit.
    pub const fn micros(self) -> i128 {
        self.0
    }

    /// As an amount; `None` where the sum is beyond what one can hold.
    pub fn amount(self) -> Option<Amount> {
        i64::try_from(self.0).ok().map(Amount)
    }

    /// The amount that is closest to the sum.
    pub fn closest(self) -> Amount {
        let closest = if self.0 < 0 { i64::MIN } else { i64::MAX };
        self.amount().unwrap_or(Amount(closest))
    }

    /// The sum with another amount.
    #[must_use]
    pub fn plus(mut self, other: impl Into<Self>) -> Self {
        self += other;
        self
    }

    /// The sum without another amount.
    #[must_use]
    pub fn minus(mut self, other: impl Into<Self>) -> Self {
        self -= other;
        self
    }
}

impl From<Amount> for Total {
    fn from(amount: Amount) -> Self {
        Self(i128::from(amount.0))
    }
}

impl PartialEq<Amount> for Total {
    fn eq(&self, amount: &Amount) -> bool {
        self.0 == i128::from(amount.0)
    }
}

impl PartialOrd<Amount> for Total {
    fn partial_cmp(&self, amount: &Amount) -> Option<Ordering> {
        self.0.partial_cmp(&i128::from(amount.0))
    }
}

impl<T: Into<Self>> AddAssign<T> for Total {
    fn add_assign(&mut self, other: T) {
        self.0 += other.into().0;
    }
}

impl<T: Into<Self>> SubAssign<T> for Total {
    fn sub_assign(&mut self, other: T) {
        self.0 -= other.into().0;
    }
}

/// As an amount is written, whatever its size.
impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let unit = u128::from(MICROS_PER_UNIT.unsigned_abs());
        let (units, micros) = (self.0.unsigned_abs() / unit, self.0.unsigned_abs() % unit);
        let decimals = format!("{micros:06}");
        let shortest = decimals.trim_end_matches('0').len().max(2);
        f.pad(&format!("{sign}{units}.{}", decimals.get(..shortest).unwrap_or(&decimals)))
    }
}

/// The quotient, rounded half to even. `over` is above zero and at most an `i64`.
pub fn divide_half_even(value: i128, over: i128) -> i128 {
    // Nearly all of them have 64 bits, which the processor divides by itself.
    let (floor, rest) = match (i64::try_from(value), i64::try_from(over)) {
        (Ok(value), Ok(over)) if over > 0 => (value.div_euclid(over).into(), value.rem_euclid(over).into()),
        _ => (value.div_euclid(over), value.rem_euclid(over)),
    };
    let up = match (rest * 2).cmp(&over) {
        Ordering::Less => 0,
        Ordering::Greater => 1,
        Ordering::Equal => floor.rem_euclid(2),
    };
    floor + up
}

impl Sum for Amount {
    /// For totals that are shown to people. Stays at the limit that it reaches, so that a broken book prints
    /// a number no one overlooks; books themselves are added with [`Amount::checked_add`].
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |sum, amount| Self(sum.0.saturating_add(amount.0)))
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let text = text.trim();
        if !is_plain_decimal(text) {
            return Err(AmountError::NotANumber);
        }
        // `from_str_exact` refuses what it would have to round.
        let value = Decimal::from_str_exact(text).map_err(|error| match error {
            rust_decimal::Error::Underflow => AmountError::TooPrecise,
            _ => AmountError::TooLarge,
        })?;
        Self::from_decimal(value)
    }
}

/// Digits with at most one point and a sign in front: no exponent, no separators between the digits.
fn is_plain_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut digits = whole.bytes().chain(fraction.bytes()).peekable();
    digits.peek().is_some() && digits.all(|byte| byte.is_ascii_digit())
}

/// At least two decimals, more only where they are not zero: `0.02`, `0.0216`, `1000.00`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shortest = self.to_decimal().normalize();
        let places = usize::try_from(shortest.scale()).unwrap_or(0).max(2);
        f.pad(&format!("{shortest:.places$}"))
    }
}

/// A share to be taken off a price, in millionths of the price (12.5 % is 125,000).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Discount(i64);

impl Discount {
    /// A discount of nothing.
    pub const NONE: Self = Self(0);
    const WHOLE: i64 = 1_000_000;

    /// From a percentage between 0 and 100 with at most four decimals.
    pub fn from_percent(percent: Decimal) -> Option<Self> {
        let millionths = percent.checked_mul(Decimal::from(10_000))?;
        if !millionths.fract().is_zero() {
            return None;
        }
        let millionths = millionths.to_i64()?;
        (0..=Self::WHOLE).contains(&millionths).then_some(Self(millionths))
    }

    /// In millionths of the price.
    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// As a percentage, for people.
    pub fn percent(self) -> Decimal {
        Decimal::new(self.0, 4).normalize()
    }
}

/// An ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Three capital letters, or `None`.
    pub fn new(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// The code, such as `USD`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn reads_and_prints_what_people_write() {
        for (text, micros, printed) in [
            ("0.05", 50_000, "0.05"),
            ("1000", 1_000_000_000, "1000.00"),
            ("0.0216", 21_600, "0.0216"),
            ("0.000001", 1, "0.000001"),
            ("-3.5", -3_500_000, "-3.50"),
            ("0.0500000000", 50_000, "0.05"),
            (" +.5 ", 500_000, "0.50"),
        ] {
            assert_eq!(amount(text).micros(), micros, "{text}");
            assert_eq!(amount(text).to_string(), printed);
        }
    }

    #[test]
    fn refuses_what_is_not_money() {
        for (text, error) in [
            ("0.0000001", AmountError::TooPrecise),
            ("", AmountError::NotANumber),
            ("a", AmountError::NotANumber),
            ("1e3", AmountError::NotANumber),
            ("1,5", AmountError::NotANumber),
            ("1.2.3", AmountError::NotANumber),
            ("--1", AmountError::NotANumber),
            (".", AmountError::NotANumber),
            ("9223372036855", AmountError::TooLarge),
            ("9223372036854.775808", AmountError::TooLarge),
            ("1.0000000000000000000000000001", AmountError::TooPrecise),
            ("0.00000000000000000000000000000000001", AmountError::TooPrecise),
            ("99999999999999999999999999999999999", AmountError::TooLarge),
            ("NaN", AmountError::NotANumber),
            ("1_000", AmountError::NotANumber),
        ] {
            assert_eq!(text.parse::<Amount>(), Err(error), "{text}");
        }
    }

    #[test]
    fn discounts_round_half_to_even() {
        let percent = |text: &str| Discount::from_percent(text.parse().unwrap()).unwrap();
        for (price, discount, expected) in [
            (3, "50", 2),
            (1, "50", 0),
            (5, "50", 2),
            (7, "50", 4),
            (24_000, "10", 21_600),
            (20_000, "12.5", 17_500),
            (100, "0", 100),
            (100, "100", 0),
            (3, "33.3333", 2),
        ] {
            assert_eq!(
                Amount::from_micros(price).discounted(percent(discount)).micros(),
                expected,
                "{price} - {discount} %"
            );
        }
        assert!(Discount::from_percent("100.1".parse().unwrap()).is_none());
        assert!(Discount::from_percent("1.00001".parse().unwrap()).is_none());
    }

    #[test]
    fn what_cannot_be_held_is_none() {
        let (most, one) = (Amount::MAX, Amount::from_micros(1));
        let least = Amount::from_micros(i64::MIN);
        assert_eq!(amount("9223372036854.775807"), most);
        assert_eq!((most.checked_add(one), least.checked_sub(one)), (None, None));
        assert_eq!((most.checked_mul(2), least.checked_neg()), (None, None));
        assert_eq!(most.checked_mul(1), Some(most));
        assert_eq!(most.discounted(Discount::NONE), most);
        assert_eq!([most, one].into_iter().sum::<Amount>(), most);
    }

    #[test]
    fn sums_that_are_known_to_fit_are_exact() {
        let (five, two) = (Amount::from_micros(5), Amount::from_micros(2));
        assert_eq!((five.plus(two).micros(), two.minus(five).micros(), five.negated().micros()), (7, -3, -5));
        assert_eq!(segments_left(5, 5), 0);
    }

    #[test]
    #[should_panic(expected = "cannot be held")]
    fn a_sum_that_cannot_be_held_stops() {
        let _ = Amount::MAX.plus(Amount::from_micros(1));
    }

    #[test]
    #[should_panic(expected = "cannot be held")]
    fn a_difference_that_cannot_be_held_stops() {
        let _ = Amount::from_micros(i64::MIN).minus(Amount::from_micros(1));
    }

    #[test]
    #[should_panic(expected = "has no opposite")]
    fn an_amount_without_an_opposite_stops() {
        let _ = Amount::from_micros(i64::MIN).negated();
    }

    #[test]
    #[should_panic(expected = "3 segments are taken from 2")]
    fn segments_that_were_never_counted_stop() {
        let _ = segments_left(2, 3);
    }

    #[test]
    fn a_total_holds_more_than_an_amount() {
        let mut total = Total::from(Amount::MAX);
        total += Amount::MAX;
        assert_eq!(total.micros(), 2 * i128::from(i64::MAX));
        assert_eq!((total.amount(), total.closest()), (None, Amount::MAX), "an amount cannot hold it");
        assert_eq!(total.to_string(), "18446744073709.551614");
        assert_eq!(Total::ZERO.minus(total).to_string(), "-18446744073709.551614");
        for micros in [0, 1, -1, 20_000, 21_600, 1_000_000_000, -50_000, i64::MAX, i64::MIN] {
            let amount = Amount::from_micros(micros);
            assert_eq!(Total::from(amount).to_string(), amount.to_string());
        }
        total -= Amount::MAX;
        assert_eq!(total, Amount::MAX);
        total -= total;
        assert_eq!(total, Total::ZERO);
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert_eq!(Currency::new("KES").unwrap().to_string(), "KES");
        for code in ["", "US", "USDT", "usd", "U1D", "É$"] {
            assert!(Currency::new(code).is_none(), "{code}");
        }
    }
}
