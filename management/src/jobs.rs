//! What the office does behind the requests: errands that they leave behind, and tidying up once a minute. One thread.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;

use crate::Office;
use crate::documents::{Document, DocumentCache};
use crate::identity::auth::by_mail::Registrant;

/// JobQueue that wait.
const QUEUE_MAX: usize = 1_000;
/// How often it is tidied up, and the last use of API keys written down.
const TIDY_INTERVAL: Duration = Duration::from_mins(1);
/// Documents of one commit.
const DOCUMENTS_MAX: usize = 500;

/// What a request leaves behind.
#[derive(Debug)]
pub enum Job {
    /// Writes down that a user is locked.
    Lock {
        /// Its id.
        user: String,
        /// Until then.
        until: UnixMicros,
    },
    /// Sends the mail that follows a registration.
    Register {
        /// Who.
        registrant: Registrant,
        /// Of the request.
        request_id: String,
    },
    /// Sends the mail to reset a password, if somebody has the address.
    Reset {
        /// The address.
        email: String,
        /// Of the request.
        request_id: String,
    },
}

/// The way to the thread, and the thread.
#[derive(Debug)]
pub struct JobQueue {
    queue: Mutex<Option<SyncSender<Job>>>,
    waiting: Mutex<Option<Receiver<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Default for JobQueue {
    fn default() -> Self {
        let (queue, waiting) = sync_channel(QUEUE_MAX);
        Self { queue: Mutex::new(Some(queue)), waiting: Mutex::new(Some(waiting)), thread: Mutex::new(None) }
    }
}

impl JobQueue {
    /// Leaves an errand behind; whether there was room for it.
    pub fn give(&self, job: Job) -> bool {
        let given = self.queue.lock().as_ref().is_some_and(|queue| queue.try_send(job).is_ok());
        if !given {
            tracing::warn!(waiting = QUEUE_MAX, "an errand is dropped, as too many wait");
        }
        given
    }
}

impl Office {
    /// Starts the thread that runs errands. It goes when [`Self::end_jobs`] is called, or the office is gone.
    pub fn begin_jobs(self: &Arc<Self>) -> std::io::Result<()> {
        let Some(waiting) = self.jobs.waiting.lock().take() else { return Ok(()) };
        let office = Arc::downgrade(self);
        let thread =
            thread::Builder::new().name("errands".to_owned()).spawn(move || run_all(&office, &waiting))?;
        *self.jobs.thread.lock() = Some(thread);
        Ok(())
    }

    /// Runs the errands that wait, writes down what is not yet, sends what mails it can, and ends. It waits for that, and
    /// for the committer: not on a thread of the runtime.
    pub fn end_jobs(&self) {
        drop(self.jobs.queue.lock().take());
        let thread = self.jobs.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the errands have failed");
        }
        self.mailer.close();
    }

    fn run_job(&self, job: Job) {
        let done = match job {
            Job::Lock { user, until } => self.write_lock(&user, until),
            Job::Register { registrant, request_id } => self.send_registration(registrant, &request_id),
            Job::Reset { email, request_id } => self.send_reset(&email, &request_id),
        };
        if let Err(problem) = done {
            tracing::error!(problem = %problem.detail, "an errand failed");
        }
    }

    fn tidy_up(&self) {
        let now = now();
        let done = [
            self.write_key_uses(),
            self.clear_out(&self.sessions, |session| session.expires_at.0 <= now),
            self.clear_out(&self.mail_tokens, |token| token.expires_at.0 <= now),
        ];
        for problem in done.into_iter().filter_map(Result::err) {
            tracing::warn!(problem = %problem.detail, "not tidied up; it is tried again in a minute");
        }
    }

    /// Takes documents away that have expired, some at a time: nobody's change, so that the audit log does not name it.
    fn clear_out<T: Serialize + DeserializeOwned>(
        &self,
        documents: &DocumentCache<T>,
        is_over: impl Fn(&T) -> bool,
    ) -> Answer<()> {
        let over: Vec<Arc<Document<T>>> = documents.filter(|document| is_over(&document.value));
        let system = Caller::system();
        for some in over.chunks(DOCUMENTS_MAX) {
            let mut work = self.context.change(&system);
            for document in some {
                work.remove(documents, document);
            }
            work.commit()?;
        }
        Ok(())
    }
}

fn run_all(office: &Weak<Office>, waiting: &Receiver<Job>) {
    let mut tidy_at = Instant::now() + TIDY_INTERVAL;
    loop {
        let came = waiting.recv_timeout(tidy_at.saturating_duration_since(Instant::now()));
        let Some(office) = office.upgrade() else { return };
        let is_over = matches!(came, Err(RecvTimeoutError::Disconnected));
        if let Ok(job) = came {
            office.run_job(job);
        }
        if is_over || Instant::now() >= tidy_at {
            office.tidy_up();
            tidy_at = Instant::now() + TIDY_INTERVAL;
        }
        if is_over {
            return;
        }
    }
}
