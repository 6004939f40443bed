//! One bind: keeps its window full, takes in the answers, and comes back when the connection is lost.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::thread;
use std::time::{Duration, Instant};

use rusmpp::CommandId;
use tollgate_smpp::encode::put_header_only;

use super::bind;
use super::bind::BindError;
use super::connection::Connection;
use super::exchange::Exchange;
use super::limits::{Bind, Limits};
use super::receipt_tracker::ReceiptTracker;
use super::report::Tally;
use super::source::Source;
use super::traffic::Traffic;

/// Longest wait before the clock and the request to stop are looked at again.
const PATIENCE: Duration = Duration::from_millis(50);

/// Time between two attempts to connect again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(20);

/// Time that the server has to answer an unbind.
const UNBIND_TIMEOUT: Duration = Duration::from_secs(2);

/// The reason for which a bind ended before its work was done.
#[derive(Debug, thiserror::Error)]
enum Loss {
    #[error(transparent)]
    Connection(#[from] io::Error),
    #[error("no answer for {} s", .0.as_secs())]
    Silence(Duration),
    #[error("the server sent an unbind")]
    Unbound,
    #[error("the record: {0}")]
    Record(io::Error),
}

/// One bind and its connection.
pub struct Gateway {
    shared: Arc<Shared>,
    bind: Bind,
    connection: Connection,
    source: Source,
    exchange: Exchange,
    began: Instant,
    /// True once this bind has sent all its messages and reported that.
    has_sent_all: bool,
    /// The time at which this bind saw that all binds have.
    all_sent_at: Option<Instant>,
}

/// The state that all binds of a run share.
pub struct Shared {
    /// The settings of the run.
    pub limits: Limits,
    /// The messages that may be sent.
    pub traffic: Arc<Traffic>,
    /// Messages answered so far.
    pub answered: AtomicU64,
    /// Number of binds that still send, or wait for answers.
    pub sending: AtomicUsize,
    /// The messages that lack their receipt; used only where receipts are waited for.
    pub tracker: Arc<ReceiptTracker>,
    /// True once no more messages are to be sent.
    pub stop: AtomicBool,
}

impl Gateway {
    /// Connects and binds. Nothing is sent before [`Self::run`].
    pub fn open(
        shared: Arc<Shared>,
        bind: Bind,
        source: Source,
        mut exchange: Exchange,
    ) -> Result<Self, BindError> {
        let sequence = exchange.window.next_sequence();
        let connection = bind::open(shared.limits.target, &bind.credentials, bind.mode, sequence)?;
        let began = Instant::now();
        Ok(Self { shared, bind, connection, source, exchange, began, has_sent_all: false, all_sent_at: None })
    }

    /// Works until everything is sent and answered, or nothing more can be done. The run began at `began`.
    pub fn run(mut self, began: Instant) -> Tally {
        self.began = began;
        while let Err(loss) = self.drive() {
            self.take_back_unanswered();
            let is_final = matches!(loss, Loss::Record(_)) || self.shared.limits.reconnect_for.is_zero();
            if let Err(failure) = if is_final { Err(loss.to_string()) } else { self.come_back(&loss) } {
                self.exchange.tally.failures.push(failure);
                break;
            }
        }
        self.give_up();
        self.sent_all();
        self.exchange.tally
    }

    /// Sends and receives until everything is answered, and unbinds.
    fn drive(&mut self) -> Result<(), Loss> {
        let mut waiting_since = Instant::now();
        loop {
            let now = Instant::now();
            self.heed_limits(now);
            let more = self.fill(now);
            self.connection.write()?;
            let unanswered = self.exchange.window.unanswered();
            if unanswered == 0 && self.source.is_exhausted() {
                self.sent_all();
                if self.has_all_receipts(now, waiting_since) {
                    self.unbind();
                    return Ok(());
                }
            }
            self.connection.wait(if more { Duration::ZERO } else { self.patience(now) })?;
            let waits_for_receipts = self.has_sent_all;
            if self.take_answers()? > 0 || (unanswered == 0 && !waits_for_receipts) {
                waiting_since = now;
            } else if !waits_for_receipts && now - waiting_since > self.shared.limits.response_timeout {
                return Err(Loss::Silence(self.shared.limits.response_timeout));
            }
        }
    }

    fn heed_limits(&mut self, now: Instant) {
        let stop = self.shared.stop.load(Relaxed);
        if stop || self.shared.limits.duration.is_some_and(|duration| now - self.began >= duration) {
            self.source.end();
        }
        if stop {
            self.give_up();
        }
    }

