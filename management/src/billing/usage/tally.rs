//! The counters of a period added up: in all, by network and country, by operator, by day.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use jiff::civil::Date;
use tollgate_api::answer::Answer;
use tollgate_api::money::MoneySum;
use tollgate_api::usage::{CountryUsage, NetworkUsage, OperatorUsage};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::network::{Country, Network, NetworkCode};
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

/// The counters of a period, added up.
#[derive(Debug, Default)]
pub struct Tally {
    pub totals: UsageRow,
    pub days: Vec<UsageRow>,
    networks: BTreeMap<NetworkCode, UsageRow>,
    operators: BTreeMap<OperatorNumber, UsageRow>,
}

impl Tally {
    /// Adds up an account's counters of a period.
    pub fn read(
        store: &Store,
        account: AccountNumber,
        instants: &Range<UnixMicros>,
        wanted: Wanted<'_>,
    ) -> Answer<Self> {
        let days = match wanted {
            Wanted::Totals => &[],
            Wanted::Everything(days) => days,
        };
        let mut tally = Self { days: vec![UsageRow::default(); days.len()], ..Self::default() };
        // Rows come in the order of time, so that the day only moves forward.
        let mut day = 0;
        let read = store.usage().of_account(account, period::quarters(instants), |key, row| {
            let at = key.quarter.starts_at();
            while days.get(day).is_some_and(|(_, ends_at)| *ends_at <= at) {
                day += 1;
            }
            match wanted {
                Wanted::Totals if matches!(key.of, UsageOf::Network(_)) => tally.totals.add(row),
                Wanted::Totals => {}
                Wanted::Everything(_) => tally.add(Some(day), key.of, row),
            }
            true
        });
        read.map_err(|error| unavailable(&error))?;
        Ok(tally)
    }

    fn add(&mut self, day: Option<usize>, of: UsageOf, row: &UsageRow) {
        match of {
            UsageOf::Network(code) => {
                self.totals.add(row);
                self.networks.entry(code).or_default().add(row);
                if let Some(counted) = day.and_then(|day| self.days.get_mut(day)) {
                    counted.add(row);
                }
            }
            UsageOf::Operator(number) => self.operators.entry(number).or_default().add(row),
        }
    }

    /// By country, in the order of their codes.
    pub fn by_country(&self, tables: &Tables) -> Vec<CountryUsage> {
        let mut countries: BTreeMap<Option<(&str, &str)>, UsageRow> = BTreeMap::new();
        for (code, row) in &self.networks {
            let country = found(tables, *code).1.map(|country| (&*country.iso2, &*country.name));
            countries.entry(country).or_default().add(row);
        }
        let shown = countries.iter().map(|(country, row)| CountryUsage {
            country_code: country.map(|(code, _)| code.to_owned()),
            country_name: country.map(|(_, name)| name.to_owned()),
            counts: counts(row),
        });
        shown.collect()
    }

    /// By network, in the order of their codes.
    pub fn by_network(&self, tables: &Tables) -> Vec<NetworkUsage> {
        let shown = self.networks.iter().map(|(code, row)| {
            let (network, country) = found(tables, *code);
            NetworkUsage {
                mcc: format!("{:03}", code.mcc),
                mnc: code.mnc.map(|mnc| mnc.to_string()),
                network: network.map(|network| network.operator.to_string()).filter(|name| !name.is_empty()),
                country_code: country.map(|country| country.iso2.to_string()),
                counts: counts(row),
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
                counts: counts(row),
                operator_cost: with_costs.then_some(MoneySum(row.cost_operators)),
                margin: with_costs.then_some(MoneySum(margin)),
            }
        });
        Ok(shown.collect())
    }
}

/// A network of the catalogue in force, with its country.
fn found(tables: &Tables, code: NetworkCode) -> (Option<&Network>, Option<&Country>) {
    let networks = &tables.networks;
    let id = networks.id(code);
    (id.map(|id| networks.get(id)), id.and_then(|id| networks.country_of(id)))
}
