//! Passwords of users: hashed, checked, and locked after too many failures.

use std::net::IpAddr;
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_relay::passwords::Asker;
use tollgate_storage::clock::now;

use super::directory::UserDirectory;
use super::hashing::{Hashing, check_unpublished};
use super::lockout::{Lockouts, LoginAttempt, LoginOutcome, network_of};
use super::records::UserRecord;
use crate::context::Context;
use crate::documents::Document;
use crate::jobs::JobQueue;
use tollgate_notifications::jobs::record::JobWork;

/// Checks passwords and counts failures.
#[derive(Debug)]
pub struct Passwords {
    context: Arc<Context>,
    directory: Arc<UserDirectory>,
    jobs: Arc<JobQueue>,
    hashing: Hashing,
    lockouts: Lockouts,
}

/// The place that a password comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The network address, if it is known.
    pub peer: Option<IpAddr>,
    /// True if the user was in from there lately, or is in.
    pub is_own_network: bool,
}

/// The one answer to unknown addresses, wrong passwords and disabled users.
pub fn invalid_credentials() -> Problem {
    Problem::invalid_credentials("the e-mail address or the password is wrong, or the user is disabled")
}

const MICROS_PER_SECOND: u64 = 1_000_000;

/// The answer while passwords for an address count for nothing, whether or not a user has it and whatever the password is.
fn held(until: UnixMicros, now: UnixMicros) -> Problem {
    let seconds = until.0.saturating_sub(now.0).div_ceil(MICROS_PER_SECOND).max(1);
    let detail = format!(
        "too many wrong passwords were sent for this e-mail address, so that this one counts for nothing, right or wrong; try \
         again in {seconds} seconds, or set a new password by e-mail"
    );
    Problem::too_many_requests(detail).retry_after(seconds)
}

impl Passwords {
    /// Of the users of the directory.
    pub fn new(context: Arc<Context>, directory: Arc<UserDirectory>, jobs: Arc<JobQueue>) -> Self {
        let hashing = Hashing::new(Arc::clone(&context.core.passwords));
        Self { context, directory, jobs, hashing, lockouts: Lockouts::default() }
    }

    /// The hash of a password that this asker sets, as a PHC string. An error names the field that it came in.
    pub fn hash(&self, asker: Asker, field: &str, password: &str) -> Answer<String> {
        check_unpublished(&[self.context.settings.http.listen], field, password)?;
        self.hashing.hash(asker, password).map(|hash| hash.as_str().to_owned())
    }

    /// Checks a password and counts a failure. An unknown user costs the same work and gets the same answer. While passwords
    /// for the address count for nothing none is checked, so that there is room for others.
    pub fn check(
        &self,
        email: &str,
        user: Option<&Document<UserRecord>>,
        password: &str,
        origin: Origin,
    ) -> Answer<()> {
        let Origin { peer, is_own_network } = origin;
        let came_at = now();
        if let Some(until) = self.lockouts.held_until(email, peer, is_own_network, came_at) {
            self.context.metrics.password(LoginOutcome::Held(until));
            return Err(held(until, came_at));
        }
        let hash = user.and_then(|user| user.value.hash());
        let asker = Asker::login(peer, email, is_own_network);
        let matches = self.hashing.verify(asker, hash.as_ref(), password)?;
        // The lock of the books holds for the network that it was made for.
        let locked = user.filter(|user| user.value.locked_for.as_ref() == Some(&network_of(peer)));
        let locked_until = locked.and_then(|user| user.value.locked_until).map(|until| until.0);
        let is_known = user.is_some();
        let attempt = LoginAttempt { email, peer, is_known, is_own_network, matches, locked_until };
        let judged_at = now();
        let outcome = self.lockouts.judge(attempt, judged_at);
        self.context.metrics.password(outcome);
        match outcome {
            LoginOutcome::Granted => return Ok(()),
            LoginOutcome::Held(until) => return Err(held(until, judged_at)),
            LoginOutcome::Refused => {}
            LoginOutcome::Locked(until) => {
                if let Some(user) = user {
                    self.note_lock(&user.key, until, network_of(peer));
                }
            }
        }
        Err(invalid_credentials())
    }

    /// The lock holds already. It is written by a thread of its own, so that the answer takes no longer than for an address
    /// that no user has.
    fn note_lock(&self, user: &str, until: UnixMicros, network: String) {
        let (jobs, work) = (
            Arc::clone(&self.jobs),
            JobWork::LockUser { user: user.to_owned(), until: Time(until), network: Some(network) },
        );
        let written = std::thread::Builder::new().name("lock".to_owned()).spawn(move || {
            if let Err(problem) = jobs.add(work) {
                tracing::error!(problem = %problem.detail, "the lock of a user cannot be written");
            }
        });
        if let Err(error) = written {
            tracing::error!(%error, "no thread to write the lock of a user");
        }
    }

    /// Forgets the failures of an address.
    pub fn forget_failures(&self, email: &str) {
        self.lockouts.clear(email);
    }

    /// Writes down that a user is locked, so that a restart keeps it.
    pub fn write_lock(&self, user: &str, until: Time, network: Option<&str>) -> Answer<()> {
        let held = self.directory.lock();
        let Some(user) = self.directory.users.get(user) else { return Ok(()) };
        let locked_for = network.map(str::to_owned);
        let record = UserRecord { locked_until: Some(until), locked_for, ..user.value.clone() };
        let system = Caller::system();
        let mut change = self.context.change(&system);
        let (before, after) = (user.value.audited(), record.audited());
        self.directory.put_user(&held, &mut change, &user.key, Some(&user), record, None);
        change.note("user.lock", format!("user/{}", user.key), &before, &after);
        change.commit()?;
        tracing::warn!(user = %user.key, "a user is locked after too many failed logins");
        Ok(())
    }
}
