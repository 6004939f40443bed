//! Texts that people write for people: names, references, reasons. They go to terminals, spreadsheets, mails and logs, so that no
//! character in them may steer what shows them, or hide or turn round what stands beside them.

use std::ops::RangeInclusive;

use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;

/// Refuses a text that is not one line of so many characters.
pub fn check_line(field: &str, text: &str, characters: RangeInclusive<usize>) -> Answer<()> {
    if text.chars().any(steers) {
        return Err(Problem::field(field, "must be one line without control characters"));
    }
    check_length(field, text, characters)
}

/// Refuses a text that has not so many characters, or others than lines are made of.
pub fn check_lines(field: &str, text: &str, characters: RangeInclusive<usize>) -> Answer<()> {
    if text.chars().any(|character| steers(character) && !matches!(character, '\n' | '\r' | '\t')) {
        return Err(Problem::field(field, "must have no control characters but line breaks and tabs"));
    }
    check_length(field, text, characters)
}

fn check_length(field: &str, text: &str, characters: RangeInclusive<usize>) -> Answer<()> {
    if characters.contains(&text.chars().count()) {
        return Ok(());
    }
    let (least, most) = characters.into_inner();
    Err(Problem::field(field, format!("must have {least} to {most} characters")))
}

/// True for control characters, line separators, and those that turn the direction of what follows (Unicode TR 36, 3.2).
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_character_that_steers() {
        for text in ["Ann", "INV-2026/4711", "Zoë & Søn", "مرحبا", "日本", "a\u{200d}b", "=1+1"] {
            assert!(check_line("name", text, 1..=20).is_ok(), "{text}");
        }
        for text in [
            "a\nb",
            "a\rb",
            "a\tb",
            "\0",
            "\u{1b}[2J",
            "\u{7f}",
            "\u{9b}2J",
            "\u{202e}txt",
            "\u{2066}",
            "\u{2028}",
        ] {
            let refused = check_line("name", text, 1..=20).unwrap_err();
            assert_eq!(refused.errors[0].field, "name", "{text:?}");
        }
        assert!(check_line("name", "", 1..=20).is_err() && check_line("name", "", 0..=20).is_ok());
        assert!(check_line("name", &"é".repeat(20), 1..=20).is_ok());
        assert!(check_line("name", &"é".repeat(21), 1..=20).is_err());
    }

    #[test]
    fn lines_may_break() {
        assert!(check_lines("reason", "one\r\n\ttwo\n", 1..=20).is_ok());
        for text in ["\0", "\u{1b}[2J", "\u{202e}"] {
            assert!(check_lines("reason", text, 1..=20).is_err(), "{text:?}");
        }
    }
}
