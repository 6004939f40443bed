//! The chunks of one session: the one that charges go into, and those that wait for room in the committer's queue.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tollgate_engine::time::{Month, UnixMicros};
use tollgate_storage::chunk::Chunk;
use tollgate_storage::committer::Committer;

use crate::held_octets::{HeldByBind, HeldOctets};
use crate::metrics::Metrics;

/// Emptied chunks that are kept for their memory.
const SPARE_CHUNKS_MAX: usize = 4;

/// Octets of a request beside those of its CDRs and messages.
const REQUEST_OCTETS: usize = 64;

/// The chunks of one session, in order.
#[derive(Debug)]
pub struct Chunks {
    open: Option<Box<Chunk>>,
    /// Chunks that wait for room in the committer's queue, before the open one.
    waiting: VecDeque<Box<Chunk>>,
    #[expect(
        clippy::vec_box,
        reason = "a chunk stays in its box from the session to the committer and back"
    )]
    spare: Vec<Box<Chunk>>,
    /// The number of requests in chunks that are closed and did not come back.
    inflight: u32,
    /// The octets of those chunks, each with the mark of its first request, which it comes back with.
    closed: VecDeque<(Option<u64>, usize)>,
    /// Octets of answers that are kept for requests of the open chunk.
    answer_octets: usize,
    held: HeldByBind,
    is_full: bool,
    metrics: Arc<Metrics>,
}

impl Chunks {
    /// The chunks of a session without charges.
    pub fn new(metrics: Arc<Metrics>, held: Arc<HeldOctets>) -> Self {
        Self {
            open: None,
            waiting: VecDeque::new(),
            spare: Vec::new(),
            inflight: 0,
            closed: VecDeque::new(),
            answer_octets: 0,
            held: HeldByBind::new(held),
            is_full: false,
            metrics,
        }
    }

    /// Counts octets that are kept for the answer to a request of the open chunk.
    pub fn keep_for_answer(&mut self, octets: usize) {
        self.answer_octets += octets;
    }

    /// The chunk that a CDR was pushed to just now.
    pub fn open(&mut self) -> &mut Chunk {
        let Some(chunk) = self.open.as_deref_mut() else {
            unreachable!("a CDR was pushed, and no chunk is open")
        };
        chunk
    }

    /// The open chunk if a charge of this time, tariff and month fits into it; otherwise a new one, made of a spare chunk
    /// where there is one.
    pub fn chunk_for(
        &mut self,
        now: UnixMicros,
        tariff: u32,
        month: Month,
        begin: impl FnOnce(Option<Box<Chunk>>) -> Box<Chunk>,
    ) -> &mut Chunk {
        let fits = |chunk: &Chunk| {
            let header = chunk.header();
            header.submitted_at == now && header.tariff == tariff && chunk.takes_month(month)
        };
        if !self.open.as_deref().is_some_and(fits) {
            self.close();
        }
        let spare = &mut self.spare;
        self.open.get_or_insert_with(|| begin(spare.pop()))
    }

    /// Hands every chunk to the committer, as far as there is room. Pending also where all are handed over and more is held
    /// than may be.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>, committer: &Committer) -> Poll<()> {
        self.close();
        let handed_over = self.poll_hand_over(cx, committer);
        let flushed = if handed_over.is_ready() { self.held.poll_below(cx) } else { Poll::Pending };
        let is_full = flushed.is_pending();
        if is_full && !self.is_full {
            self.metrics.waits_for(self.held.reached().filter(|_| handed_over.is_ready()));
        }
        self.is_full = is_full;
        flushed
    }

    fn poll_hand_over(&mut self, cx: &mut Context<'_>, committer: &Committer) -> Poll<()> {
        while let Some(chunk) = self.waiting.pop_front() {
            let mut chunk = Some(chunk);
            let polled = committer.poll_charge(cx, &mut chunk);
            if let Some(back) = chunk {
                self.waiting.push_front(back);
            }
            ready!(polled);
        }
        Poll::Ready(())
    }

    /// Notes that a chunk has come back from the committer.
    pub fn came_back(&mut self, chunk: &Chunk) {
        let requests = requests_in(chunk);
        let Some(inflight) = self.inflight.checked_sub(requests) else {
            unreachable!("{requests} requests came back, and {} were with the committer", self.inflight)
        };
        self.inflight = inflight;
        self.metrics.inflight.decrement(requests);
        // Chunks come back in the order in which they were handed over, or nearly so.
        let mark = mark_of(chunk);
        let closed = self.closed.iter().position(|(of, _)| *of == mark);
        if let Some((_, octets)) = closed.and_then(|at| self.closed.remove(at)) {
            self.held.remove(octets);
        }
    }

    /// Keeps an emptied chunk for its memory.
    pub fn keep_for_reuse(&mut self, chunk: Box<Chunk>) {
        if self.spare.len() < SPARE_CHUNKS_MAX {
            self.spare.push(chunk);
        }
    }

    fn close(&mut self) {
        if let Some(chunk) = self.open.take() {
            let requests = requests_in(&chunk);
            self.inflight += requests;
            self.metrics.inflight.increment(requests);
            let answers = std::mem::take(&mut self.answer_octets);
            let octets = chunk.held_bytes() + chunk.requests().len() * REQUEST_OCTETS + answers;
            self.held.add(octets);
            self.closed.push_back((mark_of(&chunk), octets));
            self.waiting.push_back(chunk);
        }
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        // Chunks that were not handed over give their charges back as they are dropped.
        self.metrics.inflight.decrement(self.inflight);
    }
}

