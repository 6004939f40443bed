//! One world: its clock, its disk, its operators and its gateways, and the shell around the state machine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::breaker::BreakerConfig;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::{Networks, NetworksBuilder};
use tollgate_engine::operator::{DataCodings, Operator, OperatorNumber, OperatorStatus, ServedNetworks};
use tollgate_engine::receipt_id::ReceiptIdFormat;
use tollgate_engine::routing::{Routes, RoutingDefinition, Strategy};
use tollgate_engine::time::UnixMicros;

use super::Violation;
use super::checks::{Checks, truth_of};
use super::gateway::{NETWORKS, Traffic, message, network};
use super::random::Random;
use super::smsc::Smsc;
use super::store::{Books, Pending, Queue, Row};
use crate::planted::Fault;
use crate::{
    Answer, BindNumber, CancelledMessage, CommitResult, Configuration, Delivery, Effect, Found, Input,
    LinkNumber, Message, Now, OperatorSettings, Read, Settings, UnknownPolicy,
};

/// The date at which every world begins.
const BEGIN: u64 = 1_700_000_000_000_000;
/// The end of what is unkind.
const KIND_AT: u64 = 8_000_000;
/// The time by which everything has ended.
const END_AT: u64 = 600_000_000;
/// The time that a link waits for an answer.
const RESPONSE: u64 = 800_000;
/// The time that the shell has to acknowledge a receipt while nothing is unkind.
const ACKNOWLEDGED_IN: u64 = 12_000_000;

#[derive(Debug)]
enum Happening {
    Wake,
    Submit,
    Cancel,
    Replace,
    CancelTold(CancelledMessage),
    Synced(u64),
    InDoubt(u64),
    Read(u64, Read, Option<Found>),
    Arrives(usize, LinkNumber, Arc<Message>, u32),
    Answers(LinkNumber, u64, u32, Answer),
    ReceiptDue(usize, usize),
    ReceiptJudged(usize, usize, LinkNumber),
    LinkComes(usize),
    LinkDies(LinkNumber),
    Stalls(LinkNumber, bool),
    BindComes(AccountNumber),
    BindDies(BindNumber),
    GatewayAnswers(BindNumber, u64, Option<u32>),
    ClockJumps,
    ClockSettles,
    Reconfigured,
    Killed,
    Started,
    Kind,
}

/// The figures of a world that has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub steps: u64,
    pub sends: u64,
    pub messages: u64,
    pub took_micros: u64,
}

pub struct Simulation {
    random: Random,
    fault: Option<Fault>,
    is_talking: bool,
    is_kind: bool,
    /// A world in which nothing fails and one operator has too much to do.
    is_busy: bool,
    time: u64,
    sequence: u64,
    agenda: BTreeMap<(u64, u64), Happening>,
    wake_at: Option<u64>,
    /// Counted with each start of the process.
    process: u64,
    delivery: Option<Delivery>,
    configuration: Arc<Configuration>,
    networks: Arc<Networks>,
    strategy: Strategy,
    books: Books,
    /// The books as they were synced last, where the store lies.
    synced: Option<Books>,
    pending: Queue,
    pending_number: u64,
    writer_free_at: u64,
    smscs: Vec<Smsc>,
    links: BTreeMap<LinkNumber, usize>,
    unanswered: BTreeSet<(LinkNumber, u64, u32)>,
    outstanding: BTreeMap<(LinkNumber, u32), (usize, usize)>,
    last_link: u64,
    binds: BTreeMap<BindNumber, AccountNumber>,
    last_bind: u64,
    in_hand: BTreeMap<u64, u64>,
    last_id: u64,
    left_to_submit: u64,
    submitted: Vec<u64>,
    traffic: Traffic,
    reads: u32,
    page: usize,
    cancels_untold: u32,
    date_offset: i64,
    jump: i64,
    stands_at: Option<UnixMicros>,
    checks: Checks,
    stats: Stats,
}

