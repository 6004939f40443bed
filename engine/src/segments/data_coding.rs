//! The alphabet that `data_coding` names (SMPP 3.4 §5.2.19, 3GPP TS 23.038 §4).

/// The alphabet of `data_coding` 0, "SMSC default alphabet", for an account (SMPP 3.4 §5.2.19).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DefaultCoding {
    /// GSM 03.38, one septet per octet.
    #[default]
    Gsm7,
    /// ISO 8859-1, transcoded to GSM 03.38 where it fits and to UCS-2 where it does not.
    Latin1,
}

/// The alphabet of a message's octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// GSM 7-bit, one septet to an octet.
    Septets,
    /// ISO 8859-1, which the network carries as GSM 7-bit or UCS-2.
    Latin1,
    /// UTF-16, big endian.
    Utf16,
    /// Anything else: charged by the octet.
    Octets,
}

/// The alphabet of a message.
///
/// Values of SMPP come first, then the groups of 3GPP TS 23.038 that SMPP lets through. A reserved value is
/// the default alphabet, as that standard asks of a receiver.
pub(super) fn alphabet(data_coding: u8, default_coding: DefaultCoding) -> Alphabet {
    match data_coding {
        0x00 => match default_coding {
            DefaultCoding::Gsm7 => Alphabet::Septets,
            DefaultCoding::Latin1 => Alphabet::Latin1,
        },
        0x03 => Alphabet::Latin1,
        // UCS-2, and message waiting stored as UCS-2.
        0x08 | 0xE0..=0xEF => Alphabet::Utf16,
        // Binary; JIS, Cyrillic and Hebrew; pictograms and ISO-2022-JP; extended Kanji and KS C 5601.
        0x02 | 0x04..=0x07 | 0x09 | 0x0A | 0x0D | 0x0E => Alphabet::Octets,
        // General data coding and automatic deletion: bits 3 and 2 name the alphabet.
        0x10..=0x7F => match data_coding >> 2 & 3 {
            1 => Alphabet::Octets,
            2 => Alphabet::Utf16,
            _ => Alphabet::Septets,
        },
        // Message class: bit 2 says 8-bit data.
        0xF0..=0xFF if data_coding & 0b100 != 0 => Alphabet::Octets,
        // IA5, behind which peers put GSM septets; the other classes; message waiting; and what is reserved.
        _ => Alphabet::Septets,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_alphabet() {
        for (values, expected) in [
            (
                &[
                    0x00, 0x01, 0x0B, 0x0C, 0x0F, 0x10, 0x11, 0x1C, 0x40, 0x80, 0xC0, 0xC8, 0xD0, 0xF0, 0xF1,
                    0xFB,
                ][..],
                Alphabet::Septets,
            ),
            (&[0x03], Alphabet::Latin1),
            (&[0x08, 0x18, 0x19, 0x3A, 0x48, 0xE0, 0xE8, 0xEF], Alphabet::Utf16),
            (
                &[0x02, 0x04, 0x05, 0x06, 0x07, 0x09, 0x0A, 0x0D, 0x0E, 0x14, 0x15, 0x36, 0xF4, 0xF5, 0xFF],
                Alphabet::Octets,
            ),
        ] {
            for value in values {
                assert_eq!(alphabet(*value, DefaultCoding::Gsm7), expected, "{value:#04x}");
            }
        }
        assert_eq!(alphabet(0x00, DefaultCoding::Latin1), Alphabet::Latin1);
        assert_eq!(alphabet(0x10, DefaultCoding::Latin1), Alphabet::Septets);
    }
}
