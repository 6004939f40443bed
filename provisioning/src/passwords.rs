//! Passwords of SMPP accounts: kept as argon2id hashes in PHC strings, verified in constant time.
//!
//! A bind pays for one hash whether its `system_id` exists or not, so that the time of an answer does not
//! tell which names exist. No password and no hash is ever printed by what is here.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use thiserror::Error;

/// Memory of one hash. With [`PASSES`] one pass short of the smallest setting that the OWASP cheat sheet
/// lists, so that a bind stays below 20 ms on a small machine; guessing over SMPP is slowed by the server
/// besides.
const MEMORY_KIB: u32 = 7 * 1_024;
const PASSES: u32 = 4;
const LANES: u32 = 1;

/// The greatest cost that a hash from a file may have. Beyond it, binds would be a way to exhaust the
/// machine.
const MOST_MEMORY_KIB: u32 = 64 * 1_024;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 4;

/// The hash of a password that nobody knows, of the same cost as those that [`hash`] makes.
const NOBODY: &str =
    "$argon2id$v=19$m=7168,t=4,p=1$bm9ib2R5IGtub3dzIGl0IQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A well-formed argon2id hash of bounded cost, as a PHC string.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Arc<str>);

/// Reason for which a text is not a usable hash, or a password cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Not a PHC string with salt and hash.
    #[error("not a PHC string such as `tollgate hash-password` prints")]
    Malformed,
    /// Another algorithm than argon2id, version 19.
    #[error("not an argon2id hash, version 19; make one with `tollgate hash-password`")]
    Algorithm,
    /// Parameters that would make every bind too costly.
    #[error("costs more than {MOST_MEMORY_KIB} KiB of memory, {MOST_PASSES} passes or {MOST_LANES} lanes")]
    TooCostly,
    /// There is nothing to hash.
    #[error("the password is empty")]
    Empty,
    /// The operating system gave no randomness for the salt.
    #[error("the operating system gave no randomness")]
    NoRandomness,
}

impl PasswordHash {
    /// The PHC string, for the file that it is kept in.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PasswordHash {
    type Err = PasswordError;

    fn from_str(text: &str) -> Result<Self, PasswordError> {
        let parsed = phc::PasswordHash::new(text).map_err(|_| PasswordError::Malformed)?;
        if parsed.salt.is_none() || parsed.hash.is_none() {
            return Err(PasswordError::Malformed);
        }
        if parsed.algorithm.as_str() != Algorithm::Argon2id.as_str()
            || parsed.version != Some(Version::V0x13.into())
        {
            return Err(PasswordError::Algorithm);
        }
        let params = Params::try_from(&parsed).map_err(|_| PasswordError::Malformed)?;
        let costly = params.m_cost() > MOST_MEMORY_KIB
            || params.t_cost() > MOST_PASSES
            || params.p_cost() > MOST_LANES;
        if costly { Err(PasswordError::TooCostly) } else { Ok(Self(text.into())) }
    }
}

/// The hash is not printed: whoever has it can try passwords without a limit.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Hashes a password with a fresh salt.
pub fn hash(password: &[u8]) -> Result<PasswordHash, PasswordError> {
    if password.is_empty() {
        return Err(PasswordError::Empty);
    }
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| PasswordError::TooCostly)?;
    let hashed = Argon2::from(params).hash_password(password).map_err(|_| PasswordError::NoRandomness)?;
    Ok(PasswordHash(hashed.to_string().into()))
}

/// Returns true if the password is the one that was hashed. Without a hash the answer is no, after the same
/// work.
pub fn verify(stored: Option<&PasswordHash>, password: &[u8]) -> bool {
    let text = stored.map_or(NOBODY, PasswordHash::as_str);
    // The parameters come from the string; the comparison of the outputs takes constant time.
    let matches = phc::PasswordHash::new(text)
        .is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok());
    matches && stored.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_verifies() {
        let stored = hash(b"secret01").unwrap();
        assert!(verify(Some(&stored), b"secret01"));
        for wrong in [b"secret02".as_slice(), b"", b"secret01\0", b"Secret01"] {
            assert!(!verify(Some(&stored), wrong));
        }
        assert!(!verify(None, b"secret01"));
        assert_eq!(hash(b""), Err(PasswordError::Empty));
    }

    #[test]
    fn equal_passwords_have_different_hashes() {
        assert_ne!(hash(b"secret01").unwrap(), hash(b"secret01").unwrap());
    }

    #[test]
    fn an_unknown_name_costs_what_a_known_one_costs() {
        let cost = |text: &str| text.split('$').nth(3).map(str::to_owned);
        let nobody = NOBODY.parse::<PasswordHash>().unwrap();
        let known = hash(b"secret01").unwrap();
        assert_eq!(cost(nobody.as_str()), cost(known.as_str()));
        assert_eq!(nobody.as_str().len(), known.as_str().len());
        assert!(!verify(Some(&nobody), b"secret01"));
    }

    #[test]
    fn hashes_from_files_are_checked() {
        let salt_and_hash = "bm9ib2R5IGtub3dzIGl0IQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for (text, expected) in [
            ("secret01".to_owned(), PasswordError::Malformed),
            (String::new(), PasswordError::Malformed),
            ("$argon2id$v=19$m=7168,t=5,p=1".to_owned(), PasswordError::Malformed),
            (format!("$argon2id$v=19$m=x,t=5,p=1${salt_and_hash}"), PasswordError::Malformed),
            (format!("$argon2i$v=19$m=7168,t=5,p=1${salt_and_hash}"), PasswordError::Algorithm),
            (format!("$argon2id$v=16$m=7168,t=5,p=1${salt_and_hash}"), PasswordError::Algorithm),
            (format!("$argon2id$v=19$m=4194304,t=5,p=1${salt_and_hash}"), PasswordError::TooCostly),
            (format!("$argon2id$v=19$m=7168,t=1000,p=1${salt_and_hash}"), PasswordError::TooCostly),
        ] {
            assert_eq!(text.parse::<PasswordHash>(), Err(expected), "{text}");
        }
    }

    #[test]
    fn debug_output_shows_no_hash() {
        assert_eq!(format!("{:?}", hash(b"secret01").unwrap()), "PasswordHash(…)");
    }
}
