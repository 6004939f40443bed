//! Links in the clear: many messages, wakers, and the end.

use std::time::{Duration, Instant};

use tollgate_smpp::link::{Link, LinkConfig, LinkDown};
use tollgate_smpp::{Delivery, DeliveryOutcome, OwnedAddress};

use crate::support::client::within;
use crate::support::peer::list;
use crate::support::toy_bind_handler::{FIRST_ID, ToyBindHandler};
use crate::support::toy_link_handler::{Event, ToyLinkHandler};
use crate::{link_to, serve};

const LIMIT: Duration = Duration::from_secs(5);

fn receipt(token: u64) -> Delivery {
    Delivery {
        token,
        source: OwnedAddress { ton: 1, npi: 1, digits: b"491701234567".to_vec() },
        destination: OwnedAddress { ton: 5, npi: 0, digits: b"Bank".to_vec() },
        esm_class: 4,
        data_coding: 0,
        short_message: format!("id:{token} stat:DELIVRD err:000").into_bytes(),
        tlvs: Vec::new(),
    }
}

#[tokio::test]
async fn a_link_binds_sends_and_unbinds() {
    let (toy, handler) = (ToyBindHandler::default(), ToyLinkHandler::default());
    let (server, address) = serve(&toy).await;
    let link = Link::start(link_to(address), handler.clone());
    handler.until(|state| state.events.contains(&Event::Bound)).await;

    handler.send(0..20_000);
    assert_eq!(handler.answered(20_000).await, list(0..20_000));
    assert!(link.is_bound());
    assert_eq!((link.in_flight(), link.counts().submits, link.counts().responses), (0, 20_000, 20_000));
    assert_eq!(toy.lock().submitted.len(), 20_000);

    within(link.stop(LIMIT)).await;
    assert_eq!(handler.lock().events.last(), Some(&Event::Unbound(LinkDown::Stopped, vec![])));
    within(server.drain(LIMIT)).await;
    assert_eq!(toy.sessions(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_thread_wakes_a_link_that_has_nothing_to_do() {
    let (toy, handler) = (ToyBindHandler::default(), ToyLinkHandler::default());
    let (_server, address) = serve(&toy).await;
    let _link = Link::start(link_to(address), handler.clone());
    handler.until(|state| state.sinks > 0).await;
    for round in 1..=100 {
        let elsewhere = handler.clone();
        std::thread::spawn(move || elsewhere.send([round])).join().unwrap();
        assert_eq!(handler.answered(usize::try_from(round).unwrap()).await, list(1..=round));
    }
}

#[tokio::test]
async fn receipts_come_in_and_are_acknowledged_when_the_handler_says_so() {
    let (toy, handler) = (ToyBindHandler::default(), ToyLinkHandler::default());
    toy.lock().delivery_window = 10;
    handler.lock().hold_acks = true;
    let (_server, address) = serve(&toy).await;
    let link = Link::start(link_to(address), handler.clone());
    toy.deliver((0..1000).map(receipt));
    handler.until(|state| state.acks.len() == 10).await;
    assert_eq!(toy.lock().outcomes, []);
    handler.release();
    let all = |event: &Event| matches!(event, Event::Delivered(_));
    handler.until(|state| state.count(all) == 1000).await;
    // The last acknowledgements are written before the unbind.
    within(link.stop(LIMIT)).await;
    assert_eq!(toy.lock().outcomes, list((0..1000).map(|token| (token, DeliveryOutcome::Accepted))));
}

#[tokio::test]
async fn a_stop_waits_for_answers_and_no_longer_than_its_grace() {
    for (grace, released) in [(LIMIT, true), (Duration::from_millis(100), false)] {
        let (toy, handler) = (ToyBindHandler::default(), ToyLinkHandler::default());
        toy.lock().hold = true;
        let (_server, address) = serve(&toy).await;
        let link = Link::start(link_to(address), handler.clone());
        handler.send(1..=3);
        while toy.sequences().len() < 3 {
            tokio::task::yield_now().await;
        }
        let begun = Instant::now();
        let stopped = tokio::spawn(link.stop(grace));
        if released {
            toy.release();
        }
        within(stopped).await.unwrap();
        let unanswered = if released { vec![] } else { vec![1, 2, 3] };
        assert_eq!(handler.lock().events.last(), Some(&Event::Unbound(LinkDown::Stopped, unanswered)));
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_link_that_is_dropped_ends() {
    let (toy, handler) = (ToyBindHandler::default(), ToyLinkHandler::default());
    let (_server, address) = serve(&toy).await;
    let link = Link::start(link_to(address), handler.clone());
    handler.until(|state| state.events.contains(&Event::Bound)).await;
    drop(link);
    handler.until(|state| state.events.contains(&Event::Unbound(LinkDown::Stopped, vec![]))).await;
}

#[tokio::test]
async fn a_refused_bind_is_told_with_its_status_and_tried_again_later_and_later() {
    let (toy, handler) = (ToyBindHandler::default(), ToyLinkHandler::default());
    let (_server, address) = serve(&toy).await;
    let config = LinkConfig { password: "guess".to_owned(), ..link_to(address) };
    let link = Link::start(config, handler.clone());
    let refused = Event::Failed(LinkDown::BindRefused(0x0E));
    handler.until(|state| state.count(|event| *event == refused) >= 3).await;
    assert!(!link.is_bound());
    within(link.stop(LIMIT)).await;
    let events = handler.take_events();
    let first = [Event::Connecting, refused.clone(), Event::Connecting, refused];
    assert_eq!(events[..4], first);
}

#[tokio::test]
async fn the_window_is_full_over_the_wire() {
    let (toy, handler) = (ToyBindHandler::default(), ToyLinkHandler::default());
    toy.lock().hold = true;
    let (_server, address) = serve(&toy).await;
    let link = Link::start(LinkConfig { window: 64, ..link_to(address) }, handler.clone());
    handler.send(0..1000);
    while toy.sequences().len() < 64 {
        tokio::task::yield_now().await;
    }
    toy.release();
    assert_eq!(handler.answered(1000).await.len(), 1000);
    assert_eq!(link.counts().late_responses, 0);
    let ids = handler.lock().events.iter().filter(|event| matches!(event, Event::Answered(..))).count();
    assert_eq!((ids, toy.lock().submitted.len()), (1000, 1000));
    assert!(handler.lock().events.contains(&Event::Answered(0, 0, FIRST_ID.to_string())));
}
