//! Charges added up by account, minute, plan, network and country.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::network::NetworkCode;

use crate::cdr::{BlockReader, CdrFields};
use crate::chain_tallies::{ChainTallies, OwnCharge, Sale};
use crate::countries::CountryTable;
use crate::network_place::NetworkPlace;
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

/// Charges of one account and minute, added up by network and country.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceTallies(FxHashMap<NetworkPlace, Tally>);

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
    /// Those of them that have accounts above.
    chains: HashMap<Submitted, ChainTallies>,
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
        let tally = self.0.entry(NetworkPlace { network, country }).or_default();
        tally.add(Tally { messages: 1, segments: u64::from(segments), charged: charged.into() });
    }

    /// The networks, one more than once where its numbers are of several countries.
    pub fn networks(&self) -> impl ExactSizeIterator<Item = NetworkCode> {
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

    /// Adds the charges of a block; `false` where it is damaged.
    pub fn add_block(
        &mut self,
        account: AccountNumber,
        mut block: BlockReader<'_>,
        countries: Option<&CountryTable>,
    ) -> bool {
        let (submitted_at, plan) = (block.header().submitted_at, block.header().plan);
        let Self { own, chains } = self;
        let of = Submitted { account, minute: Minute::of(submitted_at), plan: plan.into() };
        let mut chain = ChainTallies::default();
        let places = own.entry(of.clone()).or_default();
        for cdr in block.by_ref() {
            let country = countries.and_then(|table| table.country(cdr.fields.destination.as_bytes()));
            places.add(cdr.fields.network, country, u32::from(cdr.fields.segments), cdr.fields.amount);
            let Some(beside) = cdr.beside() else { continue };
            let CdrFields { network, amount, .. } = cdr.fields;
            let own = OwnCharge { account, network, country, charged_country: beside.country, amount };
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
    }

    /// Everything that accounts sold to accounts below them.
    pub fn resales(&self) -> FxHashMap<ResaleKey, ResaleRow> {
        let mut rows = FxHashMap::<ResaleKey, ResaleRow>::default();
        for sale in self.chains.values().flat_map(ChainTallies::sales) {
            rows.entry(ResaleKey::of(&sale)).or_default().add(&resales::row(&sale));
        }
        rows
    }

    /// Each row that something is to be added to, some more than once. Who earns a commission on a message pays nothing.
    pub fn rows(&self) -> impl Iterator<Item = (UsageKey, UsageRow)> {
        let quarter = |of: &Submitted| Quarter::of(of.minute.starts_at());
        let own = self.charges().map(move |(of, charges)| {
            let PlaceCharges { network, country, messages, segments, charged } = charges;
            let key = UsageOf::Network(network, country);
            let tally = Tally { messages, segments, charged };
            (UsageKey { account: of.account, quarter: quarter(of), of: key }, tally.row())
        });
        let below = self.chains.iter().flat_map(move |(of, chain)| {
            let paid = chain.sales().filter(|sale| !sale.seller.is_agent);
            paid.map(move |Sale { seller, network, country, messages, sums, .. }| {
                let tally = Tally { messages, segments: sums.segments, charged: sums.bought };
                let key = UsageOf::Below(network, country);
                (UsageKey { account: seller.account, quarter: quarter(of), of: key }, tally.row())
            })
        });
        own.chain(below)
    }

    /// All charges of accounts for their own messages.
    pub fn charges(&self) -> impl Iterator<Item = (&Submitted, PlaceCharges)> {
        self.own.iter().flat_map(|(of, places)| {
            places.0.iter().map(move |(place, tally)| {
                let (NetworkPlace { network, country }, Tally { messages, segments, charged }) =
                    (*place, *tally);
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
