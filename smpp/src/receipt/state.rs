//! The states of a message: the standard's numbers, and the words that receipts have for them.

use super::number::small_number;

/// The words that we write, by number (SMPP 3.4 Appendix B; the first and the last are from 5.0).
const WORDS: [&str; 10] = [
    "SCHEDLD", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD",
    "SKIPPED",
];

/// Other words that message centres have for them.
const OTHER_WORDS: [(&[u8], u8); 10] = [
    (b"SCHEDULED", 0),
    (b"EN_ROUTE", 1),
    (b"BUFFRED", 1),
    (b"DELIVERED", 2),
    (b"DELIVRE", 2),
    (b"UNDELIVERABLE", 5),
    (b"UNDELIVERED", 5),
    (b"UNDELIVRD", 5),
    (b"ACCEPTED", 6),
    (b"REJECTED", 8),
];

const UNKNOWN: &str = "UNKNOWN";

/// The word for a state; one for a number that the standard does not have.
pub fn word(state: u8) -> &'static str {
    WORDS.get(usize::from(state)).copied().unwrap_or(UNKNOWN)
}

/// The state that a word stands for, in upper or lower case. Some write the number.
pub(super) fn of_word(word: &[u8]) -> Option<u8> {
    let numbered = WORDS.iter().zip(0_u8..);
    let ours = numbered.clone().find(|(ours, _)| ours.as_bytes().eq_ignore_ascii_case(word));
    let other = || OTHER_WORDS.iter().find(|(other, _)| other.eq_ignore_ascii_case(word));
    let digit = || match word {
        [digit @ b'0'..=b'9'] => Some(digit - b'0'),
        _ => None,
    };
    ours.map(|(_, state)| state).or_else(|| other().map(|(_, state)| *state)).or_else(digit)
}

/// The state that a message_state parameter holds.
pub fn of_parameter(value: &[u8]) -> Option<u8> {
    let number = small_number(value).filter(|number| (*number as usize) < WORDS.len())?;
    u8::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_ours_is_read_back() {
        for state in 0..10 {
            assert_eq!(of_word(word(state).as_bytes()), Some(state));
            assert_eq!(word(state).len(), 7, "as wide as the standard's column");
        }
        assert_eq!(word(10), "UNKNOWN");
    }

    #[test]
    fn words_of_others_are_known_and_no_more() {
        for (word, state) in [("delivered", Some(2)), ("Undeliverable", Some(5)), ("8", Some(8)), ("", None)]
        {
            assert_eq!(of_word(word.as_bytes()), state, "{word}");
        }
        for word in ["DELIVR", "10", "D", "FAILED?"] {
            assert_eq!(of_word(word.as_bytes()), None, "{word}");
        }
    }
}
