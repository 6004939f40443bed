//! The user data header in front of a message (3GPP TS 23.040 §9.2.3.24).

/// A header whose information elements were all walked over. The default is that of a message without one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// Octets, the length octet included.
    pub len: usize,
    /// True if an element says that the message is one part of several.
    pub concatenated: bool,
}

/// Concatenation with an 8-bit reference (3GPP TS 23.040 §9.2.3.24.1): identifier and length.
const CONCATENATED_8_BIT: [u8; 2] = [0x00, 3];
/// Concatenation with a 16-bit reference (3GPP TS 23.040 §9.2.3.24.8): identifier and length.
const CONCATENATED_16_BIT: [u8; 2] = [0x08, 4];

impl Header {
    /// Reads the header that `octets` begin with; `None` where it or an element in it is cut short.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let (len, rest) = octets.split_first()?;
        let mut elements = rest.get(..usize::from(*len))?;
        let mut concatenated = false;
        while let [identifier, len, rest @ ..] = elements {
            elements = rest.get(usize::from(*len)..)?;
            concatenated |= matches!([*identifier, *len], CONCATENATED_8_BIT | CONCATENATED_16_BIT);
        }
        elements.is_empty().then_some(Self { len: usize::from(*len) + 1, concatenated })
    }
}

/// The element that says which part of a long message this is: reference, number of parts and its own number. `None` of
/// a header without one.
pub fn part_of_header(octets: &[u8]) -> Option<&[u8]> {
    let (len, rest) = octets.split_first()?;
    let mut elements = rest.get(..usize::from(*len))?;
    while let [identifier, len, rest @ ..] = elements {
        let (element, behind) = rest.split_at_checked(usize::from(*len))?;
        if matches!([*identifier, *len], CONCATENATED_8_BIT | CONCATENATED_16_BIT) {
            return Some(element);
        }
        elements = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_told_by_its_element() {
        let part = |octets| part_of_header(octets);
        assert_eq!(part(&[0x05, 0x00, 0x03, 0x2A, 0x02, 0x01, b'x']), Some(&[0x2A, 2, 1][..]));
        assert_eq!(
            part(&[0x0C, 0x05, 0x04, 1, 2, 0, 0, 0x08, 0x04, 0x12, 0x34, 2, 1]),
            Some(&[0x12, 0x34, 2, 1][..])
        );
        assert_eq!(part(&[0x06, 0x05, 0x04, 0x15, 0x81, 0, 0]), None);
        assert_eq!(part(&[0x05, 0x00, 0x03]), None);
        assert_eq!(part(&[]), None);
    }

    #[test]
    fn headers_are_walked_to_their_end() {
        for (octets, expected) in [
            (&[0x05, 0x00, 0x03, 0x2A, 0x02, 0x01, b'x'][..], Some((6, true))),
            (&[0x06, 0x08, 0x04, 0x12, 0x34, 0x02, 0x01], Some((7, true))),
            (&[0x06, 0x05, 0x04, 0x15, 0x81, 0x00, 0x00], Some((7, false))),
            // The concatenation behind a port.
            (&[0x0B, 0x05, 0x04, 0x15, 0x81, 0, 0, 0x00, 0x03, 1, 2, 1], Some((12, true))),
            // The concatenation before one.
            (&[0x0B, 0x00, 0x03, 1, 2, 1, 0x05, 0x04, 0x15, 0x81, 0, 0], Some((12, true))),
            // A national table alone.
            (&[0x03, 0x24, 0x01, 0x01], Some((4, false))),
            (&[0x00], Some((1, false))),
            // An element of the right name and the wrong length says nothing.
            (&[0x04, 0x00, 0x02, 0x2A, 0x02], Some((5, false))),
            (&[], None),
            (&[0x05, 0x00, 0x03, 0x2A, 0x02], None),
            (&[0x04, 0x00, 0x03, 0x2A, 0x02], None),
            (&[0x01, 0x00], None),
        ] {
            let header = Header::read(octets).map(|header| (header.len, header.concatenated));
            assert_eq!(header, expected, "{octets:02X?}");
        }
    }
}
