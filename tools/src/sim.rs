//! The operator simulator: a message centre that takes messages and sends receipts, as well or as badly as
//! asked.
//!
//! It stands where a mobile operator stands, so that everything on this side of it can be measured and broken
//! on purpose: slow answers, errors, throttling, lost answers, cut connections, receipts that come early,
//! late, twice or never, ids in every format. It keeps no state of messages, answers every query with a
//! failure, and ends with its process. What it accepted stands in the record file, if it is given one.
//!
//! Everything that is due later waits in an ordered queue that its session looks into; no message has a task
//! or a timer of its own.

mod answers;
mod chance;
mod command;
mod counts;
mod credentials;
mod dates;
mod delay_queue;
mod due_timer;
mod handler;
mod ids;
mod listening;
mod receipt_queue;
mod receipt_sender;
mod receipts;
mod record;
mod session;
mod simulator;
mod throttle;

#[cfg(test)]
mod tests;

pub use command::SimCommand;
