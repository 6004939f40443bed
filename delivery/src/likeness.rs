//! The likeness of the addresses of a receipt and of a message.

use std::hash::Hasher;

use rustc_hash::FxHasher;
use tollgate_engine::operator::OperatorNumber;

use crate::input::Receipt;
use crate::message::Addresses;

/// Digits at the end of a number that tell it from others, however it is written.
const NUMBER_TAIL_DIGITS: usize = 7;

/// The degree to which the addresses of a receipt are those of a message. The receipt's source is the message's destination,
/// but some operators write the two as the message had them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// The receipt is of a message to another number.
    Contradicted,
    /// The receipt does not name the number, or in a form that cannot be compared.
    Untold,
    /// It names the message's destination.
    Destination,
    /// It names the message's destination and source.
    Both,
}

impl Likeness {
    /// The likeness of a receipt and a message.
    pub fn of(addresses: &Addresses, receipt: &Receipt) -> Self {
        let (destination, source) = (addresses.destination(), addresses.source());
        let straight = (&receipt.source[..], &receipt.destination[..]);
        for (number, sender) in [straight, (straight.1, straight.0)] {
            if is_same_number(destination, number) {
                let is_both = sender.eq_ignore_ascii_case(source) || is_same_number(source, sender);
                return if is_both { Self::Both } else { Self::Destination };
            }
        }
        if is_whole_number(destination) && is_whole_number(straight.0) {
            Self::Contradicted
        } else {
            Self::Untold
        }
    }
}

/// The end of a number at an operator, which is the same however the number is written.
pub fn tail(operator: OperatorNumber, number: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u16(operator.0);
    let digits = number.iter().rev().filter(|octet| !matches!(octet, b'+' | b' ' | b'-' | b'(' | b')'));
    digits.take(NUMBER_TAIL_DIGITS).for_each(|digit| hasher.write_u8(digit.to_ascii_lowercase()));
    hasher.finish()
}

/// True if two ways of writing a number end alike: operators add and drop what stands before the country
/// code, and the code itself.
fn is_same_number(left: &[u8], right: &[u8]) -> bool {
    let (left_length, right_length) = (significant(left).count(), significant(right).count());
    let shorter = left_length.min(right_length);
    let is_enough = shorter >= NUMBER_TAIL_DIGITS || (shorter > 0 && left_length == right_length);
    is_enough && significant(left).rev().zip(significant(right).rev()).all(|(left, right)| left == right)
}

/// True if it can be nothing but the number of a phone.
fn is_whole_number(number: &[u8]) -> bool {
    let is_of_one = |octet: &u8| octet.is_ascii_digit() || matches!(octet, b'+' | b' ' | b'-' | b'(' | b')');
    number.iter().all(is_of_one) && significant(number).count() >= NUMBER_TAIL_DIGITS
}

/// The octets of a number but for zeros and signs in front of it and signs between its digits.
fn significant(number: &[u8]) -> impl DoubleEndedIterator<Item = u8> {
    let start =
        number.iter().position(|byte| !matches!(byte, b'0' | b'+' | b' ' | b'(')).unwrap_or(number.len());
    let rest = number.get(start..).unwrap_or_default().iter().copied();
    rest.filter(|octet| !matches!(octet, b' ' | b'-' | b'(' | b')'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        for (left, right, same) in [
            ("254700123456", "+254700123456", true),
            ("254700123456", "00254700123456", true),
            ("254700123456", "0700123456", true),
            ("254700123456", "+254 700-123-456", true),
            ("254700123456", "254700123457", false),
            ("254700123456", "23456", false),
            ("12345", "12345", true),
            ("", "", false),
            ("0", "00", false),
        ] {
            assert_eq!(is_same_number(left.as_bytes(), right.as_bytes()), same, "{left} {right}");
        }
    }

    #[test]
    fn only_a_whole_number_contradicts() {
        for (number, whole) in [
            ("254700123456", true),
            ("+1 (0)7700900", true),
            ("12345", false),
            ("25470xxxxxx", false),
            ("", false),
        ] {
            assert_eq!(is_whole_number(number.as_bytes()), whole, "{number}");
        }
    }
}
