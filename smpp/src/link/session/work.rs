//! Takes a session through a buffer of input: the loop around every response and receipt.

use std::time::Instant;

use bytes::{Buf, BytesMut};

use super::LinkSession;
use crate::frame::Frames;
use crate::link::LinkHandler;

/// Feeds the complete frames of `input` to the session, and what they say to the handler, until the session
/// wants no more or only a part of a frame is left. What was used is gone from `input` afterwards.
pub fn work_through(
    session: &mut LinkSession,
    handler: &mut impl LinkHandler,
    input: &mut BytesMut,
    now: Instant,
) {
    let mut frames = Frames::new(input, session.config.pdu_length_max);
    while session.wants_input() {
        match frames.next() {
            None => break,
            Some(Err(broken)) => session.handle_broken_frame(broken),
            Some(Ok(frame)) => session.handle_frame(now, frame, handler),
        }
    }
    let used = frames.consumed();
    input.advance(used);
    session.handle_input_end(now, used > 0, !input.is_empty());
    if used > 0 && session.was_bound {
        handler.flush();
    }
}

impl LinkSession {
    /// The frames in the input are used up, or are not wanted now.
    fn handle_input_end(&mut self, now: Instant, another: bool, left: bool) {
        self.timers.partial(now, left && self.wants_input(), another);
        self.go_on_when_answered(now);
        self.review_input(now);
    }
}
