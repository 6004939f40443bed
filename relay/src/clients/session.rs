//! The session of one bind: from a submit to a charge in memory, and on to the committer in chunks.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use metrics::Counter;
use tokio::sync::mpsc;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::charging::Charge;
use tollgate_engine::network::{NetworkCode, NetworkId};
use tollgate_engine::refusal::Refusal;
use tollgate_engine::tables::Tables;
use tollgate_engine::time::UnixMicros;
use tollgate_smpp::pdu::Submit;
use tollgate_smpp::{
    Answer, Delivery, DeliveryOutcome, MessageRef, Replacement, RequestOutcome, SessionHandler,
};
use tollgate_storage::chunk::{Chunk, CommitOutcome};

use super::bundle_ends::BundleEnds;
use super::chunks::Chunks;
use super::context::ClientContext;
use super::direct_tags::direct_tags;
use super::levels::Levels;
use super::receipts_out::ReceiptSender;
use super::refused_messages::RefusedSubmit;
use super::spread::Spread;
use super::token::Details;
use crate::metrics::Metrics;
use crate::snapshot::{AccountRuntime, ActiveAccount, Snapshot};
use tollgate_provisioning::TlvTags;

/// Answers from which on the session writes before it takes more. A chunk brings all of its own.
const ANSWERS_AT_ONCE: usize = 256;

/// The session of one bind, as the SMPP server calls it.
pub struct EsmeSession {
    pub(crate) context: Arc<ClientContext>,
    /// The snapshot that was in force when the account was looked up last.
    snapshot: Arc<Snapshot>,
    /// The generation of that snapshot at that time.
    generation: u64,
    /// `None` once the account is no longer provisioned.
    pub(crate) account: Option<Arc<ActiveAccount>>,
    /// The accounts above it that pay or earn.
    pub(crate) levels: Levels,
    account_id: Arc<str>,
    refreshed_at: u64,
    pub(crate) bundle_ends: BundleEnds,
    pub(crate) runtime: Arc<AccountRuntime>,
    /// True if it has a place among the account's binds. The place is taken at the bind and given back at the end,
    /// whatever a reload does in between.
    pub(crate) has_bind: bool,
    pub(crate) revenue: Counter,
    window: u32,
    /// True if ids have 32 bits, as over SMPP 3.3.
    pub(crate) short_ids: bool,
    pub(crate) chunks: Chunks,
    pub(crate) commit_outcomes:
        (mpsc::UnboundedSender<CommitOutcome>, mpsc::UnboundedReceiver<CommitOutcome>),
    /// Answers that need no commit, until the session sends them.
    pub(crate) ready: Vec<Answer>,
    /// Details of answers beside the message id, by the number in the request's token.
    pub(crate) details: HashMap<u32, Details>,
    pub(crate) next_details: u32,
    /// The buffer that queue rows are written into, kept for its memory.
    pub(crate) intent_body: Vec<u8>,
    pub(crate) receipts: ReceiptSender,
    /// True once it is not known what became of a request: the bind ends, and that request is not answered.
    pub(crate) is_in_doubt: bool,
    /// The numbers that weighted routing draws with.
    pub(crate) spread: Spread,
}

impl EsmeSession {
    /// A session of an account that has just been admitted.
    pub(crate) fn new(
        context: Arc<ClientContext>,
        account: &Arc<ActiveAccount>,
        window: u32,
        short_ids: bool,
    ) -> Self {
        context.metrics.windows.increment(window);
        let snapshot = context.snapshot.load_full();
        Self {
            // A change since the account was looked up is seen at the first message.
            generation: u64::MAX,
            snapshot,
            levels: Levels::default(),
            account_id: Arc::clone(&account.provisioned.account.id),
            refreshed_at: 0,
            bundle_ends: BundleEnds::default(),
            runtime: Arc::clone(&account.runtime),
            has_bind: true,
            revenue: Metrics::revenue(account.terms.account.currency),
            account: Some(Arc::clone(account)),
            window,
            short_ids,
            chunks: Chunks::new(Arc::clone(&context.metrics), Arc::clone(&account.runtime.held)),
            commit_outcomes: mpsc::unbounded_channel(),
            ready: Vec::new(),
            details: HashMap::new(),
            next_details: 0,
            intent_body: Vec::new(),
            receipts: ReceiptSender::new(Arc::clone(&account.runtime.receipt_queue)),
            is_in_doubt: false,
            spread: Spread::new(tollgate_storage::clock::now().0),
            context,
        }
    }

    /// A session of a request that came without a bind.
    pub(crate) fn of_request(context: Arc<ClientContext>, account: &Arc<ActiveAccount>, window: u32) -> Self {
        let mut session = Self::new(context, account, window, false);
        session.has_bind = false;
        session
    }

    /// The account's parameters as they are at this moment, at which its message comes; `None` where it is gone.
    pub(crate) fn tags_at(&mut self, now: UnixMicros) -> Option<TlvTags> {
        self.refresh(now.0);
        self.account.as_ref().map(|account| direct_tags(account.provisioned.tlv))
    }

