//! Failed logins by address, and the locks that follow from them.
//!
//! Addresses are counted whether or not a user has them, so that nothing tells one from the other. They are remembered
//! by their hash, a bounded number of them.

use std::collections::HashMap;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tollgate_engine::time::UnixMicros;

/// Failures that lock an address.
pub const FAILURES_MAX: u32 = 5;
/// Length of the span that failures are counted in, and of the lock.
pub const LOCK_MICROS: u64 = 30 * 60 * 1_000_000;
/// Addresses that are remembered. Beyond this number the one that was quiet for longest is forgotten, those that no user has first.
const REMEMBERED_MAX: usize = 20_000;

/// The failures of all addresses.
#[derive(Debug, Default)]
pub struct Lockouts {
    entries: Mutex<HashMap<[u8; 32], Entry>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    failures: u32,
    first_at: UnixMicros,
    last_at: UnixMicros,
    locked_until: UnixMicros,
    is_known: bool,
}

/// A try to log in.
#[derive(Clone, Copy, Debug)]
pub struct LoginAttempt<'a> {
    /// The address, in lower case.
    pub email: &'a str,
    /// True if a user has it.
    pub is_known: bool,
    /// True if the password is right.
    pub matches: bool,
    /// End of the lock that is written in the books.
    pub locked_until: Option<UnixMicros>,
}

/// Outcome of a try to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The user is logged in.
    Granted,
    /// The try is refused.
    Refused,
    /// The try is refused, and the address is locked from now until the time given.
    Locked(UnixMicros),
}

impl Lockouts {
    /// Judges an attempt, and counts it, in one step: however many come at once, no more than [`FAILURES_MAX`] guesses count.
    pub fn judge(&self, attempt: LoginAttempt<'_>, now: UnixMicros) -> LoginOutcome {
        let mut entries = self.entries.lock();
        let key = key_of(attempt.email);
        if !entries.contains_key(&key) {
            make_room(&mut entries, now);
        }
        let entry = entries.entry(key).or_default();
        if entry.locked_until.max(attempt.locked_until.unwrap_or_default()) > now {
            return LoginOutcome::Refused;
        }
        if attempt.matches {
            entries.remove(&key);
            return LoginOutcome::Granted;
        }
        if now.0.saturating_sub(entry.first_at.0) >= LOCK_MICROS {
            *entry = Entry { first_at: now, ..Entry::default() };
        }
        entry.failures += 1;
        entry.last_at = now;
        entry.is_known = attempt.is_known;
        if entry.failures < FAILURES_MAX {
            return LoginOutcome::Refused;
        }
        let until = UnixMicros(now.0.saturating_add(LOCK_MICROS));
        *entry = Entry { last_at: now, locked_until: until, is_known: attempt.is_known, ..Entry::default() };
        LoginOutcome::Locked(until)
    }

    /// Forgets the failures of an address.
    pub fn clear(&self, email: &str) {
        self.entries.lock().remove(&key_of(email));
    }
}

fn key_of(email: &str) -> [u8; 32] {
    Sha256::digest(email.as_bytes()).into()
}

fn make_room(entries: &mut HashMap<[u8; 32], Entry>, now: UnixMicros) {
    if entries.len() < REMEMBERED_MAX {
        return;
    }
    entries
        .retain(|_, entry| entry.locked_until > now || now.0.saturating_sub(entry.last_at.0) < LOCK_MICROS);
    while entries.len() >= REMEMBERED_MAX {
        let oldest = entries.iter().min_by_key(|(_, entry)| (entry.is_known, entry.last_at));
        let Some(key) = oldest.map(|(key, _)| *key) else { return };
        entries.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixMicros = UnixMicros(1_764_000_000_000_000);

    fn after(seconds: u64) -> UnixMicros {
        UnixMicros(START.0 + seconds * 1_000_000)
    }

    fn attempt(email: &str, matches: bool) -> LoginAttempt<'_> {
        LoginAttempt { email, is_known: true, matches, locked_until: None }
    }

    #[test]
    fn five_failures_lock_for_half_an_hour() {
        let lockouts = Lockouts::default();
        for second in 0..4 {
            assert_eq!(lockouts.judge(attempt("ann", false), after(second)), LoginOutcome::Refused);
        }
        let until = after(4 + 1_800);
        assert_eq!(lockouts.judge(attempt("ann", false), after(4)), LoginOutcome::Locked(until));
        assert_eq!(lockouts.judge(attempt("ann", true), after(1_803)), LoginOutcome::Refused);
        assert_eq!(lockouts.judge(attempt("ben", true), after(5)), LoginOutcome::Granted);
        assert_eq!(lockouts.judge(attempt("ann", true), after(1_804)), LoginOutcome::Granted);
    }

    #[test]
    fn a_login_in_between_counts_from_zero_again() {
        let lockouts = Lockouts::default();
        for round in 0..3 {
            for second in 0..4 {
                let outcome = lockouts.judge(attempt("ann", false), after(round * 10 + second));
                assert_eq!(outcome, LoginOutcome::Refused);
            }
            assert_eq!(lockouts.judge(attempt("ann", true), after(round * 10 + 5)), LoginOutcome::Granted);
        }
    }

    #[test]
    fn failures_of_long_ago_do_not_count() {
        let lockouts = Lockouts::default();
        for second in 0..4 {
            lockouts.judge(attempt("ann", false), after(second));
        }
        assert_eq!(lockouts.judge(attempt("ann", false), after(1_800)), LoginOutcome::Refused);
    }

    #[test]
    fn a_lock_of_the_books_holds_after_a_restart() {
        let lockouts = Lockouts::default();
        let locked = LoginAttempt { locked_until: Some(after(10)), ..attempt("ann", true) };
        assert_eq!(lockouts.judge(locked, after(9)), LoginOutcome::Refused);
        assert_eq!(lockouts.judge(locked, after(10)), LoginOutcome::Granted);
    }

    #[test]
    fn a_flood_of_addresses_forgets_none_that_somebody_has() {
        let lockouts = Lockouts::default();
        for second in 0..5 {
            lockouts.judge(attempt("ann", false), after(second));
        }
        for number in 0..REMEMBERED_MAX + 10 {
            let email = format!("nobody-{number}");
            lockouts.judge(LoginAttempt { is_known: false, ..attempt(&email, false) }, after(6));
        }
        assert_eq!(lockouts.entries.lock().len(), REMEMBERED_MAX);
        assert_eq!(lockouts.judge(attempt("ann", true), after(7)), LoginOutcome::Refused);
        lockouts.clear("ann");
        assert_eq!(lockouts.judge(attempt("ann", true), after(8)), LoginOutcome::Granted);
    }
}
