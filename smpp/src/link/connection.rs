//! One connection to an operator: the shell around a [`LinkSession`].
//!
//! One task does everything, in one poll function: read what is there, work through all of it, take the
//! handler's acknowledgements and messages, write them in one go, and start over until nothing moves.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep_until, timeout};

use super::config::LinkConfig;
use super::down::LinkDown;
use super::handler::LinkHandler;
use super::messages::DeliverAck;
use super::session::{LinkSession, work_through};
use super::shared::{Phase, Shared};

/// Room for input, so that one read brings hundreds of responses.
const INPUT_LENGTH: usize = 64 * 1024;
/// Room that is made before each read.
const READ_LENGTH_MIN: usize = INPUT_LENGTH / 2;
/// For a session without a deadline: the timer has to be set to something.
const FAR_AWAY: Duration = Duration::from_hours(24);
/// The time for the last octets to be written, and for the operator to close its side.
const LINGER: Duration = Duration::from_millis(500);

pub(super) struct Connection<'a, H, S> {
    handler: &'a mut H,
    shared: &'a Shared,
    stream: S,
    session: LinkSession,
    input: BytesMut,
    acks: Vec<DeliverAck>,
    /// Something was written that the stream may hold back, as TLS does.
    stream_unflushed: bool,
    /// Nothing can be written any more; what the operator sent before is still to be read.
    write_failed: Option<ErrorKind>,
    bound_at: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

/// The result of a connection.
pub(super) struct Ended {
    /// The time for which it was bound, if it was.
    pub(super) bound_for: Option<Duration>,
    /// The value of [`LinkSession::delivers_before`], for the next connection.
    pub(super) delivers_before: u32,
}

impl<'a, H: LinkHandler, S: AsyncRead + AsyncWrite + Unpin> Connection<'a, H, S> {
    pub(super) fn new(
        config: Arc<LinkConfig>,
        handler: &'a mut H,
        shared: &'a Shared,
        stream: S,
        delivers_before: u32,
    ) -> Self {
        let now = Instant::now();
        Self {
            handler,
            shared,
            stream,
            session: LinkSession::new(config, now, delivers_before),
            input: BytesMut::with_capacity(INPUT_LENGTH),
            acks: Vec::new(),
            stream_unflushed: false,
            write_failed: None,
            bound_at: None,
            timer: Box::pin(sleep_until((now + FAR_AWAY).into())),
        }
    }

    /// Serves the link until it is down, and tells the handler.
    pub(super) async fn run(mut self, phase: &mut watch::Receiver<Phase>) -> Ended {
        let first = *phase.borrow_and_update();
        self.follow(first);
        let reason = loop {
            tokio::select! {
                biased;
                reason = poll_fn(|cx| self.poll(cx)) => break reason,
                changed = phase.changed() => {
                    let phase = changed.map_or(Phase::Stopped, |()| *phase.borrow_and_update());
                    self.follow(phase);
                }
            }
        };
        let mut unanswered = Vec::new();
        self.session.take_unanswered(&mut unanswered);
        self.shared.report(&mut self.session);
        let bound_for = self.bound_at.map(|since| since.elapsed());
        if self.session.was_bound() {
            self.handler.unbound(&reason, &mut unanswered);
        } else {
            self.handler.failed(&reason);
        }
        if !reason.is_abrupt() && self.write_failed.is_none() {
            // Whether the operator still listens is its own affair.
            let _ = timeout(LINGER, self.send_last_octets()).await;
        }
        Ended { bound_for, delivers_before: self.session.delivers_before() }
    }

