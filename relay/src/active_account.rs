//! An account as its sessions see it: what is provisioned, what it is priced by, and its state.

use std::sync::Arc;

use tollgate_engine::charging::{Charge, Level, Rated};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::pumping::PumpingSettings;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::settlement::Outcome;
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
    /// The search for traffic pumping, the account's own settings over those of its plan, and these over those of
    /// all.
    pub pumping: PumpingSettings,
    /// The state that outlives a reload.
    pub runtime: Arc<AccountRuntime>,
}

impl ActiveAccount {
    /// Refuses a message, before its debit, to a range whose rate is stepped down.
    pub fn check_pumping(&self, rated: &Rated, network: NetworkCode) -> Result<(), Refusal> {
        self.runtime.pumping.check(&self.pumping, rated.number, network)
    }

    /// Shows a charge to the account's detector of traffic pumping.
    pub fn note_charge(&self, charge: &Charge, network: NetworkCode) {
        self.runtime.pumping.charged(&self.pumping, charge, network);
    }

    /// Shows the end of a message to the account's detector of traffic pumping. Ends that say nothing of the number are passed
    /// over: an expiry, a cancellation, and what nobody knows.
    pub fn note_end(&self, number: Number, network: NetworkCode, outcome: Outcome) {
        let is_delivered = match outcome {
            Outcome::Delivered => true,
            Outcome::Undelivered | Outcome::Rejected => false,
            Outcome::Expired | Outcome::Cancelled | Outcome::Unknown => return,
        };
        self.runtime.pumping.ended(&self.pumping, number, network, is_delivered);
    }

    /// The account as a level of a chain.
    pub fn level(&self) -> Level<'_> {
        Level { terms: &self.terms, wallet: &self.runtime.wallet }
    }
}
