//! Prices at which an account sells for less than it pays itself.
//!
//! They are compared segment by segment at list prices, that is before volume tiers, for every network of the catalogue, now
//! and whenever a rate begins or ends later. Whoever earns a commission pays nothing, and still may not sell below its own
//! price: the level above it is paid no more than that.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use tollgate_engine::chain::LEVELS_MAX;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::{NetworkCode, NetworkId};
use tollgate_engine::number::Number;
use tollgate_engine::numbering::{NumberingPlan, PortedNumbers};
use tollgate_engine::refusal::StatusTable;
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
    /// The plan of the account that buys.
    pub plan: Arc<str>,
    /// The price list that it buys by.
    pub buys_by: Option<Arc<str>>,
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

impl BelowCostFault {
    /// True if it is about this account, as the one that buys or the one that sells. Accounts with the same parent, plan and
    /// price list pay the same, and one of them stands for all.
    pub fn concerns(&self, provisioned: &ProvisionedAccount) -> bool {
        let account = &provisioned.account;
        let is_sold_to = account.reselling.parent.as_ref() == Some(&self.seller);
        let pays_the_same = self.key != "rates"
            && account.rates.is_empty()
            && account.plan == self.plan
            && provisioned.resale.price_list == self.buys_by;
        account.id == self.seller || account.id == self.account || (is_sold_to && pays_the_same)
    }
}

/// The words that follow the key.
impl fmt::Display for BelowCostFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seller, network, price, cost, currency, networks, .. } = self;
        write!(
            f,
            "`{seller}` would sell a segment to {network} at {price} {currency}, below its own price of {cost}"
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
        let above = chain_above(&accounts, buyer);
        let seller = above.first().copied().filter(|seller| seller.resale.below_cost != BelowCost::Allow);
        let Some(seller) = seller else { continue };
        let list = buyer.resale.price_list.as_deref();
        let own = (!buyer.account.rates.is_empty()).then_some(&*buyer.account.id);
        // Accounts with the same parent, plan and price list pay the same.
        if told.insert((&seller.account.id, &buyer.account.plan, list, own)) {
            pairs.push((buyer, seller, above));
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
    let (mut first, mut networks) = (None, BTreeSet::new());
    for at in instants(provisioning, &terms, now) {
        for (id, network) in tables.networks.iter() {
            let prices = list_prices(tables, &terms, id, at);
            let &[Some(price), Some(of_seller), ..] = &prices[..] else {
                continue;
            };
            let (from, to) = (seller.account.currency, buyer.account.currency);
            let Some(cost) = tables.exchange.convert(of_seller, from, to, at) else { continue };
            if price < cost {
                networks.insert(network.code);
                first.get_or_insert((id, network.code, price, cost, at));
            }
        }
    }
    let (id, network, price, cost, at) = first?;
    let is_own = matches!(terms.first()?.price_source(id, None, at), Some(PriceSource::AccountRate(_)));
    let key = match &buyer.resale.price_list {
        _ if is_own => "rates",
        Some(_) => "price_list",
        None => "plan",
    };
    Some(BelowCostFault {
        account: Arc::clone(&buyer.account.id),
        seller: Arc::clone(&seller.account.id),
        plan: Arc::clone(&buyer.account.plan),
        buys_by: buyer.resale.price_list.clone(),
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

/// The price of a segment to a network, before volume tiers, for each level of a chain, the lowest first.
pub fn list_prices(
    tables: &Tables,
    terms: &[&Terms],
    network: NetworkId,
    at: UnixMicros,
) -> Vec<Option<Amount>> {
    // A price depends on the country of the network here, and never on the number.
    let country = tables.networks.country_of(network).and_then(|country| CountryCode::new(&country.iso2));
    let code = tables.networks.get(network).code;
    let Some(number) = Number::from_digits(b"10000000") else { return vec![None; terms.len()] };
    let destination = || Destination { number, network: code, country };
    let (mut prices, mut seller): (Vec<Option<Amount>>, Option<(Currency, Amount)>) = (Vec::new(), None);
    for terms in terms.iter().rev() {
        let unit = tables.price_from(terms, &destination, network, seller, at);
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
