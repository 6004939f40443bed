//! Collects the catalogue from rows of files, and works out what they say about aliases and countries.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::mcc_countries::MccCountries;
use super::number_countries::NumberCountries;
use super::{Country, CountryId, Network, NetworkCode, NetworkId, Networks};

/// The reason for which a network or country cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// The code was added before.
    #[error("the network {0} is listed twice")]
    DuplicateNetwork(NetworkCode),
    /// The country was added before.
    #[error("the country is listed twice")]
    DuplicateCountry,
    /// An alias list names an MCC alone.
    #[error("{0} is an MCC, which is no operator's code")]
    AliasOfCountry(NetworkCode),
    /// Not two capital letters.
    #[error("a country is two capital letters")]
    NotACountry,
    /// More than 65,536 networks.
    #[error("too many networks")]
    TooMany,
}

/// Collects a catalogue. The order in which rows come decides how networks are numbered and nothing else.
#[derive(Clone, Debug, Default)]
pub struct NetworksBuilder {
    networks: Vec<Network>,
    by_code: BTreeMap<NetworkCode, NetworkId>,
    described: BTreeSet<NetworkCode>,
    countries: Vec<Country>,
    by_iso2: BTreeMap<Box<str>, CountryId>,
    /// By country that was added itself, not only named by a network: its MCCs, the primary one first.
    mccs: BTreeMap<CountryId, Vec<u16>>,
    alias_lists: BTreeSet<Vec<NetworkCode>>,
    number_countries: BTreeMap<Box<[u8]>, CountryId>,
    /// By network: the prefixes of each country that lead to it.
    prefixes: BTreeMap<NetworkId, BTreeMap<CountryId, u32>>,
}

impl NetworksBuilder {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a country with its MCCs, the primary one first.
    pub fn add_country(
        &mut self,
        iso2: &str,
        name: &str,
        calling_code: &str,
        mccs: &[NetworkCode],
    ) -> Result<CountryId, NetworkError> {
        let id = self.intern_country(iso2)?;
        if self.mccs.contains_key(&id) {
            return Err(NetworkError::DuplicateCountry);
        }
        for mcc in mccs {
            self.intern(mcc.mcc_alone())?;
        }
        self.mccs.insert(id, mccs.iter().map(|code| code.mcc).collect());
        let country = &mut self.countries[usize::from(id.0)];
        (country.name, country.calling_code) = (name.into(), calling_code.into());
        Ok(id)
    }

    /// Adds a network with its country (empty for an international one) and its operator's or brand's name.
    pub fn add_network(
        &mut self,
        code: NetworkCode,
        iso2: &str,
        operator: &str,
    ) -> Result<NetworkId, NetworkError> {
        let country = if iso2.is_empty() { None } else { Some(self.intern_country(iso2)?) };
        let id = self.intern(code)?;
        if !self.described.insert(code) {
            return Err(NetworkError::DuplicateNetwork(code));
        }
        let network = &mut self.networks[id.index()];
        (network.country, network.operator) = (country, operator.into());
        Ok(id)
    }

    /// Notes the country of the numbers that begin so, which belong to a network of this catalogue.
    pub fn add_number_country(
        &mut self,
        prefix: &str,
        network: NetworkId,
        iso2: &str,
    ) -> Result<(), NetworkError> {
        let country = self.intern_country(iso2)?;
        self.number_countries.insert(prefix.as_bytes().into(), country);
        *self.prefixes.entry(network).or_default().entry(country).or_default() += 1;
        Ok(())
    }

    /// Makes the codes of one operator aliases of one another.
    pub fn add_aliases(&mut self, codes: &[NetworkCode]) -> Result<(), NetworkError> {
        for code in codes {
            if code.is_mcc_alone() {
                return Err(NetworkError::AliasOfCountry(*code));
            }
            self.intern(*code)?;
        }
        let mut list = codes.to_vec();
        list.sort_unstable();
        list.dedup();
        // The same list comes with every prefix of its operator.
        self.alias_lists.insert(list);
        Ok(())
    }

    /// The network of a code, added if the catalogue does not have it yet, together with its MCC alone.
    pub fn intern(&mut self, code: NetworkCode) -> Result<NetworkId, NetworkError> {
        self.intern_one(code.mcc_alone())?;
        self.intern_one(code)
    }

