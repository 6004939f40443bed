//! Delivery: from a charged message on disk to an operator's answer, and from an operator's receipt back to the gateway.
//!
//! ```text
//! committer ──queued──► home queue ──pump──► lane ──► link ──submit_sm──► operator
//!     ▲                     ▲  (desk thread)   │        │
//!     └── delivery events ──┴── put back ◄─────┴────────┴── answer, receipt, loss
//! ```
//!
//! A message waits in the queue of its **home**, the operator that was chosen when it was charged, and its row on disk
//! never moves. Who sends it is decided when it leaves the queue, so that a dead operator's messages go elsewhere
//! without a row being rewritten. Before it goes on a wire a **lease** that names it is durable: after a crash a
//! message without one was certainly never sent, and one with it may have been.
//!
//! **Architecture invariant:** money moves in the committer only. What happens here is reported to it as events, and
//! what the committer has not confirmed has not happened.

mod board;
mod classify;
mod countries;
mod desk;
mod durable;
mod envelope;
mod home;
mod inbound;
mod lane;
mod lanes;
mod leases;
mod link;
mod links;
mod mailbox;
mod meters;
mod orphans;
mod outgoing;
mod parts;
mod pump;
mod report;
mod timers;
mod unknown;
mod verdicts;
mod waiting;

pub use board::{Bond, Card};
pub use classify::gateway_may_take_later;
pub use desk::Desk;
pub use durable::DurableSink;
pub use lane::{Lane, LaneView};
pub use lanes::{Lanes, OperatorSetup};
pub use links::Links;
pub use mailbox::Mailbox;
pub use parts::Parts;