    /// Looks the account up again if there was a reload or a change, once per read of the socket.
    fn refresh(&mut self, now: u64) {
        if std::mem::replace(&mut self.refreshed_at, now) == now {
            return;
        }
        let snapshot = self.context.snapshot.load();
        let generation = snapshot.generation();
        if self.generation != generation || !Arc::ptr_eq(&snapshot, &self.snapshot) {
            self.generation = generation;
            self.snapshot = Arc::clone(&snapshot);
            self.account = snapshot.by_account(&self.account_id);
            self.levels = Levels::of(&snapshot, self.account.as_deref());
        }
    }

    pub(crate) fn wallet_number(&self) -> AccountNumber {
        self.runtime.wallet.number()
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.snapshot.tables
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(crate) fn key_window(&self) -> Duration {
        self.context.books.key_window
    }

    pub(crate) fn network_code(&self, network: NetworkId) -> NetworkCode {
        self.snapshot.tables.networks.get(network).code
    }

    /// Refuses all messages of a submit, and notes each of them.
    pub(crate) fn refuse(&self, refused: &RefusedSubmit<'_>, refusal: Refusal) -> RequestOutcome {
        refused.note_all(&self.context, refusal);
        RequestOutcome::Refused(refused.status(refusal))
    }

    /// The chunk that a charge goes into.
    pub(crate) fn chunk_for(
        &mut self,
        now: UnixMicros,
        charge: &Charge,
        account: &ActiveAccount,
    ) -> &mut Chunk {
        let (snapshot, short_ids) = (&self.snapshot, self.short_ids);
        let (keys, reply) = (&self.context.books.keys, &self.commit_outcomes.0);
        self.chunks.chunk_for(now, snapshot.tariff, charge.posting.month, |spare| {
            let header = snapshot.chunk_header(account, now, short_ids);
            if let Some(mut chunk) = spare {
                chunk.reset(header);
                return chunk;
            }
            let wallet = Arc::clone(&account.runtime.wallet);
            Box::new(Chunk::new(wallet, Arc::clone(keys), header, reply.clone()))
        })
    }
}

impl SessionHandler for EsmeSession {
    fn submit(&mut self, now: u64, submit: &Submit<'_>) -> RequestOutcome {
        self.refresh(now);
        // Taken out and put back, as a count of references would be two atomic steps per message.
        let Some(account) = self.account.take() else {
            let refused =
                RefusedSubmit::of_nobody(self.wallet_number(), self.tables(), UnixMicros(now), submit);
            return self.refuse(&refused, Refusal::UnknownAccount);
        };
        let verdict = self.charge_submit(UnixMicros(now), submit, &account);
        self.account = Some(account);
        verdict
    }

    fn query(&mut self, sequence: u32, message: MessageRef<'_>) -> RequestOutcome {
        self.answer_query(sequence, &message)
    }

    fn cancel(&mut self, _now: u64, sequence: u32, message: MessageRef<'_>) -> RequestOutcome {
        self.start_cancel(sequence, &message)
    }

    fn replace(
        &mut self,
        _now: u64,
        sequence: u32,
        message: MessageRef<'_>,
        body: Replacement<'_>,
    ) -> RequestOutcome {
        self.answer_replace(sequence, &message, &body)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.chunks.poll_flush(cx, &self.context.books.committer)
    }

    fn poll_answers(&mut self, cx: &mut Context<'_>, answers: &mut Vec<Answer>) -> Poll<()> {
        let before = answers.len();
        answers.append(&mut self.ready);
        // What is left is asked for again once these are written: a session holds few answers that its peer does not read.
        while answers.len() < ANSWERS_AT_ONCE {
            let Poll::Ready(Some(commit_outcome)) = self.commit_outcomes.1.poll_recv(cx) else { break };
            self.answer(commit_outcome, answers);
        }
        if answers.len() > before || self.is_in_doubt { Poll::Ready(()) } else { Poll::Pending }
    }

    fn is_uneven(&self) -> bool {
        self.context.books.committer.is_uneven()
    }

    fn hangs_up(&self) -> bool {
        self.is_in_doubt
    }

    fn poll_deliveries(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        deliveries: &mut Vec<Delivery>,
    ) -> Poll<()> {
        let ids = self.account.as_ref().map(|account| account.provisioned.smpp33_receipt_ids);
        self.receipts.take(cx, &self.context.books.store, ids.unwrap_or_default(), room, deliveries)
    }

    fn delivered(&mut self, token: u64, outcome: DeliveryOutcome) {
        self.receipts.answered(token, outcome, &self.context);
    }

    fn flush_delivered(&mut self) {
        self.receipts.delete_done(&self.context.books.committer);
    }
}

impl Drop for EsmeSession {
    fn drop(&mut self) {
        if self.has_bind {
            self.runtime.give_back_bind();
        }
        self.context.metrics.windows.decrement(self.window);
    }
}
