//! The names of groups.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;
use tollgate_relay::snapshot::Snapshot;
use tollgate_storage::series::SeriesOf;

use crate::context::Context;
use crate::problems::unavailable;

/// The names of the groups of an answer.
pub struct Names {
    accounts: HashMap<AccountNumber, String>,
    operators: HashMap<OperatorNumber, String>,
    snapshot: Arc<Snapshot>,
}

impl Names {
    /// Reads the names of these groups, of accounts and operators that are no longer in force too.
    pub fn read(context: &Context, groups: &[SeriesOf]) -> Answer<Self> {
        let provisioned = context.store().provisioned();
        let mut accounts = HashMap::new();
        for account in groups.iter().filter_map(SeriesOf::account) {
            let row = provisioned.account(account).map_err(|error| unavailable(&error))?;
            accounts.extend(row.map(|row| (account, row.id)));
        }
        let has_operators = groups.iter().any(|group| matches!(group, SeriesOf::Operator(_)));
        let operators = if has_operators {
            provisioned.operators().map_err(|error| unavailable(&error))?
        } else {
            Vec::new()
        };
        let operators = operators.into_iter().map(|(number, row)| (number, row.code)).collect();
        Ok(Self { accounts, operators, snapshot: context.core.snapshot.load_full() })
    }

    /// The key of a group, and its name for people where it has one.
    pub fn of(&self, group: &SeriesOf) -> (Option<String>, Option<String>) {
        let networks = &self.snapshot.tables.networks;
        match group {
            SeriesOf::Country(country) => {
                let code = country.map(|country| country.to_string());
                let name = code.as_ref().and_then(|code| networks.country_of_code(code));
                (code.clone(), name.map(|country| country.name.to_string()))
            }
            SeriesOf::Network(code) => {
                let network = networks.id(*code).map(|id| networks.get(id));
                let name = network.map(|network| network.operator.to_string());
                (Some(code.to_string()), name.filter(|name| !name.is_empty()))
            }
            SeriesOf::Operator(operator) => (self.operators.get(operator).cloned(), None),
            SeriesOf::Plan(plan) => (Some(plan.to_string()), None),
            SeriesOf::Refusals(refusal) => (Some(refusal.name().to_owned()), None),
            other => (other.account().and_then(|account| self.accounts.get(&account).cloned()), None),
        }
    }
}
