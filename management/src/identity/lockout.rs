//! Failed logins, and the locks that follow from them.
//!
//! They are counted for each e-mail address together with the network address that they come from: a stranger locks out
//! nobody but himself. From networks that a user was not in from lately, failures also make all further tries wait, wherever
//! those come from ([`guess_delays`](super::guess_delays)); from the others they do not. E-mail addresses are counted whether or
//! not a user has them, so that nothing tells one from the other. The pairs are remembered by their hash, a bounded number of
//! them. A lock is short at first, and twice as long each time.
//!
//! A password that is held up counts for nothing, right or wrong, and is answered as such: a right one is never called wrong, and
//! nobody learns of either what it is.

use std::collections::HashMap;
use std::net::IpAddr;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tollgate_engine::time::UnixMicros;

use super::guess_delays::{GuessDelays, REMEMBERED_MAX};

/// Failures that lock an address for one place.
pub const FAILURES_MAX: u32 = 5;
/// Length of the span that failures are counted in, and of the longest lock.
pub const LOCK_MICROS: u64 = 30 * 60 * 1_000_000;
/// Length of the first lock.
const FIRST_LOCK_MICROS: u64 = 2 * 60 * 1_000_000;
/// Octets of an address of version 6 that name a network: whoever has one address has all of them.
const NETWORK_OCTETS: usize = 8;

/// The failures of all addresses.
#[derive(Debug, Default)]
pub struct Lockouts {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By the hashes of an address and of a network.
    entries: HashMap<[u8; 32], Entry>,
    delays: GuessDelays,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    failures: u32,
    first_at: UnixMicros,
    last_at: UnixMicros,
    locked_until: UnixMicros,
    /// Locks that there have been since the last login.
    locks: u32,
    rank: Rank,
}

/// The worth of an entry where not all can be remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// No user has the address.
    #[default]
    Nobody,
    /// A user has it, and was not in from there lately.
    Stranger,
    /// The user was in from there lately.
    Own,
}

/// A try to log in.
#[derive(Clone, Copy, Debug)]
pub struct LoginAttempt<'a> {
    /// The address, in lower case.
    pub email: &'a str,
    /// The network address that the try comes from, if it is known.
    pub peer: Option<IpAddr>,
    /// True if a user has it.
    pub is_known: bool,
    /// True if that user was in from there lately.
    pub is_own_network: bool,
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
    /// The password is wrong.
    Refused,
    /// The password is wrong, and the address is locked for the place of the try from now until the time given.
    Locked(UnixMicros),
    /// The try does not count, nor does any other from that place before the time given.
    Held(UnixMicros),
}

impl Lockouts {
    /// The instant from which a try from a place counts, while none does: its password need not be looked at. `None` leaves it
    /// to [`Self::judge`].
    pub fn held_until(
        &self,
        email: &str,
        peer: Option<IpAddr>,
        is_own_network: bool,
        now: UnixMicros,
    ) -> Option<UnixMicros> {
        let State { entries, delays } = &*self.state.lock();
        let email = hash_of(email);
        let delayed = delays.held_until(&email, now).filter(|_| !is_own_network);
        let locked = entries.get(&key_of(email, peer)).map(|entry| entry.locked_until);
        locked.filter(|until| *until > now).max(delayed)
    }

    /// Judges an attempt, and counts it, in one step: however many come at once, no more than [`FAILURES_MAX`] guesses count.
    pub fn judge(&self, attempt: LoginAttempt<'_>, now: UnixMicros) -> LoginOutcome {
        let State { entries, delays } = &mut *self.state.lock();
        let email = hash_of(attempt.email);
        if let Some(until) = delays.held_until(&email, now).filter(|_| !attempt.is_own_network) {
            return LoginOutcome::Held(until);
        }
        let key = key_of(email, attempt.peer);
        if !entries.contains_key(&key) {
            make_room(entries, now);
        }
        let entry = entries.entry(key).or_default();
        entry.rank = attempt.rank();
        if entry.locked_until > now {
            return LoginOutcome::Held(entry.locked_until);
        }
        if attempt.matches {
            // A lock from before a restart. A wrong password is counted as that of an address which nobody has would be.
            if let Some(until) = attempt.locked_until.filter(|until| *until > now) {
                return LoginOutcome::Held(until);
            }
            entries.remove(&key);
            return LoginOutcome::Granted;
        }
        if !attempt.is_own_network {
            delays.failed(email, attempt.is_known, now);
        }
        match entry.failed(now) {
            Some(until) => LoginOutcome::Locked(until),
            None => LoginOutcome::Refused,
        }
    }

