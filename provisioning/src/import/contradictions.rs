//! Rows of price lists whose cells contradict one another: a country that is not that of the codes, a network that is another
//! one, numbers of another country. What is not known contradicts nothing, as senders write names freely.

use std::collections::BTreeSet;

use tollgate_engine::network::NetworkCode;

use super::codes::is_all;
use super::countries::{KnownCountry, Relation};
use super::country_words::{had_codes_of, name_words, plain_letters};
use super::directory::NetworkDirectory;
use super::places::country_in_front;
use super::row_place::RowPlace;
use crate::read::texts::quoted;

/// Words that are in the names of many networks.
const COMMON_WORDS: &[&str] = &[
    "mobile",
    "telecom",
    "telecommunications",
    "communications",
    "communication",
    "cellular",
    "wireless",
    "company",
    "limited",
    "ltd",
    "inc",
    "llc",
    "plc",
    "group",
    "network",
    "networks",
    "gsm",
    "international",
    "telecommunication",
    "telekom",
    "telephone",
    "corporation",
    "services",
    "tel",
    "net",
    "com",
    "cell",
    "mobil",
    "movil",
    "telecomunicaciones",
    "jsc",
    "ojsc",
    "pjsc",
    "gmbh",
    "spa",
    "sas",
    "pvt",
    "private",
    "company",
    "new",
    "mvno",
];
/// Letters of a word that is one network's own.
const OWN_LETTERS_MIN: usize = 3;

/// A cell with the header of its column.
#[derive(Clone, Copy, Debug)]
pub struct NamedCell<'r> {
    /// The header of its column.
    pub column: &'r str,
    /// The text of the cell; not empty.
    pub text: &'r str,
}

/// A cell that does not fit the others of its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The header of the column.
    pub column: String,
    /// The contradiction in words.
    pub message: String,
    /// False if the row may be right all the same, so that people are only told.
    pub is_fault: bool,
}

/// The subject of a row, to which its other cells are compared.
#[derive(Clone, Copy)]
pub struct RowMeaning<'r, 'p> {
    /// The networks that it is about.
    pub place: &'r RowPlace,
    /// The header of the column that says so.
    pub column: &'r str,
    /// The networks that there are.
    pub directory: &'r NetworkDirectory<'p>,
}

/// The countries of a code or prefix.
struct Origin<'d> {
    /// The code or prefix with its column, such as `MCC 262`.
    shown: String,
    countries: BTreeSet<&'d str>,
    /// The country to name.
    first: Option<&'d str>,
}

