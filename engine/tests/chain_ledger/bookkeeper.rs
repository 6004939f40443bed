//! The naive bookkeeper.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::market::{AccountOf, BundleOf, EXCHANGE, EarningOf, ListOf, Market, MessageOf, NETWORKS, ScopeOf};

/// Everything that one level moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelDue {
    pub account: usize,
    pub amount: i128,
    /// Segments that count for tiers.
    pub counted: u32,
    pub covered: u32,
    /// Bundles by number.
    pub units: BTreeMap<u64, u64>,
    pub commission: i128,
    /// Names of the caps that it counts in.
    pub caps: Vec<&'static str>,
    /// Names of soft caps that it exceeds.
    pub exceeded: Vec<&'static str>,
}

/// The levels, or the level that stands in the way and why.
pub type Due = Result<Vec<LevelDue>, (usize, &'static str)>;

/// Everything there is to compare, per account.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    pub balance: i128,
    pub counted: u64,
    /// The units left of each bundle by its number.
    pub bundles: BTreeMap<u64, u64>,
    pub commission: i128,
    /// Money and messages of each cap in the present span, where there are any.
    pub caps: BTreeMap<&'static str, (i128, u64)>,
}

#[derive(Default)]
struct Books {
    balance: i128,
    volumes: BTreeMap<String, u64>,
    bundles: Vec<BundleBook>,
    commission: i128,
    caps: BTreeMap<(&'static str, String), (i128, u64)>,
}

struct BundleBook {
    number: u64,
    unit: &'static str,
    scope: ScopeOf,
    priority: u8,
    ends: u64,
    left: u64,
}

/// The levels of a charge, with the month of each and the spans of its caps.
type Entered = (Vec<LevelDue>, Vec<String>, Vec<Vec<String>>);

pub struct Bookkeeper {
    accounts: Vec<Books>,
    /// Levels that took a message without a rate.
    pub without_rate: usize,
    standing: Vec<Entered>,
    bundles: u64,
}

impl Bookkeeper {
    pub fn new(market: &Market) -> Self {
        let books = |account: &AccountOf| Books { balance: account.balance.into(), ..Books::default() };
        let accounts = market.accounts.iter().map(books).collect();
        Self { accounts, without_rate: 0, standing: Vec::new(), bundles: 0 }
    }

    pub fn top_up(&mut self, account: usize, micros: i64) {
        self.accounts[account].balance += i128::from(micros);
    }

    pub fn bundle(&mut self, account: usize, bundle: &BundleOf, ends: u64) {
        self.bundles += 1;
        let BundleOf { unit, ref scope, priority, units, .. } = *bundle;
        let book =
            BundleBook { number: self.bundles, unit, scope: scope.clone(), priority, ends, left: units };
        self.accounts[account].bundles.push(book);
    }

