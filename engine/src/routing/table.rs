//! Routes made ready for look-up: by network one array step to the list of operators that may take its
//! messages.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::closest::ByCode;
use super::{Cost, MarginGuard, RouteRule, RoutingDefinition, RoutingError, Strategy};
use crate::account::SenderPolicy;
use crate::exchange::ExchangeRates;
use crate::money::{Amount, Currency, MICROS_PER_UNIT};
use crate::network::{NetworkId, Networks};
use crate::operator::{AccountFilter, Operator, OperatorNumber, OperatorStatus, ServedNetworks};
use crate::prices::PriceTable;
use crate::time::UnixMicros;

/// The operators that take messages, by network. Never changes; a reload makes another.
#[derive(Debug, Default)]
pub struct Routes {
    /// Ascending by code.
    pub(super) rows: Box<[Row]>,
    /// By number, places in `rows`.
    by_number: HashMap<OperatorNumber, u16>,
    /// By `NetworkId`, places in `lists`.
    by_network: Box<[u32]>,
    lists: Box<[List]>,
    pub(super) exchange: ExchangeRates,
}

/// The operators and rules for the messages of some networks; networks with equal ones share a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct List {
    pub(super) strategy: Strategy,
    pub(super) guard: MarginGuard,
    /// Places of operators that are not disabled, serve the network and are in its rule, ascending.
    pub(super) places: Box<[u16]>,
}

/// An operator, with what is worked out about it.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) operator: Operator,
    costs: PriceTable,
    /// The networks served, by `NetworkId`.
    serves: Box<[bool]>,
    senders: Option<HashSet<Box<[u8]>>>,
    accounts: Accounts,
}

#[derive(Debug)]
enum Accounts {
    Any,
    Only(HashSet<Arc<str>>),
    Except(HashSet<Arc<str>>),
}

