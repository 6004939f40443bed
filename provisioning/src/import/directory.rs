//! The networks, countries and prefixes that a price list is read against, by code, name and number.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use csv::ReaderBuilder;
use tollgate_engine::network::{NetworkCode, Networks};

use crate::archived_kind::ArchivedKind;
use crate::provisioning::Provisioning;

/// A country: its MCC alone, its names and its calling code.
#[derive(Clone, Debug)]
pub struct KnownCountry {
    /// ISO 3166-1 alpha-2.
    pub iso2: String,
    /// The name for people.
    pub name: String,
    /// The calling code.
    pub calling_code: String,
    /// The MCC that a rate for the whole country is for; `None` where its networks are under other countries' MCCs.
    pub mcc: Option<NetworkCode>,
}

/// The networks, countries and prefixes that a price list is read against.
#[derive(Debug)]
pub struct NetworkDirectory<'p> {
    networks: &'p Networks,
    countries: Vec<KnownCountry>,
    /// Networks by the letters of their names.
    by_name: HashMap<String, BTreeSet<NetworkCode>>,
    /// The file of the numbering plan.
    numbering: &'p [u8],
    /// Prefixes of the numbering plan, once a list asks for them.
    prefixes: OnceLock<BTreeMap<String, NetworkCode>>,
}

impl<'p> NetworkDirectory<'p> {
    /// The directory of a configuration.
    pub fn of(provisioning: &'p Provisioning) -> Self {
        let mut directory = Self {
            networks: &provisioning.networks,
            countries: Vec::new(),
            by_name: HashMap::new(),
            numbering: &[],
            prefixes: OnceLock::new(),
        };
        for file in &provisioning.archive {
            match ArchivedKind::of(&file.name, &file.bytes) {
                ArchivedKind::Networks => directory.read_names(&file.bytes),
                ArchivedKind::Countries => directory.read_countries(&file.bytes),
                ArchivedKind::Numbering => directory.numbering = &file.bytes,
                _ => {}
            }
        }
        directory
    }

    fn read_names(&mut self, octets: &[u8]) {
        each_row(octets, |row| {
            let Some(code) = NetworkCode::new(row.cell("mcc"), row.cell("mnc")) else { return };
            for name in [row.cell("operator"), row.cell("brand")] {
                let key = name_key(name);
                if !key.is_empty() {
                    self.by_name.entry(key).or_default().insert(code);
                }
            }
        });
    }

    fn read_countries(&mut self, octets: &[u8]) {
        each_row(octets, |row| {
            let iso2 = row.cell("country_iso2").to_owned();
            let own = |mcc: &str| {
                let code = NetworkCode::new(mcc, "")?;
                let country = self.networks.country_of(self.networks.id(code)?)?;
                (*country.iso2 == *iso2).then_some(code)
            };
            let mccs = std::iter::once(row.cell("primary_mcc")).chain(row.cell("all_mccs").split('|'));
            let mcc = mccs.into_iter().find_map(own);
            self.countries.push(KnownCountry {
                mcc,
                name: row.cell("country_name").to_owned(),
                calling_code: row.cell("calling_code").to_owned(),
                iso2,
            });
        });
    }

    /// True if the list of networks has this code, or a country or network has this MCC.
    pub fn knows(&self, code: NetworkCode) -> bool {
        self.networks.id(code).is_some()
    }

    /// The networks of an MCC, ascending.
    pub fn networks_of_mcc(&self, mcc: u16) -> impl Iterator<Item = NetworkCode> {
        let codes = self.networks.iter().map(|(_, network)| network.code);
        codes.filter(move |code| code.mcc == mcc && !code.is_mcc_alone())
    }

    /// The name of a network, with its country's.
    pub fn label(&self, code: NetworkCode) -> String {
        network_label(self.networks, code)
    }

    /// True if the codes are those of one operator.
    pub fn are_aliases(&self, one: NetworkCode, other: NetworkCode) -> bool {
        let (Some(one), Some(other)) = (self.networks.id(one), self.networks.id(other)) else { return false };
        one == other || self.networks.aliases(one).contains(&other)
    }

