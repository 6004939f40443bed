//! Networks by dial codes: the prefixes of a price list against those of the numbering plan.
//!
//! A calling code alone is the price of a whole country. Any other prefix gives its price to each network that has numbers
//! behind it; where several prefixes of the list reach into one network, all of them must give it the same price, as a rate is
//! for a network and not for a part of it.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_engine::network::NetworkCode;

use super::directory::{KnownCountry, NetworkDirectory};
use super::places::mcc_of_country;
use crate::read::texts::quoted;

/// Prefixes that a warning names.
const SHOWN: usize = 5;

/// A network that rows by prefix come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachedNetwork {
    /// The network that is reached.
    pub network: NetworkCode,
    /// The rows whose prefixes reach it, by their places in the list of rows.
    pub rows: BTreeSet<usize>,
    /// Prefixes of the network in the numbering plan that no row reaches.
    pub left_out: Vec<String>,
    /// True if a row's prefix is only a part of a prefix of the network.
    pub is_cut: bool,
}

/// The digits of a dial code, without what is written around them.
pub fn digits_of(text: &str) -> Result<String, String> {
    let bare: String = text.chars().filter(|char| !matches!(char, ' ' | '-' | '(' | ')' | '.')).collect();
    let bare = bare.strip_prefix('+').or_else(|| bare.strip_prefix("00")).unwrap_or(&bare).to_owned();
    let is_prefix = (1..=15).contains(&bare.len())
        && !bare.starts_with('0')
        && bare.bytes().all(|octet| octet.is_ascii_digit());
    if is_prefix {
        Ok(bare)
    } else {
        Err(format!("{} is not a dial code in international form", quoted(text)))
    }
}

/// The dial codes of a cell: one, or several between commas, semicolons, bars or slashes.
pub fn prefixes_of(text: &str) -> Result<Vec<String>, String> {
    let items = text.split([',', ';', '|', '/']).map(str::trim).filter(|item| !item.is_empty());
    items.map(digits_of).collect()
}

/// The MCC of the country that a calling code alone means; `None` if the prefix is not a calling code.
pub fn country_of_prefix(
    prefix: &str,
    named: Option<&KnownCountry>,
    directory: &NetworkDirectory<'_>,
) -> Option<Result<NetworkCode, String>> {
    let called = directory.countries_called(prefix);
    if called.is_empty() {
        return None;
    }
    let meant: Vec<&&KnownCountry> =
        called.iter().filter(|country| named.is_none_or(|named| named.iso2 == country.iso2)).collect();
    Some(match (&meant[..], named) {
        ([only], _) => mcc_of_country(only),
        ([], Some(named)) => Err(format!("{prefix} is not the calling code of {}", named.name)),
        (several, _) => {
            let names: Vec<&str> = several.iter().take(SHOWN).map(|country| country.name.as_str()).collect();
            Err(format!(
                "{prefix} is the calling code of several countries: {}; name one in the row",
                names.join(", ")
            ))
        }
    })
}

/// The networks that rows reach by their prefixes. `rows` gives the row of each prefix.
pub fn reached(rows: &BTreeMap<String, usize>, directory: &NetworkDirectory<'_>) -> Vec<ReachedNetwork> {
    let mut found: BTreeMap<NetworkCode, ReachedNetwork> = BTreeMap::new();
    let mut groups = Groups { directory, first: BTreeMap::new() };
    for (prefix, network) in directory.prefixes() {
        let longest = (1..=prefix.len()).rev().find_map(|len| rows.get(prefix.get(..len)?));
        let network = groups.first_of(*network);
        let reached = found.entry(network).or_insert_with(|| ReachedNetwork {
            network,
            rows: BTreeSet::new(),
            left_out: Vec::new(),
            is_cut: false,
        });
        match longest {
            Some(row) => drop(reached.rows.insert(*row)),
            None => reached.left_out.push(prefix.clone()),
        }
    }
    for (prefix, row) in rows {
        // A prefix within one of the numbering plan is a part of a network, whatever else the row reaches.
        let around = directory.network_around(prefix).filter(|_| !directory.prefixes().contains_key(prefix));
        let network = around.map(|around| groups.first_of(around)).filter(|network| !network.is_mcc_alone());
        if let Some(reached) = network.and_then(|network| found.get_mut(&network)) {
            reached.rows.insert(*row);
            reached.is_cut = true;
        }
    }
    found
        .into_values()
        .filter(|reached| !reached.rows.is_empty() && !reached.network.is_mcc_alone())
        .collect()
}

/// The prefixes that a list leaves out of a network, for a warning.
pub fn shown_left_out(left_out: &[String]) -> String {
    let more =
        if left_out.len() > SHOWN { format!(" and {} more", left_out.len() - SHOWN) } else { String::new() };
    format!("{}{more}", left_out.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// The first code of each operator, so that its codes count as one network.
struct Groups<'d, 'p> {
    directory: &'d NetworkDirectory<'p>,
    first: BTreeMap<NetworkCode, NetworkCode>,
}

impl Groups<'_, '_> {
    fn first_of(&mut self, code: NetworkCode) -> NetworkCode {
        if let Some(first) = self.first.get(&code) {
            return *first;
        }
        let known: Vec<NetworkCode> = self.first.values().copied().collect();
        let same =
            known.into_iter().find(|first| first.mcc == code.mcc && self.directory.are_aliases(*first, code));
        let first = same.unwrap_or(code);
        self.first.insert(code, first);
        first
    }
}
