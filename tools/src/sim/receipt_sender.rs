//! The receipts that one bind sends: each when it is due, and again until it is acknowledged.
//!
//! A transceiver keeps the receipts for its own messages, without a lock; those for messages of transmitters,
//! and those that a bind leaves behind, go through the queue of their system_id.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use tollgate_smpp::{Answer, BindMode, BindRequest, Delivery, DeliveryOutcome};

use super::dates::Dates;
use super::delay_queue::DelayQueue;
use super::due_timer::DueTimer;
use super::receipt_queue::ReceiptQueue;
use super::receipts::{Receipt, ReceiptForm};
use super::simulator::Simulator;

/// Refusals of a receipt that are not final: ESME_RSYSERR, ESME_RMSGQFUL, ESME_RTHROTTLED, ESME_RX_T_APPN.
const REFUSED_FOR_NOW: [u32; 4] = [0x08, 0x14, 0x58, 0x64];
/// Time before a receipt that was refused for now is sent again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The receipts of one bind.
#[derive(Debug)]
pub struct ReceiptSender {
    sim: Arc<Simulator>,
    queue: Arc<ReceiptQueue>,
    bind: u64,
    /// True if receipts for messages of this bind go out over this bind.
    keeps_own: bool,
    form: ReceiptForm,
    own: DelayQueue<Receipt>,
    /// Receipts on their way to the queue, with the time at which they are due.
    posted: Vec<(Instant, Receipt)>,
    /// Receipts that the peer has not answered, by token.
    in_hand: HashMap<u64, Receipt>,
    last_token: u64,
    fetched: Vec<Receipt>,
    listening_as: Option<Waker>,
    timer: DueTimer,
    dates: Dates,
}

impl ReceiptSender {
    /// The sender of the bind with this number.
    pub fn new(sim: Arc<Simulator>, queue: Arc<ReceiptQueue>, bind: u64, request: &BindRequest) -> Self {
        let is_old = request.interface_version <= 0x33;
        Self {
            bind,
            keeps_own: request.mode == BindMode::Transceiver,
            // SMPP 3.3 has no optional parameters.
            form: if is_old { ReceiptForm::Text } else { sim.receipts.receipt_form },
            own: DelayQueue::new(usize::try_from(sim.receipts.receipts_max).unwrap_or(usize::MAX)),
            posted: Vec::new(),
            in_hand: HashMap::new(),
            last_token: 0,
            fetched: Vec::new(),
            listening_as: None,
            timer: DueTimer::default(),
            dates: Dates::default(),
            queue,
            sim,
        }
    }

    /// True if a receipt of this bind goes out over this bind, so that it can be kept in order with an
    /// answer.
    pub fn keeps_own(&self) -> bool {
        self.keeps_own
    }

    /// Takes in a receipt for a message of this bind. One for which there is no room is counted and given
    /// back.
    pub fn post(&mut self, due: Instant, receipt: Receipt) -> Result<(), Receipt> {
        if !self.keeps_own {
            self.posted.push((due, receipt));
            return Ok(());
        }
        self.own.push(due, receipt).inspect_err(|_| self.sim.counts.receipts_dropped.one_more())
    }

    /// Hands receipts posted for other binds on to the queue.
    pub fn flush(&mut self) {
        if !self.posted.is_empty() {
            for _ in self.queue.put(self.posted.drain(..)) {
                self.sim.counts.receipts_dropped.one_more();
            }
        }
    }

    /// Moves at most `room` receipts that are due into `deliveries`, and the answers that waited for them,
    /// each with how much longer it is to wait in milliseconds, into `answers`.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        deliveries: &mut Vec<Delivery>,
        answers: &mut Vec<(u64, Answer)>,
    ) -> Poll<()> {
        self.listen(cx);
        loop {
            let now = Instant::now();
            self.fetched.extend(std::iter::from_fn(|| self.own.pop(now)).take(room));
            let left = room - self.fetched.len();
            let next_in_queue = self.queue.fetch(now, left, &mut self.fetched);
            if !self.fetched.is_empty() {
                self.hand_out(deliveries, answers);
                return Poll::Ready(());
            }
            let due = [self.own.next_due(), next_in_queue].into_iter().flatten().min();
            if !self.timer.is_due(cx, due) {
                return Poll::Pending;
            }
        }
    }

    /// Asks to be woken before the first look, so that nothing comes unseen between the look and the sleep.
    fn listen(&mut self, cx: &Context<'_>) {
        if !self.listening_as.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.queue.listen(self.bind, cx.waker());
            self.listening_as = Some(cx.waker().clone());
        }
    }

    fn hand_out(&mut self, deliveries: &mut Vec<Delivery>, answers: &mut Vec<(u64, Answer)>) {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX);
        for mut receipt in self.fetched.drain(..) {
            self.last_token += 1;
            answers.extend(receipt.answer.take().map(|answer| *answer));
            deliveries.push(receipt.delivery(self.last_token, self.form, &mut self.dates, now));
            self.in_hand.insert(self.last_token, receipt);
            self.sim.counts.receipts_sent.one_more();
        }
    }

    /// Takes in the peer's answer to a receipt.
    pub fn delivered(&mut self, token: u64, outcome: DeliveryOutcome) {
        let Some(receipt) = self.in_hand.remove(&token) else { return };
        let counts = &self.sim.counts;
        match outcome {
            DeliveryOutcome::Accepted => counts.receipts_acknowledged.one_more(),
            DeliveryOutcome::Refused(status) if REFUSED_FOR_NOW.contains(&status) => {
                counts.receipts_again.one_more();
                self.posted.push((Instant::now() + RETRY_PAUSE, receipt));
            }
            DeliveryOutcome::Refused(_) => counts.receipts_refused.one_more(),
            DeliveryOutcome::Unanswered => {
                counts.receipts_again.one_more();
                self.posted.push((Instant::now(), receipt));
            }
        }
    }
}

/// Hands the receipts that are left on to the next bind.
impl Drop for ReceiptSender {
    fn drop(&mut self) {
        let now = Instant::now();
        self.queue.forget(self.bind);
        self.posted.extend(self.own.drain().map(|(due, receipt)| (due, Receipt { answer: None, ..receipt })));
        self.posted.extend(self.in_hand.drain().map(|(_, receipt)| (now, receipt)));
        self.flush();
    }
}
