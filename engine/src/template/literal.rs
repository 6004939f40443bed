//! A run of fixed characters in a template, and where it stands in a text.

/// Fixed characters, made ready to be searched for in one pass (Knuth, Morris and Pratt).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    characters: Box<[char]>,
    /// For each character how many of the first ones are also the last ones up to it, itself not among the
    /// first.
    borders: Box<[usize]>,
}

impl Literal {
    pub(super) fn new(characters: Vec<char>) -> Self {
        let mut literal = Self { characters: characters.into(), borders: Box::default() };
        let mut borders: Vec<usize> = Vec::with_capacity(literal.len());
        for (at, character) in literal.characters.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|before| borders.get(before)).copied();
            let border = before.map_or(0, |matched| literal.advance(&borders, matched, *character));
            borders.push(border);
        }
        literal.borders = borders.into();
        literal
    }

    pub(super) fn len(&self) -> usize {
        self.characters.len()
    }

    pub(super) fn is(&self, text: &[char]) -> bool {
        *text == *self.characters
    }

    pub(super) fn begins(&self, text: &[char]) -> bool {
        text.starts_with(&self.characters)
    }

    pub(super) fn ends(&self, text: &[char]) -> bool {
        text.ends_with(&self.characters)
    }

    /// Every place where it stands in `text`, in ascending order, overlapping ones too. An empty one stands
    /// nowhere.
    pub(super) fn starts<'a>(&'a self, text: &'a [char]) -> impl Iterator<Item = usize> + 'a {
        let mut matched = 0;
        text.iter().enumerate().filter_map(move |(at, character)| {
            matched = self.advance(&self.borders, matched, *character);
            let complete = matched > 0 && matched == self.len();
            complete.then(|| at + 1 - matched)
        })
    }

    /// The number of its first characters that stand at the end of a text, where `matched` did before
    /// `character` came.
    fn advance(&self, borders: &[usize], mut matched: usize, character: char) -> usize {
        loop {
            if self.characters.get(matched) == Some(&character) {
                return matched + 1;
            }
            let shorter = matched.checked_sub(1).and_then(|before| borders.get(before));
            match shorter {
                Some(border) => matched = *border,
                None => return 0,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(literal: &str, text: &str) -> Vec<usize> {
        let text: Vec<char> = text.chars().collect();
        Literal::new(literal.chars().collect()).starts(&text).collect()
    }

    #[test]
    fn every_place_is_found_overlapping_ones_too() {
        for (literal, text, expected) in [
            ("aa", "aaaa", &[0, 1, 2][..]),
            ("abab", "abababcabab", &[0, 2, 7]),
            ("aab", "aaaab", &[2]),
            ("aabaaaab", "aabaabaaaab", &[3]),
            ("é€", "xé€é€", &[1, 3]),
            ("x", "", &[]),
            ("long", "lon", &[]),
            ("", "abc", &[]),
        ] {
            assert_eq!(starts(literal, text), expected, "{literal:?} in {text:?}");
        }
    }
}
