//! Who is to be woken.

use std::task::Waker;

/// Notes a task that waits, once however often it asks.
pub fn note_waiting(waiting: &mut Vec<Waker>, waker: &Waker) {
    if !waiting.iter().any(|noted| noted.will_wake(waker)) {
        waiting.push(waker.clone());
    }
}
