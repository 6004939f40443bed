//! One bind: messages in, and their answers out when they are due.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tollgate_console::complain;
use tollgate_smpp::pdu::{Address, Submit, SubmitKind};
use tollgate_smpp::{
    Answer, BindRequest, Delivery, DeliveryOutcome, MessageRef, Replacement, Reply, RequestOutcome,
    SessionHandler,
};

use super::answers::Outcome;
use super::chance::Dice;
use super::delay_queue::DelayQueue;
use super::due_timer::DueTimer;
use super::ids::IdFormat;
use super::receipt_queue::ReceiptQueue;
use super::receipt_sender::ReceiptSender;
use super::receipts::{FinalState, Receipt, ReceiptPlan, USER_MESSAGE_REFERENCE, owned};
use super::record;
use super::simulator::Simulator;

/// ESME_RQUERYFAIL, ESME_RCANCELFAIL and ESME_RREPLACEFAIL: nothing is known of any message.
const QUERY_FAILED: u32 = 0x67;
const CANCEL_FAILED: u32 = 0x11;
const REPLACE_FAILED: u32 = 0x13;
/// Status ESME_RINVNUMDESTS (SMPP 3.4 §5.1.3).
const NO_DESTINATION: u32 = 0x33;

/// Time between a receipt over another connection and the response: behind it, or before it where it is to be
/// early.
const DISTANCE_MS: u64 = 20;

/// The low bits that a bind of SMPP 3.3 gets of an id.
const SHORT_ID_MASK: u64 = 0xFFFF_FFFF;

/// One bound session.
#[derive(Debug)]
pub struct SimSession {
    sim: Arc<Simulator>,
    receipts: ReceiptSender,
    /// True for SMPP 3.3, whose ids are short and in hexadecimal.
    is_old: bool,
    dice: Dice,
    /// Lines for the record, and the answers that must not go out before these are written.
    lines: String,
    unflushed: Vec<Answer>,
    ready: Vec<Answer>,
    delayed: DelayQueue<Answer>,
    timer: DueTimer,
    /// Answers whose receipts have gone out before them.
    overtaken: Vec<(u64, Answer)>,
    /// True once the connection is to be cut.
    is_cut: bool,
}

impl SimSession {
    /// The session of the bind with this number.
    pub fn new(sim: Arc<Simulator>, queue: Arc<ReceiptQueue>, bind: u64, request: &BindRequest) -> Self {
        Self {
            receipts: ReceiptSender::new(Arc::clone(&sim), queue, bind, request),
            is_old: request.interface_version <= 0x33,
            dice: Dice::new(sim.seed, bind),
            lines: String::new(),
            unflushed: Vec::new(),
            ready: Vec::new(),
            // The window bounds it.
            delayed: DelayQueue::new(usize::MAX),
            timer: DueTimer::default(),
            overtaken: Vec::new(),
            is_cut: false,
            sim,
        }
    }

    fn accept(&mut self, now: u64, submit: &Submit<'_>, response_lost: bool) {
        let (number, cut) = self.sim.take_message();
        if cut {
            self.is_cut = true;
            self.sim.counts.disconnects.one_more();
        }
        let number = if self.is_old { number & SHORT_ID_MASK } else { number };
        self.write_down(number, submit);
        let command = submit.kind.command();
        let reply = if response_lost { Reply::Withheld { command } } else { self.reply(number, submit.kind) };
        let answer = Answer { sequence: submit.sequence, reply };
        let latency_ms = self.sim.answers.latency_ms(&mut self.dice);
        self.answer_and_report(now, number, submit, latency_ms, answer);
    }

    fn write_down(&mut self, number: u64, submit: &Submit<'_>) {
        if self.sim.record.is_some() {
            let message_id = self.id_format().text(number);
            for destination in &submit.destinations {
                record::write_line(&mut self.lines, &message_id, submit, &destination);
            }
        }
    }

    fn id_format(&self) -> IdFormat {
        if self.is_old { IdFormat::HexUpper } else { self.sim.answers.id_format }
    }

    /// Ids that the server can write itself are cheaper as numbers.
    fn reply(&self, message_id: u64, kind: SubmitKind) -> Reply {
        if !self.is_old && self.id_format() != IdFormat::Decimal {
            let message_id = self.id_format().text(message_id).into_bytes().into();
            return Reply::SubmittedAs { command: kind.command(), message_id };
        }
        match kind {
            SubmitKind::SubmitSm => Reply::Submitted { message_id, tlvs: None },
            SubmitKind::DataSm => Reply::DataAccepted { message_id, tlvs: None },
            SubmitKind::SubmitMulti => Reply::MultiSubmitted { message_id, unsuccessful: Vec::new() },
        }
    }

    /// Schedules the answer, and a receipt for each destination: behind the answer, or before it.
    fn answer_and_report(
        &mut self,
        now: u64,
        number: u64,
        submit: &Submit<'_>,
        mut latency_ms: u64,
        answer: Answer,
    ) {
        let mut answer = Some(answer);
        for destination in &submit.destinations {
            let Some(plan) = self.sim.receipts.plan(&mut self.dice, submit.registered_delivery) else {
                continue;
            };
            if plan.copies == 0 {
                self.sim.counts.receipts_lost.one_more();
            }
            for _ in 0..plan.copies {
                let mut receipt = self.receipt(now, number, submit, &destination, plan.state);
                if plan.early && self.receipts.keeps_own() {
                    receipt.answer = answer.take().map(|answer| Box::new((latency_ms, answer)));
                }
                if let Err(receipt) = self.receipts.post(self.receipt_due(plan, latency_ms), receipt) {
                    answer = answer.or(receipt.answer.map(|held| held.1));
                }
            }
            if plan.early && !self.receipts.keeps_own() {
                latency_ms = latency_ms.max(DISTANCE_MS);
            }
        }
        if let Some(answer) = answer {
            self.answer_after(latency_ms, answer);
        }
    }

