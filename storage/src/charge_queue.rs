//! Chunks of charges that wait for the writer: bounded in messages and in memory, in turns by account.

use std::collections::HashMap;
use std::time::Instant;

use parking_lot::Mutex;
use tollgate_engine::account::AccountNumber;

use crate::chunk::Chunk;
use crate::fair_queue::FairQueue;
use crate::recent_load::RecentLoad;

/// Bytes that chunks in the queue take in memory; beyond it sessions wait.
const HELD_BYTES_MAX: usize = 32 << 20;
/// The cost of one turn of an account: some hundred short messages.
const QUANTUM: u64 = 64 << 10;
/// The cost of a message beside that of its bytes.
const MESSAGE_COST: u64 = 256;

/// The queue in front of the writer.
#[derive(Debug)]
pub struct ChargeQueue {
    messages_max: usize,
    state: Mutex<State>,
    recent: RecentLoad,
}

#[derive(Debug)]
struct State {
    chunks: FairQueue<AccountNumber, Box<Chunk>>,
    all: Load,
    by_account: HashMap<AccountNumber, Load>,
}

/// The room that chunks take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Load {
    messages: usize,
    bytes: usize,
}

impl Load {
    fn of(chunk: &Chunk) -> Self {
        Self { messages: chunk.count() as usize, bytes: chunk.held_bytes() }
    }

    /// A chunk larger than the whole queue passes when nothing else waits, or it would wait for ever.
    fn has_room_for(self, added: Self, most: Self) -> bool {
        self == Self::default()
            || (self.messages + added.messages <= most.messages && self.bytes + added.bytes <= most.bytes)
    }

    fn add(&mut self, added: Self) {
        self.messages += added.messages;
        self.bytes += added.bytes;
    }

    fn take(&mut self, taken: Self) {
        self.messages -= taken.messages;
        self.bytes -= taken.bytes;
    }
}

impl ChargeQueue {
    /// An empty queue for as many messages.
    pub fn new(messages_max: usize) -> Self {
        let state =
            State { chunks: FairQueue::new(QUANTUM), all: Load::default(), by_account: HashMap::new() };
        Self { messages_max, state: Mutex::new(state), recent: RecentLoad::default() }
    }

    /// Adds a chunk, or gives it back where there is no room. While several accounts have chunks, each may take half of
    /// the room, so that the others always find some.
    pub fn offer(&self, now: Instant, chunk: Box<Chunk>) -> Result<(), Box<Chunk>> {
        let (account, load) = (chunk.account(), Load::of(&chunk));
        let mut state = self.state.lock();
        self.recent.add(now, account, load.messages);
        let most = Load { messages: self.messages_max, bytes: HELD_BYTES_MAX };
        let own = state.by_account.get(&account).copied().unwrap_or_default();
        let own_most = if self.recent.is_shared() {
            Load { messages: most.messages / 2, bytes: most.bytes / 2 }
        } else {
            most
        };
        if !state.all.has_room_for(load, most) || !own.has_room_for(load, own_most) {
            return Err(chunk);
        }
        state.all.add(load);
        state.by_account.entry(account).or_default().add(load);
        let cost = chunk.bytes() as u64 + u64::from(chunk.count()) * MESSAGE_COST;
        state.chunks.push(account, cost, chunk);
        Ok(())
    }

    /// Takes out the next chunk.
    pub fn next(&self) -> Option<Box<Chunk>> {
        let mut state = self.state.lock();
        let chunk = state.chunks.pop()?;
        let (account, load) = (chunk.account(), Load::of(&chunk));
        state.all.take(load);
        if let Some(own) = state.by_account.get_mut(&account) {
            own.take(load);
            if *own == Load::default() {
                state.by_account.remove(&account);
            }
        }
        Some(chunk)
    }

    /// The number of messages in it.
    pub fn messages(&self) -> usize {
        self.state.lock().all.messages
    }

    /// True if nothing waits.
    pub fn is_empty(&self) -> bool {
        self.state.lock().chunks.is_empty()
    }

