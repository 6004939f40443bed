//! Two ends and a clock of our own: a session on one side, a peer's bytes on the other, no sockets
//! and no waiting.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rusmpp::{Command, CommandId};
use tollgate_smpp::session::{CloseReason, ServerSession, SessionConfig, SessionCounts, work_through};
use tollgate_smpp::{BindOutcome, BindRequest, SessionHandler};

use super::peer;
use super::toy_bind_handler::{ToyBindHandler, ToySession};

/// A time of day for the handler; nothing here hangs on it.
const NOON_MICROS: u64 = 1_800_000_000_000_000;

pub struct Pair {
    pub session: ServerSession,
    pub toy: ToyBindHandler,
    /// While set, the handler does not decide about binds; [`Pair::decide_bind`] makes it.
    pub hold_bind: bool,
    /// Octets that the peer takes of the output; `None` for all.
    pub reads: Option<usize>,
    counts: Vec<SessionCounts>,
    handler: Option<ToySession>,
    bind: Option<BindRequest>,
    now: Instant,
    input: BytesMut,
    received: Vec<u8>,
    finished: Option<CloseReason>,
}

impl Pair {
    pub fn new(toy: ToyBindHandler) -> Self {
        Self::with_config(toy, SessionConfig::default())
    }

    pub fn with_config(toy: ToyBindHandler, config: SessionConfig) -> Self {
        let now = Instant::now();
        Self {
            session: ServerSession::new(Arc::new(config), now),
            toy,
            counts: Vec::new(),
            hold_bind: false,
            reads: None,
            handler: None,
            bind: None,
            now,
            input: BytesMut::new(),
            received: Vec::new(),
            finished: None,
        }
    }

    /// Bound as a transceiver of SMPP 3.4, with what the bind sent taken.
    pub fn bound() -> Self {
        Self::bound_to(ToyBindHandler::default())
    }

    pub fn bound_to(toy: ToyBindHandler) -> Self {
        let mut pair = Self::new(toy);
        let answers = pair.send(&peer::bind(1));
        assert_eq!(peer::headers(&answers), [(CommandId::BindTransceiverResp, 0, 1)]);
        pair
    }

    /// The peer sends; what it gets back at once is returned.
    pub fn send(&mut self, bytes: &[u8]) -> Vec<Command> {
        self.input.extend_from_slice(bytes);
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
            self.session.handle_tick(self.now);
            commands.extend(self.drive());
        }
        panic!("something is due again and again");
    }

    /// The same, with the octets as they came.
    pub fn send_raw(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.input.extend_from_slice(bytes);
        self.come_to_rest();
        std::mem::take(&mut self.received)
    }

    /// Everything that can move, moves.
    pub fn drive(&mut self) -> Vec<Command> {
        self.come_to_rest();
        peer::cut(&mut self.received)
    }

    fn come_to_rest(&mut self) {
        let cx = &mut Context::from_waker(Waker::noop());
        for _ in 0..10_000 {
            let before = self.progress();
            if self.session.wants_input() {
                let handler = self.handler.as_mut();
                let bind = work_through(&mut self.session, handler, &mut self.input, self.now, NOON_MICROS);
                self.bind = self.bind.take().or(bind);
            }
            if !self.hold_bind {
                self.decide_bind();
            }
            if let Some(handler) = &mut self.handler {
                let full = handler.poll_flush(cx).is_pending();
                self.session.handle_handler_full(self.now, full);
                let mut answers = Vec::new();
                if self.session.wants_answers() && handler.poll_answers(cx, &mut answers).is_ready() {
                    self.session.handle_answers(self.now, &mut answers);
                }
                let (room, mut deliveries) = (self.session.delivery_room(), Vec::new());
                if room > 0 && handler.poll_deliveries(cx, room, &mut deliveries).is_ready() {
                    self.session.handle_deliveries(self.now, &mut deliveries);
                }
            }
            self.write();
            if let Some(handler) = &mut self.handler {
                self.session.take_outcomes().for_each(|(token, outcome)| handler.delivered(token, outcome));
            }
            if self.progress() == before {
                return;
            }
        }
        panic!("the session never comes to rest");
    }

    /// The handler decides about the bind that waits, if one does.
    pub fn decide_bind(&mut self) {
        let Some(request) = self.bind.take() else { return };
        match self.toy.decide(&request) {
            BindOutcome::Bound { session, window, delivery_window } => {
                if self.session.handle_bound(self.now, window, delivery_window) {
                    self.handler = Some(session);
                }
            }
            BindOutcome::Refused { status, .. } => self.session.handle_bind_refused(self.now, status),
        }
    }

    pub fn drain(&mut self) -> Vec<Command> {
        self.session.drain(self.now);
        self.drive()
    }

    /// The peer closes its side.
    pub fn end(&mut self) -> Vec<Command> {
        self.session.handle_end_of_stream(self.now);
        self.drive()
    }

    pub fn finished(&self) -> Option<CloseReason> {
        self.finished
    }

    /// The number of octets that the peer sent and the session has not taken.
    pub fn unread(&self) -> usize {
        self.input.len()
    }

    /// The peer, which otherwise takes nothing, takes one octet.
    pub fn take_one_octet(&mut self) {
        self.reads = Some(1);
        self.write();
        self.reads = Some(0);
    }

    /// The sum of a count since the beginning.
    pub fn counted(&self, of: impl Fn(&SessionCounts) -> u64) -> u64 {
        self.counts.iter().map(of).sum()
    }

    /// The session still works: it answers an enquire_link.
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
        self.finished = self.session.finished();
        self.counts.push(self.session.take_counts());
    }

    fn progress(&self) -> (usize, usize, usize, u32, bool) {
        let (input, output) = (self.input.len(), self.session.output().len());
        (input, output, self.received.len(), self.session.in_flight(), self.session.wants_input())
    }
}
