//! The traffic of the last day that would find no operator under a configuration, so that nobody makes an outage unawares.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::store::{Store, Unavailable};
use tollgate_storage::usage::{Quarter, UsageOf};

use crate::snapshot::Snapshot;
use crate::snapshot_builder::Prepared;

/// A day, which is what is looked at.
const DAY_MICROS: u64 = 24 * 3_600 * 1_000_000;

/// Messages of one account to one network that would find no operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnroutedTraffic {
    /// The id of the account.
    pub account: Arc<str>,
    /// The network that they went to.
    pub network: NetworkCode,
    /// Their number in the last day.
    pub messages: u64,
    /// True if they find a route, or need none, under the configuration in force.
    pub is_new: bool,
}

impl fmt::Display for UnroutedTraffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, network, messages, .. } = self;
        write!(
            f,
            "account {account} had {messages} messages to {network} in the last day, which find no operator now"
        )
    }
}

/// The traffic of the accounts in force that would find no operator, by account and network.
pub fn unrouted_traffic(
    store: &Store,
    in_force: &Snapshot,
    prepared: &Prepared,
    now: UnixMicros,
) -> Result<Vec<UnroutedTraffic>, Unavailable> {
    let quarters = Quarter::of(UnixMicros(now.0.saturating_sub(DAY_MICROS)))
        ..Quarter(Quarter::of(now).0.saturating_add(1));
    let mut found = Vec::new();
    for account in in_force.accounts() {
        let id = &account.provisioned.account.id;
        if !prepared.delivers(id) {
            continue;
        }
        let mut networks: BTreeMap<NetworkCode, u64> = BTreeMap::new();
        store.usage().of_account(account.runtime.wallet.number(), quarters.clone(), |key, row| {
            if let UsageOf::Network(network, _) = key.of {
                let messages = networks.entry(network).or_default();
                *messages = messages.saturating_add(row.messages);
            }
            true
        })?;
        networks.retain(|network, messages| *messages > 0 && !prepared.serves(*network, id));
        let delivered_now = account.terms.delivery().goes_to_operators(in_force.delivers_by_default);
        found.extend(networks.into_iter().map(|(network, messages)| {
            let served =
                in_force.tables.networks.id(network).is_some_and(|it| in_force.routes.serves(it, id));
            UnroutedTraffic { account: Arc::clone(id), network, messages, is_new: !delivered_now || served }
        }));
    }
    found.sort_by(|one, other| (&one.account, one.network).cmp(&(&other.account, other.network)));
    Ok(found)
}
