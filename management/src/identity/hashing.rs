//! Hashing of passwords, a few at a time: each takes a core for some milliseconds, and SMPP needs the cores.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tollgate_api::problem::Problem;

use tollgate_provisioning::passwords;
use tollgate_provisioning::passwords::PasswordHash;

/// Hashes that run at the same time.
const RUNNING_MAX: usize = 2;
/// Requests that wait for their turn.
const WAITING_MAX: usize = 64;
/// Longest time that a request waits.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Limits how many passwords are hashed at the same time.
#[derive(Debug, Default)]
pub struct Hashing {
    turns: Mutex<Turns>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Turns {
    running: usize,
    waiting: usize,
}

/// A turn, which ends when this is dropped.
struct Turn<'a>(&'a Hashing);

impl Hashing {
    /// True if a password has this hash. Without a hash the answer is false, after the same work.
    pub fn verify(&self, stored: Option<&PasswordHash>, password: &str) -> Result<bool, Problem> {
        let _turn = self.turn()?;
        Ok(passwords::verify(stored, password.as_bytes()))
    }

    /// The hash of a password.
    pub fn hash(&self, password: &str) -> Result<PasswordHash, Problem> {
        let _turn = self.turn()?;
        passwords::hash(password.as_bytes()).map_err(|error| Problem::internal(error.to_string()))
    }

    fn turn(&self) -> Result<Turn<'_>, Problem> {
        let busy = || Problem::unavailable("too many passwords are being checked; try again").retry_after(1);
        let deadline = Instant::now() + WAIT_MAX;
        let mut turns = self.turns.lock();
        if turns.running >= RUNNING_MAX && turns.waiting >= WAITING_MAX {
            return Err(busy());
        }
        turns.waiting += 1;
        while turns.running >= RUNNING_MAX {
            if self.freed.wait_until(&mut turns, deadline).timed_out() {
                turns.waiting -= 1;
                return Err(busy());
            }
        }
        turns.waiting -= 1;
        turns.running += 1;
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.turns.lock().running -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn no_more_than_two_run_at_once_and_all_get_their_turn() {
        let hashing = Hashing::default();
        let (running, most, done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let start = Barrier::new(16);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    start.wait();
                    let turn = hashing.turn().unwrap();
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    drop(turn);
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(done.load(Ordering::SeqCst), 16);
        assert!(most.load(Ordering::SeqCst) <= RUNNING_MAX);
        assert_eq!(hashing.turns.lock().running, 0);
    }

    #[test]
    fn whoever_finds_too_many_waiting_is_sent_away_at_once() {
        let hashing = Hashing::default();
        *hashing.turns.lock() = Turns { running: RUNNING_MAX, waiting: WAITING_MAX };
        assert_eq!(hashing.verify(None, "x").unwrap_err().code, "unavailable");
    }
}