    fn receipt(
        &self,
        now: u64,
        number: u64,
        submit: &Submit<'_>,
        destination: &Address<'_>,
        state: FinalState,
    ) -> Receipt {
        let format = if self.is_old {
            IdFormat::HexUpper
        } else {
            self.sim.receipts.receipt_id_format.after(self.sim.answers.id_format)
        };
        Receipt {
            number,
            format,
            source: owned(&submit.source),
            destination: owned(destination),
            user_message_reference: submit.tlvs.get(USER_MESSAGE_REFERENCE).map(Into::into),
            submitted_at: now,
            state,
            answer: None,
        }
    }

    fn receipt_due(&self, plan: ReceiptPlan, latency_ms: u64) -> Instant {
        let delay_ms = u64::from(self.sim.receipts.receipt_delay_ms);
        let wait_ms = match () {
            () if plan.early => 0,
            () if self.receipts.keeps_own() => latency_ms + delay_ms,
            () => latency_ms + delay_ms.max(DISTANCE_MS),
        };
        Instant::now() + Duration::from_millis(wait_ms)
    }

    fn answer_after(&mut self, latency_ms: u64, answer: Answer) {
        if latency_ms == 0 {
            self.unflushed.push(answer);
            return;
        }
        let due = Instant::now() + Duration::from_millis(latency_ms);
        if let Err(answer) = self.delayed.push(due, answer) {
            self.unflushed.push(answer);
        }
    }

    /// Writes the lines. False if they could not be written: then nothing that stands in them may be
    /// answered.
    fn write_lines(&mut self) -> bool {
        let Some(record) = self.sim.record.as_ref().filter(|_| !self.lines.is_empty()) else {
            return true;
        };
        let written = record.append(&self.lines);
        self.lines.clear();
        if let Err(error) = &written {
            complain!("tollgate-tools: the record cannot be written, so the connection is cut: {error}");
        }
        written.is_ok()
    }
}

impl SessionHandler for SimSession {
    fn submit(&mut self, now: u64, submit: &Submit<'_>) -> RequestOutcome {
        if self.is_cut {
            // Lost with the connection.
            return RequestOutcome::Pending;
        }
        let Some(first) = submit.destinations.iter().next() else {
            return RequestOutcome::Refused(NO_DESTINATION);
        };
        let admitted = self.sim.throttle.admits(now);
        let outcome = self.sim.answers.outcome(&mut self.dice, admitted, first.digits);
        self.sim.counts.message(outcome);
        match outcome {
            Outcome::Accepted { response_lost } => self.accept(now, submit, response_lost),
            Outcome::Throttled(status)
            | Outcome::QueueFull(status)
            | Outcome::Rejected(status)
            | Outcome::Failed(status) => {
                let latency_ms = self.sim.answers.latency_ms(&mut self.dice);
                if latency_ms == 0 {
                    return RequestOutcome::Refused(status);
                }
                let reply = Reply::Refused(status);
                self.answer_after(latency_ms, Answer { sequence: submit.sequence, reply });
            }
        }
        RequestOutcome::Pending
    }

    fn query(&mut self, _sequence: u32, _message: MessageRef<'_>) -> RequestOutcome {
        RequestOutcome::Refused(QUERY_FAILED)
    }

    fn cancel(&mut self, _now: u64, _sequence: u32, _message: MessageRef<'_>) -> RequestOutcome {
        RequestOutcome::Refused(CANCEL_FAILED)
    }

    fn replace(
        &mut self,
        _now: u64,
        _sequence: u32,
        _message: MessageRef<'_>,
        _body: Replacement<'_>,
    ) -> RequestOutcome {
        RequestOutcome::Refused(REPLACE_FAILED)
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        self.is_cut |= !self.write_lines();
        self.ready.append(&mut self.unflushed);
        self.receipts.flush();
        Poll::Ready(())
    }

    fn poll_answers(&mut self, cx: &mut Context<'_>, answers: &mut Vec<Answer>) -> Poll<()> {
        if self.is_cut {
            return Poll::Pending;
        }
        loop {
            let before = answers.len();
            answers.append(&mut self.ready);
            let due = self.delayed.next_due();
            if due.is_some() {
                let now = Instant::now();
                answers.extend(std::iter::from_fn(|| self.delayed.pop(now)));
            }
            if answers.len() > before {
                return Poll::Ready(());
            }
            if !self.timer.is_due(cx, due) {
                return Poll::Pending;
            }
        }
    }

    fn poll_deliveries(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        deliveries: &mut Vec<Delivery>,
    ) -> Poll<()> {
        if self.is_cut {
            return Poll::Pending;
        }
        let polled = self.receipts.poll(cx, room, deliveries, &mut self.overtaken);
        for (latency_ms, answer) in std::mem::take(&mut self.overtaken) {
            self.answer_after(latency_ms, answer);
        }
        // What they stand for was written down when they were posted.
        self.ready.append(&mut self.unflushed);
        polled
    }

    fn delivered(&mut self, token: u64, outcome: DeliveryOutcome) {
        self.receipts.delivered(token, outcome);
    }

    fn flush_delivered(&mut self) {
        self.receipts.flush();
    }

    fn hangs_up(&self) -> bool {
        self.is_cut
    }
}
