//! A submit: each destination is rated and debited in memory, and its CDR goes into the session's open chunk.

use std::sync::Arc;
use std::time::Duration;

use tollgate_engine::beside::Beside;
use tollgate_engine::charging::{self, Charge, Message, Payer, Rated};
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::segments::shown_text;
use tollgate_engine::time::{Moment, UnixMicros};
use tollgate_engine::wallet::Wallet;
use tollgate_smpp::pdu::{Address, Destinations, Submit};
use tollgate_smpp::{Answer, Reply, RequestOutcome, UnsuccessfulDestination};
use tollgate_storage::cdr::{CdrFields, CdrRoute, Source};
use tollgate_storage::chunk::{Chunk, CommitOutcome, key_waiter};
use tollgate_storage::clock::due;
use tollgate_storage::keys::{KeyCheck, NewKey};
use tollgate_storage::rows::MessageTextRow;

use super::answers::c_octets;
use super::context::ClientContext;
use super::delivery_intent::{Delivering, Times, class_of};
use super::direct_tags::direct_tags;
use super::parameters::{Parameters, fingerprint};
use super::refused_messages::RefusedSubmit;
use super::resend::refused;
use super::route::{FirstChoice, Routing};
use super::session::EsmeSession;
use super::token::{Details, Resend, Token};
use crate::snapshot::{AccountRuntime, ActiveAccount};

/// One submit while it is charged.
struct Request<'a> {
    now: UnixMicros,
    /// The time by which ends of bundles have passed.
    due: UnixMicros,
    submit: &'a Submit<'a>,
    parameters: Parameters<'a>,
    times: Times,
    key: Option<Key<'a>>,
    account: &'a Arc<ActiveAccount>,
}

/// A charge in memory, with the operator that its message goes to.
struct Charged {
    charge: Charge,
    /// The operator; `None` where messages are charged only.
    first_choice: Option<FirstChoice>,
}

/// An idempotency key that this submit is the first to use.
#[derive(Clone, Copy)]
struct Key<'a> {
    octets: &'a [u8],
    fingerprint: u64,
    window: Duration,
}

impl EsmeSession {
    /// Charges every destination of a submit_sm, data_sm or submit_multi.
    pub(crate) fn charge_submit(
        &mut self,
        now: UnixMicros,
        submit: &Submit<'_>,
        account: &Arc<ActiveAccount>,
    ) -> RequestOutcome {
        let opted_in = account.provisioned.idempotency_by_user_message_reference;
        let direct = (!self.has_bind).then(|| direct_tags(account.provisioned.tlv));
        let tags = direct.as_ref().unwrap_or(&account.provisioned.tlv);
        let Ok(parameters) = Parameters::read(submit, tags, opted_in.is_some()) else {
            let refused = refused_submit(self, account, now, submit, Parameters::default());
            return self.refuse(&refused, Refusal::Malformed);
        };
        let times = match Times::read(submit, now) {
            Ok(times) => times,
            Err(refusal) => {
                let refused = refused_submit(self, account, now, submit, parameters);
                return self.refuse(&refused, refusal);
            }
        };
        let own_key = opted_in.and_then(|_| parameters.key_of_reference(submit));
        let key = match (parameters.idempotency_key, &own_key) {
            (Some(octets), _) => Some((octets, self.key_window())),
            (None, Some(octets)) => opted_in.map(|window| (octets.as_slice(), window)),
            (None, None) => None,
        };
        let key = key.map(|(octets, window)| Key { octets, fingerprint: fingerprint(submit), window });
        let may_have_bundles = !self.levels.is_empty() || account.runtime.wallet.has_pockets();
        let due = self.bundle_ends.due_at(now, may_have_bundles);
        let request = Request { now, due, submit, parameters, times, key, account };
        // Before the key is looked up: while storage is in doubt, it is not known whether a first use stands.
        if !self.context.books.committer.is_available() {
            return self.refuse_request(&request, Refusal::StorageUnavailable);
        }
        if let Some(verdict) = request.key.and_then(|key| self.answer_known_key(&request, key)) {
            return verdict;
        }
        match submit.destinations {
            Destinations::One(to) => self.charge_one(&request, &to),
            Destinations::Many(_) => self.charge_many(&request),
        }
    }

