//! From a configuration that was read to a snapshot that can be put in force, in two steps. The first one checks all that
//! can be wrong and leaves nothing behind, on disk or in memory. The second one makes the snapshot out of what was checked
//! and of the numbers that a commit gave, and cannot fail. What a configuration brings to disk is written between the two.

use std::collections::HashMap;
use std::sync::Arc;

use thiserror::Error;
use tollgate_engine::exchange::ExchangeRates;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::pumping::PumpingSettings;
use tollgate_engine::routing::{Routes, RoutingError};
use tollgate_engine::tables::{DefinitionError, Tables, Terms};
use tollgate_provisioning::{
    BelowCostFault, ChainFault, DeliverySettings, Loaded, ProvisionedAccount, Provisioning, below_cost,
    chain_faults,
};
use tollgate_storage::change::TariffFile;
use tollgate_storage::clock::now;
use tollgate_storage::committer::{ProvisionChange, Provisioned};
use tollgate_storage::countries::CountryTable;
use tollgate_storage::rows::ChainPlace;
use tollgate_storage::store::{Store, Unavailable};

use crate::account_runtimes::AccountRuntimes;
use crate::active_account::ActiveAccount;
use crate::additions::Additions;
use crate::chain_places::ChainPlaces;
use crate::changed_accounts::ChangedAccounts;
use crate::currencies::{CurrencyConflict, currency_conflicts};
use crate::default_delivery::DefaultDelivery;
use crate::delivery::operator_queues::{NextOperatorQueues, OperatorQueues, OperatorSetup};
use crate::kept_roots::{MovedAccount, moved_accounts};
use crate::number_countries::number_countries;
use crate::snapshot::Snapshot;

/// The reason why a configuration cannot be applied.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// Its pieces contradict one another.
    #[error("{}", joined(.0))]
    Definition(Vec<DefinitionError>),
    /// Its operators and routes contradict one another.
    #[error("{}", joined(.0))]
    Routing(Vec<RoutingError>),
    /// Its accounts contradict those above them.
    #[error("{}", joined(.0))]
    Chain(Vec<ChainFault>),
    /// It gives wallets another currency.
    #[error("{}", joined(.0))]
    Currency(Vec<CurrencyConflict>),
    /// It brings accounts below another account of the house than the one in whose chain they buy.
    #[error("{}", joined(.0))]
    Moved(Vec<MovedAccount>),
    /// Accounts and tariff version could not be made durable first.
    #[error(transparent)]
    Storage(#[from] Unavailable),
}

fn joined<T: ToString>(errors: &[T]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// A configuration that was checked as a whole. Nothing of it is on disk or in force.
#[derive(Debug)]
pub struct Prepared {
    provisioning: Provisioning,
    delivery: DeliverySettings,
    pumping: PumpingSettings,
    tables: Tables,
    number_countries: Arc<CountryTable>,
    routes: Routes,
    additions: Additions,
    /// Number and code of every operator on disk.
    known_operators: Vec<(OperatorNumber, Arc<str>)>,
    default_delivery: DefaultDelivery,
    below_cost: Vec<BelowCostFault>,
    /// The places of accounts in chains that it changes.
    places: Vec<(Arc<str>, Option<ChainPlace>)>,
}

/// A snapshot and what goes with it, to be put in force at once.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) snapshot: Snapshot,
    pub(crate) additions: Additions,
    /// The operators' queues, with what they take over once it is in force.
    pub(crate) operator_queues: NextOperatorQueues,
}

