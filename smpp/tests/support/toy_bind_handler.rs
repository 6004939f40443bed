//! A handler that charges nothing: it accepts every bind with the right password and every message whose
//! destination does not begin with `0000`. A test can hold its answers back, fill it up and look at what it
//! was given.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use tollgate_smpp::pdu::{Address, Submit, SubmitKind};
use tollgate_smpp::{
    Answer, BindHandler, BindOutcome, BindRequest, Delivery, DeliveryOutcome, MessageRef, Replacement, Reply,
    ReplyTlvs, RequestOutcome, SessionHandler, UnsuccessfulDestination,
};

use super::peer::{PASSWORD, SYSTEM_ID};

/// The id of the first message, and its low 32 bits: what a bind of SMPP 3.3 is sent.
pub const FIRST_ID: u64 = 429_496_730_601;
pub const FIRST_SHORT_ID: u64 = 1001;
pub const NO_ROUTE: u32 = 0x0B;
const WRONG_PASSWORD: u32 = 0x0E;

/// One for a server; all its sessions share what a test sets and sees.
#[derive(Clone, Default)]
pub struct ToyBindHandler(Arc<Mutex<Toy>>);

#[expect(clippy::struct_excessive_bools, reason = "a test switches each on its own")]
#[derive(Default)]
pub struct Toy {
    /// The window that binds get; 0 for 1000.
    pub window: u32,
    /// Answers stay here until [`ToyBindHandler::release`].
    pub hold: bool,
    /// A flush finds no room until [`ToyBindHandler::set_full`] says otherwise.
    pub full: bool,
    /// TLVs of every answer to a submit.
    pub tlvs: ReplyTlvs,
    /// The messages submitted.
    pub submitted: Vec<Submitted>,
    /// The requests about messages.
    pub managed: Vec<String>,
    /// Answers go out last one first.
    pub reversed: bool,
    /// Answers to submits in place of the usual ones; the last repeats.
    pub replies: Vec<Reply>,
    /// The delivery window that binds get.
    pub delivery_window: u32,
    /// The deliveries for whichever session asks first.
    pub deliveries: VecDeque<Delivery>,
    /// The outcomes of deliveries.
    pub outcomes: Vec<(u64, DeliveryOutcome)>,
    /// Rounds of outcomes that were flushed.
    pub outcome_flushes: usize,
    /// Binds are not decided about.
    pub holds_binds: bool,
    /// The addresses that binds came from.
    pub peers: Vec<IpAddr>,
    /// Sessions hang up.
    pub hangs_up: bool,
    accepted: u64,
    sessions: usize,
    wakers: Vec<Waker>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    pub kind: SubmitKind,
    pub sequence: u32,
    pub destinations: Vec<String>,
    pub payload: Vec<u8>,
}

impl ToyBindHandler {
    pub fn with_window(window: u32) -> Self {
        let handler = Self::default();
        handler.lock().window = window;
        handler
    }

    pub fn lock(&self) -> MutexGuard<'_, Toy> {
        self.0.lock().unwrap()
    }

    /// Lets go of the answers held back, and of all that follow.
    pub fn release(&self) {
        let mut toy = self.lock();
        toy.hold = false;
        toy.wake();
    }

    pub fn set_full(&self, full: bool) {
        let mut toy = self.lock();
        toy.full = full;
        toy.wake();
    }

    pub fn deliver(&self, deliveries: impl IntoIterator<Item = Delivery>) {
        let mut toy = self.lock();
        toy.deliveries.extend(deliveries);
        toy.wake();
    }

    pub fn hang_up(&self) {
        let mut toy = self.lock();
        toy.hangs_up = true;
        toy.wake();
    }

    pub fn sequences(&self) -> Vec<u32> {
        self.lock().submitted.iter().map(|submitted| submitted.sequence).collect()
    }

    pub fn sessions(&self) -> usize {
        self.lock().sessions
    }

    /// Decides about a bind as [`BindHandler::bind`] does, at once.
    pub fn decide(&self, request: &BindRequest) -> BindOutcome<ToySession> {
        if (&request.system_id[..], &request.password[..]) != (SYSTEM_ID.as_bytes(), PASSWORD.as_bytes()) {
            return BindOutcome::Refused { status: WRONG_PASSWORD, slow_down: true };
        }
        let mut toy = self.lock();
        toy.sessions += 1;
        let window = if toy.window == 0 { 1000 } else { toy.window };
        let delivery_window = toy.delivery_window;
        let session = ToySession { handler: self.clone(), waiting: Vec::new() };
        BindOutcome::Bound { session, window, delivery_window }
    }
}

impl BindHandler for ToyBindHandler {
    type Session = ToySession;

    async fn bind(&self, request: BindRequest, peer: IpAddr) -> BindOutcome<ToySession> {
        self.lock().peers.push(peer);
        let holds = self.lock().holds_binds;
        if holds {
            std::future::pending::<()>().await;
        }
        self.decide(&request)
    }
}

impl Toy {
    fn wake(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }

    fn remember(&mut self, waker: &Waker) {
        if !self.wakers.iter().any(|known| known.will_wake(waker)) {
            self.wakers.push(waker.clone());
        }
    }

