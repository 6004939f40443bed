//! Clients: SMPP sessions of gateways, and how they reach rating, charging and storage.
//!
//! `bind` admits a gateway and `session` is its session, with what all sessions share in `context`. `parameters` reads
//! the parameters of a submit, `submit` charges it into a chunk (`chunks`), `route` and `delivery_intent` choose its
//! operator, and `answers` turns the committer's answers into responses (`token` finds the request again, `resend` answers as before).
//! `query_cancel_replace` is for later requests about a message, `receipts_out` sends receipts, and `direct` is for
//! messages that come without a bind. `open_binds` lists who is bound, with what the session of each (`bound_session`) does (`bind_activity`).

mod answers;
mod bind;
mod bind_activity;
mod bound_session;
mod bundle_ends;
mod chunks;
mod context;
mod delivery_intent;
mod direct;
mod direct_tags;
mod levels;
mod open_binds;
mod parameters;
mod query_cancel_replace;
mod receipts_out;
mod refused_above;
mod refused_messages;
mod resend;
mod route;
mod session;
mod spread;
mod submit;
mod token;

pub use bind::ClientBinds;
pub use bind_activity::{BindActivity, BindView};
pub use bound_session::BoundSession;
pub use context::ClientContext;
pub use direct::{DirectSubmit, NotCharged, destination, submit_directly};
pub use open_binds::{ListedBind, OpenBind, OpenBinds};
pub use session::EsmeSession;
pub use tollgate_smpp::BindMode as OpenBindMode;