impl<'r> RowMeaning<'r, '_> {
    fn origins(&self) -> Vec<Origin<'r>> {
        let directory = self.directory;
        match self.place {
            RowPlace::Networks(codes) => {
                let of_code = |code: &NetworkCode| Origin {
                    shown: format!("{} {code}", self.column),
                    countries: directory.countries_of_mcc(code.mcc).collect(),
                    first: directory.country_of(*code).or_else(|| directory.country_of(code.mcc_alone())),
                };
                codes.iter().map(of_code).collect()
            }
            RowPlace::Prefixes(prefixes) => {
                prefixes.iter().map(|prefix| origin_of_prefix(prefix, self.column, directory)).collect()
            }
        }
    }

    fn countries(&self) -> BTreeSet<&'r str> {
        self.origins().into_iter().flat_map(|origin| origin.countries).collect()
    }

    /// The codes of the row; for prefixes those of the numbering plan.
    fn codes(&self) -> BTreeSet<NetworkCode> {
        match self.place {
            RowPlace::Networks(codes) => codes.iter().copied().collect(),
            RowPlace::Prefixes(prefixes) => {
                prefixes.iter().flat_map(|prefix| self.directory.plan().codes_of(prefix)).collect()
            }
        }
    }

    /// A country that a cell names against the codes or prefixes of the row.
    pub fn check_country(&self, cell: NamedCell<'_>) -> Option<Contradiction> {
        let named = self.directory.countries().named(cell.text);
        self.compare(cell, &named)
    }

    fn compare(&self, cell: NamedCell<'_>, named: &[&KnownCountry]) -> Option<Contradiction> {
        if named.is_empty() {
            return None;
        }
        let mut doubt = None;
        for origin in self.origins() {
            let relation =
                |country: &&KnownCountry| Relation::of(&country.iso2, origin.countries.iter().copied());
            let relations: Vec<Relation> = named.iter().map(relation).collect();
            let had_these_codes = matches!(self.place, RowPlace::Networks(_))
                && named
                    .iter()
                    .any(|country| origin.countries.iter().any(|other| had_codes_of(&country.iso2, other)));
            let is_same = relations.contains(&Relation::Same);
            // Numbers behind a prefix are all of them of the country.
            let stranger = origin.countries.iter().find(|other| {
                let is_stranger =
                    |country: &&KnownCountry| Relation::of(&country.iso2, [**other]) == Relation::Other;
                matches!(self.place, RowPlace::Prefixes(_)) && named.iter().all(is_stranger)
            });
            let (found, is_fault) = match (is_same, stranger) {
                (true, None) => continue,
                (_, Some(stranger)) => (Some(*stranger), true),
                (false, None) => (origin.first, !relations.contains(&Relation::Related) && !had_these_codes),
            };
            let country = found.map(|iso2| self.directory.name_of_country(iso2)).unwrap_or_default();
            let message = format!("says {}, and {} is of {country}", quoted(cell.text), origin.shown);
            let contradiction = Contradiction { column: cell.column.to_owned(), message, is_fault };
            if is_fault {
                return Some(contradiction);
            }
            doubt = doubt.or(Some(contradiction));
        }
        doubt
    }

    /// A network that a cell names, alone or behind its country, against the codes or prefixes of the row.
    pub fn check_network(&self, cell: NamedCell<'_>) -> Option<Contradiction> {
        if is_all(cell.text) {
            return None;
        }
        let named = self.directory.networks_named(cell.text, None, None);
        if !named.is_empty() {
            return self.compare_networks(cell, &named);
        }
        let whole = self.directory.countries().called_by_name(cell.text);
        if !whole.is_empty() {
            return self.compare(cell, &whole);
        }
        if let Some((country, name)) = country_in_front(cell.text, self.directory) {
            let named = self.directory.networks_named(name, Some(&country.iso2), None);
            return self.compare(cell, &[country]).or_else(|| self.compare_networks(cell, &named));
        }
        let named = self.named_with_country(cell.text);
        self.compare_networks(cell, &named)
    }

    /// The networks of a name such as `Airtel Kenya`, in which the country of the row stands.
    fn named_with_country(&self, text: &str) -> Vec<NetworkCode> {
        let countries = self.countries();
        for iso2 in &countries {
            let name = self.directory.name_of_country(iso2);
            let of_country = name_words(name.split('(').next().unwrap_or_default());
            let words = text.split_whitespace();
            let rest: Vec<&str> = words.filter(|word| !of_country.contains(&plain_letters(word))).collect();
            let found = self.directory.networks_named(&rest.join(""), Some(iso2), None);
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    fn compare_networks(&self, cell: NamedCell<'_>, named: &[NetworkCode]) -> Option<Contradiction> {
        let (countries, codes) = (self.countries(), self.codes());
        let is_here = |code: &NetworkCode| {
            let mut of_mcc = self.directory.countries_of_mcc(code.mcc);
            of_mcc.any(|iso2| countries.contains(iso2))
        };
        let here: Vec<NetworkCode> = named.iter().copied().filter(is_here).collect();
        let is_one = |code: &NetworkCode| here.iter().any(|named| self.directory.are_aliases(*named, *code));
        let Some(other) = self.directory.usual_code(&here) else { return self.elsewhere(cell, named) };
        if codes.iter().any(is_one) {
            let is_more =
                matches!(self.place, RowPlace::Prefixes(_)) && codes.iter().any(|code| !is_one(code));
            return is_more.then(|| Contradiction {
                column: cell.column.to_owned(),
                message: format!(
                    "says {}, and numbers of other networks are behind {} as well",
                    quoted(cell.text),
                    self.shown()
                ),
                is_fault: false,
            });
        }
        let first = codes.first()?;
        if codes.iter().any(|code| code.is_mcc_alone()) {
            let is_by_code = matches!(self.place, RowPlace::Networks(_));
            return is_by_code.then(|| Contradiction {
                column: cell.column.to_owned(),
                message: format!("says {}, and the price is of every network of {first}", quoted(cell.text)),
                is_fault: false,
            });
        }
        let is_plain = codes.iter().all(|code| self.is_plainly_another(*code, cell.text));
        let label = self.directory.label(*first);
        Some(Contradiction {
            column: cell.column.to_owned(),
            message: format!("says {}, which is {other}, and {} is {label}", quoted(cell.text), self.shown()),
            is_fault: is_plain,
        })
    }

    /// A network that only one country has, and that is not the row's.
    fn elsewhere(&self, cell: NamedCell<'_>, named: &[NetworkCode]) -> Option<Contradiction> {
        let countries: BTreeSet<&str> =
            named.iter().filter_map(|code| self.directory.country_of(*code)).collect();
        let only = countries.first().filter(|_| countries.len() == 1)?;
        let here = self.countries();
        let first = self.codes().into_iter().next().filter(|_| !here.is_empty())?;
        let is_related = Relation::of(only, here.iter().copied()) != Relation::Other;
        (!is_related).then(|| Contradiction {
            column: cell.column.to_owned(),
            message: format!(
                "says {}, a network of {}, and {} is {}",
                quoted(cell.text),
                self.directory.name_of_country(only),
                self.shown(),
                self.directory.label(first)
            ),
            is_fault: false,
        })
    }

    /// True if the network of a code is in operation and has a name of its own that shares no word with the text: then the text
    /// is no other name of it.
    fn is_plainly_another(&self, code: NetworkCode, text: &str) -> bool {
        let Some(names) = self.directory.names(code) else { return false };
        let own: Vec<String> =
            [&names.operator, &names.brand].iter().flat_map(|name| own_words(name)).collect();
        let said = own_words(text);
        names.is_operational && !own.is_empty() && !said.iter().any(|word| own.contains(word))
    }

    fn shown(&self) -> String {
        match self.place {
            RowPlace::Networks(codes) => {
                codes.first().map_or_else(String::new, |code| format!("{} {code}", self.column))
            }
            RowPlace::Prefixes(prefixes) => {
                prefixes.first().map_or_else(String::new, |prefix| format!("{} {prefix}", self.column))
            }
        }
    }

    /// A dial code beside codes of networks. Digits that are no calling code may be of a national form.
    pub fn check_prefix(&self, cell: NamedCell<'_>, prefixes: &[String]) -> Option<Contradiction> {
        let here = self.countries();
        let directory = self.directory;
        let is_international = cell.text.starts_with('+') || cell.text.starts_with("00");
        for prefix in prefixes {
            let called = directory.countries().with_calling_code(prefix);
            if called.is_empty() && !is_international {
                continue;
            }
            let mut origin = origin_of_prefix(prefix, cell.column, directory);
            origin.countries.extend(called.iter().map(|country| country.iso2.as_str()));
            let is_near = |country: &&str| Relation::of(country, here.iter().copied()) != Relation::Other;
            if here.is_empty() || origin.countries.is_empty() || origin.countries.iter().any(is_near) {
                continue;
            }
            let of =
                |iso2: Option<&str>| iso2.map(|iso2| directory.name_of_country(iso2)).unwrap_or_default();
            let message = format!(
                "says {}, which is of {}, and {} is of {}",
                quoted(cell.text),
                of(called.first().map(|country| country.iso2.as_str()).or(origin.first)),
                self.shown(),
                of(here.first().copied()),
            );
            return Some(Contradiction { column: cell.column.to_owned(), message, is_fault: true });
        }
        None
    }
}

fn origin_of_prefix<'d>(prefix: &str, column: &str, directory: &'d NetworkDirectory<'_>) -> Origin<'d> {
    let plan = directory.plan();
    // A prefix of the plan, or within one, is of its country, though areas of another one may be behind it.
    let meant = match plan.around(prefix) {
        Some((_, around)) => vec![around],
        None => plan.behind(prefix).map(|(_, behind)| behind).collect(),
    };
    let of = |iso2: &'d str, code: NetworkCode| match iso2 {
        "" => directory.country_of(code),
        iso2 => Some(iso2),
    };
    let countries: BTreeSet<&str> =
        meant.iter().filter_map(|found| of(found.iso2.as_str(), found.code)).collect();
    let first = meant.first().and_then(|found| of(found.iso2.as_str(), found.code));
    Origin { shown: format!("{column} {prefix}"), countries, first }
}

