//! The fields of a receipt's text, by their names.
//!
//! A field begins with a name and a colon and ends where the next name begins, so that nothing hangs on
//! spaces, order or lengths. The first of two fields with one name counts. `text:` holds the message's own
//! words, which may look like anything: once the id and the state are known, nothing behind it is read. Some
//! message centres write the state without a name, between or behind other fields.

use super::state;

/// Letters of a word that may be a state without a name in front of it.
const LOOSE_LETTERS: std::ops::RangeInclusive<usize> = 4..=16;

/// Octets of a date, a state or an error that are kept.
const VALUE_LENGTH_MAX: usize = 32;

/// The fields of a text, borrowed from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextFields<'a> {
    /// The message centre's id of the message.
    pub id: Option<&'a [u8]>,
    pub(super) sub: Option<u32>,
    pub(super) dlvrd: Option<u32>,
    pub(super) submitted: Option<&'a [u8]>,
    pub(super) done: Option<&'a [u8]>,
    pub(super) stat: Option<&'a [u8]>,
    pub(super) err: Option<&'a [u8]>,
    /// A word behind the value of another field, which is the state where no field has it.
    loose: Option<&'a [u8]>,
    /// True if the text begins with the id.
    id_is_first: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Id,
    Sub,
    Dlvrd,
    Submitted,
    Done,
    Stat,
    Err,
    Text,
}

/// The longer of two names with the same end first.
const NAMES: [(&[u8], Name); 14] = [
    (b"submit date", Name::Submitted),
    (b"submit_date", Name::Submitted),
    (b"submitdate", Name::Submitted),
    (b"done date", Name::Done),
    (b"done_date", Name::Done),
    (b"donedate", Name::Done),
    (b"dlvrd", Name::Dlvrd),
    (b"status", Name::Stat),
    (b"state", Name::Stat),
    (b"stat", Name::Stat),
    (b"text", Name::Text),
    (b"sub", Name::Sub),
    (b"err", Name::Err),
    (b"id", Name::Id),
];

impl<'a> TextFields<'a> {
    /// Finds the fields in a text.
    pub fn read(text: &'a [u8]) -> Self {
        let mut fields = Self::default();
        let mut open: Option<(Name, usize)> = None;
        let colons = text.iter().enumerate().filter(|(_, octet)| **octet == b':').map(|(place, _)| place);
        for colon in colons {
            let Some((name, begin)) = text.get(..colon).and_then(name_at_end) else {
                continue;
            };
            match open {
                Some((open, from)) => fields.set(open, text.get(from..begin)),
                None => fields.id_is_first = name == Name::Id && text.get(..begin).is_some_and(is_blank),
            }
            if name == Name::Text && fields.id.is_some() && fields.word().is_some() {
                return fields;
            }
            open = Some((name, colon + 1));
        }
        if let Some((open, from)) = open {
            fields.set(open, text.get(from..));
        }
        fields
    }

    /// The word that tells the state, known or not.
    pub fn word(&self) -> Option<&'a [u8]> {
        self.stat.or(self.loose)
    }

    /// True if nobody would write this but a message centre about a message: it begins with the id and has
    /// a known state, or any word for it beside a date.
    pub(crate) fn are_unmistakable(&self) -> bool {
        let is_dated = self.done.is_some() || self.submitted.is_some();
        let has_state = self.state().is_some() || (is_dated && self.word().is_some());
        self.id_is_first && self.id.is_some() && has_state
    }

    /// The standard's number of the state, where the text has a known word for it.
    pub fn state(&self) -> Option<u8> {
        self.word().and_then(state::of_word)
    }

    /// Cuts a word that may be the state off a value.
    fn take_loose(&mut self, value: &'a [u8]) -> &'a [u8] {
        let Some((at, word)) = loose_word(value) else { return value };
        let is_known = |word: &[u8]| state::of_word(word).is_some();
        if self.loose.is_none_or(|loose| is_known(word) && !is_known(loose)) {
            self.loose = Some(word);
        }
        value.get(..at).map_or(value, without_blanks)
    }

    fn set(&mut self, name: Name, value: Option<&'a [u8]>) {
        let value = value.map(without_blanks).filter(|value| !value.is_empty());
        let value = if matches!(name, Name::Stat | Name::Text) {
            value
        } else {
            value.map(|value| self.take_loose(value))
        };
        let first_word = value.and_then(first_word);
        match name {
            Name::Id => self.id = self.id.or(first_word),
            Name::Sub => self.sub = self.sub.or(first_word.and_then(number)),
            Name::Dlvrd => self.dlvrd = self.dlvrd.or(first_word.and_then(number)),
            Name::Submitted => self.submitted = self.submitted.or(value.map(short)),
            Name::Done => self.done = self.done.or(value.map(short)),
            Name::Stat => self.stat = self.stat.or(first_word.map(short)),
            Name::Err => self.err = self.err.or(first_word.map(short)),
            Name::Text => {}
        }
    }
}

