//! Rates every CDR of a data directory again: from the archive of the tariff version that it names, by the code that
//! charges, and compares what comes out with what was charged.
//!
//! What a CDR alone can say is taken at its word: a network that was named in a TLV, the number of segments, as texts are
//! not kept, the place in the month's volume, as charges that were taken back leave no trace, and the plan of an
//! account of the management API. The price has to follow from them.

mod again;
mod difference;
mod levels;
mod tariffs;
mod version;
mod worker;

use std::sync::atomic::AtomicUsize;
use std::thread;

use tollgate_storage::store::{Store, Unavailable};

use tariffs::Tariffs;
use worker::{Counts, Worker};

pub use difference::Difference;

/// The result of rating every CDR again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rerated {
    /// CDRs that were rated again, those that differ included.
    pub rated_again: u64,
    /// CDRs that could not be rated again, as the archive of their version lacks what they were rated by.
    pub not_rated_again: u64,
    /// The reasons why whole versions cannot be read, one for each.
    pub unreadable: Vec<String>,
    /// CDRs that were rated differently.
    pub differing: u64,
    /// The first of them, by account and message id.
    pub first: Option<Difference>,
}

/// Rates every CDR again, accounts side by side on so many threads.
pub fn rerate(store: &Store, threads: usize) -> Result<Rerated, Unavailable> {
    let accounts = store.provisioned().accounts()?;
    let tariffs = Tariffs::new(store);
    let names = accounts.iter().map(|(number, row)| (*number, row.id.clone())).collect();
    let next = AtomicUsize::new(0);
    let counts = thread::scope(|scope| {
        let work = || Worker::new(store, &tariffs, &names).rate_all(&accounts, &next);
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| match worker.join() {
            Ok(counts) => counts,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ended.collect::<Result<Vec<Counts>, Unavailable>>()
    })?;
    let mut all = Counts::default();
    for counts in counts {
        all.add(counts);
    }
    let Counts { rated_again, not_rated_again, differing, first } = all;
    Ok(Rerated { rated_again, not_rated_again, unreadable: tariffs.unreadable(), differing, first })
}

#[cfg(test)]
mod tests;
