//! Prices at which an account sells for less than it pays itself.
//!
//! They are compared segment by segment for every network of the catalogue, now and whenever a rate begins or ends later, and
//! at every volume at which a tier of either side begins: the price of a segment of the one that buys, with that of the one
//! that sells as the same segment of its own month. Who sells to the child of an agent, which earns a commission and pays
//! nothing, is the level above the agent; where that is the house, nobody pays more than is taken.

mod bundles;
mod fault;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use tollgate_engine::chain::LEVELS_MAX;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::{NetworkCode, NetworkId};
use tollgate_engine::number::Number;
use tollgate_engine::numbering::{NumberingPlan, PortedNumbers};
use tollgate_engine::prices::RateScope;
use tollgate_engine::refusal::StatusTable;
use tollgate_engine::reselling::Earning;
use tollgate_engine::tables::{Definition, PriceSource, Tables, Terms};
use tollgate_engine::tariff::{Plan, RateRow, UnitPrice};
use tollgate_engine::time::UnixMicros;
use tollgate_engine::traffic::Destination;

use crate::accounts::ProvisionedAccount;
use crate::provisioning::Provisioning;
use crate::resale::BelowCost;

pub use bundles::{BundleBelowCost, bundle_below_cost};
pub use fault::BelowCostFault;

/// Instants at which the prices of one account are compared. Nobody plans that many prices ahead.
const INSTANTS_MAX: usize = 200;

/// The buyer, with everything that its price depends on.
type SameAs<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, Option<&'a str>);

/// Every account that buys below cost, where the level above the seller wants to know.
pub fn below_cost(provisioning: &Provisioning, now: UnixMicros) -> Vec<BelowCostFault> {
    let accounts: HashMap<&str, &ProvisionedAccount> =
        provisioning.accounts.iter().map(|account| (&*account.account.id, account)).collect();
    let mut pairs = Vec::new();
    let mut told: HashSet<SameAs<'_>> = HashSet::new();
    for buyer in &provisioning.accounts {
        let above = chain_above(&accounts, buyer);
        let (Some(parent), Some(level)) = (above.first().copied(), seller_above(buyer, &above)) else {
            continue;
        };
        let seller = above[level];
        if seller.resale.below_cost == BelowCost::Allow {
            continue;
        }
        let list = buyer.resale.price_list.as_deref();
        let own = (!buyer.account.rates.is_empty()).then_some(&*buyer.account.id);
        // Accounts with the same parent, seller, plan and price list pay the same.
        if told.insert((&seller.account.id, &parent.account.id, &buyer.account.plan, list, own)) {
            pairs.push(Sale { buyer, above, level });
        }
    }
    if pairs.is_empty() {
        return Vec::new();
    }
    let Some(tables) = tables_of(provisioning, &pairs) else { return Vec::new() };
    pairs.iter().filter_map(|sale| compare(provisioning, &tables, sale, now)).collect()
}

/// The accounts above one in its chain.
fn chain_above<'a>(
    accounts: &HashMap<&str, &'a ProvisionedAccount>,
    buyer: &'a ProvisionedAccount,
) -> Vec<&'a ProvisionedAccount> {
    let (mut at, mut above) = (buyer, Vec::new());
    while let Some(parent) = at.account.reselling.parent.as_ref().and_then(|id| accounts.get(&**id)) {
        // Longer chains are refused elsewhere, as are those that go round.
        if !parent.account.reselling.chain || above.len() == LEVELS_MAX {
            break;
        }
        above.push(*parent);
        at = parent;
    }
    above
}

/// The level above that sells to an account: the first one which does not earn a commission on it. `None` for the house.
fn seller_above(buyer: &ProvisionedAccount, above: &[&ProvisionedAccount]) -> Option<usize> {
    let below = std::iter::once(&buyer).chain(above);
    below.zip(above).position(|(below, _)| below.account.reselling.earning == Earning::Wholesale)
}

/// An account with those above it in its chain, of which one sells to it.
struct Sale<'a> {
    buyer: &'a ProvisionedAccount,
    /// From its parent up.
    above: Vec<&'a ProvisionedAccount>,
    /// The one that sells to it, from zero for the parent.
    level: usize,
}

