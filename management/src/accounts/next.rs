//! The next version of one account, checked and not yet in force.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_engine::tables::Tables;
use tollgate_provisioning::{BelowCostFault, ProvisionedAccount};
use tollgate_relay::configuration::{ConfigurationChange, PreparedAccount};
use tollgate_relay::core::ApplyError;
use tollgate_relay::snapshot_builder::Prepared;
use tollgate_storage::committer::{ProvisionChange, Provisioned};

use crate::resale::below_cost_words::below_cost_words;

/// An account that is about to be put in force.
pub enum NextAccount {
    /// By itself: its prices are those of the tariff version in force.
    Alone(Box<PreparedAccount>),
    /// With a tariff version that has its prices.
    WithVersion(Box<Prepared>),
}

impl NextAccount {
    /// Checks the account against what is in force.
    pub fn prepare(
        turn: &ConfigurationChange<'_>,
        provisioned: ProvisionedAccount,
        makes_version: bool,
    ) -> Result<Self, ApplyError> {
        if !makes_version {
            return Ok(Self::Alone(Box::new(turn.prepare_account(provisioned)?)));
        }
        let mut additions = turn.additions().clone();
        additions.accounts.insert(Arc::clone(&provisioned.account.id), provisioned);
        Ok(Self::WithVersion(Box::new(turn.prepare(additions)?)))
    }

    /// Refuses prices below cost that the change is about, and returns those that are warned of. Where an account right below
    /// would buy so, the problem is of `changed`, the field of the request that does it.
    pub fn check_below_cost(
        &self,
        caller: &Caller,
        provisioned: &ProvisionedAccount,
        changed: Option<&'static str>,
    ) -> Answer<Vec<String>> {
        let faults = self.below_cost(provisioned);
        match faults.iter().find(|fault| fault.is_refused) {
            Some(refused) if refused.is_above(&provisioned.account.id) => {
                let words = below_cost_words(refused, caller);
                let message = format!("account `{}` would buy below cost: {words}", refused.account);
                Err(Problem::unprocessable(message).and_field(changed.unwrap_or(refused.key), words))
            }
            Some(refused) => Err(Problem::field(refused.key, below_cost_words(refused, caller))),
            None => Ok(faults.iter().map(|fault| below_cost_words(fault, caller)).collect()),
        }
    }

    /// Prices below cost that the change is about.
    pub fn below_cost(&self, provisioned: &ProvisionedAccount) -> Vec<&BelowCostFault> {
        let Self::WithVersion(prepared) = self else { return Vec::new() };
        prepared.below_cost().iter().filter(|fault| fault.concerns(provisioned)).collect()
    }

    /// Everything that prices would depend on; `None` where that is what is in force.
    pub fn tables(&self) -> Option<&Tables> {
        match self {
            Self::Alone(_) => None,
            Self::WithVersion(prepared) => Some(prepared.tables()),
        }
    }

    /// The part that has to be durable before it is in force.
    pub fn change(&self) -> ProvisionChange {
        match self {
            Self::Alone(account) => account.change(),
            Self::WithVersion(prepared) => prepared.change(),
        }
    }

    /// Puts it in force, once its change is durable.
    pub fn enact(self, turn: &mut ConfigurationChange<'_>, provisioned: Provisioned) {
        match self {
            Self::Alone(account) => turn.enact_account(*account, &provisioned),
            Self::WithVersion(prepared) => turn.enact(*prepared, provisioned),
        }
    }
}
