//! Gateways that submit in bursts and record what became of every message, also when the daemon dies under them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, ScopedJoinHandle};

use super::smpp::{
    Connection, ENQUIRE_LINK, ESME_ROK, Login, Message, Pdu, RESPONSE, SUBMIT_SM, TLV_IDEMPOTENCY_KEY, UNBIND,
};

/// The record of one message at a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub account: &'static str,
    /// Unique among all messages of a test: what the message is recognised by in the books.
    pub destination: String,
    pub key: Option<String>,
    pub answer: Answer,
}

/// The answer of the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing, until the connection ended.
    None,
    /// `ESME_ROK`, with the `message_id`.
    Accepted(String),
    /// Answered with another `command_status`.
    Refused(u32),
}

/// The end of a gateway's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The gateway was told to stop, and every message was answered.
    Stopped,
    /// The daemon unbound, and then closed the connection.
    Unbound,
    /// The connection broke.
    Lost,
}

/// Gives every message of a test a number of its own.
#[derive(Default)]
pub struct Numbers(AtomicU64);

impl Numbers {
    /// A number inside Safaricom's prefixes, 254 700 to 254 709.
    pub fn valid(&self) -> String {
        format!("25470{:07}", self.0.fetch_add(1, Ordering::Relaxed))
    }

    /// A number below +210, which is no country.
    pub fn unknown(&self) -> String {
        format!("21000{:07}", self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// State that all gateways of a test share.
#[derive(Default)]
pub struct Control {
    pub numbers: Numbers,
    /// Ends every gateway after the burst it is at.
    stop: AtomicBool,
    /// Gateways that have bound.
    bound: AtomicU64,
    /// Messages answered with `ESME_ROK`.
    accepted: AtomicU64,
    /// Messages answered otherwise.
    refused: AtomicU64,
}

/// One bind of an account.
#[derive(Clone, Copy)]
pub struct Gateway {
    pub login: Login,
    /// Messages sent before the first answer is awaited; at most the bind's window.
    pub burst: usize,
}

/// The record of one gateway from bind to end.
pub struct Session {
    pub records: Vec<Record>,
    pub end: End,
}

impl Gateway {
    /// Runs in a thread of its own until stopped or cut off.
    pub fn spawn<'scope>(
        self,
        scope: &'scope thread::Scope<'scope, '_>,
        address: SocketAddr,
        control: &'scope Control,
    ) -> ScopedJoinHandle<'scope, Session> {
        scope.spawn(move || self.run(address, control))
    }

    fn run(self, address: SocketAddr, control: &Control) -> Session {
        let mut records = Vec::new();
        let Ok(mut connection) = Connection::try_bound(address, self.login) else {
            return Session { records, end: End::Lost };
        };
        control.bound.fetch_add(1, Ordering::Relaxed);
        while !control.stop.load(Ordering::Relaxed) {
            let first = records.len();
            records.extend((0..self.burst).map(|at| self.record(at, &control.numbers)));
            if let Some(end) = exchange(&mut connection, &mut records[first..], control) {
                return Session { records, end };
            }
        }
        Session { records, end: End::Stopped }
    }

    /// One message in eight goes to no country at all, and one in four carries an idempotency key.
    fn record(self, at: usize, numbers: &Numbers) -> Record {
        let destination = if at % 8 == 7 { numbers.unknown() } else { numbers.valid() };
        let key = (at % 4 == 1).then(|| format!("key-{destination}"));
        Record { account: self.login.system_id, destination, key, answer: Answer::None }
    }
}

/// Submits once more what has a key and was never answered; afterwards all of it is answered.
pub fn resend(address: SocketAddr, login: Login, records: &mut [Record]) {
    let mut connection = Connection::bound(address, login);
    for record in records {
        let lost = record.answer == Answer::None && record.key.is_some() && record.account == login.system_id;
        if lost {
            record.answer = Answer::of(&connection.submit(&message(record)));
        }
    }
}

fn message(record: &Record) -> Message {
    let message = Message::to(&record.destination);
    match &record.key {
        Some(key) => message.tlv(TLV_IDEMPOTENCY_KEY, key),
        None => message,
    }
}

/// Sends a burst in one write and records the answers. Says how the session ended, when it did.
fn exchange(connection: &mut Connection, burst: &mut [Record], control: &Control) -> Option<End> {
    let sequences: Vec<u32> = burst.iter().map(|_| connection.next_sequence()).collect();
    let bytes: Vec<u8> = burst
        .iter()
        .zip(&sequences)
        .flat_map(|(record, sequence)| message(record).submit(*sequence).encode())
        .collect();
    if connection.send(&bytes).is_err() {
        return Some(End::Lost);
    }
    let mut unbound = false;
    let mut unanswered = burst.len();
    while unanswered > 0 || unbound {
        let Ok(Some(pdu)) = connection.receive() else {
            return Some(if unbound { End::Unbound } else { End::Lost });
        };
        match pdu.command {
            UNBIND | ENQUIRE_LINK => {
                unbound |= pdu.command == UNBIND;
                // The daemon may be gone before it reads this, which the next read shows.
                let _ = connection.send(&pdu.response().encode());
            }
            command => {
                assert_eq!(command, SUBMIT_SM | RESPONSE, "nothing else was asked for");
                let at = sequences.binary_search(&pdu.sequence).expect("an answer to this burst");
                assert_eq!(burst[at].answer, Answer::None, "{:?} is answered once", burst[at]);
                burst[at].answer = Answer::of(&pdu);
                control.count(&burst[at].answer);
                unanswered -= 1;
            }
        }
    }
    None
}

/// Stops all gateways when dropped, also by a panic: a scope waits for their threads.
pub struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Control {
    /// Lets the gateways run for as long as what this gives lives.
    pub fn running(&self) -> StopOnDrop<'_> {
        self.stop.store(false, Ordering::Relaxed);
        StopOnDrop(&self.stop)
    }

    /// Gateways that have bound until now.
    pub fn bound(&self) -> u64 {
        self.bound.load(Ordering::Relaxed)
    }

    /// Messages answered with `ESME_ROK` until now.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Messages answered until now.
    pub fn answered(&self) -> u64 {
        self.accepted() + self.refused.load(Ordering::Relaxed)
    }

    fn count(&self, answer: &Answer) {
        match answer {
            Answer::Accepted(_) => self.accepted.fetch_add(1, Ordering::Relaxed),
            Answer::Refused(_) => self.refused.fetch_add(1, Ordering::Relaxed),
            Answer::None => 0,
        };
    }
}

impl Answer {
    /// The answer that a `submit_sm_resp` gives.
    pub fn of(response: &Pdu) -> Self {
        match response.status {
            ESME_ROK => Self::Accepted(response.message_id()),
            status => Self::Refused(status),
        }
    }
}
