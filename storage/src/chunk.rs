//! A chunk of charges: what one session charged in memory from one read of its socket, on its way to disk and
//! back.
//!
//! The money is already gone from the wallet in memory. A chunk that does not become durable, for whatever
//! reason (a failed write, a session that died before handing it over, a committer that is gone), gives it
//! back when it is dropped. That is the only place where this is done.

mod beside;
mod intents;

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::Beside;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::Total;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::wallet::{Posting, Wallet};

use crate::cdr::{BlockHeader, BlockReader, BlockWriter, Cdr, CdrFields, PostingsEncoder};
use crate::chain_tallies::OwnCharge;
use crate::countries::CountryTable;
use crate::keys::{FirstUse, KeyRegistry, KeyWaiter, NewKey};
use crate::message_filter::FilterKeys;
use crate::rows::{DispatchCounters, MessageTextRow, RefusedDestination};
use crate::tallies::PlaceTallies;

pub use crate::outcome::CancelError;
pub(crate) use beside::ChunkBeside;
pub(crate) use intents::Body;
pub use intents::Intent;
use intents::Intents;

/// The fields that all charges of a chunk share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkHeader {
    /// The time at which the messages were read off the socket.
    pub submitted_at: UnixMicros,
    /// The tariff version, as numbered in `tariffs`.
    pub tariff: u32,
    /// The account's plan.
    pub plan: Arc<str>,
    /// True if the client needs ids of 32 bits (SMPP 3.3).
    pub short_ids: bool,
    /// The countries of numbers, as the charges are counted for usage.
    pub countries: Arc<CountryTable>,
}

/// One request of the session whose messages are in the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingRequest {
    /// The session's own mark, given back untouched.
    pub token: u64,
    /// The number of consecutive CDRs that belong to it.
    pub cdrs: u32,
}

/// The committer's answer to a session.
#[derive(Debug)]
pub enum CommitOutcome {
    /// The outcome of a chunk.
    Chunk(Box<Chunk>, ChunkOutcome),
    /// The outcome of the first use of an idempotency key that this session waited for.
    Key {
        /// The mark of the request that waited.
        token: u64,
        /// `None` where the first use did not become durable.
        first_use: Option<FirstUse>,
    },
    /// It is not known whether requests of this session are on disk, and will not be soon. They must not be answered; what
    /// becomes of them is found out later.
    InDoubt,
    /// The outcome of a cancellation.
    Cancelled {
        /// The mark of the request.
        token: u64,
        /// The result of the cancellation.
        result: Result<(), CancelError>,
    },
    /// The outcome of a replacement.
    Replaced {
        /// The mark of the request.
        token: u64,
        /// The result of the replacement.
        result: Result<(), CancelError>,
    },
}

/// Sends a session the outcome of a key's first use, under the mark of the request that waits for it.
pub fn key_waiter(reply: &UnboundedSender<CommitOutcome>, token: u64) -> impl FnOnce() -> KeyWaiter {
    move || {
        let reply = reply.clone();
        Box::new(move |first_use| {
            // A session that is gone asked for nothing more.
            let _ = reply.send(CommitOutcome::Key { token, first_use });
        })
    }
}

/// The outcome of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkOutcome {
    /// It is on disk; the ids of its messages count on from here.
    Durable {
        /// The first id as clients see it: a 32-bit number if the chunk asked for short ids.
        first_visible_id: u64,
    },
    /// It is not on disk, and was undone in memory.
    NotDurable,
}

/// The postings of a chunk in one: they share the wallet and the month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkTotal {
    /// Taken from the balance.
    pub amount: Total,
    /// The month that the segments count in.
    pub month: Month,
    /// The number of segments added.
    pub segments: u32,
}

