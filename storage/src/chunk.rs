//! A chunk of charges: what one session charged in memory from one read of its socket, on its way to disk and back.
//!
//! The money is already gone from the wallet in memory. A chunk that does not become durable, for whatever reason
//! (a failed write, a session that died before handing it over, a committer that is gone), gives it back when it is
//! dropped. That is the only place where this is done.

mod intents;

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::wallet::{Posting, Wallet};

use crate::cdr::{BlockHeader, BlockWriter, CdrFields};
use crate::keys::{KeyRegistry, NewKey};
use crate::rows::DispatchCounters;

pub use intents::Intent;
use intents::Intents;

/// What all charges of a chunk share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkHeader {
    /// When the messages were read off the socket.
    pub submitted_at: UnixMicros,
    /// The tariff version, as numbered in `tariffs`.
    pub tariff: u32,
    /// The account's plan.
    pub plan: Arc<str>,
    /// Whether the client needs ids of 32 bits (SMPP 3.3).
    pub short_ids: bool,
}

/// One request of the session whose messages are in the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingRequest {
    /// The session's own mark, given back untouched.
    pub token: u64,
    /// How many consecutive CDRs are its.
    pub cdrs: u32,
}

/// What a session hears from storage.
#[derive(Debug)]
pub enum Notice {
    /// The outcome of a chunk.
    Chunk(Box<Chunk>, Outcome),
    /// The outcome of the first use of an idempotency key that this session waited for: the first message's id.
    Key {
        /// The mark of the request that waited.
        token: u64,
        /// `None` where the first use did not become durable.
        message_id: Option<u64>,
    },
    /// The outcome of a cancellation.
    Cancelled {
        /// The mark of the request.
        token: u64,
        /// Whether the message was cancelled.
        result: Result<(), CancelError>,
    },
    /// The outcome of a replacement.
    Replaced {
        /// The mark of the request.
        token: u64,
        /// Whether the message was replaced.
        result: Result<(), CancelError>,
    },
}

/// Why a message cannot be cancelled or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CancelError {
    /// No such message of that account.
    #[error("no such message")]
    Unknown,
    /// It has reached a final state, or an operator has it or may have it.
    #[error("the message is in a final state, or has been handed to an operator")]
    Final,
    /// It could not be made durable.
    #[error("storage is unavailable")]
    Unavailable,
}

/// Whether a chunk is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// On disk; the ids of its messages count on from here.
    Durable {
        /// As clients see it: a 32-bit number where the chunk asked for short ids.
        first_visible_id: u64,
    },
    /// Not on disk, and taken back in memory.
    NotDurable,
}

/// Charges on their way to disk.
#[derive(Debug)]
pub struct Chunk {
    pub(crate) wallet: Arc<Wallet>,
    pub(crate) header: ChunkHeader,
    pub(crate) block: BlockWriter,
    /// All its postings in one: they share the wallet and the month.
    pub(crate) total: Posting,
    pub(crate) dispatches: Vec<(Box<[u8]>, DispatchCounters)>,
    pub(crate) keys: Vec<NewKey>,
    pub(crate) intents: Intents,
    pub(crate) registry: Arc<KeyRegistry>,
    requests: Vec<PendingRequest>,
    reply: UnboundedSender<Notice>,
    settled: bool,
}

impl Chunk {
    /// An empty chunk of one session.
    pub fn new(
        wallet: Arc<Wallet>,
        registry: Arc<KeyRegistry>,
        header: ChunkHeader,
        reply: UnboundedSender<Notice>,
    ) -> Self {
        let total = Posting { account: wallet.number(), ..Posting::default() };
        Self {
            wallet,
            header,
            block: BlockWriter::default(),
            total,
            dispatches: Vec::new(),
            keys: Vec::new(),
            intents: Intents::default(),
            registry,
            requests: Vec::new(),
            reply,
            settled: false,
        }
    }

    /// Makes an emptied chunk ready for the next read, keeping its memory.
    pub fn reset(&mut self, header: ChunkHeader) {
        debug_assert!(self.settled || self.is_empty(), "a chunk with charges in it is not for reuse");
        self.header = header;
        self.block.clear();
        self.total = Posting { account: self.wallet.number(), ..Posting::default() };
        self.dispatches.clear();
        self.keys.clear();
        self.intents.clear();
        self.requests.clear();
        self.settled = false;
    }

