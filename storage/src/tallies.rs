//! Charges added up by account, minute, plan, network and country.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::network::NetworkCode;

use crate::cdr::BlockReader;
use crate::chain_tallies::{ChainTallies, OwnCharge};
use crate::countries::CountryTable;
use crate::resales::{self, ResaleKey};
use crate::rows::{ResaleRow, UsageRow};
use crate::series::Minute;
use crate::usage::{LevelFacts, Quarter, UsageKey, UsageOf};

/// Charges of one row, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    messages: u64,
    segments: u64,
    charged: Total,
}

/// A network and the country of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    network: NetworkCode,
    country: Option<CountryCode>,
}

/// Charges of one account and minute, added up by network and country. Networks and countries come from our own catalogue,
/// so nobody can choose them to collide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceTallies(FxHashMap<Place, Tally>);

/// Charges by account and quarter.
type ByQuarter = HashMap<(AccountNumber, Quarter), PlaceTallies>;

/// The messages of an account that were submitted in one minute, on one plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Submitted {
    pub account: AccountNumber,
    pub minute: Minute,
    pub plan: Arc<str>,
}

/// The charges of messages to one network and country.
#[derive(Clone, Copy, Debug)]
pub struct PlaceCharges {
    pub network: NetworkCode,
    pub country: Option<CountryCode>,
    pub messages: u64,
    pub segments: u64,
    pub charged: Total,
}

/// Charges by row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    own: HashMap<Submitted, PlaceTallies>,
    /// The charges of accounts for messages of accounts below them.
    below: ByQuarter,
    resales: ResaleCounts,
    /// Messages of chains, as the time series count them.
    chains: HashMap<Submitted, ChainTallies>,
}

/// Everything that accounts sold to accounts below them, by row. The keys are given by us.
pub type ResaleCounts = FxHashMap<ResaleKey, ResaleRow>;

// In one step, as it is done for every message.
impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let country = self.country.map_or(0, |country| u16::from_be_bytes(country.to_bytes()));
        state.write_u64(u64::from(self.network.to_bits()) << 16 | u64::from(country));
    }
}

impl Tally {
    fn add(&mut self, added: Self) {
        self.messages += added.messages;
        self.segments += added.segments;
        self.charged += added.charged;
    }

    /// The counts that these charges add to their row.
    fn row(&self) -> UsageRow {
        let Self { messages, segments, charged } = *self;
        UsageRow { messages, segments, charged, ..UsageRow::default() }
    }
}

impl PlaceTallies {
    /// Adds a charge.
    pub fn add(
        &mut self,
        network: NetworkCode,
        country: Option<CountryCode>,
        segments: u32,
        charged: Amount,
    ) {
        let tally = self.0.entry(Place { network, country }).or_default();
        tally.add(Tally { messages: 1, segments: u64::from(segments), charged: charged.into() });
    }

    /// The networks, one more than once where its numbers are of several countries.
    pub fn networks(&self) -> impl Iterator<Item = NetworkCode> {
        self.0.keys().map(|place| place.network)
    }

    /// Forgets all charges, and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Tallies {
    /// Adds charges of an account for its own messages, with what those of chains among them moved above.
    pub fn add(&mut self, of: Submitted, added: &PlaceTallies, chain: Option<&ChainTallies>) {
        if let Some(chain) = chain.filter(|chain| !chain.is_empty()) {
            self.chains.entry(of.clone()).or_default().extend(chain);
        }
        extend(&mut self.own, of, added);
    }

    /// Adds charges of an account for messages of accounts below it.
    pub fn add_below(&mut self, account: AccountNumber, quarter: Quarter, added: &PlaceTallies) {
        extend(&mut self.below, (account, quarter), added);
    }

