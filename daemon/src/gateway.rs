//! The gate: where SMPP sessions meet rating, charging and storage.
//!
//! `bind` admits a gateway, `session` is what its session talks to, `submit` charges, `request` reads what a
//! submit says beyond its text, and `answers` turns what storage says into responses; `route` and
//! `intent` say where a message goes, `receipts` brings back what became of it. `direct` is for messages that come without
//! a bind.

mod answers;
mod bind;
mod direct;
mod intent;
mod manage;
mod receipts;
mod request;
mod route;
mod session;
mod submit;

pub use bind::TollGate;
pub(crate) use direct::{DirectSubmit, NotCharged, destination, submit_directly};
pub(crate) use manage::smpp_time;
pub use session::GatewaySession;
