//! Prices at which an account sells for less than it pays itself.
//!
//! They are compared segment by segment at list prices, that is before volume tiers, for every network of the catalogue, now
//! and whenever a rate begins or ends later. An account that earns a commission pays nothing; the level above it sells.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::numbering::{NumberingPlan, PortedNumbers};
use tollgate_engine::refusal::StatusTable;
use tollgate_engine::reselling::Earning;
use tollgate_engine::tables::{Definition, PriceSource, Tables, Terms};
use tollgate_engine::tariff::RateRow;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::traffic::Destination;

use crate::accounts::ProvisionedAccount;
use crate::provisioning::Provisioning;
use crate::resale::BelowCost;

/// Instants at which the prices of one account are compared. Nobody plans that many prices ahead.
const INSTANTS_MAX: usize = 200;

/// A price below what the seller pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BelowCostFault {
    /// The account that buys.
    pub account: Arc<str>,
    /// The account that sells to it.
    pub seller: Arc<str>,
    /// The price list that the price comes from.
    pub price_list: Option<Arc<str>>,
    /// The key of the account that the price comes from.
    pub key: &'static str,
    /// The first network.
    pub network: NetworkCode,
    /// The price there, in the currency of the account that buys.
    pub price: Amount,
    /// The price that the seller pays, in the same currency.
    pub cost: Amount,
    /// The currency of both.
    pub currency: Currency,
    /// The first instant; `None` for now.
    pub from: Option<UnixMicros>,
    /// The number of networks.
    pub networks: usize,
    /// True if it is not taken; otherwise it is a warning.
    pub is_refused: bool,
}

/// The words that follow the key.
impl fmt::Display for BelowCostFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seller, network, price, cost, currency, networks, .. } = self;
        write!(
            f,
            "`{seller}` would sell a segment to {network} at {price} {currency} and pay {cost} for it"
        )?;
        if let Some(from) = self.from {
            write!(f, " from {}", from.to_rfc3339())?;
        }
        if *networks > 1 {
            write!(f, "; in all {networks} networks")?;
        }
        Ok(())
    }
}

/// The buyer, with everything that its price depends on.
type SameAs<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>);

/// Every account that buys below cost, where the level above the seller wants to know.
pub fn below_cost(provisioning: &Provisioning, now: UnixMicros) -> Vec<BelowCostFault> {
    let accounts: HashMap<&str, &ProvisionedAccount> =
        provisioning.accounts.iter().map(|account| (&*account.account.id, account)).collect();
    let mut pairs = Vec::new();
    let mut told: HashSet<SameAs<'_>> = HashSet::new();
    for buyer in &provisioning.accounts {
        let Some(chain) = chain_to_seller(&accounts, buyer) else { continue };
        let Some(seller) = chain.seller.filter(|seller| seller.resale.below_cost != BelowCost::Allow) else {
            continue;
        };
        let list = buyer.resale.price_list.as_deref();
        let own = (!buyer.account.rates.is_empty()).then_some(&*buyer.account.id);
        let parent = buyer.account.reselling.parent.as_deref().unwrap_or_default();
        // Accounts with the same parent, plan and price list pay the same.
        if told.insert((parent, &buyer.account.plan, list, own)) {
            pairs.push((buyer, seller, chain.above));
        }
    }
    if pairs.is_empty() {
        return Vec::new();
    }
    let Some(tables) = tables_of(provisioning, &pairs) else { return Vec::new() };
    pairs
        .iter()
        .filter_map(|(buyer, seller, above)| compare(provisioning, &tables, buyer, seller, above, now))
        .collect()
}

/// The accounts above one in its chain, and who of them sells to it.
struct ToSeller<'a> {
    above: Vec<&'a ProvisionedAccount>,
    seller: Option<&'a ProvisionedAccount>,
}

