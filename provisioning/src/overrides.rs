//! Settings of the command line that come before those of the file.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::settings::Settings;

/// Settings of the command line; `None` for those of the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The data directory.
    pub data_dir: Option<PathBuf>,
    /// The address at which gateways connect.
    pub smpp_listen: Option<SocketAddr>,
    /// The address of the management API, `/healthz` and `/readyz`.
    pub http_listen: Option<SocketAddr>,
    /// The address of `/metrics`.
    pub metrics_listen: Option<SocketAddr>,
}

impl Overrides {
    /// Replaces settings of the file.
    pub fn apply(&self, settings: &mut Settings) {
        let Self { data_dir, smpp_listen, http_listen, metrics_listen } = self.clone();
        settings.storage.data_dir = data_dir.unwrap_or_else(|| settings.storage.data_dir.clone());
        settings.smpp.listen = smpp_listen.unwrap_or(settings.smpp.listen);
        settings.http.listen = http_listen.unwrap_or(settings.http.listen);
        settings.metrics.listen = metrics_listen.unwrap_or(settings.metrics.listen);
    }
}
