//! Accounts, operators and price lists of the management API, beside those of the files. A name that both have is the file's.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tollgate_engine::operator::OperatorStatus;
use tollgate_provisioning::{ProvisionedAccount, ProvisionedOperator, ProvisionedPriceList, Provisioning};

/// Accounts, operators and price lists of the API, by id, code and name, and what it changes of the files' operators.
#[derive(Clone, Debug, Default)]
pub struct Additions {
    /// The accounts, by id.
    pub accounts: BTreeMap<Arc<str>, ProvisionedAccount>,
    /// The operators, by code.
    pub operators: BTreeMap<Arc<str>, ProvisionedOperator>,
    /// The statuses that it gave to operators of the files, by code. Where a file says another one, the stricter holds.
    pub statuses: BTreeMap<Arc<str>, OperatorStatus>,
    /// The price lists, by name.
    pub price_lists: BTreeMap<Arc<str>, ProvisionedPriceList>,
}

impl Additions {
    /// The files' provisioning with the additions in it. An addition whose name a file has taken is left out, with a
    /// warning in the log.
    pub fn beside(&self, files: &Provisioning) -> Provisioning {
        let ids: HashSet<&str> = files.accounts.iter().map(|account| &*account.account.id).collect();
        let system_ids: HashSet<&str> = files.accounts.iter().map(|account| &*account.system_id).collect();
        let codes: HashSet<&str> = files.operators.iter().map(|operator| &*operator.operator.code).collect();
        let (accounts, shadowed): (Vec<_>, Vec<_>) = self.accounts.values().partition(|account| {
            !ids.contains(&*account.account.id) && !system_ids.contains(&*account.system_id)
        });
        for account in shadowed {
            let id = &account.account.id;
            tracing::warn!(%id, "an account of the management API is left out: a file has its id or system_id");
        }
        let (operators, shadowed): (Vec<_>, Vec<_>) =
            self.operators.values().partition(|operator| !codes.contains(&*operator.operator.code));
        for operator in shadowed {
            let code = &operator.operator.code;
            tracing::warn!(%code, "an operator of the management API is left out: a file has its code");
        }
        let names: HashSet<&str> = files.price_lists.iter().map(|list| &*list.name).collect();
        let (lists, shadowed): (Vec<_>, Vec<_>) =
            self.price_lists.values().partition(|list| !names.contains(&*list.name));
        for list in shadowed {
            let name = &list.name;
            tracing::warn!(%name, "a price list of the management API is left out: a file has its name");
        }
        let (accounts, operators) = (accounts.into_iter().cloned(), operators.into_iter().cloned());
        let lists: Vec<ProvisionedPriceList> = lists.into_iter().cloned().collect();
        let mut all = files.with(accounts.collect(), operators.collect(), &lists);
        for provisioned in all.operators.iter_mut().take(files.operators.len()) {
            let operator = &mut provisioned.operator;
            if let Some(status) = self.statuses.get(&operator.code) {
                operator.status = stricter(operator.status, *status);
            }
        }
        all
    }
}

/// The status by which an operator gets fewer messages.
fn stricter(one: OperatorStatus, other: OperatorStatus) -> OperatorStatus {
    use OperatorStatus::{Active, Disabled, Draining};
    match (one, other) {
        (Disabled, _) | (_, Disabled) => Disabled,
        (Draining, _) | (_, Draining) => Draining,
        (Active, Active) => Active,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_statuses_the_stricter_holds() {
        use OperatorStatus::{Active, Disabled, Draining};
        for (one, other, expected) in [
            (Active, Active, Active),
            (Active, Draining, Draining),
            (Draining, Disabled, Disabled),
            (Disabled, Active, Disabled),
        ] {
            assert_eq!((stricter(one, other), stricter(other, one)), (expected, expected));
        }
    }
}