    /// The countries of that name or ISO code. Names are compared by their letters.
    pub fn countries_named(&self, text: &str) -> Vec<&KnownCountry> {
        let key = name_key(text);
        let matches = |country: &&KnownCountry| {
            country.iso2.eq_ignore_ascii_case(text)
                || name_key(&country.name) == key
                || short_key(&country.name) == key
        };
        self.countries.iter().filter(matches).collect()
    }

    /// The countries with a calling code.
    pub fn countries_called(&self, calling_code: &str) -> Vec<&KnownCountry> {
        self.countries.iter().filter(|country| country.calling_code == calling_code).collect()
    }

    /// True if a network of this MCC is in the country.
    pub fn has_networks_in(&self, mcc: u16, iso2: &str) -> bool {
        self.networks.iter().any(|(id, network)| {
            network.code.mcc == mcc
                && self.networks.country_of(id).is_some_and(|country| *country.iso2 == *iso2)
        })
    }

    /// The networks of a name, of any country, or of one by its ISO code.
    pub fn networks_named(&self, name: &str, iso2: Option<&str>, mcc: Option<u16>) -> Vec<NetworkCode> {
        let found = self.by_name.get(&name_key(name)).into_iter().flatten().copied();
        let is_meant = |code: &NetworkCode| {
            let of_country = iso2.is_none_or(|iso2| {
                let country = self.networks.id(*code).and_then(|id| self.networks.country_of(id));
                country.is_some_and(|country| *country.iso2 == *iso2)
            });
            of_country && mcc.is_none_or(|mcc| code.mcc == mcc)
        };
        found.filter(is_meant).collect()
    }

    /// The prefixes of the numbering plan and their networks, in the order of their digits.
    pub fn prefixes(&self) -> &BTreeMap<String, NetworkCode> {
        self.prefixes.get_or_init(|| {
            let mut prefixes = BTreeMap::new();
            each_row(self.numbering, |row| {
                if let Some(code) = NetworkCode::new(row.cell("mcc"), row.cell("mnc")) {
                    prefixes.insert(row.cell("prefix").to_owned(), code);
                }
            });
            prefixes
        })
    }

    /// The code of one operator that its numbers have in the numbering plan: of several the one with most prefixes.
    pub fn usual_code(&self, codes: &[NetworkCode]) -> Option<NetworkCode> {
        let prefixes =
            |code: &NetworkCode| self.prefixes().values().filter(|network| *network == code).count();
        // Of equal ones the first.
        codes.iter().rev().max_by_key(|code| prefixes(code)).copied()
    }

    /// The network of the longest prefix that a prefix begins with.
    pub fn network_around(&self, prefix: &str) -> Option<NetworkCode> {
        (1..=prefix.len()).rev().find_map(|len| self.prefixes().get(prefix.get(..len)?)).copied()
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

/// The letters and digits of a name, in lower case.
fn name_key(name: &str) -> String {
    super::field::squeezed(name)
}

/// The same without what stands in brackets: `Anguilla (United Kingdom)`.
fn short_key(name: &str) -> String {
    name_key(name.split('(').next().unwrap_or_default())
}

/// A row of a CSV file with its header.
struct NamedRow<'r> {
    header: &'r csv::StringRecord,
    cells: &'r csv::StringRecord,
}

impl<'r> NamedRow<'r> {
    /// The cell of a column; empty where there is none.
    fn cell(&self, column: &str) -> &'r str {
        let place = self.header.iter().position(|name| name == column);
        place.and_then(|at| self.cells.get(at)).unwrap_or_default()
    }
}

/// Calls `read` with every row of a CSV file that was validated before.
fn each_row(octets: &[u8], mut read: impl FnMut(&NamedRow<'_>)) {
    let octets = octets.strip_prefix("\u{feff}".as_bytes()).unwrap_or(octets);
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).trim(csv::Trim::All).comment(Some(b'#'));
    let mut rows = builder.from_reader(octets).into_records().filter_map(Result::ok);
    let Some(header) = rows.next() else { return };
    for cells in rows {
        read(&NamedRow { header: &header, cells: &cells });
    }
}
