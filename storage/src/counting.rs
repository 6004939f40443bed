//! Counts charges for the usage rows, beside the committer and a while after they are durable.
//!
//! A message that is charged costs nothing more for its usage: its CDR says all there is to count. Once in a while a thread of
//! its own reads the CDR blocks of the commits since the last time, in the order in which `batches` lists them, and adds
//! them up by account, quarter and network; the writer puts the sums into its next commit, together with the id up to which
//! they reach. Whoever reads usage adds the few CDRs behind that id (`store/usage.rs`), so that nobody sees the delay, and a
//! crash loses nothing: the next start counts from the same id on.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, bounded};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;

use crate::cdr::BlockReader;
use crate::rows::UsageRow;
use crate::store::{Store, Unavailable};
use crate::usage::{Quarter, UsageKey, UsageOf};

/// How long charges wait to be counted, as long as there are commits.
const EVERY: Duration = Duration::from_secs(1);

/// Charges of one row, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    messages: u64,
    segments: u64,
    charged: Amount,
}

/// Charges by row. A block is of one account and one quarter, so that a CDR costs one look-up by a small number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallies(HashMap<(AccountNumber, Quarter), ByNetwork>);

type ByNetwork = HashMap<NetworkCode, Tally, BuildHasherDefault<SpreadHasher>>;

/// Spreads numbers that lie close together by the fraction of the golden ratio. Networks come from our own catalogue, so that
/// nobody chooses them to collide.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpreadHasher(u64);

/// The charges of these ids, added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedCharges {
    pub ids: Range<u64>,
    pub tallies: Tallies,
}

/// The thread that counts, as the writer sees it.
pub struct Counting {
    /// Gone once the thread is to end.
    orders: Option<Sender<Range<u64>>>,
    counted: Receiver<Option<CountedCharges>>,
    thread: Option<JoinHandle<()>>,
    is_ordered: bool,
    /// What waits for a commit.
    ready: Option<CountedCharges>,
    next_at: Instant,
}

impl Tally {
    /// What these charges add to their row.
    fn row(&self) -> UsageRow {
        let Self { messages, segments, charged } = *self;
        UsageRow { messages, segments, charged, ..UsageRow::default() }
    }

    fn add(&mut self, segments: u64, charged: Amount) {
        self.messages += 1;
        self.segments += segments;
        // Wallets that could pay each amount held their sum.
        self.charged = self.charged.checked_add(charged).unwrap_or(self.charged);
    }
}

impl Hasher for SpreadHasher {
    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.write_u8(*octet);
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number.cast_unsigned() as u64);
    }

    fn finish(&self) -> u64 {
        // The upper bits are the well spread ones, and the map looks at both ends.
        self.0 ^ (self.0 >> 32)
    }
}

impl Tallies {
    /// Adds the charges of a block; `false` where it is damaged.
    pub fn add(&mut self, account: AccountNumber, mut block: BlockReader<'_>) -> bool {
        let quarter = Quarter::of(block.header().submitted_at);
        let networks = self.0.entry((account, quarter)).or_default();
        for cdr in block.by_ref() {
            let tally = networks.entry(cdr.fields.network).or_default();
            tally.add(u64::from(cdr.fields.segments), cdr.fields.amount);
        }
        block.is_sound()
    }

    /// Each row that something is to be added to.
    pub fn rows(&self) -> impl Iterator<Item = (UsageKey, UsageRow)> {
        self.0.iter().flat_map(|((account, quarter), networks)| {
            networks.iter().map(|(network, tally)| {
                let of = UsageOf::Network(*network);
                (UsageKey { account: *account, quarter: *quarter, of }, tally.row())
            })
        })
    }
}

/// Adds up the charges of all commits whose ids are in the range.
pub fn count(store: &Store, ids: Range<u64>) -> Result<CountedCharges, Unavailable> {
    let mut tallies = Tallies::default();
    store.blocks_of(ids.clone(), |account, block| tallies.add(account, block))?;
    Ok(CountedCharges { ids, tallies })
}

impl Counting {
    /// Starts the thread.
    pub fn start(store: Arc<Store>) -> std::io::Result<Self> {
        let (orders, ordered) = bounded::<Range<u64>>(1);
        let (answer, counted) = bounded(1);
        let work = move || {
            for ids in ordered {
                let result = count(&store, ids);
                if let Err(error) = &result {
                    tracing::error!(%error, "charges cannot be counted for usage now");
                }
                if answer.send(result.ok()).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("usage".to_owned()).spawn(work)?;
        Ok(Self {
            orders: Some(orders),
            counted,
            thread: Some(thread),
            is_ordered: false,
            ready: None,
            next_at: Instant::now(),
        })
    }

    /// What the next commit may add to the usage rows, given which ids are not in them. Orders the next count when its time has
    /// come.
    pub fn ready(&mut self, uncounted: Range<u64>) -> Option<&CountedCharges> {
        if let Ok(counted) = self.counted.try_recv() {
            self.is_ordered = false;
            self.ready = counted;
        }
        // What has become durable meanwhile is done.
        if self.ready.as_ref().is_some_and(|ready| ready.ids.start != uncounted.start) {
            self.ready = None;
        }
        let now = Instant::now();
        if self.ready.is_none() && !self.is_ordered && !uncounted.is_empty() && now >= self.next_at {
            self.next_at = now + EVERY;
            let orders = self.orders.as_ref();
            self.is_ordered = orders.is_some_and(|orders| orders.try_send(uncounted).is_ok());
        }
        self.ready.as_ref()
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.orders = None;
        // The database is not closed while it is read.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
