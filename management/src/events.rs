//! Events: listed, posted to webhook endpoints, and sent again.
//!
//! An event is written in the change that it tells of, with a mark. Whoever finds the mark queues a delivery for each endpoint
//! that takes it, and removes the mark in the same commit. So each endpoint gets each event at least once, wherever the process
//! ends in between.

mod books;
mod endpoints;
mod fan_out;
mod list;
mod mails;
mod notes;
mod retention;

pub use books::EventBooks;
pub use endpoints::WebhookEndpoints;
pub use fan_out::FanOut;
pub use list::Events;
pub use mails::Mails;
pub use retention::Retention;