/// Tables of the accounts that are compared; `None` where they contradict one another, which is told elsewhere.
fn tables_of(provisioning: &Provisioning, pairs: &[Sale<'_>]) -> Option<Tables> {
    let mut accounts: HashMap<&str, &ProvisionedAccount> = HashMap::new();
    for Sale { buyer, above, .. } in pairs {
        accounts.extend(above.iter().chain([buyer]).map(|account| (&*account.account.id, *account)));
    }
    let definition = Definition {
        version: Arc::clone(&provisioning.version),
        networks: provisioning.networks.clone(),
        numbering: NumberingPlan::default(),
        ported: PortedNumbers::default(),
        plans: provisioning.plans.clone(),
        accounts: accounts.values().map(|provisioned| provisioned.account.clone()).collect(),
        statuses: StatusTable::default(),
        exchange: tollgate_engine::exchange::ExchangeRates::build(provisioning.exchange.clone()),
    };
    Tables::build(definition).ok()
}

/// A price that is below what the seller pays.
struct Found {
    network: NetworkId,
    at: UnixMicros,
    /// The segment of the month, from one.
    segment: u64,
    price: Amount,
    cost: Amount,
    /// True if the price before volume tiers would be no lower than the cost.
    is_by_tiers: bool,
}

fn compare(
    provisioning: &Provisioning,
    tables: &Tables,
    sale: &Sale<'_>,
    now: UnixMicros,
) -> Option<BelowCostFault> {
    let Sale { buyer, above, level } = sale;
    let seller = above.get(*level)?;
    let terms: Vec<&Terms> = std::iter::once(buyer)
        .chain(above)
        .filter_map(|account| tables.terms(&account.account.id).map(AsRef::as_ref))
        .collect();
    let (of_buyer, of_seller) = (*terms.first()?, *terms.get(level + 1)?);
    let segments = segments_compared(&of_buyer.plan.plan, &of_seller.plan.plan);
    let (mut first, mut networks) = (None, BTreeSet::new());
    for at in instants(provisioning, &terms, now) {
        for (network, known) in tables.networks.iter() {
            let units = unit_prices(tables, &terms, network, at);
            let (Some(Some(unit)), Some(Some(of_level))) = (units.first(), units.get(level + 1)) else {
                continue;
            };
            let found = segments.iter().find_map(|segment| {
                let price = of_buyer.plan.plan.price(*unit, segment - 1, 1)?;
                let cost = of_seller.plan.plan.price(*of_level, segment - 1, 1)?;
                let convert =
                    |cost| tables.exchange.convert(cost, seller.account.currency, buyer.account.currency, at);
                let cost = convert(cost)?;
                let is_by_tiers = convert(of_level.price).is_none_or(|cost| unit.price >= cost);
                (price < cost).then_some(Found { network, at, segment: *segment, price, cost, is_by_tiers })
            });
            if let Some(found) = found {
                networks.insert(known.code);
                first.get_or_insert(found);
            }
        }
    }
    Some(fault(tables, sale, of_buyer, &first?, networks.len(), now))
}

fn fault(
    tables: &Tables,
    sale: &Sale<'_>,
    terms: &Terms,
    found: &Found,
    networks: usize,
    now: UnixMicros,
) -> BelowCostFault {
    let Sale { buyer, above, level } = sale;
    let (parent, seller) = (&above[0].account, above[*level]);
    let source = terms.price_source(found.network, None, found.at);
    let is_own = matches!(source, Some(PriceSource::AccountRate(_)));
    // Where it buys by a list, the mark-ups of that come before its plan.
    let is_of_price = |source: &PriceSource<'_>| {
        buyer.resale.price_list.is_none() || !matches!(source, PriceSource::PlanRate(_))
    };
    let key = match &buyer.resale.price_list {
        _ if found.is_by_tiers => "plan",
        _ if is_own => "rates",
        Some(_) => "price_list",
        None => "plan",
    };
    BelowCostFault {
        account: Arc::clone(&buyer.account.id),
        parent: Arc::clone(&parent.id),
        seller: Arc::clone(&seller.account.id),
        plan: Arc::clone(&buyer.account.plan),
        buys_by: buyer.resale.price_list.clone(),
        key,
        network: named_network(tables, source.filter(is_of_price), found.network),
        segment: found.segment,
        price: found.price,
        cost: found.cost,
        currency: buyer.account.currency,
        from: (found.at > now).then_some(found.at),
        networks,
        is_by_agent: buyer.account.reselling.earning != Earning::Wholesale,
        is_refused: seller.resale.below_cost == BelowCost::Refuse,
    }
}