fn chain_to_seller<'a>(
    accounts: &HashMap<&str, &'a ProvisionedAccount>,
    buyer: &'a ProvisionedAccount,
) -> Option<ToSeller<'a>> {
    let (mut at, mut above, mut seller) = (buyer, Vec::new(), None);
    while let Some(parent) = at.account.reselling.parent.as_ref().and_then(|id| accounts.get(&**id)) {
        // Longer chains are refused elsewhere, as are those that go round.
        if !parent.account.reselling.chain || above.len() > tollgate_engine::chain::LEVELS_MAX {
            break;
        }
        above.push(*parent);
        if seller.is_none() && at.account.reselling.earning == Earning::Wholesale {
            seller = Some(*parent);
        }
        at = parent;
    }
    (!above.is_empty()).then_some(ToSeller { above, seller })
}

type Pair<'a> = (&'a ProvisionedAccount, &'a ProvisionedAccount, Vec<&'a ProvisionedAccount>);

/// Tables of the accounts that are compared; `None` where they contradict one another, which is told elsewhere.
fn tables_of(provisioning: &Provisioning, pairs: &[Pair<'_>]) -> Option<Tables> {
    let mut accounts: HashMap<&str, &ProvisionedAccount> = HashMap::new();
    for (buyer, _, above) in pairs {
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

fn compare(
    provisioning: &Provisioning,
    tables: &Tables,
    buyer: &ProvisionedAccount,
    seller: &ProvisionedAccount,
    above: &[&ProvisionedAccount],
    now: UnixMicros,
) -> Option<BelowCostFault> {
    let terms: Vec<&Terms> = std::iter::once(&buyer)
        .chain(above)
        .filter_map(|account| tables.terms(&account.account.id).map(AsRef::as_ref))
        .collect();
    let place = above.iter().position(|account| account.account.id == seller.account.id)? + 1;
    let (mut first, mut networks) = (None, BTreeSet::new());
    for at in instants(provisioning, &terms, now) {
        for (id, network) in tables.networks.iter() {
            // A price depends on the country of the network here, and never on the number.
            let number = Number::from_digits(b"10000000")?;
            let country = tables.networks.country_of(id);
            let country =
                country.and_then(|country| tollgate_engine::country::CountryCode::new(&country.iso2));
            let destination = move || Destination { number, network: network.code, country };
            let prices = list_prices(tables, &terms, &destination, id, at);
            let (Some(price), Some(Some(of_seller))) = (prices.first().copied().flatten(), prices.get(place))
            else {
                continue;
            };
            let (from, to) = (seller.account.currency, buyer.account.currency);
            let Some(cost) = tables.exchange.convert(*of_seller, from, to, at) else { continue };
            if price < cost {
                networks.insert(network.code);
                first.get_or_insert((id, network.code, price, cost, at));
            }
        }
    }
    let (id, network, price, cost, at) = first?;
    let is_own = matches!(terms.first()?.price_source(id, None, at), Some(PriceSource::AccountRate(_)));
    let list = buyer.resale.price_list.clone().filter(|_| !is_own);
    let key = match &list {
        _ if is_own => "rates",
        Some(_) => "price_list",
        None => "plan",
    };
    Some(BelowCostFault {
        account: Arc::clone(&buyer.account.id),
        seller: Arc::clone(&seller.account.id),
        price_list: list,
        key,
        network,
        price,
        cost,
        currency: buyer.account.currency,
        from: (at > now).then_some(at),
        networks: networks.len(),
        is_refused: seller.resale.below_cost == BelowCost::Refuse,
    })
}

/// The list price of each level, the buyer's first.
fn list_prices(
    tables: &Tables,
    terms: &[&Terms],
    destination: &dyn Fn() -> Destination,
    network: tollgate_engine::network::NetworkId,
    at: UnixMicros,
) -> Vec<Option<Amount>> {
    let (mut prices, mut seller): (Vec<Option<Amount>>, Option<(Currency, Amount)>) = (Vec::new(), None);
    for terms in terms.iter().rev() {
        let unit = tables.price_from(terms, destination, network, seller, at);
        seller = unit.map(|unit| (terms.account.currency, unit.price));
        prices.push(unit.map(|unit| unit.price));
    }
    prices.reverse();
    prices
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
