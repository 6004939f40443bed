//! Clients: SMPP sessions of gateways, and how they reach rating, charging and storage.
//!
//! `bind` admits a gateway, `session` is what its session talks to, `submit` charges, `parameters` reads what a
//! submit says beyond its text, and `answers` turns what storage says into responses; `route` and
//! `delivery_intent` say where a message goes, `receipts_out` brings back what became of it. `direct` is for messages that come without
//! a bind.

mod answers;
mod bind;
mod context;
mod delivery_intent;
mod direct;
mod parameters;
mod query_cancel_replace;
mod receipts_out;
mod route;
mod session;
mod submit;
mod token;

pub use bind::ClientBinds;
pub use context::ClientContext;
pub use direct::{DirectSubmit, NotCharged, destination, submit_directly};
pub use session::EsmeSession;
