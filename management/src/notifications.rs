//! Alerts, and the mails and webhook calls that carry them.

pub mod alerts;
pub mod mail;