    /// Reserves the key where it is new; otherwise there is nothing to charge and the answer is known.
    fn answer_known_key(&mut self, request: &Request<'_>, key: Key<'_>) -> Option<RequestOutcome> {
        let token = Token::new(request.submit.sequence, request.submit.kind);
        // The details are put in only where the key was used before.
        let with_details = self.next_token(token);
        let waiter = key_waiter(&self.commit_outcomes.0, with_details.0);
        let resend = || Resend { key: key.octets.into(), wants_price: request.wants_reply_tlvs() };
        match self.context.books.keys.check(self.wallet_number(), key.octets, key.fingerprint, due(), waiter)
        {
            Ok(KeyCheck::New) => None,
            Ok(KeyCheck::Pending) => {
                self.token_with(token, Details::Resend(resend()));
                Some(RequestOutcome::Pending)
            }
            Ok(KeyCheck::Known(first_use)) => {
                let token = self.token_with(token, Details::Resend(resend())).0;
                let first_use = Some(first_use);
                // Answered with what the committer tells, where the session has its account again.
                let _ = self.commit_outcomes.0.send(CommitOutcome::Key { token, first_use });
                Some(RequestOutcome::Pending)
            }
            Ok(KeyCheck::Reused) => Some(self.refuse_request(request, Refusal::KeyReused)),
            Err(_) => Some(self.refuse_request(request, Refusal::StorageUnavailable)),
        }
    }

    fn charge_one(&mut self, request: &Request<'_>, to: &Address<'_>) -> RequestOutcome {
        match self.charge(request, to) {
            Ok(charged) => {
                self.record(request, to, &charged, request.key);
                let token = self.token_with_price(request, &charged.charge);
                self.levels.spare = charged.charge.beside;
                self.chunks.open().push_request(token.0, 1);
                RequestOutcome::Pending
            }
            Err(refusal) => {
                self.release_key(request);
                self.refuse_request(request, refusal)
            }
        }
    }

    /// Each destination is charged by itself; the refused ones are listed in the response. Refused as a whole, with the
    /// first one's reason, only where none could be charged.
    fn charge_many(&mut self, request: &Request<'_>) -> RequestOutcome {
        let (mut charged, mut unsuccessful, mut first_refusal) = (0, Vec::new(), None);
        for to in &request.submit.destinations {
            match self.charge(request, &to) {
                Ok(done) => {
                    // The key stands on the first CDR, whose id is the response's.
                    self.record(request, &to, &done, request.key.filter(|_| charged == 0));
                    self.levels.spare = done.charge.beside;
                    charged += 1;
                }
                Err(refusal) => {
                    request.refused(self).note(&self.context, &to, refusal);
                    first_refusal.get_or_insert(refusal);
                    let status = request.account.terms.statuses.status(refusal);
                    let address = to.digits.to_vec();
                    unsuccessful.push(UnsuccessfulDestination { ton: to.ton, npi: to.npi, address, status });
                }
            }
        }
        if charged == 0 {
            self.release_key(request);
            let refusal = first_refusal.unwrap_or(Refusal::UnknownDestination);
            return RequestOutcome::Refused(request.account.terms.statuses.status(refusal));
        }
        if request.key.is_some() && !unsuccessful.is_empty() {
            self.chunks.open().note_refused(unsuccessful.iter().map(refused).collect());
        }
        let octets = unsuccessful.iter().map(|refused| size_of_val(refused) + refused.address.len()).sum();
        self.chunks.keep_for_answer(octets);
        let token = Token::new(request.submit.sequence, request.submit.kind);
        let token = self.token_with(token, Details::Multi(unsuccessful));
        self.chunks.open().push_request(token.0, charged);
        RequestOutcome::Pending
    }

