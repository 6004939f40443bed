//! `[webhooks]`: the networks that events of accounts may be posted to.

use ipnet::IpNet;
use serde::Serialize;

use crate::read::TableReader;
use crate::read::texts::address_block;
use crate::read::values::text;

/// Settings of webhooks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WebhookSettings {
    /// Networks that URLs of accounts may lead to besides public addresses.
    pub allowed_networks: Vec<IpNet>,
}

/// Reads the table.
pub fn read_webhooks(table: &mut TableReader) -> WebhookSettings {
    WebhookSettings {
        allowed_networks: table.list("allowed_networks", text(address_block)).unwrap_or_default(),
    }
}
