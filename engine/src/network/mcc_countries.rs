//! The country that an MCC belongs to, where several have numbers under it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Country, CountryId, Network};

/// The country of every MCC that has one.
pub(super) struct MccCountries(BTreeMap<u16, CountryId>);

/// The strength of a country's claim to an MCC, the most important part first.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    networks: usize,
    listing: Listing,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Listing {
    #[default]
    None,
    Other,
    Primary,
}

impl MccCountries {
    /// The country of an MCC is the country with most networks under it. Where that decides nothing, a country
    /// that lists it as its primary MCC comes before one that merely lists it, then the order of ISO codes.
    pub(super) fn of(
        networks: &[Network],
        countries: &[Country],
        mccs: &BTreeMap<CountryId, Vec<u16>>,
    ) -> Self {
        let mut claims: BTreeMap<(u16, CountryId), Claim> = BTreeMap::new();
        for (country, mccs) in mccs {
            for (position, mcc) in mccs.iter().enumerate() {
                let listing = if position == 0 { Listing::Primary } else { Listing::Other };
                claims.entry((*mcc, *country)).or_default().listing = listing;
            }
        }
        for network in networks.iter().filter(|network| !network.code.is_mcc_alone()) {
            if let Some(country) = network.country {
                claims.entry((network.code.mcc, country)).or_default().networks += 1;
            }
        }
        let iso2 = |country: CountryId| Reverse(&countries[usize::from(country.0)].iso2);
        let mut weakest_first: Vec<_> = claims.into_iter().collect();
        weakest_first.sort_by_key(|((_, country), claim)| (*claim, iso2(*country)));
        Self(weakest_first.into_iter().map(|((mcc, country), _)| (mcc, country)).collect())
    }

    pub(super) fn country(&self, mcc: u16) -> Option<CountryId> {
        self.0.get(&mcc).copied()
    }

    /// For each MCC the others with the same country.
    pub(super) fn siblings(&self) -> Vec<(u16, Box<[u16]>)> {
        let of = |mcc: u16, own: CountryId| {
            self.0
                .iter()
                .filter(|(other, country)| **other != mcc && **country == own)
                .map(|(other, _)| *other)
                .collect()
        };
        self.0.iter().map(|(mcc, own)| (*mcc, of(*mcc, *own))).collect()
    }
}
