//! The configuration in force, and how it is changed: by a reload of the files, or by the management API.
//!
//! It is made of the files and of the additions of the management API. A change of one account over the API swaps that
//! account alone ([`changed_accounts`](crate::changed_accounts)), unless it changes a price of its own, which makes a new
//! tariff version like any other.

use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::{Mutex, MutexGuard};
use tollgate_engine::tables::Terms;
use tollgate_provisioning::{Loaded, ProvisionedAccount, give_price_lists};
use tollgate_storage::change::Change;
use tollgate_storage::committer::{ProvisionChange, Provisioned};
use tollgate_storage::rows::ChainPlace;

use crate::account_runtimes::AccountRuntimes;
use crate::active_account::ActiveAccount;
use crate::additions::Additions;
use crate::books::Books;
use crate::chain_places::{ChainPlaces, place_of};
use crate::delivery::operator_queues::{CurrentOperatorQueues, OperatorQueues};
use crate::expected_reload::ExpectedReloads;
use crate::removed_accounts::RemovedAccounts;
use crate::snapshot::CurrentSnapshot;
use crate::snapshot_builder::{ApplyError, Prepared, opening};
use crate::unrouted::{UnroutedTraffic, unrouted_traffic};
use tollgate_storage::clock::now;
use tollgate_storage::store::Unavailable;

/// The configuration in force.
#[derive(Debug)]
pub struct Configuration {
    snapshot: CurrentSnapshot,
    operator_queues: CurrentOperatorQueues,
    /// The files as they were read last.
    files: ArcSwap<Loaded>,
    /// Held by whoever changes what is in force, from the first look to the last step.
    additions: Mutex<Additions>,
    accounts: Arc<AccountRuntimes>,
    removed: RemovedAccounts,
    expected: ExpectedReloads,
    books: Books,
}

/// One account that was checked against what is in force. Nothing of it is on disk or in force.
#[derive(Debug)]
pub struct PreparedAccount {
    provisioned: ProvisionedAccount,
    terms: Terms,
    tariff_version: Arc<str>,
    place: Option<ChainPlace>,
}

impl PreparedAccount {
    /// The part that has to be durable before the account is in force. Its prices are those of a tariff version that is archived.
    pub fn change(&self) -> ProvisionChange {
        ProvisionChange {
            accounts: vec![opening(&self.provisioned)],
            places: vec![(Arc::clone(&self.provisioned.account.id), self.place.clone())],
            tariff_version: Arc::clone(&self.tariff_version),
            ..ProvisionChange::default()
        }
    }
}

impl Configuration {
    /// Puts the first configuration in force, on top of what the disk holds. Waits for the disk.
    pub fn begin(
        books: Books,
        accounts: Arc<AccountRuntimes>,
        operator_queues: CurrentOperatorQueues,
        loaded: Loaded,
        additions: Additions,
    ) -> Result<Self, ApplyError> {
        let mut prepared = Prepared::check(&books.store, &accounts, &loaded, additions)?;
        let before = ChainPlaces::in_books(&books.store)?;
        prepared.check_roots(&before)?;
        prepared.change_places(&before);
        prepared.warn_below_cost();
        let provisioned = books.provision(prepared.change())?;
        let built = prepared.build(&accounts, provisioned, &OperatorQueues::default());
        operator_queues.follow(built.operator_queues);
        Ok(Self {
            snapshot: CurrentSnapshot::new(built.snapshot),
            operator_queues,
            files: ArcSwap::from_pointee(loaded),
            additions: Mutex::new(built.additions),
            accounts,
            removed: RemovedAccounts::default(),
            expected: ExpectedReloads::default(),
            books,
        })
    }

    /// The snapshot that is in force, now and after each change.
    pub fn snapshot(&self) -> &CurrentSnapshot {
        &self.snapshot
    }

    /// The files as they were read last.
    pub fn files(&self) -> Arc<Loaded> {
        self.files.load_full()
    }

    /// Accounts and operators of the management API. Waits for a change that is under way.
    pub fn additions(&self) -> Additions {
        self.additions.lock().clone()
    }

    /// Accounts that were in force once and are no longer provisioned.
    pub fn removed_accounts(&self) -> &RemovedAccounts {
        &self.removed
    }

    /// The reload that somebody has asked for, whose commit has more to write.
    pub fn expected_reloads(&self) -> &ExpectedReloads {
        &self.expected
    }

    /// Begins a change, which nobody else can do meanwhile. Waits for one that is under way.
    pub fn change(&self) -> ConfigurationChange<'_> {
        ConfigurationChange { configuration: self, additions: self.additions.lock() }
    }
}

/// The right to change what is in force.
#[derive(Debug)]
pub struct ConfigurationChange<'a> {
    configuration: &'a Configuration,
    additions: MutexGuard<'a, Additions>,
}