    /// True if accounts with little traffic use it beside one with much more.
    pub fn is_uneven(&self) -> bool {
        self.recent.is_uneven()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::mpsc;
    use tollgate_engine::money::Amount;
    use tollgate_engine::network::NetworkCode;
    use tollgate_engine::number::Number;
    use tollgate_engine::tables::NetworkSource;
    use tollgate_engine::time::UnixMicros;
    use tollgate_engine::wallet::{Posting, Wallet, WalletState};

    use super::*;
    use crate::cdr::{CdrFields, Source};
    use crate::chunk::ChunkHeader;
    use crate::keys::KeyRegistry;
    use crate::recent_load::SPAN;
    use crate::store::{Store, StoreOptions};

    struct Accounts {
        _dir: tempfile::TempDir,
        keys: Arc<KeyRegistry>,
        now: Instant,
    }

    impl Accounts {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(StoreOptions::at(dir.path())).unwrap();
            let keys = Arc::new(KeyRegistry::new(Arc::new(store)));
            Self { _dir: dir, keys, now: Instant::now() }
        }

        fn chunk(&self, account: u32, messages: u32) -> Box<Chunk> {
            let account = AccountNumber(account);
            let wallet = Arc::new(Wallet::new(account, WalletState::default()));
            let header = ChunkHeader {
                submitted_at: UnixMicros(1),
                tariff: 1,
                plan: Arc::from("p"),
                short_ids: false,
                countries: Arc::default(),
            };
            let mut chunk = Chunk::new(wallet, Arc::clone(&self.keys), header, mpsc::unbounded_channel().0);
            for _ in 0..messages {
                let posting = Posting { account, ..Posting::default() };
                chunk.push(&posting, &cdr());
            }
            Box::new(chunk)
        }
    }

    fn cdr() -> CdrFields<'static> {
        CdrFields {
            destination: Number::from_digits(b"254722000000").unwrap(),
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
    fn one_account_may_fill_the_queue_and_two_leave_each_other_half() {
        let (accounts, queue) = (Accounts::new(), ChargeQueue::new(10));
        let offer = |account, messages| queue.offer(accounts.now, accounts.chunk(account, messages)).is_ok();
        assert_eq!([offer(1, 5), offer(1, 5), offer(1, 1)], [true, true, false]);
        assert!(!offer(2, 1), "it is full");
        assert_eq!(queue.next().map(|chunk| chunk.count()), Some(5));
        let later = accounts.now + SPAN;
        let offer = |account, messages| queue.offer(later, accounts.chunk(account, messages)).is_ok();
        assert!(!offer(1, 1), "it has its half");
        assert!(offer(2, 5));
        assert_eq!(queue.messages(), 10);
        while queue.next().is_some() {}
        assert_eq!((queue.messages(), queue.is_empty()), (0, true));
    }

    #[test]
    fn a_chunk_larger_than_the_queue_passes_alone() {
        let (accounts, queue) = (Accounts::new(), ChargeQueue::new(2));
        assert!(queue.offer(accounts.now, accounts.chunk(1, 5)).is_ok());
        assert!(queue.offer(accounts.now, accounts.chunk(1, 1)).is_err());
        assert!(queue.next().is_some());
        assert!(queue.offer(accounts.now, accounts.chunk(1, 1)).is_ok());
    }

    #[test]
    fn a_light_account_is_next_however_much_another_has_waiting() {
        let (accounts, queue) = (Accounts::new(), ChargeQueue::new(10_000));
        for _ in 0..20 {
            assert!(queue.offer(accounts.now, accounts.chunk(1, 200)).is_ok());
        }
        assert!(queue.offer(accounts.now, accounts.chunk(2, 1)).is_ok());
        let order: Vec<u32> = std::iter::from_fn(|| queue.next()).map(|chunk| chunk.account().0).collect();
        assert!(order.iter().position(|account| *account == 2).is_some_and(|at| at <= 2), "{order:?}");
    }
}
