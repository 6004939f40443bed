//! "Did you mean": the known word nearest to one that is not known.

use strsim::osa_distance;

use super::texts::quoted;

/// Says that there is no thing of that name, and which could have been meant.
pub fn no_such<'a>(kind: &str, written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(written, known) {
        Some(word) => format!("there is no {kind} {}; did you mean `{word}`?", quoted(written)),
        None => format!("there is no {kind} {}", quoted(written)),
    }
}

/// Says of a key or a column that it is not known, and what could have been meant.
pub fn unknown(kind: &str, written: &str, known: &[&str]) -> String {
    match nearest(written, known.iter().copied()) {
        Some(word) => format!("unknown {kind}; did you mean `{word}`?"),
        None => format!("unknown {kind}; known here: {}", known.join(", ")),
    }
}

/// The known word that the written one was probably meant to be: at most a third of its letters, and at least
/// one, are wrong, missing, too many or swapped with their neighbour.
fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = written.chars().take(LONGEST + 1).count();
    if length > LONGEST {
        return None;
    }
    let allowed = (length / 3).max(1);
    known
        .into_iter()
        .map(|word| (osa_distance(written, word), word))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, word)| word)
}

/// No word that is known is longer. It bounds the work for one that is not.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_understood() {
        let known = ["window", "listen", "max_pdu_bytes", "max_connections", "tls_key"];
        for (written, expected) in [
            ("windw", Some("window")),
            ("widnow", Some("window")),
            ("Window", Some("window")),
            ("max_pdu_size", Some("max_pdu_bytes")),
            ("max_conections", Some("max_connections")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, known), expected, "{written}");
        }
        assert_eq!(nearest(&"w".repeat(1_000_000), known), None);
    }
}
