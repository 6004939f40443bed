//! Messages of chains added up: what each account above the one that sent them bought, sold and earned. Usage, resales and time
//! series all count from these sums.
//!
//! A message costs one step in one map, however many accounts there are above: the accounts are the same for all messages of a
//! session for as long as nothing is reloaded.

use std::collections::hash_map::Entry;
use std::hash::{Hash, Hasher};
use std::ops::AddAssign;

use arrayvec::ArrayVec;
use rustc_hash::FxHashMap;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::Beside;
use tollgate_engine::chain::LEVELS_MAX;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::Month;

use crate::network_place::NetworkPlace;
use crate::usage::LevelFacts;

/// Messages that have accounts above the one that sent them, added up by these accounts.
#[derive(Clone, Debug, Default)]
pub struct ChainTallies(Vec<PathTallies>);

/// The charge of the account that sent a message.
#[derive(Clone, Copy, Debug)]
pub struct OwnCharge {
    pub account: AccountNumber,
    pub network: NetworkCode,
    /// The country of the number as usage counts it: by the table in force at the commit.
    pub country: Option<CountryCode>,
    /// The country of the number as the CDR says it.
    pub charged_country: Option<CountryCode>,
    pub amount: Amount,
}

/// An account that sells to the one below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seller {
    pub account: AccountNumber,
    /// The account below.
    pub child: AccountNumber,
    /// The month that the messages count in for the seller.
    pub month: Month,
    /// True if it earns a commission, and pays nothing.
    pub is_agent: bool,
}

/// Messages that one account above sold to the account right below it.
#[derive(Clone, Copy, Debug)]
pub struct Sale {
    pub seller: Seller,
    /// The network that the seller pays for.
    pub network: NetworkCode,
    /// The country of the numbers as usage counts them.
    pub country: Option<CountryCode>,
    /// The country of the numbers as their CDRs say it.
    pub charged_country: Option<CountryCode>,
    pub messages: u64,
    pub sums: SaleSums,
}

/// Everything that sales come to, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaleSums {
    pub segments: u64,
    pub bought: Total,
    pub sold: Total,
    pub commission: Total,
}

/// Messages that an account above pays the house for.
#[derive(Clone, Copy, Debug)]
pub struct PaidAbove {
    pub payer: AccountNumber,
    /// The network of the account that sent them.
    pub network: NetworkCode,
    pub country: Option<CountryCode>,
    /// Paid by the account that sent them.
    pub paid: Total,
    /// Paid to the house.
    pub charged: Total,
}

/// Messages of one account with the same accounts above it.
#[derive(Clone, Debug)]
struct PathTallies {
    /// From the parent up.
    sellers: ArrayVec<Seller, LEVELS_MAX>,
    /// The places, each with its number among the sums.
    places: FxHashMap<ChainPlace, usize>,
    own: Vec<OwnSums>,
    /// The sums of each seller, those of a place together.
    sold: Vec<SaleSums>,
}

/// The networks that the accounts of a path pay for, and the country of the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ChainPlace {
    own: NetworkPlace,
    /// Nearly always the same country as in `own`.
    charged_country: Option<CountryCode>,
    /// The networks of the accounts above, where one of them is another.
    above: Option<Box<[NetworkCode]>>,
}

/// Paid by the account that sent the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct OwnSums {
    messages: u64,
    paid: Total,
}

// Places that differ in something else are few.
impl Hash for ChainPlace {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.own.hash(state);
    }
}

impl AddAssign for SaleSums {
    fn add_assign(&mut self, added: Self) {
        self.segments += added.segments;
        self.bought += added.bought;
        self.sold += added.sold;
        self.commission += added.commission;
    }
}

impl AddAssign for OwnSums {
    fn add_assign(&mut self, added: Self) {
        self.messages += added.messages;
        self.paid += added.paid;
    }
}

impl Seller {
    /// The accounts above the one that sent a message, from the parent up.
    fn above(
        sender: AccountNumber,
        levels: impl Iterator<Item = LevelFacts> + Clone,
    ) -> impl Iterator<Item = Self> + Clone {
        let mut child = sender;
        levels.map(move |LevelFacts { account, month, is_agent, .. }| Self {
            account,
            child: std::mem::replace(&mut child, account),
            month,
            is_agent,
        })
    }
}

impl Sale {
    /// The sales of one message, whose country is that of its CDR.
    pub fn of_message(beside: &Beside) -> impl Iterator<Item = Self> {
        let (levels, country) = (LevelFacts::of(beside), beside.country);
        let sellers = Seller::above(beside.own.posting.account, levels.clone());
        sellers.zip(levels).map(move |(seller, level)| {
            let sums = SaleSums::of(&level);
            Self { seller, network: level.network, country, charged_country: country, messages: 1, sums }
        })
    }
}

