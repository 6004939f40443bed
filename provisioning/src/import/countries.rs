//! The countries of the list of countries, by the names and codes that price lists have for them.

use std::collections::{BTreeSet, HashMap};

use tollgate_engine::network::NetworkCode;

use super::country_words::{NamedCountry, are_related, name_key, name_words, without_additions};

/// A country: its MCCs, its names and its calling code.
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
    /// Every MCC of its networks, which may be other countries' as well.
    pub mccs: BTreeSet<u16>,
}

/// The relation between a country that a list names and the countries that its codes or numbers are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// One of them.
    Same,
    /// One that senders take for one of them.
    Related,
    /// A country that is none of them.
    Other,
}

/// All countries, by their names and codes.
#[derive(Debug, Default)]
pub struct Countries {
    listed: Vec<KnownCountry>,
    by_code: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
    by_calling_code: HashMap<String, Vec<usize>>,
}

impl Countries {
    /// These countries. Their own names count where they do not contradict those by which lists call countries.
    pub fn of(listed: Vec<KnownCountry>) -> Self {
        let mut countries = Self { listed, ..Self::default() };
        for (at, country) in countries.listed.iter().enumerate() {
            countries.by_code.entry(country.iso2.to_uppercase()).or_insert(at);
            countries.by_calling_code.entry(country.calling_code.clone()).or_default().push(at);
        }
        for known in NamedCountry::all() {
            let Some(at) = countries.by_code.get(known.iso2).copied() else { continue };
            countries.by_code.entry(known.iso3.to_owned()).or_insert(at);
            for name in known.names() {
                countries.by_name.entry(name_key(&name_words(name))).or_insert_with(|| vec![at]);
            }
        }
        let mut own: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, country) in countries.listed.iter().enumerate() {
            let keys = [country.name.as_str(), before_brackets(&country.name)];
            for key in keys.map(|name| name_key(&name_words(name))).into_iter().collect::<BTreeSet<_>>() {
                own.entry(key).or_default().push(at);
            }
        }
        for (key, places) in own {
            countries.by_name.entry(key).or_insert(places);
        }
        countries
    }

    /// The countries of a name or an ISO 3166-1 code.
    pub fn named(&self, text: &str) -> Vec<&KnownCountry> {
        let text = text.trim();
        let is_code = (2..=3).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_alphabetic());
        let by_code = is_code.then(|| self.by_code.get(&text.to_uppercase())).flatten();
        match by_code.and_then(|at| self.listed.get(*at)) {
            Some(country) => vec![country],
            None => self.called_by_name(text),
        }
    }

    /// The countries of a name, without codes.
    pub fn called_by_name(&self, text: &str) -> Vec<&KnownCountry> {
        let found = |words: &[String]| self.by_name.get(&name_key(words)).filter(|_| !words.is_empty());
        let whole = name_words(text);
        let begin = name_words(before_brackets(text));
        let places = found(&whole)
            .or_else(|| found(&begin))
            .or_else(|| found(&without_additions(&whole)))
            .or_else(|| found(&without_additions(&begin)));
        places.into_iter().flatten().filter_map(|at| self.listed.get(*at)).collect()
    }

    /// The countries with a calling code.
    pub fn with_calling_code(&self, calling_code: &str) -> Vec<&KnownCountry> {
        let places = self.by_calling_code.get(calling_code);
        places.into_iter().flatten().filter_map(|at| self.listed.get(*at)).collect()
    }

    /// The country of an alpha-2 code.
    pub fn of_iso2(&self, iso2: &str) -> Option<&KnownCountry> {
        self.by_code.get(iso2).and_then(|at| self.listed.get(*at)).filter(|country| country.iso2 == iso2)
    }

    /// Every country that is known.
    pub fn iter(&self) -> impl Iterator<Item = &KnownCountry> {
        self.listed.iter()
    }
}

impl Relation {
    /// The relation of a country that is named, by its alpha-2 code, to others; with none of these nothing is contradicted.
    pub fn of<'i>(named: &str, others: impl IntoIterator<Item = &'i str>) -> Self {
        let mut relation = None;
        for other in others {
            if other == named {
                return Self::Same;
            }
            let of_this = if are_related(named, other) { Self::Related } else { Self::Other };
            relation = Some(match relation {
                Some(Self::Related) => Self::Related,
                _ => of_this,
            });
        }
        relation.unwrap_or(Self::Same)
    }
}

/// A name without what stands in brackets: `Anguilla (United Kingdom)`.
fn before_brackets(name: &str) -> &str {
    name.split('(').next().unwrap_or_default()
}
