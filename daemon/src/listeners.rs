//! A look at the addresses and TLS files before anything else is started. A start that fails for them has changed
//! nothing: no account has got its opening balance by it.

use std::io;
use std::net::{SocketAddr, TcpListener};

use tollgate_provisioning::Settings;
use tollgate_smpp::server::ServerConfig;

/// The part of a sentence that says what to do.
fn way_out(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; end what listens there, or name another address",
        io::ErrorKind::AddrNotAvailable => "; name an address of this machine",
        io::ErrorKind::PermissionDenied => "; name a port from 1024 on",
        _ => "",
    }
}

/// Opens every listener for a moment, and reads the TLS identity.
pub fn check(settings: &Settings, smpp: &ServerConfig) -> Result<(), String> {
    let mut open = Vec::new();
    let mut listen = |what: &str, address: SocketAddr| {
        let listener = TcpListener::bind(address)
            .map_err(|error| format!("cannot listen for {what} on {address}: {error}{}", way_out(&error)))?;
        // All of them stay open together, so that two of one address are noticed.
        open.push(listener);
        Ok::<_, String>(())
    };
    listen("HTTP", settings.http.listen)?;
    listen("metrics", settings.metrics.listen)?;
    for address in &smpp.plain {
        listen("SMPP", *address)?;
    }
    if let Some((addresses, files)) = &smpp.tls {
        files.check().map_err(|error| format!("TLS: {error}"))?;
        for address in addresses {
            listen("SMPP over TLS", *address)?;
        }
    }
    Ok(())
}
