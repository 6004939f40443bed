//! Dispatch ids as text: they are octets of the client's own choice, and nearly always text already.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Octets of a dispatch id.
pub const OCTETS_MAX: usize = 64;

/// The characters that a segment of a URL has in escaped form.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Octets as text. Text stays as it is, but for control characters and backslashes; everything else is
/// written `\xHH`. No two ids give the same text.
pub fn text_of(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => text.push_str("\\\\"),
                character if character.is_control() => {
                    put_octets(&mut text, character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                character => text.push(character),
            }
        }
        put_octets(&mut text, chunk.invalid());
    }
    text
}

fn put_octets(text: &mut String, octets: &[u8]) {
    for octet in octets {
        // Writing to a String cannot fail.
        let _ = write!(text, "\\x{octet:02x}");
    }
}

/// The octets that a text stands for; `None` where it is none of [`text_of`], or of more than [`OCTETS_MAX`]
/// octets, or empty.
pub fn octets_of(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escaped)) = rest.split_once('\\') {
        octets.extend_from_slice(before.as_bytes());
        rest = if let Some(after) = escaped.strip_prefix('\\') {
            octets.push(b'\\');
            after
        } else {
            let (digits, after) = escaped.strip_prefix('x')?.split_at_checked(2)?;
            let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            octets.push(u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?);
            after
        };
    }
    octets.extend_from_slice(rest.as_bytes());
    (1..=OCTETS_MAX).contains(&octets.len()).then_some(octets)
}

/// Text as a segment of a URL (RFC 3986 §2.3).
pub(super) fn in_url(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_as_it_is() {
        for id in ["campaign-7", "autumn offers / 2", "привет", "%41"] {
            assert_eq!(text_of(id.as_bytes()), id);
            assert_eq!(octets_of(id).unwrap(), id.as_bytes());
        }
    }

    #[test]
    fn what_is_no_text_is_escaped_and_comes_back() {
        for (octets, text) in [
            (&b"a\\b"[..], r"a\\b"),
            (b"\x00\xFFz", r"\x00\xffz"),
            (b"line\nline", r"line\x0aline"),
            (b"\\x41", r"\\x41"),
            ("\u{85}".as_bytes(), r"\xc2\x85"),
        ] {
            assert_eq!(text_of(octets), text);
            assert_eq!(octets_of(text).unwrap(), octets);
        }
    }

    #[test]
    fn every_pair_of_octets_comes_back() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let octets = [first, second];
                assert_eq!(octets_of(&text_of(&octets)).as_deref(), Some(&octets[..]));
            }
        }
    }

    #[test]
    fn what_stands_for_no_id_is_refused() {
        let long = "a".repeat(65);
        for text in ["", r"\", r"\x", r"\x4", r"\x+1", r"\n", r"\xgg", r"\xé", &long] {
            assert_eq!(octets_of(text), None, "{text}");
        }
        assert!(octets_of(&"a".repeat(64)).is_some());
    }

    #[test]
    fn urls_hold_nothing_that_means_something_in_them() {
        assert_eq!(in_url("a/b?c=d e%~"), "a%2Fb%3Fc%3Dd%20e%25~");
    }
}