/// Charges on their way to disk.
#[derive(Debug)]
pub struct Chunk {
    pub(crate) wallet: Arc<Wallet>,
    pub(crate) header: ChunkHeader,
    pub(crate) block: BlockWriter,
    pub(crate) total: ChunkTotal,
    /// Its charges by network and by the header's countries.
    pub(crate) tallies: PlaceTallies,
    /// All that can be sought of its messages.
    pub(crate) filter_keys: FilterKeys,
    /// The postings of its messages beside the wallet; `None` where no message has any.
    pub(crate) beside: Option<Box<ChunkBeside>>,
    pub(crate) dispatches: Vec<(Box<[u8]>, DispatchCounters)>,
    pub(crate) keys: Vec<NewKey>,
    pub(crate) intents: Intents,
    /// Texts that are kept, each with the position of its CDR.
    pub(crate) texts: Vec<(u32, MessageTextRow)>,
    pub(crate) registry: Arc<KeyRegistry>,
    requests: Vec<PendingRequest>,
    /// Kept for the postings of the next message.
    encoder: PostingsEncoder,
    reply: UnboundedSender<CommitOutcome>,
    settled: bool,
}

impl Chunk {
    /// An empty chunk of one session.
    pub fn new(
        wallet: Arc<Wallet>,
        registry: Arc<KeyRegistry>,
        header: ChunkHeader,
        reply: UnboundedSender<CommitOutcome>,
    ) -> Self {
        Self {
            wallet,
            header,
            block: BlockWriter::default(),
            total: ChunkTotal::default(),
            tallies: PlaceTallies::default(),
            filter_keys: FilterKeys::default(),
            beside: None,
            dispatches: Vec::new(),
            keys: Vec::new(),
            intents: Intents::default(),
            texts: Vec::new(),
            registry,
            requests: Vec::new(),
            encoder: PostingsEncoder::default(),
            reply,
            settled: false,
        }
    }

    /// Makes an emptied chunk ready for the next read, keeping its memory.
    pub fn reset(&mut self, header: ChunkHeader) {
        assert!(self.settled || self.is_empty(), "a chunk with charges in it is not for reuse");
        self.header = header;
        self.block.clear();
        self.total = ChunkTotal::default();
        self.tallies.clear();
        self.filter_keys.clear();
        self.beside = None;
        self.dispatches.clear();
        self.keys.clear();
        self.intents.clear();
        self.texts.clear();
        self.requests.clear();
        self.settled = false;
    }

    /// The fields that its charges share.
    pub fn header(&self) -> &ChunkHeader {
        &self.header
    }

    /// True if a charge that counts in this month can join the chunk.
    pub fn takes_month(&self, month: Month) -> bool {
        self.is_empty() || self.total.month == month
    }

    /// Adds a charge that moved more than the chunk's wallet. `above` are the wallets of the levels above, from the parent's
    /// up; the CDR, which says nothing of all this yet, has the amount of the account's own posting.
    pub fn push_with(&mut self, beside: &Beside, cdr: &CdrFields<'_>, above: &[Arc<Wallet>]) {
        let mut encoder = std::mem::take(&mut self.encoder);
        let encoded = Some(encoder.encode(beside));
        let country = self.add(&beside.own.posting, &CdrFields { beside: encoded, ..*cdr });
        self.encoder = encoder;
        let account = self.account();
        let (network, charged_country, amount) = (cdr.network, beside.country, cdr.amount);
        let own = OwnCharge { account, network, country, charged_country, amount };
        self.beside.get_or_insert_with(|| Box::new(ChunkBeside::of(account))).add(beside, above, &own);
    }

    /// Adds a charge that was debited from the chunk's wallet and moved nothing else. Its CDR's amount and segments are
    /// the posting's.
    pub fn push(&mut self, posting: &Posting, cdr: &CdrFields<'_>) {
        self.add(posting, cdr);
    }

    /// Adds a charge; returns the country of its number.
    fn add(&mut self, posting: &Posting, cdr: &CdrFields<'_>) -> Option<CountryCode> {
        let (account, amount) = (self.wallet.number(), cdr.amount);
        assert_eq!((posting.account, posting.amount), (account, amount), "a posting and its CDR agree");
        if self.is_empty() {
            self.total.month = posting.month;
        }
        self.total.amount += posting.amount;
        self.total.segments += posting.segments;
        if let Some(dispatch) = cdr.dispatch_id {
            self.count_dispatch(dispatch, cdr);
        }
        let country = self.header.countries.country(cdr.destination.as_bytes());
        self.tallies.add(cdr.network, country, u32::from(cdr.segments), cdr.amount);
        self.filter_keys.add(cdr);
        self.block.push(cdr);
        country
    }

