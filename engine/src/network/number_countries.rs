//! The country of a number, whatever network it belongs to: operators of one country have numbers of others, as those of
//! Jersey, Guernsey and the Isle of Man have of one another.

use std::collections::{BTreeMap, HashMap};

/// The dense index of a country in one catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryId(pub u16);

/// Countries by the beginnings of numbers, the longest wins.
#[derive(Clone, Debug, Default)]
pub struct NumberCountries {
    by_prefix: HashMap<Box<[u8]>, CountryId>,
    digits_max: usize,
}

impl NumberCountries {
    /// From prefixes with their countries. Those that only repeat the country of a shorter one are left out.
    pub fn of(prefixes: BTreeMap<Box<[u8]>, CountryId>) -> Self {
        let mut countries = Self::default();
        // In this order a prefix comes behind those that it begins with.
        for (prefix, country) in prefixes {
            if countries.country(&prefix) != Some(country) {
                countries.digits_max = countries.digits_max.max(prefix.len());
                countries.by_prefix.insert(prefix, country);
            }
        }
        countries
    }

    /// The prefixes with their countries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], CountryId)> {
        self.by_prefix.iter().map(|(prefix, country)| (&**prefix, *country))
    }

    /// The country of a number, as its digits in international form.
    pub fn country(&self, digits: &[u8]) -> Option<CountryId> {
        let lengths = (1..=self.digits_max.min(digits.len())).rev();
        lengths
            .filter_map(|length| digits.get(..length))
            .find_map(|prefix| self.by_prefix.get(prefix))
            .copied()
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
        assert_eq!(countries.by_prefix.len(), 5);
    }
}