/// The code that is told of a network: of the codes of one operator the one that the rate was given for.
fn named_network(tables: &Tables, source: Option<PriceSource<'_>>, network: NetworkId) -> NetworkCode {
    match source {
        Some(PriceSource::AccountRate(rate) | PriceSource::ListRate(rate) | PriceSource::PlanRate(rate))
            if rate.scope == RateScope::Alias =>
        {
            rate.network
        }
        _ => tables.networks.get(network).code,
    }
}

/// The segments of a month whose prices are compared: the first one, and each at which a tier begins or the last one is over.
fn segments_compared(buyer: &Plan, seller: &Plan) -> BTreeSet<u64> {
    let tiers = buyer.tiers.iter().chain(&seller.tiers);
    let begin =
        tiers.flat_map(|tier| [Some(tier.from_segment), tier.to_segment.and_then(|to| to.checked_add(1))]);
    begin.flatten().chain([1]).filter(|segment| *segment > 0).collect()
}

/// The price of a segment to a network, before volume tiers, for each level of a chain, the lowest first.
pub fn list_prices(
    tables: &Tables,
    terms: &[&Terms],
    network: NetworkId,
    at: UnixMicros,
) -> Vec<Option<Amount>> {
    unit_prices(tables, terms, network, at).into_iter().map(|unit| unit.map(|unit| unit.price)).collect()
}

fn unit_prices(
    tables: &Tables,
    terms: &[&Terms],
    network: NetworkId,
    at: UnixMicros,
) -> Vec<Option<UnitPrice>> {
    let Some(destination) = destination_of(tables, network) else { return vec![None; terms.len()] };
    let destination = || destination;
    let (mut units, mut seller): (Vec<Option<UnitPrice>>, Option<(Currency, Amount)>) = (Vec::new(), None);
    for terms in terms.iter().rev() {
        let unit = tables.price_from(terms, &destination, network, seller, at);
        seller = unit.map(|unit| (terms.account.currency, unit.price));
        units.push(unit);
    }
    units.reverse();
    units
}

/// A destination of a network. What is priced depends on its country, and never on the number.
fn destination_of(tables: &Tables, network: NetworkId) -> Option<Destination> {
    let country = tables.networks.country_of(network).and_then(|country| CountryCode::new(&country.iso2));
    let number = Number::from_digits(b"10000000")?;
    Some(Destination { number, network: tables.networks.get(network).code, country })
}

/// Now, and every later instant at which a price of these accounts may change.
fn instants(provisioning: &Provisioning, terms: &[&Terms], now: UnixMicros) -> BTreeSet<UnixMicros> {
    let of_rows = |rows: &[RateRow]| -> Vec<UnixMicros> {
        rows.iter().flat_map(|row| [Some(row.effective_from), row.effective_to]).flatten().collect()
    };
    let mut instants: Vec<UnixMicros> = provisioning.exchange.iter().map(|row| row.effective_from).collect();
    for terms in terms {
        let list = terms.account.reselling.price_list.as_ref();
        instants.extend(of_rows(&terms.account.rates));
        instants.extend(list.map(|list| of_rows(&list.rates)).unwrap_or_default());
        instants.extend(of_rows(&terms.plan.plan.rates));
        instants.extend(of_rows(&terms.plan.plan.common_rates));
    }
    instants
        .into_iter()
        .filter(|at| *at > now)
        .chain([now])
        .collect::<BTreeSet<_>>()
        .into_iter()
        .take(INSTANTS_MAX)
        .collect()
}
