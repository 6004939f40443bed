//! Takes a session through a buffer of input: the loop around every message.

use std::time::Instant;

use bytes::{Buf, BytesMut};

use super::{Action, ServerSession};
use crate::frame::Frames;
use crate::handler::{BindRequest, RequestOutcome, SessionHandler};

/// Feeds the complete frames of `input` to the session, and the requests among them to the handler, until the
/// session wants no more or only a part of a frame is left. What was used is gone from `input` afterwards.
///
/// `now_micros` is the time of day that the handler gets, in microseconds since 1970. Returns a bind for the
/// handler to look at; until [`ServerSession::handle_bound`] or [`ServerSession::handle_bind_refused`] the
/// session wants no input.
pub fn work_through<S: SessionHandler>(
    session: &mut ServerSession,
    mut handler: Option<&mut S>,
    input: &mut BytesMut,
    now: Instant,
    now_micros: u64,
) -> Option<BindRequest> {
    let mut bind = None;
    let mut frames = Frames::new(input, session.config.pdu_length_max);
    while session.wants_input() {
        match frames.next() {
            None => break,
            Some(Err(broken)) => session.handle_broken_frame(now, broken),
            Some(Ok(frame)) => match session.handle_frame(now, frame) {
                Action::Nothing => {}
                Action::Bind(request) => bind = Some(request),
                Action::Submit(submit) => {
                    let outcome = handler.as_deref_mut().map(|handler| handler.submit(now_micros, &submit));
                    session.handle_outcome(
                        submit.kind.command(),
                        submit.sequence,
                        outcome.unwrap_or(NO_HANDLER),
                    );
                }
                Action::Manage { command, sequence, request } => {
                    let outcome =
                        handler.as_deref_mut().map(|handler| request.ask(handler, now_micros, sequence));
                    session.handle_outcome(command, sequence, outcome.unwrap_or(NO_HANDLER));
                }
            },
        }
    }
    let used = frames.consumed();
    input.advance(used);
    session.handle_input_end(now, used > 0, !input.is_empty());
    bind
}

/// ESME_RSYSERR, for a session that is bound while its handler is missing.
const NO_HANDLER: RequestOutcome = RequestOutcome::Refused(0x08);

impl ServerSession {
    /// The frames in the input are used up, or are not wanted now.
    fn handle_input_end(&mut self, now: Instant, another: bool, left: bool) {
        self.timers.partial(now, left && self.wants_input(), another);
        self.review_input(now);
    }
}
