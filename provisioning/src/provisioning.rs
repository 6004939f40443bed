//! The content of the files of tariff and operators, checked against one another: plans, accounts, networks,
//! numbering, operators and routing.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_engine::account::{Account, DeliveryMode};
use tollgate_engine::exchange::{ExchangeRates, ExchangeRow};
use tollgate_engine::money::Currency;
use tollgate_engine::network::Networks;
use tollgate_engine::numbering::{NumberingPlan, PortedNumbers};
use tollgate_engine::operator::{Operator, OperatorNumber};
use tollgate_engine::refusal::StatusTable;
use tollgate_engine::routing::RoutingDefinition;
use tollgate_engine::tables::Definition;
use tollgate_engine::tariff::Plan;

use crate::accounts::ProvisionedAccount;
use crate::accounts_reader::{Surroundings, read_accounts};
use crate::archive::{ArchivedFile, Sold, archive, archive_additions, version};
use crate::bundle_products::{BundleProduct, ProductSurroundings, read_products};
use crate::catalogue::Catalogue;
use crate::chains::{Chains, give_price_lists};
use crate::exchange::{Exchange, check_conversions};
use crate::names::Names;
use crate::operators::ProvisionedOperator;
use crate::operators_reader::{OperatorSurroundings, read_operators};
use crate::places::Places;
use crate::plans::read_plans;
use crate::price_lists::{ListSurroundings, read_price_lists};
use crate::rates::RateBook;
use crate::read::texts::Parsed;
use crate::read::{Problems, Sources, TableReader};
use crate::resale::ProvisionedPriceList;
use crate::routing::{RoutingSettings, read_routing};
use crate::settings::Settings;
use crate::settings_reader::{OperatorSources, TariffSources};

/// All data by which messages are rated and routed and accounts bind. All names resolve: every account's plan
/// is here and has its currency, every rate's network is in the catalogue, every rule's operators are here.
#[derive(Clone, Debug)]
pub struct Provisioning {
    /// Names the content of [`Self::archive`], in 16 hexadecimal digits.
    pub version: Arc<str>,
    /// In the order of the file.
    pub plans: Vec<Plan>,
    /// In the order of the file; ids and `system_id`s are unique.
    pub accounts: Vec<ProvisionedAccount>,
    /// Price lists of resellers, in the order of the file; names are unique.
    pub price_lists: Vec<ProvisionedPriceList>,
    /// Bundle products, in the order of the file; names are unique.
    pub bundles: Vec<BundleProduct>,
    /// The catalogue of networks.
    pub networks: Networks,
    /// Prefix → network.
    pub numbering: NumberingPlan,
    /// Number → network, before the numbering plan.
    pub ported: PortedNumbers,
    /// In the order of the file; codes are unique. Empty where messages are only charged.
    pub operators: Vec<ProvisionedOperator>,
    /// The settings by which operators are chosen.
    pub routing: RoutingSettings,
    /// The exchange rates by which costs are converted.
    pub exchange: Vec<ExchangeRow>,
    /// The files that prices and margins depend on, as they were read.
    pub archive: Vec<ArchivedFile>,
    /// The lines that give accounts their currencies.
    pub places: Places,
}

/// The files that provisioning is read from.
pub struct Files<'a> {
    /// The files of the tariff.
    pub tariff: &'a TariffSources,
    /// The files of the operators.
    pub operators: &'a OperatorSources,
    /// The source of files that these name.
    pub sources: &'a mut Sources,
}

/// The delivery of accounts, by their plans.
#[derive(Debug)]
pub struct Deliveries<'a>(HashMap<&'a str, DeliveryMode>);

impl<'a> Deliveries<'a> {
    /// With these plans.
    pub fn of(plans: &'a [Plan]) -> Self {
        Self(plans.iter().map(|plan| (&*plan.name, plan.delivery)).collect())
    }

    /// The delivery of an account: its own, or else that of its plan.
    pub fn of_account(&self, account: &Account) -> DeliveryMode {
        account.delivery.or(self.0.get(&*account.plan).copied().unwrap_or_default())
    }
}

/// The currencies of the accounts whose messages go to operators, each once.
fn currencies_of_routed(accounts: &[ProvisionedAccount], plans: &[Plan]) -> Vec<Currency> {
    let (deliveries, mut currencies) = (Deliveries::of(plans), Vec::new());
    for account in accounts.iter().map(|provisioned| &provisioned.account) {
        if deliveries.of_account(account) != DeliveryMode::ChargeOnly
            && !currencies.contains(&account.currency)
        {
            currencies.push(account.currency);
        }
    }
    currencies
}

/// Checks chains where they are written.
fn check_chains(
    (accounts, lists): (&[ProvisionedAccount], &[ProvisionedPriceList]),
    (account_names, list_names): (&Names, &Names),
    exchange: &Exchange,
    places: &Places,
    problems: &mut Problems,
) {
    let rates = (!exchange.is_incomplete).then(|| ExchangeRates::build(exchange.rows.clone()));
    let knows_account = |id: &str| account_names.resolve(id).map(drop);
    let knows_list = |name: &str| list_names.resolve(name).map(drop);
    let chains = Chains::new(accounts, lists, rates.as_ref(), (&knows_account, &knows_list));
    for fault in chains.faults() {
        if let Some(places) = places.accounts.get(&fault.account) {
            let place = places.of_key(fault.key);
            problems.add(&place.file, place.line, format!("account.{}", fault.key), fault.message);
        }
    }
}

