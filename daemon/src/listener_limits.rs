//! The limits of each listener, from the settings and from the file descriptors that there are.

use std::time::Duration;

use tollgate_provisioning::{HttpSettings, Settings, SmppSettings};
use tollgate_smpp::places::PlaceLimits;
use tollgate_smpp::proxy::TrustedProxies;

use crate::descriptors::{self, Shares};
use crate::http_server::HttpLimits;

/// Connections of those who read metrics.
const METRICS_CONNECTIONS_MAX: u32 = 50;

/// The limits of the HTTP listeners, and how many connections of gateways there may be.
pub struct ListenerLimits {
    /// Connections of gateways, bound or not.
    pub smpp: u32,
    /// Those of the API and the health checks.
    pub http: HttpLimits,
    /// Those of the metrics.
    pub metrics: HttpLimits,
}

impl ListenerLimits {
    /// As configured, as far as there are descriptors.
    pub fn of(settings: &Settings) -> Self {
        let shares = descriptors::share(Shares {
            smpp: settings.smpp.max_connections,
            http: settings.http.max_connections,
            metrics: METRICS_CONNECTIONS_MAX,
        });
        let metrics = HttpLimits {
            connections: shares.metrics,
            connections_per_address: shares.metrics.div_ceil(2),
            trusted_proxies: TrustedProxies::default(),
            ..http(&settings.http, shares.metrics)
        };
        Self { smpp: shares.smpp, http: http(&settings.http, shares.http), metrics }
    }
}

fn http(http: &HttpSettings, connections: u32) -> HttpLimits {
    HttpLimits {
        connections,
        connections_per_address: http.max_connections_per_address.min(connections),
        header_timeout: Duration::from_secs(http.header_timeout_seconds.into()),
        trusted_proxies: TrustedProxies::new(http.trusted_proxies.clone()),
    }
}

/// The places of gateways' connections, as configured.
pub fn places(smpp: &SmppSettings) -> PlaceLimits {
    PlaceLimits {
        all: smpp.max_connections,
        strangers: smpp.max_unbound_connections,
        strangers_per_address: smpp.max_unbound_per_address,
    }
}
