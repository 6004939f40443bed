//! Everything that a message is rated by, as one immutable value behind an atomic pointer: a reload makes a
//! new one and swaps it whole.

use std::collections::HashMap;
use std::sync::Arc;

use thiserror::Error;

use crate::account::{Account, DeliveryMode};
use crate::calendar::Calendar;
use crate::country::CountryCode;
use crate::exchange::ExchangeRates;
use crate::money::{Amount, Currency};
use crate::network::{NetworkId, Networks};
use crate::number::Number;
use crate::numbering::{NumberingPlan, PortedNumbers};
use crate::price_list::{MarkUp, PriceListTable};
use crate::prices::{FoundRate, PriceTable};
use crate::refusal::StatusTable;
use crate::reselling::LEVELS_MAX;
use crate::tariff::{Plan, UnitPrice};
use crate::time::{Months, UnixMicros};
use crate::traffic::Destination;

/// The definition that a set of tables is made from, already validated piece by piece.
#[derive(Debug)]
pub struct Definition {
    /// The content hash that names this version of the tariff.
    pub version: Arc<str>,
    /// The catalogue of networks.
    pub networks: Networks,
    /// Prefix → network.
    pub numbering: NumberingPlan,
    /// Number → network, before the numbering plan.
    pub ported: PortedNumbers,
    /// All plans of the definition.
    pub plans: Vec<Plan>,
    /// All accounts of the definition.
    pub accounts: Vec<Account>,
    /// `command_status` of refusals, before an account's own.
    pub statuses: StatusTable,
    /// The exchange rates between levels of different currencies.
    pub exchange: ExchangeRates,
}

/// The reason for which a definition contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DefinitionError {
    /// A plan's time zone is not in the database.
    #[error("plan `{0}`: unknown time zone")]
    TimeZone(Arc<str>),
    /// An account names a plan that is not there.
    #[error("account `{account}`: no plan `{plan}`")]
    NoPlan {
        /// The account that names it.
        account: Arc<str>,
        /// The plan that it names.
        plan: Arc<str>,
    },
    /// An account's currency is not its plan's.
    #[error("account `{0}`: its currency is not that of its plan")]
    Currency(Arc<str>),
}

/// One version of everything that a message is rated by.
#[derive(Debug)]
pub struct Tables {
    /// The content hash that names this version of the tariff.
    pub version: Arc<str>,
    /// The catalogue of networks.
    pub networks: Networks,
    /// The exchange rates between levels of different currencies.
    pub exchange: ExchangeRates,
    numbering: NumberingPlan,
    ported: PortedNumbers,
    plans: HashMap<Arc<str>, Arc<PlanTable>>,
    statuses: StatusTable,
    terms: HashMap<Arc<str>, Arc<Terms>>,
}

/// A plan with its rates and months made ready for look-up.
#[derive(Debug)]
pub struct PlanTable {
    /// The plan as provisioned.
    pub plan: Plan,
    /// The calendar months of the plan.
    pub months: Months,
    /// The calendar of the plan.
    pub calendar: Calendar,
    /// The rates of the plan.
    pub prices: PriceTable,
}

/// The terms of one account: its settings, its plan and its own rates.
#[derive(Debug)]
pub struct Terms {
    /// The account as provisioned.
    pub account: Account,
    /// The plan that it is on.
    pub plan: Arc<PlanTable>,
    /// `command_status` of refusals for this account.
    pub statuses: StatusTable,
    own_prices: PriceTable,
    price_list: Option<PriceListTable>,
}

/// The way in which the network of a number was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkSource {
    /// A trusted account's TLV.
    Tlv,
    /// The ported numbers.
    Ported,
    /// This many leading digits in the numbering plan.
    Prefix(u8),
}

