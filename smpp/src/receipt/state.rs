//! The states of a message: the standard's numbers, and the words that receipts have for them.

use super::number::small_number;

/// The words that we write, by number (SMPP 3.4 Appendix B; the first and the last are from 5.0).
const WORDS: [&str; 10] = [
    "SCHEDLD", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD",
    "SKIPPED",
];

/// Words that message centres have for them, in full. Cut or misspelt ones are told by how they begin.
const KNOWN_WORDS: [(&[u8], u8); 39] = [
    (b"SCHEDULED", 0),
    (b"SCHEDLD", 0),
    (b"ENROUTE", 1),
    (b"BUFFERED", 1),
    (b"BUFFRED", 1),
    (b"PENDING", 1),
    (b"SENT", 1),
    (b"SUBMITTED", 1),
    (b"SUBMITD", 1),
    (b"QUEUED", 1),
    (b"ENQUEUED", 1),
    (b"PROCESSING", 1),
    (b"WAITING", 1),
    (b"DELIVERED", 2),
    (b"DELIVRD", 2),
    (b"DELIVRED", 2),
    (b"DELIVERD", 2),
    (b"DLVRD", 2),
    (b"READ", 2),
    (b"EXPIRED", 3),
    (b"DELETED", 4),
    (b"CANCELLED", 4),
    (b"CANCELED", 4),
    (b"UNDELIVERABLE", 5),
    (b"UNDELIVERED", 5),
    (b"UNDELIV", 5),
    (b"UNDELIVRD", 5),
    (b"UNDLVRD", 5),
    (b"NOTDELIVERED", 5),
    (b"FAILED", 5),
    (b"FAILURE", 5),
    (b"ACCEPTED", 6),
    (b"ACCEPTD", 6),
    (b"ACKED", 6),
    (b"UNKNOWN", 7),
    (b"REJECTED", 8),
    (b"REJECTD", 8),
    (b"SKIPPED", 9),
    (b"SKIPD", 9),
];

/// Letters that a cut word has left at least. No two states have words that begin with the same four.
const LETTERS_MIN: usize = 4;
/// Letters of the longest known word, and a few more.
const LETTERS_MAX: usize = 16;
/// Digits of a state that is written as a number, zeros in front included.
const DIGITS_MAX: usize = 3;

const UNKNOWN: &str = "UNKNOWN";

/// The word for a state; one for a number that the standard does not have.
pub fn word(state: u8) -> &'static str {
    WORDS.get(usize::from(state)).copied().unwrap_or(UNKNOWN)
}

/// The state that a word stands for, in upper or lower case, in full or cut. Some write the number.
pub(super) fn of_word(word: &[u8]) -> Option<u8> {
    if !word.is_empty() && word.len() <= DIGITS_MAX && word.iter().all(u8::is_ascii_digit) {
        let number = word.iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'));
        return u8::try_from(number).ok().filter(|number| usize::from(*number) < WORDS.len());
    }
    let mut letters = [0; LETTERS_MAX];
    let mut length = 0;
    for octet in word.iter().filter(|octet| !matches!(octet, b'_' | b'-' | b'.')) {
        *letters.get_mut(length)? = octet.to_ascii_uppercase();
        length += 1;
    }
    let letters = letters.get(..length).unwrap_or_default();
    let whole = KNOWN_WORDS.iter().find(|(known, _)| *known == letters);
    let cut = || KNOWN_WORDS.iter().find(|(known, _)| length >= LETTERS_MIN && known.starts_with(letters));
    whole.or_else(cut).map(|(_, state)| *state)
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
    fn words_of_others_are_known_in_full_and_cut() {
        for (words, state) in [
            ("scheduled SCHED", 0),
            ("En_Route ENROUTE Pending BUFFERED buffred SENT SUBMITD QUEUED PEND 1 001", 1),
            ("delivered DELIVR DELIV DELIVRD DELIVERD dlvrd READ 2 02", 2),
            ("EXPIRED expire EXPI 3", 3),
            ("DELETED Delet canceled", 4),
            ("Undeliverable UNDELIVERABL UNDELIVERED undeliv UNDELIVRD FAILED failed FAIL failure 5", 5),
            ("ACCEPTED acceptd ACCEPT 6", 6),
            ("UNKNOWN unknow 7", 7),
            ("rejected REJECTD REJECT 8", 8),
            ("SKIPPED skipped 9", 9),
        ] {
            for word in words.split(' ') {
                assert_eq!(of_word(word.as_bytes()), Some(state), "{word}");
            }
        }
    }

    #[test]
    fn what_is_no_word_of_the_field_is_not_guessed() {
        for word in
            ["", "10", "0002", "D", "DEL", "UND", "FAILED?", "GREAT", "DELIVRDX", "NOROUTE", "-", "000000002"]
        {
            assert_eq!(of_word(word.as_bytes()), None, "{word}");
        }
        assert_eq!(of_word(&[b'A'; 1000]), None);
    }

    #[test]
    fn no_two_states_have_words_that_begin_alike() {
        for (one, state) in KNOWN_WORDS {
            for (other, of_other) in KNOWN_WORDS {
                assert!(state == of_other || one[..LETTERS_MIN] != other[..LETTERS_MIN]);
            }
            assert!(one.len() <= LETTERS_MAX);
        }
    }
}