impl Routes {
    /// Puts the pieces together, whole or not at all, reporting everything that is wrong.
    pub fn build(definition: RoutingDefinition, networks: &Networks) -> Result<Self, Vec<RoutingError>> {
        let mut errors = Vec::new();
        check_rules(&definition, &mut errors);
        check_exchange(&definition, &mut errors);
        let RoutingDefinition { strategy, margin_guard, rules, mut operators, exchange, .. } = definition;
        operators.sort_by(|one, other| one.code.cmp(&other.code));
        let by_number = number(&operators, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let rows: Box<[Row]> = operators.into_iter().map(|operator| Row::new(operator, networks)).collect();
        let (by_network, lists) = lists_of(&rows, &rules, (strategy, margin_guard), networks);
        Ok(Self { rows, by_number, by_network, lists, exchange })
    }

    /// Fills in the numbers that operators have been given since. Those that `number_of` does not know keep theirs.
    pub fn number_operators(&mut self, number_of: impl Fn(&str) -> Option<OperatorNumber>) {
        for (row, place) in self.rows.iter_mut().zip(0..=u16::MAX) {
            let Some(number) = number_of(&row.operator.code) else { continue };
            self.by_number.remove(&row.operator.number);
            row.operator.number = number;
            let other = self.by_number.insert(number, place);
            assert!(other.is_none_or(|other| other == place), "two operators have the number {}", number.0);
        }
    }

    /// True if an operator takes new messages of an account to a network, as far as that is known without the message: its
    /// sender, coding and price may still stand against it.
    pub fn serves(&self, network: NetworkId, account: &str) -> bool {
        let places = self.list(network).map_or(&[][..], |list| &list.places);
        let mut rows = places.iter().filter_map(|place| self.rows.get(usize::from(*place)));
        rows.any(|row| row.operator.status == OperatorStatus::Active && row.takes_account(account))
    }

    /// True if there is no operator at all.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The operator of a number.
    pub fn operator(&self, number: OperatorNumber) -> Option<&Operator> {
        self.row(number).map(|row| &row.operator)
    }

    /// Every operator, ascending by code.
    pub fn operators(&self) -> impl Iterator<Item = &Operator> {
        self.rows.iter().map(|row| &row.operator)
    }

    /// The cost of that many segments to a network, also in `currency`; `None` if the operator names none.
    pub fn cost(
        &self,
        operator: OperatorNumber,
        network: NetworkId,
        segments: u8,
        currency: Currency,
        now: UnixMicros,
    ) -> Option<Cost> {
        let row = self.row(operator)?;
        let amount = row.cost(network, segments, now)?;
        let in_account_currency = self
            .exchange
            .convert(amount, row.operator.currency, currency, now)
            .filter(|cost| can_be_asked(*cost));
        Some(Cost { amount, in_account_currency })
    }

    /// The list of a network; `None` if it is not in the catalogue that the routes were made with.
    pub(super) fn list(&self, network: NetworkId) -> Option<&List> {
        let list = *self.by_network.get(network.index())?;
        self.lists.get(list as usize)
    }

    fn row(&self, number: OperatorNumber) -> Option<&Row> {
        let place = self.by_number.get(&number)?;
        self.rows.get(usize::from(*place))
    }
}

impl Row {
    fn new(operator: Operator, networks: &Networks) -> Self {
        let serves = match &operator.networks {
            ServedNetworks::All => vec![true; networks.len()].into(),
            ServedNetworks::Listed(codes) => {
                let listed = ByCode::of(codes.iter().map(|code| (*code, 0)));
                networks.iter().map(|(id, _)| listed.closest(id, networks).is_some()).collect()
            }
        };
        let senders = match &operator.senders {
            SenderPolicy::Any => None,
            SenderPolicy::Listed(list) => Some(list.iter().cloned().collect()),
            // Senders are approved for accounts; none are approved for operators.
            SenderPolicy::Approved => Some(HashSet::new()),
        };
        let accounts = match &operator.accounts {
            AccountFilter::Any => Accounts::Any,
            AccountFilter::Only(list) => Accounts::Only(list.iter().cloned().collect()),
            AccountFilter::Except(list) => Accounts::Except(list.iter().cloned().collect()),
        };
        let costs = PriceTable::build(&operator.costs, networks);
        Self { operator, costs, serves, senders, accounts }
    }

    pub(super) fn serves(&self, network: NetworkId) -> bool {
        self.serves.get(network.index()).copied().unwrap_or(false)
    }

    pub(super) fn takes_sender(&self, source: &[u8]) -> bool {
        self.senders.as_ref().is_none_or(|senders| senders.contains(source))
    }

    pub(super) fn takes_account(&self, account: &str) -> bool {
        match &self.accounts {
            Accounts::Any => true,
            Accounts::Only(only) => only.contains(account),
            Accounts::Except(except) => !except.contains(account),
        }
    }

