//! The delivery of accounts that set none. It never depends on the operators that there happen to be: the first of them
//! would otherwise take every other message away from whoever delivers it.

use tollgate_engine::account::DeliveryMode;
use tollgate_provisioning::Provisioning;
use tollgate_storage::store::{Store, Unavailable};

/// The delivery that holds, and its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultDelivery {
    /// True if messages are handed to operators, false if they are charged only.
    pub to_operators: bool,
    /// The origin of the rule.
    pub origin: DeliveryOrigin,
    /// The rule to be kept in the data directory, which has none yet.
    pub to_be_kept: Option<bool>,
}

/// The origin of the default delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOrigin {
    /// `[routing]` of `tollgate.toml`.
    Settings,
    /// The data directory, which has kept it since the first start that asked for it.
    DataDirectory,
    /// The operators that are provisioned now, as no data directory has a rule yet.
    Operators,
}

impl DefaultDelivery {
    /// The default for what is provisioned in files and over the API. A directory that has no rule yet keeps the one that
    /// earlier versions followed: to operators where there are any.
    pub fn of(store: Option<&Store>, provisioning: &Provisioning) -> Result<Self, Unavailable> {
        let kept = store.map_or(Ok(None), |store| store.provisioned().default_delivery())?;
        let as_before = !provisioning.operators.is_empty();
        let to_be_kept = if kept.is_none() { Some(as_before) } else { None };
        let (to_operators, origin) = match (provisioning.routing.default_delivery, kept) {
            (Some(delivery), _) => (delivery != DeliveryMode::ChargeOnly, DeliveryOrigin::Settings),
            (None, Some(kept)) => (kept, DeliveryOrigin::DataDirectory),
            (None, None) => (as_before, DeliveryOrigin::Operators),
        };
        Ok(Self { to_operators, origin, to_be_kept })
    }
}