    fn charge(&mut self, request: &Request<'_>, to: &Address<'_>) -> Result<Charged, Refusal> {
        let spare = self.levels.spare.take();
        let message = request.message(to);
        let AccountRuntime { wallet, throttle, .. } = &*request.account.runtime;
        let (terms, now) = (&request.account.terms, request.now);
        let at = Moment { now, due: request.due };
        let routing = Routing { account: request.account, now, source: message.source, body: &message.body };
        let route = |rated: &Rated, price: &dyn Fn() -> Amount| {
            request.account.check_pumping(rated, self.network_code(rated.network))?;
            request.in_time(&self.context, self.route(&routing, rated, price)?)
        };
        let above = self.levels.charged();
        let payer = Payer { terms, throttle, wallet, above: &above };
        let (charge, first_choice) = charging::charge(self.tables(), &payer, &message, at, spare, route)
            .map_err(|refused| {
                self.levels.refused_at(&refused, request.account, &self.context.metrics, now)
            })?;
        if let Some(beside) = &charge.beside {
            self.levels.note_exceeded(beside, request.account);
        }
        request.account.note_charge(&charge, self.network_code(charge.rated.network));
        if charge.rated.has_odd_length {
            self.context.metrics.odd_number_lengths.increment(1);
        }
        Ok(Charged { charge, first_choice })
    }

    /// Writes the CDR of a charge into the open chunk, with the key that it is the first use of and the intent to
    /// deliver.
    fn record(&mut self, request: &Request<'_>, to: &Address<'_>, charged: &Charged, key: Option<Key<'_>>) {
        let Request { submit, parameters, now, times, .. } = request;
        let Charged { charge, first_choice } = charged;
        let cdr = request.cdr(charged, self.network_code(charge.rated.network), key);
        let beside = charge.beside.as_deref().map(|beside| (beside, self.levels.wallets()));
        let text = request.kept_text(self.context.books.text_window);
        let chunk = self.chunk_for(*now, charge, request.account);
        push(chunk, charge, &cdr, beside);
        if let Some(text) = text {
            chunk.push_text(text);
        }
        if let Some(key) = key {
            let window = u64::try_from(key.window.as_micros()).unwrap_or(u64::MAX);
            chunk.push_key(NewKey {
                key: key.octets.into(),
                fingerprint: key.fingerprint,
                expires_at: UnixMicros(now.0.saturating_add(window)),
                index: chunk.count() - 1,
                refused: Vec::new(),
            });
        }
        if let Some(first_choice) = *first_choice {
            let account: &ActiveAccount = request.account;
            let (times, now) = (*times, *now);
            let delivering = Delivering { account, submit, parameters, to, first_choice, times, now };
            self.push_intent(charge, &delivering);
        }
    }

    /// A token with the price, for accounts and messages that ask for it.
    fn token_with_price(&mut self, request: &Request<'_>, charge: &Charge) -> Token {
        let token = Token::new(request.submit.sequence, request.submit.kind);
        if !request.wants_reply_tlvs() {
            return token;
        }
        let network = self.network_code(charge.rated.network);
        self.token_with(token, Details::Price(charge.posting.amount, network))
    }

    fn release_key(&self, request: &Request<'_>) {
        if let Some(key) = request.key {
            self.context.books.keys.release(self.wallet_number(), key.octets);
        }
    }

    /// Refuses a request, with the reason in a TLV where reply TLVs are asked for.
    fn refuse_request(&mut self, request: &Request<'_>, refusal: Refusal) -> RequestOutcome {
        let verdict = self.refuse(&request.refused(self), refusal);
        let (RequestOutcome::Refused(status), true) = (verdict, request.wants_reply_tlvs()) else {
            return verdict;
        };
        let (sequence, kind) = (request.submit.sequence, request.submit.kind);
        let reason = (request.account.provisioned.tlv.reason, c_octets(refusal.name()));
        let reply = Reply::Explained { command: kind.command(), status, tlvs: Some(Box::new(vec![reason])) };
        self.ready.push(Answer { sequence, reply });
        RequestOutcome::Pending
    }
}

