//! A handler that routes nothing: it sends the messages that a test puts into its queue and remembers all
//! that it is told. A test can hold its acknowledgements back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;
use tollgate_smpp::link::{
    CannotSend, DeliverAck, LinkDown, LinkHandler, OutboundSubmit, SubmitAnswer, SubmitSink,
};
use tollgate_smpp::pdu::{Address, Deliver, Tlvs};

use super::client::within;

/// One for a link; clones share what a test sets and sees.
#[derive(Clone, Default)]
pub struct ToyLinkHandler(Arc<(Mutex<HandlerState>, Notify)>);

#[derive(Default)]
pub struct HandlerState {
    /// The messages to send, with their tokens.
    pub queue: VecDeque<(u64, Message)>,
    /// Acknowledgements stay here until [`ToyLinkHandler::release`].
    pub hold_acks: bool,
    /// With what deliveries are answered.
    pub ack_status: u32,
    /// Acknowledgements that are due.
    pub acks: Vec<DeliverAck>,
    /// The events, in order.
    pub events: Vec<Event>,
    /// The messages that the sink refused.
    pub cannot: Vec<(u64, CannotSend)>,
    /// The number of times that the sink was offered.
    pub sinks: usize,
    pub flushes: usize,
    waker: Option<Waker>,
}

/// A message of a test's own.
#[derive(Clone, Debug, Default)]
pub struct Message {
    pub source: String,
    pub destination: String,
    pub payload: Vec<u8>,
    pub in_payload: bool,
    pub tlvs: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Connecting,
    Failed(LinkDown),
    Bound,
    Answered(u64, u32, String),
    TimedOut(u64),
    Delivered(String),
    Unbound(LinkDown, Vec<u64>),
}

pub fn message(text: &str) -> Message {
    Message {
        source: "Bank".to_owned(),
        destination: "491701234567".to_owned(),
        payload: text.as_bytes().to_vec(),
        ..Message::default()
    }
}

impl Message {
    pub fn outbound(&self) -> OutboundSubmit<'_> {
        OutboundSubmit {
            source: Address { ton: 5, npi: 0, digits: self.source.as_bytes() },
            destination: Address { ton: 1, npi: 1, digits: self.destination.as_bytes() },
            registered_delivery: 1,
            payload: &self.payload,
            in_payload: self.in_payload,
            tlvs: Tlvs::new(&self.tlvs),
            ..OutboundSubmit::default()
        }
    }
}

impl ToyLinkHandler {
    pub fn lock(&self) -> MutexGuard<'_, HandlerState> {
        self.0.0.lock().unwrap()
    }

    /// Puts messages with these tokens into the queue, and wakes the link.
    pub fn send(&self, tokens: impl IntoIterator<Item = u64>) {
        self.send_each(tokens.into_iter().map(|token| (token, message("hello"))));
    }

    pub fn send_each(&self, messages: impl IntoIterator<Item = (u64, Message)>) {
        let mut state = self.lock();
        state.queue.extend(messages);
        state.wake();
    }

    /// Lets go of the acknowledgements held back, and of all that follow.
    pub fn release(&self) {
        let mut state = self.lock();
        state.hold_acks = false;
        state.wake();
    }

    pub fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut self.lock().events)
    }

    /// Waits until `what` holds; it is looked at whenever the handler is told something.
    pub async fn until(&self, what: impl Fn(&HandlerState) -> bool) {
        let holds = async {
            while !what(&self.lock()) {
                self.0.1.notified().await;
            }
        };
        within(holds).await;
    }

    /// Waits until `count` messages are answered. Returns all that were.
    pub async fn answered(&self, count: usize) -> Vec<u64> {
        self.until(|state| state.answered().len() >= count).await;
        self.lock().answered()
    }

    fn tell(&self, event: Event) {
        self.lock().events.push(event);
        self.0.1.notify_one();
    }
}

impl HandlerState {
    /// The tokens of the messages answered with ESME_ROK, in order.
    pub fn answered(&self) -> Vec<u64> {
        let answered = self.events.iter().filter_map(|event| match event {
            Event::Answered(token, 0, _) => Some(*token),
            _ => None,
        });
        answered.collect()
    }

    pub fn count(&self, what: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| what(event)).count()
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A delivery as a test looks at it: a receipt's id and state, or the text.
fn described(deliver: &Deliver<'_>) -> String {
    match deliver.receipt() {
        Some(receipt) => {
            let state = receipt.state.map_or_else(|| "?".to_owned(), |state| state.to_string());
            format!("receipt {} {state}", String::from_utf8_lossy(&receipt.id))
        }
        None => String::from_utf8_lossy(deliver.payload).into_owned(),
    }
}

impl LinkHandler for ToyLinkHandler {
    fn connecting(&mut self) {
        self.tell(Event::Connecting);
    }

    fn failed(&mut self, reason: &LinkDown) {
        self.tell(Event::Failed(reason.clone()));
    }

    fn bound(&mut self) {
        self.tell(Event::Bound);
    }

    fn poll_submit(&mut self, cx: &mut Context<'_>, sink: &mut SubmitSink<'_>) -> Poll<()> {
        let mut state = self.lock();
        state.waker = Some(cx.waker().clone());
        state.sinks += 1;
        self.0.1.notify_one();
        let mut written = 0;
        while sink.room() > 0 {
            let Some((token, message)) = state.queue.pop_front() else { break };
            match sink.submit(token, &message.outbound()) {
                Ok(()) => written += 1,
                Err(error) => state.cannot.push((token, error)),
            }
        }
        if written > 0 { Poll::Ready(()) } else { Poll::Pending }
    }

    fn responded(&mut self, token: u64, answer: SubmitAnswer<'_>) {
        self.tell(match answer {
            SubmitAnswer::TimedOut => Event::TimedOut(token),
            SubmitAnswer::Response { status, message_id } => {
                Event::Answered(token, status, String::from_utf8_lossy(message_id).into_owned())
            }
        });
    }

    fn deliver(&mut self, deliver: &Deliver<'_>) {
        let mut state = self.lock();
        let status = state.ack_status;
        state.acks.push(DeliverAck { sequence: deliver.sequence, command: deliver.command, status });
        drop(state);
        self.tell(Event::Delivered(described(deliver)));
    }

    fn flush(&mut self) {
        self.lock().flushes += 1;
    }

    fn poll_acks(&mut self, cx: &mut Context<'_>, acks: &mut Vec<DeliverAck>) -> Poll<()> {
        let mut state = self.lock();
        state.waker = Some(cx.waker().clone());
        if state.hold_acks || state.acks.is_empty() {
            return Poll::Pending;
        }
        acks.append(&mut state.acks);
        Poll::Ready(())
    }

    fn unbound(&mut self, reason: &LinkDown, unanswered: &mut Vec<u64>) {
        self.tell(Event::Unbound(reason.clone(), std::mem::take(unanswered)));
    }
}
