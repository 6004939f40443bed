//! The catalogue of networks: who operates a code, in which country, and which codes are aliases of one
//! another. It never changes; a reload builds another.
//!
//! Three rules decide what a rate on one code means for others; each says only what a row of the data says:
//! - **Aliases** are the codes that stand together in one list. The relation is symmetric and not transitive: where
//!   `A|B` and `B|C` are listed, A and C are strangers, so one wrong row cannot make two operators into one.
//! - **The country of an MCC** is the country with most networks under it. Other countries may have networks there too
//!   (Guam under 310), but do not lend it their own codes.
//! - **MCCs of the same country** are those of the same country in this sense: 310 to 316 are the United States, while 310 and 338
//!   are strangers although Bermuda has numbers in both.

use super::number_countries::{CountryId, NumberCountries};
use super::{NetworkCode, NetworkId};
use crate::number::Number;

/// A country or territory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166-1 alpha-2, such as `KE`.
    pub iso2: Box<str>,
    /// For people, such as `Kenya`; the ISO code where no name was given.
    pub name: Box<str>,
    /// ITU-T E.164 calling code, such as `254`; empty where none was given.
    pub calling_code: Box<str>,
}

/// One network, or what is known of an MCC alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The code of the network.
    pub code: NetworkCode,
    /// Its country; for an MCC alone the country that it belongs to. `None` for international networks.
    pub country: Option<CountryId>,
    /// The operator or brand, for people; empty where only the code is known.
    pub operator: Box<str>,
}

/// The networks, unchanging. Every network's MCC is in it as a code alone.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    pub(super) rows: Vec<Network>,
    pub(super) countries: Vec<Country>,
    /// Ascending by code.
    pub(super) by_code: Vec<(NetworkCode, NetworkId)>,
    /// By network, ascending by code.
    pub(super) aliases: Vec<Box<[NetworkId]>>,
    /// Ascending by MCC.
    pub(super) siblings: Vec<(u16, Box<[u16]>)>,
    pub(super) number_countries: NumberCountries,
    /// By network: the countries whose numbers lead to it, with their prefixes.
    pub(super) prefixes: Vec<Box<[(CountryId, u32)]>>,
}

impl Networks {
    /// The network that a code names.
    pub fn id(&self, code: NetworkCode) -> Option<NetworkId> {
        let at = self.by_code.binary_search_by_key(&code, |(code, _)| *code).ok()?;
        self.by_code.get(at).map(|(_, id)| *id)
    }

    /// A network of this catalogue. An index of another one may name another network or none, which is a bug.
    pub fn get(&self, id: NetworkId) -> &Network {
        &self.rows[id.index()]
    }

    /// The other codes of the same operator, ascending by code.
    pub fn aliases(&self, id: NetworkId) -> &[NetworkId] {
        &self.aliases[id.index()]
    }

    /// The other MCCs of the country whose MCC this is, ascending.
    pub fn mccs_of_same_country(&self, mcc: u16) -> &[u16] {
        let found = self.siblings.binary_search_by_key(&mcc, |(mcc, _)| *mcc).ok();
        found.and_then(|at| self.siblings.get(at)).map_or(&[], |(_, mccs)| mccs)
    }

    /// The country of a network.
    pub fn country_of(&self, id: NetworkId) -> Option<&Country> {
        self.get(id).country.map(|country| self.country(country))
    }

    /// The countries whose numbers lead to a network, with how many of their prefixes do. One MCC may be that of several countries:
    /// those of Guadeloupe, Martinique and French Guiana have the same networks.
    pub fn countries_of_numbers(&self, id: NetworkId) -> impl Iterator<Item = (&Country, u32)> {
        self.prefixes[id.index()].iter().map(|(country, prefixes)| (self.country(*country), *prefixes))
    }

    /// True if a network is of this country (ISO 3166-1 alpha-2), by its own code or by the numbers that lead to it.
    pub fn serves(&self, id: NetworkId, iso2: &str) -> bool {
        self.country_of(id).is_some_and(|country| *country.iso2 == *iso2)
            || self.countries_of_numbers(id).any(|(country, _)| *country.iso2 == *iso2)
    }

    /// The country of a number, which may be another than that of its network; `None` where no row of the numbering plan
    /// says it.
    pub fn country_of_number(&self, number: &Number) -> Option<&Country> {
        self.number_countries.country(number.as_bytes()).map(|country| self.country(country))
    }

    /// The country of a number, or else that of its network.
    pub fn country_of_both(&self, number: &Number, network: NetworkCode) -> Option<CountryId> {
        let of_network = || self.get(self.id(network)?).country;
        self.number_countries.country(number.as_bytes()).or_else(of_network)
    }

    /// The countries of numbers by their beginnings, of which the longest decides, with the codes of the countries.
    pub fn number_countries(&self) -> impl Iterator<Item = (&[u8], &str)> {
        self.number_countries.iter().map(|(prefix, country)| (prefix, &*self.country(country).iso2))
    }

    /// The country of this code (ISO 3166-1 alpha-2).
    pub fn country_of_code(&self, iso2: &str) -> Option<&Country> {
        self.countries.iter().find(|country| *country.iso2 == *iso2)
    }

    /// A country of this catalogue.
    pub fn country(&self, id: CountryId) -> &Country {
        &self.countries[usize::from(id.0)]
    }

    /// True if a country has this ISO 3166-1 alpha-2 code.
    pub fn has_country(&self, iso2: &str) -> bool {
        self.countries.iter().any(|country| &*country.iso2 == iso2)
    }

    /// The number of networks, MCCs alone included: every [`NetworkId`] is below it.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Every network, ascending by [`NetworkId`].
    pub fn iter(&self) -> impl Iterator<Item = (NetworkId, &Network)> {
        self.rows.iter().zip(0..=u16::MAX).map(|(network, index)| (NetworkId(index), network))
    }
}
