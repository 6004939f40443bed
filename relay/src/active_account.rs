//! An account as its sessions see it: what is provisioned, what it is priced by, and its state.

use std::sync::Arc;

use tollgate_engine::charging::Level;
use tollgate_engine::pumping::PumpingSettings;
use tollgate_engine::tables::Terms;
use tollgate_provisioning::ProvisionedAccount;

use crate::account_runtime::AccountRuntime;

/// An account in force.
#[derive(Debug)]
pub struct ActiveAccount {
    /// The account as files or the API define it.
    pub provisioned: ProvisionedAccount,
    /// The terms that its messages are priced by.
    pub terms: Arc<Terms>,
    /// The search for traffic pumping, the account's own settings over those of all.
    pub pumping: PumpingSettings,
    /// The state that outlives a reload.
    pub runtime: Arc<AccountRuntime>,
}

impl ActiveAccount {
    /// The account as a level of a chain.
    pub fn level(&self) -> Level<'_> {
        Level { terms: &self.terms, wallet: &self.runtime.wallet }
    }
}
