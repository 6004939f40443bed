//! Alerts, and the e-mails and webhook calls that carry them and other notices.

pub mod alerts;
pub mod email;
pub mod email_texts;
mod email_transport;
pub mod webhook_addresses;
pub mod webhook_calls;
pub mod webhooks;
