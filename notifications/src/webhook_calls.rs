//! Calls of webhooks on threads of their own, few at a time, so that servers that do not answer tie up nothing else.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use tollgate_api::problem::Problem;

/// Calls at the same time. Each account has one of them at most.
const CALLS_MAX: usize = 8;

/// The accounts that are being called.
#[derive(Clone, Debug, Default)]
pub struct WebhookCalls(Arc<Mutex<HashSet<String>>>);

/// A place among the calls, which is free again when this is dropped.
struct Place {
    calls: WebhookCalls,
    account: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.calls.0.lock().remove(&self.account);
    }
}

impl WebhookCalls {
    /// Makes a call for an account and waits for its end, or not longer than this; `None` if it takes longer. Its place stays
    /// taken until the call has ended: a look-up of a name cannot be broken off.
    pub fn run<T: Send + 'static>(
        &self,
        account: &str,
        wait_max: Duration,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, Problem> {
        let place = self.place(account)?;
        let (sender, receiver) = sync_channel(1);
        let started = thread::Builder::new().name("webhook call".to_owned()).spawn(move || {
            let done = call();
            drop(place);
            // Whoever waited too long has gone.
            let _ = sender.try_send(done);
        });
        started.map_err(|error| Problem::unavailable(format!("no thread for a call: {error}")))?;
        Ok(receiver.recv_timeout(wait_max).ok())
    }

    fn place(&self, account: &str) -> Result<Place, Problem> {
        let mut calls = self.0.lock();
        if calls.contains(account) {
            let message = "the account's webhook is being called already; wait for that";
            return Err(Problem::too_many_requests(message).retry_after(1));
        }
        if calls.len() >= CALLS_MAX {
            return Err(Problem::unavailable("too many webhooks are being called; try again").retry_after(1));
        }
        calls.insert(account.to_owned());
        Ok(Place { calls: self.clone(), account: account.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const SOON: Duration = Duration::from_secs(30);

    #[test]
    fn a_call_that_does_not_end_keeps_its_own_account_alone() {
        let calls = WebhookCalls::default();
        let (end, wait) = channel::<()>();
        let hangs = calls.run("hole", Duration::ZERO, move || wait.recv().is_ok());
        assert_eq!(hangs.unwrap(), None);
        assert_eq!(calls.run("hole", SOON, || 1).unwrap_err().code, "too_many_requests");
        for _ in 0..CALLS_MAX * 2 {
            assert_eq!(calls.run("other", SOON, || 2).unwrap(), Some(2));
        }
        end.send(()).unwrap();
        while calls.run("hole", SOON, || 3).is_err() {
            thread::yield_now();
        }
    }

    #[test]
    fn there_are_few_calls_at_a_time() {
        let calls = WebhookCalls::default();
        let mut ends = Vec::new();
        for number in 0..CALLS_MAX {
            let (end, wait) = channel::<()>();
            ends.push(end);
            let hangs = calls.run(&format!("hole {number}"), Duration::ZERO, move || wait.recv().is_ok());
            assert_eq!(hangs.unwrap(), None);
        }
        assert_eq!(calls.run("one more", SOON, || 1).unwrap_err().code, "unavailable");
        drop(ends);
        while calls.run("one more", SOON, || 1).is_err() {
            thread::yield_now();
        }
    }
}
