//! The content of the files of tariff and operators, checked against one another: plans, accounts, networks,
//! numbering, operators and routing.

use std::sync::Arc;

use tollgate_engine::account::DeliveryMode;
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
use crate::archive::{ArchivedFile, archive, archive_additions, version};
use crate::catalogue::Catalogue;
use crate::exchange::{Exchange, check_conversions};
use crate::operators::ProvisionedOperator;
use crate::operators_reader::{OperatorSurroundings, read_operators};
use crate::places::Places;
use crate::plans::read_plans;
use crate::rates::RateBook;
use crate::read::{Sources, TableReader};
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

/// The currencies of the accounts whose messages go to operators, each once.
fn currencies_of_routed(accounts: &[ProvisionedAccount]) -> Vec<Currency> {
    let mut currencies = Vec::new();
    for account in accounts.iter().map(|provisioned| &provisioned.account) {
        if account.delivery != DeliveryMode::ChargeOnly && !currencies.contains(&account.currency) {
            currencies.push(account.currency);
        }
    }
    currencies
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
        let (accounts, account_names, account_places) =
            read_accounts(tariff.accounts.as_deref(), around, problems);
        let around = OperatorSurroundings { accounts: &account_names, known, sources };
        let operators = read_operators(operator_files, around, problems);
        let exchange = Exchange::read(operator_files, problems);
        let routing =
            root.table("routing", |table| read_routing(table, &operators.names, known)).unwrap_or_default();
        let currencies = currencies_of_routed(&accounts);
        check_conversions(operator_files, &operators, &routing, &exchange, &currencies, root.problems());
        let archive = archive(tariff, &accounts, operator_files, &operators);
        let Catalogue { networks, numbering, ported, .. } = catalogue;
        Self {
            version: version(&archive),
            plans,
            accounts,
            networks,
            numbering,
            ported,
            operators: operators.provisioned,
            routing,
            exchange: exchange.rows,
            archive,
            places: Places { accounts: account_places, plan_currencies: plan_names.places },
        }
    }

    /// A copy with more accounts and operators, which are in no file. If these have prices or costs of their
    /// own, the copy is another version of the tariff.
    #[must_use]
    pub fn with(&self, accounts: Vec<ProvisionedAccount>, operators: Vec<ProvisionedOperator>) -> Self {
        let mut all = self.clone();
        all.archive.extend(archive_additions(&accounts, &operators));
        all.version = version(&all.archive);
        all.accounts.extend(accounts);
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
            account_currencies: currencies_of_routed(&self.accounts),
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
