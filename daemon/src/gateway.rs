//! The gate: where SMPP sessions meet rating, charging and storage.
//!
//! `bind` admits a gateway, `session` is what its session talks to, `submit` charges, `request` reads what a
//! submit says beyond its text, and `answers` turns what storage says into responses.

mod answers;
mod bind;
mod manage;
mod request;
mod session;
mod submit;

pub use bind::TollGate;
pub use session::GatewaySession;
