//! The effect of a switch of an account's `chain` on those below it: whose messages it pays for from then on, at which prices,
//! and what is in the way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tollgate_api::accounts::{ChainSwitch, SwitchProblem, SwitchedAccount, SwitchedRate};
use tollgate_api::answer::Answer;
use tollgate_api::money::{CurrencyCode, Money, MoneySum};
use tollgate_api::problem::Problem;
use tollgate_engine::chain::LEVELS_MAX;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::network::{Network, NetworkCode, NetworkId};
use tollgate_engine::reselling::Earning;
use tollgate_engine::tables::{Tables, Terms};
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_provisioning::list_prices;
use tollgate_relay::core::ApplyError;
use tollgate_relay::snapshot::{ActiveAccount, Snapshot};
use tollgate_storage::store::Store;
use tollgate_storage::usage::UsageOf;

use crate::billing::period::{month_begins_at, quarters, zone};
use crate::problems::{apply_problem, unavailable};
use crate::resale::earnings::shown_earning;

/// Accounts that one answer has.
const ACCOUNTS_MAX: usize = 1_000;
/// Networks that one account's prices are shown for.
const RATES_MAX: usize = 50;
/// Networks without a rate that are named.
const WITHOUT_RATE_MAX: usize = 10;

/// A switch that is asked for.
pub struct Switch<'a> {
    /// The configuration in force.
    pub snapshot: &'a Snapshot,
    /// Has the usage of accounts.
    pub store: &'a Store,
    /// The account that is switched.
    pub account: &'a ActiveAccount,
    /// The setting after the switch.
    pub chain: bool,
    /// The tables after the switch; `None` where it is contradicted.
    pub after: Option<&'a Tables>,
    /// The present time.
    pub now: UnixMicros,
    /// True for the accounts whose side the caller may see, for a message of another one.
    pub sees: &'a dyn Fn(&str, &str) -> bool,
}

/// An account with its parent, and whether it sells.
type Place = (Option<Arc<str>>, bool);

impl Switch<'_> {
    /// The effect of the switch, without what it would be refused or warned for.
    pub fn effect(&self) -> Answer<ChainSwitch> {
        let (own, state) = (&self.account.terms.account, self.account.runtime.wallet.state());
        let available = state.balance.plus(own.credit_limit);
        let (before, after) = (self.places(own.reselling.chain), self.places(self.chain));
        let mut switched: BTreeMap<Arc<str>, (Arc<ActiveAccount>, usize)> = BTreeMap::new();
        let mut longest = 1 + levels_above(&after, &own.id).len();
        for account in self.snapshot.accounts() {
            let id = Arc::clone(&account.terms.account.id);
            let above = levels_above(&after, &id);
            let (is, was) = (above.contains(&own.id), levels_above(&before, &id).contains(&own.id));
            if is {
                longest = longest.max(above.len() + 1);
            }
            if is != was {
                switched.insert(id, (account, above.len() + 1));
            }
        }
        let accounts_in_all = switched.len() as u64;
        let shown = switched.values().take(ACCOUNTS_MAX);
        let shown = shown.map(|(account, levels)| self.switched(account, *levels, available));
        Ok(ChainSwitch {
            account: own.id.to_string(),
            chain: self.chain,
            dry_run: true,
            is_change: own.reselling.chain != self.chain,
            currency: CurrencyCode(own.currency),
            available: MoneySum(available),
            longest_chain: u32::try_from(longest).unwrap_or(u32::MAX),
            accounts_in_all,
            accounts: shown.collect::<Answer<_>>()?,
            problems: Vec::new(),
            warnings: Vec::new(),
        })
    }

    /// Every account's place, with the switched one as it is before or after.
    fn places(&self, chain: bool) -> HashMap<Arc<str>, Place> {
        let own = &self.account.terms.account.id;
        let place = |account: Arc<ActiveAccount>| {
            let account = &account.terms.account;
            let sells = if account.id == *own { chain } else { account.reselling.chain };
            (Arc::clone(&account.id), (account.reselling.parent.clone(), sells))
        };
        self.snapshot.accounts().map(place).collect()
    }

    fn switched(&self, account: &ActiveAccount, levels: usize, available: Total) -> Answer<SwitchedAccount> {
        let (charged, own) = (&account.terms.account, &self.account.terms.account);
        let earning = self.earning_on(account);
        let (used, sees_cost) = (self.networks_used(account)?, (self.sees)(&own.id, &charged.id));
        let (mut rates, mut costs) = (Vec::new(), Vec::new());
        for network in &used {
            let (price, cost) = self.prices(account, *network);
            let cost = cost.filter(|_| earning == Earning::Wholesale);
            costs.extend(cost);
            let cost = cost.filter(|_| sees_cost).map(Money);
            rates.push(SwitchedRate { network: network.to_string(), price: price.map(Money), cost });
        }
        let without_rate = self.without_rate(account);
        let is_paid = self.chain && earning == Earning::Wholesale;
        let is_short = costs.iter().any(|cost| available < Total::from(*cost));
        Ok(SwitchedAccount {
            account: charged.id.to_string(),
            parent: charged.reselling.parent.as_deref().unwrap_or_default().to_owned(),
            plan: charged.plan.to_string(),
            price_list: account.provisioned.resale.price_list.as_ref().map(ToString::to_string),
            currency: CurrencyCode(charged.currency),
            earning: shown_earning(earning),
            levels: u32::try_from(levels).unwrap_or(u32::MAX),
            rates,
            networks_without_rate: without_rate.len() as u64,
            without_rate: without_rate.iter().take(WITHOUT_RATE_MAX).map(ToString::to_string).collect(),
            insufficient_funds: is_paid && (is_short || available <= Total::ZERO),
        })
    }

    /// The way in which the switched account earns on the messages of one below it: that of its child which they come through.
    fn earning_on(&self, account: &ActiveAccount) -> Earning {
        let own = &self.account.terms.account.id;
        let mut earning = account.terms.account.reselling.earning;
        let mut parent = account.terms.account.reselling.parent.clone();
        for _ in 0..LEVELS_MAX {
            let Some(level) = parent.take().filter(|parent| parent != own) else { break };
            let Some(above) = self.snapshot.by_account(&level) else { break };
            earning = above.terms.account.reselling.earning;
            parent.clone_from(&above.terms.account.reselling.parent);
        }
        earning
    }

    /// The networks that an account has sent to in this month and the one before.
    fn networks_used(&self, account: &ActiveAccount) -> Answer<Vec<NetworkCode>> {
        let plan = &account.terms.plan;
        let month = plan.months.month_at(self.now);
        let before = month_begins_at(&zone(&plan.plan.time_zone)?, Month(month.0.saturating_sub(1)));
        let instants = before.unwrap_or_default()..UnixMicros(self.now.0.saturating_add(1));
        let mut networks = BTreeSet::new();
        let number = account.runtime.wallet.number();
        let read = self.store.usage().of_account(number, quarters(&instants), |key, _| {
            if let UsageOf::Network(network, _) = key.of {
                networks.insert(network);
            }
            networks.len() < RATES_MAX
        });
        read.map_err(|error| unavailable(&error))?;
        Ok(networks.into_iter().collect())
    }

    /// The price of a segment for an account after the switch, and for the switched one where it stands above it.
    fn prices(&self, account: &ActiveAccount, network: NetworkCode) -> (Option<Amount>, Option<Amount>) {
        let Some(tables) = self.after else { return (None, None) };
        let (Some(terms), Some(id)) = (tables.terms(&account.terms.account.id), tables.networks.id(network))
        else {
            return (None, None);
        };
        let prices = level_prices(tables, terms, id, self.now);
        let own = &self.account.terms.account.id;
        let cost = prices.iter().find(|(account, _)| **account == **own).and_then(|(_, price)| *price);
        (prices.first().and_then(|(_, price)| *price), cost)
    }

    /// Networks that an account has a price for now, and that some level of its chain has none for after the switch.
    fn without_rate(&self, account: &ActiveAccount) -> Vec<NetworkCode> {
        let Some(after) = self.after else { return Vec::new() };
        let Some(terms) = after.terms(&account.terms.account.id) else { return Vec::new() };
        let before = &self.snapshot.tables;
        let has_all = |tables: &Tables, terms: &Terms, id| {
            level_prices(tables, terms, id, self.now).iter().all(|(_, price)| price.is_some())
        };
        let lost = |(id, network): (NetworkId, &Network)| {
            let known = before.networks.id(network.code)?;
            let is_lost = has_all(before, &account.terms, known) && !has_all(after, terms, id);
            is_lost.then_some(network.code)
        };
        after.networks.iter().filter_map(lost).collect()
    }
}