/// The place of the first word behind the first one that may be a state: one that is known, or else letters only.
fn loose_word(value: &[u8]) -> Option<(usize, &[u8])> {
    let mut at = 0;
    let mut words = Vec::new();
    for word in value.split(|octet| is_separator(*octet)) {
        let is_word = LOOSE_LETTERS.contains(&word.len())
            && word.iter().all(|octet| octet.is_ascii_alphabetic() || *octet == b'_');
        if at > 0 && is_word {
            words.push((at, word));
        }
        at += word.len() + 1;
    }
    let known = words.iter().find(|(_, word)| state::of_word(word).is_some());
    known.or(words.first()).copied()
}

/// The name that `text` ends with, as a word of its own, and where it begins.
fn name_at_end(text: &[u8]) -> Option<(Name, usize)> {
    NAMES.iter().find_map(|(letters, name)| {
        let begin = text.len().checked_sub(letters.len())?;
        let (before, end) = text.split_at_checked(begin)?;
        let is_word = !before.last().is_some_and(|octet| octet.is_ascii_alphanumeric() || *octet == b'_');
        (end.eq_ignore_ascii_case(letters) && is_word).then_some((*name, begin))
    })
}

/// Spaces, NULs, and the commas and the like that some put between fields.
fn is_separator(octet: u8) -> bool {
    octet.is_ascii_whitespace() || matches!(octet, 0 | b',' | b';' | b'|')
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(|octet| is_separator(*octet))
}

fn without_blanks(mut value: &[u8]) -> &[u8] {
    while let Some((_, rest)) = value.split_first().filter(|(first, _)| is_separator(**first)) {
        value = rest;
    }
    while let Some((_, rest)) = value.split_last().filter(|(last, _)| is_separator(**last)) {
        value = rest;
    }
    value
}

fn first_word(value: &[u8]) -> Option<&[u8]> {
    value.split(|octet| is_separator(*octet)).next()
}

fn short(value: &[u8]) -> &[u8] {
    value.get(..VALUE_LENGTH_MAX).unwrap_or(value)
}

