//! Strangers: connections that do not bind have few places, give them up to others, and give them back when they go.

use std::net::IpAddr;

use tollgate_smpp::places::{NoPlace, PlaceLimits};
use tollgate_smpp::proxy::TrustedProxies;
use tollgate_smpp::server::{Server, ServerConfig};
use tollgate_smpp::session::CloseReason;

use crate::start;
use crate::support::client::{Client, within};
use crate::support::peer::{self, submit_sm};
use crate::support::toy_bind_handler::ToyBindHandler;

const LIMITS: PlaceLimits = PlaceLimits { all: 8, strangers: 6, strangers_per_address: 4 };

fn with_places() -> ServerConfig {
    ServerConfig { places: LIMITS, ..ServerConfig::default() }
}

async fn until(condition: impl Fn() -> bool) {
    within(async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn until_taken(server: &Server, count: usize) {
    until(|| server.places().taken() == count).await;
}

#[tokio::test]
async fn idle_connections_keep_no_gateway_out() {
    let (server, address) = start(&ToyBindHandler::default(), with_places()).await;
    let mut first = Client::bound(address).await;
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(Client::connect(address).await);
    }
    let mut second = Client::bound(address).await;
    for gateway in [&mut first, &mut second] {
        gateway.send(&submit_sm(2)).await;
        assert_eq!(gateway.sequences(1).await, [2]);
    }
    until_taken(&server, 2 + 3).await;
    assert_eq!(server.places().refused(NoPlace::SentAway), 37);
    until(|| server.stats().sessions_closed(CloseReason::SentAway) == 37).await;
}

#[tokio::test]
async fn a_peer_that_goes_while_its_bind_is_looked_at_gives_its_place_back() {
    let toy = ToyBindHandler::default();
    toy.lock().holds_binds = true;
    let (server, address) = start(&toy, with_places()).await;
    for behind in [Vec::new(), submit_sm(2), vec![0; 4_000]] {
        let mut client = Client::connect(address).await;
        client.send(&[peer::bind(1), behind].concat()).await;
        until(|| !toy.lock().peers.is_empty()).await;
        toy.lock().peers.clear();
        drop(client);
        until_taken(&server, 0).await;
    }
}

#[tokio::test]
async fn while_binds_are_looked_at_there_are_no_more_of_one_address() {
    let toy = ToyBindHandler::default();
    toy.lock().holds_binds = true;
    let (server, address) = start(&toy, with_places()).await;
    let mut asking = Vec::new();
    for _ in 0..LIMITS.strangers_per_address {
        let mut client = Client::connect(address).await;
        client.send(&peer::bind(1)).await;
        asking.push(client);
    }
    until(|| toy.lock().peers.len() == asking.len()).await;
    Client::connect(address).await.assert_closed().await;
    assert_eq!(server.places().refused(NoPlace::AddressFull), 1);
    assert_eq!(server.places().last_refused(), Some(IpAddr::from([127, 0, 0, 1])));
}

#[tokio::test]
async fn a_trusted_proxy_says_for_whom_it_connects() {
    let toy = ToyBindHandler::default();
    let trusted_proxies = TrustedProxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let config = ServerConfig { trusted_proxies, ..with_places() };
    let (server, address) = start(&toy, config).await;
    let mut behind = Client::connect(address).await;
    behind.send(b"PROXY TCP4 192.0.2.7 198.51.100.1 1234 2775\r\n").await;
    behind.bind().await;
    assert_eq!(toy.lock().peers, [IpAddr::from([192, 0, 2, 7])]);

    let mut without = Client::connect(address).await;
    without.send(&peer::bind(1)).await;
    until(|| server.places().refused(NoPlace::NoProxyHeader) == 1).await;
    assert_eq!(toy.lock().peers.len(), 1, "it does not bind");
}

#[tokio::test]
async fn from_anybody_else_the_header_is_no_pdu() {
    let (server, address) = start(&ToyBindHandler::default(), with_places()).await;
    let mut stranger = Client::connect(address).await;
    stranger.send(b"PROXY TCP4 192.0.2.7 198.51.100.1 1234 2775\r\n").await;
    stranger.next().await;
    stranger.assert_closed().await;
    assert_eq!(server.stats().sessions_closed(CloseReason::BrokenFrame), 1);
}
