//! The lengths that numbers may have, by calling code.
//!
//! A length is possible, not valid: nothing here knows which numbers exist, and metadata is behind the world. A calling
//! code that the metadata does not have allows every length.

mod table;

use crate::number::Number;
use table::LENGTHS;

/// Digits of the longest calling code.
const CODE_DIGITS: usize = 3;
const CODES: usize = 10usize.pow(3);

/// The treatment of a number of a length that no number of its country has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberLengths {
    /// It is refused as an unknown destination.
    #[default]
    Refuse,
    /// It is charged, and counted.
    Warn,
}

/// The lengths by the first three digits of a number: a bit for each; no bit where every length is possible.
static BY_FIRST_DIGITS: [u16; CODES] = by_first_digits();

/// True if some number of this country may have as many digits.
pub fn is_possible(number: &Number) -> bool {
    let digits = number.as_bytes();
    let first = digits.get(..CODE_DIGITS).unwrap_or_default();
    let first = first.iter().fold(0, |first, digit| first * 10 + usize::from(digit - b'0'));
    let lengths = BY_FIRST_DIGITS.get(first).copied().unwrap_or_default();
    lengths == 0 || lengths & (1 << digits.len()) != 0
}

const fn by_first_digits() -> [u16; CODES] {
    let mut lengths = [0; CODES];
    let mut at = 0;
    while at < LENGTHS.len() {
        let (code, bits) = LENGTHS[at];
        let width = if code < 10 {
            100
        } else if code < 100 {
            10
        } else {
            1
        };
        let first = code as usize * width;
        let mut next = first;
        // No calling code is the beginning of another.
        while next < first + width {
            lengths[next] = bits;
            next += 1;
        }
        at += 1;
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_country() {
        for (digits, possible) in [
            ("254722000001", true),
            ("254722000", false),
            ("2547220000011", false),
            ("18100", false),
            ("12125550100", true),
            ("121255501000", false),
            ("447700900123", true),
            ("4407700900123", false),
            ("998901234567", true),
            ("99890123456", false),
            ("79161234567", true),
            ("77011234567", true),
            ("5215512345678", true),
            ("881612345678", true),
            ("99912345", true),
        ] {
            let number = Number::from_digits(digits.as_bytes()).unwrap();
            assert_eq!(is_possible(&number), possible, "{digits}");
        }
    }

    #[test]
    fn no_calling_code_is_the_beginning_of_another() {
        for (code, bits) in LENGTHS {
            assert!(*bits != 0, "{code} has numbers");
            let others = LENGTHS.iter().filter(|(other, _)| other != code);
            assert!(
                others.clone().all(|(other, _)| !other.to_string().starts_with(&code.to_string())),
                "{code}"
            );
        }
    }
}