    /// Appends messages to the outgoing octets while any are due. True if there are more than one write
    /// holds.
    fn fill(&mut self, now: Instant) -> bool {
        while self.exchange.window.has_room() {
            if self.connection.is_full() {
                return true;
            }
            let Some(message) = self.source.next(now - self.began) else {
                break;
            };
            let template = self.shared.traffic.template(&message);
            self.exchange.submit(message, template, now, self.connection.outgoing());
        }
        false
    }

    fn patience(&self, now: Instant) -> Duration {
        if self.exchange.window.has_room() && !self.source.is_exhausted() {
            self.source.wait(now - self.began).min(PATIENCE)
        } else {
            PATIENCE
        }
    }

    fn sent_all(&mut self) {
        if !std::mem::replace(&mut self.has_sent_all, true) {
            self.shared.sending.fetch_sub(1, Relaxed);
        }
    }

    /// True if no receipt is to be waited for any more: all are there, or none has come for too long. One
    /// that is outstanding may come over any bind of its account, so the binds wait for one another.
    fn has_all_receipts(&mut self, now: Instant, waiting_since: Instant) -> bool {
        let Some(patience) = self.shared.limits.receipts_wait else { return true };
        if self.shared.sending.load(Relaxed) > 0 {
            return false;
        }
        let since = waiting_since.max(*self.all_sent_at.get_or_insert(now));
        now.saturating_duration_since(since) >= patience || self.shared.tracker.outstanding() == 0
    }

    /// Reads once. The number of answers and receipts that came.
    fn take_answers(&mut self) -> Result<usize, Loss> {
        let before = self.exchange.window.unanswered();
        let now = Instant::now();
        let read = self.connection.read(|pdu, out| self.exchange.take(pdu, now, out));
        let answered = before - self.exchange.window.unanswered();
        self.shared.answered.fetch_add(answered as u64, Relaxed);
        self.exchange.lines.flush().map_err(Loss::Record)?;
        let receipts = self.exchange.enter_events();
        read?;
        if self.exchange.unbound {
            self.connection.write()?;
            return Err(Loss::Unbound);
        }
        Ok(answered + receipts)
    }

    /// After the loss of a connection: with keys, unanswered messages are sent again; without, their outcome
    /// stays unknown.
    fn take_back_unanswered(&mut self) {
        let unanswered = self.exchange.window.drain();
        if self.shared.limits.keyed {
            self.exchange.tally.resent += unanswered.len() as u64;
            self.source.put_back(unanswered.iter().map(|sent| sent.message));
        } else {
            for sent in unanswered {
                self.exchange.give_up(sent.sequence, &sent.message);
            }
        }
    }

    fn come_back(&mut self, loss: &Loss) -> Result<(), String> {
        let deadline = Instant::now() + self.shared.limits.reconnect_for;
        loop {
            let sequence = self.exchange.window.next_sequence();
            match bind::open(self.shared.limits.target, &self.bind.credentials, self.bind.mode, sequence) {
                Ok(connection) => {
                    self.connection = connection;
                    self.exchange.unbound = false;
                    self.exchange.tally.reconnects += 1;
                    return Ok(());
                }
                Err(BindError::Credentials) => return Err(loss.to_string()),
                Err(error) if Instant::now() >= deadline || self.shared.stop.load(Relaxed) => {
                    return Err(format!("{loss}; then {error}"));
                }
                Err(_) => thread::sleep(RECONNECT_PAUSE),
            }
        }
    }

    /// Gives up the messages to be sent again: their outcome stays unknown.
    fn give_up(&mut self) {
        for message in self.source.give_up() {
            self.exchange.give_up(0, &message);
        }
        if let Err(error) = self.exchange.lines.flush() {
            self.exchange.tally.failures.push(format!("the record: {error}"));
        }
    }

    /// Unbinds. Everything is answered, so that a server that does not answer this does no harm.
    fn unbind(&mut self) {
        let sequence = self.exchange.window.next_sequence();
        put_header_only(self.connection.outgoing(), CommandId::Unbind, 0, sequence);
        let deadline = Instant::now() + UNBIND_TIMEOUT;
        let mut answered = false;
        while !answered && Instant::now() < deadline {
            let io = (self.connection.write()).and_then(|()| self.connection.wait(UNBIND_TIMEOUT)).and_then(
                |()| self.connection.read(|frame, _| answered |= frame.header.sequence == sequence),
            );
            if io.is_err() {
                return;
            }
        }
    }
}
