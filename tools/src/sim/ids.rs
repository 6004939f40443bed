//! Message ids in all the formats that message centres have for them.

use std::fmt::Write as _;

/// Format of an id. Every id is a number beneath.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum IdFormat {
    /// Decimal, such as 1234567890
    #[default]
    Decimal,
    /// Hexadecimal, such as 499602d2
    Hex,
    /// Hexadecimal in capitals, such as 499602D2
    HexUpper,
    /// Decimal with zeros in front, 20 digits in all
    Padded,
    /// As RFC 9562 has it
    Uuid,
}

/// Format of the ids in receipts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ReceiptIdFormat {
    /// As the response did
    #[default]
    Same,
    /// Decimal, such as 1234567890
    Decimal,
    /// Hexadecimal, such as 499602d2
    Hex,
    /// Hexadecimal in capitals, such as 499602D2
    HexUpper,
    /// Decimal with zeros in front, 20 digits in all
    Padded,
}

impl ReceiptIdFormat {
    /// The format in receipts for messages whose responses had `format`.
    pub fn after(self, format: IdFormat) -> IdFormat {
        match self {
            Self::Same => format,
            Self::Decimal => IdFormat::Decimal,
            Self::Hex => IdFormat::Hex,
            Self::HexUpper => IdFormat::HexUpper,
            Self::Padded => IdFormat::Padded,
        }
    }
}

impl IdFormat {
    /// Appends the id to `out`.
    pub fn write(self, number: u64, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Decimal => write!(out, "{number}"),
            Self::Hex => write!(out, "{number:x}"),
            Self::HexUpper => write!(out, "{number:X}"),
            Self::Padded => write!(out, "{number:020}"),
            Self::Uuid => write_uuid(number, out),
        };
    }

    /// The id on its own.
    pub fn text(self, number: u64) -> String {
        let mut text = String::with_capacity(36);
        self.write(number, &mut text);
        text
    }
}

/// Version 8, whose bits are ours to fill: mixed, so that it looks like one, and told apart by the number at
/// its end.
fn write_uuid(number: u64, out: &mut String) -> std::fmt::Result {
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (first, second, third) = (mixed >> 32, (mixed >> 16) & 0xFFFF, mixed & 0x0FFF);
    let (fourth, last) = ((number >> 48) & 0x3FFF | 0x8000, number & 0xFFFF_FFFF_FFFF);
    write!(out, "{first:08x}-{second:04x}-8{third:03x}-{fourth:04x}-{last:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_id_in_all_its_writings() {
        let number = 1_234_567_890;
        assert_eq!(IdFormat::Decimal.text(number), "1234567890");
        assert_eq!(IdFormat::Hex.text(number), "499602d2");
        assert_eq!(IdFormat::HexUpper.text(number), "499602D2");
        assert_eq!(IdFormat::Padded.text(number), "00000000001234567890");
        let uuid = IdFormat::Uuid.text(number);
        assert_eq!(uuid.len(), 36);
        assert!(uuid.ends_with("-8000-0000499602d2"), "{uuid}");
        assert_ne!(IdFormat::Uuid.text(number + 1), uuid);
    }

    #[test]
    fn receipts_may_have_their_own_writing() {
        assert_eq!(ReceiptIdFormat::Same.after(IdFormat::Uuid), IdFormat::Uuid);
        assert_eq!(ReceiptIdFormat::Hex.after(IdFormat::Decimal), IdFormat::Hex);
    }
}
