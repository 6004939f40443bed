//! Our message ids as text. Each id has one text, whichever bind it is written to or read from.
//!
//! An id of more than 32 bits is decimal without leading zeros, which every client and every normaliser of ids leaves
//! alone. An id of 32 bits was given to a bind of SMPP 3.3, whose message_id has nine octets: it is written with at most
//! eight hexadecimal digits. The two cannot be taken for one another, as a decimal one has ten digits or more.

use std::io::Write;

use crate::version::Version;

/// An id of ours as one session writes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WireId(u64);

/// The most digits of an id: clients keep it in a signed 64-bit number.
const DECIMAL_LENGTH_MAX: usize = 18;
const HEX_LENGTH_MAX: usize = 8;
const SHORT_MAX: u64 = 0xFFFF_FFFF;

/// The text of an id, in responses and in receipts.
pub fn text(id: u64) -> String {
    WireId(id).with_digits(|digits| String::from_utf8_lossy(digits).into_owned())
}

/// The id that `field` names, or `None` where nobody can have been given it.
pub fn parse(field: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(field).ok().filter(|digits| !digits.starts_with(['0', '+']))?;
    match digits.len() {
        1..=HEX_LENGTH_MAX => u64::from_str_radix(digits, 16).ok(),
        ..=DECIMAL_LENGTH_MAX => digits.parse().ok().filter(|id| *id > SHORT_MAX),
        _ => None,
    }
}

impl WireId {
    /// An id to be written over a bind of this version. One of SMPP 3.3 has room for the low 32 bits only.
    pub(crate) fn new(id: u64, version: Version) -> Self {
        Self(if version == Version::V3_3 { id & SHORT_MAX } else { id })
    }

    /// Calls `put` with the digits.
    pub(crate) fn with_digits<R>(self, put: impl FnOnce(&[u8]) -> R) -> R {
        if self.0 > SHORT_MAX {
            return put(itoa::Buffer::new().format(self.0).as_bytes());
        }
        put(hex_digits(&mut [0; HEX_LENGTH_MAX], self.0))
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

    #[test]
    fn each_id_has_one_text_which_is_read_back() {
        for (id, expected) in [
            (1, "1"),
            (0x10, "10"),
            (0xAB, "AB"),
            (0x00FF_0010, "FF0010"),
            (0xFFFF_FFFF, "FFFFFFFF"),
            (0x1_0000_0000, "4294967296"),
            (999_999_999_999_999_999, "999999999999999999"),
        ] {
            assert_eq!(text(id), expected);
            assert_eq!(parse(expected.as_bytes()), Some(id));
            assert_eq!(parse(expected.to_lowercase().as_bytes()), Some(id));
        }
    }

    #[test]
    fn a_bind_of_3_3_has_room_for_32_bits() {
        let written = |version| WireId::new(0x1_0000_00AB, version).with_digits(<[u8]>::to_vec);
        assert_eq!(
            (written(Version::V3_3), written(Version::V3_4)),
            (b"AB".to_vec(), b"4294967467".to_vec())
        );
    }

    #[test]
    fn ids_that_we_never_gave_are_none() {
        for text in [
            "",
            "0",
            "01",
            "0A",
            "+1",
            "+A",
            "-1",
            "1 ",
            "G",
            "12g",
            "123456789",
            "4294967295",
            "12345678901A",
            "1000000000000000000",
            "f47ac10b-58cc",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
