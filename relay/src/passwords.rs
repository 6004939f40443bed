//! Checking of passwords, of binds and of users of the API, in few places and with a ceiling on wrong ones.

mod asker;
mod guess_queue;
mod pool;
mod proofs;
mod queues;

pub use asker::Asker;
pub use guess_queue::TooMany;
pub use pool::PasswordPool;
pub use proofs::{Proofs, Remembered};