impl SaleSums {
    fn of(level: &LevelFacts) -> Self {
        Self {
            segments: level.segments.into(),
            bought: level.amount.into(),
            sold: level.sold.into(),
            commission: level.commission.into(),
        }
    }
}

impl ChainTallies {
    /// True if there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a message with the levels above its account, from the parent up.
    pub fn add(&mut self, own: &OwnCharge, levels: impl Iterator<Item = LevelFacts> + Clone) {
        if levels.clone().next().is_none() {
            return;
        }
        let path = self.path(Seller::above(own.account, levels.clone()));
        let is_elsewhere = levels.clone().any(|level| level.network != own.network);
        let above = is_elsewhere.then(|| levels.clone().map(|level| level.network).collect());
        let OwnCharge { network, country, charged_country, .. } = *own;
        let place = ChainPlace { own: NetworkPlace { network, country }, charged_country, above };
        let sums = OwnSums { messages: 1, paid: own.amount.into() };
        path.add(place, sums, levels.map(|level| SaleSums::of(&level)));
    }

    /// Adds all messages of others.
    pub fn extend(&mut self, added: &Self) {
        for added in &added.0 {
            let path = self.path(added.sellers.iter().copied());
            for (place, at) in &added.places {
                let (own, sold) = added.sums(*at);
                path.add(place.clone(), own, sold.iter().copied());
            }
        }
    }

    /// The accounts that sold messages.
    pub fn sellers(&self) -> impl Iterator<Item = Seller> {
        self.0.iter().flat_map(|path| path.sellers.iter().copied())
    }

    /// Everything that each account above has sold, some of it in parts.
    pub fn sales(&self) -> impl Iterator<Item = Sale> {
        self.0.iter().flat_map(|path| path.places.iter().flat_map(|(place, at)| path.sales(place, *at)))
    }

    /// Everything that accounts above pay the house for, some of it in parts.
    pub fn paid_above(&self) -> impl Iterator<Item = PaidAbove> {
        let paying = self.0.iter().filter_map(|path| Some((path, path.payer()?)));
        paying.flat_map(|(path, payer)| {
            path.places.iter().map(move |(place, at)| {
                let (NetworkPlace { network, country }, (own, sold)) = (place.own, path.sums(*at));
                let charged = sold.get(payer).map(|sums| sums.bought).unwrap_or_default();
                let payer = path.sellers[payer].account;
                PaidAbove { payer, network, country, paid: own.paid, charged }
            })
        })
    }

    fn path(&mut self, sellers: impl Iterator<Item = Seller> + Clone) -> &mut PathTallies {
        let known = self.0.iter().position(|path| path.sellers.iter().copied().eq(sellers.clone()));
        let at = known.unwrap_or_else(|| {
            let (places, own, sold) = (FxHashMap::default(), Vec::new(), Vec::new());
            self.0.push(PathTallies { sellers: sellers.collect(), places, own, sold });
            self.0.len() - 1
        });
        &mut self.0[at]
    }
}

impl PathTallies {
    /// The seller that pays the house: the highest one that is no agent.
    fn payer(&self) -> Option<usize> {
        self.sellers.iter().rposition(|seller| !seller.is_agent)
    }

    fn sums(&self, at: usize) -> (OwnSums, &[SaleSums]) {
        let levels = self.sellers.len();
        (self.own[at], &self.sold[at * levels..(at + 1) * levels])
    }

    fn sales<'a>(&'a self, place: &'a ChainPlace, at: usize) -> impl Iterator<Item = Sale> + 'a {
        let (own, sold) = self.sums(at);
        self.sellers.iter().zip(sold).enumerate().map(move |(level, (seller, sums))| {
            let other = place.above.as_ref().and_then(|networks| networks.get(level)).copied();
            let network = other.unwrap_or(place.own.network);
            let (country, charged_country) = (place.own.country, place.charged_country);
            Sale { seller: *seller, network, country, charged_country, messages: own.messages, sums: *sums }
        })
    }

    fn add(&mut self, place: ChainPlace, own: OwnSums, sold: impl Iterator<Item = SaleSums>) {
        let levels = self.sellers.len();
        let at = match self.places.entry(place) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.own.push(OwnSums::default());
                self.sold.resize(self.own.len() * levels, SaleSums::default());
                *new.insert(self.own.len() - 1)
            }
        };
        self.own[at] += own;
        self.sold[at * levels..].iter_mut().zip(sold).for_each(|(sum, added)| *sum += added);
    }
}

