//! Connections without TLS: throughput of one write, timers on a real clock, and peers that misbehave.

use std::time::{Duration, Instant};

use rusmpp::{CommandId, Pdu};
use tokio::io::AsyncWriteExt;
use tollgate_smpp::places::{NoPlace, PlaceLimits};
use tollgate_smpp::server::ServerConfig;
use tollgate_smpp::session::{CloseReason, SessionConfig, TimerConfig};
use tollgate_smpp::{BindMode, server::Server};

use crate::start;
use crate::support::client::{Client, within};
use crate::support::peer::{self, bind_as, enquire_link, list, raw_with_length, submit_sm, submits, unbind};
use crate::support::toy_bind_handler::ToyBindHandler;

const SOON: Duration = Duration::from_millis(100);

fn with_timers(timers: TimerConfig) -> ServerConfig {
    let session = SessionConfig { timers, ..SessionConfig::default() };
    ServerConfig { session, ..ServerConfig::default() }
}

fn closed(server: &Server, reason: CloseReason) -> u64 {
    server.stats().sessions_closed(reason)
}

#[tokio::test]
async fn a_gateway_binds_submits_and_unbinds() {
    let toy = ToyBindHandler::with_window(100);
    let (server, address) = start(&toy, ServerConfig::default()).await;
    let mut client = Client::bound(address).await;
    assert_eq!(server.stats().binds_open(BindMode::Transceiver).get(), 1);

    client.send(&submits(2, 5000)).await;
    assert_eq!(client.sequences(5000).await, list(2..5002));
    client.send(&unbind(9)).await;
    assert_eq!(client.header().await, (CommandId::UnbindResp, 0, 9));
    client.assert_closed().await;

    let stats = server.stats();
    assert_eq!((stats.frames.get(), closed(&server, CloseReason::PeerUnbound)), (5002, 1));
    let sent = submits(2, 5000).len() + peer::bind(1).len() + unbind(9).len();
    assert_eq!(stats.received_bytes.get(), sent as u64);
    assert_eq!(stats.binds_open(BindMode::Transceiver).get(), 0);
    assert_eq!(toy.sessions(), 0);
}

