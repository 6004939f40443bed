//! Both ends are ours: a link's session and the server's, paired in memory.

use tollgate_smpp::link::{LinkConfig, LinkDown};
use tollgate_smpp::receipt::ReceiptText;
use tollgate_smpp::session::CloseReason;
use tollgate_smpp::{BindMode, Delivery, DeliveryOutcome, OwnedAddress};

use crate::support::operator::{Operator, config, converse, pass_both};
use crate::support::pair::Pair;
use crate::support::peer::list;
use crate::support::toy_bind_handler::{FIRST_ID, FIRST_SHORT_ID, NO_ROUTE, ToyBindHandler};
use crate::support::toy_link_handler::{Event, Message, message};

fn bound(config: LinkConfig, toy: ToyBindHandler) -> (Operator, Pair) {
    let (mut link, mut server) = (Operator::new(config), Pair::new(toy));
    converse(&mut link, &mut server);
    assert_eq!(link.handler.take_events(), [Event::Bound]);
    (link, server)
}

fn receipt(token: u64, id: u64) -> Delivery {
    let id = id.to_string();
    let text = ReceiptText {
        id: &id,
        sub: 1,
        dlvrd: 1,
        submitted_at: "2611210000",
        done_at: "2611210001",
        state: 2,
        error: 0,
    };
    let tlvs = vec![(0x001E, format!("{id}\0").into_bytes()), (0x0427, vec![2])];
    Delivery {
        token,
        source: OwnedAddress { ton: 1, npi: 1, digits: b"491701234567".to_vec() },
        destination: OwnedAddress { ton: 5, npi: 0, digits: b"Bank".to_vec() },
        esm_class: 4,
        data_coding: 0,
        short_message: text.write(),
        tlvs,
    }
}

#[test]
fn every_message_arrives_once_and_every_answer_comes_back() {
    for (link_window, server_window) in [(1, 1), (7, 1000), (1000, 7), (100, 100)] {
        let toy = ToyBindHandler::with_window(server_window);
        let (mut link, mut server) = bound(LinkConfig { window: link_window, ..config() }, toy);
        link.handler.send(0..500);
        converse(&mut link, &mut server);
        let answered =
            list(0..500).into_iter().map(|token| Event::Answered(token, 0, (FIRST_ID + token).to_string()));
        assert_eq!(link.handler.take_events(), list(answered), "{link_window} {server_window}");
        assert_eq!(server.toy.lock().submitted.len(), 500);
    }
}

#[test]
fn answers_in_any_order_find_their_messages() {
    let (mut link, mut server) = bound(config(), ToyBindHandler::default());
    server.toy.lock().hold = true;
    server.toy.lock().reversed = true;
    link.handler.send(0..50);
    converse(&mut link, &mut server);
    server.toy.release();
    converse(&mut link, &mut server);
    let ids = (0..50).rev().map(|token| Event::Answered(token, 0, (FIRST_ID + token).to_string()));
    assert_eq!(link.handler.take_events(), list(ids));
}

#[test]
fn what_is_written_is_read_the_same() {
    let (mut link, mut server) = bound(config(), ToyBindHandler::default());
    let long = Message { payload: vec![b'x'; 3000], ..message("") };
    let nowhere = Message { destination: "000012".to_owned(), ..message("nowhere") };
    link.handler.send_each([(1, message("hello")), (2, long.clone()), (3, nowhere)]);
    converse(&mut link, &mut server);
    let toy = server.toy.lock();
    let payloads = list(toy.submitted.iter().map(|submitted| submitted.payload.clone()));
    assert_eq!(payloads, [b"hello".to_vec(), long.payload, b"nowhere".to_vec()]);
    assert_eq!(toy.submitted[0].destinations, ["491701234567"]);
    drop(toy);
    assert!(link.handler.take_events().contains(&Event::Answered(3, NO_ROUTE, String::new())));
}

#[test]
fn receipts_arrive_and_their_acknowledgements_go_back() {
    let toy = ToyBindHandler::default();
    toy.lock().delivery_window = 10;
    let (mut link, mut server) = bound(config(), toy);
    server.toy.deliver((0..100).map(|token| receipt(token, FIRST_ID + token)));
    converse(&mut link, &mut server);
    let delivered = (0..100).map(|token| Event::Delivered(format!("receipt {} 2", FIRST_ID + token)));
    assert_eq!(link.handler.take_events(), list(delivered));
    let outcomes = (0..100).map(|token| (token, DeliveryOutcome::Accepted));
    assert_eq!(server.toy.lock().outcomes, list(outcomes));
}

#[test]
fn a_link_of_version_3_3_gets_receipts_as_text() {
    let toy = ToyBindHandler::default();
    toy.lock().delivery_window = 10;
    let (mut link, mut server) = bound(LinkConfig { interface_version: 0x33, ..config() }, toy);
    server.toy.deliver([receipt(1, 77)]);
    link.handler.send([5]);
    converse(&mut link, &mut server);
    let events = link.handler.take_events();
    assert!(events.contains(&Event::Delivered("receipt 77 2".to_owned())), "{events:?}");
    assert!(events.contains(&Event::Answered(5, 0, format!("{FIRST_SHORT_ID:X}"))), "{events:?}");
}

#[test]
fn a_wrong_password_is_refused() {
    let mut link = Operator::new(LinkConfig { password: "guess".to_owned(), ..config() });
    let mut server = Pair::new(ToyBindHandler::default());
    converse(&mut link, &mut server);
    assert_eq!(link.handler.take_events(), [Event::Failed(LinkDown::BindRefused(0x0E))]);
}

#[test]
fn an_idle_link_is_kept_alive_for_an_hour() {
    for mode in [BindMode::Transmitter, BindMode::Receiver, BindMode::Transceiver] {
        let (mut link, mut server) = bound(LinkConfig { mode, ..config() }, ToyBindHandler::default());
        pass_both(&mut link, &mut server, 3600);
        assert_eq!((link.finished(), server.finished()), (None, None));
    }
}

#[test]
fn each_side_unbinds_in_peace() {
    let (mut link, mut server) = bound(config(), ToyBindHandler::default());
    let unbind = link.drain(10);
    link.send(&crate::support::operator::octets(&server.send(&crate::support::operator::octets(&unbind))));
    assert_eq!(link.handler.take_events(), [Event::Unbound(LinkDown::Stopped, vec![])]);
    assert_eq!(server.finished(), Some(CloseReason::PeerUnbound));

    let (mut link, mut server) = bound(config(), ToyBindHandler::default());
    server.toy.lock().hold = true;
    link.handler.send([1]);
    converse(&mut link, &mut server);
    assert_eq!(server.drain(), [], "an answer is owed");
    server.toy.release();
    converse(&mut link, &mut server);
    let expected =
        [Event::Answered(1, 0, FIRST_ID.to_string()), Event::Unbound(LinkDown::PeerUnbound, vec![])];
    assert_eq!(link.handler.take_events(), expected);
    assert_eq!(server.finished(), Some(CloseReason::Drained));
}
