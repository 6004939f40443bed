//! The counters of a period added up: in all, by network and country, by operator, by day.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use jiff::civil::Date;
use tollgate_api::answer::Answer;
use tollgate_api::money::MoneySum;
use tollgate_api::usage::{CountryUsage, NetworkUsage, OperatorUsage, UsageCounts, Whose};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::country::CountryCode;
use tollgate_engine::network::{NetworkCode, Networks};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::tables::Tables;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::rows::UsageRow;
use tollgate_storage::store::Store;
use tollgate_storage::usage::UsageOf;

use super::counts::{cost, counts, difference};
use crate::billing::period;
use crate::problems::unavailable;

/// The breakdown of a period's counters that is needed.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// Only the totals.
    Totals,
    /// Also by network and operator, and by these days, each with the instant at which the next one begins.
    Everything(&'a [(Date, UnixMicros)]),
}

/// A network, and the country of the numbers in it: operators of one country have numbers of others. `None` where the plan
/// that they were charged by does not say it.
type Place = (NetworkCode, Option<CountryCode>);

/// The counters of a period, added up.
#[derive(Debug, Default)]
pub struct Tally {
    tells_money: bool,
    pub totals: UsageRow,
    pub days: Vec<UsageRow>,
    networks: BTreeMap<Place, UsageRow>,
    operators: BTreeMap<OperatorNumber, UsageRow>,
}

impl Tally {
    /// Adds up an account's counters of a period, those of its own messages, of messages of accounts below, or all.
    pub fn read(
        store: &Store,
        account: AccountNumber,
        instants: &Range<UnixMicros>,
        (whose, wanted, tells_money): (Whose, Wanted<'_>, bool),
    ) -> Answer<Self> {
        let days = match wanted {
            Wanted::Totals => &[],
            Wanted::Everything(days) => days,
        };
        let days_of = vec![UsageRow::default(); days.len()];
        let mut tally = Self { tells_money, days: days_of, ..Self::default() };
        // Rows come in the order of time, so that the day only moves forward.
        let mut day = 0;
        let read = store.usage().of_account(account, period::quarters(instants), |key, row| {
            let at = key.quarter.starts_at();
            while days.get(day).is_some_and(|(_, ends_at)| *ends_at <= at) {
                day += 1;
            }
            match (key.of, wanted) {
                (of, _) if !is_asked_for(whose, of) => {}
                (UsageOf::Operator(number), Wanted::Everything(_)) => {
                    tally.operators.entry(number).or_default().add(row);
                }
                (UsageOf::Operator(_), Wanted::Totals) => {}
                (UsageOf::Network(..) | UsageOf::Below(..), Wanted::Totals) => tally.totals.add(row),
                (UsageOf::Network(code, country) | UsageOf::Below(code, country), Wanted::Everything(_)) => {
                    tally.add(day, (code, country), row);
                }
            }
            true
        });
        read.map_err(|error| unavailable(&error))?;
        Ok(tally)
    }

    /// A row as the API shows it, with money where this account's is told.
    pub fn counts(&self, row: &UsageRow) -> UsageCounts {
        counts(row, self.tells_money)
    }

    fn add(&mut self, day: usize, place: Place, row: &UsageRow) {
        self.totals.add(row);
        self.networks.entry(place).or_default().add(row);
        if let Some(counted) = self.days.get_mut(day) {
            counted.add(row);
        }
    }

    /// By country, in the order of their codes.
    pub fn by_country(&self, tables: &Tables) -> Vec<CountryUsage> {
        let mut countries: BTreeMap<Option<&str>, UsageRow> = BTreeMap::new();
        for (place, row) in &self.networks {
            countries.entry(country_of(&tables.networks, place)).or_default().add(row);
        }
        let shown = countries.iter().map(|(country, row)| CountryUsage {
            country_code: country.map(ToOwned::to_owned),
            country_name: country.map(|code| name_of(&tables.networks, code)),
            counts: self.counts(row),
        });
        shown.collect()
    }

    /// By network, in the order of their codes, and by the countries of their numbers.
    pub fn by_network(&self, tables: &Tables) -> Vec<NetworkUsage> {
        let networks = &tables.networks;
        let mut places: BTreeMap<(NetworkCode, Option<&str>), UsageRow> = BTreeMap::new();
        for (place, row) in &self.networks {
            places.entry((place.0, country_of(networks, place))).or_default().add(row);
        }
        let shown = places.iter().map(|((code, country), row)| {
            let network = networks.id(*code).map(|id| networks.get(id));
            NetworkUsage {
                mcc: format!("{:03}", code.mcc),
                mnc: code.mnc.map(|mnc| mnc.to_string()),
                network: network.map(|network| network.operator.to_string()).filter(|name| !name.is_empty()),
                country_code: country.map(ToOwned::to_owned),
                counts: self.counts(row),
            }
        });
        shown.collect()
    }

    /// By operator, in the order of their numbers.
    pub fn by_operator(&self, store: &Store, with_costs: bool) -> Answer<Vec<OperatorUsage>> {
        if self.operators.is_empty() {
            return Ok(Vec::new());
        }
        let known = store.provisioned().operators().map_err(|error| unavailable(&error))?;
        let codes: HashMap<_, _> = known.into_iter().map(|(number, row)| (number, row.code)).collect();
        let shown = self.operators.iter().map(|(number, row)| {
            let margin = difference(cost(row), row.cost_operators);
            OperatorUsage {
                operator: codes.get(number).cloned().unwrap_or_default(),
                counts: self.counts(row),
                operator_cost: with_costs.then_some(MoneySum(row.cost_operators)),
                margin: with_costs.then_some(MoneySum(margin)),
            }
        });
        Ok(shown.collect())
    }
}

fn is_asked_for(whose: Whose, of: UsageOf) -> bool {
    match of {
        UsageOf::Network(..) | UsageOf::Operator(_) => whose != Whose::Below,
        UsageOf::Below(..) => whose != Whose::Own,
    }
}

/// The code of the country of a place's numbers, or else of its network by the catalogue in force.
fn country_of<'a>(networks: &'a Networks, place: &'a Place) -> Option<&'a str> {
    let (network, country) = place;
    let of_network = || networks.country_of(networks.id(*network)?).map(|country| &*country.iso2);
    country.as_ref().map(CountryCode::as_str).or_else(of_network)
}

/// The name of a country for people; its code where the catalogue in force does not have it.
fn name_of(networks: &Networks, code: &str) -> String {
    networks.country_of_code(code).map_or(code, |country| &country.name).to_owned()
}
