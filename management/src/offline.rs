//! The changes that the management API would make, on the books of a daemon that is stopped: with the same notes in the audit
//! log, and the same answers as far as they can be told without what only a running daemon has.

mod admin;
mod books;
mod listing;
mod operators;
mod topup;

pub use admin::{NewAdmin, generated_password};
pub use books::OfflineBooks;
pub use listing::OfflineReader;
pub use topup::OfflineTopup;

/// The actor of the audit log for what is done on the machine, by the number of its user.
fn actor(uid: u32) -> String {
    tollgate_api::caller::Caller::on_the_machine(uid).actor
}