#[tokio::test]
async fn a_pdu_may_arrive_octet_by_octet() {
    let (_server, address) = start(&ToyBindHandler::default(), ServerConfig::default()).await;
    let mut client = Client::bound(address).await;
    client.stream.set_nodelay(true).unwrap();
    for octet in submits(2, 2) {
        client.send(&[octet]).await;
    }
    assert_eq!(client.sequences(2).await, [2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_are_served_side_by_side() {
    let toy = ToyBindHandler::default();
    let (server, address) = start(&toy, ServerConfig::default()).await;
    let clients = (0..50).map(|_| {
        tokio::spawn(async move {
            let mut client = Client::bound(address).await;
            for first in [2, 102, 202] {
                client.send(&submits(first, 100)).await;
                assert_eq!(client.sequences(100).await, list(first..first + 100));
            }
        })
    });
    for client in list(clients) {
        within(client).await.unwrap();
    }
    assert_eq!(toy.lock().submitted.len(), 50 * 300);
    assert_eq!(server.stats().connections_accepted.get(), 50);
}

#[tokio::test]
async fn answers_wake_the_session_when_they_come_later() {
    let toy = ToyBindHandler::default();
    toy.lock().hold = true;
    let (_server, address) = start(&toy, ServerConfig::default()).await;
    let mut client = Client::bound(address).await;
    client.send(&[submits(2, 3), enquire_link(5)].concat()).await;
    assert_eq!(
        client.header().await,
        (CommandId::EnquireLinkResp, 0, 5),
        "so the submits have reached the handler"
    );
    toy.release();
    assert_eq!(client.sequences(3).await, [2, 3, 4]);
}

#[tokio::test]
async fn a_handler_that_has_room_again_wakes_the_session() {
    let toy = ToyBindHandler::default();
    toy.set_full(true);
    let (_server, address) = start(&toy, ServerConfig::default()).await;
    let mut client = Client::bound(address).await;
    client.send(&submit_sm(2)).await;
    assert_eq!(client.sequences(1).await, [2], "taken before the handler was found full");
    client.send(&submit_sm(3)).await;
    toy.set_full(false);
    assert_eq!(client.sequences(1).await, [3]);
}

#[tokio::test]
async fn a_connection_that_does_not_bind_is_closed() {
    let timers = TimerConfig { session_init: SOON, ..TimerConfig::default() };
    let (server, address) = start(&ToyBindHandler::default(), with_timers(timers)).await;
    Client::connect(address).await.assert_closed().await;
    assert_eq!(closed(&server, CloseReason::NotBound), 1);
}

#[tokio::test]
async fn a_silent_peer_is_asked_and_closed_when_it_does_not_answer() {
    let timers = TimerConfig { enquire_link: SOON, response: SOON * 10, ..TimerConfig::default() };
    let (server, address) = start(&ToyBindHandler::default(), with_timers(timers)).await;
    let mut client = Client::bound(address).await;
    assert_eq!(client.header().await, (CommandId::EnquireLink, 0, 1));
    client.send(&peer::request(1, Pdu::EnquireLinkResp)).await;
    assert_eq!(client.header().await, (CommandId::EnquireLink, 0, 2));
    client.assert_closed().await;
    assert_eq!(closed(&server, CloseReason::Unanswered), 1);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_closed_and_nobody_else() {
    let toy = ToyBindHandler::default();
    let timers = TimerConfig { write_stall: SOON, ..TimerConfig::default() };
    let (server, address) = start(&toy, with_timers(timers)).await;
    let mut good = Client::bound(address).await;
    let mut bad = Client::bound(address).await;

    // Each enquire_link costs the server as many octets as its answer, so the answers fill every buffer on
    // the way.
    let questions: Vec<u8> = (0..10_000).flat_map(enquire_link).collect();
    let flood = async { while bad.stream.write_all(&questions).await.is_ok() {} };
    within(flood).await;
    assert_eq!(closed(&server, CloseReason::WriteStalled), 1);

    good.send(&submit_sm(2)).await;
    assert_eq!(good.sequences(1).await, [2]);
}

#[tokio::test]
async fn the_nack_of_a_broken_frame_arrives_whatever_was_sent_behind_it() {
    let (server, address) = start(&ToyBindHandler::default(), ServerConfig::default()).await;
    let mut client = Client::bound(address).await;
    let broken = raw_with_length(0x7FFF_FFFF, 0x04, 9, &vec![0; 500_000]);
    client.send(&broken).await;
    assert_eq!(client.header().await, (CommandId::GenericNack, 0x02, 9));
    client.assert_closed().await;
    assert_eq!(closed(&server, CloseReason::BrokenFrame), 1);
}

#[tokio::test]
async fn a_peer_that_has_closed_its_side_gets_its_answers() {
    let toy = ToyBindHandler::default();
    toy.lock().hold = true;
    let (server, address) = start(&toy, ServerConfig::default()).await;
    let mut client = Client::bound(address).await;
    client.send(&[submits(2, 3), enquire_link(5)].concat()).await;
    client.header().await;
    client.stream.shutdown().await.unwrap();
    toy.release();
    assert_eq!(client.sequences(3).await, [2, 3, 4]);
    client.assert_closed().await;
    assert_eq!(closed(&server, CloseReason::PeerClosed), 1);
}

#[tokio::test]
async fn wrong_passwords_are_answered_later_and_later() {
    let config = ServerConfig::default();
    let first = config.penalties.delay_first;
    let (server, address) = start(&ToyBindHandler::default(), config).await;
    let mut client = Client::connect(address).await;
    for (sequence, delay) in [(1, first), (2, first * 2), (3, first * 4)] {
        let asked = Instant::now();
        client.send(&bind_as(BindMode::Transceiver, sequence, "guess", 0x34)).await;
        assert_eq!(client.header().await, (CommandId::BindTransceiverResp, 0x0E, sequence));
        assert!(asked.elapsed() >= delay, "{:?} is too soon", asked.elapsed());
    }
    assert_eq!(server.stats().binds_refused.get(), 3);

    let asked = Instant::now();
    client.bind().await;
    assert!(asked.elapsed() < first * 8, "the right password does not wait its turn");
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let config = ServerConfig {
        places: PlaceLimits { all: 1, strangers: 1, strangers_per_address: 1 },
        ..ServerConfig::default()
    };
    let (server, address) = start(&ToyBindHandler::default(), config).await;
    let mut first = Client::bound(address).await;
    Client::connect(address).await.assert_closed().await;
    assert_eq!(server.places().refused(NoPlace::Full), 1);
    first.send(&submit_sm(2)).await;
    assert_eq!(first.sequences(1).await, [2]);
}
