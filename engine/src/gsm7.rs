//! The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 §6.2.1).
//!
//! Septets here are unpacked, one to an octet, as SMPP carries them. National tables, which replace these
//! where a user data header says so, change which character a septet stands for but never how many septets
//! there are, and so are not needed here.

/// The septet that announces a character of the extension table.
pub const ESCAPE: u8 = 0x1B;

/// The default alphabet by septet. The escape stands where it has no character of its own.
const DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', // 0x00
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1B}', 'Æ', 'æ', 'ß', 'É', // 0x10
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', // 0x20
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', // 0x30
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', // 0x40
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', // 0x50
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', // 0x60
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à', // 0x70
];

/// The extension table: the septet behind the escape, and its character.
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{0C}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// The character that stands for a septet or pair without a meaning.
const UNKNOWN: char = '\u{FFFD}';

/// The septets of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Septets {
    /// One septet of the default alphabet.
    One(u8),
    /// The escape, then this septet of the extension table.
    Escaped(u8),
}

impl Septets {
    /// The number of septets that it takes.
    pub const fn count(self) -> u8 {
        match self {
            Self::One(_) => 1,
            Self::Escaped(_) => 2,
        }
    }
}

/// By Latin-1 octet, which is the first 256 characters of Unicode: made once, when this is compiled.
const LATIN1: [Option<Septets>; 256] = {
    let mut table = [None; 256];
    let mut octet = 0u8;
    loop {
        table[octet as usize] = search(octet as u32);
        if octet == u8::MAX {
            break;
        }
        octet += 1;
    }
    table
};

/// The septets of a character, `None` where the alphabet lacks it.
pub fn septets(character: char) -> Option<Septets> {
    let code_point = u32::from(character);
    u8::try_from(code_point).map_or_else(|_| search(code_point), latin1_septets)
}

/// The septets of an octet of ISO 8859-1, `None` where the alphabet lacks its character.
pub fn latin1_septets(octet: u8) -> Option<Septets> {
    LATIN1[usize::from(octet)]
}

const fn search(code_point: u32) -> Option<Septets> {
    let mut septet = 0u8;
    while septet < 128 {
        if DEFAULT[septet as usize] as u32 == code_point && septet != ESCAPE {
            return Some(Septets::One(septet));
        }
        septet += 1;
    }
    let mut index = 0;
    while index < EXTENSION.len() {
        if EXTENSION[index].1 as u32 == code_point {
            return Some(Septets::Escaped(EXTENSION[index].0));
        }
        index += 1;
    }
    None
}

/// A text in unpacked septets, `None` where it has a character that the alphabet lacks.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    for character in text.chars() {
        match septets(character)? {
            Septets::One(septet) => octets.push(septet),
            Septets::Escaped(septet) => octets.extend([ESCAPE, septet]),
        }
    }
    Some(octets)
}

/// The text of unpacked septets, for display: what means nothing becomes U+FFFD, one for each septet or pair.
pub fn decode_lossy(octets: &[u8]) -> String {
    characters(octets).map(|character| character.unwrap_or(UNKNOWN)).collect()
}

/// The text of unpacked septets, `None` where a septet or pair means nothing.
pub fn decode(octets: &[u8]) -> Option<String> {
    characters(octets).collect()
}

/// The character of each septet or pair, `None` for one that means nothing.
fn characters(octets: &[u8]) -> impl Iterator<Item = Option<char>> {
    let mut rest = octets.iter();
    std::iter::from_fn(move || {
        Some(match *rest.next()? {
            ESCAPE => rest.next().and_then(|septet| extension(*septet)),
            septet => DEFAULT.get(usize::from(septet)).copied(),
        })
    })
}

fn extension(septet: u8) -> Option<char> {
    EXTENSION.iter().find(|(code, _)| *code == septet).map(|(_, character)| *character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_septet_is_written_and_read_back() {
        for septet in (0..128).filter(|septet| *septet != ESCAPE) {
            let text = decode_lossy(&[septet]);
            assert_eq!(encode(&text), Some(vec![septet]), "{septet:#04x}");
        }
        for (septet, character) in EXTENSION {
            assert_eq!(encode(&character.to_string()), Some(vec![ESCAPE, septet]));
            assert_eq!(decode_lossy(&[ESCAPE, septet]), character.to_string());
        }
    }

    #[test]
    fn characters_cost_one_septet_or_two_or_have_none() {
        for (character, expected) in [
            ('a', Some(1)),
            ('@', Some(1)),
            ('Ω', Some(1)),
            ('€', Some(2)),
            ('\u{0C}', Some(2)),
            ('[', Some(2)),
            ('Ç', Some(1)),
            ('ç', None),
            ('`', None),
            ('\t', None),
            ('\0', None),
            ('\u{1B}', None),
            ('\u{A0}', None),
            ('Α', None), // the Greek letter
            ('😀', None),
        ] {
            assert_eq!(septets(character).map(Septets::count), expected, "{character:?}");
        }
    }

    #[test]
    fn what_means_nothing_is_shown_as_such() {
        for (octets, expected) in [
            (&[0x41, 0x80, 0x42][..], "A\u{FFFD}B"),
            (&[0x1B, 0x41, 0x42], "\u{FFFD}B"),
            (&[0x1B, 0x1B, 0x65], "\u{FFFD}e"),
            (&[0x41, 0x1B], "A\u{FFFD}"),
            (&[], ""),
        ] {
            assert_eq!(decode_lossy(octets), expected);
        }
    }
}
