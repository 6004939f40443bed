//! The octets of messages and answers that the binds of an account hold between socket and answer, and their bounds: a bind
//! that holds much is not read until some of it is answered, so that no client fills the memory by sending without reading.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

/// Octets that one bind may hold; beyond it nothing more is read from it.
pub const OF_BIND_MAX: usize = 4 << 20;
/// Octets that all binds of an account may hold; beyond it only those are read that hold little.
pub const OF_ACCOUNT_MAX: usize = 16 << 20;
/// Octets that a bind may hold however much others of its account do, so that none is stopped by another that does not read.
/// A message that comes without a bind is below it.
pub const ALWAYS_FREE: usize = 256 << 10;

/// The octets that the binds of one account hold.
#[derive(Debug, Default)]
pub struct HeldOctets {
    held: AtomicUsize,
    /// Binds that wait for others of the account.
    waiting: Mutex<Vec<Waker>>,
}

/// The part of one bind. It is given back when the bind ends.
#[derive(Debug)]
pub struct HeldByBind {
    account: Arc<HeldOctets>,
    held: usize,
}

/// The bound that a bind has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The bound of the bind alone.
    Bind,
    /// The bound of all binds of its account.
    Account,
}

impl HeldOctets {
    /// Octets held now.
    pub fn octets(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

impl HeldByBind {
    /// The part of a bind that holds nothing yet.
    pub fn new(account: Arc<HeldOctets>) -> Self {
        Self { account, held: 0 }
    }

    /// Counts octets that it holds from now on.
    pub fn add(&mut self, octets: usize) {
        self.held += octets;
        self.account.held.fetch_add(octets, Ordering::Relaxed);
    }

    /// Takes octets off that it holds no longer.
    pub fn remove(&mut self, octets: usize) {
        let Some(left) = self.held.checked_sub(octets) else {
            unreachable!("{octets} octets are given back of {}", self.held)
        };
        self.held = left;
        let before = self.account.held.fetch_sub(octets, Ordering::AcqRel);
        if before > OF_ACCOUNT_MAX && before - octets <= OF_ACCOUNT_MAX {
            for waker in self.account.waiting.lock().drain(..) {
                waker.wake();
            }
        }
    }

    /// Ready while the bind may hold more. Otherwise its own answers wake it, or those of the account's other binds.
    pub fn poll_below(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self.reached() {
            None => Poll::Ready(()),
            Some(Bound::Bind) => Poll::Pending,
            Some(Bound::Account) => {
                self.account.waiting.lock().push(cx.waker().clone());
                // A second look, so that what was given back in between is not missed.
                if self.reached() == Some(Bound::Account) { Poll::Pending } else { Poll::Ready(()) }
            }
        }
    }

    /// The bound that it has reached, if any.
    pub fn reached(&self) -> Option<Bound> {
        if self.held > OF_BIND_MAX {
            return Some(Bound::Bind);
        }
        let is_over = self.held > ALWAYS_FREE && self.account.held.load(Ordering::Acquire) > OF_ACCOUNT_MAX;
        is_over.then_some(Bound::Account)
    }
}

impl Drop for HeldByBind {
    fn drop(&mut self) {
        self.remove(self.held);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn poll(bind: &HeldByBind, woken: &Arc<Woken>) -> Poll<()> {
        bind.poll_below(&mut Context::from_waker(&Waker::from(Arc::clone(woken))))
    }

    #[test]
    fn a_bind_that_holds_much_waits_for_its_own_answers() {
        let (account, woken) = (Arc::new(HeldOctets::default()), Arc::new(Woken::default()));
        let (mut one, mut other) =
            (HeldByBind::new(Arc::clone(&account)), HeldByBind::new(Arc::clone(&account)));
        one.add(OF_BIND_MAX + 1);
        other.add(OF_BIND_MAX);
        assert_eq!((poll(&one, &woken), poll(&other, &woken)), (Poll::Pending, Poll::Ready(())));
        assert_eq!(one.reached(), Some(Bound::Bind));
        one.remove(1);
        assert_eq!(poll(&one, &woken), Poll::Ready(()));
        drop((one, other));
        assert_eq!(account.octets(), 0, "what a bind held ends with it");
    }

    #[test]
    fn binds_of_one_account_share_a_bound_and_none_is_stopped_by_another() {
        let (account, woken) = (Arc::new(HeldOctets::default()), Arc::new(Woken::default()));
        let bind = |octets| {
            let mut bind = HeldByBind::new(Arc::clone(&account));
            bind.add(octets);
            bind
        };
        let silent: Vec<_> = (0..OF_ACCOUNT_MAX / OF_BIND_MAX).map(|_| bind(OF_BIND_MAX)).collect();
        let (busy, small) = (bind(ALWAYS_FREE + 1), bind(ALWAYS_FREE));
        assert_eq!((poll(&busy, &woken), poll(&small, &woken)), (Poll::Pending, Poll::Ready(())));
        assert_eq!(busy.reached(), Some(Bound::Account));
        let of_another_account = HeldByBind::new(Arc::default());
        assert_eq!(poll(&of_another_account, &woken), Poll::Ready(()));
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
        drop(silent);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1, "it is told of the room");
        assert_eq!(poll(&busy, &woken), Poll::Ready(()));
    }
}
