//! The networks, countries and prefixes that a price list is read against, by code, name and number.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use tollgate_engine::network::{NetworkCode, Networks};

use super::countries::{Countries, KnownCountry};
use super::country_words::plain_letters;
use super::csv_rows::each_row;
use super::numbering::NumberingPlan;
use crate::archived_kind::ArchivedKind;
use crate::provisioning::Provisioning;

/// The names of a network in the list of networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkNames {
    /// The name of the operator.
    pub operator: String,
    /// The brand that it sells under.
    pub brand: String,
    /// True if the list says that it is in operation, or says nothing about it.
    pub is_operational: bool,
}

/// The networks, countries and prefixes that a price list is read against.
#[derive(Debug)]
pub struct NetworkDirectory<'p> {
    networks: &'p Networks,
    countries: Countries,
    /// Networks by the letters of their names.
    by_name: HashMap<String, BTreeSet<NetworkCode>>,
    names: HashMap<NetworkCode, NetworkNames>,
    /// The networks of each MCC, ascending, and the countries that have networks below it.
    by_mcc: BTreeMap<u16, (Vec<NetworkCode>, BTreeSet<String>)>,
    /// The file of the numbering plan.
    numbering: &'p [u8],
    /// The numbering plan, once a list asks for it.
    plan: OnceLock<NumberingPlan>,
}

impl<'p> NetworkDirectory<'p> {
    /// The directory of a configuration.
    pub fn of(provisioning: &'p Provisioning) -> Self {
        let mut directory = Self {
            networks: &provisioning.networks,
            countries: Countries::default(),
            by_name: HashMap::new(),
            names: HashMap::new(),
            by_mcc: BTreeMap::new(),
            numbering: &[],
            plan: OnceLock::new(),
        };
        for file in &provisioning.archive {
            match ArchivedKind::of(&file.name, &file.bytes) {
                ArchivedKind::Networks => directory.read_names(&file.bytes),
                ArchivedKind::Countries => directory.read_countries(&file.bytes),
                ArchivedKind::Numbering => directory.numbering = &file.bytes,
                _ => {}
            }
        }
        directory.gather_mccs();
        directory
    }

    fn read_names(&mut self, octets: &[u8]) {
        each_row(octets, |row| {
            let Some(code) = NetworkCode::new(row.cell("mcc"), row.cell("mnc")) else { return };
            let (operator, brand, status) = (row.cell("operator"), row.cell("brand"), row.cell("status"));
            for name in [operator, brand] {
                let key = plain_letters(name);
                if !key.is_empty() {
                    self.by_name.entry(key).or_default().insert(code);
                }
            }
            let is_operational = status.is_empty() || status.eq_ignore_ascii_case("operational");
            let (operator, brand) = (operator.to_owned(), brand.to_owned());
            self.names.insert(code, NetworkNames { operator, brand, is_operational });
        });
    }

    fn read_countries(&mut self, octets: &[u8]) {
        let mut listed = Vec::new();
        each_row(octets, |row| {
            let iso2 = row.cell("country_iso2").to_owned();
            let own = |mcc: &str| {
                let code = NetworkCode::new(mcc, "")?;
                let country = self.networks.country_of(self.networks.id(code)?)?;
                (*country.iso2 == *iso2).then_some(code)
            };
            let mccs = || std::iter::once(row.cell("primary_mcc")).chain(row.cell("all_mccs").split('|'));
            listed.push(KnownCountry {
                mcc: mccs().find_map(own),
                mccs: mccs().filter_map(|mcc| Some(NetworkCode::new(mcc, "")?.mcc)).collect(),
                name: row.cell("country_name").to_owned(),
                calling_code: row.cell("calling_code").to_owned(),
                iso2,
            });
        });
        self.countries = Countries::of(listed);
    }

    fn gather_mccs(&mut self) {
        for (id, network) in self.networks.iter() {
            let (codes, countries) = self.by_mcc.entry(network.code.mcc).or_default();
            if !network.code.is_mcc_alone() {
                codes.push(network.code);
            }
            let country = self.networks.country_of(id).filter(|country| !country.iso2.is_empty());
            countries.extend(country.map(|country| country.iso2.to_string()));
        }
        for country in self.countries.iter() {
            for mcc in &country.mccs {
                if let Some((_, countries)) = self.by_mcc.get_mut(mcc) {
                    countries.insert(country.iso2.clone());
                }
            }
        }
        for (codes, _) in self.by_mcc.values_mut() {
            codes.sort_unstable();
        }
    }

