//! The condition that an account sells to accounts below it for less than it pays itself.

use std::collections::BTreeMap;

use tollgate_api::alerts::{AlertKind, AlertSeverity};
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::BelowCostFault;
use tollgate_relay::snapshot::Snapshot;

use super::record::{AlertRecord, Condition};

/// Accounts that one alert names.
const NAMED_MAX: usize = 5;

/// Every account that sells below cost, with its alert. Amounts are not in it: it is shown to every level above.
pub fn sellers(snapshot: &Snapshot, now: UnixMicros) -> Vec<(Condition, AlertRecord)> {
    let mut by_seller: BTreeMap<&str, Vec<&BelowCostFault>> = BTreeMap::new();
    for fault in &snapshot.below_cost {
        by_seller.entry(&fault.seller).or_default().push(fault);
    }
    by_seller.into_iter().map(|(seller, faults)| alert(seller, &faults, now)).collect()
}

/// True if an account sells below cost.
pub fn sells_below_cost(snapshot: &Snapshot, account: &str) -> bool {
    snapshot.below_cost.iter().any(|fault| *fault.seller == *account)
}

fn alert(seller: &str, faults: &[&BelowCostFault], now: UnixMicros) -> (Condition, AlertRecord) {
    let named = faults.iter().take(NAMED_MAX).map(|fault| {
        let since = fault.from.map(|from| format!(" from {} on", from.to_rfc3339())).unwrap_or_default();
        let more = fault.networks.saturating_sub(1);
        let more = if more > 0 { format!(" and {more} more networks") } else { String::new() };
        format!("to {} for {}{more}{since}", fault.account, fault.network)
    });
    let named: Vec<String> = named.collect();
    let rest = faults.len().saturating_sub(named.len());
    let rest = if rest > 0 { format!(", and to {rest} more accounts") } else { String::new() };
    let record = AlertRecord {
        account: Some(seller.to_owned()),
        kind: AlertKind::BelowCost,
        severity: AlertSeverity::Warning,
        message: format!("The account sells below its own price: {}{rest}", named.join(", ")),
        subject: None,
        threshold: None,
        current_value: None,
        currency: None,
        raised_at: Time(now),
        cleared_at: None,
        is_read: false,
        ledger_to: None,
    };
    (Condition::of(&record), record)
}
