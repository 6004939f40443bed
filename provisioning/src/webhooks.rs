//! `[webhooks]`: the networks that events of accounts may be posted to, and how long events are kept and tried.

use ipnet::IpNet;
use serde::Serialize;

use crate::read::TableReader;
use crate::read::texts::address_block;
use crate::read::values::{integer, text};

/// Settings of webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebhookSettings {
    /// Networks that URLs of accounts may lead to besides public addresses.
    pub allowed_networks: Vec<IpNet>,
    /// Days for which events, their deliveries and the log of mails are kept.
    pub events_kept_days: u32,
    /// Days without a good answer after which a webhook endpoint is switched off.
    pub failing_days_max: u32,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { allowed_networks: Vec::new(), events_kept_days: 30, failing_days_max: 5 }
    }
}

/// Reads the table.
pub fn read_webhooks(table: &mut TableReader) -> WebhookSettings {
    let default = WebhookSettings::default();
    WebhookSettings {
        allowed_networks: table.list("allowed_networks", text(address_block)).unwrap_or_default(),
        events_kept_days: table.or("events_kept_days", default.events_kept_days, integer(1..=400)),
        failing_days_max: table.or("failing_days_max", default.failing_days_max, integer(1..=30)),
    }
}