    /// True if the list of networks has this code, or a country or network has this MCC.
    pub fn knows(&self, code: NetworkCode) -> bool {
        self.networks.id(code).is_some()
    }

    /// The networks of an MCC, ascending.
    pub fn networks_of_mcc(&self, mcc: u16) -> impl Iterator<Item = NetworkCode> {
        self.by_mcc.get(&mcc).into_iter().flat_map(|(codes, _)| codes).copied()
    }

    /// The countries that have networks below an MCC, by their alpha-2 codes; none for networks of no country.
    pub fn countries_of_mcc(&self, mcc: u16) -> impl Iterator<Item = &str> {
        self.by_mcc.get(&mcc).into_iter().flat_map(|(_, countries)| countries).map(String::as_str)
    }

    /// The country of a code by its alpha-2 code.
    pub fn country_of(&self, code: NetworkCode) -> Option<&str> {
        let country = self.networks.country_of(self.networks.id(code)?)?;
        (!country.iso2.is_empty()).then_some(&*country.iso2)
    }

    /// The name of a network, with its country's.
    pub fn label(&self, code: NetworkCode) -> String {
        network_label(self.networks, code)
    }

    /// The name of a country by its alpha-2 code.
    pub fn name_of_country(&self, iso2: &str) -> String {
        self.countries.of_iso2(iso2).map_or_else(|| iso2.to_owned(), |country| country.name.clone())
    }

    /// The names of a network.
    pub fn names(&self, code: NetworkCode) -> Option<&NetworkNames> {
        self.names.get(&code)
    }

    /// True if the codes are those of one operator.
    pub fn are_aliases(&self, one: NetworkCode, other: NetworkCode) -> bool {
        let (Some(one), Some(other)) = (self.networks.id(one), self.networks.id(other)) else { return false };
        one == other || self.networks.aliases(one).contains(&other)
    }

    /// The other codes of the same operator.
    pub fn aliases(&self, code: NetworkCode) -> impl Iterator<Item = NetworkCode> {
        let aliases = self.networks.id(code).map_or(&[][..], |id| self.networks.aliases(id));
        aliases.iter().map(|alias| self.networks.get(*alias).code)
    }

    /// The countries of the list of countries.
    pub fn countries(&self) -> &Countries {
        &self.countries
    }

    /// The networks of a name, of any country, or of one by its ISO code.
    pub fn networks_named(&self, name: &str, iso2: Option<&str>, mcc: Option<u16>) -> Vec<NetworkCode> {
        let found = self.by_name.get(&plain_letters(name)).into_iter().flatten().copied();
        let is_meant = |code: &NetworkCode| {
            iso2.is_none_or(|iso2| self.country_of(*code) == Some(iso2))
                && mcc.is_none_or(|mcc| code.mcc == mcc)
        };
        found.filter(is_meant).collect()
    }

    /// The numbering plan.
    pub fn plan(&self) -> &NumberingPlan {
        self.plan.get_or_init(|| NumberingPlan::read(self.numbering, |code| self.aliases(code).collect()))
    }

    /// The code of one operator that its numbers have in the numbering plan: of several the one with most prefixes.
    pub fn usual_code(&self, codes: &[NetworkCode]) -> Option<NetworkCode> {
        // Of equal ones the first.
        codes.iter().rev().max_by_key(|code| self.plan().count_of(**code)).copied()
    }
}

/// The name of a network, with its country's, for people.
pub fn network_label(networks: &Networks, code: NetworkCode) -> String {
    let Some(id) = networks.id(code) else { return String::new() };
    let country = networks.country_of(id).map_or("", |country| &country.name);
    match (&*networks.get(id).operator, country) {
        ("", country) => country.to_owned(),
        (operator, "") => operator.to_owned(),
        (operator, country) => format!("{country}: {operator}"),
    }
}
