//! The counters of what subscriptions earn, which are written in the change that moves the money.
//!
//! Each ledger entry of the kind `subscription` says in its metadata which part of it belongs to which plan and month, so that
//! the counters can be made again from the ledger.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tollgate_api::answer::Answer;
use tollgate_api::money::{CurrencyCode, Money, MoneySum};
use tollgate_api::problem::Problem;
use tollgate_api::subscriptions::{Revenue, RevenueOfCurrency, RevenueOfMonth, RevenueOfPlan};
use tollgate_engine::money::{Amount, Total};
use tollgate_storage::change::Expected;
use tollgate_storage::store::Store;

use crate::change_set::ChangeSet;
use crate::collections::SUBSCRIPTION_REVENUE;
use crate::documents::stored_document;
use crate::problems::unavailable;

/// The metadata of a ledger entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryParts {
    /// The number of the subscription in its account.
    pub subscription: u32,
    /// The number of the period that the entry is for.
    pub period: u32,
    /// The month that it counts in, of the subscription's time zone.
    pub month: String,
    /// The parts, which add up to what was taken from the wallet.
    pub parts: Vec<EarnedPart>,
}

/// The part of an entry that one plan has earned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarnedPart {
    /// The name of the subscription plan.
    pub plan: String,
    /// More than zero was paid, less was given back.
    pub amount: Money,
    /// The number of periods that were paid for with it: one, or none where it is given back.
    pub periods: u64,
}

/// The counter of one plan and month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earned {
    /// All that was paid, less what was given back.
    pub amount: Money,
    /// The number of periods that were paid for.
    pub periods: u64,
}

/// The counters by currency, plan and month.
pub type Counters = BTreeMap<(String, String, String), Earned>;

impl EntryParts {
    /// The sum of the parts; `None` where no amount can hold it.
    pub fn total(&self) -> Option<Amount> {
        self.parts.iter().fold(Total::ZERO, |total, part| total.plus(part.amount.0)).amount()
    }

    /// Adds the entry to the counters in the same change. Only whoever has the turn of subscriptions does so.
    pub fn count(&self, store: &Store, currency: CurrencyCode, changes: &mut ChangeSet<'_>) -> Answer<()> {
        let mut plans: BTreeMap<&str, (Total, u64)> = BTreeMap::new();
        for part in &self.parts {
            let (total, periods) = plans.entry(&part.plan).or_default();
            *total += part.amount.0;
            *periods += part.periods;
        }
        for (plan, (total, periods)) in plans {
            let key = format!("{}/{plan}/{}", currency.0, self.month);
            let before = stored_document::<Earned>(store, SUBSCRIPTION_REVENUE, &key)?;
            let expected = before.map_or(Expected::Absent, |(revision, _)| Expected::Revision(revision));
            let earned = before.map_or_else(Earned::default, |(_, earned)| earned);
            let amount = total.plus(earned.amount.0).amount();
            let amount =
                amount.ok_or_else(|| Problem::unprocessable("the revenue of the month is at its limit"))?;
            let after = Earned { amount: Money(amount), periods: earned.periods.saturating_add(periods) };
            changes.document(SUBSCRIPTION_REVENUE, key.as_bytes(), expected, Some(&after));
        }
        Ok(())
    }
}

/// Reads all counters.
pub fn counters(store: &Store) -> Answer<Counters> {
    let (mut found, mut is_sound) = (Counters::new(), true);
    let read = store.documents().list(SUBSCRIPTION_REVENUE, &[], None, |key, row| {
        let key = String::from_utf8_lossy(key);
        let mut names = key.splitn(3, '/').map(str::to_owned);
        let earned = serde_json::from_slice(&row.body).ok();
        match (names.next(), names.next(), names.next(), earned) {
            (Some(currency), Some(plan), Some(month), Some(earned)) => {
                found.insert((currency, plan, month), earned);
            }
            _ => is_sound = false,
        }
        is_sound
    });
    read.map_err(|error| unavailable(&error))?;
    if is_sound { Ok(found) } else { Err(Problem::internal("a counter of revenue cannot be read")) }
}

/// The revenue as the API shows it.
pub fn view(counters: &Counters) -> Answer<Revenue> {
    #[derive(Default)]
    struct Sums {
        all: (Total, u64),
        plans: BTreeMap<String, (Total, u64)>,
        months: BTreeMap<String, (Total, u64)>,
    }
    let mut currencies: BTreeMap<String, Sums> = BTreeMap::new();
    for ((currency, plan, month), earned) in counters {
        let sums = currencies.entry(currency.clone()).or_default();
        let of_plan = sums.plans.entry(plan.clone()).or_default();
        let of_month = sums.months.entry(month.clone()).or_default();
        for (total, periods) in [&mut sums.all, of_plan, of_month] {
            *total += earned.amount.0;
            *periods += earned.periods;
        }
    }
    let currencies = currencies.into_iter().map(|(code, sums)| {
        let currency = tollgate_engine::money::Currency::new(&code)
            .ok_or_else(|| Problem::internal("a counter of revenue has no currency"))?;
        let plans = sums.plans.into_iter();
        let months = sums.months.into_iter();
        Ok(RevenueOfCurrency {
            currency: CurrencyCode(currency),
            total: MoneySum(sums.all.0),
            periods: sums.all.1,
            plans: plans
                .map(|(plan, (total, periods))| RevenueOfPlan { plan, total: MoneySum(total), periods })
                .collect(),
            months: months
                .map(|(month, (total, periods))| RevenueOfMonth { month, total: MoneySum(total), periods })
                .collect(),
        })
    });
    Ok(Revenue { currencies: currencies.collect::<Answer<_>>()? })
}
