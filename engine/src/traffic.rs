//! The part of the traffic that a rule is about: everything, some countries, some networks, or the numbers that begin so.
//! Bundles count in such a part, caps limit it, and price lists mark it up.

use std::sync::Arc;

use crate::country::CountryCode;
use crate::network::NetworkCode;
use crate::number::Number;

/// The facts about a message by which it belongs to a part of the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The number in international form.
    pub number: Number,
    /// The network of the number.
    pub network: NetworkCode,
    /// The country of the number; `None` where it is not known.
    pub country: Option<CountryCode>,
}

/// A part of the traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum TrafficScope {
    /// Every destination there is.
    #[default]
    All,
    /// The numbers of these countries.
    Countries(Arc<[CountryCode]>),
    /// The numbers of these networks; an MCC alone stands for each network of it.
    Networks(Arc<[NetworkCode]>),
    /// The numbers that begin with one of these digits in international form.
    Prefixes(Arc<[Box<str>]>),
}

impl TrafficScope {
    /// True if a message to `destination` belongs to it.
    pub fn contains(&self, destination: &Destination) -> bool {
        let Destination { number, network, country } = destination;
        match self {
            Self::All => true,
            Self::Countries(countries) => country.is_some_and(|country| countries.contains(&country)),
            Self::Networks(networks) => {
                networks.iter().any(|listed| *listed == *network || *listed == network.mcc_alone())
            }
            Self::Prefixes(prefixes) => {
                prefixes.iter().any(|prefix| number.as_bytes().starts_with(prefix.as_bytes()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_contains_what_it_names() {
        let destination = Destination {
            number: Number::from_digits(b"254722000001").unwrap(),
            network: NetworkCode::new("639", "02").unwrap(),
            country: CountryCode::new("KE"),
        };
        let countries = |codes: &[&str]| {
            TrafficScope::Countries(codes.iter().filter_map(|code| CountryCode::new(code)).collect())
        };
        let networks = |codes: &[&str]| {
            TrafficScope::Networks(codes.iter().filter_map(|code| NetworkCode::parse_joined(code)).collect())
        };
        let prefixes =
            |digits: &[&str]| TrafficScope::Prefixes(digits.iter().map(|&digits| digits.into()).collect());
        for (scope, contained) in [
            (TrafficScope::All, true),
            (countries(&["UG", "KE"]), true),
            (countries(&["UG"]), false),
            (networks(&["639/02"]), true),
            (networks(&["639"]), true),
            (networks(&["639/03", "640"]), false),
            (prefixes(&["2547"]), true),
            (prefixes(&["2557", "25473"]), false),
            (prefixes(&[]), false),
        ] {
            assert_eq!(scope.contains(&destination), contained, "{scope:?}");
        }
        assert!(!countries(&["KE"]).contains(&Destination { country: None, ..destination }));
    }
}
