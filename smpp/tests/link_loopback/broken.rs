//! Operators that are not there, go away, or say nothing: noticed at once, told once, and tried again.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tollgate_smpp::link::{Link, LinkConfig, LinkDown};

use crate::support::client::{Client, within};
use crate::support::operator::{bind_resp, submit_resp};
use crate::support::toy_bind_handler::ToyBindHandler;
use crate::support::toy_link_handler::{Event, HandlerState, ToyLinkHandler};
use crate::{anywhere, link_to, serve, serve_at};

const LIMIT: Duration = Duration::from_secs(5);

/// An operator that does what the test says.
async fn accept(listener: &TcpListener) -> Client<TcpStream> {
    let (stream, _) = within(listener.accept()).await.unwrap();
    Client::new(stream)
}

/// One that has welcomed the link, and taken `count` messages.
async fn accept_and_take(listener: &TcpListener, count: usize) -> Client<TcpStream> {
    let mut operator = accept(listener).await;
    operator.header().await;
    operator.send(&bind_resp(1)).await;
    operator.sequences(count).await;
    operator
}

fn unbound(state: &HandlerState) -> Option<&Event> {
    state.events.iter().find(|event| matches!(event, Event::Unbound(..)))
}

#[tokio::test]
async fn an_operator_that_is_killed_is_noticed_at_once() {
    for reset in [false, true] {
        let (listener, handler) = (TcpListener::bind(anywhere()).await.unwrap(), ToyLinkHandler::default());
        let _link = Link::start(link_to(listener.local_addr().unwrap()), handler.clone());
        handler.send(1..=5);
        let mut operator = accept_and_take(&listener, 5).await;
        operator.send(&[submit_resp(3, "b"), submit_resp(5, "d")].concat()).await;
        handler.answered(2).await;
        let killed = Instant::now();
        if reset {
            operator.stream.set_zero_linger().unwrap();
        }
        drop(operator);
        handler.until(|state| unbound(state).is_some()).await;
        assert!(killed.elapsed() < Duration::from_secs(1), "{:?}", killed.elapsed());
        let reason =
            if reset { LinkDown::ConnectionLost(ErrorKind::ConnectionReset) } else { LinkDown::PeerClosed };
        assert_eq!(unbound(&handler.lock()), Some(&Event::Unbound(reason, vec![1, 3, 5])));
    }
}

#[tokio::test]
async fn answers_sent_before_the_connection_broke_count() {
    let (listener, handler) = (TcpListener::bind(anywhere()).await.unwrap(), ToyLinkHandler::default());
    let _link = Link::start(link_to(listener.local_addr().unwrap()), handler.clone());
    handler.send(1..=100);
    let mut operator = accept_and_take(&listener, 100).await;
    let answers: Vec<u8> = (2..=101).flat_map(|sequence| submit_resp(sequence, "1")).collect();
    // The next messages run into a closed connection while these answers are on their way.
    handler.send(101..=200);
    operator.send(&answers).await;
    drop(operator);
    handler.until(|state| unbound(state).is_some()).await;
    assert_eq!(handler.lock().answered().len(), 100);
    let Some(Event::Unbound(_, unanswered)) = unbound(&handler.lock()).cloned() else { panic!() };
    let queued = handler.lock().queue.len();
    assert_eq!(unanswered.len() + queued, 100, "each of the others is handed back or was never taken");
}

#[tokio::test]
async fn a_link_comes_back_and_goes_on_where_it_was() {
    let (toy, handler) = (ToyBindHandler::default(), ToyLinkHandler::default());
    let (server, address) = serve(&toy).await;
    let link = Link::start(link_to(address), handler.clone());
    handler.send(0..100);
    handler.answered(100).await;
    drop(server);
    handler.until(|state| unbound(state).is_some()).await;
    handler
        .until(|state| state.count(|event| matches!(event, Event::Failed(LinkDown::Connect(_)))) > 2)
        .await;
    assert!(!link.is_bound());

    handler.send(100..200);
    let (_server, _) = serve_at(&toy, address).await;
    assert_eq!(handler.answered(200).await.len(), 200);
    assert!(link.is_bound());
    within(link.stop(LIMIT)).await;
}

