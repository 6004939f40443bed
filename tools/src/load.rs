//! The load generator: SMPP gateways made for measuring.
//!
//! Client and server usually share a machine here, so a message must cost the client next to nothing: every PDU is
//! encoded once and only patched, many are written and read with one system call, and each bind is one plain thread
//! that sleeps in `poll` while it has nothing to do. What is measured is the time from the moment a message is put
//! into the buffer until its answer is read.
//!
//! It never opens anything but TCP connections to its target and the record file, and it keeps no message text.

mod bind;
mod command;
mod connection;
mod destinations;
mod exchange;
pub mod figures;
mod gateway;
mod ledger;
mod messages;
mod pace;
mod receipt;
mod record;
mod report;
mod source;
mod template;
mod traffic;
mod window;
mod wire;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub use bind::{BindError, Credentials, Mode};
pub use command::LoadCommand;
pub use destinations::{Destinations, DestinationsError};
pub use record::Record;
pub use report::{Receipts, Report, Tally};
pub use traffic::{MessageOptions, Mix, Traffic, TrafficError};

use exchange::Exchange;
use gateway::{Gateway, Shared};
use pace::Pace;
use record::Lines;
use source::Source;
use traffic::MessageStream;
use window::Window;

/// One connection and what it sends.
#[derive(Clone)]
pub struct Bind {
    /// As whom it binds.
    pub credentials: Credentials,
    /// As what.
    pub mode: Mode,
    /// How many messages it sends; `None` for any number.
    pub messages: Option<u64>,
}

/// What holds for every bind of a run.
#[derive(Clone)]
pub struct Limits {
    /// The server.
    pub target: SocketAddr,
    /// Messages that one bind may have unanswered.
    pub window: usize,
    /// Messages per second of all binds together; `None` for as fast as possible.
    pub messages_per_second: Option<u32>,
    /// How long messages are sent; `None` for until all are.
    pub duration: Option<Duration>,
    /// How long a lost connection is tried again; zero for not at all.
    pub reconnect_for: Duration,
    /// How long the server may be silent while messages are unanswered.
    pub response_timeout: Duration,
    /// Makes the messages: equal seeds make equal ones.
    pub seed: u64,
    /// Whether the messages carry idempotency keys, and may therefore be sent again when their answer was lost.
    pub keyed: bool,
    /// Makes the keys of this run differ from those of others; only the lowest 32 bits count.
    pub key_run: u64,
    /// Whether receipts are counted and, at the end, waited for: as long as one comes within this time.
    pub receipts_wait: Option<Duration>,
}

impl Limits {
    /// One message at a time until all are answered, and no second attempt.
    pub fn new(target: SocketAddr) -> Self {
        Self {
            target,
            window: 1,
            messages_per_second: None,
            duration: None,
            reconnect_for: Duration::ZERO,
            response_timeout: Duration::from_secs(30),
            seed: 1,
            keyed: false,
            key_run: 0,
            receipts_wait: None,
        }
    }
}

/// Why a run did not begin.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is a bind that could not be had.
    #[error("{system_id}: {error}")]
    Bind {
        /// Whose.
        system_id: String,
        /// Why.
        error: BindError,
    },
    /// The system gives no more threads.
    #[error("no thread for a bind: {0}")]
    Thread(std::io::Error),
    /// The histogram's constants are wrong.
    #[error(transparent)]
    Histogram(#[from] hdrhistogram::CreationError),
}

/// A run that has begun.
pub struct Running {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Tally>>,
    began: Instant,
    total: Tally,
}

/// Opens every bind, and when all are open lets them send.
pub fn start(
    limits: &Limits,
    binds: Vec<Bind>,
    traffic: &Arc<Traffic>,
    record: Option<&Arc<Record>>,
) -> Result<Running, LoadError> {
    let shared = Arc::new(Shared {
        limits: limits.clone(),
        traffic: Arc::clone(traffic),
        answered: AtomicU64::new(0),
        sending: AtomicUsize::new(binds.len()),
        ledger: Arc::default(),
        stop: AtomicBool::new(false),
    });
    let pace = Pace::new(limits.messages_per_second, binds.len());
    let mut gateways = Vec::with_capacity(binds.len());
    for (index, bind) in binds.into_iter().enumerate() {
        let system_id = bind.credentials.system_id.clone();
        let stream = MessageStream::new(Arc::clone(traffic), limits.seed, index as u64);
        let source = Source::new(stream, pace, bind.messages);
        let lines = Lines::new(record.cloned(), &system_id, index);
        let ledger = limits.receipts_wait.map(|_| Arc::clone(&shared.ledger));
        let window = Window::new(limits.window);
        let exchange = Exchange::new(window, Tally::new()?, lines, ledger, limits.key_run, index);
        let gateway = Gateway::open(Arc::clone(&shared), bind, source, exchange);
        gateways.push(gateway.map_err(|error| LoadError::Bind { system_id, error })?);
    }
    let mut running = Running { shared, threads: Vec::new(), began: Instant::now(), total: Tally::new()? };
    for gateway in gateways {
        let began = running.began;
        let thread = thread::Builder::new().name("gateway".to_owned()).spawn(move || gateway.run(began));
        running.threads.push(thread.map_err(LoadError::Thread)?);
    }
    Ok(running)
}

impl Running {
    /// Messages answered so far.
    pub fn answered(&self) -> u64 {
        self.shared.answered.load(Relaxed)
    }

    /// Whether every bind has ended.
    pub fn is_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Lets no more messages be sent; those that were are still waited for.
    pub fn stop(&self) {
        self.shared.stop.store(true, Relaxed);
    }

    /// Waits for every bind to end.
    pub fn finish(self) -> Report {
        let Self { shared, threads, began, mut total } = self;
        let binds = threads.len();
        for thread in threads {
            match thread.join() {
                Ok(tally) => total.merge(tally),
                Err(_) => total.failures.push("the thread of a bind panicked".to_owned()),
            }
        }
        let elapsed = total.last_answer.map_or(Duration::ZERO, |last| last - began);
        let since_began = |at: Instant| at.saturating_duration_since(began);
        let receipts = shared.limits.receipts_wait.map(|_| Receipts {
            outstanding: shared.ledger.outstanding(),
            strays: shared.ledger.strays(),
            elapsed: total.last_receipt.map_or(Duration::ZERO, since_began),
        });
        Report { tally: total, binds, elapsed, receipts }
    }
}
