//! What the command line sets in place of the settings file.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::settings::Settings;

/// What the command line sets in place of the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The data directory.
    pub data_dir: Option<PathBuf>,
    /// Where gateways connect.
    pub smpp_listen: Option<SocketAddr>,
    /// Where `/healthz` and `/readyz` are.
    pub http_listen: Option<SocketAddr>,
    /// Where `/metrics` is.
    pub metrics_listen: Option<SocketAddr>,
}

impl Overrides {
    /// Puts them in place of what the file says.
    pub fn apply(&self, settings: &mut Settings) {
        let Self { data_dir, smpp_listen, http_listen, metrics_listen } = self.clone();
        settings.storage.data_dir = data_dir.unwrap_or_else(|| settings.storage.data_dir.clone());
        settings.smpp.listen = smpp_listen.unwrap_or(settings.smpp.listen);
        settings.http.listen = http_listen.unwrap_or(settings.http.listen);
        settings.metrics.listen = metrics_listen.unwrap_or(settings.metrics.listen);
    }
}
