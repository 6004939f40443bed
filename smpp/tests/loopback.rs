//! The tokio shell over real sockets on the loopback interface.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::doc_markdown, reason = "names of PDUs are words here")]

#[path = "loopback/deliveries.rs"]
mod deliveries;
#[path = "loopback/drain.rs"]
mod drain;
#[path = "loopback/places.rs"]
mod places;
#[path = "loopback/plain.rs"]
mod plain;
mod support;
#[path = "loopback/tls.rs"]
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;

use tollgate_smpp::server::{Server, ServerConfig};

use support::toy_bind_handler::ToyBindHandler;

/// A free port of the loopback interface.
fn anywhere() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// A server without TLS, and where it listens.
async fn start(toy: &ToyBindHandler, config: ServerConfig) -> (Server, SocketAddr) {
    let config = ServerConfig { plain: vec![anywhere()], ..config };
    let server = Server::start(config, Arc::new(toy.clone())).await.unwrap();
    let address = server.plain_addresses()[0];
    (server, address)
}
