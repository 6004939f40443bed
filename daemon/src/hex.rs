//! Octets as hexadecimal digits: small ones going out, either case coming in.

/// Two digits for each octet.
pub fn encode(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().map_or('0', char::from);
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 0xF)]).collect()
}

/// The octets, if the text is pairs of digits and nothing else.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let octet = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    };
    digits.chunks(2).map(octet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_leave_as_small_digits() {
        assert_eq!(encode(&[0, 0x9F, 0xFF]), "009fff");
        assert_eq!(encode(&[]), "");
    }

    #[test]
    fn either_case_is_read() {
        assert_eq!(decode("009fFF"), Some(vec![0, 0x9F, 0xFF]));
        assert_eq!(decode(""), Some(Vec::new()));
    }

    #[test]
    fn what_is_not_pairs_of_digits_is_refused() {
        for text in ["0", "0g", "+1", "0x", " 00", "é"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
