//! One bound session's side of the gate: from a submit to a charge in memory, and on to the committer in chunks.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use metrics::Counter;
use tokio::sync::mpsc;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::charging::{self, Charge, Message};
use tollgate_engine::network::{NetworkCode, NetworkId};
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_smpp::pdu::{Address, Destinations, Submit};
use tollgate_smpp::{Answer, GateSession, MessageRef, Replacement, UnsuccessfulDestination, Verdict};
use tollgate_storage::cdr::{CdrFields, Source};
use tollgate_storage::chunk::{Chunk, ChunkHeader, Notice};
use tollgate_storage::keys::{KeyCheck, NewKey};

use super::answers::{Details, Token};
use super::request::{Parameters, fingerprint};
use crate::live::{Bindable, Live, Standing, World};
use crate::meters::Meters;

/// Emptied chunks that are kept for their memory.
const SPARE_CHUNKS_MAX: usize = 4;

/// What a session of the SMPP server talks to.
pub struct GatewaySession {
    pub(super) world: Arc<World>,
    /// What was in force when the account was looked up last.
    live: Arc<Live>,
    /// `None` once the account is no longer provisioned.
    pub(super) account: Option<Arc<Bindable>>,
    account_id: Arc<str>,
    refreshed_at: u64,
    /// Taken at the bind and given back at the end, whatever a reload does in between.
    pub(super) standing: Arc<Standing>,
    pub(super) revenue: Counter,
    window: u32,
    pub(super) short_ids: bool,
    /// The chunk that charges go into now, and those that wait for room in the committer's queue before it.
    open: Option<Box<Chunk>>,
    waiting: VecDeque<Box<Chunk>>,
    spare: Vec<Box<Chunk>>,
    pub(super) notices: (mpsc::UnboundedSender<Notice>, mpsc::UnboundedReceiver<Notice>),
    /// Answers that need no commit.
    pub(super) ready: Vec<Answer>,
    /// What is to be said beside the message id, by the number in the request's token.
    pub(super) details: HashMap<u32, Details>,
    pub(super) next_details: u32,
    /// Requests with the committer.
    inflight: u32,
}

/// What became of one destination of a submit.
enum Attempt {
    Charged(Charge),
    Refused(Refusal),
}

impl GatewaySession {
    /// A session of an account that has just been admitted.
    pub(super) fn new(world: Arc<World>, account: &Arc<Bindable>, window: u32, short_ids: bool) -> Self {
        world.meters.windows.increment(window);
        Self {
            live: world.live.load_full(),
            account_id: Arc::clone(&account.provisioned.account.id),
            refreshed_at: 0,
            standing: Arc::clone(&account.standing),
            revenue: Meters::revenue(account.terms.account.currency),
            account: Some(Arc::clone(account)),
            window,
            short_ids,
            open: None,
            waiting: VecDeque::new(),
            spare: Vec::new(),
            notices: mpsc::unbounded_channel(),
            ready: Vec::new(),
            details: HashMap::new(),
            next_details: 0,
            inflight: 0,
            world,
        }
    }

    /// Once per read of the socket: looks the account up again if there was a reload.
    fn refresh(&mut self, now: u64) {
        if std::mem::replace(&mut self.refreshed_at, now) == now {
            return;
        }
        let live = self.world.live.load();
        if !Arc::ptr_eq(&live, &self.live) {
            self.live = Arc::clone(&live);
            self.account = live.by_account(&self.account_id).cloned();
        }
    }

    pub(super) fn wallet_number(&self) -> AccountNumber {
        self.standing.wallet.number()
    }

    pub(super) fn live_network(&self, network: NetworkId) -> NetworkCode {
        self.live.tables.networks.get(network).code
    }

    pub(super) fn refuse(&self, account: Option<&Bindable>, refusal: Refusal) -> Verdict {
        self.world.meters.refuse(refusal, 1);
        Verdict::Refused(account.map_or(refusal.default_status(), |account| account.terms.statuses.status(refusal)))
    }