impl Prepared {
    /// Checks a configuration as a whole. Reads what the disk has of accounts and operators.
    pub(crate) fn check(
        store: &Store,
        accounts: &AccountRuntimes,
        loaded: &Loaded,
        additions: Additions,
    ) -> Result<Self, ApplyError> {
        let provisioning = additions.beside(&loaded.provisioning);
        let conflicts = currency_conflicts(store, &provisioning)?;
        if !conflicts.is_empty() {
            return Err(ApplyError::Currency(conflicts));
        }
        let exchange = ExchangeRates::build(provisioning.exchange.clone());
        let mut faults = chain_faults(&provisioning.accounts, &provisioning.price_lists, &exchange);
        // Whoever pays alone is not stopped by a parent that is no longer what it was.
        faults.retain(|fault| !fault.pays_alone);
        if !faults.is_empty() {
            return Err(ApplyError::Chain(faults));
        }
        let below_cost = below_cost(&provisioning, now());
        let mut definition = provisioning.definition(&loaded.settings.refusals);
        for account in &mut definition.accounts {
            account.approvals = accounts.approvals(&account.id);
        }
        let tables = Tables::build(definition).map_err(ApplyError::Definition)?;
        let known_operators: Vec<(OperatorNumber, Arc<str>)> = store
            .provisioned()
            .operators()?
            .into_iter()
            .map(|(number, row)| (number, row.code.into()))
            .collect();
        let numbers: HashMap<&str, OperatorNumber> =
            known_operators.iter().map(|(number, code)| (&**code, *number)).collect();
        // An operator that is new has no number before the commit that gives it one.
        let numbers = provisioning
            .operators
            .iter()
            .map(|operator| numbers.get(&*operator.operator.code).copied().unwrap_or_default());
        let routing = provisioning.routing_definition(&numbers.collect::<Vec<_>>());
        let routes = Routes::build(routing, &tables.networks).map_err(ApplyError::Routing)?;
        let default_delivery = DefaultDelivery::of(Some(store), &provisioning)?;
        let delivery = loaded.settings.delivery.clone();
        let pumping = loaded.settings.traffic_pumping;
        Ok(Self {
            provisioning,
            delivery,
            pumping,
            number_countries: number_countries(&tables.networks),
            tables,
            routes,
            additions,
            known_operators,
            default_delivery,
            below_cost,
            places: Vec::new(),
        })
    }

    /// Everything that prices depend on.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Prices at which accounts would sell for less than they pay, where the level above them wants to know.
    pub fn below_cost(&self) -> &[BelowCostFault] {
        &self.below_cost
    }

    /// Warns of such prices: those that are refused were in force already, or came with other prices above.
    pub(crate) fn warn_below_cost(&self) {
        for fault in &self.below_cost {
            tracing::warn!(account = %fault.account, "an account buys below cost: {}: {fault}", fault.key);
        }
    }

    /// True if messages of an account would be handed to operators.
    pub(crate) fn delivers(&self, account: &str) -> bool {
        let terms = self.tables.terms(account);
        terms.is_some_and(|terms| terms.delivery().goes_to_operators(self.default_delivery.to_operators))
    }

    /// True if an operator would take an account's messages to a network.
    pub(crate) fn serves(&self, network: NetworkCode, account: &str) -> bool {
        self.tables.networks.id(network).is_some_and(|network| self.routes.serves(network, account))
    }

    /// Refuses what would bring accounts below another account of the house than the one in whose chain they buy.
    pub(crate) fn check_roots(&self, before: &ChainPlaces) -> Result<(), ApplyError> {
        let moved = moved_accounts(before, &self.provisioning);
        if moved.is_empty() { Ok(()) } else { Err(ApplyError::Moved(moved)) }
    }

    /// Notes which places in chains it changes.
    pub(crate) fn change_places(&mut self, before: &ChainPlaces) {
        self.places = before.changes(&ChainPlaces::of(self.provisioning.accounts.iter()));
    }

    /// The part that has to be durable before anything is priced by it or sent to its operators, so that every CDR can be
    /// explained.
    pub fn change(&self) -> ProvisionChange {
        let accounts = self.provisioning.accounts.iter().map(opening);
        let tariff_files = self.provisioning.archive.iter().map(|file| TariffFile {
            name: Arc::clone(&file.name),
            digest: file.digest,
            content: Arc::clone(&file.bytes),
        });
        let operators = self.provisioning.operators.iter();
        ProvisionChange {
            accounts: accounts.collect(),
            places: self.places.clone(),
            operators: operators.map(|operator| Arc::clone(&operator.operator.code)).collect(),
            tariff_version: Arc::clone(&self.provisioning.version),
            tariff_files: tariff_files.collect(),
            number_countries: Some(Arc::clone(&self.number_countries)),
            default_delivery: self.default_delivery.to_be_kept,
        }
    }