#[tokio::test]
async fn an_operator_that_drains_is_left_without_loss() {
    let (toy, handler) = (ToyBindHandler::default(), ToyLinkHandler::default());
    let (server, address) = serve(&toy).await;
    let _link = Link::start(link_to(address), handler.clone());
    handler.send(0..5000);
    handler.answered(500).await;
    within(server.drain(LIMIT)).await;
    handler.until(|state| unbound(state).is_some()).await;
    let state = handler.lock();
    let Some(Event::Unbound(reason, unanswered)) = unbound(&state).cloned() else { panic!() };
    assert_eq!((reason, unanswered), (LinkDown::PeerUnbound, vec![]));
    let answered = state.count(|event| matches!(event, Event::Answered(..)));
    assert_eq!(answered + state.queue.len(), 5000);
}

#[tokio::test]
async fn nobody_there_and_no_such_name_are_told() {
    let handler = ToyLinkHandler::default();
    let nobody = TcpListener::bind(anywhere()).await.unwrap().local_addr().unwrap();
    let link = Link::start(link_to(nobody), handler.clone());
    let refused = Event::Failed(LinkDown::Connect(ErrorKind::ConnectionRefused));
    handler.until(|state| state.events.contains(&refused)).await;
    within(link.stop(LIMIT)).await;

    let handler = ToyLinkHandler::default();
    let config = LinkConfig { host: "no such name".to_owned(), ..link_to(nobody) };
    let _link = Link::start(config, handler.clone());
    handler
        .until(|state| state.count(|event| matches!(event, Event::Failed(LinkDown::Connect(_)))) > 0)
        .await;
}

#[tokio::test]
async fn an_operator_that_accepts_and_says_nothing_is_given_up() {
    let (listener, handler) = (TcpListener::bind(anywhere()).await.unwrap(), ToyLinkHandler::default());
    let response = Duration::from_millis(100);
    let config = LinkConfig { response, ..link_to(listener.local_addr().unwrap()) };
    let _link = Link::start(config, handler.clone());
    let _silent = accept(&listener).await;
    handler.until(|state| state.events.contains(&Event::Failed(LinkDown::BindTimedOut))).await;
}

#[tokio::test]
async fn an_operator_that_falls_silent_is_asked_and_given_up() {
    let (listener, handler) = (TcpListener::bind(anywhere()).await.unwrap(), ToyLinkHandler::default());
    let soon = Duration::from_millis(100);
    let config = LinkConfig { enquire_link: soon, response: soon, ..link_to(listener.local_addr().unwrap()) };
    let _link = Link::start(config, handler.clone());
    let _silent = accept_and_take(&listener, 1).await;
    handler.until(|state| state.events.contains(&Event::Unbound(LinkDown::Unanswered, vec![]))).await;
}

#[tokio::test]
async fn a_link_that_waits_to_connect_again_stops_at_once() {
    let (listener, handler) = (TcpListener::bind(anywhere()).await.unwrap(), ToyLinkHandler::default());
    let long = Duration::from_mins(5);
    let address = listener.local_addr().unwrap();
    let config = LinkConfig { reconnect_min: long, reconnect_max: long, ..link_to(address) };
    let link = Link::start(config, handler.clone());
    drop(accept(&listener).await);
    let failed = |event: &Event| matches!(event, Event::Failed(_));
    handler.until(|state| state.count(failed) == 1).await;
    let begun = Instant::now();
    within(link.stop(long)).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_operator_may_send_octet_by_octet_and_close_instead_of_answering_an_unbind() {
    let (listener, handler) = (TcpListener::bind(anywhere()).await.unwrap(), ToyLinkHandler::default());
    let link = Link::start(link_to(listener.local_addr().unwrap()), handler.clone());
    handler.send([1]);
    let mut operator = accept(&listener).await;
    operator.stream.set_nodelay(true).unwrap();
    operator.header().await;
    for octet in [bind_resp(1), submit_resp(2, "id")].concat() {
        operator.stream.write_all(&[octet]).await.unwrap();
    }
    handler.answered(1).await;
    let stopped = tokio::spawn(link.stop(LIMIT));
    operator.header().await;
    operator.stream.read_u8().await.ok();
    drop(operator);
    within(stopped).await.unwrap();
    assert_eq!(handler.lock().events.last(), Some(&Event::Unbound(LinkDown::Stopped, vec![])));
}
