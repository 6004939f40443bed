//! The accounts of the model: a tree of resellers and agents in several currencies and time zones, with caps.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::calendar::{Calendar, SpanUnit};
use tollgate_engine::cap::{Cap, CapId};
use tollgate_engine::exchange::{ExchangeRates, ExchangeRow};
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::price_list::Share;
use tollgate_engine::reselling::Earning;
use tollgate_engine::time::{Months, UnixMicros};
use tollgate_engine::traffic::TrafficScope;

use crate::support::Books;
use crate::support::chain::LevelAbove;

const PARENTS: [usize; 13] = [0, 0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 9];
const NAMES: [&str; 13] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"];
pub const ACCOUNTS: usize = NAMES.len();

/// Time zones without daylight saving, with the seconds that their clocks are ahead of UTC.
const ZONES: [(&str, i64); 4] =
    [("UTC", 0), ("Africa/Nairobi", 10_800), ("Asia/Kathmandu", 20_700), ("Pacific/Honolulu", -36_000)];

/// Pairs, the day from which a rate holds, and so many millionths of the second for one of the first.
pub const EXCHANGE: [(&str, &str, u64, i64); 5] = [
    ("EUR", "KES", 0, 140_020_001),
    ("EUR", "USD", 0, 1_083_300),
    ("EUR", "USD", 20_780, 1_070_103),
    ("USD", "KES", 0, 129_250_000),
    ("USD", "KES", 20_783, 131_100_007),
];

/// A cap of an account, in plain numbers.
pub struct CapOf {
    pub name: &'static str,
    pub unit: SpanUnit,
    pub max_amount: Option<i128>,
    pub max_messages: Option<u64>,
    pub is_hard: bool,
    pub gives_back: bool,
}

/// The account and those above it.
pub fn chain_of(account: usize) -> Vec<usize> {
    let mut chain = vec![account];
    while chain.last() != Some(&0) {
        chain.push(parent_of(chain[chain.len() - 1]));
    }
    chain
}

pub const fn parent_of(account: usize) -> usize {
    PARENTS[account]
}

/// Of a segment, in the account's currency.
pub fn price_of(account: usize) -> i128 {
    let price = (account as i128 + 3) * 1_007;
    if currency_of(account) == "KES" { price * 129 } else { price }
}

/// An agent earns where it stands above another, and pays where it sends itself.
pub const fn is_agent(account: usize) -> bool {
    account % 3 == 1
}

/// Agents of the margin earn on what is paid beyond their own price, the others on all of it.
pub const fn earns_of_margin(account: usize) -> bool {
    account % 6 == 4
}

pub const fn currency_of(account: usize) -> &'static str {
    match account % 5 {
        0 | 2 => "USD",
        1 | 4 => "EUR",
        _ => "KES",
    }
}

/// The seconds that the account's clocks are ahead of UTC.
pub const fn ahead_of(account: usize) -> i64 {
    ZONES[account % ZONES.len()].1
}

/// The caps of an account. An account sees the traffic of all below it.
pub fn caps_of(account: usize) -> [CapOf; 4] {
    let senders = (0..ACCOUNTS).filter(|below| chain_of(*below).contains(&account)).count() as i128;
    let many = if account == 0 { 3 } else { 1 };
    let gives_back = account.is_multiple_of(2);
    let cap = |name, unit, max_messages| CapOf {
        name,
        unit,
        max_amount: None,
        max_messages: Some(max_messages),
        is_hard: true,
        gives_back,
    };
    [
        cap("burst", SpanUnit::Minute, 12 + account as u64 % 5 * 2),
        cap("hourly", SpanUnit::Hour, 24 * many),
        CapOf {
            max_amount: Some(price_of(account) * (30 * senders + 60)),
            max_messages: None,
            gives_back: !gives_back,
            ..cap("daily", SpanUnit::Day, 0)
        },
        CapOf {
            max_amount: Some(price_of(account) * 900),
            is_hard: false,
            ..cap("monthly", SpanUnit::Month, 300)
        },
    ]
}

impl CapOf {
    pub fn cap(&self) -> Cap {
        let micros = |amount: i128| Amount::from_micros(i64::try_from(amount).unwrap());
        Cap {
            id: CapId::new(self.name, self.unit),
            scope: TrafficScope::All,
            max_amount: self.max_amount.map(micros),
            max_messages: self.max_messages,
            is_hard: self.is_hard,
            gives_back: self.gives_back,
        }
    }
}

/// The tree as the engine knows it.
pub struct Tree {
    months: Vec<Months>,
    calendars: Vec<Calendar>,
    caps: Vec<Vec<Cap>>,
    exchange: ExchangeRates,
}

impl Tree {
    pub fn new() -> Self {
        let row = |(base, quote, day, rate): (&str, &str, u64, i64)| ExchangeRow {
            base: Currency::new(base).unwrap(),
            quote: Currency::new(quote).unwrap(),
            rate: Amount::from_micros(rate),
            effective_from: UnixMicros(day * 86_400_000_000),
        };
        let zones = || (0..ACCOUNTS).map(|account| ZONES[account % ZONES.len()].0);
        Self {
            months: zones().map(|zone| Months::of_zone(zone).unwrap()).collect(),
            calendars: zones().map(|zone| Calendar::of_zone(zone).unwrap()).collect(),
            caps: (0..ACCOUNTS).map(|account| caps_of(account).iter().map(CapOf::cap).collect()).collect(),
            exchange: ExchangeRates::build(EXCHANGE.into_iter().map(row).collect()),
        }
    }

    pub fn provision(books: &Books) -> Vec<AccountNumber> {
        let accounts: Vec<_> = NAMES.iter().enumerate().map(|(at, name)| (*name, currency_of(at))).collect();
        books.provision_in(&accounts, 1_000_000)
    }

    /// The levels of a message of this account, the lowest first.
    pub fn levels(
        &self,
        books: &Books,
        accounts: &[AccountNumber],
        sender: usize,
        now: UnixMicros,
    ) -> Vec<LevelAbove<'_>> {
        let mut below = sender;
        let level = |of: usize| {
            let currency = |account| Currency::new(currency_of(account)).unwrap();
            let from_below = self.exchange.at(currency(below), currency(of), now).unwrap();
            below = of;
            LevelAbove {
                wallet: books.wallet(accounts[of]),
                price: i64::try_from(price_of(of)).unwrap(),
                month: self.months[of].month_at(now),
                earning: if of == sender { Earning::Wholesale } else { earning_of(of) },
                caps: &self.caps[of],
                calendar: &self.calendars[of],
                from_below,
            }
        };
        chain_of(sender).into_iter().map(level).collect()
    }
}

fn earning_of(account: usize) -> Earning {
    let share = Share::from_percent(10.into()).unwrap();
    match (is_agent(account), earns_of_margin(account)) {
        (false, _) => Earning::Wholesale,
        (true, false) => Earning::CommissionOfCharge(share),
        (true, true) => Earning::CommissionOfMargin(share),
    }
}
