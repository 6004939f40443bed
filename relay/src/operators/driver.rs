//! The delivery thread. It is woken by everything that may let a message move: a message that has become durable, a link
//! that has room, an operator that came or went, a timer.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tollgate_engine::operator::OperatorNumber;
use tollgate_storage::clock::{now, steady};
use tollgate_storage::delivery::{DeliveryBatch, DeliveryEvent};
use tollgate_storage::message::QueueKey;

use crate::delivery::deadlines::Deadlines;
use crate::delivery::scheduler::DeliveryScheduler;
use crate::delivery::wakers::WakeUp;

/// Time that a stop waits for the last commit.
const STOP_MAX: Duration = Duration::from_secs(1);
/// The longest time between two looks at the timers.
const TICK: Duration = Duration::from_millis(20);

/// The delivery thread.
#[derive(Debug)]
pub struct DeliveryDriver {
    scheduler: Arc<DeliveryScheduler>,
    thread: JoinHandle<()>,
    end: End,
}

/// Ends the thread when it is dropped.
#[derive(Debug)]
struct End(Arc<DeliveryScheduler>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.waker.stop();
    }
}

impl DeliveryDriver {
    /// Starts the delivery thread.
    pub fn start(scheduler: Arc<DeliveryScheduler>) -> std::io::Result<Self> {
        let driven = Arc::clone(&scheduler);
        let thread = std::thread::Builder::new().name("delivery".to_owned()).spawn(move || run(&driven))?;
        let end = End(Arc::clone(&scheduler));
        Ok(Self { scheduler, thread, end })
    }

    /// Ends the thread, after the links are down. Messages that were leased and certainly not sent are released, so that
    /// a restart sends them at once and not as possible duplicates.
    pub async fn stop(self) {
        let Self { scheduler, thread, end } = self;
        let ended = tokio::task::spawn_blocking(move || {
            drop(end);
            thread.join()
        });
        let ended = ended.await;
        assert!(matches!(ended, Ok(Ok(()))), "the delivery thread has ended by itself: {ended:?}");
        // Effects on their way to the committer come back before the messages that are left are looked at.
        submit_and_wait(&scheduler, Vec::new()).await;
        let mut in_doubt: HashMap<OperatorNumber, Vec<QueueKey>> = HashMap::new();
        let queued = scheduler
            .operator_queues()
            .iter()
            .flat_map(|operator_queue| operator_queue.backlog.in_doubt())
            .collect::<Vec<_>>();
        for (operator, key) in scheduler.unknown_outcomes.keys().into_iter().chain(queued) {
            in_doubt.entry(operator).or_default().push(key);
        }
        let before = scheduler.leases.all();
        let leased = in_doubt.into_iter().map(|(operator, keys)| {
            let lease = scheduler.leases.next(now().0);
            DeliveryEvent::Leased { lease, operator, keys }
        });
        let released = before.into_iter().map(|lease| DeliveryEvent::Released { lease });
        // A committer that cannot write now leaves the leases as they are, which costs a wait and no message.
        submit_and_wait(&scheduler, leased.chain(released).collect()).await;
    }
}

fn run(scheduler: &Arc<DeliveryScheduler>) {
    let mut deadlines = Deadlines::new(steady());
    while scheduler.waker.wait(TICK) != WakeUp::Stop {
        deadlines.run_due(scheduler, steady());
        for operator_queue in scheduler.operator_queues().iter() {
            scheduler.assign(&operator_queue.backlog);
        }
    }
}

async fn submit_and_wait(scheduler: &DeliveryScheduler, events: Vec<DeliveryEvent>) {
    let (told, heard) = tokio::sync::oneshot::channel();
    let done = Box::new(move |_| {
        // The receiver gives up after a while.
        let _ = told.send(());
    });
    scheduler.submit(DeliveryBatch { events, done });
    let _ = tokio::time::timeout(STOP_MAX, heard).await;
}