impl Simulation {
    pub fn new(seed: u64, fault: Option<Fault>) -> Self {
        let mut random = Random::new(seed);
        let is_busy = seed % 10 == 9;
        let operators = if is_busy { 1 } else { random.range(1, 4) };
        let oddness = if is_busy { 0 } else { random.range(0, 60) };
        let mut smscs: Vec<_> = (1..=operators)
            .map(|number| Smsc::new(u16::try_from(number).unwrap(), &mut random, oddness))
            .collect();
        if is_busy {
            smscs[0].latency = 2_000;
        }
        let mut networks = NetworksBuilder::new();
        for code in NETWORKS {
            networks.intern(network(code)).unwrap();
        }
        let networks = Arc::new(networks.build());
        let strategy = if random.one_in(2) { Strategy::Priority } else { Strategy::Weighted };
        let traffic = Traffic {
            destinations: if random.one_in(3) { 4 } else { 60 },
            urgent: if is_busy { 85 } else { 10 },
            is_plain: is_busy,
        };
        let configuration = configuration(&networks, strategy, &smscs, is_busy, &mut random);
        Self {
            fault,
            is_talking: false,
            is_kind: is_busy,
            is_busy,
            time: 0,
            sequence: 0,
            agenda: BTreeMap::new(),
            wake_at: None,
            process: 0,
            delivery: None,
            configuration: Arc::new(configuration),
            networks,
            strategy,
            books: Books { has_guard: fault != Some(Fault::RefundTwice), ..Books::default() },
            synced: None,
            pending: Queue::new(),
            pending_number: 0,
            writer_free_at: 0,
            smscs,
            links: BTreeMap::new(),
            unanswered: BTreeSet::new(),
            outstanding: BTreeMap::new(),
            last_link: 0,
            binds: BTreeMap::new(),
            last_bind: 0,
            in_hand: BTreeMap::new(),
            last_id: 100,
            left_to_submit: if is_busy { 400 } else { random.range(10, 70) },
            submitted: Vec::new(),
            traffic,
            reads: 0,
            page: usize::try_from(random.range(2, 12)).unwrap(),
            cancels_untold: 0,
            date_offset: 0,
            jump: 0,
            stands_at: None,
            checks: Checks::default(),
            stats: Stats::default(),
            random,
        }
    }

    pub fn talking(mut self) -> Self {
        self.is_talking = true;
        self
    }

    /// Lives through the world to its end.
    pub fn run(mut self) -> Result<Stats, Violation> {
        self.begin()?;
        while let Some(((time, _), happening)) = self.agenda.pop_first() {
            self.time = time;
            if time > END_AT {
                break;
            }
            self.stats.steps += 1;
            if self.is_talking && !matches!(happening, Happening::Wake) {
                println!("{time:>10} {happening:?}");
            }
            self.happens(happening)?;
            if self.stats.steps.is_multiple_of(8) {
                self.counts_are_exact()?;
                if self.has_ended() {
                    break;
                }
            }
        }
        Checks::all_ended(&self.submitted, &self.books)?;
        self.stats.sends = self.checks.sends;
        self.stats.messages = self.submitted.len() as u64;
        self.stats.took_micros = self.time;
        Ok(self.stats)
    }

    fn begin(&mut self) -> Result<(), Violation> {
        self.happens(Happening::Started)?;
        self.after(0, 1, Happening::Submit);
        self.after(KIND_AT, KIND_AT + 1, Happening::Kind);
        if self.is_busy {
            return Ok(());
        }
        for _ in 0..self.random.range(0, 4) {
            self.after(0, KIND_AT, Happening::Killed);
        }
        for _ in 0..self.random.range(0, 6) {
            self.after(0, KIND_AT, Happening::Cancel);
            self.after(0, KIND_AT, Happening::Replace);
        }
        if self.random.one_in(2) {
            self.after(0, KIND_AT / 2, Happening::ClockJumps);
        }
        if self.random.one_in(3) {
            self.after(0, KIND_AT, Happening::Reconfigured);
        }
        Ok(())
    }

