//! Prices of an imported list that people should look at before they are taken.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
pub use tollgate_api::imports::OutlierKind;
use tollgate_engine::exchange::ExchangeRates;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::{NetworkCode, NetworkId, Networks};
use tollgate_engine::operator::{Operator, OperatorStatus, ServedNetworks};
use tollgate_engine::prices::PriceTable;
use tollgate_engine::tariff::Plan;
use tollgate_engine::time::UnixMicros;

use super::import_rows::ListedPrices;
use super::moves::{PriceMove, held_at};
use super::price_target::ImportTarget;
use tollgate_provisioning::import::{ListContent, ListedRate, RowStatus};
use tollgate_provisioning::{EVERY_PLAN, Provisioning, WrittenRate};

/// A price ten times as high or a tenth is most likely in another unit.
const FACTOR: u32 = 10;
/// Of so many networks a full list may leave out one before it is flagged.
const REMOVED_OF: usize = 5;
/// Plans that one message names.
const PLANS_NAMED: usize = 3;

/// A price that people should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlier {
    /// The kind of outlier.
    pub kind: OutlierKind,
    /// The network; `None` for the whole list.
    pub network: Option<NetworkCode>,
    /// The line of the list; zero for the whole list.
    pub line: u32,
    /// The outlier in words.
    pub message: String,
}

/// The state that a list is compared with.
pub struct Comparison<'a> {
    /// The configuration before it.
    pub before: &'a Provisioning,
    /// The operators whose costs count.
    pub operators: &'a [Operator],
    /// The owner of the prices.
    pub target: &'a ImportTarget,
    /// The currency of the prices.
    pub currency: Currency,
    /// The owner's rows before it.
    pub old: &'a [WrittenRate],
    /// The owner's rows after it.
    pub new: &'a [WrittenRate],
    /// Other owners of the same file.
    pub shared_with: &'a [String],
    /// A move by more percent is flagged.
    pub move_limit_percent: Decimal,
    /// The present time.
    pub now: UnixMicros,
}

/// The prices of an owner at any time.
struct Prices {
    table: PriceTable,
    base: Option<Amount>,
}

impl Prices {
    fn of_plan(plan: &Plan, networks: &Networks) -> Self {
        let table = PriceTable::build_with_common(&plan.rates, &plan.common_rates, networks);
        Self { table, base: plan.base_price }
    }

    fn of_operator(operator: &Operator, networks: &Networks) -> Self {
        Self { table: PriceTable::build(&operator.costs, networks), base: operator.base_cost }
    }

    /// Before the list.
    fn of_target(compared: &Comparison<'_>) -> Self {
        let (target, before) = (compared.target, compared.before);
        let networks = &before.networks;
        let none = || Self { table: PriceTable::build(&[], networks), base: None };
        match target {
            ImportTarget::Plan(name) if name == EVERY_PLAN => {
                before.plans.first().map_or_else(none, |plan| Self {
                    table: PriceTable::build(&plan.common_rates, networks),
                    base: None,
                })
            }
            ImportTarget::Plan(name) => {
                let plan = before.plans.iter().find(|plan| *plan.name == **name);
                plan.map_or_else(none, |plan| Self::of_plan(plan, networks))
            }
            ImportTarget::Operator(code) => {
                let found = compared.operators.iter().find(|operator| *operator.code == **code);
                found.map_or_else(none, |operator| Self::of_operator(operator, networks))
            }
            ImportTarget::Account(id) => {
                let accounts = before.accounts.iter().map(|provisioned| &provisioned.account);
                let found = accounts.into_iter().find(|account| *account.id == **id);
                let rates = found.map_or(&[][..], |account| &account.rates);
                Self { table: PriceTable::build(rates, networks), base: None }
            }
        }
    }

    fn at(&self, network: NetworkId, at: UnixMicros) -> Option<Amount> {
        self.table.price(network, at).or(self.base)
    }
}