    /// What its charges share.
    pub fn header(&self) -> &ChunkHeader {
        &self.header
    }

    /// Whether a charge that counts in this month can join the chunk.
    pub fn takes_month(&self, month: Month) -> bool {
        self.is_empty() || self.total.month == month
    }

    /// Adds a charge that was debited from the chunk's wallet. Its CDR's amount and segments are the posting's.
    pub fn push(&mut self, posting: &Posting, cdr: &CdrFields<'_>) {
        debug_assert_eq!((posting.account, posting.amount), (self.wallet.number(), cdr.amount));
        if self.is_empty() {
            self.total = Posting { counted_before: posting.counted_before, ..self.total };
            self.total.month = posting.month;
        }
        // A wallet that could pay each amount held their sum.
        self.total.amount = self.total.amount.checked_add(posting.amount).unwrap_or(self.total.amount);
        self.total.segments += posting.segments;
        if let Some(dispatch) = cdr.dispatch_id {
            self.count_dispatch(dispatch, posting);
        }
        self.block.push(cdr);
    }

    /// Marks the CDR pushed last as the first use of a key that [`KeyRegistry::check`] reserved.
    pub fn push_key(&mut self, key: NewKey) {
        self.keys.push(key);
    }

    /// Hands the CDR pushed last, whose `route` says the same, to an operator's queue. The body is what
    /// [`crate::message::Message::write_body`] wrote.
    pub fn push_intent(&mut self, intent: Intent, body: &[u8]) {
        debug_assert!(!self.is_empty(), "an intent belongs to a charge");
        self.intents.push(self.count().saturating_sub(1), intent, body);
    }

    /// Closes a request over the `cdrs` pushed last.
    pub fn push_request(&mut self, token: u64, cdrs: u32) {
        self.requests.push(PendingRequest { token, cdrs });
    }

    /// Charges in it.
    pub fn count(&self) -> u32 {
        self.block.count()
    }

    /// Whether there is no charge in it.
    pub fn is_empty(&self) -> bool {
        self.block.is_empty()
    }

    /// Bytes that its rows will take, roughly.
    pub fn bytes(&self) -> usize {
        self.block.len() + self.intents.bytes()
    }

    /// The requests in it, in the order of their CDRs.
    pub fn requests(&self) -> &[PendingRequest] {
        &self.requests
    }

    /// Who pays.
    pub fn account(&self) -> AccountNumber {
        self.wallet.number()
    }

    /// The sum of its debits.
    pub fn total(&self) -> Posting {
        self.total
    }

    pub(crate) fn block_header(&self) -> BlockHeader<'_> {
        BlockHeader {
            submitted_at: self.header.submitted_at,
            tariff: self.header.tariff,
            month: self.total.month,
            plan: &self.header.plan,
        }
    }

    /// It is on disk: answers everyone who waits for it.
    pub(crate) fn complete(mut self: Box<Self>, first_visible_id: u64) {
        self.settled = true;
        for key in &self.keys {
            self.registry.resolve(self.account(), &key.key, Some(first_visible_id + u64::from(key.index)));
        }
        let reply = self.reply.clone();
        // A session that is gone asked for nothing more.
        let _ = reply.send(Notice::Chunk(self, Outcome::Durable { first_visible_id }));
    }

    /// It is not on disk: gives the money back and says so.
    pub(crate) fn fail(mut self: Box<Self>) {
        self.give_back();
        let reply = self.reply.clone();
        let _ = reply.send(Notice::Chunk(self, Outcome::NotDurable));
    }

    fn give_back(&mut self) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        self.wallet.undo(&self.total);
        for key in &self.keys {
            self.registry.resolve(self.account(), &key.key, None);
        }
    }

    fn count_dispatch(&mut self, dispatch: &[u8], posting: &Posting) {
        let known = self.dispatches.iter().position(|(id, _)| **id == *dispatch);
        let at = known.unwrap_or_else(|| {
            self.dispatches.push((dispatch.into(), DispatchCounters::default()));
            self.dispatches.len() - 1
        });
        let Some((_, counters)) = self.dispatches.get_mut(at) else { return };
        counters.messages += 1;
        counters.segments += u64::from(posting.segments);
        counters.cost = counters.cost.checked_add(posting.amount).unwrap_or(counters.cost);
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.give_back();
    }
}
