//! The trait that handles the messages of a link; `relay` implements it.
//!
//! The contract of one link, as the shell keeps it:
//! 1. `connecting`, then `failed`, or `bound` and later `unbound`; and so on until the link is stopped;
//! 2. while it is bound: `responded` and `deliver` for what a read brought, then one `flush`;
//! 3. `poll_acks` and `poll_submit` whenever the task wakes and there is room for what they give;
//! 4. every message given to the sink gets exactly one `responded`, or is among those of `unbound`.
//!
//! All of it is called from the link's own task, and none of it may block.

use std::task::{Context, Poll};

use super::down::LinkDown;
use super::messages::{DeliverAck, SubmitAnswer};
use super::sink::SubmitSink;
use crate::pdu::Deliver;

/// One link's side of the router.
pub trait LinkHandler: Send + 'static {
    /// A try to connect and bind begins.
    fn connecting(&mut self) {}

    /// The try failed; another follows later.
    fn failed(&mut self, reason: &LinkDown) {
        let _ = reason;
    }

    /// From now on messages are taken.
    fn bound(&mut self);

    /// Writes messages into the sink while [`SubmitSink::room`] is not 0. Ready when at least one was
    /// written; Pending when there is none to send now: the waker is called when there is, from any thread.
    fn poll_submit(&mut self, cx: &mut Context<'_>, sink: &mut SubmitSink<'_>) -> Poll<()>;

    /// The operator's answer to a message.
    fn responded(&mut self, token: u64, answer: SubmitAnswer<'_>);

    /// A deliver_sm or data_sm. It is acknowledged when its [`DeliverAck`] comes out of `poll_acks`, and the
    /// operator keeps it until then. One that is unacknowledged when the link goes down will come again; its
    /// acknowledgement is then left out, should it still be given.
    fn deliver(&mut self, deliver: &Deliver<'_>);

    /// Called once the input of one read has been processed.
    fn flush(&mut self);

    /// Moves the acknowledgements that are due to the end of `acks`. Ready when at least one was moved; else
    /// the waker is called when there is one.
    fn poll_acks(&mut self, cx: &mut Context<'_>, acks: &mut Vec<DeliverAck>) -> Poll<()>;

    /// The link is down. `unanswered` are the messages that were written, or were about to be, and of which
    /// nothing was heard, oldest first: whether the operator has them is not known.
    fn unbound(&mut self, reason: &LinkDown, unanswered: &mut Vec<u64>);
}