    /// The cost in the operator's currency; `None` if the operator names none, or if it is above the highest
    /// price of a message.
    pub(super) fn cost(&self, network: NetworkId, segments: u8, now: UnixMicros) -> Option<Amount> {
        let of_segment = self.costs.price(network, now).or(self.operator.base_cost)?;
        of_segment.checked_mul(u32::from(segments)).filter(|cost| can_be_asked(*cost))
    }
}

/// The highest cost of one message: a hundred million currency units.
const MESSAGE_COST_MAX: Amount = Amount::from_micros(100_000_000 * MICROS_PER_UNIT);

/// True if a cost is not above the highest cost of a message, so that the costs of any attempts at one
/// message have a sum.
pub(super) fn can_be_asked(cost: Amount) -> bool {
    cost <= MESSAGE_COST_MAX
}

fn check_rules(definition: &RoutingDefinition, errors: &mut Vec<RoutingError>) {
    for rule in &definition.rules {
        for operator in rule.operators.iter().flatten() {
            if !definition.operators.iter().any(|known| known.code == *operator) {
                let operator = Arc::clone(operator);
                errors.push(RoutingError::UnknownOperator { network: rule.network, operator });
            }
        }
    }
}

/// Checks that the costs of every operator that gets messages convert to every account's currency, if costs
/// are compared.
fn check_exchange(definition: &RoutingDefinition, errors: &mut Vec<RoutingError>) {
    let rules = &definition.rules;
    let strategies = rules.iter().filter_map(|rule| rule.strategy).chain([definition.strategy]);
    let mut guards = rules.iter().filter_map(|rule| rule.margin_guard).chain([definition.margin_guard]);
    if !strategies.into_iter().any(Strategy::compares_costs) && guards.all(|guard| guard == MarginGuard::Off)
    {
        return;
    }
    let mut currencies = definition.account_currencies.clone();
    currencies.sort_unstable();
    currencies.dedup();
    for operator in &definition.operators {
        if operator.status == OperatorStatus::Disabled {
            continue;
        }
        let from = operator.currency;
        for to in currencies.iter().copied().filter(|to| !definition.exchange.covers(from, *to)) {
            let operator = Arc::clone(&operator.code);
            errors.push(RoutingError::NoExchangeRate { operator, from, to });
        }
    }
}

/// The place of every operator by its number. Operators that have none yet are not found by it.
fn number(operators: &[Operator], errors: &mut Vec<RoutingError>) -> HashMap<OperatorNumber, u16> {
    if operators.len() > usize::from(u16::MAX) {
        errors.push(RoutingError::TooMany);
    }
    for pair in operators.windows(2) {
        if let [one, other] = pair
            && one.code == other.code
        {
            errors.push(RoutingError::DuplicateCode(Arc::clone(&one.code)));
        }
    }
    let mut by_number: HashMap<OperatorNumber, u16> = HashMap::new();
    for (operator, place) in operators.iter().zip(0..=u16::MAX) {
        if operator.number == OperatorNumber::default() {
            continue;
        }
        if let Some(first) = by_number.insert(operator.number, place) {
            let first = Arc::clone(&operators[usize::from(first)].code);
            errors.push(RoutingError::DuplicateNumber(first, Arc::clone(&operator.code)));
        }
    }
    by_number
}

/// The list of every network, and the lists.
fn lists_of(
    rows: &[Row],
    rules: &[RouteRule],
    defaults: (Strategy, MarginGuard),
    networks: &Networks,
) -> (Box<[u32]>, Box<[List]>) {
    let named = rules.iter().enumerate();
    let by_code = ByCode::of(named.filter_map(|(place, rule)| Some((rule.network?, place))));
    let of_all = rules.iter().find(|rule| rule.network.is_none());
    let (mut lists, mut known) = (Vec::new(), HashMap::new());
    let by_network = networks
        .iter()
        .map(|(id, _)| {
            let closest = by_code.closest(id, networks).and_then(|place| rules.get(place));
            let list = list_of(rows, closest.or(of_all), defaults, id);
            *known.entry(list).or_insert_with_key(|list| {
                lists.push(list.clone());
                // There are no more lists than networks, which are numbered with 16 bits.
                u32::try_from(lists.len() - 1).unwrap_or(u32::MAX)
            })
        })
        .collect();
    (by_network, lists.into())
}

fn list_of(
    rows: &[Row],
    rule: Option<&RouteRule>,
    (strategy, guard): (Strategy, MarginGuard),
    network: NetworkId,
) -> List {
    let only = rule.and_then(|rule| rule.operators.as_ref());
    let is_candidate = |row: &Row| {
        row.operator.status != OperatorStatus::Disabled
            && row.serves(network)
            && only.is_none_or(|only| only.contains(&row.operator.code))
    };
    List {
        strategy: rule.and_then(|rule| rule.strategy).unwrap_or(strategy),
        guard: rule.and_then(|rule| rule.margin_guard).unwrap_or(guard),
        places: rows
            .iter()
            .zip(0..=u16::MAX)
            .filter(|(row, _)| is_candidate(row))
            .map(|(_, place)| place)
            .collect(),
    }
}
