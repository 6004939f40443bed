//! The end of a server: all that is in flight is answered, everyone is told, and it takes no
//! longer than allowed.

use std::time::{Duration, Instant};

use rusmpp::{CommandId, Pdu};
use tokio::net::TcpStream;
use tollgate_smpp::server::ServerConfig;
use tollgate_smpp::session::CloseReason;

use crate::start;
use crate::support::client::{Client, within};
use crate::support::peer::{self, bind, enquire_link, list, submits};
use crate::support::toy_bind_handler::ToyBindHandler;

const OUR_UNBIND: (CommandId, u32, u32) = (CommandId::Unbind, 0, 1);
const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_drain_answers_everyone_and_says_goodbye() {
    let toy = ToyBindHandler::default();
    toy.lock().hold = true;
    let (server, address) = start(&toy, ServerConfig::default()).await;
    let stats = server.stats().clone();
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = Client::bound(address).await;
        client.send(&[submits(2, 10), enquire_link(12)].concat()).await;
        assert_eq!(client.header().await.0, CommandId::EnquireLinkResp);
        clients.push(client);
    }
    let mut unbound = Client::connect(address).await;
    unbound.send(&enquire_link(1)).await;
    unbound.header().await;

    let drained = tokio::spawn(server.drain(LIMIT));
    unbound.assert_closed().await;
    toy.release();
    for client in &mut clients {
        assert_eq!(client.sequences(10).await, list(2..12));
        assert_eq!(client.header().await, OUR_UNBIND);
        client.send(&peer::request(1, Pdu::UnbindResp)).await;
        client.assert_closed().await;
    }
    drop((clients, unbound));
    within(drained).await.unwrap();
    assert_eq!((stats.connections_open.get(), stats.sessions_closed(CloseReason::Drained)), (0, 4));
    assert!(TcpStream::connect(address).await.is_err(), "nothing listens any more");
}

#[tokio::test]
async fn peers_that_do_not_answer_the_unbind_hold_a_drain_up_no_longer_than_its_limit() {
    let (server, address) = start(&ToyBindHandler::default(), ServerConfig::default()).await;
    let stats = server.stats().clone();
    let mut silent = Client::bound(address).await;
    let begun = Instant::now();
    within(server.drain(Duration::from_millis(200))).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!((stats.connections_open.get(), stats.sessions_closed(CloseReason::Stopped)), (0, 1));
    assert_eq!(silent.header().await, OUR_UNBIND);
    silent.assert_closed().await;
}

#[tokio::test]
async fn a_server_without_connections_drains_at_once() {
    let (server, _) = start(&ToyBindHandler::default(), ServerConfig::default()).await;
    let begun = Instant::now();
    within(server.drain(LIMIT)).await;
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn dropping_a_server_ends_its_sessions() {
    let toy = ToyBindHandler::default();
    let (server, address) = start(&toy, ServerConfig::default()).await;
    let mut client = Client::connect(address).await;
    client.send(&bind(1)).await;
    client.header().await;
    drop(server);
    client.assert_closed().await;
    assert_eq!(toy.sessions(), 0);
}
