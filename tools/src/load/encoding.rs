//! How a gateway puts a text into octets: GSM 03.38 with one septet per octet where the text allows it, UTF-16
//! elsewhere, and parts that cut no character in two.

use tollgate_engine::gsm7;

/// Characters of one text in one coding.
pub struct Encoded {
    coding: Coding,
    characters: Vec<Vec<u8>>,
}

#[derive(Clone, Copy)]
enum Coding {
    Gsm7,
    Ucs2,
}

impl Coding {
    const fn data_coding(self) -> u8 {
        match self {
            Self::Gsm7 => 0,
            Self::Ucs2 => 8,
        }
    }

    const fn octets_single(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 140,
        }
    }

    /// Beside a concatenation header of six octets, which are seven septets.
    const fn octets_part(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 134,
        }
    }
}

impl Encoded {
    /// GSM 03.38 if every character is in it, UTF-16 if not.
    pub fn new(text: &str) -> Self {
        let in_gsm7 = |character: char| gsm7::encode(character.encode_utf8(&mut [0; 4]));
        let septets: Option<Vec<_>> = text.chars().map(in_gsm7).collect();
        match septets {
            Some(characters) => Self { coding: Coding::Gsm7, characters },
            None => Self { coding: Coding::Ucs2, characters: text.chars().map(utf16_octets).collect() },
        }
    }

    /// The value for the field of this name (SMPP 3.4 §5.2.19).
    pub const fn data_coding(&self) -> u8 {
        self.coding.data_coding()
    }

    /// The whole text.
    pub fn octets(&self) -> Vec<u8> {
        self.characters.concat()
    }

    /// Whether the text fits into one message.
    pub fn is_single(&self) -> bool {
        self.characters.iter().map(Vec::len).sum::<usize>() <= self.coding.octets_single()
    }

    /// The text cut into as few parts as hold it, each with room for a concatenation header.
    pub fn parts(&self) -> Vec<Vec<u8>> {
        let mut parts = vec![Vec::new()];
        for character in &self.characters {
            match parts.last_mut() {
                Some(part) if part.len() + character.len() <= self.coding.octets_part() => {
                    part.extend(character);
                }
                _ => parts.push(character.clone()),
            }
        }
        parts
    }
}

fn utf16_octets(character: char) -> Vec<u8> {
    let mut units = [0; 2];
    character.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part_lengths(text: &str) -> Vec<usize> {
        Encoded::new(text).parts().iter().map(Vec::len).collect()
    }

    #[test]
    fn coding_follows_from_the_characters() {
        assert_eq!(Encoded::new("Hello [€]").octets(), b"Hello \x1b<\x1be\x1b>");
        assert_eq!(Encoded::new("Hello").data_coding(), 0);
        assert_eq!(Encoded::new("Здравствуйте").data_coding(), 8);
        assert_eq!(Encoded::new("é😀ę").octets(), [0, 0xE9, 0xD8, 0x3D, 0xDE, 0x00, 0x01, 0x19]);
    }

    #[test]
    fn a_text_is_single_up_to_160_septets_or_70_units() {
        assert!(Encoded::new(&"a".repeat(160)).is_single());
        assert!(!Encoded::new(&"a".repeat(161)).is_single());
        assert!(Encoded::new(&"я".repeat(70)).is_single());
        assert!(!Encoded::new(&"я".repeat(71)).is_single());
    }

    #[test]
    fn no_part_begins_or_ends_inside_a_character() {
        assert_eq!(part_lengths(&"a".repeat(306)), [153, 153]);
        assert_eq!(part_lengths(&format!("{}€{}", "a".repeat(152), "b".repeat(152))), [152, 153, 1]);
        assert_eq!(part_lengths(&format!("{}😀{}", "я".repeat(66), "я".repeat(10))), [132, 24]);
    }
}
