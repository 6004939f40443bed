//! Waiting on a thread that may block for what sessions await.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread until a future is ready, for at most `limit`; `None` if that has passed.
pub fn wait_for<T>(future: impl Future<Output = T>, limit: Duration) -> Option<T> {
    let (began, mut future) = (Instant::now(), pin!(future));
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        let left = limit.saturating_sub(began.elapsed());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn a_future_is_waited_for_until_the_limit() {
        assert_eq!(wait_for(async { 7 }, Duration::ZERO), Some(7));
        assert_eq!(wait_for(std::future::pending::<()>(), Duration::from_millis(5)), None);
        let (sender, receiver) = oneshot::channel();
        let thread = thread::spawn(move || wait_for(receiver, Duration::from_mins(1)));
        sender.send(8).unwrap();
        assert_eq!(thread.join().unwrap(), Some(Ok(8)));
    }
}
