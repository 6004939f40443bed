//! The next version of one account, checked and not yet in force.

use std::sync::Arc;

use tollgate_provisioning::ProvisionedAccount;
use tollgate_relay::configuration::{ConfigurationChange, PreparedAccount};
use tollgate_relay::core::ApplyError;
use tollgate_relay::snapshot_builder::Prepared;
use tollgate_storage::committer::{ProvisionChange, Provisioned};

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
