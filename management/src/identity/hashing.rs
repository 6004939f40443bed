//! Hashing of users' passwords, by the threads that check those of binds too.

use std::sync::Arc;

use tollgate_api::problem::Problem;
use tollgate_provisioning::passwords::PasswordHash;
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
        email: &str,
        stored: Option<&PasswordHash>,
        password: &str,
    ) -> Result<bool, Problem> {
        let (asker, password) = (Asker::Login(None, Arc::from(email)), password.as_bytes().to_vec());
        self.pool.verify_blocking(asker, stored.cloned(), password).map_err(|TooMany| busy())
    }

    /// The hash of a password.
    pub fn hash(&self, password: &str) -> Result<PasswordHash, Problem> {
        let (asker, password) = (Asker::Login(None, Arc::default()), password.as_bytes().to_vec());
        let hashed = self.pool.hash_blocking(asker, password).map_err(|TooMany| busy())?;
        hashed.map_err(|error| Problem::internal(error.to_string()))
    }
}

fn busy() -> Problem {
    Problem::unavailable("too many passwords are being checked; try again").retry_after(1)
}