    /// Forgets the failures of an address, wherever they came from.
    pub fn clear(&self, email: &str) {
        let email = hash_of(email);
        let State { entries, delays } = &mut *self.state.lock();
        entries.retain(|key, _| !key.starts_with(&email));
        delays.clear(&email);
    }
}

impl LoginAttempt<'_> {
    fn rank(&self) -> Rank {
        match (self.is_own_network, self.is_known) {
            (true, _) => Rank::Own,
            (false, true) => Rank::Stranger,
            (false, false) => Rank::Nobody,
        }
    }
}

impl Entry {
    /// Counts a failure. The answer is the end of the lock that it leads to, if any.
    fn failed(&mut self, now: UnixMicros) -> Option<UnixMicros> {
        let (locks, rank) = (self.locks, self.rank);
        if now.0.saturating_sub(self.first_at.0) >= LOCK_MICROS {
            *self = Self { first_at: now, locks, rank, ..Self::default() };
        }
        self.failures += 1;
        self.last_at = now;
        if self.failures < FAILURES_MAX {
            return None;
        }
        let lock = FIRST_LOCK_MICROS.saturating_mul(1 << locks.min(10)).min(LOCK_MICROS);
        let until = UnixMicros(now.0.saturating_add(lock));
        let locks = locks.saturating_add(1);
        *self = Self { last_at: now, locked_until: until, locks, rank, ..Self::default() };
        Some(until)
    }
}

/// The network that a place belongs to, as it is written in the books.
pub fn network_of(peer: Option<IpAddr>) -> String {
    match peer.map(|peer| peer.to_canonical()) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => hex::encode(address.octets().get(..NETWORK_OCTETS).unwrap_or_default()),
    }
}

fn hash_of(text: &str) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// The hash of the address, and that of the network.
fn key_of(email: [u8; 16], peer: Option<IpAddr>) -> [u8; 32] {
    let mut key = [0; 32];
    let halves = [email, hash_of(&network_of(peer))];
    for (place, octet) in key.iter_mut().zip(halves.as_flattened()) {
        *place = *octet;
    }
    key
}