    /// Marks the CDR pushed last as the first use of a key that [`KeyRegistry::check`] reserved.
    pub fn push_key(&mut self, key: NewKey) {
        self.keys.push(key);
    }

    /// Notes the destinations that were refused beside the first use of the key pushed last.
    pub fn note_refused(&mut self, refused: Vec<RefusedDestination>) {
        if let Some(key) = self.keys.last_mut() {
            key.refused = refused;
        }
    }

    /// Hands the CDR pushed last, whose `route` says the same, to an operator's queue. The body is what
    /// [`crate::message::Message::write_body`] wrote.
    pub fn push_intent(&mut self, intent: Intent, body: &[u8]) {
        assert!(!self.is_empty(), "an intent belongs to a charge");
        self.intents.push(self.count().saturating_sub(1), intent, body);
    }

    /// Has the text of the CDR pushed last kept.
    pub fn push_text(&mut self, text: MessageTextRow) {
        assert!(!self.is_empty(), "a text belongs to a charge");
        self.texts.push((self.count().saturating_sub(1), text));
    }

    fn texts_bytes(&self) -> usize {
        self.texts.iter().map(|(_, text)| size_of_val(text) + text.text.len()).sum()
    }

    /// Closes a request over the `cdrs` pushed last.
    pub fn push_request(&mut self, token: u64, cdrs: u32) {
        self.requests.push(PendingRequest { token, cdrs });
    }

    /// The number of charges in it.
    pub fn count(&self) -> u32 {
        self.block.count()
    }

    /// True if there is no charge in it.
    pub fn is_empty(&self) -> bool {
        self.block.is_empty()
    }