    /// Moves everything that can move. Ready once the link is down.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<LinkDown> {
        loop {
            let now = Instant::now();
            let mut moved = self.poll_timer(cx, now);
            moved |= self.poll_input(cx, now);
            moved |= self.poll_acks(cx, now);
            moved |= self.poll_submit(cx, now);
            moved |= self.poll_output(cx, now);
            if self.bound_at.is_none() && self.session.was_bound() {
                self.bound_at = Some(now);
            }
            if let Some(reason) = self.session.finished() {
                return Poll::Ready(reason.clone());
            }
            if !moved {
                self.shared.report(&mut self.session);
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
            self.session.handle_tick(now, self.handler);
            let due = self.session.next_deadline().unwrap_or(now + FAR_AWAY);
            self.timer.as_mut().reset(due.into());
        }
        fired
    }

    /// Works through what is there; only what is left of a frame then waits for the socket, so that the
    /// buffer never grows beyond one read and one frame.
    fn poll_input(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let worked = self.work(now);
        if !self.session.wants_input() {
            return self.give_up_if_write_failed() || worked;
        }
        self.input.reserve(READ_LENGTH_MIN);
        match pin!(self.stream.read_buf(&mut self.input)).poll(cx) {
            Poll::Pending => return self.give_up_if_write_failed() || worked,
            Poll::Ready(Ok(0)) => self.session.handle_end_of_stream(),
            // TLS says so of a peer that closes without a close_notify, as many do.
            Poll::Ready(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                self.session.handle_end_of_stream();
            }
            Poll::Ready(Ok(_)) => {
                self.work(now);
            }
            Poll::Ready(Err(error)) => self.session.handle_connection_lost(error.kind()),
        }
        true
    }

    fn work(&mut self, now: Instant) -> bool {
        if self.input.is_empty() || !self.session.wants_input() {
            return false;
        }
        let before = self.input.len();
        work_through(&mut self.session, self.handler, &mut self.input, now);
        self.input.len() < before
    }

    /// Once nothing can be written and nothing more is there to be read.
    fn give_up_if_write_failed(&mut self) -> bool {
        if let Some(kind) = self.write_failed {
            self.session.handle_connection_lost(kind);
        }
        self.write_failed.is_some()
    }

    fn poll_acks(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        if !self.session.wants_acks() || self.write_failed.is_some() {
            return false;
        }
        // Some may have been moved even where the handler says Pending.
        let ready = self.handler.poll_acks(cx, &mut self.acks).is_ready() && !self.acks.is_empty();
        self.session.handle_acks(now, &mut self.acks);
        ready
    }

    fn poll_submit(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        if self.session.room() == 0 || self.write_failed.is_some() {
            return false;
        }
        let before = self.session.in_flight();
        let ready = self.handler.poll_submit(cx, &mut self.session.sink(now)).is_ready();
        ready && self.session.in_flight() > before
    }

    fn poll_output(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        if self.write_failed.is_some() {
            return false;
        }
        let mut moved = false;
        if !self.session.output().is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, self.session.output()) {
                Poll::Pending => self.session.handle_written(now, 0),
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.session.handle_written(now, count);
                    self.stream_unflushed = true;
                    moved = true;
                }
                Poll::Ready(result) => {
                    self.write_failed =
                        Some(result.map_or_else(|error| error.kind(), |_| ErrorKind::WriteZero));
                    return true;
                }
            }
        }
        if self.stream_unflushed && self.session.output().is_empty() {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.stream_unflushed = false,
                Poll::Ready(Err(error)) => {
                    self.write_failed = Some(error.kind());
                    return true;
                }
            }
        }
        moved
    }

    fn follow(&mut self, phase: Phase) {
        match phase {
            Phase::Running => {}
            Phase::Draining { until } => self.session.drain(Instant::now(), until),
            Phase::Stopped => self.session.stop(),
        }
    }

    /// Writes what is left, closes our side, then reads until the operator closes its own: closing with
    /// unread input would reset the connection and lose the last octets.
    async fn send_last_octets(&mut self) -> io::Result<()> {
        self.stream.write_all(self.session.output()).await?;
        self.stream.shutdown().await?;
        loop {
            self.input.clear();
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(());
            }
        }
    }
}
