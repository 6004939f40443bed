//! Ranges of numbers that findings are about and that a step-down limits.

use std::fmt;

use crate::network::NetworkCode;
use crate::number::DIGITS_MAX;

/// Digits of a number that a block leaves open: ten thousand numbers.
const BLOCK_DIGITS: u8 = 4;
/// Digits that a block names at the least, however short its numbers are.
const NAMED_DIGITS: u8 = 4;

/// A range of numbers with the same leading digits and the same length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    prefix: u64,
    open_digits: u8,
}

/// The numbers that a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Range {
    /// Numbers of one length with the same leading digits.
    Block(Block),
    /// All numbers of one network.
    Network(NetworkCode),
}

impl Block {
    /// The block of ten thousand numbers around this one; fewer where numbers are short.
    pub fn of(number: u64) -> Self {
        let digits = u8::try_from(number.checked_ilog10().unwrap_or_default() + 1).unwrap_or(u8::MAX);
        let open_digits = digits.saturating_sub(NAMED_DIGITS).clamp(1, BLOCK_DIGITS);
        Self { prefix: number / power(open_digits), open_digits }
    }

    /// The range around this one that leaves so many more digits open.
    #[must_use]
    pub fn wider(self, digits: u8) -> Self {
        Self { prefix: self.prefix / power(digits), open_digits: self.open_digits + digits }
    }

    /// The place of a number inside the block.
    pub fn offset(self, number: u64) -> u16 {
        u16::try_from(number % power(self.open_digits)).unwrap_or(u16::MAX)
    }

    /// The number at this place.
    pub fn number(self, offset: u16) -> u64 {
        self.prefix.saturating_mul(power(self.open_digits)).saturating_add(u64::from(offset))
    }

    /// True if the number lies in it.
    pub fn holds(self, number: u64) -> bool {
        number / power(self.open_digits) == self.prefix
    }

    /// True if all of the other range lies in it.
    pub fn covers(self, other: Self) -> bool {
        other.open_digits <= self.open_digits
            && other.prefix / power(self.open_digits - other.open_digits) == self.prefix
    }

    /// True if both lie in the same hundred blocks.
    pub fn is_near(self, other: Self) -> bool {
        self.open_digits == other.open_digits && self.prefix / 100 == other.prefix / 100
    }

    /// True if both lie in the same ten blocks.
    pub fn is_beside(self, other: Self) -> bool {
        self.open_digits == other.open_digits && self.prefix / 10 == other.prefix / 10
    }

    /// True if both lie in the same thousand blocks and not in the same ten.
    pub fn is_far(self, other: Self) -> bool {
        self.open_digits == other.open_digits
            && self.prefix / 1_000 == other.prefix / 1_000
            && self.prefix / 10 != other.prefix / 10
    }

    /// From its text: leading digits, and an `x` for each open one.
    pub fn parse(text: &str) -> Option<Self> {
        let named = text.trim_end_matches('x');
        let open_digits = u8::try_from(text.len() - named.len()).ok()?;
        let is_written = !named.is_empty() && named.bytes().all(|digit| digit.is_ascii_digit());
        let fits = text.len() <= DIGITS_MAX && !named.starts_with('0');
        (is_written && fits).then(|| named.parse().ok()).flatten().map(|prefix| Self { prefix, open_digits })
    }
}

impl Range {
    /// True if the number, which belongs to this network, lies in it.
    pub fn holds(self, number: u64, network: NetworkCode) -> bool {
        match self {
            Self::Block(block) => block.holds(number),
            Self::Network(code) => code == network,
        }
    }

    /// From its text, as [`fmt::Display`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        if text.contains('/') || text.len() == 3 {
            return NetworkCode::parse_joined(text).map(Self::Network);
        }
        Block::parse(text).map(Self::Block)
    }
}

/// Ten to the power of `digits`, which are fewer than a number can have.
fn power(digits: u8) -> u64 {
    10u64.pow(u32::from(digits).min(18))
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix, "x".repeat(usize::from(self.open_digits)))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(block) => fmt::Display::fmt(block, f),
            Self::Network(code) => fmt::Display::fmt(code, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_leave_four_digits_open_and_name_four() {
        for (number, text) in [
            (254_722_000_123, "25472200xxxx"),
            (50_052_345, "5005xxxx"),
            (6_834_123, "6834xxx"),
            (12_345, "1234x"),
        ] {
            let block = Block::of(number);
            assert_eq!(block.to_string(), text);
            assert_eq!(block.number(block.offset(number)), number);
            assert_eq!(Range::parse(text), Some(Range::Block(block)));
            assert!(block.holds(number) && block.wider(2).holds(number) && block.wider(1).covers(block));
            assert!(!block.covers(block.wider(1)));
        }
        assert!(!Block::of(254_722_000_123).holds(2_547_220_001_234), "a longer number");
    }

    #[test]
    fn networks_are_written_by_their_codes() {
        let code = NetworkCode::parse_joined("639/02").unwrap();
        assert_eq!(Range::parse("639/02"), Some(Range::Network(code)));
        assert_eq!(Range::parse("639"), Some(Range::Network(code.mcc_alone())));
        assert!(Range::Network(code).holds(254_722_000_123, code));
        for text in ["", "xxxx", "25472x00", "0722xxxx", "25472200xxxxxxxxx", "2547 2xx", "639/0x"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }
}
