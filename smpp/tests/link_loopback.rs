//! Links over real sockets on the loopback interface, against our own server and against operators that
//! break off.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::doc_markdown, reason = "names of PDUs are words here")]

#[path = "link_loopback/broken.rs"]
mod broken;
#[path = "link_loopback/plain.rs"]
mod plain;
mod support;
#[path = "link_loopback/tls.rs"]
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tollgate_smpp::link::LinkConfig;
use tollgate_smpp::server::{Server, ServerConfig};

use support::operator::config;
use support::toy_bind_handler::ToyBindHandler;

/// A link that comes back soon.
fn link_to(address: SocketAddr) -> LinkConfig {
    LinkConfig {
        host: address.ip().to_string(),
        port: address.port(),
        reconnect_min: Duration::from_millis(10),
        reconnect_max: Duration::from_millis(50),
        ..config()
    }
}

/// A free port of the loopback interface.
fn anywhere() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

async fn serve(toy: &ToyBindHandler) -> (Server, SocketAddr) {
    serve_at(toy, anywhere()).await
}

async fn serve_at(toy: &ToyBindHandler, address: SocketAddr) -> (Server, SocketAddr) {
    let config = ServerConfig { plain: vec![address], ..ServerConfig::default() };
    let server = Server::start(config, Arc::new(toy.clone())).await.unwrap();
    let address = server.plain_addresses()[0];
    (server, address)
}
