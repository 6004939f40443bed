//! One connection: the shell around a [`ServerSession`].
//!
//! One task does everything, in one poll function: read what is there, work through all of it, let the
//! handler flush, take the handler's answers, write them in one go, and start over until nothing moves. So
//! one wake-up serves every message that is ready, and no channel and no lock lies between the socket and the
//! handler.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep, sleep_until, timeout};

use super::shared::{Phase, Shared};
use super::stats::{Gauge, Open};
use crate::handler::{Answer, BindHandler, BindOutcome, BindRequest, Delivery, SessionHandler};
use crate::places::Place;
use crate::session::{CloseReason, ServerSession, work_through};

/// Room for the input of a bound session, so that one read brings hundreds of messages.
const INPUT_LENGTH: usize = 64 * 1024;
/// Room that is made before each read.
const READ_LENGTH_MIN: usize = INPUT_LENGTH / 2;
/// Octets that are taken from a peer while its bind is looked at.
const READ_LENGTH_BINDING: usize = 16 * 1024;
/// Reads after which other sessions have their turn. What a read leaves behind is for the next turn; one that leaves nothing
/// is followed by another, which asks to be told of more.
const READS_PER_TURN: u32 = 4;
/// The most that one read takes while sessions with little traffic wait for others.
const READ_LENGTH_UNEVEN: usize = 8 * 1024;
/// The same for a peer that has not said who it is: enough for a bind, and not much to lose.
const READ_LENGTH_UNBOUND: usize = 2 * 1024;
/// For a session without a deadline: the timer has to be set to something.
const FAR_AWAY: Duration = Duration::from_hours(24);
/// The time that a peer gets to read the last answers and close its side.
const LINGER: Duration = Duration::from_secs(1);

type Binding<S> = Pin<Box<dyn Future<Output = BindOutcome<S>> + Send>>;

pub(super) struct Connection<H: BindHandler, S> {
    shared: Arc<Shared<H>>,
    stream: S,
    peer: IpAddr,
    /// Shared with a bind that is looked at.
    place: Arc<Place>,
    session: ServerSession,
    input: BytesMut,
    /// Something was written that the stream may hold back, as TLS does.
    stream_unflushed: bool,
    binding: Option<Binding<H::Session>>,
    handler: Option<H::Session>,
    bound: Option<Open>,
    /// Reads of the socket in this turn; one that took all it could counts for all.
    reads: u32,
    /// The handler has taken requests since it was last flushed.
    handler_unflushed: bool,
    answers: Vec<Answer>,
    deliveries: Vec<Delivery>,
    timer: Pin<Box<Sleep>>,
}

impl<H: BindHandler, S: AsyncRead + AsyncWrite + Unpin> Connection<H, S> {
    pub(super) fn new(shared: Arc<Shared<H>>, stream: S, peer: IpAddr, place: Arc<Place>) -> Self {
        let now = Instant::now();
        let session = ServerSession::new(shared.session.clone(), now);
        let first_deadline = session.next_deadline().unwrap_or(now + FAR_AWAY);
        Self {
            shared,
            stream,
            peer,
            place,
            session,
            input: BytesMut::new(),
            stream_unflushed: false,
            binding: None,
            handler: None,
            bound: None,
            reads: 0,
            handler_unflushed: false,
            answers: Vec::new(),
            deliveries: Vec::new(),
            timer: Box::pin(sleep_until(first_deadline.into())),
        }
    }

    /// Serves the peer until the session is over and its last octet is written.
    pub(super) async fn run(mut self, mut phase: watch::Receiver<Phase>) {
        let place = Arc::clone(&self.place);
        let mut sent_away = pin!(place.sent_away());
        let reason = loop {
            tokio::select! {
                biased;
                reason = poll_fn(|cx| self.poll(cx)) => break reason,
                () = &mut sent_away => break CloseReason::SentAway,
                changed = phase.changed() => {
                    let phase = changed.map_or(Phase::Stopped, |()| *phase.borrow_and_update());
                    self.follow(phase);
                }
            }
        };
        self.handler = None;
        self.bound = None;
        self.shared.stats.session_closed(reason);
        if !reason.is_abrupt() {
            tokio::select! {
                // Whether the peer still listens is its own affair.
                _ = timeout(LINGER, self.linger()) => {}
                _ = phase.wait_for(|phase| *phase == Phase::Stopped) => {}
            }
        }
    }