    fn after(&mut self, low: u64, high: u64, happening: Happening) {
        let at = self.time + self.random.range(low, high);
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), happening);
    }

    fn date(&self) -> UnixMicros {
        UnixMicros((BEGIN + self.time).saturating_add_signed(self.date_offset))
    }

    fn now(&self) -> Now {
        let date = self.date();
        Now { steady: UnixMicros(1_000_000 + self.time), date, due: self.stands_at.unwrap_or(date) }
    }

    fn happens(&mut self, happening: Happening) -> Result<(), Violation> {
        match happening {
            Happening::Wake => {
                self.wake_at = None;
                self.turn(None)
            }
            Happening::Submit => self.submit(),
            Happening::Cancel => {
                self.cancel();
                Ok(())
            }
            Happening::Replace => self.replace(),
            Happening::CancelTold(cancelled) => {
                self.cancels_untold = self.cancels_untold.saturating_sub(1);
                self.turn(Some(Input::Cancelled(vec![cancelled])))
            }
            Happening::Synced(number) => self.synced(number),
            Happening::InDoubt(batch) => {
                self.turn(Some(Input::Committed { batch, result: CommitResult::InDoubt }))
            }
            Happening::Read(process, read, found) => self.is_read(process, read, found),
            Happening::Arrives(smsc, link, message, attempt) => {
                self.arrives(smsc, link, &message, attempt);
                Ok(())
            }
            Happening::Answers(link, id, attempt, answer) => self.answers(link, id, attempt, answer),
            Happening::ReceiptDue(smsc, place) => self.receipt_due(smsc, place),
            Happening::ReceiptJudged(smsc, place, link) => self.receipt_judged(smsc, place, link),
            Happening::LinkComes(smsc) => self.link_comes(smsc),
            Happening::LinkDies(link) => self.link_dies(link),
            Happening::Stalls(link, is_writable) => {
                if !is_writable {
                    self.after(1_000, 300_000, Happening::Stalls(link, true));
                }
                self.turn(Some(Input::Room { link, is_writable }))
            }
            Happening::BindComes(account) => self.bind_comes(account),
            Happening::BindDies(bind) => self.bind_dies(bind),
            Happening::GatewayAnswers(bind, receipt, status) => self.gateway_answers(bind, receipt, status),
            Happening::ClockJumps => self.clock_jumps(),
            Happening::ClockSettles => self.clock_settles(),
            Happening::Reconfigured => self.reconfigured(),
            Happening::Killed => self.killed(),
            Happening::Started => self.started(),
            Happening::Kind => self.becomes_kind(),
        }
    }

    /// The shell: one input, and then whatever is to be done.
    fn turn(&mut self, input: Option<Input>) -> Result<(), Violation> {
        let now = self.now();
        let Some(delivery) = &mut self.delivery else { return Ok(()) };
        if let Some(input) = input {
            delivery.handle(input, now);
        }
        delivery.advance(now);
        let effects: Vec<Effect> = std::iter::from_fn(|| delivery.poll_effect()).collect();
        let next = delivery.next_due(now);
        for effect in effects {
            self.effect(effect)?;
        }
        if let Some(next) = next {
            let at = next.0.saturating_sub(1_000_000).max(self.time);
            if self.wake_at.is_none_or(|wake_at| at < wake_at) {
                self.wake_at = Some(at);
                self.sequence += 1;
                self.agenda.insert((at, self.sequence), Happening::Wake);
            }
        }
        Ok(())
    }

    fn effect(&mut self, effect: Effect) -> Result<(), Violation> {
        if self.is_talking && !matches!(effect, Effect::Report(_)) {
            println!("           {}", described(&effect));
        }
        match effect {
            Effect::Commit(batch) => {
                self.commit(batch);
                Ok(())
            }
            Effect::Send { link, message, attempt, is_possible_duplicate } => {
                let Some(smsc) = self.links.get(&link).copied() else { return Ok(()) };
                let operator = self.smscs[smsc].number;
                let now = self.now();
                let on = (link, operator);
                self.checks.sends(on, &message, attempt, is_possible_duplicate, &self.books, now)?;
                if self.is_busy {
                    self.checks.takes_turns(&message, &self.books)?;
                }
                self.unanswered.insert((link, message.key.id, attempt));
                if self.random.one_in(200) && !self.is_kind {
                    self.after(0, 1, Happening::Answers(link, message.key.id, attempt, Answer::NotSent));
                    return Ok(());
                }
                self.after(
                    RESPONSE,
                    RESPONSE + 1,
                    Happening::Answers(link, message.key.id, attempt, Answer::TimedOut),
                );
                self.after(100, 2_000, Happening::Arrives(smsc, link, message, attempt));
                Ok(())
            }
            Effect::Acknowledge { link, sequence, status } => self.acknowledged(link, sequence, status),
            Effect::Read(read) => {
                self.reads += 1;
                let found = self.random.one_in(2).then(|| self.books.read(&read, self.page));
                let process = self.process;
                self.after(100, 5_000, Happening::Read(process, read, found));
                Ok(())
            }
            Effect::SendReceipt { bind, receipt } => {
                if let Some(other) = self.in_hand.insert(receipt.message_id, receipt.id) {
                    return Err(Violation(format!(
                        "receipts {other} and {} of one message are under way",
                        receipt.id
                    )));
                }
                let status = match self.random.range(0, 12) {
                    0 if !self.is_kind => Some(0x64),
                    1 if !self.is_kind => None,
                    2 if !self.is_kind => Some(0x0B),
                    _ => Some(0),
                };
                self.after(500, 40_000, Happening::GatewayAnswers(bind, receipt.id, status));
                Ok(())
            }
            Effect::Report(_) => Ok(()),
        }
    }

    fn submit(&mut self) -> Result<(), Violation> {
        if self.left_to_submit == 0 {
            return Ok(());
        }
        let many = if self.is_busy { 20 } else { self.random.range(1, 8).min(self.left_to_submit) };
        let mut messages = Vec::new();
        if self.delivery.is_some() {
            for _ in 0..many {
                self.last_id += self.random.range(1, 3);
                let operators = self.smscs.len() as u64;
                let date = self.date();
                let message = message(self.last_id, date, operators, self.traffic, &mut self.random);
                let message = Arc::new(message);
                self.books.insert(Arc::clone(&message));
                self.submitted.push(message.key.id);
                messages.push(message);
            }
            self.left_to_submit = self.left_to_submit.saturating_sub(many);
        }
        if self.is_busy {
            self.after(100_000, 100_001, Happening::Submit);
        } else {
            self.after(0, 500_000, Happening::Submit);
        }
        self.turn(Some(Input::Durable(messages)))
    }

    fn cancel(&mut self) {
        let waiting: Vec<u64> = self.books.waiting().map(|row| row.message.key.id).collect();
        if waiting.is_empty() || self.delivery.is_none() {
            return;
        }
        let id = waiting[usize::try_from(self.random.range(0, waiting.len() as u64)).unwrap()];
        if !self.books.cancel(id) {
            return;
        }
        let message = &self.books.rows[&id].message;
        let cancelled = CancelledMessage { key: message.key, scheduled_at: message.scheduled_at };
        self.cancels_untold += 1;
        self.after(0, 3_000, Happening::CancelTold(cancelled));
    }

    fn replace(&mut self) -> Result<(), Violation> {
        let waiting: Vec<u64> = self.books.waiting().map(|row| row.message.key.id).collect();
        if waiting.is_empty() || self.delivery.is_none() {
            return Ok(());
        }
        let id = waiting[usize::try_from(self.random.range(0, waiting.len() as u64)).unwrap()];
        let row = vec![1; usize::try_from(self.random.range(1, 9_000)).unwrap()];
        match self.books.replace(id, row.into()) {
            Some(message) => self.turn(Some(Input::Replaced(vec![message]))),
            None => Ok(()),
        }
    }

    fn commit(&mut self, batch: Arc<crate::Batch>) {
        let (is_refused, is_in_doubt) =
            if self.is_kind { (false, false) } else { (self.random.one_in(25), self.random.one_in(25)) };
        let begins = self.writer_free_at.max(self.time);
        let mut takes = self.random.range(300, 4_000);
        if is_in_doubt {
            takes += self.random.range(10_000, 900_000);
            let at = begins + 5_000 - self.time;
            self.after(at, at + 1, Happening::InDoubt(batch.number));
        }
        self.writer_free_at = begins + takes;
        self.pending_number += 1;
        let number = self.pending_number;
        self.pending.push_back(Pending { batch, is_refused, number });
        let at = self.writer_free_at - self.time;
        self.after(at, at + 1, Happening::Synced(number));
    }

    fn synced(&mut self, number: u64) -> Result<(), Violation> {
        if self.pending.front().is_none_or(|pending| pending.number != number) {
            return Ok(());
        }
        let Some(Pending { batch, is_refused, .. }) = self.pending.pop_front() else { return Ok(()) };
        if is_refused {
            return self.turn(Some(Input::Committed { batch: batch.number, result: CommitResult::Refused }));
        }
        if self.fault == Some(Fault::SyncSkipped) && self.random.one_in(6) {
            self.synced = Some(self.books.clone());
        }
        let (outcomes, news) = self.books.fold(&batch, self.date())?;
        self.checks.moved(&news.moved, &self.books)?;
        let result = CommitResult::Durable(outcomes);
        self.turn(Some(Input::Committed { batch: batch.number, result }))?;
        if news.gateway_receipts.is_empty() {
            return Ok(());
        }
        self.turn(Some(Input::GatewayReceipts(news.gateway_receipts)))
    }

    fn is_read(&mut self, process: u64, read: Read, found: Option<Found>) -> Result<(), Violation> {
        if process != self.process || self.delivery.is_none() {
            return Ok(());
        }
        self.reads = self.reads.saturating_sub(1);
        if !self.is_kind && self.random.one_in(20) {
            return self.turn(Some(Input::NotRead(read)));
        }
        let found = found.unwrap_or_else(|| self.books.read(&read, self.page));
        self.turn(Some(Input::Found(found)))
    }

    fn arrives(&mut self, smsc: usize, link: LinkNumber, message: &Message, attempt: u32) {
        // What was on its way when a link broke has arrived or not.
        if !self.links.contains_key(&link) && self.random.one_in(2) {
            return;
        }
        let reaction = self.smscs[smsc].takes(message, &mut self.random, self.is_kind);
        let id = message.key.id;
        if let Some((answer, after)) = reaction.answer {
            self.after(after, after + 1, Happening::Answers(link, id, attempt, answer));
        }
        for (place, after) in reaction.receipts {
            self.after(after, after + 1, Happening::ReceiptDue(smsc, place));
        }
    }

    fn answers(&mut self, link: LinkNumber, id: u64, attempt: u32, answer: Answer) -> Result<(), Violation> {
        if !self.links.contains_key(&link) || self.delivery.is_none() {
            return Ok(());
        }
        let is_first = self.unanswered.remove(&(link, id, attempt));
        if answer == Answer::TimedOut && !is_first {
            return Ok(());
        }
        self.checks.landed(id, link);
        let is_refusal = match &answer {
            Answer::Response { status, .. } => *status != 0,
            Answer::NotSent => true,
            Answer::TimedOut => false,
        };
        if is_refusal {
            self.checks.refused(id, link, attempt);
        }
        self.turn(Some(Input::Answered { link, message_id: id, attempt, answer }))
    }

    fn link_of(&self, smsc: usize) -> Option<LinkNumber> {
        self.links.iter().find(|(_, of)| **of == smsc).map(|(link, _)| *link)
    }

    fn receipt_due(&mut self, smsc: usize, place: usize) -> Result<(), Violation> {
        let planned = &mut self.smscs[smsc].receipts[place];
        planned.tries += 1;
        if (planned.is_acknowledged && planned.repeats == 0) || planned.tries > 100 {
            return Ok(());
        }
        planned.repeats = planned.repeats.saturating_sub(1);
        let receipt = Arc::new(planned.receipt.clone());
        let Some(link) = self.link_of(smsc).filter(|_| self.delivery.is_some()) else {
            self.after(200_000, 400_000, Happening::ReceiptDue(smsc, place));
            return Ok(());
        };
        self.sequence += 1;
        let sequence = u32::try_from(self.sequence).unwrap();
        self.outstanding.insert((link, sequence), (smsc, place));
        self.after(ACKNOWLEDGED_IN, ACKNOWLEDGED_IN + 1, Happening::ReceiptJudged(smsc, place, link));
        self.turn(Some(Input::Receipt { link, sequence, receipt }))
    }

    /// A receipt that came on a link which is still up was acknowledged by now.
    fn receipt_judged(&mut self, smsc: usize, place: usize, link: LinkNumber) -> Result<(), Violation> {
        let is_up = self.links.contains_key(&link);
        let is_outstanding = self.outstanding.iter().any(|((on, _), of)| *on == link && *of == (smsc, place));
        if is_up && is_outstanding {
            let (message, _) = truth_of(&self.smscs[smsc].receipts[place].receipt);
            return Err(Violation(format!("a receipt of message {message} was never acknowledged")));
        }
        Ok(())
    }

    fn acknowledged(&mut self, link: LinkNumber, sequence: u32, status: u32) -> Result<(), Violation> {
        let Some((smsc, place)) = self.outstanding.remove(&(link, sequence)) else { return Ok(()) };
        if status != 0 {
            self.after(1_000, 300_000, Happening::ReceiptDue(smsc, place));
            return Ok(());
        }
        let operator = self.smscs[smsc].number;
        let planned = &mut self.smscs[smsc].receipts[place];
        planned.is_acknowledged = true;
        let (message, number) = truth_of(&planned.receipt);
        let is_over = self.books.rows.get(&message).is_some_and(Row::is_over);
        if !is_over && !self.books.receipts.contains(&(operator, number)) {
            return Err(Violation(format!("a receipt of message {message} is acknowledged and not durable")));
        }
        if !self.is_kind && self.random.one_in(8) {
            self.smscs[smsc].receipts[place].repeats = 1;
            self.after(1_000, 4_000_000, Happening::ReceiptDue(smsc, place));
        }
        Ok(())
    }

    fn link_comes(&mut self, smsc: usize) -> Result<(), Violation> {
        let has = self.links.values().filter(|of| **of == smsc).count();
        if has >= 2 || self.delivery.is_none() {
            return Ok(());
        }
        self.last_link += 1;
        let link = LinkNumber(self.last_link);
        self.links.insert(link, smsc);
        let window = u32::try_from(self.random.range(1, 12)).unwrap();
        let window = if self.is_busy { 10 } else { window };
        if !self.is_kind {
            self.after(100_000, 6_000_000, Happening::LinkDies(link));
            self.after(100_000, 6_000_000, Happening::Stalls(link, false));
        }
        self.turn(Some(Input::LinkUp { link, operator: self.smscs[smsc].number, window }))
    }

    fn link_dies(&mut self, link: LinkNumber) -> Result<(), Violation> {
        if self.is_kind {
            return Ok(());
        }
        let Some(smsc) = self.links.remove(&link) else { return Ok(()) };
        self.forget_link(link);
        self.after(1_000, 800_000, Happening::LinkComes(smsc));
        self.turn(Some(Input::LinkDown { link }))
    }

    /// Forgets everything that was unanswered on a link: the operator sends its receipts again.
    fn forget_link(&mut self, link: LinkNumber) {
        let unanswered: Vec<_> = self.unanswered.iter().filter(|(on, ..)| *on == link).copied().collect();
        for key in unanswered {
            self.unanswered.remove(&key);
            self.checks.landed(key.1, link);
        }
        let outstanding: Vec<_> = self.outstanding.keys().filter(|(on, _)| *on == link).copied().collect();
        for key in outstanding {
            if let Some((smsc, place)) = self.outstanding.remove(&key) {
                self.after(100_000, 900_000, Happening::ReceiptDue(smsc, place));
            }
        }
    }

    fn bind_comes(&mut self, account: AccountNumber) -> Result<(), Violation> {
        if self.delivery.is_none() || self.binds.values().any(|of| *of == account) {
            return Ok(());
        }
        self.last_bind += 1;
        let bind = BindNumber(self.last_bind);
        self.binds.insert(bind, account);
        if !self.is_kind {
            self.after(100_000, 5_000_000, Happening::BindDies(bind));
        }
        let window = u32::try_from(self.random.range(1, 6)).unwrap();
        self.turn(Some(Input::Bound { bind, account, window }))
    }

    fn bind_dies(&mut self, bind: BindNumber) -> Result<(), Violation> {
        if self.is_kind {
            return Ok(());
        }
        let Some(account) = self.binds.remove(&bind) else { return Ok(()) };
        self.drop_in_hand(account);
        self.after(1_000, 2_000_000, Happening::BindComes(account));
        self.turn(Some(Input::Unbound { bind }))
    }

    fn drop_in_hand(&mut self, account: AccountNumber) {
        let rows = &self.books.rows;
        self.in_hand.retain(|message, _| rows.get(message).is_some_and(|row| row.message.account != account));
    }

    fn gateway_answers(
        &mut self,
        bind: BindNumber,
        receipt: u64,
        status: Option<u32>,
    ) -> Result<(), Violation> {
        if !self.binds.contains_key(&bind) {
            return Ok(());
        }
        self.in_hand.retain(|_, of| *of != receipt);
        self.turn(Some(Input::ReceiptAnswered { bind, receipt, status }))
    }

    fn clock_jumps(&mut self) -> Result<(), Violation> {
        if self.is_kind || self.stands_at.is_some() {
            return Ok(());
        }
        self.stands_at = Some(self.date());
        let span = i64::try_from(self.random.range(1_000_000, 10_000_000)).unwrap();
        self.jump = if self.random.one_in(2) { span } else { -span };
        self.after(500_000, 4_000_000, Happening::ClockSettles);
        self.turn(None)
    }

    /// The wall clock is back where it was, or has stood for long enough and is believed.
    fn clock_settles(&mut self) -> Result<(), Violation> {
        if self.stands_at.take().is_some() && self.random.one_in(3) {
            self.date_offset += self.jump;
        }
        self.turn(None)
    }

    fn reconfigured(&mut self) -> Result<(), Violation> {
        let configuration =
            configuration(&self.networks, self.strategy, &self.smscs, self.is_busy, &mut self.random);
        self.configuration =
            Arc::new(Configuration { settings: self.configuration.settings, ..configuration });
        let configuration = Arc::clone(&self.configuration);
        self.turn(Some(Input::Configured(configuration)))
    }

    fn killed(&mut self) -> Result<(), Violation> {
        if self.is_kind || self.delivery.take().is_none() {
            return Ok(());
        }
        self.process += 1;
        // Some of what was on its way to disk got there.
        let kept = self.random.range(0, self.pending.len() as u64 + 1);
        for _ in 0..kept {
            let Some(Pending { batch, .. }) = self.pending.pop_front() else { break };
            let (_, news) = self.books.fold(&batch, self.date())?;
            self.checks.moved(&news.moved, &self.books)?;
        }
        self.pending.clear();
        if let Some(synced) = self.synced.take() {
            self.books = synced;
        }
        self.writer_free_at = self.time;
        let links: Vec<_> = std::mem::take(&mut self.links).into_keys().collect();
        for link in links {
            self.forget_link(link);
        }
        self.checks.all_landed(&self.books);
        self.binds.clear();
        self.in_hand.clear();
        (self.reads, self.cancels_untold, self.wake_at) = (0, 0, None);
        self.after(10_000, 500_000, Happening::Started);
        Ok(())
    }

    fn started(&mut self) -> Result<(), Violation> {
        // Words of the process before are not told to this one.
        self.agenda.retain(|_, happening| !matches!(happening, Happening::CancelTold(_)));
        let lately = self.configuration.settings.accepted_in_memory as usize;
        let restored = self.books.restored(lately);
        let now = self.now();
        let mut delivery = Delivery::new(Arc::clone(&self.configuration), restored, now);
        delivery.sending.traffic.planted = self.fault;
        self.delivery = Some(delivery);
        for smsc in 0..self.smscs.len() {
            self.after(0, 200_000, Happening::LinkComes(smsc));
            if self.random.one_in(2) {
                self.after(0, 900_000, Happening::LinkComes(smsc));
            }
        }
        for account in 1..4 {
            self.after(0, 900_000, Happening::BindComes(AccountNumber(account)));
        }
        self.turn(None)
    }

    fn becomes_kind(&mut self) -> Result<(), Violation> {
        self.is_kind = true;
        if self.delivery.is_none() {
            self.agenda.retain(|_, happening| !matches!(happening, Happening::Started));
            self.started()?;
        }
        self.clock_settles()?;
        for smsc in 0..self.smscs.len() {
            self.after(0, 1_000, Happening::LinkComes(smsc));
        }
        for account in 1..4 {
            self.after(0, 1_000, Happening::BindComes(AccountNumber(account)));
        }
        Ok(())
    }

    fn has_ended(&self) -> bool {
        let is_over = |id: &u64| self.books.rows.get(id).is_some_and(Row::is_over);
        self.is_kind
            && self.left_to_submit == 0
            && self.books.gateway_receipts.is_empty()
            && self.outstanding.is_empty()
            && self.submitted.iter().all(is_over)
    }

    /// While nothing is on its way to disk or from it, every waiting message is counted once, and so is the oldest.
    fn counts_are_exact(&mut self) -> Result<(), Violation> {
        let is_quiet = self.pending.is_empty() && self.reads == 0 && self.cancels_untold == 0;
        let Some(delivery) = self.delivery.as_mut().filter(|_| is_quiet) else { return Ok(()) };
        if !delivery.is_settled() {
            return Ok(());
        }
        let (mut queued, mut under_way) = (0, 0);
        for smsc in &self.smscs {
            queued += delivery.queue_length(smsc.number);
            under_way += delivery.under_way(smsc.number);
        }
        // A try may go on though another operator has accepted the message.
        let is_beside = |id: &u64| {
            let tracked = delivery.sending.traffic.messages.get(*id);
            tracked.is_some_and(|tracked| tracked.accepted == crate::tracked::AcceptedBeside::Durable)
        };
        under_way -= delivery.sending.traffic.messages.ids().iter().filter(|id| is_beside(id)).count() as u64;
        let scheduled = delivery.totals().scheduled;
        let waiting = self.books.waiting().count() as u64;
        if queued + under_way + scheduled != waiting {
            let places = delivery
                .sending
                .traffic
                .messages
                .ids()
                .into_iter()
                .map(|id| (id, delivery.sending.traffic.messages.place(id)));
            let ids: Vec<_> = self.books.waiting().map(|row| row.message.key.id).collect();
            let what =
                format!("{waiting} messages wait, and {queued} + {under_way} + {scheduled} are counted");
            return Err(Violation(format!("{what}: {ids:?}, {:?}", places.collect::<Vec<_>>())));
        }
        if under_way + scheduled > 0 {
            return Ok(());
        }
        for smsc in &self.smscs {
            let of_it = self.books.waiting().filter(|row| row.message.key.first_choice == smsc.number);
            let oldest = of_it.map(|row| row.message.submitted_at).min();
            let counted = delivery.oldest(smsc.number);
            if counted != oldest {
                return Err(Violation(format!("the oldest is of {oldest:?}, and {counted:?} is told")));
            }
        }
        Ok(())
    }
}

