//! The characters of a text file: UTF-8, UTF-16, or an eight-bit code.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::grid::FileFault;

/// Octets that are looked at to tell UTF-16 without a mark.
const LOOKED_AT: usize = 4_096;

/// A text and the name of the encoding that it was in.
#[derive(Debug, PartialEq, Eq)]
pub struct DecodedText {
    /// The text, without a byte order mark.
    pub text: String,
    /// The name of the encoding, such as `UTF-8`.
    pub encoding: &'static str,
}

/// Reads octets as text. Without a name of an encoding, a byte order mark decides, then the octets themselves: whatever is
/// not UTF-8 is in the eight-bit code of western spreadsheets, windows-1252, of which Latin-1 is a part.
pub fn decode(octets: &[u8], named: Option<&str>) -> Result<DecodedText, FileFault> {
    let encoding = match named {
        Some(name) => encoding_of(name)?,
        None => detect(octets),
    };
    let (text, encoding, has_faults) = encoding.decode(octets);
    if has_faults {
        let line = text.split('\u{fffd}').next().unwrap_or_default().lines().count().max(1);
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        return Err(FileFault::at(line, format!("is not text in {}", encoding.name())));
    }
    Ok(DecodedText { text: text.into_owned(), encoding: encoding.name() })
}

/// The encoding that a profile names, by any of its labels.
pub fn encoding_of(name: &str) -> Result<&'static Encoding, FileFault> {
    Encoding::for_label(name.as_bytes())
        .ok_or_else(|| FileFault::whole(format!("there is no encoding {}", crate::read::texts::quoted(name))))
}

fn detect(octets: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(octets) {
        return encoding;
    }
    let looked_at = octets.get(..LOOKED_AT).unwrap_or(octets);
    let nuls = |place: usize| looked_at.iter().skip(place).step_by(2).filter(|octet| **octet == 0).count();
    let (even, odd, pairs) = (nuls(0), nuls(1), looked_at.len() / 2);
    // Digits and separators are ASCII, so that most characters of a table have one octet of zero in UTF-16.
    if odd * 2 > pairs && even * 8 < pairs {
        UTF_16LE
    } else if even * 2 > pairs && odd * 8 < pairs {
        UTF_16BE
    } else if std::str::from_utf8(octets).is_ok() {
        UTF_8
    } else {
        WINDOWS_1252
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, unit: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn texts_of_many_programs_are_read() {
        let text = "mcc;Opérateur\n639;Safaricom\n";
        let with_mark = format!("\u{feff}{text}");
        let latin_1 = text.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect();
        for (octets, encoding) in [
            (text.as_bytes().to_vec(), "UTF-8"),
            (with_mark.as_bytes().to_vec(), "UTF-8"),
            (utf_16(&with_mark, u16::to_le_bytes), "UTF-16LE"),
            (utf_16(&with_mark, u16::to_be_bytes), "UTF-16BE"),
            (utf_16(text, u16::to_le_bytes), "UTF-16LE"),
            (utf_16(text, u16::to_be_bytes), "UTF-16BE"),
            (latin_1, "windows-1252"),
        ] {
            assert_eq!(decode(&octets, None), Ok(DecodedText { text: text.to_owned(), encoding }));
        }
    }

    #[test]
    fn what_is_not_text_in_the_named_encoding_is_refused_by_line() {
        assert_eq!(decode(b"a\nb\xff\n", Some("utf-8")).unwrap_err().line, 2);
        assert!(decode(b"a", Some("klingon")).unwrap_err().message.contains("`klingon`"));
        assert_eq!(decode(b"\xcf\xf0\xe8\xe2\xe5\xf2", Some("windows-1251")).unwrap().text, "Привет");
    }
}