/// The accounts above one in its chain, from its parent up.
fn levels_above(places: &HashMap<Arc<str>, Place>, id: &Arc<str>) -> Vec<Arc<str>> {
    let (mut above, mut at) = (Vec::new(), id);
    // A chain that is too long is told of as such.
    while above.len() <= LEVELS_MAX {
        let Some((Some(parent), _)) = places.get(at) else { break };
        let Some((_, true)) = places.get(parent) else { break };
        above.push(Arc::clone(parent));
        at = parent;
    }
    above
}

/// The list price of a segment at each level of an account, its own first, with the level's account.
fn level_prices<'t>(
    tables: &'t Tables,
    terms: &'t Terms,
    network: NetworkId,
    now: UnixMicros,
) -> Vec<(&'t str, Option<Amount>)> {
    let above = tables.above(terms);
    let levels: Vec<&Terms> = std::iter::once(terms).chain(above.iter().map(|terms| &***terms)).collect();
    let prices = list_prices(tables, &levels, network, now);
    levels.iter().map(|terms| &*terms.account.id).zip(prices).collect()
}

/// A fault of a chain as a problem of the switch.
pub fn problem(account: &str, field: &str, detail: &str) -> SwitchProblem {
    SwitchProblem { account: account.to_owned(), field: field.to_owned(), detail: detail.to_owned() }
}

/// Everything that contradicts the switch.
pub fn problems_of(error: &ApplyError) -> Answer<Vec<SwitchProblem>> {
    match error {
        ApplyError::Chain(faults) => {
            Ok(faults.iter().map(|fault| problem(&fault.account, fault.key, &fault.message)).collect())
        }
        other => Err(apply_problem(other)),
    }
}

/// The problem of accounts that could not send any more where they can now, once they pay alone.
pub fn problem_of_lost_rates(effect: &ChainSwitch) -> Option<SwitchProblem> {
    let lost = effect.accounts.iter().find(|account| !effect.chain && account.networks_without_rate > 0)?;
    let first = lost.without_rate.first().cloned().unwrap_or_default();
    let detail = format!(
        "by itself it has no rate for {first}, nor for {} networks in all, for which it has one in the chain",
        lost.networks_without_rate
    );
    Some(problem(&lost.account, "plan", &detail))
}

/// The refusal of a switch that has problems.
pub fn refusal(account: &str, problems: &[SwitchProblem]) -> Option<Problem> {
    let first = problems.first()?;
    if first.account == account {
        return Some(Problem::field(&first.field, first.detail.clone()));
    }
    let refused =
        Problem::unprocessable(format!("account `{}`: {}: {}", first.account, first.field, first.detail));
    Some(problems.iter().fold(refused, |refused, problem| {
        refused.and_field(&problem.field, format!("account `{}`: {}", problem.account, problem.detail))
    }))
}