/// The source of the price of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PriceSource<'a> {
    /// The account's own rate.
    AccountRate(FoundRate<'a>),
    /// A rate of the price list that its parent gave it.
    ListRate(FoundRate<'a>),
    /// A mark-up of that list on what the parent pays.
    MarkUp(&'a MarkUp),
    /// The plan's rate.
    PlanRate(FoundRate<'a>),
    /// The plan's base price.
    BasePrice,
}

impl Tables {
    /// Puts the pieces together, whole or not at all, reporting everything that is wrong.
    pub fn build(definition: Definition) -> Result<Self, Vec<DefinitionError>> {
        let Definition { version, networks, numbering, ported, plans, accounts, statuses, exchange } =
            definition;
        let mut errors = Vec::new();
        let plans: HashMap<Arc<str>, Arc<PlanTable>> = plans
            .into_iter()
            .filter_map(|plan| match PlanTable::build(plan, &networks) {
                Ok(table) => Some((Arc::clone(&table.plan.name), Arc::new(table))),
                Err(error) => {
                    errors.push(error);
                    None
                }
            })
            .collect();
        let mut terms = HashMap::with_capacity(accounts.len());
        for account in accounts {
            match Terms::build(account, &plans, &networks, &statuses) {
                Ok(of_account) => {
                    terms.insert(Arc::clone(&of_account.account.id), Arc::new(of_account));
                }
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self { version, networks, exchange, numbering, ported, plans, statuses, terms })
    }

    /// The terms of an account; `None` where it is not provisioned.
    pub fn terms(&self, account: &str) -> Option<&Arc<Terms>> {
        self.terms.get(account)
    }

    /// The terms of an account that was not among those the tables were made from, or is another one now. A
    /// price of its own is in no tariff version until tables are made with it.
    pub fn terms_for(&self, account: Account) -> Result<Terms, DefinitionError> {
        Terms::build(account, &self.plans, &self.networks, &self.statuses)
    }

    /// Terms of an account on a plan that is not among those of the tables.
    pub fn terms_on(&self, account: Account, plan: Plan) -> Result<Terms, DefinitionError> {
        let table = PlanTable::build(plan, &self.networks)?;
        let plans = HashMap::from([(Arc::clone(&table.plan.name), Arc::new(table))]);
        Terms::build(account, &plans, &self.networks, &self.statuses)
    }

    /// A plan by its name.
    pub fn plan(&self, name: &str) -> Option<&Arc<PlanTable>> {
        self.plans.get(name)
    }

    /// Every account's terms, in no order.
    pub fn all_terms(&self) -> impl Iterator<Item = &Arc<Terms>> {
        self.terms.values()
    }

    /// The terms of the levels above an account, from its parent up: of each parent that pays for its children's messages or
    /// earns on them.
    pub fn above(&self, terms: &Terms) -> Vec<&Arc<Terms>> {
        let mut above: Vec<&Arc<Terms>> = Vec::new();
        let mut at = &terms.account;
        while let Some(parent) = at.reselling.parent.as_deref().and_then(|parent| self.terms(parent)) {
            if !parent.account.reselling.chain || above.len() + 1 >= LEVELS_MAX {
                break;
            }
            above.push(parent);
            at = &parent.account;
        }
        above
    }

    /// The facts about a number of a network by which it belongs to a part of the traffic.
    pub fn destination(&self, number: &Number, network: NetworkId) -> Destination {
        let network = self.networks.get(network).code;
        let country = self.networks.country_of_both(number, network);
        let country = country.and_then(|country| CountryCode::new(&self.networks.country(country).iso2));
        Destination { number: *number, network, country }
    }

    /// The price of a segment before its tier, for an account whose parent pays so much in its own currency; `None` where
    /// nothing gives one. A mark-up holds only where the parent pays.
    pub fn price_from(
        &self,
        terms: &Terms,
        destination: &dyn Fn() -> Destination,
        network: NetworkId,
        parent_pays: Option<(Currency, Amount)>,
        now: UnixMicros,
    ) -> Option<UnitPrice> {
        if let Some((currency, price)) = parent_pays
            && terms.own_prices.price(network, now).is_none()
            && let Some(list) = &terms.price_list
            && list.prices.price(network, now).is_none()
            && list.has_mark_ups()
            && let Some(mark_up) = list.mark_up(&destination())
        {
            let price = self.exchange.convert(price, currency, terms.account.currency, now)?;
            return Some(UnitPrice { price: mark_up.on(price)?, is_base: false });
        }
        terms.unit_price(network, now)
    }

    /// The network of a number: ported numbers first, then the longest prefix.
    pub fn network_of(&self, number: &Number) -> Option<(NetworkId, NetworkSource)> {
        network_of(&self.ported, &self.numbering, number)
    }
}

/// The network of a number: ported numbers first, then the longest prefix.
pub fn network_of(
    ported: &PortedNumbers,
    numbering: &NumberingPlan,
    number: &Number,
) -> Option<(NetworkId, NetworkSource)> {
    if let Some(network) = ported.get(number) {
        return Some((network, NetworkSource::Ported));
    }
    let found = numbering.lookup(number)?;
    Some((found.network, NetworkSource::Prefix(found.prefix_len)))
}

impl PlanTable {
    /// Makes a plan ready for look-up. An unknown time zone is an error.
    pub fn build(plan: Plan, networks: &Networks) -> Result<Self, DefinitionError> {
        let months = Months::of_zone(&plan.time_zone)
            .map_err(|_| DefinitionError::TimeZone(Arc::clone(&plan.name)))?;
        let calendar = Calendar::of_zone(&plan.time_zone)
            .map_err(|_| DefinitionError::TimeZone(Arc::clone(&plan.name)))?;
        let prices = PriceTable::build_with_common(&plan.rates, &plan.common_rates, networks);
        Ok(Self { plan, months, calendar, prices })
    }

    /// The price of a segment before its tier, for an account with these rates of its own; `None` where nothing gives one.
    pub fn unit_price(
        &self,
        own_prices: &PriceTable,
        network: NetworkId,
        now: UnixMicros,
    ) -> Option<UnitPrice> {
        match own_prices.price(network, now).or_else(|| self.prices.price(network, now)) {
            Some(price) => Some(UnitPrice { price, is_base: false }),
            None => self.plan.base_price.map(|price| UnitPrice { price, is_base: true }),
        }
    }
}

impl Terms {
    /// The delivery of the account's messages: its own, or else that of its plan.
    pub fn delivery(&self) -> DeliveryMode {
        self.account.delivery.or(self.plan.plan.delivery)
    }

    fn build(
        account: Account,
        plans: &HashMap<Arc<str>, Arc<PlanTable>>,
        networks: &Networks,
        statuses: &StatusTable,
    ) -> Result<Self, DefinitionError> {
        let Some(plan) = plans.get(&account.plan) else {
            return Err(DefinitionError::NoPlan { account: account.id, plan: account.plan });
        };
        if plan.plan.currency != account.currency {
            return Err(DefinitionError::Currency(account.id));
        }
        let mut statuses = statuses.clone();
        for (refusal, status) in &account.statuses {
            statuses.set(*refusal, *status);
        }
        let own_prices = PriceTable::build(&account.rates, networks);
        let price_list =
            account.reselling.price_list.as_deref().map(|list| PriceListTable::build(list, networks));
        Ok(Self { account, plan: Arc::clone(plan), statuses, own_prices, price_list })
    }

    /// The price of a segment before its tier, mark-ups aside; `None` where nothing gives one.
    pub fn unit_price(&self, network: NetworkId, now: UnixMicros) -> Option<UnitPrice> {
        if let Some(list) = &self.price_list
            && self.own_prices.price(network, now).is_none()
            && let Some(price) = list.prices.price(network, now)
        {
            return Some(UnitPrice { price, is_base: false });
        }
        self.plan.unit_price(&self.own_prices, network, now)
    }

    /// The source from which the price of a segment is taken, for explanations. Mark-ups are looked at where the account buys
    /// from a parent, for the destination given.
    pub fn price_source(
        &self,
        network: NetworkId,
        bought: Option<&dyn Fn() -> Destination>,
        now: UnixMicros,
    ) -> Option<PriceSource<'_>> {
        if let Some(found) = self.own_prices.find(network, now) {
            return Some(PriceSource::AccountRate(found));
        }
        if let Some(list) = &self.price_list {
            if let Some(found) = list.prices.find(network, now) {
                return Some(PriceSource::ListRate(found));
            }
            if let Some(mark_up) = bought.and_then(|destination| list.mark_up(&destination())) {
                return Some(PriceSource::MarkUp(mark_up));
            }
        }
        match self.plan.prices.find(network, now) {
            Some(found) => Some(PriceSource::PlanRate(found)),
            None => self.plan.plan.base_price.map(|_| PriceSource::BasePrice),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{DefaultCoding, NumberLengths, SenderPolicy, TextPolicy};
    use crate::pumping::PumpingOverrides;
    use crate::refusal::Refusal;
    use crate::reselling::Reselling;
    use crate::settlement::SettlementTerms;

    fn plan(name: &str, time_zone: &str) -> Plan {
        let (currency, time_zone) = (Currency::new("USD").unwrap(), time_zone.to_owned());
        let (tiers, rates) = (Vec::new(), Vec::new());
        Plan {
            name: Arc::from(name),
            currency,
            time_zone,
            base_price: None,
            tiers,
            rates,
            common_rates: Vec::new(),
            settlement: SettlementTerms::default(),
            bundle_segments_count: false,
            delivery: DeliveryMode::Routed,
            pumping: PumpingOverrides::default(),
        }
    }

    fn account(id: &str, plan: &str, currency: &str) -> Account {
        Account {
            id: Arc::from(id),
            currency: Currency::new(currency).unwrap(),
            plan: Arc::from(plan),
            credit_limit: Amount::ZERO,
            suspended: false,
            low_balance_threshold: None,
            default_calling_code: None,
            number_lengths: NumberLengths::Refuse,
            rates: Vec::new(),
            senders: SenderPolicy::Any,
            texts: TextPolicy::Any,
            approvals: Arc::default(),
            trusts_network_tlv: false,
            rate_limit: None,
            default_coding: DefaultCoding::Gsm7,
            delivery: DeliveryMode::Routed,
            statuses: Vec::new(),
            caps: Vec::new(),
            reselling: Reselling::default(),
        }
    }

    fn build(plans: Vec<Plan>, accounts: Vec<Account>) -> Result<Tables, Vec<DefinitionError>> {
        let mut statuses = StatusTable::default();
        statuses.set(Refusal::NoRate, 0x401);
        Tables::build(Definition {
            version: Arc::from("v"),
            networks: Networks::default(),
            numbering: NumberingPlan::default(),
            ported: PortedNumbers::default(),
            plans,
            accounts,
            statuses,
            exchange: ExchangeRates::default(),
        })
    }

    #[test]
    fn everything_that_is_wrong_is_reported() {
        let plans = vec![plan("good", "UTC"), plan("lost", "Mars/Base")];
        let accounts = vec![
            account("fine", "good", "USD"),
            account("planless", "none", "USD"),
            account("foreign", "good", "EUR"),
        ];
        let no_plan = DefinitionError::NoPlan { account: Arc::from("planless"), plan: Arc::from("none") };
        assert_eq!(
            build(plans, accounts).err(),
            Some(vec![
                DefinitionError::TimeZone(Arc::from("lost")),
                no_plan,
                DefinitionError::Currency(Arc::from("foreign")),
            ])
        );
    }

    #[test]
    fn an_accounts_own_status_comes_before_that_of_all() {
        let mut special = account("special", "p", "USD");
        special.statuses = vec![(Refusal::NoRate, 0x402)];
        let tables = build(vec![plan("p", "UTC")], vec![account("plain", "p", "USD"), special]).unwrap();
        let status = |account: &str, refusal| tables.terms(account).unwrap().statuses.status(refusal);
        assert_eq!(status("plain", Refusal::NoRate), 0x401);
        assert_eq!(status("special", Refusal::NoRate), 0x402);
        assert_eq!(status("special", Refusal::Throttled), Refusal::Throttled.default_status());
        assert!(tables.terms("nobody").is_none());
        assert_eq!(tables.all_terms().count(), 2);
    }
}
