//! Passwords that were right lately, so that whoever binds again is not made to wait for a slow hash.
//!
//! What is kept of a password is a fast hash under a key that only this process has and that ends with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use tollgate_provisioning::passwords::PasswordHash;

/// The time for which a password is remembered after it was right last.
const REMEMBERED_FOR: Duration = Duration::from_hours(24);
const KEY_OCTETS: usize = 32;

/// The answer of what is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// It is the password that was right lately.
    Right,
    /// Another one was right lately, so that this one is wrong.
    Wrong,
    /// Nothing is known: it has to be checked.
    Nothing,
}

struct Proof {
    /// The hash that the password was checked against; another one makes the proof worthless.
    stored: PasswordHash,
    hash: blake3::Hash,
    right_at: Instant,
}

/// The passwords of accounts that were right lately, one for each account.
pub struct Proofs {
    key: [u8; KEY_OCTETS],
    proofs: DashMap<Arc<str>, Proof>,
}

impl std::fmt::Debug for Proofs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proofs").finish_non_exhaustive()
    }
}

impl Proofs {
    /// Nothing is remembered. The error is that the operating system gives no randomness.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; KEY_OCTETS];
        getrandom::fill(&mut key)?;
        Ok(Self { key, proofs: DashMap::new() })
    }

    /// Compares a password with the one that was right lately, without its slow hash.
    pub fn check(&self, account: &str, stored: &PasswordHash, password: &[u8], now: Instant) -> Remembered {
        let Some(mut known) = self.proofs.get_mut(account) else { return Remembered::Nothing };
        if known.stored != *stored || now.saturating_duration_since(known.right_at) >= REMEMBERED_FOR {
            return Remembered::Nothing;
        }
        // Compared in constant time.
        if known.hash != blake3::keyed_hash(&self.key, password) {
            return Remembered::Wrong;
        }
        known.right_at = now;
        Remembered::Right
    }

    /// Remembers a password that was found to be right.
    pub fn remember(&self, account: &Arc<str>, stored: PasswordHash, password: &[u8], now: Instant) {
        let hash = blake3::keyed_hash(&self.key, password);
        self.proofs.insert(Arc::clone(account), Proof { stored, hash, right_at: now });
    }
}

#[cfg(test)]
mod tests {
    use tollgate_provisioning::passwords;

    use super::*;

    #[test]
    fn a_password_is_known_again_until_it_is_changed_or_a_day_passes() {
        let (proofs, now) = (Proofs::new().unwrap(), Instant::now());
        let (ann, stored) = (Arc::from("ann"), passwords::hash(b"secret01").unwrap());
        assert_eq!(proofs.check("ann", &stored, b"secret01", now), Remembered::Nothing);
        proofs.remember(&ann, stored.clone(), b"secret01", now);
        assert_eq!(proofs.check("ann", &stored, b"secret01", now), Remembered::Right);
        assert_eq!(proofs.check("ann", &stored, b"secret02", now), Remembered::Wrong);
        assert_eq!(proofs.check("ben", &stored, b"secret01", now), Remembered::Nothing);
        let changed = passwords::hash(b"secret02").unwrap();
        assert_eq!(proofs.check("ann", &changed, b"secret01", now), Remembered::Nothing);
        assert_eq!(proofs.check("ann", &stored, b"secret01", now + REMEMBERED_FOR), Remembered::Nothing);
    }

    #[test]
    fn a_password_that_is_used_stays_known() {
        let (proofs, now) = (Proofs::new().unwrap(), Instant::now());
        let (ann, stored) = (Arc::from("ann"), passwords::hash(b"secret01").unwrap());
        proofs.remember(&ann, stored.clone(), b"secret01", now);
        for hours in [20, 40, 60] {
            let later = now + Duration::from_hours(hours);
            assert_eq!(proofs.check("ann", &stored, b"secret01", later), Remembered::Right);
        }
    }
}
