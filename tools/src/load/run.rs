//! A run: every bind opened, let loose at once, and waited for.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::bind::BindError;
use super::exchange::Exchange;
use super::gateway::{Gateway, Shared};
use super::limits::{Bind, Limits};
use super::pace::Pace;
use super::record::{Lines, Record};
use super::report::{Receipts, Report, Tally};
use super::source::Source;
use super::traffic::{MessageStream, Traffic};
use super::window::Window;

/// The reason for which a run did not begin.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A bind could not be opened.
    #[error("{system_id}: {error}")]
    Bind {
        /// The account of the bind.
        system_id: String,
        /// The reason of its failure.
        error: BindError,
    },
    /// No thread could be started for a bind.
    #[error("no thread for a bind: {0}")]
    Thread(std::io::Error),
    /// The bounds of the histogram are impossible.
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

/// Opens every bind, and lets them send once all are open.
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
        tracker: Arc::default(),
        stop: AtomicBool::new(false),
    });
    let pace = Pace::new(limits.messages_per_second, binds.len());
    let mut gateways = Vec::with_capacity(binds.len());
    for (index, bind) in binds.into_iter().enumerate() {
        let system_id = bind.credentials.system_id.clone();
        let stream = MessageStream::new(Arc::clone(traffic), limits.seed, index as u64);
        let source = Source::new(stream, pace, bind.messages);
        let lines = Lines::new(record.cloned(), &system_id, index);
        let tracker = limits.receipts_wait.map(|_| Arc::clone(&shared.tracker));
        let window = Window::new(limits.window);
        let exchange = Exchange::new(window, Tally::new()?, lines, tracker, limits.key_run, index);
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

    /// True once every bind has ended.
    pub fn is_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Stops sending. Messages already sent are still waited for.
    pub fn stop(&self) {
        self.shared.stop.store(true, Relaxed);
    }

    /// Waits for every bind to end, and adds up what they counted.
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
            outstanding: shared.tracker.outstanding(),
            strays: shared.tracker.strays(),
            elapsed: total.last_receipt.map_or(Duration::ZERO, since_began),
        });
        Report { tally: total, binds, elapsed, receipts }
    }
}
