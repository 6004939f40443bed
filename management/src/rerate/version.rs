//! One archived version of the tariff, ready for look-up.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_engine::prices::PriceTable;
use tollgate_engine::tables::{PlanTable, Tables};
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