fn number(word: &[u8]) -> Option<u32> {
    let digits =
        std::str::from_utf8(word).ok().filter(|word| word.bytes().all(|octet| octet.is_ascii_digit()));
    digits?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: Option<&[u8]>) -> &str {
        value.map_or("-", |value| std::str::from_utf8(value).unwrap())
    }

    fn read(receipt: &str) -> String {
        let fields = TextFields::read(receipt.as_bytes());
        let numbers = [fields.sub, fields.dlvrd].map(|number| number.map_or(-1, i64::from));
        let texts = [fields.id, fields.submitted, fields.done, fields.stat, fields.err].map(text);
        format!("{} {numbers:?}", texts.join("|"))
    }

    #[test]
    fn fields_go_by_their_names() {
        let whole =
            "id:7 sub:001 dlvrd:002 submit date:2611210000 done date:2611210001 stat:DELIVRD err:000 text:Hi";
        let expected = "7|2611210000|2611210001|DELIVRD|000 [1, 2]";
        assert_eq!(read(whole), expected);
        assert_eq!(read(&whole.to_uppercase()), expected);
        assert_eq!(read(&whole.replace(" date", "date").replace("text", "Text")), expected);
        assert_eq!(read(&whole.replace(' ', "  ").replace("  date", " date")), expected);
        assert_eq!(read(&whole.replace(':', ": ")), expected);
        assert_eq!(read(&whole.replace(' ', "\r\n").replace("\r\ndate", " date")), expected);
        assert_eq!(read(&whole.replace(' ', ", ").replace(", date", " date")), expected);
        assert_eq!(
            read(
                "text:Hi stat:DELIVRD done date:2611210001 err:000 submit date:2611210000 dlvrd:002 sub:001 id:7"
            ),
            expected,
            "in any order"
        );
    }

    #[test]
    fn empty_and_missing_fields_are_none() {
        assert_eq!(
            read("id:7 sub: dlvrd: submit date: done date: stat:DELIVRD err: text:"),
            "7|-|-|DELIVRD|- [-1, -1]"
        );
        assert_eq!(read("id:7 stat:DELIVRD"), "7|-|-|DELIVRD|- [-1, -1]");
        assert_eq!(read("id: id:8 sub:x dlvrd:-1 stat:?"), "8|-|-|?|- [-1, -1]");
        assert_eq!(read(""), "-|-|-|-|- [-1, -1]");
        assert_eq!(read(":::"), "-|-|-|-|- [-1, -1]");
    }

    #[test]
    fn a_state_needs_no_name() {
        for (text, expected) in [
            (
                "id:B2 sub:001 dlvrd:001 submit date:180903120815 done date:180903120816 DELIVRD err:000",
                "DELIVRD",
            ),
            ("id:B2 done date:180903120816 UNDELIV err:021 text:stat:DELIVRD", "UNDELIV"),
            ("id:B2 done date:180903120816 ODDWORD err:000", "ODDWORD"),
            ("id:B2 REJECTD done date:180903120816 err:000", "REJECTD"),
            ("id:B2 done date:180903120816 err:000 expired", "expired"),
            ("id:B2 done date:180903120816 DELIVRD stat:REJECTD", "REJECTD"),
            ("id:B2 done date:180903120816 status:FAILED", "FAILED"),
            ("id:B2 done date:180903120816 state:5", "5"),
        ] {
            let fields = TextFields::read(text.as_bytes());
            let [word, done] = [fields.word(), fields.done].map(self::text);
            assert_eq!((word, done), (expected, "180903120816"), "{text}");
        }
        assert_eq!(
            read("id:7 done date:26 Nov 29 21:15 stat:DELIVRD"),
            "7|-|26 Nov 29 21:15|DELIVRD|- [-1, -1]"
        );
    }

    #[test]
    fn the_words_of_the_message_are_not_read() {
        assert_eq!(read("id:7 stat:UNDELIV text:id:8 sub:9 err:5 stat:DELIVRD"), "7|-|-|UNDELIV|- [-1, -1]");
    }

    #[test]
    fn a_name_inside_a_word_is_no_name() {
        assert_eq!(read("paid:7 message_id:8 substat:DELIVRD"), "-|-|-|-|- [-1, -1]");
        assert_eq!(read("id:7 submit date:10:15:00 stat:DELIVRD"), "7|10:15:00|-|DELIVRD|- [-1, -1]");
    }

    #[test]
    fn only_a_text_that_begins_with_the_id_and_has_a_state_is_unmistakable() {
        for (text, unmistakable) in [
            ("id:7 stat:DELIVRD", true),
            ("  ID:7 sub:001 STAT:delivrd", true),
            ("id:7 stat:GREAT", false),
            ("id:7 done date:2611210001 stat:GREAT", true),
            ("id:7", false),
            ("my id:7 stat:DELIVRD", false),
            ("stat:DELIVRD id:7", false),
            ("id: stat:DELIVRD", false),
        ] {
            assert_eq!(TextFields::read(text.as_bytes()).are_unmistakable(), unmistakable, "{text}");
        }
    }
}
