//! Parts of the traffic, from what was asked for and back.

use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;
use tollgate_engine::country::CountryCode;
use tollgate_engine::network::{NetworkCode, Networks};
use tollgate_engine::traffic::TrafficScope;
use tollgate_provisioning::{ScopeLists, country_of, network_of, prefix};

/// The lists of a request that name a part of the traffic.
#[derive(Clone, Copy, Debug, Default)]
pub struct AskedScope<'a> {
    /// Codes of countries.
    pub countries: Option<&'a Vec<String>>,
    /// Codes of networks and MCCs.
    pub networks: Option<&'a Vec<String>>,
    /// Leading digits of numbers.
    pub prefixes: Option<&'a Vec<String>>,
}

/// The three lists that show a part of the traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShownScope {
    /// Codes of countries.
    pub countries: Option<Vec<String>>,
    /// Codes of networks and MCCs.
    pub networks: Option<Vec<String>>,
    /// Leading digits of numbers.
    pub prefixes: Option<Vec<String>>,
}

impl AskedScope<'_> {
    /// The part of the traffic; `path` is put before the keys of errors. Countries and networks are looked up in a catalogue
    /// where one is given, as when something is changed; what is stored was looked up then.
    pub fn scope(&self, path: &str, catalogue: Option<&Networks>) -> Answer<TrafficScope> {
        let country = |code: &str| match catalogue {
            Some(networks) => country_of(code, networks),
            None => CountryCode::new(code).ok_or_else(|| format!("`{code}` is no country")),
        };
        let network = |code: &str| match catalogue {
            Some(networks) => network_of(code, networks),
            None => NetworkCode::parse_joined(code).ok_or_else(|| format!("`{code}` is no network")),
        };
        let lists = ScopeLists {
            countries: list_of(path, "countries", self.countries, country)?,
            networks: list_of(path, "networks", self.networks, network)?,
            prefixes: list_of(path, "prefixes", self.prefixes, prefix)?,
        };
        lists.scope().map_err(|(key, message)| Problem::field(&format!("{path}{key}"), message))
    }
}

fn list_of<T>(
    path: &str,
    key: &str,
    texts: Option<&Vec<String>>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Answer<Option<Vec<T>>> {
    let item = |(index, text): (usize, &String)| {
        read(text).map_err(|message| Problem::field(&format!("{path}{key}.{index}"), message))
    };
    texts.map(|texts| texts.iter().enumerate().map(item).collect()).transpose()
}

impl ShownScope {
    /// The lists that name a part of the traffic.
    pub fn of(scope: &TrafficScope) -> Self {
        let mut shown = Self::default();
        match scope {
            TrafficScope::All => {}
            TrafficScope::Countries(countries) => shown.countries = Some(texts(countries)),
            TrafficScope::Networks(networks) => shown.networks = Some(texts(networks)),
            TrafficScope::Prefixes(prefixes) => shown.prefixes = Some(texts(prefixes)),
        }
        shown
    }
}

fn texts<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}
