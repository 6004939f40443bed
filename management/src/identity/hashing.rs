//! Hashing of users' passwords, by the threads that check those of binds too.

use std::net::SocketAddr;
use std::sync::Arc;

use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_provisioning::passwords::PasswordHash;
use tollgate_provisioning::{is_loopback, is_published_password};
use tollgate_relay::passwords::{Asker, PasswordPool, TooMany};

/// Hashes and checks passwords, few at a time.
#[derive(Debug)]
pub struct Hashing {
    pool: Arc<PasswordPool>,
}

impl Hashing {
    /// By these threads.
    pub fn new(pool: Arc<PasswordPool>) -> Self {
        Self { pool }
    }

    /// True if a password has this hash. Without a hash the answer is false, after the same work.
    pub fn verify(
        &self,
        asker: Asker,
        stored: Option<&PasswordHash>,
        password: &str,
    ) -> Result<bool, Problem> {
        let password = password.as_bytes().to_vec();
        self.pool.verify_blocking(asker, stored.cloned(), password).map_err(|TooMany| busy())
    }

    /// The hash of a password that this asker sets.
    pub fn hash(&self, asker: Asker, password: &str) -> Result<PasswordHash, Problem> {
        let hashed = self.pool.hash_blocking(asker, password.as_bytes().to_vec());
        hashed.map_err(|TooMany| busy())?.map_err(|error| Problem::internal(error.to_string()))
    }
}

/// A caller of the API who sets a password, for itself or for somebody else.
pub fn proven(caller: &Caller) -> Asker {
    Asker::Proven(Arc::from(&*caller.id))
}

/// Refuses a password that everybody can read in the samples or documents, where other machines reach one of the addresses at
/// which it is asked for.
pub fn check_unpublished(listening: &[SocketAddr], field: &str, password: &str) -> Result<(), Problem> {
    let reached = listening.iter().find(|address| !is_loopback(**address));
    match reached.filter(|_| is_published_password(password)) {
        None => Ok(()),
        Some(address) => Err(Problem::field(
            field,
            format!(
                "is published with the samples and documents, and {address} is reached from other machines"
            ),
        )),
    }
}

fn busy() -> Problem {
    Problem::unavailable("too many passwords are being checked; try again").retry_after(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_passwords_are_for_this_machine_alone() {
        let [near, far] = ["127.0.0.1:2775", "192.0.2.1:2775"].map(|address| address.parse().unwrap());
        assert_eq!(check_unpublished(&[near], "password", "secret01"), Ok(()));
        assert_eq!(check_unpublished(&[near, far], "password", "secret03"), Ok(()));
        for published in ["secret01", "secret02", "seven purple Kites 7"] {
            let problem = check_unpublished(&[near, far], "password", published).unwrap_err();
            assert!(format!("{problem:?}").contains("192.0.2.1:2775"), "{problem:?}");
        }
    }
}
