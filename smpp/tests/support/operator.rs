//! An operator's side of the wire for a [`LinkSession`] without sockets and with a clock of its own. The
//! operator is raw octets, or the real server session.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rusmpp::encode::{Length, owned::Encode};
use rusmpp::pdus::{BindTransceiverResp, DeliverSm, SubmitSmResp};
use rusmpp::types::OctetString;
use rusmpp::values::{EsmClass, InterfaceVersion};
use rusmpp::{Command, CommandId, Pdu};
use tollgate_smpp::link::session::{LinkCounts, LinkSession, work_through};
use tollgate_smpp::link::{LinkConfig, LinkDown, LinkHandler};

use super::pair::Pair;
use super::peer::{self, PASSWORD, SYSTEM_ID, text};
use super::toy_link_handler::ToyLinkHandler;

/// A link's session and its handler, seen from the operator.
pub struct Operator {
    pub session: LinkSession,
    pub handler: ToyLinkHandler,
    /// Octets that the operator takes of the output; `None` for all.
    pub reads: Option<usize>,
    now: Instant,
    input: BytesMut,
    received: Vec<u8>,
    finished: Option<LinkDown>,
    counts: Vec<LinkCounts>,
}

/// Credentials that the toy handler takes.
pub fn config() -> LinkConfig {
    LinkConfig { system_id: SYSTEM_ID.to_owned(), password: PASSWORD.to_owned(), ..LinkConfig::default() }
}

pub fn bind_resp(sequence: u32) -> Vec<u8> {
    let resp = BindTransceiverResp::new(text("operator"), Some(InterfaceVersion::Smpp3_4));
    peer::request(sequence, resp)
}

pub fn submit_resp(sequence: u32, id: &str) -> Vec<u8> {
    peer::request(sequence, SubmitSmResp::new(text(id), Vec::new()))
}

pub fn deliver_sm(sequence: u32, esm_class: u8, message: &str) -> Vec<u8> {
    let deliver = DeliverSm::builder()
        .source_addr(text("491701234567"))
        .destination_addr(text("Bank"))
        .esm_class(EsmClass::from(esm_class))
        .short_message(OctetString::from_slice(message.as_bytes()).unwrap())
        .build();
    peer::request(sequence, deliver)
}

/// The octets of PDUs that were read before.
pub fn octets(commands: &[Command]) -> Vec<u8> {
    let mut out = BytesMut::new();
    for command in commands {
        out.reserve(4 + command.length());
        bytes::BufMut::put_u32(&mut out, u32::try_from(4 + command.length()).unwrap());
        command.encode(&mut out);
    }
    out.to_vec()
}

impl Operator {
    /// A link that has just connected to it.
    pub fn new(config: LinkConfig) -> Self {
        let now = Instant::now();
        Self {
            session: LinkSession::new(Arc::new(config), now, 0),
            handler: ToyLinkHandler::default(),
            reads: None,
            now,
            input: BytesMut::new(),
            received: Vec::new(),
            finished: None,
            counts: Vec::new(),
        }
    }

    /// A link that is bound as a transceiver, with nothing told yet.
    pub fn bound() -> Self {
        Self::bound_with(config())
    }

    pub fn bound_with(config: LinkConfig) -> Self {
        let mut operator = Self::new(config);
        assert_eq!(peer::headers(&operator.drive()), [(CommandId::BindTransceiver, 0, 1)]);
        operator.send(&bind_resp(1));
        operator.handler.take_events();
        operator
    }

    /// The operator sends; what it gets back at once is returned.
    pub fn send(&mut self, octets: &[u8]) -> Vec<Command> {
        self.input.extend_from_slice(octets);
        self.drive()
    }

    /// Messages with these tokens are queued; what the operator gets of them is returned.
    pub fn submit(&mut self, tokens: impl IntoIterator<Item = u64>) -> Vec<Command> {
        self.handler.send(tokens);
        self.drive()
    }

    /// Time passes: everything that becomes due is done, in order and at its own time.
    pub fn pass(&mut self, seconds: u64) -> Vec<Command> {
        let until = self.now + Duration::from_secs(seconds);
        let mut commands = Vec::new();
        for _ in 0..1000 {
            let due = self.session.next_deadline().filter(|due| *due <= until && self.finished.is_none());
            let Some(due) = due else {
                self.now = until;
                return commands;
            };
            self.now = due.max(self.now);
            self.session.handle_tick(self.now, &mut self.handler);
            commands.extend(self.drive());
        }
        panic!("something is due again and again");
    }