    /// Makes the snapshot, once [`Self::change`] is durable. Wallets that are new in memory have what the commit says.
    pub(crate) fn build(
        self,
        accounts: &AccountRuntimes,
        provisioned: Provisioned,
        operator_queues: &OperatorQueues,
    ) -> Built {
        let Self { provisioning, delivery, pumping, tables, mut routes, additions, below_cost, .. } = self;
        let number_countries = self.number_countries;
        let (known_operators, default_delivery) = (self.known_operators, self.default_delivery);
        let setup = operator_setup(&provisioning, &provisioned.operators, known_operators);
        let numbers: HashMap<&str, OperatorNumber> = setup
            .provisioned
            .iter()
            .map(|operator| (&*operator.operator.code, operator.operator.number))
            .collect();
        routes.number_operators(|code| numbers.get(code).copied());
        let operator_queues = operator_queues.after(&setup, &delivery);
        let mut snapshot = Snapshot {
            tables,
            tariff: provisioned.tariff,
            routes,
            number_countries,
            delivers_by_default: default_delivery.to_operators,
            bundle_products: provisioning.bundles,
            below_cost,
            pumping,
            operator_queues: Arc::clone(&operator_queues.table),
            by_system_id: HashMap::new(),
            by_account: HashMap::new(),
            by_number: HashMap::new(),
            changed_accounts: ChangedAccounts::default(),
        };
        let numbered = provisioned.accounts.into_iter().zip(provisioned.wallets);
        for (account, (number, wallet)) in provisioning.accounts.into_iter().zip(numbered) {
            let id = Arc::clone(&account.account.id);
            let Some(terms) = snapshot.tables.terms(&id) else {
                unreachable!("tables have the terms of every account that they were built from")
            };
            let runtime = accounts.runtime(&id, number, wallet);
            let account = Arc::new(ActiveAccount {
                pumping: account.pumping.over(terms.plan.plan.pumping.over(pumping)),
                provisioned: with_approvals(account, terms),
                terms: Arc::clone(terms),
                runtime,
            });
            snapshot.by_system_id.insert(Arc::clone(&account.provisioned.system_id), Arc::clone(&account));
            snapshot.by_number.insert(number, Arc::clone(&account));
            snapshot.by_account.insert(id, account);
        }
        Built { snapshot, additions, operator_queues }
    }
}

/// An account's name, currency and opening balance, as they are made durable.
pub(crate) fn opening(provisioned: &ProvisionedAccount) -> (Arc<str>, String, Amount) {
    let account = &provisioned.account;
    (Arc::clone(&account.id), account.currency.to_string(), provisioned.opening_balance)
}

/// The account with the approvals that its terms judge messages by.
fn with_approvals(mut provisioned: ProvisionedAccount, terms: &Terms) -> ProvisionedAccount {
    provisioned.account.approvals = Arc::clone(&terms.account.approvals);
    provisioned
}

/// The operators with their numbers, those that are new among the known ones.
fn operator_setup(
    provisioning: &Provisioning,
    numbers: &[OperatorNumber],
    mut known: Vec<(OperatorNumber, Arc<str>)>,
) -> OperatorSetup {
    let provisioned = provisioning.operators.iter().zip(numbers).map(|(operator, number)| {
        let mut operator = operator.clone();
        operator.operator.number = *number;
        Arc::new(operator)
    });
    let provisioned: Vec<_> = provisioned.collect();
    for operator in &provisioned {
        let operator = &operator.operator;
        if !known.iter().any(|(number, _)| *number == operator.number) {
            known.push((operator.number, Arc::clone(&operator.code)));
        }
    }
    OperatorSetup { provisioned, known }
}
