//! Wakers of the delivery thread, and of tasks that wait.

use std::task::Waker;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};

/// Notes a task that waits, once however often it asks.
pub fn note_waiting(waiting: &mut Vec<Waker>, waker: &Waker) {
    if !waiting.iter().any(|noted| noted.will_wake(waker)) {
        waiting.push(waker.clone());
    }
}

/// A wake-up of the delivery thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeUp {
    /// Something may move, or it is time to look at the timers.
    Look,
    /// The thread is to end.
    Stop,
}

/// Wakes the delivery thread.
#[derive(Debug)]
pub struct SchedulerWaker(Sender<WakeUp>, Receiver<WakeUp>);

impl SchedulerWaker {
    /// The waker of a thread that may start later.
    pub fn new() -> Self {
        let (sender, receiver) = bounded(1);
        Self(sender, receiver)
    }

    /// Wakes the thread, as a message may move.
    pub fn wake(&self) {
        // A full channel says so already.
        let _ = self.0.try_send(WakeUp::Look);
    }

    /// Ends the thread. Waits until it has taken the wake-up before.
    pub fn stop(&self) {
        let sent = self.0.send(WakeUp::Stop);
        assert!(sent.is_ok(), "the channel lives as long as both its ends, which are here");
    }

    /// Waits for a wake-up, at most for this time.
    pub fn wait(&self, at_most: Duration) -> WakeUp {
        self.1.recv_timeout(at_most).unwrap_or(WakeUp::Look)
    }
}

impl Default for SchedulerWaker {
    fn default() -> Self {
        Self::new()
    }
}
