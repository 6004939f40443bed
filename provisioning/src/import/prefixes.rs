//! Networks by dial codes: the prefixes of a price list against those of the numbering plan.
//!
//! A calling code alone is the price of a whole country. Any other prefix gives its price to each network that has numbers
//! behind it, and an area code, such as those of the United States, Canada and Jamaica below the calling code 1, to the MCC of
//! its country. Where several prefixes of the list reach into one network, all of them must give it the same price, as a rate
//! is for a network and not for a part of it.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_engine::network::NetworkCode;

use super::countries::KnownCountry;
use super::directory::NetworkDirectory;
use super::numbering::PlanPrefix;
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

/// The MCC of the country that a calling code alone means; `None` if the prefix is not a calling code, or if it is one of a
/// country whose networks have no MCC of their own, so that the numbering plan has to tell them.
pub fn country_of_prefix(
    prefix: &str,
    named: Option<&KnownCountry>,
    directory: &NetworkDirectory<'_>,
) -> Option<Result<NetworkCode, String>> {
    let called = directory.countries().with_calling_code(prefix);
    if called.is_empty() {
        return None;
    }
    let meant: Vec<&&KnownCountry> =
        called.iter().filter(|country| named.is_none_or(|named| named.iso2 == country.iso2)).collect();
    let names = || {
        let names: Vec<&str> = called.iter().take(SHOWN).map(|country| country.name.as_str()).collect();
        names.join(", ")
    };
    match (&meant[..], named) {
        ([only], _) if only.mcc.is_none() && called.len() == 1 => None,
        ([only], _) => Some(mcc_of_country(only)),
        ([], Some(named)) => Some(Err(format!(
            "{prefix} is not the calling code of {}, which the row names, but of {}",
            named.name,
            names()
        ))),
        _ => Some(Err(format!(
            "{prefix} is the calling code of several countries: {}; name one in the row",
            names()
        ))),
    }
}

/// The networks that rows reach by their prefixes. `rows` gives the row of each prefix.
pub fn reached(rows: &BTreeMap<String, usize>, directory: &NetworkDirectory<'_>) -> Vec<ReachedNetwork> {
    let plan = directory.plan();
    let behind: BTreeMap<&str, &PlanPrefix> = rows.keys().flat_map(|prefix| plan.behind(prefix)).collect();
    let mut found: BTreeMap<NetworkCode, ReachedNetwork> = BTreeMap::new();
    for (prefix, meant) in behind.iter().filter(|(_, meant)| !meant.code.is_mcc_alone()) {
        if let Some((_, row)) = row_of(prefix, rows) {
            of_network(&mut found, plan.first_of(meant.code)).rows.insert(row);
        }
    }
    for (prefix, row) in rows {
        // A prefix within one of the numbering plan is a part of a network, whatever else the row reaches.
        let around = plan.around(prefix).filter(|(around, _)| around != prefix).map(|(_, meant)| meant.code);
        if let Some(network) = around.filter(|code| !code.is_mcc_alone()) {
            let reached = of_network(&mut found, plan.first_of(network));
            reached.rows.insert(*row);
            reached.is_cut = true;
        }
    }
    reach_countries(&mut found, rows, &behind, directory);
    for reached in found.values_mut() {
        let left_out =
            plan.prefixes_of(reached.network).iter().filter(|prefix| row_of(prefix, rows).is_none());
        reached.left_out = left_out.filter(|prefix| is_own(prefix, directory)).cloned().collect();
    }
    found.into_values().collect()
}

/// The MCCs that rows reach by area codes. A longer prefix within an area of the same MCC says nothing about the MCC, unless the
/// row is for it alone.
fn reach_countries(
    found: &mut BTreeMap<NetworkCode, ReachedNetwork>,
    rows: &BTreeMap<String, usize>,
    behind: &BTreeMap<&str, &PlanPrefix>,
    directory: &NetworkDirectory<'_>,
) {
    let plan = directory.plan();
    let with_networks: BTreeSet<usize> = found.values().flat_map(|reached| &reached.rows).copied().collect();
    for (prefix, meant) in
        behind.iter().filter(|(prefix, meant)| meant.is_of_area && is_own(prefix, directory))
    {
        let Some((len, row)) = row_of(prefix, rows) else { continue };
        let is_for_it = len == prefix.len() || !with_networks.contains(&row);
        if is_for_it || !plan.is_within_own(prefix, meant.code) {
            of_network(found, meant.code).rows.insert(row);
        }
    }
}

/// The row of the longest prefix that a prefix of the numbering plan begins with, and the digits of it.
fn row_of(prefix: &str, rows: &BTreeMap<String, usize>) -> Option<(usize, usize)> {
    (1..=prefix.len()).rev().find_map(|len| Some((len, *rows.get(prefix.get(..len)?)?)))
}

/// False for an area of another country than that of its MCC, which shares the MCC, such as Guam in that of the United States.
fn is_own(prefix: &str, directory: &NetworkDirectory<'_>) -> bool {
    directory.plan().prefixes().get(prefix).is_some_and(|meant| {
        let country = directory.country_of(meant.code);
        !meant.code.is_mcc_alone()
            || meant.iso2.is_empty()
            || country.is_none_or(|country| country == meant.iso2)
    })
}

fn of_network(
    found: &mut BTreeMap<NetworkCode, ReachedNetwork>,
    network: NetworkCode,
) -> &mut ReachedNetwork {
    found.entry(network).or_insert_with(|| ReachedNetwork {
        network,
        rows: BTreeSet::new(),
        left_out: Vec::new(),
        is_cut: false,
    })
}

/// The prefixes that a list leaves out of a network, for a warning.
pub fn shown_left_out(left_out: &[String]) -> String {
    let more =
        if left_out.len() > SHOWN { format!(" and {} more", left_out.len() - SHOWN) } else { String::new() };
    format!("{}{more}", left_out.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", "))
}
