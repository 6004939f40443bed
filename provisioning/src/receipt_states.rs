//! The words that an operator has for the states of messages, where they differ from those of the field.

use std::collections::BTreeMap;

use tollgate_engine::settlement::ReceiptState;

use crate::bounds::link::{RECEIPT_WORD, RECEIPT_WORDS};
use crate::read::texts::{Parsed, quoted};

/// States by an operator's own words, in capital letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptStates(BTreeMap<Box<str>, ReceiptState>);

impl ReceiptStates {
    /// Adds a word, which counts in capital and small letters.
    pub fn insert(&mut self, word: &str, state: ReceiptState) -> Parsed<()> {
        let is_word = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b':' | b',' | b';' | b'|');
        if !(1..=RECEIPT_WORD).contains(&word.len()) || !word.bytes().all(is_word) {
            return Err(format!(
                "{} is not a word of a receipt: 1 to {RECEIPT_WORD} visible ASCII characters without blanks, commas and \
                 colons",
                quoted(word)
            ));
        }
        if self.0.insert(word.to_ascii_uppercase().into(), state).is_some() {
            return Err(format!("{} is there twice", quoted(word)));
        }
        if self.0.len() > RECEIPT_WORDS {
            return Err(format!("has more than {RECEIPT_WORDS} words"));
        }
        Ok(())
    }

    /// The state that a word stands for with this operator.
    pub fn of_word(&self, word: &[u8]) -> Option<ReceiptState> {
        if self.0.is_empty() {
            return None;
        }
        let word = std::str::from_utf8(word).ok()?.to_ascii_uppercase();
        self.0.get(word.as_str()).copied()
    }

    /// The words with their states, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, ReceiptState)> {
        self.0.iter().map(|(word, state)| (&**word, *state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_in_capital_and_small_letters() {
        let mut states = ReceiptStates::default();
        states.insert("Absent_Sub", ReceiptState::Undeliverable).unwrap();
        states.insert("10", ReceiptState::Enroute).unwrap();
        assert_eq!(states.of_word(b"ABSENT_SUB"), Some(ReceiptState::Undeliverable));
        assert_eq!(states.of_word(b"absent_sub"), Some(ReceiptState::Undeliverable));
        assert_eq!(states.of_word(b"ABSENT"), None);
        assert_eq!(states.of_word(b"\xFF"), None);
        assert!(states.insert("ABSENT_SUB", ReceiptState::Delivered).is_err());
    }

    #[test]
    fn what_cannot_stand_in_a_receipt_is_refused() {
        let long = "A".repeat(RECEIPT_WORD + 1);
        for word in ["", "two words", "a:b", "\u{e9}", long.as_str()] {
            assert!(ReceiptStates::default().insert(word, ReceiptState::Delivered).is_err(), "{word}");
        }
        let mut states = ReceiptStates::default();
        for number in 0..RECEIPT_WORDS {
            states.insert(&number.to_string(), ReceiptState::Delivered).unwrap();
        }
        assert!(states.insert("more", ReceiptState::Delivered).is_err());
    }
}
