//! Mail: put into a bounded queue by whoever has something to say, and sent by one thread, never within a request.
//!
//! Without an SMTP server mails are written into a directory, one file each, which nobody but the daemon's user can read.
//! What a mail says is never logged: it may hold a token.

pub mod texts;
mod transport;

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::metrics::MailMetrics;
use texts::EmailMessage;
use tollgate_provisioning::MailSettings;
use transport::Transport;

/// Mails that wait to be sent for the first time.
const QUEUE_MAX: usize = 1_000;
/// Mails that wait to be sent once more.
const REPEATS_MAX: usize = 1_000;
/// How long after each failure a mail is tried once more; after the last it is given up.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_hours(1),
];
/// How often it is looked whether something is due where nothing comes.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How long stopping waits for the mails that were not tried yet.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// The way to the thread that sends.
#[derive(Debug)]
pub struct Mailer {
    queue: Mutex<Option<SyncSender<Mail>>>,
    ended: Mutex<Receiver<()>>,
    metrics: MailMetrics,
}

#[derive(Debug)]
struct Mail {
    to: String,
    letter: EmailMessage,
    failures: usize,
}

impl Mailer {
    /// Starts the thread. Without a server and a directory of its own, mails go into `mail` in the data directory.
    pub fn start(settings: &MailSettings, data_dir: &Path) -> std::io::Result<Self> {
        let sender = Sender { transport: Transport::new(settings, data_dir), metrics: MailMetrics::new() };
        let (queue, mails) = sync_channel(QUEUE_MAX);
        let (ending, ended) = sync_channel(1);
        thread::Builder::new().name("mail".to_owned()).spawn(move || {
            sender.send_all(&mails);
            // Whoever waited for it may have gone.
            let _ = ending.try_send(());
        })?;
        Ok(Self { queue: Mutex::new(Some(queue)), ended: Mutex::new(ended), metrics: MailMetrics::new() })
    }

    /// Has a mail sent. One that finds too many others before it is dropped, with a line in the log.
    pub fn send(&self, to: &str, letter: EmailMessage) {
        let mail = Mail { to: to.to_owned(), letter, failures: 0 };
        // Before it is sent, so that the thread behind the queue never counts down what was not counted up.
        self.metrics.waiting.increment(1);
        let sent = self.queue.lock().as_ref().map(|queue| queue.try_send(mail));
        if !matches!(sent, Some(Ok(()))) {
            self.metrics.waiting.decrement(1);
            self.metrics.dropped.increment(1);
        }
        match sent {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_))) => {
                tracing::error!(waiting = QUEUE_MAX, "a mail is dropped, as too many wait to be sent");
            }
            Some(Err(TrySendError::Disconnected(_))) | None => {
                tracing::warn!("a mail is dropped, as the daemon stops");
            }
        }
    }

    /// Takes no more mails, and waits a moment for those that were not tried yet.
    pub fn close(&self) {
        if self.queue.lock().take().is_some() {
            // Nothing came of it within the time, which the thread itself has logged or will.
            let _ = self.ended.lock().recv_timeout(CLOSE_MAX);
        }
    }
}

/// What the thread sends with.
struct Sender {
    transport: Transport,
    metrics: MailMetrics,
}

impl Sender {
    /// Sends what comes, and once more what failed, until nobody can send any more.
    fn send_all(&self, mails: &Receiver<Mail>) {
        let mut repeats: Vec<(Instant, Mail)> = Vec::new();
        loop {
            match mails.recv_timeout(LOOK_INTERVAL) {
                Ok(mail) => repeats.extend(self.attempt(mail)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let now = Instant::now();
            // One of those that are due at a time, so that new mails are not held up by a server that does not answer.
            if let Some(place) = repeats.iter().position(|(due, _)| *due <= now) {
                let (_, mail) = repeats.swap_remove(place);
                repeats.extend(self.attempt(mail));
            }
            while repeats.len() > REPEATS_MAX {
                repeats.swap_remove(0);
                self.metrics.waiting.decrement(1);
                self.metrics.dropped.increment(1);
                tracing::error!(waiting = REPEATS_MAX, "a mail is dropped, as too many could not be sent");
            }
        }
        if !repeats.is_empty() {
            tracing::warn!(
                mails = repeats.len(),
                "mails that could not be sent are dropped, as the daemon stops"
            );
        }
    }

    /// Sends a mail, or says when it is to be tried once more.
    fn attempt(&self, mut mail: Mail) -> Option<(Instant, Mail)> {
        let Err(error) = self.transport.send(&mail.to, &mail.letter) else {
            self.metrics.waiting.decrement(1);
            self.metrics.sent.increment(1);
            return None;
        };
        let pause = PAUSES.get(mail.failures).filter(|_| !error.is_final);
        mail.failures += 1;
        let Some(pause) = pause else {
            self.metrics.waiting.decrement(1);
            self.metrics.given_up.increment(1);
            tracing::error!(error = %error.reason, attempts = mail.failures, "a mail is given up");
            return None;
        };
        self.metrics.failed.increment(1);
        tracing::warn!(error = %error.reason, again_in_seconds = pause.as_secs(), "a mail could not be sent");
        Some((Instant::now() + *pause, mail))
    }
}