    /// Adds the charges of a block; `false` where it is damaged.
    pub fn add_block(
        &mut self,
        account: AccountNumber,
        mut block: BlockReader<'_>,
        countries: Option<&CountryTable>,
    ) -> bool {
        let (submitted_at, plan) = (block.header().submitted_at, block.header().plan);
        let quarter = Quarter::of(submitted_at);
        let Self { own, below, resales, chains } = self;
        let of = Submitted { account, minute: Minute::of(submitted_at), plan: plan.into() };
        let mut chain = ChainTallies::default();
        let places = own.entry(of.clone()).or_default();
        for cdr in block.by_ref() {
            let country = countries.and_then(|table| table.country(cdr.fields.destination.as_bytes()));
            places.add(cdr.fields.network, country, u32::from(cdr.fields.segments), cdr.fields.amount);
            let Some(beside) = cdr.beside() else { continue };
            for (key, added) in resales::contributions(&beside) {
                resales.entry(key).or_default().add(&added);
            }
            for level in LevelFacts::paying(&beside) {
                let places = below.entry((level.account, quarter)).or_default();
                places.add(level.network, country, level.segments, level.amount);
            }
            let own = OwnCharge {
                account,
                network: cdr.fields.network,
                country,
                segments: u32::from(cdr.fields.segments),
                amount: cdr.fields.amount,
            };
            chain.add(&own, LevelFacts::of(&beside));
        }
        if !chain.is_empty() {
            chains.entry(of).or_default().extend(&chain);
        }
        block.is_sound()
    }

    /// Adds all charges of others.
    pub fn extend(&mut self, added: &Self) {
        for (of, places) in &added.own {
            extend(&mut self.own, of.clone(), places);
        }
        for (of, chain) in &added.chains {
            self.chains.entry(of.clone()).or_default().extend(chain);
        }
        for (of, places) in &added.below {
            extend(&mut self.below, *of, places);
        }
        self.add_resales(&added.resales);
    }

    /// Adds what accounts sold.
    pub fn add_resales(&mut self, sold: &ResaleCounts) {
        for (key, added) in sold {
            self.resales.entry(*key).or_default().add(added);
        }
    }

    /// Everything that accounts sold.
    pub fn resales(&self) -> &ResaleCounts {
        &self.resales
    }

    /// Each row that something is to be added to, some more than once.
    pub fn rows(&self) -> impl Iterator<Item = (UsageKey, UsageRow)> {
        let own =
            self.own.iter().map(|(of, places)| ((of.account, Quarter::of(of.minute.starts_at())), places));
        let below = self.below.iter().map(|(of, places)| (*of, places));
        rows_of(own, UsageOf::Network).chain(rows_of(below, UsageOf::Below))
    }

    /// All charges of accounts for their own messages.
    pub fn charges(&self) -> impl Iterator<Item = (&Submitted, PlaceCharges)> {
        self.own.iter().flat_map(|(of, places)| {
            places.0.iter().map(move |(place, tally)| {
                let (Place { network, country }, Tally { messages, segments, charged }) = (*place, *tally);
                (of, PlaceCharges { network, country, messages, segments, charged })
            })
        })
    }

    /// The messages of chains.
    pub fn chains(&self) -> &HashMap<Submitted, ChainTallies> {
        &self.chains
    }
}

fn extend<K: Eq + Hash>(accounts: &mut HashMap<K, PlaceTallies>, of: K, added: &PlaceTallies) {
    let places = &mut accounts.entry(of).or_default().0;
    for (place, tally) in &added.0 {
        places.entry(*place).or_default().add(*tally);
    }
}

fn rows_of<'a>(
    counted: impl Iterator<Item = ((AccountNumber, Quarter), &'a PlaceTallies)>,
    of: fn(NetworkCode, Option<CountryCode>) -> UsageOf,
) -> impl Iterator<Item = (UsageKey, UsageRow)> {
    counted.flat_map(move |((account, quarter), places)| {
        places.0.iter().map(move |(place, tally)| {
            (UsageKey { account, quarter, of: of(place.network, place.country) }, tally.row())
        })
    })
}
