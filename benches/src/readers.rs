//! Readers of the management API: a fixed rate over a few connections, and the time of each read.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::http::Connection;

/// Connections, each of which has one request under way.
const CONNECTIONS: u32 = 4;
/// The most reads of one connection in one run, so that the times kept of them are bounded.
const READS_MAX: usize = 1 << 20;

/// Readers at work.
pub struct Readers {
    stop: Arc<AtomicBool>,
    began: Instant,
    threads: Vec<JoinHandle<io::Result<Vec<Duration>>>>,
}

/// The results of the readers.
#[derive(Clone, Debug, Default)]
pub struct Reads {
    /// The number of reads.
    pub count: u64,
    /// Reads per second of the run.
    pub per_second: u64,
    /// Times from the instant at which a read was due to its whole answer, sorted.
    latencies: Vec<Duration>,
}

impl Readers {
    /// Begins to read these paths in turn, `per_second` in all, until [`Self::finish`].
    pub fn start(
        address: SocketAddr,
        token: &str,
        paths: &Arc<[String]>,
        per_second: u32,
    ) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let interval = Duration::from_secs(1) * CONNECTIONS / per_second.max(1);
        let connections: Vec<_> = (0..CONNECTIONS).map(|_| Connection::new(address, Some(token))).collect();
        let began = Instant::now();
        let mut threads = Vec::new();
        for (connection, place) in connections.into_iter().zip(0..) {
            let (stop, paths) = (Arc::clone(&stop), Arc::clone(paths));
            // The connections take turns, so that they do not all read at the same moment.
            let first = began + interval * place / CONNECTIONS;
            let skipped = place as usize;
            let read = move || read(&connection, paths.iter().cycle().skip(skipped), first, interval, &stop);
            threads.push(thread::Builder::new().name("reader".to_owned()).spawn(read)?);
        }
        Ok(Self { stop, began, threads })
    }

    /// Ends the readers. An error where a read was not answered with 200.
    pub fn finish(self) -> Result<Reads, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        let mut latencies = Vec::new();
        for thread in self.threads {
            latencies.extend(thread.join().map_err(|_| "the thread of a reader panicked")??);
        }
        let millis = self.began.elapsed().as_millis().max(1);
        latencies.sort_unstable();
        let count = latencies.len() as u64;
        Ok(Reads { count, per_second: u64::try_from(u128::from(count) * 1000 / millis)?, latencies })
    }
}

impl Reads {
    /// The latency that this share of reads, in parts of a thousand, did not exceed; zero where there are
    /// none.
    pub fn latency(&self, per_mille: usize) -> Duration {
        let place = (self.latencies.len() * per_mille).div_ceil(1000).saturating_sub(1);
        self.latencies.get(place).copied().unwrap_or_default()
    }
}

/// Reads at fixed instants. What is late is made up for, and its lateness counts.
fn read<'a>(
    connection: &Connection,
    mut paths: impl Iterator<Item = &'a String>,
    first: Instant,
    interval: Duration,
    stop: &AtomicBool,
) -> io::Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut due = first;
    while !stop.load(Ordering::Relaxed) && latencies.len() < READS_MAX {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let Some(path) = paths.next() else { break };
        let status = connection.get(path).map_err(io::Error::other)?;
        if status != 200 {
            return Err(io::Error::other(format!("{path} was answered with {status}")));
        }
        latencies.push(due.elapsed());
        due += interval;
    }
    Ok(latencies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_read_that_was_made() {
        let latencies = (1..=200).map(Duration::from_millis).collect();
        let reads = Reads { count: 200, per_second: 100, latencies };
        assert_eq!(reads.latency(500), Duration::from_millis(100));
        assert_eq!(reads.latency(990), Duration::from_millis(198));
        assert_eq!(reads.latency(1000), Duration::from_millis(200));
        assert_eq!(Reads::default().latency(990), Duration::ZERO);
    }
}