impl Provisioning {
    /// Reads `[routing]` and the files of tariff and operators, and checks them against one another. What is
    /// wrong is left with `root`; then the result is not to be used.
    pub(crate) fn read(root: &mut TableReader, settings: &Settings, files: Files) -> Self {
        let Files { tariff, operators: operator_files, sources } = files;
        let problems = root.problems();
        let catalogue = Catalogue::read(tariff, problems);
        let known = catalogue.known();
        let (mut plans, plan_names) = read_plans(tariff.plans.as_deref(), problems);
        let mut rates = RateBook::default();
        for source in &tariff.rates {
            rates.read_file(source, &plan_names, known, problems);
        }
        for plan in &mut plans {
            rates.fill(plan);
        }
        let around = Surroundings { settings, plans: &plan_names, known, sources: &mut *sources };
        let (mut accounts, account_names, account_places) =
            read_accounts(tariff.accounts.as_deref(), around, problems);
        let around = ListSurroundings { accounts: &account_names, known, sources: &mut *sources };
        let (price_lists, mut list_names) = read_price_lists(tariff.price_lists.as_deref(), around, problems);
        if tariff.names_price_lists && tariff.price_lists.is_none() {
            list_names.doubt();
        }
        give_price_lists(&mut accounts, &price_lists);
        let reseller = |id: &str| reseller_of(&accounts, account_names.resolve(id)?);
        let around = ProductSurroundings { plans: &plan_names, known, reseller: &reseller };
        let (bundles, bundle_prices) = read_products(tariff.bundles.as_deref(), &around, problems);
        let around = OperatorSurroundings { accounts: &account_names, known, sources };
        let operators = read_operators(operator_files, around, problems);
        let exchange = Exchange::read(operator_files, problems);
        let routing =
            root.table("routing", |table| read_routing(table, &operators.names, known)).unwrap_or_default();
        let currencies = currencies_of_routed(&accounts, &plans);
        check_conversions(operator_files, &operators, &routing, &exchange, &currencies, root.problems());
        let places = Places { accounts: account_places, plan_currencies: plan_names.places, bundle_prices };
        let names = (&account_names, &list_names);
        check_chains((&accounts, &price_lists), names, &exchange, &places, root.problems());
        let sold = Sold { accounts: &accounts, price_lists: &price_lists };
        let archive = archive(tariff, sold, operator_files, &operators);
        let Catalogue { networks, numbering, ported, .. } = catalogue;
        Self {
            version: version(&archive),
            plans,
            accounts,
            price_lists,
            bundles,
            networks,
            numbering,
            ported,
            operators: operators.provisioned,
            routing,
            exchange: exchange.rows,
            archive,
            places,
        }
    }

    /// A copy with more accounts, operators and price lists, which are in no file. If these have prices or costs of their
    /// own, the copy is another version of the tariff.
    #[must_use]
    pub fn with(
        &self,
        accounts: Vec<ProvisionedAccount>,
        operators: Vec<ProvisionedOperator>,
        price_lists: &[ProvisionedPriceList],
    ) -> Self {
        let mut all = self.clone();
        let first = all.accounts.len();
        all.accounts.extend(accounts);
        all.price_lists.extend(price_lists.iter().cloned());
        give_price_lists(&mut all.accounts[first..], &all.price_lists);
        let added = Sold { accounts: &all.accounts[first..], price_lists };
        all.archive.extend(archive_additions(added, &all.accounts, &operators));
        all.version = version(&all.archive);
        all.operators.extend(operators);
        all
    }

    /// The definition of the engine's routes, with the numbers that the operators have on disk, in the same
    /// order.
    pub fn routing_definition(&self, numbers: &[OperatorNumber]) -> RoutingDefinition {
        let numbered = self
            .operators
            .iter()
            .zip(numbers)
            .map(|(provisioned, number)| Operator { number: *number, ..provisioned.operator.clone() });
        RoutingDefinition {
            strategy: self.routing.strategy,
            margin_guard: self.routing.margin_guard,
            rules: self.routing.rules.clone(),
            operators: numbered.collect(),
            exchange: ExchangeRates::build(self.exchange.clone()),
            account_currencies: currencies_of_routed(&self.accounts, &self.plans),
        }
    }

    /// Numbers for operators that need not be those on disk: in the order of the file, from one. They serve
    /// to see offline how a message would be routed.
    pub fn numbers_in_order(&self) -> Vec<OperatorNumber> {
        (1..=u16::MAX).map(OperatorNumber).take(self.operators.len()).collect()
    }

    /// The definition of the engine's tables.
    pub fn definition(&self, statuses: &StatusTable) -> Definition {
        Definition {
            version: Arc::clone(&self.version),
            networks: self.networks.clone(),
            numbering: self.numbering.clone(),
            ported: self.ported.clone(),
            plans: self.plans.clone(),
            accounts: self.accounts.iter().map(|provisioned| provisioned.account.clone()).collect(),
            statuses: statuses.clone(),
            exchange: ExchangeRates::build(self.exchange.clone()),
        }
    }
}

/// The id of an account that sells.
fn reseller_of(accounts: &[ProvisionedAccount], id: Arc<str>) -> Parsed<Arc<str>> {
    // Of an account with mistakes nothing more is said here.
    match accounts.iter().find(|account| account.account.id == id) {
        Some(account) if !account.resale.is_reseller => {
            Err(format!("`{id}` is not a reseller: it has no is_reseller"))
        }
        _ => Ok(id),
    }
}