impl ConfigurationChange<'_> {
    /// Accounts and operators of the management API.
    pub fn additions(&self) -> &Additions {
        &self.additions
    }

    /// Puts other files in force, whole or not at all. What belongs to a reload that somebody has asked for is written in
    /// the same commit. The answer is the traffic of the last day that finds no operator any more. Waits for the disk.
    pub fn apply(&mut self, loaded: Arc<Loaded>) -> Result<Vec<UnroutedTraffic>, ApplyError> {
        let prepared = self.prepare_files(&loaded)?;
        prepared.warn_below_cost();
        let mut unrouted = self.unrouted(&prepared)?;
        unrouted.retain(|traffic| traffic.is_new);
        let Configuration { expected, books, .. } = self.configuration;
        let provisioned = match expected.take(&loaded.provisioning.version) {
            Some(reload) => {
                let changes = || loaded.changes_since(&self.configuration.files());
                let version = Arc::clone(&prepared.tables().version);
                let write = |change: &mut Change| reload.write(change, &version, &changes);
                books.provision_with(prepared.change(), write)?
            }
            None => books.provision(prepared.change())?,
        };
        self.configuration.files.store(loaded);
        self.enact(prepared, provisioned);
        Ok(unrouted)
    }

    /// The traffic of the last day that would find no operator. Reads from the disk.
    pub fn unrouted(&self, prepared: &Prepared) -> Result<Vec<UnroutedTraffic>, Unavailable> {
        let Configuration { snapshot, books, .. } = self.configuration;
        unrouted_traffic(&books.store, &snapshot.load(), prepared, now())
    }

    /// Checks other files as a whole, beside accounts and operators of the management API. Reads from the disk.
    pub fn prepare_files(&self, loaded: &Loaded) -> Result<Prepared, ApplyError> {
        let prepared = self.prepare_with(loaded, self.additions.clone())?;
        prepared.check_roots(&ChainPlaces::in_force(&self.configuration.snapshot.load()))?;
        Ok(prepared)
    }

    /// Checks these additions as a whole, beside the files. Reads from the disk.
    pub fn prepare(&self, additions: Additions) -> Result<Prepared, ApplyError> {
        self.prepare_with(&self.configuration.files(), additions)
    }

    /// Checks the files as they would be with another definition of one of their accounts, which is not put in force so.
    pub fn prepare_account_of_file(&self, provisioned: ProvisionedAccount) -> Result<Prepared, ApplyError> {
        let mut loaded = Loaded::clone(&self.configuration.files());
        let accounts = &mut loaded.provisioning.accounts;
        if let Some(known) = accounts.iter_mut().find(|known| known.account.id == provisioned.account.id) {
            *known = provisioned;
        }
        self.prepare_with(&loaded, self.additions.clone())
    }

    fn prepare_with(&self, loaded: &Loaded, additions: Additions) -> Result<Prepared, ApplyError> {
        let Configuration { accounts, books, snapshot, .. } = self.configuration;
        let mut prepared = Prepared::check(&books.store, accounts, loaded, additions)?;
        prepared.change_places(&ChainPlaces::in_force(&snapshot.load()));
        Ok(prepared)
    }

    /// Puts what was prepared in force, once its change is durable. Operators' links follow once they are told.
    pub fn enact(&mut self, prepared: Prepared, provisioned: Provisioned) {
        let Configuration { snapshot, operator_queues, accounts, removed, .. } = self.configuration;
        let before = Arc::clone(&snapshot.load().operator_queues);
        let built = prepared.build(accounts, provisioned, &before);
        *self.additions = built.additions;
        // First the queues: a message that is routed by the snapshot finds its queue.
        operator_queues.follow(built.operator_queues);
        // Whoever looks for an account finds it in one of the two at every moment.
        removed.keep_those_that_left(&snapshot.load(), &built.snapshot);
        snapshot.store(built.snapshot);
        removed.forget_those_of(&snapshot.load());
    }

    /// Checks one account of the API, new or changed, whose prices are those of the tariff version in force.
    pub fn prepare_account(
        &self,
        mut provisioned: ProvisionedAccount,
    ) -> Result<PreparedAccount, ApplyError> {
        let Configuration { snapshot, accounts, files, .. } = self.configuration;
        let snapshot = snapshot.load();
        let tables = &snapshot.tables;
        let place = place_of(&provisioned, &|parent| snapshot.by_account(parent).is_some());
        let of_api = self.additions.price_lists.values().cloned();
        let lists: Vec<_> = files.load().provisioning.price_lists.iter().cloned().chain(of_api).collect();
        give_price_lists(std::slice::from_mut(&mut provisioned), &lists);
        provisioned.account.approvals = accounts.approvals(&provisioned.account.id);
        let terms = tables.terms_for(provisioned.account.clone());
        let terms = terms.map_err(|error| ApplyError::Definition(vec![error]))?;
        Ok(PreparedAccount { provisioned, terms, tariff_version: Arc::clone(&tables.version), place })
    }

    /// Puts one account in force and nothing else, once its change is durable.
    pub fn enact_account(&mut self, prepared: PreparedAccount, provisioned: &Provisioned) {
        let Configuration { snapshot, accounts, removed, .. } = self.configuration;
        let (&[number], &[wallet]) = (&provisioned.accounts[..], &provisioned.wallets[..]) else {
            unreachable!("one account was provisioned")
        };
        let PreparedAccount { provisioned, terms, .. } = prepared;
        let id = Arc::clone(&provisioned.account.id);
        let runtime = accounts.runtime(&id, number, wallet);
        self.additions.accounts.insert(id, provisioned.clone());
        let pumping = provisioned.pumping.over(terms.plan.plan.pumping.over(snapshot.load().pumping));
        let account = Arc::new(ActiveAccount { provisioned, terms: Arc::new(terms), pumping, runtime });
        snapshot.load().changed_accounts.put(&account);
        removed.forget_those_of(&snapshot.load());
    }
}

#[cfg(test)]
mod tests;
