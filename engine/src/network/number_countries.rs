//! The country of a number, whatever network it belongs to: operators of one country have numbers of others, as those of
//! Jersey, Guernsey and the Isle of Man have of one another.

use std::collections::BTreeMap;

use crate::digit_trie::DigitTrie;

/// The dense index of a country in one catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryId(pub u16);

/// Countries by the beginnings of numbers, the longest wins.
#[derive(Clone, Debug, Default)]
pub struct NumberCountries {
    /// Ascending by prefix.
    rows: Vec<(Box<[u8]>, CountryId)>,
    trie: DigitTrie<CountryId>,
}

impl NumberCountries {
    /// From prefixes with their countries. Those that only repeat the country of a shorter one are left out.
    pub fn of(prefixes: BTreeMap<Box<[u8]>, CountryId>) -> Self {
        let all = DigitTrie::of(prefixes.iter().map(|(prefix, country)| (&**prefix, *country)));
        let rows: Vec<_> = prefixes
            .into_iter()
            .filter(|(prefix, country)| {
                let shorter = prefix.split_last().and_then(|(_, shorter)| all.longest(shorter));
                shorter != Some(*country)
            })
            .collect();
        let trie = DigitTrie::of(rows.iter().map(|(prefix, country)| (&**prefix, *country)));
        Self { rows, trie }
    }

    /// The prefixes with their countries, ascending by prefix.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], CountryId)> {
        self.rows.iter().map(|(prefix, country)| (&**prefix, *country))
    }

    /// The country of a number, as its digits in international form.
    pub fn country(&self, digits: &[u8]) -> Option<CountryId> {
        self.trie.longest(digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_decides_and_repetitions_are_left_out() {
        let prefixes = [("44", 1), ("4477003", 2), ("44770031", 1), ("447911", 1), ("7", 3), ("77", 4)];
        let prefixes = prefixes.map(|(prefix, country)| (prefix.as_bytes().into(), CountryId(country)));
        let countries = NumberCountries::of(BTreeMap::from(prefixes));
        for (number, country) in [
            ("447700900123", Some(1)),
            ("447700300123", Some(2)),
            ("447700310123", Some(1)),
            ("79161234567", Some(3)),
            ("77011234567", Some(4)),
            ("254722000001", None),
            ("", None),
        ] {
            assert_eq!(countries.country(number.as_bytes()), country.map(CountryId), "{number}");
        }
        assert_eq!(countries.rows.len(), 5);
    }
}