    /// Calls `visit` with the CDR of each of its messages, whose ids mean nothing yet.
    pub fn for_each_cdr(&self, mut visit: impl FnMut(&Cdr<'_>)) {
        let (header, mut octets) = (self.block_header(), Vec::new());
        self.block.write_to(&header, &mut octets);
        let Some(block) = BlockReader::new(self.account(), 0, &octets) else { return };
        block.for_each(|cdr| visit(&cdr));
    }

    /// Bytes that its rows will take, roughly.
    pub fn bytes(&self) -> usize {
        self.block.len() + self.intents.bytes() + self.texts_bytes()
    }

    /// Bytes that it takes in memory, roughly.
    pub fn held_bytes(&self) -> usize {
        self.block.len() + self.intents.held() + self.texts_bytes()
    }

    /// The requests in it, in the order of their CDRs.
    pub fn requests(&self) -> &[PendingRequest] {
        &self.requests
    }

    /// The account that pays.
    pub fn account(&self) -> AccountNumber {
        self.wallet.number()
    }

    /// The sum of its debits.
    pub fn total(&self) -> ChunkTotal {
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

    /// It is on disk: answers all that wait for it.
    pub(crate) fn complete(mut self: Box<Self>, first_visible_id: u64) {
        self.settled = true;
        for key in &self.keys {
            let first_use = FirstUse {
                message_id: first_visible_id + u64::from(key.index),
                short_id: None,
                refused: key.refused.clone(),
            };
            self.registry.resolve(self.account(), &key.key, Some(&first_use));
        }
        self.intents.clear();
        self.texts.clear();
        let reply = self.reply.clone();
        // A session that is gone asked for nothing more.
        let _ = reply.send(CommitOutcome::Chunk(self, ChunkOutcome::Durable { first_visible_id }));
    }

    /// It is not on disk: gives the money back and reports it.
    pub(crate) fn fail(mut self: Box<Self>) {
        self.give_back();
        self.intents.clear();
        self.texts.clear();
        let reply = self.reply.clone();
        let _ = reply.send(CommitOutcome::Chunk(self, ChunkOutcome::NotDurable));
    }

    /// It is not known whether it is on disk: the money stays taken until it is.
    pub(crate) fn in_doubt(&self) {
        let _ = self.reply.send(CommitOutcome::InDoubt);
    }

    fn give_back(&mut self) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        let ChunkTotal { amount, month, segments } = self.total;
        match self.beside.take() {
            None => self.wallet.undo_all(amount, month, segments),
            Some(beside) => beside.give_back(&self.wallet, amount, (month, segments)),
        }
        for key in &self.keys {
            self.registry.resolve(self.account(), &key.key, None);
        }
    }

    fn count_dispatch(&mut self, dispatch: &[u8], cdr: &CdrFields<'_>) {
        let known = self.dispatches.iter().position(|(id, _)| **id == *dispatch);
        let at = known.unwrap_or_else(|| {
            self.dispatches.push((dispatch.into(), DispatchCounters::default()));
            self.dispatches.len() - 1
        });
        let Some((_, counters)) = self.dispatches.get_mut(at) else { return };
        counters.messages += 1;
        counters.segments += u64::from(cdr.segments);
        counters.cost += cdr.amount;
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::money::Amount;
    use tollgate_engine::network::NetworkCode;
    use tollgate_engine::number::Number;
    use tollgate_engine::operator::OperatorNumber;
    use tollgate_engine::tables::NetworkSource;
    use tollgate_engine::wallet::WalletState;

    use super::*;
    use crate::cdr::Source;
    use crate::store::{Store, StoreOptions};

    fn header() -> ChunkHeader {
        ChunkHeader {
            submitted_at: UnixMicros(1),
            tariff: 1,
            plan: Arc::from("p"),
            short_ids: false,
            countries: Arc::default(),
        }
    }

    fn chunk() -> (tempfile::TempDir, Chunk) {
        let dir = tempfile::tempdir().unwrap();
        let options = StoreOptions::at(dir.path().to_owned());
        let keys = Arc::new(KeyRegistry::new(Arc::new(Store::open(options).unwrap())));
        let wallet = Arc::new(Wallet::new(AccountNumber(1), WalletState::default()));
        let (reply, _) = tokio::sync::mpsc::unbounded_channel();
        (dir, Chunk::new(wallet, keys, header(), reply))
    }

    fn push(chunk: &mut Chunk, posted: Amount, on_cdr: Amount) {
        let posting = Posting { account: AccountNumber(1), amount: posted, ..Posting::default() };
        let cdr = CdrFields {
            destination: Number::from_digits(b"254722000001").unwrap(),
            network: NetworkCode { mcc: 639, mnc: None },
            network_source: NetworkSource::Tlv,
            segments: 0,
            data_coding: 0,
            esm_class: 0,
            registered_delivery: 0,
            amount: on_cdr,
            counted_before: 0,
            source: Source::default(),
            dispatch_id: None,
            idempotency_key: None,
            user_message_reference: None,
            user_sms_id: None,
            route: None,
            beside: None,
        };
        chunk.push(&posting, &cdr);
    }

    #[test]
    #[should_panic(expected = "is not for reuse")]
    fn a_chunk_with_charges_is_not_reset() {
        let (_dir, mut chunk) = chunk();
        push(&mut chunk, Amount::from_micros(1), Amount::from_micros(1));
        chunk.reset(header());
    }

    #[test]
    #[should_panic(expected = "a posting and its CDR agree")]
    fn a_cdr_with_another_amount_than_its_posting_stops() {
        let (_dir, mut chunk) = chunk();
        push(&mut chunk, Amount::from_micros(1), Amount::ZERO);
    }

    #[test]
    fn a_total_may_be_beyond_an_amount() {
        let (_dir, mut chunk) = chunk();
        push(&mut chunk, Amount::MAX, Amount::MAX);
        push(&mut chunk, Amount::MAX, Amount::MAX);
        assert_eq!(chunk.total().amount.micros(), 2 * i128::from(i64::MAX));
        // What was pushed is given back when the chunk is dropped.
        chunk.settled = true;
    }

    #[test]
    #[should_panic(expected = "an intent belongs to a charge")]
    fn an_intent_without_a_charge_stops() {
        let (_dir, mut chunk) = chunk();
        let first_choice = OperatorNumber(1);
        chunk.push_intent(Intent { first_choice, class: 0, scheduled_at: None, expires_at: None }, b"");
    }
}
