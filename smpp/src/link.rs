//! The client's side: one bind to an operator's message centre, kept up for as long as it is wanted.
//!
//! In two layers, as on the server's side: [`LinkSession`] is the protocol as a state machine that does no
//! I/O and never looks at a clock; [`Link`] is the tokio shell, one task that connects, binds, moves octets
//! and connects again when it is down. What stands behind a link is a [`LinkHandler`]. Nothing here decides
//! which message goes where, or what an error means for it, and nothing is sent twice.

mod backoff;
mod config;
mod connection;
mod down;
mod encode;
mod handler;
mod in_flight;
mod messages;
mod run;
pub mod session;
mod shared;
mod sink;
mod submit;
mod timers;
mod tls;

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use config::{LinkConfig, LinkTls};
pub use down::LinkDown;
pub use handler::LinkHandler;
pub use messages::{DeliverAck, SubmitAnswer};
pub use session::{LinkCounts, LinkSession, work_through};
pub use sink::SubmitSink;
pub use submit::{CannotSend, OutboundSubmit};

use run::Task;
use shared::{Phase, Shared};

/// The time for the task to send its last octets and end.
const STOP_WAIT: Duration = Duration::from_secs(1);
/// A grace beyond every use, which a clock can still be set to.
const GRACE_MAX: Duration = Duration::from_hours(24);

/// A link that runs. Dropping it ends it at once; [`Link::stop`] ends it well.
#[derive(Debug)]
pub struct Link {
    shared: Arc<Shared>,
    phase: watch::Sender<Phase>,
    task: JoinHandle<()>,
}

impl Link {
    /// Starts the link's task on the runtime that this is called from. It connects and binds, again and again
    /// with growing delays, until the link is stopped.
    pub fn start<H: LinkHandler>(config: LinkConfig, handler: H) -> Self {
        let shared: Arc<Shared> = Arc::default();
        let (phase, phase_of_task) = watch::channel(Phase::Running);
        let task = Task { config: Arc::new(config), handler, shared: shared.clone(), phase: phase_of_task };
        Self { shared, phase, task: tokio::spawn(task.run()) }
    }

    /// Takes no more messages, waits for the answers to those in flight and for the acknowledgements that the
    /// handler still owes, for `grace` at most, and unbinds. Returns when the task has ended.
    pub async fn stop(mut self, grace: Duration) {
        let grace = grace.min(GRACE_MAX);
        self.phase.send_replace(Phase::Draining { until: Instant::now() + grace });
        if timeout(grace + STOP_WAIT, &mut self.task).await.is_err() {
            self.phase.send_replace(Phase::Stopped);
            let _ = timeout(STOP_WAIT, self.task).await;
        }
    }

    /// True if messages are taken.
    pub fn is_bound(&self) -> bool {
        self.shared.bound.load(Ordering::Relaxed)
    }

    /// Messages that are not answered.
    pub fn in_flight(&self) -> u32 {
        self.shared.in_flight.load(Ordering::Relaxed)
    }

    /// The counts since the start.
    pub fn counts(&self) -> LinkCounts {
        *self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
