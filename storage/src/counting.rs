//! Counts charges for the usage rows, beside the committer and a while after they are durable.
//!
//! A message that is charged costs nothing more for its usage: its CDR says all there is to count. Once in a
//! while a thread of its own reads the CDR blocks of the commits since the last time, in the order in which
//! `batches` lists them, and adds them up by account, quarter, network and country; the writer puts the sums into its
//! next commit, together with the id up to which they reach. Readers of usage add the few CDRs behind that id
//! (`store/usage.rs`), so that no reader sees the delay, and a crash loses nothing: the next start counts
//! from the same id on.

use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, bounded};

use crate::database::Unavailable;
use crate::number_countries;
use crate::store::Store;
use crate::tallies::Tallies;

/// The time that charges wait to be counted, as long as there are commits.
const EVERY: Duration = Duration::from_secs(1);

/// The charges of these ids, added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedCharges {
    pub ids: Range<u64>,
    pub tallies: Tallies,
}

/// The thread that counts, as the writer sees it.
pub struct Counting {
    /// `None` once the thread is to end.
    orders: Option<Sender<Range<u64>>>,
    counted: Receiver<Option<CountedCharges>>,
    thread: Option<JoinHandle<()>>,
    is_ordered: bool,
    /// Counted charges that wait for a commit.
    ready: Option<CountedCharges>,
    next_at: Instant,
}

/// Adds up the charges of all commits whose ids are in the range.
pub fn count(store: &Store, ids: Range<u64>) -> Result<CountedCharges, Unavailable> {
    let (mut tallies, countries) = (Tallies::default(), number_countries::load(store.database())?);
    store.commits().blocks_of(ids.clone(), |account, block| tallies.add(account, block, &countries))?;
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
                    tracing::error!(%error, "charges cannot be counted for usage at present");
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

    /// The charges that the next commit may add to the usage rows, given the ids that are not in them. Orders
    /// the next count when its time has come.
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
