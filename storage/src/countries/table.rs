//! The countries of numbers by their beginnings, of which the longest decides, as they are kept.

use std::fmt;

use tollgate_engine::country::CountryCode;
use tollgate_engine::digit_trie::DigitTrie;

use crate::codec::{Reader, put_bytes};

/// Countries by the beginnings of numbers.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CountryTable {
    /// Ascending by prefix.
    rows: Vec<(Box<[u8]>, CountryCode)>,
    trie: DigitTrie<CountryCode>,
}

// Hundreds of prefixes say little.
impl fmt::Debug for CountryTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountryTable").field("prefixes", &self.rows.len()).finish_non_exhaustive()
    }
}

impl CountryTable {
    /// From prefixes with the codes of their countries. What is no prefix or no code is left out.
    pub fn of<'a>(rows: impl IntoIterator<Item = (&'a [u8], &'a str)>) -> Self {
        let rows = rows.into_iter().filter_map(|(prefix, country)| {
            let is_prefix = !prefix.is_empty() && prefix.iter().all(u8::is_ascii_digit);
            is_prefix.then_some((prefix.into(), CountryCode::new(country)?))
        });
        Self::build(rows.collect())
    }

    fn build(mut rows: Vec<(Box<[u8]>, CountryCode)>) -> Self {
        rows.sort_unstable();
        let trie = DigitTrie::of(rows.iter().map(|(prefix, country)| (&**prefix, *country)));
        Self { rows, trie }
    }

    /// The country of a number, as its digits in international form.
    pub fn country(&self, digits: &[u8]) -> Option<CountryCode> {
        self.trie.longest(digits)
    }

    /// As it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (prefix, country) in &self.rows {
            put_bytes(&mut out, prefix);
            out.extend_from_slice(&country.to_bytes());
        }
        out
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (mut reader, mut rows) = (Reader(bytes), Vec::new());
        while !reader.is_empty() {
            let prefix = reader.bytes().filter(|prefix| prefix.iter().all(u8::is_ascii_digit))?;
            rows.push((prefix.into(), CountryCode::from_bytes(reader.take(2)?.try_into().ok()?)?));
        }
        Some(Self::build(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> CountryTable {
        let rows =
            [("44", "GB"), ("4477003", "JE"), ("44770031", "GB"), ("1", "US"), ("1441", "BM"), ("7", "RU")];
        CountryTable::of(rows.map(|(prefix, country)| (prefix.as_bytes(), country)))
    }

    #[test]
    fn the_longest_prefix_decides() {
        let table = sample();
        for (number, country) in [
            ("447700900123", Some("GB")),
            ("447700300123", Some("JE")),
            ("447700310123", Some("GB")),
            ("14412345678", Some("BM")),
            ("12125550123", Some("US")),
            ("254722000001", None),
            ("", None),
            ("4", None),
            ("44+7", None),
        ] {
            let found = table.country(number.as_bytes());
            assert_eq!(found.as_ref().map(CountryCode::as_str), country, "{number}");
        }
        assert_eq!(CountryTable::default().country(b"447700900123"), None);
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let bytes = sample().to_bytes();
        assert_eq!(CountryTable::read(&bytes), Some(sample()));
        for damaged in [&bytes[..bytes.len() - 1], b"\x01x\x47\x42", b"\x01\x31gb"] {
            assert_eq!(CountryTable::read(damaged), None, "{damaged:?}");
        }
    }

    #[test]
    fn what_is_no_prefix_or_no_country_is_left_out() {
        let rows = [("", "GB"), ("+44", "GB"), ("44", "gb"), ("44", "GBR"), ("45", "DK")];
        let table = CountryTable::of(rows.map(|(prefix, country)| (prefix.as_bytes(), country)));
        assert_eq!(table.rows.len(), 1);
    }
}
