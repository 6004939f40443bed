//! Counts charges for the usage rows, beside the commits and a while after they are durable.
//!
//! Each chunk of charges knows what it adds up to, by network and country. What became durable is collected in memory, and
//! once in a while the writer puts the sums into its next commit, together with the id up to which they reach. Readers of
//! usage add the few CDRs behind that id (`store/usage.rs`), so that no reader sees the delay. A crash loses nothing: what the
//! next start finds uncounted is added up from the CDR blocks on disk, by a thread of its own.

use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, bounded};

use crate::cdr::BlockReader;
use crate::chunk::Chunk;
use crate::countries::CountryTable;
use crate::database::Unavailable;
use crate::number_countries;
use crate::series::Minute;
use crate::store::Store;
use crate::tallies::{Submitted, Tallies};

/// The time that charges wait to be counted, as long as there are commits.
const EVERY: Duration = Duration::from_secs(1);

/// The charges of these ids, added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedCharges {
    pub ids: Range<u64>,
    pub tallies: Tallies,
}

/// Charges on their way into the usage rows.
pub struct Counting {
    /// Adds up what an earlier run left uncounted; `None` once that is in `collected`.
    earlier: Option<Earlier>,
    /// Durable charges that are in no commit's usage yet.
    collected: CountedCharges,
    /// Counted charges that wait for a commit.
    ready: Option<CountedCharges>,
    same: SameTable,
    next_at: Instant,
}

/// The thread that adds up what an earlier run left.
struct Earlier {
    counted: Receiver<CountedCharges>,
    thread: Option<JoinHandle<()>>,
}

/// The last two tables that were compared, and whether they are equal: sessions take over a reload one by one, and a table
/// that is read from disk is the same as one that was loaded.
#[derive(Default)]
struct SameTable(Option<(Arc<CountryTable>, Arc<CountryTable>, bool)>);

/// Adds up the charges of all commits whose ids are in the range, from their CDRs.
pub fn count(store: &Store, ids: Range<u64>) -> Result<CountedCharges, Unavailable> {
    let (mut tallies, countries) = (Tallies::default(), number_countries::load(store.database())?);
    store.commits().blocks_of(ids.clone(), |account, block| {
        // Countries change between commits only.
        let countries = countries.at(block.next_id());
        tallies.add_block(account, block, countries)
    })?;
    Ok(CountedCharges { ids, tallies })
}

impl Counting {
    /// Begins with what an earlier run left uncounted. Where it cannot be counted, nothing is until the end.
    pub fn start(store: Arc<Store>, uncounted: Range<u64>) -> std::io::Result<Self> {
        let collected = nothing_since(uncounted.end);
        let earlier = if uncounted.is_empty() { None } else { Some(Earlier::start(store, uncounted)?) };
        Ok(Self {
            earlier,
            collected,
            ready: None,
            same: SameTable::default(),
            next_at: Instant::now() + EVERY,
        })
    }

    /// Collects a chunk that is durable; `in_force` are the countries of its commit.
    pub fn add(&mut self, chunk: &Chunk, in_force: Option<&Arc<CountryTable>>) {
        if chunk.is_empty() {
            return;
        }
        let (account, header) = (chunk.account(), chunk.block_header());
        let tallies = &mut self.collected.tallies;
        if in_force.is_some_and(|in_force| self.same.is_same(&chunk.header.countries, in_force)) {
            let of = Submitted {
                account,
                minute: Minute::of(header.submitted_at),
                plan: chunk.header.plan.clone(),
            };
            let chain = chunk.beside.as_ref().map(|beside| &beside.chain);
            return tallies.add(of, &chunk.tallies, chain);
        }
        // Charged by other countries than those that its ids stand for: just before a reload, or as there are none.
        let mut octets = Vec::new();
        chunk.block.write_to(&header, &mut octets);
        let block = BlockReader::new(account, 0, &octets);
        let is_sound =
            block.is_some_and(|block| tallies.add_block(account, block, in_force.map(|table| &**table)));
        assert!(is_sound, "a block that was written can be read");
    }

    /// Everything that is durable below this id is collected.
    pub fn reached(&mut self, id: u64) {
        self.collected.ids.end = id.max(self.collected.ids.end);
    }

    /// The charges that the next commit may add to the usage rows, given the ids that are not in them, when their time has
    /// come.
    pub fn ready(&mut self, uncounted: &Range<u64>) -> Option<&CountedCharges> {
        self.take_over_earlier();
        // What has become durable meanwhile is done.
        if self.ready.as_ref().is_some_and(|ready| ready.ids.start != uncounted.start) {
            self.ready = None;
        }
        let now = Instant::now();
        if self.ready.is_none() && now >= self.next_at && self.is_complete(uncounted) && !uncounted.is_empty()
        {
            self.next_at = now + EVERY;
            self.ready = Some(self.take());
        }
        self.ready.as_ref()
    }

    /// All charges that are not in the usage rows, added up; `None` where that is not known.
    pub fn rest(mut self, uncounted: &Range<u64>) -> Option<CountedCharges> {
        self.take_over_earlier();
        if let Some(ready) = self.ready.take().filter(|ready| ready.ids.start == uncounted.start) {
            self.collected.tallies.extend(&ready.tallies);
            self.collected.ids.start = ready.ids.start;
        }
        self.is_complete(uncounted).then(|| self.take())
    }

    fn is_complete(&self, uncounted: &Range<u64>) -> bool {
        self.collected.ids == *uncounted
    }

    fn take(&mut self) -> CountedCharges {
        let next = nothing_since(self.collected.ids.end);
        std::mem::replace(&mut self.collected, next)
    }

    fn take_over_earlier(&mut self) {
        let Some(counted) = self.earlier.as_ref().and_then(|earlier| earlier.counted.try_recv().ok()) else {
            return;
        };
        self.earlier = None;
        self.collected.tallies.extend(&counted.tallies);
        self.collected.ids.start = counted.ids.start;
    }
}

impl Earlier {
    fn start(store: Arc<Store>, uncounted: Range<u64>) -> std::io::Result<Self> {
        let (answer, counted) = bounded(1);
        let work = move || match count(&store, uncounted) {
            Ok(counted) => {
                // Whoever ends meanwhile counts again.
                let _ = answer.send(counted);
            }
            Err(error) => tracing::error!(%error, "charges cannot be counted for usage at present"),
        };
        let thread = std::thread::Builder::new().name("usage".to_owned()).spawn(work)?;
        Ok(Self { counted, thread: Some(thread) })
    }
}

impl Drop for Earlier {
    fn drop(&mut self) {
        // The database is not closed while it is read.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl SameTable {
    fn is_same(&mut self, one: &Arc<CountryTable>, other: &Arc<CountryTable>) -> bool {
        if Arc::ptr_eq(one, other) {
            return true;
        }
        if let Some((first, second, is_same)) = &self.0
            && Arc::ptr_eq(one, first)
            && Arc::ptr_eq(other, second)
        {
            return *is_same;
        }
        let is_same = one == other;
        self.0 = Some((Arc::clone(one), Arc::clone(other), is_same));
        is_same
    }
}

fn nothing_since(id: u64) -> CountedCharges {
    CountedCharges { ids: id..id, tallies: Tallies::default() }
}
