//! A random market: currencies, networks, plans and a forest of accounts, in plain words that both sides read.

use crate::draw::Draw;

pub const CURRENCIES: [&str; 3] = ["USD", "EUR", "KES"];
/// One unit of the first is worth so many millionths of the second.
pub const EXCHANGE: [(&str, &str, i64); 3] =
    [("EUR", "USD", 1_083_337), ("USD", "KES", 129_512_345), ("EUR", "KES", 140_250_001)];
/// Code, country and the beginning of the numbers.
pub const NETWORKS: [(&str, &str, &str); 4] = [
    ("639/02", "KE", "254722"),
    ("639/03", "KE", "254733"),
    ("641/10", "UG", "256772"),
    ("234/15", "GB", "447700"),
];
pub const ZONES: [&str; 3] = ["UTC", "Asia/Kolkata", "America/St_Johns"];

#[derive(Debug)]
pub struct Market {
    pub start: u64,
    pub plans: Vec<PlanOf>,
    pub accounts: Vec<AccountOf>,
}

#[derive(Debug)]
pub struct PlanOf {
    pub currency: &'static str,
    pub zone: &'static str,
    pub base: Option<i64>,
    /// Price by network.
    pub rates: Vec<(usize, i64)>,
    /// The last segment of each tier but the last, and each tier's discount in millionths.
    pub tiers: Vec<(Option<u64>, i64)>,
    pub bundles_count: bool,
}

#[derive(Debug)]
pub struct AccountOf {
    pub plan: usize,
    pub parent: Option<usize>,
    pub chain: bool,
    pub earning: EarningOf,
    pub credit_limit: i64,
    pub rates: Vec<(usize, i64)>,
    pub list: Option<ListOf>,
    pub caps: Vec<CapOf>,
    pub balance: i64,
}

#[derive(Clone, Copy, Debug)]
pub enum EarningOf {
    Wholesale,
    /// A share in millionths.
    OfCharge(i64),
    OfMargin(i64),
}

#[derive(Debug)]
pub struct ListOf {
    pub rates: Vec<(usize, i64)>,
    /// Scope, share in millionths, and what is put on each segment.
    pub mark_ups: Vec<(ScopeOf, i64, i64)>,
}

