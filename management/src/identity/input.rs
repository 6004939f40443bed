//! Rules for e-mail addresses, names and passwords.

use tollgate_api::problem::Problem;
use tollgate_notifications::email_transport::is_email_address;
use zxcvbn::feedback::Feedback;
use zxcvbn::{Score, zxcvbn};

use crate::plain_text::check_line;

/// Length of a password in characters.
const PASSWORD_CHARACTERS_MIN: usize = 12;
const PASSWORD_CHARACTERS_MAX: usize = 128;
/// Lowest score of a password, of 0 to 4: at least 10^10 guesses by somebody who knows what people choose.
const PASSWORD_SCORE_MIN: Score = Score::Four;
/// Longest address, in octets (RFC 5321 §4.5.3.1.3, without the angle brackets).
const EMAIL_OCTETS_MAX: usize = 254;
/// A name in front of the @ that is shorter may be part of a password by chance.
const LOCAL_PART_OCTETS_MIN: usize = 4;
/// Characters of a name.
const NAME_CHARACTERS_MAX: usize = 200;

/// An address in the form that is kept: valid, ASCII, in lower case.
pub fn email(text: &str, field: &str) -> Result<String, Problem> {
    let text = text.trim();
    let is_valid = text.len() <= EMAIL_OCTETS_MAX
        && text.bytes().all(|octet| octet.is_ascii_graphic())
        && !text.contains(['"', '<', '>', ','])
        && is_email_address(text);
    if is_valid {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Problem::field(field, "is not an e-mail address such as ann@example.com"))
}

/// A name that people call somebody or something.
pub fn name(text: &str, field: &str) -> Result<String, Problem> {
    let text = text.trim();
    check_line(field, text, 1..=NAME_CHARACTERS_MAX).map(|()| text.to_owned())
}

/// Checks a password; the error names the rule that it breaks.
pub fn password(password: &str, email: &str, field: &str) -> Result<(), Problem> {
    let broken = broken_rule(password, email);
    broken.map_or(Ok(()), |rule| Err(Problem::field(field, rule)))
}

fn broken_rule(password: &str, email: &str) -> Option<String> {
    let count = password.chars().count();
    if count < PASSWORD_CHARACTERS_MIN {
        return Some(format!("is to have at least {PASSWORD_CHARACTERS_MIN} characters"));
    }
    if count > PASSWORD_CHARACTERS_MAX {
        return Some(format!("is to have at most {PASSWORD_CHARACTERS_MAX} characters"));
    }
    let lower = password.to_lowercase();
    let local_part = email.split('@').next().unwrap_or_default();
    if lower.contains(email) || local_part.len() >= LOCAL_PART_OCTETS_MIN && lower.contains(local_part) {
        return Some("is not to contain the e-mail address".to_owned());
    }
    let estimate = zxcvbn(password, &[email, local_part, "tollgate"]);
    if estimate.score() < PASSWORD_SCORE_MIN {
        let warning = estimate.feedback().and_then(Feedback::warning);
        let reason = warning.map(|warning| format!(": {warning}")).unwrap_or_default();
        return Some(format!("is too easy to guess{}", reason.trim_end_matches('.')));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        broken_rule(text, "ann.miller@example.com").unwrap_or_default()
    }

    #[test]
    fn each_rule_is_named_when_it_is_broken() {
        for (text, part) in [
            ("short-one-1", "at least 12"),
            (&"ab-cd-ef-gh-".repeat(11), "at most 128"),
            ("xx-Ann.Miller-77", "e-mail address"),
            ("123456789012", "easy to guess"),
            ("zyxwvutsrqpo", "easy to guess"),
            ("aaaaaaaabbbb", "easy to guess"),
            ("Password12345!", "easy to guess"),
            ("1qaz2wsx3edc", "easy to guess"),
            ("changeme!!!!2026", "easy to guess"),
        ] {
            assert!(message(text).contains(part), "{text}: {}", message(text));
        }
    }

    #[test]
    fn a_good_password_passes_in_any_script() {
        for text in [
            "a long enough 1 password",
            "correct horse 7 staple",
            "quiet-maple-drum-77",
            "brisk-otter-lamp-42",
            "Дождь стучит в окно",
            "correct horse battery",
            "7h!s_1s_f1ne_0k",
        ] {
            assert_eq!(message(text), "", "{text}");
        }
        // A name of two letters says nothing.
        assert_eq!(broken_rule("annual-report-lamp", "an@example.com"), None);
    }

    #[test]
    fn addresses_are_checked_and_put_into_lower_case() {
        assert_eq!(email(" Ann@Example.COM ", "email").unwrap(), "ann@example.com");
        for text in [
            "",
            "ann",
            "@example.com",
            "ann@",
            "a b@example.com",
            "ann@example.com\r\nBcc: x@y.z",
            "ä@example.com",
        ] {
            assert!(email(text, "email").is_err(), "{text:?}");
        }
        assert!(email(&format!("{}@example.com", "a".repeat(260)), "email").is_err());
    }
}