/// Every outlier of a list, by line.
pub fn outliers(list: &ListedPrices<'_>, compared: &Comparison<'_>) -> Vec<Outlier> {
    let mut found = Vec::new();
    let before = Prices::of_target(compared);
    let costs = Costs::of(compared);
    for rate in list.rates {
        let Some(network) = compared.before.networks.id(rate.network) else { continue };
        let at = rate.from.max(compared.now);
        let old = before.at(network, at);
        check_move(rate, old, compared, &mut found);
        check_status(rate, old, &mut found);
        if let Some(message) = costs.contradiction(rate, network, at) {
            found.push(outlier(OutlierKind::BelowCost, rate, message));
        }
    }
    check_removed(list, compared, &mut found);
    check_aliases(list, compared, &mut found);
    for owner in compared.shared_with {
        let message = format!("the file is also that of {owner}, whose prices change with it");
        found.push(Outlier { kind: OutlierKind::SharedFile, network: None, line: 0, message });
    }
    found.sort_by_key(|outlier| (outlier.line, outlier.kind));
    found
}

fn outlier(kind: OutlierKind, rate: &ListedRate, message: String) -> Outlier {
    Outlier { kind, network: Some(rate.network), line: rate.line, message }
}

fn check_move(rate: &ListedRate, old: Option<Amount>, compared: &Comparison<'_>, found: &mut Vec<Outlier>) {
    if rate.price == Amount::ZERO && old != Some(Amount::ZERO) {
        found.push(outlier(OutlierKind::Zero, rate, "the price is zero".to_owned()));
        return;
    }
    let Some(old) = old.filter(|old| *old != Amount::ZERO && *old != rate.price) else { return };
    let (network, price) = (rate.network, rate.price);
    let times = |amount: Amount| i128::from(amount.micros()) * i128::from(FACTOR);
    let is_tenfold = i128::from(price.micros()) >= times(old) || times(price) <= i128::from(old.micros());
    let moved = PriceMove::between(old, price, compared.move_limit_percent);
    let percent = moved.percent.map_or_else(String::new, |percent| format!(" ({percent:+} %)"));
    let message = format!("{network} goes from {old} to {price}{percent}");
    if is_tenfold {
        found.push(outlier(OutlierKind::Tenfold, rate, format!("{message}; is the unit right?")));
    } else if moved.is_over_limit {
        found.push(outlier(OutlierKind::Moved, rate, message));
    }
}

fn check_status(rate: &ListedRate, old: Option<Amount>, found: &mut Vec<Outlier>) {
    let Some(old) = old else { return };
    let contradicts = match rate.status {
        RowStatus::Increase => rate.price <= old,
        RowStatus::Decrease => rate.price >= old,
        RowStatus::Unchanged => rate.price != old,
        RowStatus::Open | RowStatus::New | RowStatus::Closed => false,
    };
    if contradicts {
        let message = format!(
            "{} is said to be `{}`, and goes from {old} to {}",
            rate.network,
            rate.status.word(),
            rate.price
        );
        found.push(outlier(OutlierKind::Status, rate, message));
    }
}

fn check_removed(list: &ListedPrices<'_>, compared: &Comparison<'_>, found: &mut Vec<Outlier>) {
    let networks = |rows: &[WrittenRate]| {
        let open = rows.iter().filter(|row| row.effective_to.is_none());
        open.map(|row| row.network).collect::<BTreeSet<_>>()
    };
    let (old, mut new) = (networks(compared.old), networks(compared.new));
    new.extend(list.rates.iter().map(|rate| rate.network));
    let closed: BTreeSet<NetworkCode> = list.closed.iter().map(|closed| closed.network).collect();
    let gone = old.iter().filter(|network| !new.contains(network) && !closed.contains(network)).count();
    let whole = |kind, message| Outlier { kind, network: None, line: 0, message };
    if gone * REMOVED_OF > old.len() {
        let message = format!("{gone} of {} networks lose their price", old.len());
        found.push(whole(OutlierKind::Removed, message));
    }
    let says_changes =
        |status: RowStatus| matches!(status, RowStatus::New | RowStatus::Increase | RowStatus::Decrease);
    let is_full = list.content == ListContent::Full;
    if is_full
        && gone > 0
        && !list.rates.is_empty()
        && list.rates.iter().all(|rate| says_changes(rate.status))
    {
        let message = "every row is a change, and the list is read as a full one; is its content `changes`?";
        found.push(whole(OutlierKind::ChangesOnly, message.to_owned()));
    }
}