impl<'a> Request<'a> {
    /// The request as one that is refused.
    fn refused<'s>(&self, session: &'s EsmeSession) -> RefusedSubmit<'s>
    where
        'a: 's,
    {
        refused_submit(session, self.account, self.now, self.submit, self.parameters)
    }

    /// The CDR of a charge for one of its destinations. What it moved beside the wallet is added where it is pushed.
    fn cdr(&self, charged: &Charged, network: NetworkCode, key: Option<Key<'a>>) -> CdrFields<'a> {
        let Self { submit, parameters, times, .. } = *self;
        let Charged { charge, first_choice } = charged;
        let (class, scheduled_at) = (class_of(submit.priority_flag), times.scheduled_at);
        CdrFields {
            destination: charge.rated.number,
            network,
            network_source: charge.rated.network_source,
            segments: charge.rated.segments,
            data_coding: submit.data_coding,
            esm_class: submit.esm_class,
            registered_delivery: submit.registered_delivery,
            amount: charge.posting.amount,
            counted_before: charge.posting.counted_before,
            source: Source { ton: submit.source.ton, npi: submit.source.npi, address: submit.source.digits },
            dispatch_id: parameters.dispatch_id,
            idempotency_key: key.map(|key| key.octets),
            user_message_reference: parameters.user_message_reference,
            user_sms_id: parameters.user_sms_id,
            route: first_choice.map(|choice| CdrRoute { first_choice: choice.operator, class, scheduled_at }),
            beside: None,
        }
    }

    /// The text of the message, where texts are kept and this is one.
    fn kept_text(&self, window: Duration) -> Option<MessageTextRow> {
        if window.is_zero() {
            return None;
        }
        let body = self.parameters.body(self.submit);
        let text = shown_text(&body, self.account.provisioned.account.default_coding)?;
        let window = u64::try_from(window.as_micros()).unwrap_or(u64::MAX);
        Some(MessageTextRow { expires_at: UnixMicros(self.now.0.saturating_add(window)), text })
    }

    /// The operator that was chosen, unless the message would expire before it is due.
    fn in_time(
        &self,
        context: &ClientContext,
        choice: Option<FirstChoice>,
    ) -> Result<Option<FirstChoice>, Refusal> {
        let is_too_late = self.times.scheduled_at.is_some_and(|at| context.is_too_late(at, self.now));
        if choice.is_some() && is_too_late { Err(Refusal::InvalidSchedule) } else { Ok(choice) }
    }

    /// The message to one destination, as far as its price depends on it.
    fn message(&self, to: &Address<'a>) -> Message<'a> {
        Message {
            source: self.submit.source.digits,
            destination: to.digits,
            destination_ton: to.ton,
            destination_npi: to.npi,
            network_tlv: self.parameters.network,
            body: self.parameters.body(self.submit),
        }
    }

    fn wants_reply_tlvs(&self) -> bool {
        self.parameters.wants_price || self.account.provisioned.reply_tlvs
    }
}

/// A submit of a session's account as one that is refused.
fn refused_submit<'a>(
    session: &'a EsmeSession,
    account: &'a ActiveAccount,
    at: UnixMicros,
    submit: &'a Submit<'a>,
    parameters: Parameters<'a>,
) -> RefusedSubmit<'a> {
    let (payer, tables) = (session.wallet_number(), session.tables());
    RefusedSubmit { payer, account: Some(account), tables, at, submit, parameters }
}

/// Adds a charge to a chunk, with what it moved beside the wallet, in the accounts above too.
fn push(
    chunk: &mut Chunk,
    charge: &Charge,
    cdr: &CdrFields<'_>,
    beside: Option<(&Beside, Arc<[Arc<Wallet>]>)>,
) {
    match beside {
        None => chunk.push(&charge.posting, cdr),
        Some((beside, above)) => chunk.push_with(beside, cdr, &above),
    }
}