    /// A submit_sm or data_sm: one destination, one CDR.
    fn submit_one(&mut self, now: UnixMicros, submit: &Submit<'_>, to: &Address<'_>, account: &Arc<Bindable>) -> Verdict {
        let Ok(parameters) = Parameters::read(submit, &account.provisioned.tlv) else {
            return self.refuse(Some(account), Refusal::Malformed);
        };
        let token = Token::new(submit.sequence, submit.kind);
        let opted_in = account.provisioned.idempotency_by_user_message_reference;
        let own_key = parameters.key_of_reference(submit, to, opted_in);
        let key = parameters.idempotency_key.or(own_key.as_deref());
        let mut new_key = None;
        if let Some(key) = key {
            let print = fingerprint(submit, to);
            match self.check_key(now, key, print, token) {
                KeyOutcome::Answered => return Verdict::Pending,
                KeyOutcome::Refused(refusal) => return self.refuse(Some(account), refusal),
                KeyOutcome::New => new_key = Some((key, print, opted_in.filter(|_| parameters.idempotency_key.is_none()))),
            }
        }
        match self.charge(now, submit, to, &parameters, account) {
            Attempt::Refused(refusal) => {
                if let Some((key, ..)) = new_key {
                    self.world.keys.release(self.wallet_number(), key);
                }
                self.refuse(Some(account), refusal)
            }
            Attempt::Charged(charge) => {
                let token = self.token_with_price(token, &parameters, &charge, account);
                self.record(now, submit, &parameters, &charge, key, account);
                if let (Some((key, print, window)), Some(chunk)) = (new_key, self.open.as_mut()) {
                    let window = window.unwrap_or(self.live.key_window);
                    chunk.push_key(NewKey {
                        key: key.into(),
                        fingerprint: print,
                        expires_at: UnixMicros(now.0.saturating_add(window.as_micros().try_into().unwrap_or(u64::MAX))),
                        index: chunk.count() - 1,
                    });
                }
                self.close_request(token, 1);
                Verdict::Pending
            }
        }
    }

    /// A submit_multi: each destination is charged by itself; the refused ones are listed in the response.
    fn submit_many(&mut self, now: UnixMicros, submit: &Submit<'_>, account: &Arc<Bindable>) -> Verdict {
        let Ok(parameters) = Parameters::read(submit, &account.provisioned.tlv) else {
            return self.refuse(Some(account), Refusal::Malformed);
        };
        let (mut charged, mut unsuccessful, mut first_refusal) = (0, Vec::new(), None);
        for to in submit.destinations.iter() {
            match self.charge(now, submit, &to, &parameters, account) {
                Attempt::Charged(charge) => {
                    self.record(now, submit, &parameters, &charge, None, account);
                    charged += 1;
                }
                Attempt::Refused(refusal) => {
                    self.world.meters.refuse(refusal, 1);
                    first_refusal.get_or_insert(refusal);
                    let status = account.terms.statuses.status(refusal);
                    let address = to.digits.to_vec();
                    unsuccessful.push(UnsuccessfulDestination { ton: to.ton, npi: to.npi, address, status });
                }
            }
        }
        if charged == 0 {
            let refusal = first_refusal.unwrap_or(Refusal::UnknownDestination);
            return Verdict::Refused(account.terms.statuses.status(refusal));
        }
        let token = self.token_with(Token::new(submit.sequence, submit.kind), Details::Multi(unsuccessful));
        self.close_request(token, charged);
        Verdict::Pending
    }

    fn charge(
        &mut self,
        now: UnixMicros,
        submit: &Submit<'_>,
        to: &Address<'_>,
        parameters: &Parameters<'_>,
        account: &Bindable,
    ) -> Attempt {
        if !self.world.committer.is_available() {
            return Attempt::Refused(Refusal::StorageUnavailable);
        }
        let message = Message {
            source: submit.source.digits,
            destination: to.digits,
            destination_ton: to.ton,
            destination_npi: to.npi,
            network_tlv: parameters.network,
            body: parameters.body(submit),
        };
        let Standing { wallet, throttle, .. } = &*account.standing;
        match charging::charge(&self.live.tables, &account.terms, throttle, wallet, &message, now) {
            Ok(charge) => Attempt::Charged(charge),
            Err(refusal) => Attempt::Refused(refusal),
        }
    }

    /// Writes the CDR of a charge into the open chunk.
    fn record(
        &mut self,
        now: UnixMicros,
        submit: &Submit<'_>,
        parameters: &Parameters<'_>,
        charge: &Charge,
        idempotency_key: Option<&[u8]>,
        account: &Arc<Bindable>,
    ) {
        let cdr = CdrFields {
            destination: charge.rated.number,
            network: self.live_network(charge.rated.network),
            network_source: charge.rated.network_source,
            segments: charge.rated.segments,
            data_coding: submit.data_coding,
            esm_class: submit.esm_class,
            registered_delivery: submit.registered_delivery,
            amount: charge.posting.amount,
            counted_before: charge.posting.counted_before,
            source: Source { ton: submit.source.ton, npi: submit.source.npi, address: submit.source.digits },
            dispatch_id: parameters.dispatch_id,
            idempotency_key,
            user_message_reference: parameters.user_message_reference,
        };
        self.chunk_for(now, charge, account).push(&charge.posting, &cdr);
    }

