//! The threads that check passwords: few, of low priority, so that no number of guesses takes the cores of sessions.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;
use tollgate_provisioning::passwords::{self, PasswordError, PasswordHash};

use super::asker::Asker;
use super::guess_queue::{Next, TooMany};
use super::queues::CheckQueues;

/// The niceness of the threads: sessions, and requests over HTTP, get the cores first.
const NICENESS: i32 = 15;
/// One thread for each of so many cores, and one at least.
const CORES_PER_THREAD: usize = 4;

/// A password to be checked, or to be hashed.
enum Check {
    Verify { stored: Option<PasswordHash>, password: Vec<u8>, answer: oneshot::Sender<bool> },
    Hash { password: Vec<u8>, answer: oneshot::Sender<Result<PasswordHash, PasswordError>> },
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

struct Queue {
    checks: CheckQueues<Check>,
    is_closed: bool,
}

/// Checks passwords. The threads end with it.
pub struct PasswordPool(Arc<Shared>);

impl std::fmt::Debug for PasswordPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordPool").finish_non_exhaustive()
    }
}

impl PasswordPool {
    /// Starts the threads.
    pub fn start() -> io::Result<Self> {
        let queue = Queue { checks: CheckQueues::new(), is_closed: false };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), changed: Condvar::new() });
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..(cores / CORES_PER_THREAD).max(1) {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name("passwords".to_owned()).spawn(move || shared.work())?;
        }
        Ok(Self(shared))
    }

    /// True if the password has this hash. Without a hash the answer is no, after the same work. Dropping the future
    /// gives the turn up.
    pub async fn verify(
        &self,
        asker: Asker,
        stored: Option<PasswordHash>,
        password: Vec<u8>,
    ) -> Result<bool, TooMany> {
        let (answer, answered) = oneshot::channel();
        self.push(asker, Check::Verify { stored, password, answer })?;
        answered.await.map_err(|_| TooMany)
    }

    /// The same, for a thread that may wait.
    pub fn verify_blocking(
        &self,
        asker: Asker,
        stored: Option<PasswordHash>,
        password: Vec<u8>,
    ) -> Result<bool, TooMany> {
        let (answer, answered) = oneshot::channel();
        self.push(asker, Check::Verify { stored, password, answer })?;
        answered.blocking_recv().map_err(|_| TooMany)
    }

    /// The hash of a new password, for a thread that may wait.
    pub fn hash_blocking(
        &self,
        asker: Asker,
        password: Vec<u8>,
    ) -> Result<Result<PasswordHash, PasswordError>, TooMany> {
        let (answer, answered) = oneshot::channel();
        self.push(asker, Check::Hash { password, answer })?;
        answered.blocking_recv().map_err(|_| TooMany)
    }

    fn push(&self, asker: Asker, check: Check) -> Result<(), TooMany> {
        self.0.queue.lock().checks.push(asker, check, Check::is_over)?;
        self.0.changed.notify_one();
        Ok(())
    }
}

impl Drop for PasswordPool {
    fn drop(&mut self) {
        self.0.queue.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn work(&self) {
        if let Err(error) = rustix::process::nice(NICENESS) {
            tracing::warn!(%error, "the threads that check passwords keep the priority of sessions");
        }
        while let Some((asker, check)) = self.next() {
            let right = check.answer();
            self.queue.lock().checks.finished(Instant::now(), asker, right);
        }
    }

    /// The next check; `None` once the pool is gone.
    fn next(&self) -> Option<(Asker, Check)> {
        let mut queue = self.queue.lock();
        loop {
            if queue.is_closed {
                return None;
            }
            match queue.checks.pop(Instant::now(), Check::is_over) {
                Next::Check(asker, check) => return Some((asker, check)),
                Next::At(at) => drop(self.changed.wait_until(&mut queue, at)),
                Next::Empty => self.changed.wait(&mut queue),
            }
        }
    }
}

impl Check {
    /// True if whoever asked is gone.
    fn is_over(&self) -> bool {
        match self {
            Self::Verify { answer, .. } => answer.is_closed(),
            Self::Hash { answer, .. } => answer.is_closed(),
        }
    }

    /// Does the work and tells whoever asked, if it is still there. False for a wrong password.
    fn answer(self) -> bool {
        match self {
            Self::Verify { stored, password, answer } => {
                let right = passwords::verify(stored.as_ref(), &password);
                let _ = answer.send(right);
                right
            }
            Self::Hash { password, answer } => {
                let _ = answer.send(passwords::hash(&password));
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    #[test]
    fn passwords_are_hashed_and_checked() {
        let (pool, asker) = (PasswordPool::start().unwrap(), Asker::Login(None, Arc::from("ann")));
        let stored = pool.hash_blocking(asker.clone(), b"secret01".to_vec()).unwrap().unwrap();
        let check = |stored: Option<&PasswordHash>, password: &[u8]| {
            pool.verify_blocking(asker.clone(), stored.cloned(), password.to_vec())
        };
        assert_eq!(check(Some(&stored), b"secret01"), Ok(true));
        assert_eq!(check(Some(&stored), b"secret02"), Ok(false));
        assert_eq!(check(None, b"secret01"), Ok(false));
    }

    #[test]
    fn whoever_goes_gives_its_turn_up() {
        let pool = PasswordPool::start().unwrap();
        let asker = Asker::Stranger([192, 0, 2, 1].into());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for _ in 0..1_000 {
                // Polled once, so that it is in the queue, and dropped.
                let mut asked = Box::pin(pool.verify(asker.clone(), None, b"guess".to_vec()));
                poll_fn(|cx| Poll::Ready(asked.as_mut().poll(cx).is_ready())).await;
            }
            let stored = passwords::hash(b"secret01").unwrap();
            let right = pool.verify(asker, Some(stored), b"secret01".to_vec()).await;
            assert_eq!(right, Ok(true), "the queue has room for it");
        });
    }
}