/// The mark of its first request. Two chunks have the same one only where a client uses a sequence number twice at one time.
fn mark_of(chunk: &Chunk) -> Option<u64> {
    chunk.requests().first().map(|request| request.token)
}

fn requests_in(chunk: &Chunk) -> u32 {
    let Ok(requests) = u32::try_from(chunk.requests().len()) else {
        unreachable!("a chunk has {} requests", chunk.requests().len())
    };
    requests
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tollgate_engine::account::AccountNumber;
    use tollgate_engine::money::Amount;
    use tollgate_engine::network::NetworkCode;
    use tollgate_engine::number::Number;
    use tollgate_engine::tables::NetworkSource;
    use tollgate_engine::wallet::{Posting, Wallet, WalletState};
    use tollgate_storage::cdr::{CdrFields, Source};
    use tollgate_storage::chunk::ChunkHeader;
    use tollgate_storage::keys::KeyRegistry;
    use tollgate_storage::store::{Store, StoreOptions};

    use super::*;
    use crate::held_octets::OF_BIND_MAX;

    const ACCOUNT: AccountNumber = AccountNumber(1);
    const MONTH: Month = Month(24_322);

    struct Session {
        chunks: Chunks,
        keys: Arc<KeyRegistry>,
        account: Arc<HeldOctets>,
        time: u64,
        _folder: tempfile::TempDir,
    }

    impl Session {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(StoreOptions::at(folder.path())).unwrap();
            let keys = Arc::new(KeyRegistry::new(Arc::new(store)));
            let account = Arc::new(HeldOctets::default());
            let chunks = Chunks::new(Arc::new(Metrics::new()), Arc::clone(&account));
            Self { chunks, keys, account, time: 0, _folder: folder }
        }

        /// A read of the socket that brings one request with so many destinations.
        fn read(&mut self, token: u64, destinations: u32) {
            self.time += 1;
            let (submitted_at, keys) = (UnixMicros(self.time), Arc::clone(&self.keys));
            let (plan, countries) = (Arc::from("p"), Arc::default());
            let header = ChunkHeader { submitted_at, tariff: 1, plan, short_ids: false, countries };
            let wallet = Arc::new(Wallet::new(ACCOUNT, WalletState::default()));
            let reply = tokio::sync::mpsc::unbounded_channel().0;
            let begin = |_| Box::new(Chunk::new(wallet, keys, header, reply));
            let chunk = self.chunks.chunk_for(submitted_at, 1, MONTH, begin);
            for _ in 0..destinations {
                chunk.push(&Posting { account: ACCOUNT, month: MONTH, ..Posting::default() }, &cdr());
            }
            chunk.push_request(token, destinations);
            self.chunks.keep_for_answer(1_000);
            self.chunks.close();
        }

        fn is_full(&self) -> bool {
            self.chunks.held.poll_below(&mut Context::from_waker(Waker::noop())).is_pending()
        }
    }

    fn cdr() -> CdrFields<'static> {
        CdrFields {
            destination: Number::from_digits(b"254722000001").unwrap(),
            network: NetworkCode { mcc: 639, mnc: None },
            network_source: NetworkSource::Tlv,
            segments: 0,
            data_coding: 0,
            esm_class: 0,
            registered_delivery: 0,
            amount: Amount::ZERO,
            counted_before: 0,
            source: Source::default(),
            dispatch_id: None,
            idempotency_key: None,
            user_message_reference: None,
            user_sms_id: None,
            route: None,
            beside: None,
        }
    }

    #[test]
    fn a_session_is_full_by_octets_and_has_room_again_once_its_chunks_are_back() {
        let mut session = Session::new();
        while !session.is_full() {
            // One sequence number for all, as a client may use it.
            session.read(7, 255);
            assert!(session.account.octets() < OF_BIND_MAX + (64 << 10), "it is noticed in time");
        }
        assert!(session.chunks.inflight < 1_000, "long before a window of so many requests is");
        let mut closed: Vec<_> = session.chunks.waiting.drain(..).collect();
        session.chunks.came_back(&closed.swap_remove(0));
        assert!(!session.is_full());
        for chunk in &closed {
            session.chunks.came_back(chunk);
        }
        assert_eq!((session.account.octets(), session.chunks.inflight), (0, 0));
    }

    #[test]
    fn what_a_session_holds_ends_with_it() {
        let mut session = Session::new();
        session.read(1, 3);
        assert!(session.account.octets() > 1_000);
        let account = Arc::clone(&session.account);
        drop(session);
        assert_eq!(account.octets(), 0);
    }
}
