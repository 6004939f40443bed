//! "Did you mean": the known word nearest to one that is not known.

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

/// The known word that the written one was probably meant to be: at most a third of its letters, and at least one,
/// are wrong, missing, too many or swapped with their neighbour.
fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = written.chars().take(LONGEST + 1).collect();
    if written.len() > LONGEST {
        return None;
    }
    let allowed = (written.len() / 3).max(1);
    known
        .into_iter()
        .map(|word| (distance(&written, &word.chars().collect::<Vec<_>>()), word))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, word)| word)
}

/// No word that is known is longer; it bounds the work for one that is not.
const LONGEST: usize = 64;

/// Edits between two words (optimal string alignment).
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in to.iter().enumerate() {
            let substituted = last[column] + usize::from(letter != other);
            let mut best = substituted.min(last[column + 1] + 1).min(current[column] + 1);
            let swapped = row > 0 && column > 0 && *letter == to[column - 1] && from[row - 1] == *other;
            if swapped {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or(0)
}

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
