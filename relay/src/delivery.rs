//! Delivery: from a charged message on disk to an operator's answer, and from an operator's receipt back to the gateway.
//!
//! ```text
//! committer ──queued──► backlog ──assign──► operator queue ──► link ──submit_sm──► operator
//!     ▲                    ▲ (delivery thread)    │            │
//!     └─ delivery events ───┴──── put back ◄───────┴────────────┴── answer, receipt, loss
//! ```
//!
//! A message waits in the backlog of its **first choice**, the operator that was chosen when it was charged, and its row
//! on disk never moves. The operator that sends it is decided when it leaves the backlog, so that the messages of an
//! operator that is down go elsewhere without a row being rewritten. Before it goes on a wire a **lease** that names it is durable: after a crash a
//! message without one was certainly never sent, and one with it may have been.
//!
//! **Architecture invariant:** money moves in the committer only. Delivery hands it events, and an event that the
//! committer has not confirmed has not happened.

pub mod acks;
pub mod assign;
pub mod attempt;
pub mod backlog;
pub mod commit;
pub mod country_breakers;
pub mod deadlines;
pub mod effects;
pub mod expiry;
pub mod leases;
pub mod link_status;
pub mod long_messages;
pub mod match_by_address;
pub mod metrics;
pub mod operator_queue;
pub mod operator_queues;
pub mod receipt_queue;
pub mod receipt_request;
pub mod retry_policy;
pub mod scheduler;
pub mod unknown_outcomes;
pub mod unknown_states;
pub mod unmatched_receipts;
pub mod wakers;

pub use long_messages::LongMessageRoutes;
pub use operator_queue::{OperatorQueue, OperatorQueueView};
pub use operator_queues::{OperatorQueues, OperatorSetup};
pub use receipt_queue::ReceiptQueue;
pub use scheduler::DeliveryScheduler;
