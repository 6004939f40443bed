//! The news that is told to others: e-mails and calls of webhooks, and the jobs that bring them on their way. Nothing here knows the books;
//! the services in `management` write what comes of it.

pub mod delivery_record;
pub mod email_texts;
pub mod email_transport;
pub mod endpoint_record;
pub mod event_record;
pub mod filter;
pub mod jobs;
pub mod post;
pub mod signature;
pub mod url;
pub mod webhook_addresses;
pub mod webhook_calls;
