//! Alerts, and the e-mails and webhook calls that carry them and other notices.

pub mod alerts;
pub mod email;
pub mod webhooks;
