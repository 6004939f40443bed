//! From a configuration that was read to a snapshot that can be put in force.

use std::collections::HashMap;
use std::sync::Arc;

use thiserror::Error;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::routing::{Routes, RoutingError};
use tollgate_engine::tables::{DefinitionError, Tables};
use tollgate_provisioning::{Loaded, ProvisionedAccount, ProvisionedOperator, Provisioning};
use tollgate_storage::committer::Provisioned;
use tollgate_storage::store::Unavailable;

use crate::account_runtimes::AccountRuntimes;
use crate::active_account::ActiveAccount;
use crate::additions::Additions;
use crate::books::Books;
use crate::changed_accounts::ChangedAccounts;
use crate::delivery::operator_queues::{NextOperatorQueues, OperatorQueues, OperatorSetup};
use crate::snapshot::Snapshot;

/// The reason why a configuration cannot be applied.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// Its pieces contradict one another.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Definition(Vec<DefinitionError>),
    /// Its operators and routes contradict one another.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Routing(Vec<RoutingError>),
    /// Accounts and tariff version could not be made durable first.
    #[error(transparent)]
    Storage(#[from] Unavailable),
}

/// A snapshot that is not in force yet.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) snapshot: Snapshot,
    pub(crate) additions: Additions,
    /// The operators' queues, with what they take over once it is in force.
    pub(crate) operator_queues: NextOperatorQueues,
}

/// Makes snapshots of configurations.
#[derive(Debug)]
pub struct SnapshotBuilder {
    books: Books,
    accounts: Arc<AccountRuntimes>,
}

impl SnapshotBuilder {
    /// A builder over the books and the accounts' states.
    pub fn new(books: Books, accounts: Arc<AccountRuntimes>) -> Self {
        Self { books, accounts }
    }

    /// Builds a snapshot. Accounts, operators and tariff version are made durable first, before anything is priced by them
    /// or sent to them, so that every CDR can be explained. Waits for the disk.
    pub fn prepare(
        &self,
        loaded: &Loaded,
        additions: Additions,
        operator_queues: &OperatorQueues,
    ) -> Result<Prepared, ApplyError> {
        let (provisioning, tables) = self.tables(loaded, &additions)?;
        let Provisioned { accounts, operators, tariff } = self.books.provision(&provisioning)?;
        let routing = provisioning.routing_definition(&operators);
        let routes = Routes::build(routing, &tables.networks).map_err(ApplyError::Routing)?;
        let setup = self.operators(&provisioning, &operators)?;
        let operator_queues = operator_queues.after(&setup, &loaded.settings.delivery);
        let mut snapshot = Snapshot {
            tables,
            tariff,
            routes,
            operator_queues: Arc::clone(&operator_queues.table),
            by_system_id: HashMap::new(),
            by_account: HashMap::new(),
            by_number: HashMap::new(),
            changed_accounts: ChangedAccounts::default(),
        };
        for (provisioned, number) in provisioning.accounts.into_iter().zip(accounts) {
            let Some(terms) = snapshot.tables.terms(&provisioned.account.id) else {
                unreachable!("tables have the terms of every account that they were built from")
            };
            let runtime = self.accounts.runtime(number, &provisioned);
            let account = &terms.account;
            let provisioned = ProvisionedAccount {
                account: tollgate_engine::account::Account {
                    approvals: Arc::clone(&account.approvals),
                    ..provisioned.account
                },
                ..provisioned
            };
            let account = Arc::new(ActiveAccount { provisioned, terms: Arc::clone(terms), runtime });
            snapshot.by_system_id.insert(Arc::clone(&account.provisioned.system_id), Arc::clone(&account));
            snapshot.by_number.insert(number, Arc::clone(&account));
            snapshot.by_account.insert(Arc::clone(&account.provisioned.account.id), account);
        }
        Ok(Prepared { snapshot, additions, operator_queues })
    }

    /// Files and additions together, and the tables that are built from them. Nothing is written.
    pub fn tables(
        &self,
        loaded: &Loaded,
        additions: &Additions,
    ) -> Result<(Provisioning, Tables), ApplyError> {
        let provisioning = additions.beside(&loaded.provisioning);
        let mut definition = provisioning.definition(&loaded.settings.refusals);
        for account in &mut definition.accounts {
            account.approvals = self.accounts.approvals(&account.id);
        }
        let tables = Tables::build(definition).map_err(ApplyError::Definition)?;
        Ok((provisioning, tables))
    }

    fn operators(
        &self,
        provisioning: &Provisioning,
        numbers: &[OperatorNumber],
    ) -> Result<OperatorSetup, Unavailable> {
        let provisioned = provisioning.operators.iter().zip(numbers).map(|(operator, number)| {
            let mut operator: ProvisionedOperator = operator.clone();
            operator.operator.number = *number;
            Arc::new(operator)
        });
        let known = self
            .books
            .store
            .provisioned()
            .operators()?
            .into_iter()
            .map(|(number, row)| (number, row.code.into()));
        Ok(OperatorSetup { provisioned: provisioned.collect(), known: known.collect() })
    }
}