    fn reply_to(&mut self, submit: &Submit<'_>) -> Reply {
        let message_id = FIRST_ID + self.accepted;
        self.accepted += 1;
        match self.replies.len() {
            0 => {}
            1 => return self.replies[0].clone(),
            _ => return self.replies.remove(0),
        }
        match submit.kind {
            SubmitKind::SubmitSm => Reply::Submitted { message_id, tlvs: self.tlvs.clone() },
            SubmitKind::DataSm => Reply::DataAccepted { message_id, tlvs: self.tlvs.clone() },
            SubmitKind::SubmitMulti => Reply::MultiSubmitted {
                message_id,
                unsuccessful: submit.destinations.iter().filter(has_no_route).map(unsuccessful).collect(),
            },
        }
    }
}

fn has_no_route(address: &Address<'_>) -> bool {
    address.digits.starts_with(b"0000")
}

fn unsuccessful(address: Address<'_>) -> UnsuccessfulDestination {
    let Address { ton, npi, digits } = address;
    UnsuccessfulDestination { ton, npi, address: digits.to_vec(), status: NO_ROUTE }
}

fn readable(octets: &[u8]) -> String {
    octets.escape_ascii().to_string()
}

pub struct ToySession {
    handler: ToyBindHandler,
    waiting: Vec<Answer>,
}

impl Drop for ToySession {
    fn drop(&mut self) {
        self.handler.lock().sessions -= 1;
    }
}

impl ToySession {
    fn answer(&mut self, sequence: u32, reply: Reply) -> RequestOutcome {
        self.waiting.push(Answer { sequence, reply });
        RequestOutcome::Pending
    }
}

impl SessionHandler for ToySession {
    fn submit(&mut self, _now: u64, submit: &Submit<'_>) -> RequestOutcome {
        let mut toy = self.handler.lock();
        toy.submitted.push(Submitted {
            kind: submit.kind,
            sequence: submit.sequence,
            destinations: submit.destinations.iter().map(|to| readable(to.digits)).collect(),
            payload: submit.payload.to_vec(),
        });
        if submit.destinations.iter().all(|to| has_no_route(&to)) {
            return RequestOutcome::Refused(NO_ROUTE);
        }
        let reply = toy.reply_to(submit);
        drop(toy);
        self.answer(submit.sequence, reply)
    }

    fn query(&mut self, sequence: u32, message: MessageRef<'_>) -> RequestOutcome {
        self.handler.lock().managed.push(format!("query {}", described(&message)));
        let found = message.message_id.map(|message_id| Reply::Queried {
            message_id,
            final_date: b"261101120000000+".to_vec(),
            message_state: 2,
            error_code: 0,
        });
        self.answer(sequence, found.unwrap_or(Reply::Refused(0x0C)))
    }

    fn cancel(&mut self, _now: u64, sequence: u32, message: MessageRef<'_>) -> RequestOutcome {
        self.handler.lock().managed.push(format!("cancel {}", described(&message)));
        self.answer(sequence, Reply::Cancelled)
    }

    fn replace(
        &mut self,
        _now: u64,
        sequence: u32,
        message: MessageRef<'_>,
        new: Replacement<'_>,
    ) -> RequestOutcome {
        self.handler.lock().managed.push(format!(
            "replace {} by {}",
            described(&message),
            readable(new.body)
        ));
        self.answer(sequence, Reply::Replaced)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut toy = self.handler.lock();
        toy.remember(cx.waker());
        if toy.full { Poll::Pending } else { Poll::Ready(()) }
    }

    fn poll_answers(&mut self, cx: &mut Context<'_>, answers: &mut Vec<Answer>) -> Poll<()> {
        let mut toy = self.handler.lock();
        toy.remember(cx.waker());
        if toy.hold || self.waiting.is_empty() {
            return Poll::Pending;
        }
        if toy.reversed {
            self.waiting.reverse();
        }
        answers.append(&mut self.waiting);
        Poll::Ready(())
    }

    fn poll_deliveries(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        deliveries: &mut Vec<Delivery>,
    ) -> Poll<()> {
        let mut toy = self.handler.lock();
        toy.remember(cx.waker());
        let count = room.min(toy.deliveries.len());
        deliveries.extend(toy.deliveries.drain(..count));
        if count > 0 { Poll::Ready(()) } else { Poll::Pending }
    }

    fn delivered(&mut self, token: u64, outcome: DeliveryOutcome) {
        self.handler.lock().outcomes.push((token, outcome));
    }

    fn flush_delivered(&mut self) {
        self.handler.lock().outcome_flushes += 1;
    }

    fn hangs_up(&self) -> bool {
        self.handler.lock().hangs_up
    }
}

fn described(message: &MessageRef<'_>) -> String {
    let id = message.message_id.map_or_else(|| "?".to_owned(), |id| id.to_string());
    let from = readable(message.source.digits);
    match message.destination {
        Some(to) => format!("{id} from {from} to {}", readable(to.digits)),
        None => format!("{id} from {from}"),
    }
}
