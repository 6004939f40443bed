//! Message ids in responses and in receipts of operators, which are not always written the same way.
//!
//! Case, zeros in front and spaces differ everywhere. Some message centres give an id in decimal and name it
//! in hex later, or the other way round, because SMPP 3.3 had hex and 3.4 has text.

use std::fmt;

/// Relation of the ids in an operator's receipts to those in its responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReceiptIdFormat {
    /// It is not known: an id is tried as it is, then as hex for a decimal id, then as decimal for a hex one.
    #[default]
    Any,
    /// The id of the receipt is that of the response.
    AsIs,
    /// Hex in the receipt, decimal in the response.
    HexToDecimal,
    /// Decimal in the receipt, hex in the response.
    DecimalToHex,
}

impl ReceiptIdFormat {
    /// Every format, in the order of the variants.
    pub const ALL: [Self; 4] = [Self::Any, Self::AsIs, Self::HexToDecimal, Self::DecimalToHex];

    /// The name in files and in the management API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::AsIs => "as_is",
            Self::HexToDecimal => "hex_to_decimal",
            Self::DecimalToHex => "decimal_to_hex",
        }
    }

    /// The format that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

impl fmt::Display for ReceiptIdFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The canonical form of an id: no spaces or NULs around it and nothing behind a NUL within, lower case, no zeros
/// in front. An id of zeros alone is `0`.
pub fn canonical_id(id: &[u8]) -> Vec<u8> {
    let padding = |octet: &u8| *octet == 0 || octet.is_ascii_whitespace();
    let begin = id.iter().position(|octet| !padding(octet)).unwrap_or(id.len());
    let end = id.iter().rposition(|octet| !padding(octet)).map_or(begin, |last| last + 1);
    let trimmed =
        id.get(begin..end).unwrap_or_default().split(|octet| *octet == 0).next().unwrap_or_default();
    let zeros = trimmed.iter().take_while(|octet| **octet == b'0').count();
    // One zero stays where there is nothing else.
    let kept = trimmed.get(zeros.min(trimmed.len().saturating_sub(1))..).unwrap_or_default();
    kept.to_ascii_lowercase()
}

/// The canonical ids under which a receipt's message may be known, in the order to try, without repeats.
/// Ids that are not numbers of at most 128 bits are only tried as they are.
pub fn id_candidates(id: &[u8], format: ReceiptIdFormat) -> Vec<Vec<u8>> {
    let as_is = canonical_id(id);
    let (to_decimal, to_hex) = (decimal_of_hex(&as_is), hex_of_decimal(&as_is));
    let tried = match format {
        ReceiptIdFormat::AsIs => [Some(as_is), None, None],
        ReceiptIdFormat::HexToDecimal => [to_decimal.or(Some(as_is)), None, None],
        ReceiptIdFormat::DecimalToHex => [to_hex.or(Some(as_is)), None, None],
        ReceiptIdFormat::Any => [Some(as_is), to_decimal, to_hex],
    };
    let mut candidates = Vec::new();
    for candidate in tried.into_iter().flatten() {
        if !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    candidates
}

fn decimal_of_hex(id: &[u8]) -> Option<Vec<u8>> {
    number(id, 16).map(|number| number.to_string().into_bytes())
}

fn hex_of_decimal(id: &[u8]) -> Option<Vec<u8>> {
    number(id, 10).map(|number| format!("{number:x}").into_bytes())
}

fn number(id: &[u8], radix: u32) -> Option<u128> {
    let digits = std::str::from_utf8(id).ok().filter(|digits| !digits.starts_with('+'))?;
    u128::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(id: &str, format: ReceiptIdFormat) -> Vec<String> {
        let found = id_candidates(id.as_bytes(), format);
        found.into_iter().map(|id| String::from_utf8(id).unwrap()).collect()
    }

    #[test]
    fn all_writings_of_an_id_are_one() {
        for (written, canonical) in [
            ("123", "123"),
            ("00123", "123"),
            (" 123\0", "123"),
            ("\0\0 00AbC \r\n", "abc"),
            ("0", "0"),
            ("0000", "0"),
            ("", ""),
            (" \0", ""),
            ("0F47AC10B-58CC", "f47ac10b-58cc"),
            ("a 0", "a 0"),
            ("a\0b", "a"),
        ] {
            assert_eq!(canonical_id(written.as_bytes()), canonical.as_bytes(), "{written:?}");
        }
    }

    #[test]
    fn each_format_tries_its_own() {
        assert_eq!(candidates("00FF", ReceiptIdFormat::AsIs), ["ff"]);
        assert_eq!(candidates("00FF", ReceiptIdFormat::HexToDecimal), ["255"]);
        assert_eq!(candidates("0255", ReceiptIdFormat::DecimalToHex), ["ff"]);
        assert_eq!(candidates("0255", ReceiptIdFormat::Any), ["255", "597", "ff"]);
        assert_eq!(candidates("FF", ReceiptIdFormat::Any), ["ff", "255"]);
        assert_eq!(candidates("7", ReceiptIdFormat::Any), ["7"], "without repeats");
    }

    #[test]
    fn what_is_no_number_is_tried_as_it_is() {
        for id in ["f47ac10b-58cc", "+12", &"f".repeat(33), "no number", ""] {
            for format in ReceiptIdFormat::ALL {
                assert_eq!(candidates(id, format), [id], "{id} {format}");
            }
        }
        let largest = candidates(&"F".repeat(32), ReceiptIdFormat::Any);
        assert_eq!(largest[1], u128::MAX.to_string());
        assert_eq!(candidates(&u128::MAX.to_string(), ReceiptIdFormat::DecimalToHex), ["f".repeat(32)]);
    }

    #[test]
    fn formats_go_by_name() {
        for format in ReceiptIdFormat::ALL {
            assert_eq!(ReceiptIdFormat::from_name(format.name()), Some(format));
        }
        assert_eq!(ReceiptIdFormat::from_name("hex"), None);
    }
}
