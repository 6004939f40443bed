//! Networks and countries of the numbering plan, found by text.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tollgate_engine::network::{NetworkId, Networks};
use tollgate_provisioning::Provisioning;

use super::dto::{CountriesQuery, Country, MobileNetwork, NetworksQuery};
use crate::answer::Answer;
use crate::page::Page;

/// The number of prefixes that lead to each network.
fn prefixes(provisioning: &Provisioning) -> HashMap<NetworkId, u64> {
    let mut counts = HashMap::new();
    for network in provisioning.numbering.prefix_networks() {
        *counts.entry(network).or_default() += 1;
    }
    counts
}

/// True if each word is part of one of these, whatever the case of its letters.
fn has_words(search: Option<&str>, texts: &[&str]) -> bool {
    let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let mut words = search.unwrap_or_default().split_whitespace().map(str::to_lowercase);
    words.all(|word| texts.iter().any(|text| text.contains(&word)))
}

/// A page of networks, by code.
pub(super) fn networks(provisioning: &Provisioning, query: &NetworksQuery) -> Answer<Page<MobileNetwork>> {
    let (paging, all) = (query.paging()?, &provisioning.networks);
    let prefixes = prefixes(provisioning);
    let mut found = Vec::new();
    for (id, network) in all.iter() {
        // What is known of an MCC alone is no network.
        let Some(mnc) = network.code.mnc else { continue };
        let code = network.code.to_string();
        let country = network.country.map(|country| all.country(country));
        let (iso2, name) = country.map_or(("", ""), |country| (&*country.iso2, &*country.name));
        let mcc = format!("{:03}", network.code.mcc);
        let is_wanted = has_words(query.search.as_deref(), &[&network.operator, iso2, name, &code])
            && query.country.as_ref().is_none_or(|country| all.serves(id, &country.to_ascii_uppercase()))
            && query.mcc.as_ref().is_none_or(|wanted| *wanted == mcc);
        if is_wanted {
            let view = MobileNetwork {
                mcc,
                mnc: mnc.to_string(),
                operator: network.operator.to_string(),
                country: country.map(|country| country.iso2.to_string()),
                country_name: country.map(|country| country.name.to_string()),
                number_countries: all.countries_of_numbers(id).map(|(of, _)| of.iso2.to_string()).collect(),
                aliases: all.aliases(id).iter().map(|alias| all.get(*alias).code.to_string()).collect(),
                prefixes: prefixes.get(&id).copied().unwrap_or_default(),
            };
            found.push((code, view));
        }
    }
    Ok(paging.sorted(found, false))
}

/// The networks of a country in figures.
#[derive(Default)]
struct Tally {
    mccs: BTreeSet<u16>,
    networks: u64,
    prefixes: u64,
}

/// By country: its own networks, and those of others that its numbers lead to; and the prefixes of its numbers.
fn tallies(all: &Networks) -> BTreeMap<String, Tally> {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for (id, network) in all.iter() {
        let own = network.country.map(|country| (all.country(country), 0));
        let mut countries: BTreeMap<&str, u32> = BTreeMap::new();
        for (country, prefixes) in own.into_iter().chain(all.countries_of_numbers(id)) {
            *countries.entry(&country.iso2).or_default() += prefixes;
        }
        for (iso2, prefixes) in countries {
            let tally = tallies.entry(iso2.to_owned()).or_default();
            tally.mccs.insert(network.code.mcc);
            tally.networks += u64::from(network.code.mnc.is_some());
            tally.prefixes += u64::from(prefixes);
        }
    }
    tallies
}

/// A page of countries, by name.
pub(super) fn countries(provisioning: &Provisioning, query: &CountriesQuery) -> Answer<Page<Country>> {
    let (paging, all) = (query.paging()?, &provisioning.networks);
    let mut found = Vec::new();
    for (iso2, tally) in tallies(all) {
        let Some(country) = all.country_of_code(&iso2) else { continue };
        let mccs: Vec<String> = tally.mccs.iter().map(|mcc| format!("{mcc:03}")).collect();
        let mut texts = vec![&*country.iso2, &*country.name, &*country.calling_code];
        texts.extend(mccs.iter().map(String::as_str));
        if has_words(query.search.as_deref(), &texts) {
            let view = Country {
                name: country.name.to_string(),
                calling_code: country.calling_code.to_string(),
                networks: tally.networks,
                prefixes: tally.prefixes,
                mccs,
                iso2,
            };
            found.push((format!("{}\0{}", view.name, view.iso2), view));
        }
    }
    Ok(paging.sorted(found, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_in_upper_and_lower_case() {
        assert!(has_words(None, &[]) && has_words(Some(" "), &[]));
        assert!(has_words(Some("mtn"), &["Airtel", "MTN"]) && has_words(Some("UGA mtn"), &["MTN", "Uganda"]));
        assert!(!has_words(Some("orange"), &["Airtel", "MTN Uganda"]));
        assert!(!has_words(Some("mtn kenya"), &["MTN", "Uganda"]));
    }
}