    fn intern_one(&mut self, code: NetworkCode) -> Result<NetworkId, NetworkError> {
        if let Some(id) = self.by_code.get(&code) {
            return Ok(*id);
        }
        let id = NetworkId(u16::try_from(self.networks.len()).map_err(|_| NetworkError::TooMany)?);
        self.networks.push(Network { code, country: None, operator: Box::default() });
        self.by_code.insert(code, id);
        Ok(id)
    }

    fn intern_country(&mut self, iso2: &str) -> Result<CountryId, NetworkError> {
        if let Some(id) = self.by_iso2.get(iso2) {
            return Ok(*id);
        }
        if iso2.len() != 2 || !iso2.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(NetworkError::NotACountry);
        }
        let id = CountryId(u16::try_from(self.countries.len()).map_err(|_| NetworkError::TooMany)?);
        self.countries.push(Country { iso2: iso2.into(), name: iso2.into(), calling_code: Box::default() });
        self.by_iso2.insert(iso2.into(), id);
        Ok(id)
    }

    /// The catalogue of everything that was added.
    pub fn build(mut self) -> Networks {
        let mcc_countries = MccCountries::of(&self.networks, &self.countries, &self.mccs);
        for network in &mut self.networks {
            if network.code.is_mcc_alone() && network.country.is_none() {
                network.country = mcc_countries.country(network.code.mcc);
            }
        }
        let prefixes = (0..self.networks.len()).map(|index| {
            let of_network = u16::try_from(index).ok().and_then(|index| self.prefixes.get(&NetworkId(index)));
            of_network.into_iter().flatten().map(|(country, count)| (*country, *count)).collect()
        });
        Networks {
            prefixes: prefixes.collect(),
            aliases: self.aliases_by_network(),
            siblings: mcc_countries.siblings(),
            by_code: self.by_code.into_iter().collect(),
            rows: self.networks,
            countries: self.countries,
            number_countries: NumberCountries::of(self.number_countries),
        }
    }

    fn aliases_by_network(&self) -> Vec<Box<[NetworkId]>> {
        let mut aliases = vec![BTreeSet::new(); self.networks.len()];
        for list in &self.alias_lists {
            for code in list {
                aliases[self.by_code[code].index()].extend(list.iter().filter(|other| *other != code));
            }
        }
        aliases.into_iter().map(|codes| codes.into_iter().map(|code| self.by_code[code]).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> NetworkCode {
        NetworkCode::parse_joined(text).unwrap()
    }

    fn codes(text: &str) -> Vec<NetworkCode> {
        text.split_whitespace().map(code).collect()
    }

    fn sample() -> Networks {
        let mut builder = NetworksBuilder::new();
        for (network, iso2, operator) in [
            ("310/410", "US", "AT&T"),
            ("310/260", "US", "T-Mobile"),
            ("311/480", "US", "Verizon"),
            ("310/032", "GU", "IT&E"),
            ("338/050", "JM", "Digicel"),
            ("639/01", "KE", "Safaricom"),
            ("639/02", "KE", "Safaricom"),
            ("901/14", "", "AeroMobile"),
        ] {
            builder.add_network(code(network), iso2, operator).unwrap();
        }
        for (iso2, name, calling_code, mccs) in [
            ("BM", "Bermuda", "1", "350 310 338"),
            ("GU", "Guam", "1", "310 311"),
            ("JM", "Jamaica", "1", "338"),
            ("KE", "Kenya", "254", "639"),
            ("US", "United States", "1", "310 311 312"),
        ] {
            builder.add_country(iso2, name, calling_code, &codes(mccs)).unwrap();
        }
        for list in ["639/02 639/01", "440/50 440/51", "440/51 440/78 440/51"] {
            builder.add_aliases(&codes(list)).unwrap();
        }
        builder.build()
    }

    #[test]
    fn networks_are_found_by_code() {
        let networks = sample();
        for (text, iso2, operator) in [
            ("639/02", Some("KE"), "Safaricom"),
            ("310/032", Some("GU"), "IT&E"),
            ("901/14", None, "AeroMobile"),
            ("440/78", None, ""),
            ("310", Some("US"), ""),
            ("350", Some("BM"), ""),
            ("440", None, ""),
        ] {
            let id = networks.id(code(text)).unwrap();
            assert_eq!((networks.get(id).code, &*networks.get(id).operator), (code(text), operator));
            assert_eq!(networks.country_of(id).map(|country| &*country.iso2), iso2, "{text}");
        }
        assert_eq!(networks.id(code("639/002")), None);
        assert_eq!(
            networks.country_of(networks.id(code("639")).unwrap()).unwrap().calling_code.as_ref(),
            "254"
        );
        assert!(networks.iter().all(|(id, network)| networks.id(network.code) == Some(id)));
        assert_eq!(networks.iter().count(), networks.len());
    }

    #[test]
    fn aliases_are_what_a_list_says_and_no_more() {
        let networks = sample();
        for (of, expected) in [
            ("639/01", "639/02"),
            ("639/02", "639/01"),
            ("440/50", "440/51"),
            ("440/51", "440/50 440/78"),
            ("440/78", "440/51"),
            ("310/410", ""),
            ("639", ""),
        ] {
            let aliases = networks.aliases(networks.id(code(of)).unwrap());
            let found: Vec<_> = aliases.iter().map(|id| networks.get(*id).code).collect();
            assert_eq!(found, codes(expected), "aliases of {of}");
        }
    }

    #[test]
    fn a_network_serves_its_own_country_and_those_of_its_numbers() {
        let mut builder = NetworksBuilder::new();
        let orange = builder.add_network(code("340/01"), "GP", "Orange").unwrap();
        let mcc = builder.intern(code("340")).unwrap();
        let none = builder.add_network(code("901/14"), "", "AeroMobile").unwrap();
        for (prefix, network, iso2) in [
            ("590", mcc, "GP"),
            ("596", mcc, "MQ"),
            ("596696", orange, "MQ"),
            ("596697", orange, "MQ"),
            ("59469", orange, "GF"),
        ] {
            builder.add_number_country(prefix, network, iso2).unwrap();
        }
        assert_eq!(builder.add_number_country("1", orange, "gp"), Err(NetworkError::NotACountry));
        let networks = builder.build();
        let served = |id| {
            let countries = networks.countries_of_numbers(id).map(|(country, count)| (&*country.iso2, count));
            let mut countries: Vec<_> = countries.collect();
            countries.sort_unstable();
            countries
        };
        assert_eq!(served(orange), [("GF", 1), ("MQ", 2)]);
        assert_eq!(served(mcc), [("GP", 1), ("MQ", 1)]);
        assert_eq!(served(none), []);
        for (iso2, expected) in [("GP", true), ("MQ", true), ("GF", true), ("FR", false)] {
            assert_eq!(networks.serves(orange, iso2), expected, "{iso2}");
        }
        assert!(!networks.serves(none, "GP"));
    }

    #[test]
    fn mccs_belong_together_when_they_have_one_home() {
        let networks = sample();
        for (mcc, expected) in [
            (310, &[311, 312][..]),
            (311, &[310, 312]),
            (312, &[310, 311]),
            (338, &[]),
            (350, &[]),
            (639, &[]),
            (999, &[]),
        ] {
            assert_eq!(networks.mccs_of_same_country(mcc), expected, "{mcc}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let mut builder = NetworksBuilder::new();
        builder.intern(code("639/02")).unwrap();
        builder.add_network(code("639/02"), "KE", "Safaricom").unwrap();
        assert_eq!(
            builder.add_network(code("639/02"), "KE", "x"),
            Err(NetworkError::DuplicateNetwork(code("639/02")))
        );
        builder.add_country("KE", "Kenya", "254", &codes("639")).unwrap();
        assert_eq!(builder.add_country("KE", "Kenya", "254", &[]), Err(NetworkError::DuplicateCountry));
        assert_eq!(builder.add_country("ke", "Kenya", "254", &[]), Err(NetworkError::NotACountry));
        assert_eq!(builder.add_aliases(&codes("639 639/02")), Err(NetworkError::AliasOfCountry(code("639"))));
    }

    #[test]
    fn the_catalogue_is_bounded() {
        let mut builder = NetworksBuilder::new();
        let all = (0..1 << 22).filter_map(NetworkCode::from_bits);
        let refused = all.map(|code| builder.intern(code)).find_map(Result::err);
        assert_eq!(refused, Some(NetworkError::TooMany));
        assert_eq!(builder.build().len(), 1 << 16);
    }
}