/// The words of a name that are not those of many networks.
fn own_words(name: &str) -> Vec<String> {
    let words = name.split(|char: char| !char.is_alphanumeric()).map(plain_letters);
    words
        .filter(|word| word.chars().count() >= OWN_LETTERS_MIN && !COMMON_WORDS.contains(&word.as_str()))
        .collect()
}

/// Columns that were exchanged: the name of a network in that of countries, and a country in that of networks.
pub fn check_exchanged(
    country: NamedCell<'_>,
    network: NamedCell<'_>,
    directory: &NetworkDirectory<'_>,
) -> Option<Contradiction> {
    let is_network = |text: &str| !directory.networks_named(text, None, None).is_empty();
    let is_exchanged = is_network(country.text)
        && directory.countries().named(country.text).is_empty()
        && !is_network(network.text)
        && !directory.countries().called_by_name(network.text).is_empty();
    is_exchanged.then(|| Contradiction {
        column: country.column.to_owned(),
        message: format!(
            "says {}, which is a network, and {} says {}, which is a country; are the columns exchanged?",
            quoted(country.text),
            network.column,
            quoted(network.text)
        ),
        is_fault: true,
    })
}

/// MCC and MNC in columns of their own beside both in one: the networks have to be the same.
pub fn check_joined(
    joined: NamedCell<'_>,
    of_joined: &[NetworkCode],
    apart: &[NetworkCode],
    columns: &str,
) -> Option<Contradiction> {
    let set = |codes: &[NetworkCode]| codes.iter().copied().collect::<BTreeSet<_>>();
    let shown =
        |codes: &[NetworkCode]| codes.iter().take(3).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (set(of_joined) != set(apart)).then(|| Contradiction {
        column: joined.column.to_owned(),
        message: format!("says {}, and {columns} {}", shown(of_joined), shown(apart)),
        is_fault: true,
    })
}
