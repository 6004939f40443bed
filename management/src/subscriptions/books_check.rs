//! The proof that the books of subscriptions balance: counters of revenue, periods and ledger entries say the same.

use std::collections::BTreeMap;

use tollgate_engine::money::{Amount, Total};
use tollgate_storage::rows::EntryKind;
use tollgate_storage::store::Store;

use super::record::{PeriodRecord, period_prefix};
use super::revenue::{Counters, Earned, EntryParts, counters};
use crate::collections::SUBSCRIPTION_PERIODS;
use tollgate_api::money::Money;

/// The numbers of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The ledger entries of subscriptions.
    pub entries: u64,
    /// The periods of subscriptions.
    pub periods: u64,
}

/// The amount and the number of periods by currency, plan and month.
type Sums = BTreeMap<(String, String, String), (Total, u64)>;

/// Counts the revenue again from the ledger, and compares it with the counters and with the periods. `Err` is the first thing
/// that is off.
pub fn check(store: &Store) -> Result<Checked, String> {
    let mut checked = Checked::default();
    let mut sums = Sums::new();
    let accounts = store.provisioned().accounts().map_err(|error| error.to_string())?;
    for (number, account) in accounts {
        let (mut paid, mut fault) = (BTreeMap::new(), None);
        let read = store.wallets().entries_from(number, 0, |id, entry| {
            if entry.kind == EntryKind::Subscription && fault.is_none() {
                checked.entries += 1;
                fault = add(&mut sums, &mut paid, &account.currency, &entry.metadata, entry.amount)
                    .err()
                    .map(|what| format!("ledger entry {id} of account {}: {what}", account.id));
            }
        });
        read.map_err(|error| error.to_string())?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        checked.periods += compare_periods(store, &account.id, &mut paid)?;
    }
    let kept = counters(store).map_err(|problem| problem.detail)?;
    compare(&kept, &sums)?;
    Ok(checked)
}

/// The amounts by subscription and period.
type Paid = BTreeMap<(u32, u32), Total>;

fn add(
    sums: &mut Sums,
    paid: &mut Paid,
    currency: &str,
    metadata: &str,
    amount: Amount,
) -> Result<(), String> {
    let parts: EntryParts =
        serde_json::from_str(metadata).map_err(|_| "its metadata cannot be read".to_owned())?;
    if parts.total() != amount.checked_neg() {
        return Err("its parts do not add up to its amount".to_owned());
    }
    *paid.entry((parts.subscription, parts.period)).or_default() += amount.negated();
    for part in parts.parts {
        let key = (currency.to_owned(), part.plan, parts.month.clone());
        let (total, periods) = sums.entry(key).or_default();
        *total += part.amount.0;
        *periods += part.periods;
    }
    Ok(())
}

/// Compares what was paid for the periods of an account with its ledger.
fn compare_periods(store: &Store, account: &str, paid: &mut Paid) -> Result<u64, String> {
    let (mut count, mut fault) = (0, None);
    let prefix = period_prefix(account, None);
    let read = store.documents().list(SUBSCRIPTION_PERIODS, prefix.as_bytes(), None, |key, row| {
        count += 1;
        let key = String::from_utf8_lossy(key);
        fault = match serde_json::from_slice::<PeriodRecord>(&row.body) {
            Err(_) => Some(format!("period {key} of a subscription cannot be read")),
            Ok(period) => {
                let of_ledger = paid.remove(&(period.subscription, period.number)).unwrap_or_default();
                // What a cancellation gives back stands in the ledger alone.
                (of_ledger > period.paid.0).then(|| {
                    format!("period {key} was paid {}, and the ledger has {of_ledger}", period.paid.0)
                })
            }
        };
        fault.is_none()
    });
    read.map_err(|error| error.to_string())?;
    let unknown = paid.keys().next().map(|(subscription, period)| {
        format!(
            "account {account} paid for period {period} of subscription {subscription}, which there is not"
        )
    });
    fault.or(unknown).map_or(Ok(count), Err)
}

fn compare(kept: &Counters, sums: &Sums) -> Result<(), String> {
    let counted: Counters = sums
        .iter()
        .map(|(key, (total, periods))| {
            let amount = total.amount().ok_or_else(|| "the revenue is beyond an amount".to_owned())?;
            Ok((key.clone(), Earned { amount: Money(amount), periods: *periods }))
        })
        .collect::<Result<_, String>>()?;
    let keys = kept.keys().chain(counted.keys());
    for key in keys {
        let (kept, counted) = (kept.get(key), counted.get(key));
        if kept != counted {
            let (currency, plan, month) = key;
            let shown = |earned: Option<&Earned>| {
                earned.map_or_else(
                    || "nothing".to_owned(),
                    |earned| format!("{} in {} periods", earned.amount.0, earned.periods),
                )
            };
            return Err(format!(
                "subscriptions to {plan} earned {} in {currency} in {month} by the counters, and {} by the ledger",
                shown(kept),
                shown(counted)
            ));
        }
    }
    Ok(())
}