/// Of one operator's codes, those that are not in the list keep their own price, which holds for them.
fn check_aliases(list: &ListedPrices<'_>, compared: &Comparison<'_>, found: &mut Vec<Outlier>) {
    let networks = &compared.before.networks;
    let listed: BTreeSet<NetworkCode> = list.rates.iter().map(|rate| rate.network).collect();
    let mut kept: BTreeMap<NetworkCode, Vec<&WrittenRate>> = BTreeMap::new();
    for row in compared.new.iter().filter(|row| !listed.contains(&row.network)) {
        kept.entry(row.network).or_default().push(row);
    }
    for rows in kept.values_mut() {
        rows.sort_by_key(|row| row.effective_from);
    }
    for rate in list.rates {
        let Some(id) = networks.id(rate.network) else { continue };
        let at = rate.from.max(compared.now);
        for alias in networks.aliases(id).iter().map(|alias| networks.get(*alias).code) {
            let price = kept.get(&alias).and_then(|rows| held_at(rows, at));
            if let Some(price) = price.filter(|price| *price != rate.price) {
                let message =
                    format!("{alias} is another code of the same operator and keeps the price {price}");
                found.push(outlier(OutlierKind::Alias, rate, message));
            }
        }
    }
}

/// The other side of the margin: costs under a price, or prices over a cost.
enum Costs<'a> {
    /// Operators with their costs, for prices of a plan or an account.
    Under(Vec<(&'a Operator, Prices)>, &'a Comparison<'a>, ExchangeRates),
    /// Plans with their prices, for costs of an operator.
    Over(Vec<(&'a Plan, Prices)>, &'a Comparison<'a>, ExchangeRates),
}

impl<'a> Costs<'a> {
    fn of(compared: &'a Comparison<'a>) -> Self {
        let (before, networks) = (compared.before, &compared.before.networks);
        let exchange = ExchangeRates::build(before.exchange.clone());
        match compared.target {
            ImportTarget::Operator(_) => {
                let plans = before.plans.iter().map(|plan| (plan, Prices::of_plan(plan, networks)));
                Self::Over(plans.collect(), compared, exchange)
            }
            ImportTarget::Plan(_) | ImportTarget::Account(_) => {
                let takes = |operator: &&Operator| operator.status != OperatorStatus::Disabled;
                let operators = compared.operators.iter().filter(takes);
                let costs = operators.map(|operator| (operator, Prices::of_operator(operator, networks)));
                Self::Under(costs.collect(), compared, exchange)
            }
        }
    }

    /// Says so where a message at the price would cost more than it brings.
    fn contradiction(&self, rate: &ListedRate, network: NetworkId, at: UnixMicros) -> Option<String> {
        match self {
            Self::Under(operators, compared, exchange) => {
                let networks = &compared.before.networks;
                let costs = operators.iter().filter_map(|(operator, costs)| {
                    let cost = costs.at(network, at).filter(|_| serves(operator, network, networks))?;
                    let cost = exchange.convert(cost, operator.currency, compared.currency, at)?;
                    Some((cost, &operator.code))
                });
                let (cost, operator) = costs.min()?;
                let (code, price) = (rate.network, rate.price);
                (price < cost).then(|| {
                    format!("{code} is sold at {price} and costs {cost} at {operator}, the cheapest operator")
                })
            }
            Self::Over(plans, compared, exchange) => {
                let below = plans.iter().filter_map(|(plan, prices)| {
                    let price = prices.at(network, at)?;
                    let cost = exchange.convert(rate.price, compared.currency, plan.currency, at)?;
                    (price < cost).then(|| format!("{} at {price} {}", plan.name, plan.currency))
                });
                let below: Vec<String> = below.take(PLANS_NAMED).collect();
                let (code, price) = (rate.network, rate.price);
                (!below.is_empty())
                    .then(|| format!("{code} costs {price} and is sold by {}", below.join(", ")))
            }
        }
    }
}

/// True if an operator delivers to a network.
fn serves(operator: &Operator, network: NetworkId, networks: &Networks) -> bool {
    let ServedNetworks::Listed(listed) = &operator.networks else { return true };
    let code = networks.get(network).code;
    listed.iter().any(|served| {
        let is_alias = || networks.id(*served).is_some_and(|id| networks.aliases(id).contains(&network));
        let is_country = || {
            served.is_mcc_alone()
                && (served.mcc == code.mcc || networks.mccs_of_same_country(served.mcc).contains(&code.mcc))
        };
        *served == code || is_country() || is_alias()
    })
}
