//! Charges added up by account, quarter of an hour, network and country.

use std::collections::HashMap;

use rustc_hash::FxHashMap;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::network::NetworkCode;

use crate::cdr::BlockReader;
use crate::countries::NumberCountries;
use crate::rows::UsageRow;
use crate::usage::{LevelFacts, Quarter, UsageKey, UsageOf};

/// Charges of one row, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    messages: u64,
    segments: u64,
    charged: Total,
}

/// Charges by row. A block is of one account and one quarter, so that a CDR costs one look-up by a small
/// number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    own: HashMap<(AccountNumber, Quarter), ByNetwork>,
    /// The charges of accounts for messages of accounts below them.
    below: HashMap<(AccountNumber, Quarter), ByNetwork>,
}

/// Networks and countries come from our own catalogue, so nobody can choose them to collide.
type ByNetwork = FxHashMap<(NetworkCode, Option<CountryCode>), Tally>;

impl Tally {
    /// The counts that these charges add to their row.
    fn row(&self) -> UsageRow {
        let Self { messages, segments, charged } = *self;
        UsageRow { messages, segments, charged, ..UsageRow::default() }
    }

    fn add(&mut self, segments: u64, charged: Amount) {
        self.messages += 1;
        self.segments += segments;
        self.charged += charged;
    }
}

impl Tallies {
    /// Adds the charges of a block; `false` where it is damaged.
    pub fn add(
        &mut self,
        account: AccountNumber,
        mut block: BlockReader<'_>,
        countries: &NumberCountries,
    ) -> bool {
        let quarter = Quarter::of(block.header().submitted_at);
        let Self { own, below } = self;
        let networks = own.entry((account, quarter)).or_default();
        for cdr in block.by_ref() {
            let country = countries.country(cdr.message_id, cdr.fields.destination.as_bytes());
            let tally = networks.entry((cdr.fields.network, country)).or_default();
            tally.add(u64::from(cdr.fields.segments), cdr.fields.amount);
            for level in cdr.beside().iter().flat_map(LevelFacts::of) {
                let networks = below.entry((level.account, quarter)).or_default();
                let tally = networks.entry((level.network, country)).or_default();
                tally.add(u64::from(level.segments), level.amount);
            }
        }
        block.is_sound()
    }

    /// Each row that something is to be added to.
    pub fn rows(&self) -> impl Iterator<Item = (UsageKey, UsageRow)> {
        rows_of(&self.own, UsageOf::Network).chain(rows_of(&self.below, UsageOf::Below))
    }
}

fn rows_of(
    counted: &HashMap<(AccountNumber, Quarter), ByNetwork>,
    of: fn(NetworkCode, Option<CountryCode>) -> UsageOf,
) -> impl Iterator<Item = (UsageKey, UsageRow)> {
    counted.iter().flat_map(move |((account, quarter), networks)| {
        networks.iter().map(move |((network, country), tally)| {
            let of = of(*network, *country);
            (UsageKey { account: *account, quarter: *quarter, of }, tally.row())
        })
    })
}
