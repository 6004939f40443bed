//! Deliveries over real sockets.

use rusmpp::CommandId;
use tokio::io::AsyncWriteExt;
use tollgate_smpp::server::ServerConfig;
use tollgate_smpp::session::CloseReason;
use tollgate_smpp::{Delivery, DeliveryOutcome, OwnedAddress};

use crate::start;
use crate::support::client::Client;
use crate::support::peer::{list, raw, submits};
use crate::support::toy_bind_handler::ToyBindHandler;

const DELIVER_SM_RESP: u32 = 0x8000_0005;

fn deliveries(count: u64) -> Vec<Delivery> {
    let address = || OwnedAddress { ton: 1, npi: 1, digits: b"491701234567".to_vec() };
    list((1..=count).map(|token| Delivery {
        token,
        source: address(),
        destination: address(),
        esm_class: 0x04,
        data_coding: 0,
        short_message: b"id:1 stat:DELIVRD".to_vec(),
        tlvs: Vec::new(),
    }))
}

#[tokio::test]
async fn deliveries_wake_an_idle_session_and_go_through_its_window() {
    let toy = ToyBindHandler::default();
    toy.lock().delivery_window = 10;
    let (server, address) = start(&toy, ServerConfig::default()).await;
    let mut client = Client::bound(address).await;
    toy.deliver(deliveries(1000));
    for sequence in 1..=1000 {
        assert_eq!(client.header().await, (CommandId::DeliverSm, 0, sequence));
        client.send(&raw(DELIVER_SM_RESP, sequence, b"\0")).await;
    }
    client.send(&submits(2, 1)).await;
    assert_eq!(client.sequences(1).await, [2], "so the last answer has been read");
    let expected = list((1..=1000).map(|token| (token, DeliveryOutcome::Accepted)));
    assert_eq!(toy.lock().outcomes, expected);
    assert!(toy.lock().outcome_flushes > 0);
    assert_eq!(server.stats().deliveries.get(), 1000);
}

#[tokio::test]
async fn a_handler_hears_of_every_delivery_before_its_session_is_dropped() {
    let toy = ToyBindHandler::default();
    toy.lock().delivery_window = 10;
    let (_server, address) = start(&toy, ServerConfig::default()).await;
    let mut client = Client::bound(address).await;
    toy.deliver(deliveries(3));
    assert_eq!(client.sequences(3).await, [1, 2, 3]);
    client.send(&raw(DELIVER_SM_RESP, 2, b"\0")).await;
    client.stream.shutdown().await.unwrap();
    client.assert_closed().await;
    let unanswered = DeliveryOutcome::Unanswered;
    let expected = [(2, DeliveryOutcome::Accepted), (1, unanswered), (3, unanswered)];
    assert_eq!(toy.lock().outcomes, expected);
    assert_eq!(toy.sessions(), 0);
}

#[tokio::test]
async fn a_handler_may_hang_up() {
    let toy = ToyBindHandler::default();
    toy.lock().delivery_window = 10;
    let (server, address) = start(&toy, ServerConfig::default()).await;
    let mut client = Client::bound(address).await;
    toy.hang_up();
    client.assert_closed().await;
    assert_eq!(server.stats().sessions_closed(CloseReason::Stopped), 1);
}
