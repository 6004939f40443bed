//! Our message ids on the wire.
//!
//! Decimal without leading zeros, which every client and every normaliser of ids leaves alone; for a bind of
//! SMPP 3.3, whose message_id has nine octets, at most eight hex digits.

use std::io::Write;

/// The form in which a session writes and reads ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageIdFormat {
    /// SMPP 3.4 and 5.0.
    Decimal,
    /// SMPP 3.3: the low 32 bits, in upper case.
    Hex,
}

/// An id of ours in the form that one session understands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WireId {
    id: u64,
    format: MessageIdFormat,
}

/// The most digits of an id: clients keep it in a signed 64-bit number.
const DECIMAL_LENGTH_MAX: usize = 18;
const HEX_LENGTH_MAX: usize = 8;
const HEX_MASK: u64 = 0xFFFF_FFFF;

impl MessageIdFormat {
    /// An id to be written.
    pub(crate) fn wire(self, id: u64) -> WireId {
        WireId { id, format: self }
    }

    /// The id that `field` names, or `None` where this session cannot have been given it.
    pub(crate) fn parse(self, field: &[u8]) -> Option<u64> {
        let (length_max, radix) = match self {
            Self::Decimal => (DECIMAL_LENGTH_MAX, 10),
            Self::Hex => (HEX_LENGTH_MAX, 16),
        };
        let ours = (1..=length_max).contains(&field.len()) && !field.starts_with(b"0");
        let digits = std::str::from_utf8(field).ok().filter(|digits| ours && !digits.starts_with('+'))?;
        u64::from_str_radix(digits, radix).ok()
    }
}

impl WireId {
    /// Calls `put` with the digits.
    pub(crate) fn with_digits<R>(self, put: impl FnOnce(&[u8]) -> R) -> R {
        match self.format {
            MessageIdFormat::Decimal => put(itoa::Buffer::new().format(self.id).as_bytes()),
            MessageIdFormat::Hex => put(hex_digits(&mut [0; HEX_LENGTH_MAX], self.id & HEX_MASK)),
        }
    }
}

/// Writes `id`, of at most 32 bits, into the front of `buffer`.
fn hex_digits(buffer: &mut [u8; HEX_LENGTH_MAX], id: u64) -> &[u8] {
    let mut unwritten = buffer.as_mut_slice();
    let written = write!(unwritten, "{id:X}").map(|()| HEX_LENGTH_MAX - unwritten.len());
    buffer.get(..written.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(format: MessageIdFormat, id: u64) -> String {
        format.wire(id).with_digits(|digits| String::from_utf8(digits.to_vec()).unwrap())
    }

    #[test]
    fn ids_go_out_and_come_back() {
        for id in [1, 9, 10, 4_294_967_295, 999_999_999_999_999_999] {
            let text = digits(MessageIdFormat::Decimal, id);
            assert_eq!(text, id.to_string());
            assert_eq!(MessageIdFormat::Decimal.parse(text.as_bytes()), Some(id));
        }
        for (id, text) in [(1, "1"), (0xAB, "AB"), (0x00FF_0010, "FF0010"), (0xFFFF_FFFF, "FFFFFFFF")] {
            assert_eq!(digits(MessageIdFormat::Hex, id), text);
            assert_eq!(MessageIdFormat::Hex.parse(text.as_bytes()), Some(id));
            assert_eq!(MessageIdFormat::Hex.parse(text.to_lowercase().as_bytes()), Some(id));
        }
    }

    #[test]
    fn ids_that_we_never_gave_are_none() {
        for text in ["", "0", "01", "+1", "-1", "1 ", "12a", "1000000000000000000", "f47ac10b-58cc"] {
            assert_eq!(MessageIdFormat::Decimal.parse(text.as_bytes()), None, "{text}");
        }
        for text in ["", "0", "0A", "+A", "G", "123456789"] {
            assert_eq!(MessageIdFormat::Hex.parse(text.as_bytes()), None, "{text}");
        }
    }
}
