//! The counters of a period added up: in all, by network and country, by operator, by day.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use jiff::civil::Date;
use tollgate_api::answer::Answer;
use tollgate_api::money::Money;
use tollgate_api::usage::{CountryUsage, NetworkUsage, OperatorUsage};
use tollgate_engine::network::{Country, Network, NetworkCode};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::rows::UsageRow;
use tollgate_storage::usage::UsageOf;

use super::{cost, counts};
use crate::Office;
use crate::billing::period;
use crate::problems::unavailable;
use tollgate_relay::snapshot::{ActiveAccount, Snapshot};

/// What is wanted of a period.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// The totals alone.
    Totals,
    /// Everything; and by these days, each with the instant at which the next one begins.
    Everything(&'a [(Date, UnixMicros)]),
}

/// Counters added up.
#[derive(Debug, Default)]
pub struct Tally {
    pub totals: UsageRow,
    pub days: Vec<UsageRow>,
    networks: BTreeMap<NetworkCode, UsageRow>,
    operators: BTreeMap<OperatorNumber, UsageRow>,
}

impl Tally {
    /// Rows come in the order of time, so that the day only ever moves on.
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
}

impl Office {
    /// Adds up an account's counters of a period.
    pub fn usage_tally(
        &self,
        account: &ActiveAccount,
        instants: &Range<UnixMicros>,
        wanted: Wanted<'_>,
    ) -> Answer<Tally> {
        let number = account.runtime.wallet.number();
        let days = match wanted {
            Wanted::Totals => &[],
            Wanted::Everything(days) => days,
        };
        let mut tally = Tally { days: vec![UsageRow::default(); days.len()], ..Tally::default() };
        let mut day = 0;
        let read = self.store().usage(number, period::quarters(instants), |key, row| {
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

    /// By country, in the order of their codes.
    pub fn usage_by_country(&self, tally: &Tally) -> Vec<CountryUsage> {
        let snapshot = self.context.core.snapshot.load();
        let mut countries: BTreeMap<Option<(&str, &str)>, UsageRow> = BTreeMap::new();
        for (code, row) in &tally.networks {
            let country = found(&snapshot, *code).1.map(|country| (&*country.iso2, &*country.name));
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
    pub fn usage_by_network(&self, tally: &Tally) -> Vec<NetworkUsage> {
        let snapshot = self.context.core.snapshot.load();
        let shown = tally.networks.iter().map(|(code, row)| {
            let (network, country) = found(&snapshot, *code);
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
    pub fn usage_by_operator(&self, tally: &Tally, with_costs: bool) -> Answer<Vec<OperatorUsage>> {
        if tally.operators.is_empty() {
            return Ok(Vec::new());
        }
        let known = self.store().operators().map_err(|error| unavailable(&error))?;
        let codes: HashMap<_, _> = known.into_iter().map(|(number, row)| (number, row.code)).collect();
        let shown = tally.operators.iter().map(|(number, row)| {
            let margin = cost(row).checked_sub(row.cost_operators).unwrap_or_default();
            OperatorUsage {
                operator: codes.get(number).cloned().unwrap_or_default(),
                counts: counts(row),
                operator_cost: with_costs.then_some(Money(row.cost_operators)),
                margin: with_costs.then_some(Money(margin)),
            }
        });
        Ok(shown.collect())
    }
}

/// A network of the catalogue in force, with its country.
fn found(snapshot: &Snapshot, code: NetworkCode) -> (Option<&Network>, Option<&Country>) {
    let networks = &snapshot.tables.networks;
    let id = networks.id(code);
    (id.map(|id| networks.get(id)), id.and_then(|id| networks.country_of(id)))
}
