//! The messages that one bind is still to send.

use std::collections::VecDeque;
use std::time::Duration;

use super::pace::Pace;
use super::traffic::{Message, MessageStream};

/// The messages of one bind.
pub struct Source {
    stream: MessageStream,
    pace: Pace,
    /// Messages that may still be drawn from the stream.
    left: u64,
    /// Messages of a lost connection, which go first.
    resend: VecDeque<Message>,
}

impl Source {
    /// At most `messages` of `stream`; `None` for no end of them.
    pub fn new(stream: MessageStream, pace: Pace, messages: Option<u64>) -> Self {
        Self { stream, pace, left: messages.unwrap_or(u64::MAX), resend: VecDeque::new() }
    }

    /// The next message, when the run has lasted for `elapsed`; `None` if none is due.
    pub fn next(&mut self, elapsed: Duration) -> Option<Message> {
        if let Some(message) = self.resend.pop_front() {
            return Some(message);
        }
        if self.left == 0 || !self.pace.wait(elapsed).is_zero() {
            return None;
        }
        self.left -= 1;
        self.pace.count();
        Some(self.stream.draw())
    }

    /// True if no message will come any more.
    pub fn is_exhausted(&self) -> bool {
        self.left == 0 && self.resend.is_empty()
    }

    /// Time to wait for the next message, if there is one.
    pub fn wait(&self, elapsed: Duration) -> Duration {
        self.pace.wait(elapsed)
    }

    /// Puts back messages that were sent but not answered, in their order.
    pub fn put_back(&mut self, messages: impl IntoIterator<Item = Message>) {
        self.resend.extend(messages);
    }

    /// Ends the stream. Messages that were put back still come.
    pub fn end(&mut self) {
        self.left = 0;
    }

    /// Takes out the messages that were put back.
    pub fn give_up(&mut self) -> VecDeque<Message> {
        std::mem::take(&mut self.resend)
    }
}