    /// Moves everything that can move, with a few reads of the socket. Ready once the session is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        self.reads = 0;
        loop {
            let now = Instant::now();
            let mut moved = self.poll_timer(cx, now);
            moved |= self.poll_binding(cx, now);
            moved |= self.poll_input(cx, now);
            moved |= self.poll_handler_flush(cx, now);
            moved |= self.poll_answers(cx, now);
            moved |= self.poll_deliveries(cx, now);
            moved |= self.poll_leave(cx, now);
            moved |= self.poll_output(cx, now);
            if self.handler.as_ref().is_some_and(SessionHandler::hangs_up) {
                self.session.stop();
            }
            self.tell_outcomes();
            if let Some(reason) = self.session.finished() {
                self.shared.stats.absorb(self.session.take_counts());
                return Poll::Ready(reason);
            }
            if !moved || self.reads >= READS_PER_TURN {
                self.shared.stats.absorb(self.session.take_counts());
                if moved {
                    // There may be more to read. Other sessions have their turn first.
                    cx.waker().wake_by_ref();
                }
                return Poll::Pending;
            }
        }
    }

    /// The timer is set to an earlier time at once, to a later one only when it fires: deadlines move away
    /// with every message, and a timer that fires in vain now and then costs less than one that is set anew
    /// each time.
    fn poll_timer(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let due = self.session.next_deadline().unwrap_or(now + FAR_AWAY);
        if due < self.timer.deadline().into_std() {
            self.timer.as_mut().reset(due.into());
        }
        let fired = self.timer.as_mut().poll(cx).is_ready();
        if fired {
            self.session.handle_tick(now);
            let due = self.session.next_deadline().unwrap_or(now + FAR_AWAY);
            self.timer.as_mut().reset(due.into());
        }
        fired
    }

    fn poll_binding(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let Some(binding) = &mut self.binding else {
            return false;
        };
        let Poll::Ready(outcome) = binding.as_mut().poll(cx) else {
            return false;
        };
        self.binding = None;
        match outcome {
            BindOutcome::Bound { session, window, delivery_window } => {
                if self.session.handle_bound(now, window, delivery_window) {
                    self.handler = Some(session);
                    self.place.known();
                    self.input.reserve(INPUT_LENGTH);
                    let mode = self.session.bound_as();
                    self.bound = mode.map(|mode| Open::new(&self.shared.stats, Gauge::Binds(mode)));
                }
            }
            BindOutcome::Refused { status, .. } => self.session.handle_bind_refused(now, status),
        }
        true
    }

    /// Works through what is there; only what is left of a frame then waits for the socket, so that the
    /// buffer never grows beyond one read and one frame.
    fn poll_input(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let worked = self.work(now);
        if !self.session.wants_input() {
            return self.poll_end_while_binding(cx, now) || worked;
        }
        self.input.reserve(if self.handler.is_some() { READ_LENGTH_MIN } else { READ_LENGTH_UNBOUND });
        let is_uneven = self.handler.as_ref().is_some_and(SessionHandler::is_uneven);
        let most = if is_uneven { READ_LENGTH_UNEVEN } else { usize::MAX };
        let room = (self.input.capacity() - self.input.len()).min(most);
        let mut input = (&mut self.input).limit(most);
        match pin!(self.stream.read_buf(&mut input)).poll(cx) {
            Poll::Pending => return worked,
            Poll::Ready(Ok(0)) => self.session.handle_end_of_stream(now),
            // TLS says so of a peer that closes without a close_notify, as many do.
            Poll::Ready(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                self.session.handle_end_of_stream(now);
            }
            Poll::Ready(Ok(count)) => {
                self.shared.stats.received_bytes.add(count as u64);
                self.reads += if count < room { 1 } else { READS_PER_TURN };
                if self.handler.is_none() {
                    self.place.heard();
                }
                self.work(now);
            }
            Poll::Ready(Err(_)) => self.session.handle_connection_lost(),
        }
        true
    }

    /// Looks whether the peer is still there while its bind is looked at, so that its turn and its place end with it.
    /// What it sends meanwhile is kept for later, as far as there is room.
    fn poll_end_while_binding(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        if self.binding.is_none() || self.input.len() >= READ_LENGTH_BINDING {
            return false;
        }
        self.input.reserve(READ_LENGTH_UNBOUND);
        match pin!(self.stream.read_buf(&mut self.input)).poll(cx) {
            Poll::Pending => return false,
            Poll::Ready(Ok(0)) => self.session.handle_end_of_stream(now),
            Poll::Ready(Ok(count)) => self.shared.stats.received_bytes.add(count as u64),
            Poll::Ready(Err(_)) => self.session.handle_connection_lost(),
        }
        true
    }

    fn work(&mut self, now: Instant) -> bool {
        if self.input.is_empty() || !self.session.wants_input() {
            return false;
        }
        let before = self.input.len();
        let at = self.shared.handler.now();
        let bind = work_through(&mut self.session, self.handler.as_mut(), &mut self.input, now, at);
        if let Some(request) = bind {
            let place = Arc::clone(&self.place);
            self.binding = Some(Box::pin(admit(self.shared.clone(), request, self.peer, place)));
        }
        let worked = self.input.len() < before;
        self.handler_unflushed |= worked && self.handler.is_some();
        worked
    }

    fn poll_handler_flush(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let Some(handler) = self.handler.as_mut().filter(|_| self.handler_unflushed) else {
            return false;
        };
        let flushed = handler.poll_flush(cx).is_ready();
        self.handler_unflushed = !flushed;
        self.session.handle_handler_full(now, !flushed);
        flushed
    }

    fn poll_answers(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let Some(handler) = self.handler.as_mut().filter(|_| self.session.wants_answers()) else {
            return false;
        };
        let answered = handler.poll_answers(cx, &mut self.answers).is_ready();
        if answered {
            self.session.handle_answers(now, &mut self.answers);
        }
        answered
    }

    fn poll_deliveries(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let room = self.session.delivery_room();
        let Some(handler) = self.handler.as_mut().filter(|_| room > 0) else {
            return false;
        };
        if handler.poll_deliveries(cx, room, &mut self.deliveries).is_pending() {
            return false;
        }
        self.session.handle_deliveries(now, &mut self.deliveries);
        true
    }

    fn poll_leave(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let leaves = self.handler.as_mut().is_some_and(|handler| handler.poll_leave(cx).is_ready());
        leaves && self.session.disconnect(now)
    }

    /// Hands the handler what became of its deliveries.
    fn tell_outcomes(&mut self) {
        if let Some(handler) = self.handler.as_mut().filter(|_| self.session.has_outcomes()) {
            for (token, outcome) in self.session.take_outcomes() {
                handler.delivered(token, outcome);
            }
            handler.flush_delivered();
        }
    }

    fn poll_output(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let mut moved = false;
        if !self.session.output().is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, self.session.output()) {
                Poll::Pending => self.session.handle_written(now, 0),
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.session.handle_written(now, count);
                    self.shared.stats.sent_bytes.add(count as u64);
                    self.stream_unflushed = true;
                    moved = true;
                }
                Poll::Ready(_) => self.session.handle_connection_lost(),
            }
        }
        if self.stream_unflushed && self.session.output().is_empty() {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.stream_unflushed = false,
                Poll::Ready(Err(_)) => self.session.handle_connection_lost(),
            }
        }
        moved
    }

    fn follow(&mut self, phase: Phase) {
        match phase {
            Phase::Serving => {}
            Phase::Draining => {
                self.session.drain(Instant::now());
                self.binding = None;
            }
            Phase::Stopped => self.session.stop(),
        }
    }

    /// Closes our side, then reads until the peer closes its own: closing with unread input would reset the
    /// connection and take answers away that the peer has not read yet.
    async fn linger(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        loop {
            self.input.clear();
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(());
            }
        }
    }
}

/// Asks the handler about a bind, and delays the answer after wrong passwords.
async fn admit<H: BindHandler>(
    shared: Arc<Shared<H>>,
    request: BindRequest,
    peer: IpAddr,
    place: Arc<Place>,
) -> BindOutcome<H::Session> {
    let system_id = request.system_id.clone();
    place.asks();
    let outcome = shared.handler.bind(request, peer).await;
    if matches!(outcome, BindOutcome::Refused { .. }) {
        // A stranger like any other, also while its answer waits.
        place.heard();
    }
    match &outcome {
        BindOutcome::Bound { .. } => shared.penalties().success(&system_id),
        BindOutcome::Refused { slow_down: false, .. } => {}
        BindOutcome::Refused { slow_down: true, .. } => {
            let delay = shared.penalties().failure(Instant::now(), peer, &system_id);
            sleep(delay).await;
        }
    }
    outcome
}
