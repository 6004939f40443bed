//! The jobs that workers are at, and the servers that have to rest.
//!
//! One account's webhook, or one endpoint, is called once at a time, and less and less often while it gives no good answer. So a server that
//! never answers takes little of the workers, however many events wait for it.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;
use tollgate_engine::time::UnixMicros;

use super::record::JobRecord;

const MICROS_PER_SECOND: u64 = 1_000_000;
/// Longest rest of a server.
const REST_SECONDS_MAX: u64 = 60;

/// The claims of all workers.
#[derive(Debug, Default)]
pub struct Claims(Mutex<Claimed>);

#[derive(Debug, Default)]
struct Claimed {
    jobs: HashSet<String>,
    servers: HashMap<String, Server>,
}

/// The server of an account or endpoint that is being called, or has failed.
#[derive(Debug, Default)]
struct Server {
    is_busy: bool,
    failures: u32,
    rests_until: UnixMicros,
}

impl Claimed {
    fn is_free(&self, (key, job): (&str, &JobRecord), now: UnixMicros) -> bool {
        let server = job.work.called_server().and_then(|called| self.servers.get(called));
        let is_free = server.is_none_or(|server| !server.is_busy && server.rests_until <= now);
        is_free && !self.jobs.contains(key)
    }
}

impl Claims {
    /// True if a worker may take the job now.
    pub fn is_free(&self, job: (&str, &JobRecord), now: UnixMicros) -> bool {
        self.0.lock().is_free(job, now)
    }

    /// Takes a job for one worker, if it is free and `is_there` says that it was not done meanwhile.
    pub fn take(&self, job: (&str, &JobRecord), now: UnixMicros, is_there: impl FnOnce() -> bool) -> bool {
        let mut claimed = self.0.lock();
        if !claimed.is_free(job, now) || !is_there() {
            return false;
        }
        let (key, job) = job;
        claimed.jobs.insert(key.to_owned());
        if let Some(server) = job.work.called_server() {
            claimed.servers.entry(server.to_owned()).or_default().is_busy = true;
        }
        true
    }

    /// Gives a job back, once its end is written.
    pub fn release(&self, (key, job): (&str, &JobRecord), has_failed: bool, now: UnixMicros) {
        let mut claimed = self.0.lock();
        claimed.jobs.remove(key);
        let Some(called) = job.work.called_server() else { return };
        if !has_failed {
            claimed.servers.remove(called);
            return;
        }
        let Some(server) = claimed.servers.get_mut(called) else { return };
        let seconds = 1_u64.checked_shl(server.failures).unwrap_or(REST_SECONDS_MAX).min(REST_SECONDS_MAX);
        server.is_busy = false;
        server.failures = server.failures.saturating_add(1);
        server.rests_until = UnixMicros(now.0.saturating_add(seconds * MICROS_PER_SECOND));
    }
}

#[cfg(test)]
mod tests {
    use tollgate_api::time::Time;

    use super::super::record::JobWork;
    use super::*;

    fn job(key: &'static str, account: &str) -> (&'static str, JobRecord) {
        let work = JobWork::Webhook { account: account.to_owned(), body: String::new() };
        (key, JobRecord { work, next_at: Time(at(0)), failures: 0 })
    }

    fn at(seconds: u64) -> UnixMicros {
        UnixMicros(seconds * MICROS_PER_SECOND)
    }

    #[test]
    fn an_account_is_called_once_at_a_time_and_others_meanwhile() {
        let claims = Claims::default();
        let (one, two, other) = (job("1", "hole"), job("2", "hole"), job("3", "quick"));
        assert!(claims.take((one.0, &one.1), at(0), || true));
        assert!(
            !claims.take((one.0, &one.1), at(0), || true) && !claims.take((two.0, &two.1), at(0), || true)
        );
        assert!(claims.take((other.0, &other.1), at(0), || true));
        claims.release((other.0, &other.1), false, at(0));
        assert!(!claims.take((other.0, &other.1), at(0), || false), "it was done meanwhile");
        claims.release((one.0, &one.1), false, at(1));
        assert!(claims.take((two.0, &two.1), at(1), || true));
    }

    #[test]
    fn a_server_that_fails_rests_longer_and_longer_until_it_is_well() {
        let claims = Claims::default();
        let (mut now, job) = (0, job("1", "hole"));
        for rest in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert!(claims.take((job.0, &job.1), at(now), || true), "after {now} s");
            claims.release((job.0, &job.1), true, at(now));
            now += rest;
            assert!(
                !claims.is_free((job.0, &job.1), at(now - 1)) && claims.is_free((job.0, &job.1), at(now)),
                "a rest of {rest} s"
            );
        }
        assert!(claims.take((job.0, &job.1), at(now), || true));
        claims.release((job.0, &job.1), false, at(now));
        assert!(claims.is_free((job.0, &job.1), at(now)));
    }
}
