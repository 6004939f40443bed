//! Acknowledgements of receipts, from the committer back to the link that the receipts came on.

use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tollgate_smpp::link::DeliverAck;

/// Acknowledgements that are due on one link.
#[derive(Debug, Default)]
pub struct Acks(Mutex<(Vec<DeliverAck>, Option<Waker>)>);

impl Acks {
    /// Adds acknowledgements that may be sent now.
    pub fn push(&self, acks: Vec<DeliverAck>) {
        let mut state = self.0.lock();
        state.0.extend(acks);
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }

    /// Moves what is due to the end of `out`.
    pub fn poll(&self, cx: &mut Context<'_>, out: &mut Vec<DeliverAck>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.0.is_empty() {
            state.1 = Some(cx.waker().clone());
            return Poll::Pending;
        }
        out.append(&mut state.0);
        Poll::Ready(())
    }
}
