//! Parts of the traffic as files and records name them: by countries, networks or prefixes, or all of it.

use tollgate_engine::country::CountryCode;
use tollgate_engine::network::{NetworkCode, Networks};
use tollgate_engine::traffic::TrafficScope;

use crate::bounds::scope::{LISTED, PREFIX_DIGITS};
use crate::catalogue::Known;
use crate::read::TableReader;
use crate::read::texts::{self, Parsed, quoted};
use crate::read::values::text;

/// The keys that name a part of the traffic; at most one of them is set.
pub const SCOPE_KEYS: [&str; 3] = ["countries", "networks", "prefixes"];

/// Lists that name a part of the traffic, each `None` where it is not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeLists {
    /// The countries of numbers.
    pub countries: Option<Vec<CountryCode>>,
    /// The networks, or whole MCCs.
    pub networks: Option<Vec<NetworkCode>>,
    /// The leading digits of numbers.
    pub prefixes: Option<Vec<Box<str>>>,
}

impl ScopeLists {
    /// The part of the traffic; all of it where no list is given. The error names the key.
    pub fn scope(self) -> Result<TrafficScope, (&'static str, String)> {
        let Self { countries, networks, prefixes } = self;
        let lengths = [countries.as_ref().map(Vec::len), networks.as_ref().map(Vec::len)];
        let lengths = [lengths[0], lengths[1], prefixes.as_ref().map(Vec::len)];
        let mut given = SCOPE_KEYS.into_iter().zip(lengths).filter_map(|(key, length)| Some((key, length?)));
        let (Some((key, length)), second) = (given.next(), given.next()) else {
            return Ok(TrafficScope::All);
        };
        if let Some((other, _)) = second {
            return Err((other, format!("cannot be set together with {key}")));
        }
        if length == 0 {
            return Err((
                key,
                "is empty, which would be no traffic; leave it out for all traffic".to_owned(),
            ));
        }
        if length > LISTED {
            return Err((key, format!("more than {LISTED}")));
        }
        Ok(match (countries, networks, prefixes) {
            (Some(countries), ..) => TrafficScope::Countries(countries.into()),
            (_, Some(networks), _) => TrafficScope::Networks(networks.into()),
            (.., prefixes) => TrafficScope::Prefixes(prefixes.unwrap_or_default().into()),
        })
    }
}

/// The leading digits of numbers in international form.
pub fn prefix(digits: &str) -> Parsed<Box<str>> {
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    if (1..=PREFIX_DIGITS).contains(&digits.len()) && all_digits {
        Ok(digits.into())
    } else {
        Err(format!(
            "{} is not a prefix such as 25472: 1 to {PREFIX_DIGITS} digits, without + or 00",
            quoted(digits)
        ))
    }
}

/// A network or a whole MCC of a catalogue.
pub fn network_of(text: &str, networks: &Networks) -> Parsed<NetworkCode> {
    let code = NetworkCode::parse_joined(text).ok_or_else(|| {
        format!("{} is neither a network such as 639/02 nor an MCC such as 639", quoted(text))
    })?;
    let is_known = networks.iter().any(|(_, known)| known.code == code || known.code.mcc_alone() == code);
    if is_known { Ok(code) } else { Err(format!("{code} is not in the file of networks")) }
}

/// A country of a catalogue.
pub fn country_of(code: &str, networks: &Networks) -> Parsed<CountryCode> {
    texts::country(code)?;
    let country = CountryCode::new(code).filter(|_| networks.has_country(code));
    country.ok_or_else(|| format!("no country has the code {}", quoted(code)))
}

/// Reads the part of the traffic that a table names. Prefixes are for tables that may have them.
pub fn read_scope(table: &mut TableReader, known: &Known, has_prefixes: bool) -> TrafficScope {
    let countries = table.list("countries", text(|code| known.country(code)));
    let networks = table.list("networks", text(|code| known.joined(code)));
    let prefixes = if has_prefixes { table.list("prefixes", text(prefix)) } else { None };
    // A list in which everything was wrong has been reported.
    let is_right = |key, length: Option<usize>| length != Some(0) || table.is_empty_list(key);
    if !is_right("countries", countries.as_ref().map(Vec::len))
        || !is_right("networks", networks.as_ref().map(Vec::len))
        || !is_right("prefixes", prefixes.as_ref().map(Vec::len))
    {
        return TrafficScope::All;
    }
    let scope = ScopeLists { countries, networks, prefixes }.scope();
    scope.unwrap_or_else(|(key, message)| {
        table.problem(key, message);
        TrafficScope::All
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_one_list_names_the_traffic() {
        let kenya = || Some(vec![CountryCode::new("KE").unwrap()]);
        assert_eq!(ScopeLists::default().scope(), Ok(TrafficScope::All));
        let one = ScopeLists { countries: kenya(), ..ScopeLists::default() };
        assert_eq!(one.scope(), Ok(TrafficScope::Countries([CountryCode::new("KE").unwrap()].into())));
        let two = ScopeLists { countries: kenya(), prefixes: Some(vec!["254".into()]), networks: None };
        assert_eq!(
            two.scope().unwrap_err(),
            ("prefixes", "cannot be set together with countries".to_owned())
        );
        let none = ScopeLists { networks: Some(Vec::new()), ..ScopeLists::default() };
        assert_eq!(none.scope().unwrap_err().0, "networks");
        let many = vec![CountryCode::new("KE").unwrap(); LISTED + 1];
        let many = ScopeLists { countries: Some(many), ..ScopeLists::default() };
        assert_eq!(many.scope().unwrap_err(), ("countries", "more than 1000".to_owned()));
    }

    #[test]
    fn a_prefix_is_digits_of_a_number_in_international_form() {
        for right in ["1", "25472", "123456789012345"] {
            assert_eq!(&*prefix(right).unwrap(), right);
        }
        for wrong in ["", "0254", "+254", "25 4", "1234567890123456", "２５４"] {
            assert!(prefix(wrong).is_err(), "{wrong}");
        }
    }
}