impl PartialEq for ChainTallies {
    fn eq(&self, other: &Self) -> bool {
        let has_equal = |path| other.0.contains(path);
        self.0.len() == other.0.len() && self.0.iter().all(has_equal)
    }
}

impl Eq for ChainTallies {}

/// The order of the places does not matter.
impl PartialEq for PathTallies {
    fn eq(&self, other: &Self) -> bool {
        let is_equal = |(place, at): (&ChainPlace, &usize)| {
            other.places.get(place).is_some_and(|in_other| self.sums(*at) == other.sums(*in_other))
        };
        self.sellers == other.sellers
            && self.places.len() == other.places.len()
            && self.places.iter().all(is_equal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KENYA: NetworkCode = NetworkCode { mcc: 639, mnc: None };
    const UGANDA: NetworkCode = NetworkCode { mcc: 641, mnc: None };

    fn level(account: u32, network: NetworkCode, amount: i64, sold: i64, is_agent: bool) -> LevelFacts {
        LevelFacts {
            account: AccountNumber(account),
            network,
            month: Month(7),
            segments: 2,
            amount: Amount::from_micros(amount),
            sold: Amount::from_micros(sold),
            commission: Amount::from_micros(if is_agent { 3 } else { 0 }),
            is_agent,
        }
    }

    fn own(network: NetworkCode, amount: i64) -> OwnCharge {
        let amount = Amount::from_micros(amount);
        OwnCharge { account: AccountNumber(1), network, country: None, charged_country: None, amount }
    }

    fn messages() -> [(OwnCharge, Vec<LevelFacts>); 4] {
        let agent_above = |network| vec![level(2, network, 80, 100, false), level(3, network, 0, 80, true)];
        [
            (own(KENYA, 100), agent_above(KENYA)),
            (own(KENYA, 100), agent_above(KENYA)),
            // Only the parent believes the network that the message names.
            (own(KENYA, 100), agent_above(UGANDA)),
            (own(UGANDA, 50), vec![level(4, UGANDA, 20, 50, false)]),
        ]
    }

    fn tallies<'a>(messages: impl Iterator<Item = &'a (OwnCharge, Vec<LevelFacts>)>) -> ChainTallies {
        let mut tallies = ChainTallies::default();
        messages.for_each(|(own, levels)| tallies.add(own, levels.iter().copied()));
        tallies
    }

    #[test]
    fn every_level_sells_what_it_sold() {
        let tallies = tallies(messages().iter());
        let mut sales: Vec<_> = tallies.sales().collect();
        sales.sort_by_key(|sale| (sale.seller.account, sale.network));
        let told = sales.iter().map(|sale| {
            let SaleSums { segments, bought, sold, commission } = sale.sums;
            let money = [bought, sold, commission].map(Total::micros);
            (sale.seller.account.0, sale.seller.child.0, sale.network.mcc, sale.messages, segments, money)
        });
        let expected = [
            (2, 1, 639, 2, 4, [160, 200, 0]),
            (2, 1, 641, 1, 2, [80, 100, 0]),
            (3, 2, 639, 2, 4, [0, 160, 6]),
            (3, 2, 641, 1, 2, [0, 80, 3]),
            (4, 1, 641, 1, 2, [20, 50, 0]),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_highest_that_is_no_agent_pays_the_house() {
        let tallies = tallies(messages().iter());
        let mut paid: Vec<_> = tallies
            .paid_above()
            .map(|paid| (paid.payer.0, paid.network.mcc, paid.paid.micros(), paid.charged.micros()))
            .collect();
        paid.sort_unstable();
        assert_eq!(paid, [(2, 639, 100, 80), (2, 639, 200, 160), (4, 641, 50, 20)]);
        let agents = [(own(KENYA, 9), vec![level(2, KENYA, 0, 9, true)])];
        assert_eq!(self::tallies(agents.iter()).paid_above().count(), 0);
    }

    #[test]
    fn the_order_of_messages_does_not_matter() {
        let all = messages();
        let (forward, backward) = (tallies(all.iter()), tallies(all.iter().rev()));
        assert_eq!(forward, backward);
        let mut joined = tallies(all[..1].iter());
        joined.extend(&tallies(all[1..].iter()));
        assert_eq!(joined, forward);
        assert_ne!(tallies(all[1..].iter()), forward);
        assert!(tallies(all[..0].iter()).is_empty());
    }
}