    /// The operator closes the connection.
    pub fn end(&mut self) {
        self.session.handle_end_of_stream();
        self.drive();
    }

    /// The link is to end within so many seconds.
    pub fn drain(&mut self, seconds: u64) -> Vec<Command> {
        self.session.drain(self.now, self.now + Duration::from_secs(seconds));
        self.drive()
    }

    /// Everything that can move, moves, as the shell has it.
    pub fn drive(&mut self) -> Vec<Command> {
        let cx = &mut Context::from_waker(Waker::noop());
        for _ in 0..10_000 {
            let before = self.progress();
            if self.session.wants_input() {
                work_through(&mut self.session, &mut self.handler, &mut self.input, self.now);
            }
            let mut acks = Vec::new();
            if self.session.wants_acks() && self.handler.poll_acks(cx, &mut acks).is_ready() {
                self.session.handle_acks(self.now, &mut acks);
            }
            if self.session.room() > 0 {
                let _ = self.handler.poll_submit(cx, &mut self.session.sink(self.now));
            }
            self.write();
            if self.progress() == before {
                self.finish();
                return peer::cut(&mut self.received);
            }
        }
        panic!("the session never comes to rest");
    }

    /// The link's next connection to it, bound; with the same handler.
    pub fn reconnected(mut self) -> Self {
        self.end();
        let config = Arc::new(config());
        let mut next = Self::bound();
        next.session = LinkSession::new(config, next.now, self.session.delivers_before());
        next.handler = self.handler;
        next.drive();
        next.send(&bind_resp(1));
        next
    }

    pub fn finished(&self) -> Option<LinkDown> {
        self.finished.clone()
    }

    pub fn counted(&self, of: impl Fn(&LinkCounts) -> u64) -> u64 {
        self.counts.iter().map(of).sum()
    }

    /// The link still works: it answers an enquire_link.
    pub fn assert_alive(&mut self) {
        let answers = self.send(&peer::enquire_link(0x7777));
        assert_eq!(peer::headers(&answers), [(CommandId::EnquireLinkResp, 0, 0x7777)]);
    }

    fn write(&mut self) {
        let output = self.session.output();
        if !output.is_empty() {
            let count = self.reads.unwrap_or(output.len()).min(output.len());
            self.received.extend_from_slice(&output[..count]);
            self.session.handle_written(self.now, count);
        }
        self.counts.push(self.session.take_counts());
    }

    /// Tells the handler once that the link is down.
    fn finish(&mut self) {
        let reason = self.session.finished().filter(|_| self.finished.is_none()).cloned();
        let Some(reason) = reason else { return };
        let mut unanswered = Vec::new();
        self.session.take_unanswered(&mut unanswered);
        if self.session.was_bound() {
            self.handler.unbound(&reason, &mut unanswered);
        } else {
            assert_eq!(unanswered, []);
            self.handler.failed(&reason);
        }
        self.finished = Some(reason);
    }

    fn progress(&self) -> (usize, usize, usize, u32, bool, bool) {
        let session = &self.session;
        let lengths = (self.input.len(), session.output().len(), self.received.len());
        let flags = (session.wants_input(), session.wants_acks());
        (lengths.0, lengths.1, lengths.2, session.in_flight(), flags.0, flags.1)
    }
}

/// Lets a link and a real server session talk until neither has anything to say.
pub fn converse(link: &mut Operator, server: &mut Pair) {
    let (to_server, to_link) = (link.drive(), server.drive());
    exchange(link, server, to_server, to_link);
}

/// Time for both, second by second.
pub fn pass_both(link: &mut Operator, server: &mut Pair, seconds: u64) {
    for _ in 0..seconds {
        let (to_server, to_link) = (link.pass(1), server.pass(1));
        exchange(link, server, to_server, to_link);
    }
}

fn exchange(link: &mut Operator, server: &mut Pair, mut to_server: Vec<Command>, mut to_link: Vec<Command>) {
    for _ in 0..10_000 {
        if to_server.is_empty() && to_link.is_empty() {
            return;
        }
        let from_link = link.send(&octets(&to_link));
        to_link = server.send(&octets(&to_server));
        to_server = from_link;
    }
    panic!("they never come to rest");
}

/// The `Pdu` of a command, for tests that look into one.
pub fn pdu(command: &Command) -> &Pdu {
    command.pdu().expect("it has a body")
}
