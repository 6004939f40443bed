//! Checking of passwords, of binds and of users of the API, in few places and with a ceiling on wrong ones.

mod guess_queue;
mod pool;
mod proofs;

pub use guess_queue::TooMany;
pub use pool::{Asker, PasswordPool};
pub use proofs::{Proofs, Remembered};
