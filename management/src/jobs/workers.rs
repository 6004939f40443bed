//! The threads that do the jobs, one or some for each kind.
//!
//! A worker keeps no hold of the services while it waits for a server, so that the process can end meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tollgate_api::events::DeliveryAttempt;
use tollgate_api::time::Time;
use tollgate_storage::clock::now;

use super::handler::JobHandler;
use super::queue::JobQueue;
use crate::documents::Document;
use crate::metrics::JobMetrics;
use tollgate_notifications::jobs::record::{JobDone, JobFailure, JobKind, JobRecord};

/// Longest time between two looks at what is due.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// Pause between two calls of [`JobHandler::tidy_up`].
const TIDY_INTERVAL: Duration = Duration::from_mins(1);
/// Longest time that a stop waits for jobs that are under way.
const STOP_MAX: Duration = Duration::from_secs(1);

/// The running threads.
#[derive(Debug)]
pub struct Workers {
    queue: Weak<JobQueue>,
    is_stopping: Arc<AtomicBool>,
    ended: Receiver<()>,
    running: usize,
}

struct Worker {
    kind: JobKind,
    queue: Weak<JobQueue>,
    handler: Weak<dyn JobHandler>,
    is_stopping: Arc<AtomicBool>,
    metrics: JobMetrics,
}

impl Workers {
    /// Starts the threads of each kind.
    pub fn start(queue: &Arc<JobQueue>, handler: &Arc<dyn JobHandler>) -> std::io::Result<Self> {
        let is_stopping = Arc::new(AtomicBool::new(false));
        let (ending, ended) = sync_channel(JobKind::ALL.into_iter().map(JobKind::workers).sum());
        let mut running = 0;
        let all = JobKind::ALL
            .into_iter()
            .flat_map(|kind| queue.wakes_of(kind).into_iter().map(move |wakes| (kind, wakes)));
        for (kind, wakes) in all {
            let worker = Worker {
                kind,
                queue: Arc::downgrade(queue),
                handler: Arc::downgrade(handler),
                is_stopping: Arc::clone(&is_stopping),
                metrics: JobMetrics::new(kind.name()),
            };
            let ending = ending.clone();
            thread::Builder::new().name(format!("{} jobs", kind.name())).spawn(move || {
                worker.run(&wakes);
                // A stop that waited too long has gone.
                let _ = ending.try_send(());
            })?;
            running += 1;
        }
        Ok(Self { queue: Arc::downgrade(queue), is_stopping, ended, running })
    }

    /// Ends the threads after the job that each is at, and waits a moment for that. Other jobs are done after the next start.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
        if let Some(queue) = self.queue.upgrade() {
            for kind in JobKind::ALL {
                queue.wake(kind);
            }
        }
        let deadline = Instant::now() + STOP_MAX;
        for _ in 0..self.running {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.ended.recv_timeout(left).is_err() {
                tracing::info!("a job is still under way; it is done again after the next start");
                return;
            }
        }
    }
}

impl Worker {
    fn run(&self, wakes: &Receiver<()>) {
        let mut tidy_at = Instant::now() + TIDY_INTERVAL;
        while self.work_on_due(wakes) {
            if Instant::now() >= tidy_at {
                self.tidy_up();
                tidy_at = Instant::now() + TIDY_INTERVAL;
            }
        }
        self.tidy_up();
    }

    /// Does what is due, or waits a while where nothing is. False if the worker is to end.
    fn work_on_due(&self, wakes: &Receiver<()>) -> bool {
        let is_more = self.look();
        let Some(queue) = self.queue.upgrade() else { return false };
        let (due, waiting) = queue.due(self.kind, now());
        drop(queue);
        self.metrics.set_waiting(waiting);
        let is_idle = due.is_empty() && !is_more;
        for job in due {
            if self.is_stopping.load(Ordering::Acquire) || !self.take(&job) {
                return false;
            }
        }
        if is_idle && wakes.recv_timeout(LOOK_INTERVAL) == Err(RecvTimeoutError::Disconnected) {
            return false;
        }
        !self.is_stopping.load(Ordering::Acquire)
    }

    /// Has jobs queued that follow from what is in the books; true if there are more.
    fn look(&self) -> bool {
        if self.kind != JobKind::Write {
            return false;
        }
        let looked = self.handler.upgrade().map_or(Ok(false), |handler| handler.look());
        looked.unwrap_or_else(|problem| {
            tracing::warn!(problem = %problem.detail, "events wait for their deliveries; it is tried again");
            false
        })
    }

    fn tidy_up(&self) {
        if self.kind == JobKind::Write
            && let Some(handler) = self.handler.upgrade()
        {
            handler.tidy_up();
        }
    }

    /// Does one job, unless another worker has it. False if the services are gone.
    fn take(&self, job: &Document<JobRecord>) -> bool {
        let Some(queue) = self.queue.upgrade() else { return false };
        let is_taken = queue.take(job);
        drop(queue);
        if !is_taken {
            return true;
        }
        let has_failed = self.work_on(job);
        let Some(queue) = self.queue.upgrade() else { return false };
        queue.release(job, has_failed.unwrap_or(true));
        has_failed.is_some()
    }

    /// Does one job. The answer is if it has failed; `None` if the services are gone.
    fn work_on(&self, job: &Document<JobRecord>) -> Option<bool> {
        let handler = self.handler.upgrade()?;
        let prepared = handler.prepare(job);
        drop(handler);
        let (at, began) = (Time(now()), Instant::now());
        let done = match prepared {
            Ok(None) => None,
            Ok(Some(rest)) => Some(rest()),
            Err(problem) => Some(JobDone::of(Err(JobFailure { reason: problem.detail, is_final: false }))),
        };
        let latency_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (failure, is_message) = (done.as_ref().and_then(|done| done.failure.clone()), done.is_some());
        let has_failed = failure.is_some();
        let attempt = done.map(|done| DeliveryAttempt {
            at,
            status: done.status,
            latency_ms,
            error: done.failure.map(|failure| failure.reason),
        });
        let (queue, handler) = (self.queue.upgrade()?, self.handler.upgrade()?);
        match queue.finish(&*handler, job, (attempt, failure.as_ref())) {
            Ok(is_given_up) => {
                if is_message {
                    self.metrics.count(!has_failed, is_given_up);
                }
                if let Some(failure) = failure {
                    let (kind, id, reason) = (self.kind.name(), &job.key, failure.reason);
                    let attempts = job.value.failures + 1;
                    tracing::warn!(kind, job = %id, reason, attempts, is_given_up, "a job has failed");
                }
            }
            Err(problem) => {
                tracing::warn!(problem = %problem.detail, "the end of a job cannot be written; it is done again");
                // Storage that fails is not asked again at once.
                thread::sleep(LOOK_INTERVAL);
            }
        }
        Some(has_failed)
    }
}
