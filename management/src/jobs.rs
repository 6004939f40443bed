//! The durable queue of work that is done behind requests: e-mails, webhook calls, and writes that a request must not wait
//! for.
//!
//! A job is a document. It is written in the commit of what causes it, or in one of its own before the request is answered,
//! and removed once it is done or given up. So a stop or a crash loses none; a job that was done and not yet removed when the
//! process ended is done again.

mod handler;
mod queue;
mod workers;

pub use handler::{JobHandler, PreparedJob};
pub use queue::JobQueue;
pub use workers::Workers;