    /// The open chunk, or a new one where this charge does not fit into it.
    fn chunk_for(&mut self, now: UnixMicros, charge: &Charge, account: &Arc<Bindable>) -> &mut Chunk {
        let fits = |chunk: &Chunk| {
            let header = chunk.header();
            header.submitted_at == now && header.tariff == self.live.tariff && chunk.takes_month(charge.posting.month)
        };
        let open = match self.open.take() {
            Some(chunk) if fits(&chunk) => chunk,
            other => {
                if let Some(chunk) = other {
                    self.count_inflight(chunk.requests().len(), true);
                    self.waiting.push_back(chunk);
                }
                let header = ChunkHeader {
                    submitted_at: now,
                    tariff: self.live.tariff,
                    plan: Arc::clone(&account.terms.account.plan),
                    short_ids: self.short_ids,
                };
                self.new_chunk(header, account)
            }
        };
        self.open.insert(open)
    }

    fn new_chunk(&mut self, header: ChunkHeader, account: &Bindable) -> Box<Chunk> {
        if let Some(mut chunk) = self.spare.pop() {
            chunk.reset(header);
            return chunk;
        }
        let (wallet, keys) = (Arc::clone(&account.standing.wallet), Arc::clone(&self.world.keys));
        Box::new(Chunk::new(wallet, keys, header, self.notices.0.clone()))
    }

    fn close_request(&mut self, token: Token, cdrs: u32) {
        if let Some(chunk) = self.open.as_mut() {
            chunk.push_request(token.0, cdrs);
        }
    }

    /// Requests that went to the committer, or came back from it.
    pub(super) fn count_inflight(&mut self, requests: usize, went: bool) {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        if went {
            self.inflight += requests;
            self.world.meters.inflight.increment(requests);
        } else {
            self.inflight -= requests;
            self.world.meters.inflight.decrement(requests);
        }
    }

    pub(super) fn keep_for_reuse(&mut self, chunk: Box<Chunk>) {
        if self.spare.len() < SPARE_CHUNKS_MAX {
            self.spare.push(chunk);
        }
    }

    fn check_key(&mut self, now: UnixMicros, key: &[u8], print: u64, token: Token) -> KeyOutcome {
        let account = self.wallet_number();
        match self.world.keys.check(account, key, print, now, (&self.notices.0, token.0)) {
            Err(_) => KeyOutcome::Refused(Refusal::StorageUnavailable),
            Ok(KeyCheck::Reused) => KeyOutcome::Refused(Refusal::KeyReused),
            Ok(KeyCheck::New) => KeyOutcome::New,
            Ok(KeyCheck::Pending) => {
                    KeyOutcome::Answered
            }
            Ok(KeyCheck::Known(message_id)) => {
                self.world.meters.replayed.increment(1);
                self.ready.push(Answer { sequence: token.sequence(), reply: token.accepted(message_id, None) });
                KeyOutcome::Answered
            }
        }
    }
}

/// What a key asks of the message that carries it.
enum KeyOutcome {
    /// Charge it.
    New,
    /// Its first use is known or will be; nothing to charge.
    Answered,
    Refused(Refusal),
}

impl GateSession for GatewaySession {
    fn submit(&mut self, now: u64, submit: &Submit<'_>) -> Verdict {
        self.refresh(now);
        // Taken out and put back, as a count of references would be two atomic steps per message.
        let Some(account) = self.account.take() else {
            return self.refuse(None, Refusal::UnknownAccount);
        };
        let verdict = match submit.destinations {
            Destinations::One(to) => self.submit_one(UnixMicros(now), submit, &to, &account),
            Destinations::Many(_) => self.submit_many(UnixMicros(now), submit, &account),
        };
        self.account = Some(account);
        verdict
    }

    fn query(&mut self, sequence: u32, message: MessageRef<'_>) -> Verdict {
        self.answer_query(sequence, &message)
    }

    fn cancel(&mut self, _now: u64, sequence: u32, message: MessageRef<'_>) -> Verdict {
        self.start_cancel(sequence, &message)
    }

    fn replace(&mut self, _now: u64, sequence: u32, message: MessageRef<'_>, body: Replacement<'_>) -> Verdict {
        self.answer_replace(sequence, &message, &body)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(chunk) = self.open.take() {
            self.count_inflight(chunk.requests().len(), true);
            self.waiting.push_back(chunk);
        }
        while let Some(chunk) = self.waiting.pop_front() {
            let mut chunk = Some(chunk);
            let polled = self.world.committer.poll_charge(cx, &mut chunk);
            if let Some(back) = chunk {
                self.waiting.push_front(back);
            }
            ready!(polled);
        }
        Poll::Ready(())
    }

    fn poll_answers(&mut self, cx: &mut Context<'_>, answers: &mut Vec<Answer>) -> Poll<()> {
        let before = answers.len();
        answers.append(&mut self.ready);
        while let Poll::Ready(Some(notice)) = self.notices.1.poll_recv(cx) {
            self.answer(notice, answers);
        }
        if answers.len() > before { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for GatewaySession {
    fn drop(&mut self) {
        // Chunks that were not handed over give their money back as they are dropped.
        self.standing.give_back_bind();
        self.world.meters.windows.decrement(self.window);
        self.world.meters.inflight.decrement(self.inflight);
    }
}
