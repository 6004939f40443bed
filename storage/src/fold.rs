//! Durable state in memory: the fold of everything that was committed, and the draft of the next commit on
//! top of it.

mod accept;
mod amended;
mod books;
mod bundles;
mod cancel;
mod chain_places;
mod changes;
mod charge;
mod charged;
mod counters;
mod deliver;
mod draft;
pub mod error;
mod gateway_receipts;
mod ids;
mod kept_rows;
mod leases;
mod likeness;
mod message_change;
mod messages;
mod numbers;
mod output;
mod pockets;
mod price;
mod receipt;
mod records;
mod refusals;
mod series;
mod unmatched;
mod upstream;
mod usage;
mod waiting;

use std::sync::Arc;

use tollgate_engine::time::UnixMicros;

use crate::countries::{CountryTable, NumberCountries};
use crate::database::Unavailable;
use crate::number_countries;
use crate::rows::AuditTail;
use crate::store::Store;

use amended::Amended;
use chain_places::KeptChainPlaces;
use counters::Wallets;
use ids::IdCounter;
use leases::Leases;
use numbers::Numbers;
use pockets::KeptPockets;
use refusals::RefusalState;
use series::SeriesState;
use unmatched::UnmatchedReceipts;
use usage::UsageCache;

pub use changes::Changes;
pub use draft::{Draft, Folded};
pub use error::FoldError;
pub use output::{GivenBack, News};

/// The durable state, as far as the next commit needs it.
#[derive(Debug)]
pub struct Fold {
    wallets: Wallets,
    numbers: Numbers,
    ids: IdCounter,
    /// The time of the last commit, as it is noted.
    last_at: Option<UnixMicros>,
    leases: Leases,
    amended: Amended,
    unmatched: UnmatchedReceipts,
    usage: UsageCache,
    series: SeriesState,
    refusals: RefusalState,
    countries: NumberCountries,
    pockets: KeptPockets,
    places: KeptChainPlaces,
    /// The first id whose charge is not in the usage rows.
    usage_counted: u64,
    audit: AuditTail,
}

impl Fold {
    /// Reads the durable state of a data directory.
    pub fn load(store: &Store) -> Result<Self, Unavailable> {
        Ok(Self {
            wallets: store.wallets().all()?.into_iter().collect(),
            numbers: Numbers::load(store)?,
            ids: IdCounter::load(store)?,
            last_at: store.commits().noted_at()?,
            leases: Leases::load(store)?,
            amended: Amended::default(),
            unmatched: UnmatchedReceipts::load(store)?,
            usage: UsageCache::default(),
            series: SeriesState::load(store)?,
            refusals: RefusalState::load(store)?,
            countries: number_countries::load(store.database())?,
            pockets: KeptPockets::default(),
            places: KeptChainPlaces::default(),
            usage_counted: store.usage().counted_to()?,
            audit: store.audit().tail()?,
        })
    }

    /// Takes over a commit that is on disk now; returns what others are told.
    pub fn advance(&mut self, changes: Changes) -> News {
        self.wallets.extend(changes.wallets);
        self.numbers.advance(changes.numbers);
        self.ids = changes.ids;
        self.last_at = changes.last_at;
        self.leases.advance(changes.leases);
        self.amended.advance(changes.amended, changes.ids.unused);
        self.unmatched.advance(changes.unmatched);
        self.usage.advance(changes.usage);
        self.series.advance(changes.series);
        self.refusals = changes.refusals;
        self.countries.extend(changes.countries);
        self.pockets.advance(changes.pockets);
        self.places.advance(changes.places);
        self.usage_counted = changes.usage_counted;
        self.audit = changes.audit;
        changes.news
    }

    /// The countries of numbers that hold now.
    pub fn countries(&self) -> Option<&Arc<CountryTable>> {
        self.countries.last().map(|(_, table)| table)
    }

    /// The ids whose charges are not in the usage rows yet.
    pub fn uncounted(&self) -> std::ops::Range<u64> {
        self.usage_counted..self.ids.unused.max(self.usage_counted)
    }
}
