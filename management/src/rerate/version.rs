//! One archived version of the tariff, ready for look-up.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_engine::account::{
    Account, DefaultCoding, DeliveryMode, NumberLengths, SenderPolicy, TextPolicy,
};
use tollgate_engine::money::Amount;
use tollgate_engine::numbering::{NumberingPlan, PortedNumbers};
use tollgate_engine::prices::PriceTable;
use tollgate_engine::refusal::StatusTable;
use tollgate_engine::tables::{Definition, DefinitionError, PlanTable, Tables};
use tollgate_provisioning::{ArchivedCatalogue, ArchivedTerms};

/// The plans of a version by name.
pub type PlanTables = HashMap<Arc<str>, PlanTable>;

/// A version, as far as its archive goes.
#[derive(Debug)]
pub enum Archived {
    /// One that can be read.
    Readable(Box<Version>),
    /// One whose files are not those that it is named after.
    Altered(String),
    /// One that this version of the program cannot read.
    Unreadable(String),
}

/// All that a version rates messages by. Versions with the same files share what was made of them.
#[derive(Debug)]
pub struct Version {
    /// Networks and numbers.
    pub catalogue: Arc<ArchivedCatalogue>,
    /// The plans with their rates.
    pub plans: Arc<PlanTables>,
    /// The terms that accounts had of their own.
    pub terms: ArchivedTerms,
    /// The accounts that stood in chains; `None` where none did.
    pub tables: Option<Tables>,
}

impl Version {
    /// The rates that an account had of its own.
    pub fn own_prices(&self, account: &str) -> PriceTable {
        PriceTable::build(self.terms.rates(account), self.catalogue.networks())
    }
}

/// Tables of the accounts that stood in chains; `None` where none did. The error says what they lack.
pub fn chain_tables(
    catalogue: &ArchivedCatalogue,
    plans: &PlanTables,
    terms: &ArchivedTerms,
) -> Result<Option<Tables>, String> {
    let accounts: Vec<Account> = terms.in_chains().filter_map(|id| account_of(id, plans, terms)).collect();
    if accounts.is_empty() {
        return Ok(None);
    }
    let definition = Definition {
        version: Arc::from("archived"),
        networks: catalogue.networks().clone(),
        numbering: NumberingPlan::default(),
        ported: PortedNumbers::default(),
        plans: plans.values().map(|table| table.plan.clone()).collect(),
        accounts,
        statuses: StatusTable::default(),
        exchange: terms.exchange(),
    };
    let joined =
        |errors: Vec<DefinitionError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    Tables::build(definition).map(Some).map_err(joined)
}

/// An account with the settings that prices depend on; `None` where its plan is not archived.
fn account_of(id: &Arc<str>, plans: &PlanTables, terms: &ArchivedTerms) -> Option<Account> {
    let plan = &plans.get(terms.plan(id)?)?.plan;
    Some(Account {
        id: Arc::clone(id),
        currency: plan.currency,
        plan: Arc::clone(&plan.name),
        credit_limit: Amount::ZERO,
        suspended: false,
        low_balance_threshold: None,
        default_calling_code: None,
        number_lengths: NumberLengths::Warn,
        rates: terms.rates(id).to_vec(),
        senders: SenderPolicy::Any,
        texts: TextPolicy::Any,
        approvals: Arc::default(),
        trusts_network_tlv: terms.trusts_network_tlv(id),
        rate_limit: None,
        default_coding: DefaultCoding::default(),
        delivery: DeliveryMode::default(),
        statuses: Vec::new(),
        caps: Vec::new(),
        reselling: terms.reselling(id),
    })
}