#[derive(Clone, Debug)]
pub enum ScopeOf {
    All,
    Country(&'static str),
    Network(&'static str),
    Prefix(&'static str),
}

#[derive(Debug)]
pub struct CapOf {
    pub name: &'static str,
    pub scope: ScopeOf,
    pub span: &'static str,
    pub max_amount: Option<i64>,
    pub max_messages: Option<u64>,
    pub is_hard: bool,
}

#[derive(Debug)]
pub struct BundleOf {
    pub unit: &'static str,
    pub scope: ScopeOf,
    pub priority: u8,
    pub units: u64,
    /// Length in microseconds.
    pub lasts: u64,
}

#[derive(Debug)]
pub struct MessageOf {
    pub account: usize,
    pub network: usize,
    pub number: String,
    pub segments: u32,
}

#[derive(Debug)]
pub enum Step {
    Send(MessageOf),
    TakeBack(u64),
    TopUp(usize, i64),
    Bundle(usize, BundleOf),
}

impl Market {
    pub fn random(draw: &mut Draw) -> Self {
        let plans: Vec<PlanOf> = (0..6).map(|index| plan(draw, CURRENCIES[index % 3])).collect();
        let mut accounts: Vec<AccountOf> = Vec::new();
        for index in 0..8 + draw.index(8) {
            // Four in five hang below the account before them, so that chains get deep.
            let above =
                if draw.percent(82) { index.checked_sub(1) } else { draw.index(index + 1).checked_sub(1) };
            let parent = above.filter(|parent| depth(&accounts, *parent) < 8 && draw.percent(97));
            accounts.push(account(draw, parent));
        }
        // 30 December 2025, so that markets go over the end of a year.
        Self { start: 1_767_052_800_000_000 + draw.below(172_800_000_000), plans, accounts }
    }

    pub fn step(&self, draw: &mut Draw) -> Step {
        let account = draw.index(self.accounts.len());
        match draw.below(100) {
            0..74 => Step::Send(message(draw, account)),
            74..84 => Step::TakeBack(draw.number()),
            84..90 => Step::TopUp(account, i64::try_from(draw.below(900_000)).unwrap()),
            _ => Step::Bundle(account, bundle(draw)),
        }
    }

    /// The levels above an account.
    pub fn above(&self, account: usize) -> Vec<usize> {
        let (mut above, mut at) = (Vec::new(), account);
        while let Some(parent) = self.accounts[at].parent.filter(|parent| self.accounts[*parent].chain) {
            above.push(parent);
            at = parent;
        }
        above
    }
}

/// Accounts from this one up.
fn depth(accounts: &[AccountOf], account: usize) -> usize {
    1 + accounts[account].parent.map_or(0, |parent| depth(accounts, parent))
}

fn plan(draw: &mut Draw, currency: &'static str) -> PlanOf {
    let scale = if currency == "KES" { 100 } else { 1 };
    let price = |draw: &mut Draw| i64::try_from(1_000 + draw.below(30_000)).unwrap() * scale;
    let rates = (0..NETWORKS.len()).filter(|_| draw.percent(60)).collect::<Vec<_>>();
    let rates = rates.into_iter().map(|network| (network, price(draw))).collect();
    let mut tiers = Vec::new();
    if draw.percent(70) {
        let first = 1 + draw.below(12);
        let discounts = [0, 125_000, 333_333, 1_000_000];
        tiers = vec![
            (Some(first), *draw.pick(&discounts[..2])),
            (Some(first + 1 + draw.below(9)), *draw.pick(&discounts)),
        ];
        tiers.push((None, *draw.pick(&discounts[..3])));
    }
    PlanOf {
        currency,
        zone: draw.pick::<&str>(&ZONES),
        base: draw.maybe(90, price),
        rates,
        tiers,
        bundles_count: draw.percent(50),
    }
}

fn account(draw: &mut Draw, parent: Option<usize>) -> AccountOf {
    let prices = |draw: &mut Draw| {
        let networks: Vec<usize> = (0..NETWORKS.len()).filter(|_| draw.percent(25)).collect();
        networks.into_iter().map(|network| (network, i64::try_from(draw.below(50_000)).unwrap())).collect()
    };
    let share = |draw: &mut Draw| i64::try_from(draw.below(400_000)).unwrap();
    AccountOf {
        plan: draw.index(6),
        parent,
        chain: draw.percent(97),
        earning: match draw.below(10) {
            0..6 => EarningOf::Wholesale,
            6..8 => EarningOf::OfCharge(share(draw)),
            _ => EarningOf::OfMargin(share(draw)),
        },
        credit_limit: *draw.pick(&[0, 0, 50_000, 300_000]),
        rates: draw.maybe(20, prices).unwrap_or_default(),
        list: draw.maybe(50, |draw| ListOf {
            rates: prices(draw),
            mark_ups: (0..draw.below(3))
                .map(|_| (scope(draw), share(draw), i64::try_from(draw.below(3_000)).unwrap()))
                .collect(),
        }),
        caps: ["one", "two"].into_iter().filter_map(|name| draw.maybe(30, |draw| cap(draw, name))).collect(),
        balance: i64::try_from(draw.below(9_000_000)).unwrap(),
    }
}

fn scope(draw: &mut Draw) -> ScopeOf {
    let (network, country, prefix) = *draw.pick(&NETWORKS);
    match draw.below(4) {
        0 => ScopeOf::All,
        1 => ScopeOf::Country(country),
        2 => ScopeOf::Network(network),
        _ => ScopeOf::Prefix(prefix),
    }
}

fn cap(draw: &mut Draw, name: &'static str) -> CapOf {
    CapOf {
        name,
        scope: scope(draw),
        span: draw.pick::<&str>(&["minute", "hour", "day", "month"]),
        max_amount: draw.maybe(60, |draw| i64::try_from(20_000 + draw.below(200_000)).unwrap()),
        max_messages: draw.maybe(60, |draw| 1 + draw.below(9)),
        is_hard: draw.percent(70),
    }
}

fn bundle(draw: &mut Draw) -> BundleOf {
    BundleOf {
        unit: draw.pick::<&str>(&["segments", "segments", "messages", "tokens"]),
        scope: scope(draw),
        priority: u8::try_from(draw.below(3)).unwrap(),
        units: 1 + draw.below(9),
        // Some end together.
        lasts: *draw.pick(&[60_000_000, 3_600_000_000, 86_400_000_000]),
    }
}

fn message(draw: &mut Draw, account: usize) -> MessageOf {
    let network = draw.index(NETWORKS.len());
    let number = format!("{}{:06}", NETWORKS[network].2, draw.below(1_000_000));
    MessageOf { account, network, number, segments: 1 + u32::try_from(draw.below(4)).unwrap() }
}