fn make_room(entries: &mut HashMap<[u8; 32], Entry>, now: UnixMicros) {
    if entries.len() < REMEMBERED_MAX {
        return;
    }
    entries
        .retain(|_, entry| entry.locked_until > now || now.0.saturating_sub(entry.last_at.0) < LOCK_MICROS);
    while entries.len() >= REMEMBERED_MAX {
        let oldest = entries.iter().min_by_key(|(_, entry)| (entry.rank, entry.last_at));
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
        LoginAttempt { email, peer: None, is_known: true, is_own_network: false, matches, locked_until: None }
    }

    #[test]
    fn five_failures_lock_for_a_while() {
        let lockouts = Lockouts::default();
        for second in 0..4 {
            assert_eq!(lockouts.judge(attempt("ann", false), after(second)), LoginOutcome::Refused);
        }
        let until = after(4 + 120);
        assert_eq!(lockouts.judge(attempt("ann", false), after(4)), LoginOutcome::Locked(until));
        assert_eq!(lockouts.judge(attempt("ann", true), after(123)), LoginOutcome::Held(until));
        assert_eq!(
            lockouts.judge(attempt("ann", false), after(123)),
            LoginOutcome::Held(until),
            "right or wrong"
        );
        assert_eq!(lockouts.held_until("ann", None, true, after(123)), Some(until));
        assert_eq!(lockouts.held_until("ann", None, true, after(124)), None);
        assert_eq!(lockouts.judge(attempt("ben", true), after(5)), LoginOutcome::Granted);
        assert_eq!(lockouts.judge(attempt("ann", true), after(124)), LoginOutcome::Granted);
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
        assert_eq!(lockouts.judge(locked, after(9)), LoginOutcome::Held(after(10)));
        let wrong = LoginAttempt { matches: false, ..locked };
        assert_eq!(
            lockouts.judge(wrong, after(9)),
            LoginOutcome::Refused,
            "as for an address that nobody has"
        );
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
        assert_eq!(lockouts.state.lock().entries.len(), REMEMBERED_MAX);
        assert_eq!(lockouts.judge(attempt("ann", true), after(7)), LoginOutcome::Held(after(4 + 120)));
        lockouts.clear("ann");
        assert_eq!(lockouts.judge(attempt("ann", true), after(8)), LoginOutcome::Granted);
    }

    #[test]
    fn a_stranger_locks_out_nobody_but_himself() {
        let lockouts = Lockouts::default();
        let from = |peer: &str, matches| LoginAttempt {
            peer: Some(peer.parse().unwrap()),
            ..attempt("ann", matches)
        };
        for second in 0..50 {
            lockouts.judge(from("192.0.2.7", false), after(second));
            lockouts.judge(from(&format!("2001:db8::{second}"), false), after(second));
        }
        let held = LoginOutcome::Held(after(4 + 120));
        assert_eq!(lockouts.judge(from("192.0.2.7", true), after(50)), held);
        assert_eq!(lockouts.judge(from("2001:db8::ffff", true), after(50)), held, "one network");
        assert_eq!(lockouts.judge(from("::ffff:192.0.2.7", true), after(50)), held);
        assert_eq!(lockouts.judge(from("192.0.2.8", true), after(50)), LoginOutcome::Granted);
        lockouts.clear("ann");
        assert_eq!(lockouts.judge(from("192.0.2.7", true), after(50)), LoginOutcome::Granted);
    }

    #[test]
    fn each_lock_is_longer_than_the_one_before() {
        let (lockouts, mut now) = (Lockouts::default(), 0);
        for length in [120, 240, 480, 960, 1_800, 1_800] {
            for _ in 1..FAILURES_MAX {
                assert_eq!(lockouts.judge(attempt("ann", false), after(now)), LoginOutcome::Refused);
            }
            let until = after(now + length);
            assert_eq!(lockouts.judge(attempt("ann", false), after(now)), LoginOutcome::Locked(until));
            now += length;
        }
    }

    fn from(peer: [u8; 4], is_own_network: bool, matches: bool) -> LoginAttempt<'static> {
        LoginAttempt { peer: Some(peer.into()), is_own_network, ..attempt("ann", matches) }
    }

    #[test]
    fn guesses_from_many_networks_slow_down_all_but_those_that_the_user_was_in_from() {
        let lockouts = Lockouts::default();
        let counted = (0..=255_u8).filter(|number| {
            lockouts.judge(from([192, 0, 2, *number], false, false), after(0));
            lockouts
                .state
                .lock()
                .entries
                .contains_key(&key_of(hash_of("ann"), Some([192, 0, 2, *number].into())))
        });
        assert_eq!(counted.count(), 21, "what is held up takes no memory");
        let new_place = from([198, 51, 100, 1], false, true);
        assert_eq!(lockouts.judge(new_place, after(0)), LoginOutcome::Held(after(1)));
        assert_eq!(lockouts.held_until("ann", new_place.peer, false, after(0)), Some(after(1)));
        assert_eq!(lockouts.held_until("ann", new_place.peer, true, after(0)), None);
        assert_eq!(lockouts.judge(from([203, 0, 113, 1], true, true), after(0)), LoginOutcome::Granted);
        assert_eq!(lockouts.judge(new_place, after(1)), LoginOutcome::Granted);
    }

    #[test]
    fn guesses_from_an_own_network_lock_that_network_alone() {
        let lockouts = Lockouts::default();
        for number in 0..100_u64 {
            lockouts.judge(from([203, 0, 113, 1], true, false), after(number / 10));
        }
        let own = lockouts.judge(from([203, 0, 113, 1], true, true), after(10));
        assert!(matches!(own, LoginOutcome::Held(_)), "{own:?}");
        assert_eq!(lockouts.judge(from([203, 0, 113, 2], true, true), after(10)), LoginOutcome::Granted);
        assert_eq!(lockouts.judge(from([198, 51, 100, 1], false, true), after(10)), LoginOutcome::Granted);
    }

    #[test]
    fn one_network_alone_never_slows_down_another() {
        let lockouts = Lockouts::default();
        for second in 0..86_400 {
            lockouts.judge(from([192, 0, 2, 1], false, false), after(second));
            let other = lockouts.judge(from([198, 51, 100, 1], false, true), after(second));
            assert_eq!(other, LoginOutcome::Granted, "{second}");
        }
    }
}