    pub fn send(&mut self, market: &Market, message: &MessageOf, (now, ended): (u64, u64)) -> Due {
        let mut levels = vec![message.account];
        levels.extend(market.above(message.account));
        let mut prices = vec![(0, false); levels.len()];
        let mut of_seller: Option<(&'static str, i128)> = None;
        for at in (0..levels.len()).rev() {
            let pays = at == 0 || matches!(market.accounts[levels[at - 1]].earning, EarningOf::Wholesale);
            match unit_price(market, levels[at], message, of_seller) {
                Some(price) => {
                    prices[at] = price;
                    of_seller = Some((market.plans[market.accounts[levels[at]].plan].currency, price.0));
                }
                // Nothing is to be paid where bundles cover everything.
                None if pays && self.covering(levels[at], message, ended).0 == message.segments => {
                    (of_seller, self.without_rate) = (None, self.without_rate + 1);
                }
                None => return Err((at, "no_rate")),
            }
        }
        let mut due: Vec<LevelDue> = Vec::new();
        let mut below: Option<(i128, &'static str)> = None;
        for (at, account) in levels.iter().enumerate() {
            let currency = market.plans[market.accounts[*account].plan].currency;
            let earning = at
                .checked_sub(1)
                .map_or(EarningOf::Wholesale, |child| market.accounts[levels[child]].earning);
            let (level, paid) = match earning {
                EarningOf::Wholesale => {
                    let level = self
                        .payment(market, *account, message, prices[at].0, (now, ended))
                        .map_err(|why| (at, why))?;
                    let paid = level.amount;
                    (level, paid)
                }
                EarningOf::OfCharge(share) | EarningOf::OfMargin(share) => {
                    let (paid, of) = below.unwrap();
                    let paid = convert(paid, of, currency);
                    let counted = self.counted(market, *account, now);
                    let margin = match earning {
                        EarningOf::OfMargin(_) => (paid
                            - price_of(market, *account, prices[at].0, counted, message.segments))
                        .max(0),
                        _ => paid,
                    };
                    let level = LevelDue {
                        account: *account,
                        amount: 0,
                        counted: message.segments,
                        covered: 0,
                        units: BTreeMap::new(),
                        commission: share_of(margin, share),
                        caps: Vec::new(),
                        exceeded: Vec::new(),
                    };
                    (level, paid)
                }
            };
            below = Some((paid, currency));
            due.push(level);
        }
        let months = levels.iter().map(|account| month(market, *account, now)).collect::<Vec<_>>();
        let spans = |level: &LevelDue| -> Vec<String> {
            level.caps.iter().map(|name| span(market, level.account, name, now)).collect()
        };
        let spans: Vec<Vec<String>> = due.iter().map(spans).collect();
        self.apply(&due, &months, &spans, 1);
        self.standing.push((due.clone(), months, spans));
        Ok(due)
    }

    pub fn take_back(&mut self, which: usize) {
        let (due, months, spans) = self.standing.swap_remove(which);
        self.apply(&due, &months, &spans, -1);
    }

    pub fn state(&self, market: &Market, now: u64) -> Vec<State> {
        let state = |(account, books): (usize, &Books)| State {
            balance: books.balance,
            counted: self.counted(market, account, now),
            bundles: books.bundles.iter().map(|bundle| (bundle.number, bundle.left)).collect(),
            commission: books.commission,
            caps: market.accounts[account]
                .caps
                .iter()
                .filter_map(|cap| {
                    let count = books.caps.get(&(cap.name, span(market, account, cap.name, now)))?;
                    (*count != (0, 0)).then_some((cap.name, *count))
                })
                .collect(),
        };
        self.accounts.iter().enumerate().map(state).collect()
    }

    fn counted(&self, market: &Market, account: usize, now: u64) -> u64 {
        self.accounts[account].volumes.get(&month(market, account, now)).copied().unwrap_or(0)
    }

    /// The segments that bundles cover, and the units that this takes.
    fn covering(&self, account: usize, message: &MessageOf, ended: u64) -> (u32, BTreeMap<u64, u64>) {
        let mut order: Vec<&BundleBook> = self.accounts[account].bundles.iter().collect();
        order.sort_by_key(|bundle| (bundle.ends, bundle.priority, bundle.number));
        let (mut covered, mut units) = (0, BTreeMap::new());
        for bundle in order {
            if ended >= bundle.ends || !holds(&bundle.scope, message) {
                continue;
            }
            match bundle.unit {
                "segments" => {
                    for _ in 0..bundle.left {
                        if covered < message.segments {
                            covered += 1;
                            *units.entry(bundle.number).or_default() += 1;
                        }
                    }
                }
                "messages" if covered == 0 && bundle.left > 0 => {
                    covered = message.segments;
                    units.insert(bundle.number, 1);
                }
                _ => {}
            }
        }
        (covered, units)
    }

    fn payment(
        &self,
        market: &Market,
        account: usize,
        message: &MessageOf,
        unit: i128,
        (now, ended): (u64, u64),
    ) -> Result<LevelDue, &'static str> {
        let (books, settings) = (&self.accounts[account], &market.accounts[account]);
        let plan = &market.plans[settings.plan];
        let (covered, units) = self.covering(account, message, ended);
        let counted = self.counted(market, account, now);
        let covered_that_count = if plan.bundles_count { covered } else { 0 };
        let paid = message.segments - covered;
        let amount = price_of(market, account, unit, counted + u64::from(covered_that_count), paid);
        if books.balance + i128::from(settings.credit_limit) < amount {
            return Err("insufficient_funds");
        }
        let (mut caps, mut exceeded) = (Vec::new(), Vec::new());
        for cap in settings.caps.iter().filter(|cap| holds(&cap.scope, message)) {
            let span = span(market, account, cap.name, now);
            let (money, messages) = books.caps.get(&(cap.name, span)).copied().unwrap_or_default();
            let too_much = cap.max_amount.is_some_and(|max| money + amount > i128::from(max))
                || cap.max_messages.is_some_and(|max| messages + 1 > max);
            if too_much && cap.is_hard {
                return Err("spending_cap");
            }
            if too_much {
                exceeded.push(cap.name);
            }
            caps.push(cap.name);
        }
        let counted = paid + covered_that_count;
        Ok(LevelDue { account, amount, counted, covered, units, commission: 0, caps, exceeded })
    }

    fn apply(&mut self, due: &[LevelDue], months: &[String], spans: &[Vec<String>], sign: i128) {
        for ((level, month), spans) in due.iter().zip(months).zip(spans) {
            let books = &mut self.accounts[level.account];
            books.balance -= sign * level.amount;
            books.commission += sign * level.commission;
            let volume = books.volumes.entry(month.clone()).or_default();
            *volume = u64::try_from(i128::from(*volume) + sign * i128::from(level.counted)).unwrap();
            for bundle in &mut books.bundles {
                let units = i128::from(level.units.get(&bundle.number).copied().unwrap_or(0));
                bundle.left = u64::try_from(i128::from(bundle.left) - sign * units).unwrap();
            }
            for (name, span) in level.caps.iter().zip(spans) {
                let (money, messages) = books.caps.entry((*name, span.clone())).or_default();
                *money += sign * level.amount;
                *messages = u64::try_from(i128::from(*messages) + sign).unwrap();
            }
        }
    }
}

fn holds(scope: &ScopeOf, message: &MessageOf) -> bool {
    let (network, country, _) = NETWORKS[message.network];
    match scope {
        ScopeOf::All => true,
        ScopeOf::Country(listed) => *listed == country,
        ScopeOf::Network(listed) => *listed == network,
        ScopeOf::Prefix(prefix) => message.number.starts_with(prefix),
    }
}

fn listed(rates: &[(usize, i64)], network: usize) -> Option<i128> {
    rates.iter().find(|(listed, _)| *listed == network).map(|(_, price)| i128::from(*price))
}

/// The price of a segment before tiers.
fn unit_price(
    market: &Market,
    account: usize,
    message: &MessageOf,
    of_seller: Option<(&'static str, i128)>,
) -> Option<(i128, bool)> {
    let settings = &market.accounts[account];
    let plan = &market.plans[settings.plan];
    if let Some(price) = listed(&settings.rates, message.network) {
        return Some((price, false));
    }
    if let Some(ListOf { rates, mark_ups }) = &settings.list {
        if let Some(price) = listed(rates, message.network) {
            return Some((price, false));
        }
        let mark_up = mark_ups.iter().find(|(scope, ..)| holds(scope, message));
        if let (Some((_, share, more)), Some((currency, price))) = (mark_up, of_seller) {
            let price = convert(price, currency, plan.currency);
            return Some((price + share_of(price, *share) + i128::from(*more), false));
        }
    }
    listed(&plan.rates, message.network)
        .map(|price| (price, false))
        .or_else(|| plan.base.map(|price| (price.into(), true)))
}

/// Every segment by itself.
fn price_of(market: &Market, account: usize, unit: i128, counted: u64, segments: u32) -> i128 {
    let tiers = &market.plans[market.accounts[account].plan].tiers;
    let price_at = |place: u64| {
        let tier = tiers.iter().find(|(last, _)| last.is_none_or(|last| place <= last));
        let kept =
            Decimal::from(1_000_000 - tier.map_or(0, |(_, discount)| *discount)) / Decimal::from(1_000_000);
        rounded(Decimal::from(unit) * kept)
    };
    (1..=u64::from(segments)).map(|nth| price_at(counted + nth)).sum()
}

fn share_of(amount: i128, share: i64) -> i128 {
    rounded(Decimal::from(amount) * Decimal::from(share) / Decimal::from(1_000_000))
}

fn convert(amount: i128, from: &str, to: &str) -> i128 {
    if from == to {
        return amount;
    }
    for (base, quote, rate) in EXCHANGE {
        if (base, quote) == (from, to) {
            return rounded(Decimal::from(amount) * Decimal::from(rate) / Decimal::from(1_000_000));
        }
        if (quote, base) == (from, to) {
            return rounded(Decimal::from(amount) * Decimal::from(1_000_000) / Decimal::from(rate));
        }
    }
    panic!("no rate from {from} to {to}");
}

fn rounded(exact: Decimal) -> i128 {
    exact.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven).mantissa()
}

fn shown(market: &Market, account: usize, now: u64) -> String {
    let zone = TimeZone::get(market.plans[market.accounts[account].plan].zone).unwrap();
    let at = jiff::Timestamp::from_microsecond(i64::try_from(now).unwrap()).unwrap();
    at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M").to_string()
}

fn month(market: &Market, account: usize, now: u64) -> String {
    shown(market, account, now)[..7].to_owned()
}

fn span(market: &Market, account: usize, cap: &str, now: u64) -> String {
    let caps = &market.accounts[account].caps;
    let digits = match caps.iter().find(|known| known.name == cap).unwrap().span {
        "minute" => 16,
        "hour" => 13,
        "day" => 10,
        _ => 7,
    };
    shown(market, account, now)[..digits].to_owned()
}
