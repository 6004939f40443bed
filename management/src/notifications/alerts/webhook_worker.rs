//! The thread that posts and mails what is in the outbox, one after another.
//!
//! It keeps no hold of the office while it waits for a server, so that the process can end meanwhile. What was posted and not
//! yet noted when the process ended is posted again: whoever gets it knows it by its id.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_storage::clock::now;

use super::outbox::{OutboxRecord, Way};
use super::webhook::{Posted, Poster, is_delivered};
use crate::Office;
use crate::documents::Document;

/// How often it is looked whether something is due.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// JobQueue that are taken at once.
const TAKEN_MAX: usize = 20;

/// The bell that calls the thread.
#[derive(Debug)]
pub struct WebhookWorker {
    bell: SyncSender<()>,
    waiting: Mutex<Option<Receiver<()>>>,
}

/// An errand that is due.
struct Due {
    document: Arc<Document<OutboxRecord>>,
    /// URL and secret of a webhook; `None` for what is done without waiting for anybody.
    post: Option<(String, String)>,
}

impl Default for WebhookWorker {
    fn default() -> Self {
        let (bell, waiting) = sync_channel(1);
        Self { bell, waiting: Mutex::new(Some(waiting)) }
    }
}

impl WebhookWorker {
    /// Something new is due.
    pub fn ring(&self) {
        // Where it is rung already, that is enough.
        let _ = self.bell.try_send(());
    }
}

impl Office {
    /// Starts the thread. It ends once the office is gone.
    pub fn begin_webhook_worker(self: &Arc<Self>) -> std::io::Result<()> {
        let Some(bell) = self.webhook_worker.waiting.lock().take() else { return Ok(()) };
        let office = Arc::downgrade(self);
        thread::Builder::new().name("courier".to_owned()).spawn(move || run(&office, &bell)).map(drop)
    }

    fn due_errands(&self) -> Answer<Vec<Due>> {
        let now = now();
        self.context.metrics.set_outbox(self.outbox.len());
        let mut due = self.outbox.filter(|document| document.value.next_at.0 <= now);
        due.sort_by_key(|document| document.value.next_at);
        due.truncate(TAKEN_MAX);
        due.into_iter().map(|document| self.addressed(document)).collect()
    }

    /// Where an errand goes now, whatever the account said when the alert was raised.
    fn addressed(&self, document: Arc<Document<OutboxRecord>>) -> Answer<Due> {
        let account = &document.value.account;
        let url = if document.value.way == Way::Webhook { self.webhook_of(account) } else { None };
        let post = match url {
            Some(url) => Some((url, self.secret_of(&Caller::system(), account)?)),
            None => None,
        };
        Ok(Due { document, post })
    }

    fn run_mail(&self, job: &OutboxRecord) {
        let account = self.accounts.get(&job.account);
        if let Some(email) = account.and_then(|account| account.value.email.clone()) {
            self.mail(&email, &job.subject, &job.body);
        }
    }

    /// Takes an errand out of the outbox, or notes when it is tried once more.
    fn note_errand(&self, document: &Document<OutboxRecord>, failure: Option<&str>) -> Answer<()> {
        let system = Caller::system();
        let mut work = self.context.change(&system);
        let (account, id) = (&document.value.account, &document.key);
        let next = match failure {
            Some(reason) => {
                let next = document.value.after_failure(now());
                let is_given_up = next.is_none();
                tracing::warn!(%account, event = %id, reason, is_given_up, "an alert could not be posted");
                next
            }
            None => None,
        };
        match next {
            Some(next) => work.put(&self.outbox, id, Some(document), next),
            None => work.remove(&self.outbox, document),
        };
        work.commit().map(drop)
    }
}

fn run(office: &Weak<Office>, bell: &Receiver<()>) {
    let poster = Poster::new();
    loop {
        if matches!(bell.recv_timeout(LOOK_INTERVAL), Err(RecvTimeoutError::Disconnected)) {
            return;
        }
        let Some(due) = office.upgrade().map(|office| office.due_errands()) else { return };
        let due = due.unwrap_or_else(|problem| {
            tracing::warn!(problem = %problem.detail, "what is to be posted cannot be read");
            Vec::new()
        });
        for job in due {
            let failure = job.post(&poster);
            let Some(office) = office.upgrade() else { return };
            if job.document.value.way == Way::Mail {
                office.run_mail(&job.document.value);
            }
            if job.post.is_some() {
                let is_last = job.document.value.after_failure(now()).is_none();
                office.context.metrics.post(failure.is_none(), is_last);
            }
            if let Err(problem) = office.note_errand(&job.document, failure.as_deref()) {
                tracing::warn!(problem = %problem.detail, "what was posted cannot be noted, and is posted again");
            }
        }
    }
}

impl Due {
    /// Posts it where it is to be posted; why that failed, where it did.
    fn post(&self, poster: &Poster) -> Option<String> {
        let (url, secret) = self.post.as_ref()?;
        let posted: Posted = poster.post(url, secret, &self.document.key, &self.document.value.body, now());
        if is_delivered(&posted) {
            return None;
        }
        Some(posted.map_or_else(|error| error, |status| format!("it was answered with {status}")))
    }
}