fn described(effect: &Effect) -> String {
    match effect {
        Effect::Send { link, message, attempt, is_possible_duplicate } => {
            format!("send {} on {link:?}, try {attempt}, marked {is_possible_duplicate}", message.key.id)
        }
        Effect::Commit(batch) => {
            let events = batch.events.iter().map(|event| match event {
                crate::Event::Leased { lease, operator, messages } => {
                    let ids: Vec<_> =
                        messages.iter().map(|leased| (leased.key.id, leased.may_be_at)).collect();
                    format!("leased {lease} {operator:?} {ids:?}")
                }
                crate::Event::Accepted(one) => {
                    format!(
                        "accepted {} {:?} by address {}",
                        one.message.key.id, one.operator, one.is_by_address
                    )
                }
                crate::Event::Ended(one) => format!("ended {} {:?}", one.message.key.id, one.outcome),
                crate::Event::Receipt(one) => format!("receipt {}", one.message_id),
                other => format!("{other:?}").chars().take(60).collect(),
            });
            format!("commit {}: {}", batch.number, events.collect::<Vec<_>>().join("; "))
        }
        other => format!("{other:?}"),
    }
}

fn configuration(
    networks: &Arc<Networks>,
    strategy: Strategy,
    smscs: &[Smsc],
    is_busy: bool,
    random: &mut Random,
) -> Configuration {
    let currency = Currency::new("EUR").unwrap();
    let operators = smscs.iter().map(|smsc| {
        let code: Arc<str> = Arc::from(format!("operator_{}", smsc.number.0));
        Operator {
            name: Arc::clone(&code),
            code,
            country: None,
            number: smsc.number,
            status: if random.one_in(6) { OperatorStatus::Draining } else { OperatorStatus::Active },
            networks: ServedNetworks::All,
            currency,
            base_cost: Some(Amount::from_micros(10_000)),
            costs: Vec::new(),
            priority: u32::from(smsc.number.0),
            weight: 1,
            senders: tollgate_engine::account::SenderPolicy::Any,
            accounts: tollgate_engine::operator::AccountFilter::Any,
            data_codings: DataCodings::all(),
        }
    });
    let definition =
        RoutingDefinition { strategy, operators: operators.collect(), ..RoutingDefinition::default() };
    let routes = Routes::build(definition, networks).unwrap();
    let settings_of = |smsc: &Smsc, random: &mut Random| {
        let settings = OperatorSettings {
            throughput_per_second: if is_busy { Some(100) } else { random.one_in(2).then_some(100) },
            receipts: random.percent(70),
            retries: u32::try_from(random.range(0, 3)).unwrap(),
            unknown_outcome: random.one_in(4).then_some(UnknownPolicy::Settle),
            receipt_ids: ReceiptIdFormat::Any,
            currency,
        };
        (smsc.number, settings)
    };
    Configuration {
        settings: settings(is_busy, random),
        routes: Arc::new(routes),
        networks: Arc::clone(networks),
        operators: smscs
            .iter()
            .map(|smsc| settings_of(smsc, random))
            .collect::<BTreeMap<OperatorNumber, _>>(),
    }
}

fn settings(is_busy: bool, random: &mut Random) -> Settings {
    let mut small = |low: u64, high: u64| u32::try_from(random.range(low, high)).unwrap();
    let in_memory = if is_busy { 1_000 } else { small(2, 30) };
    Settings {
        queue_messages_in_memory: in_memory,
        scheduled_in_memory: small(1, 8),
        accepted_in_memory: small(2, 60),
        unmatched_max: 10_000,
        max_validity_micros: 40_000_000,
        retry_min_micros: 50_000,
        retry_max_micros: 1_000_000,
        attempts: 6,
        unknown_outcome: UnknownPolicy::Resend,
        unknown_outcome_micros: 1_500_000,
        receipt_timeout_micros: 20_000_000,
        unmatched_micros: 500_000,
        breaker: BreakerConfig {
            failures: 4,
            failure_percent: 50,
            minimum_responses: 8,
            open_for_micros: 200_000,
            open_for_max_micros: 2_000_000,
            probes: 1,
        },
        health_look_micros: 2_000_000,
        overdue_look_micros: 15_000_000,
        health_sample_micros: 10_000_000,
        receipt_retry_micros: 300_000,
        overflow_after_micros: None,
    }
}
