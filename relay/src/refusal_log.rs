//! Messages that were refused, on their way to the disk: what a session notes is handed to the committer once a second, in the
//! background, which writes it down for people who ask what became of a message and counts it in the time series, in one commit.
//!
//! Each refusal is noted here once. A flood of them costs a count for each: of one account and reason, and of all together, only
//! so many messages are kept. Those that are not kept are counted. What is in memory is bounded by these numbers and by the number
//! of accounts and reasons; what the committer cannot write comes back and is handed over again. A crash loses what was noted in
//! the last second, and no money.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::refusal::Refusal;
use tollgate_storage::clock::now;
use tollgate_storage::committer::{Committer, RefusalRecord};
use tollgate_storage::rows::{RefusalsNotKept, RefusalsRow, RefusedMessage};

use crate::refusal_allowance::Allowance;

/// Messages of one account and reason that are kept at once.
pub const KEPT_OF_ONE: u32 = 200;
/// Messages of one account and reason that are kept in a minute after that.
pub const KEPT_OF_ONE_PER_MINUTE: u32 = 20;
/// Messages that are kept at once, whoever they come from.
pub const KEPT_OF_ALL: u32 = 20_000;
/// Messages that are kept in a minute after that: two million in seven days.
pub const KEPT_OF_ALL_PER_MINUTE: u32 = 200;

/// The interval at which messages and counts are handed over.
pub const EVERY: Duration = Duration::from_secs(1);
/// Counts that are handed over in each of these intervals. After more of them, so many more intervals pass until the next, so that
/// a flood from many accounts does not fill the disk with counts.
const COUNTS_OF_INTERVAL: usize = 20;
/// Intervals that pass between two hand-overs of counts at most.
const COUNTS_EVERY_MAX: usize = 10;

/// The refused messages that are not handed over yet.
#[derive(Debug)]
pub struct RefusalLog {
    waiting: Mutex<Waiting>,
    /// Tells those who wait that a hand-over has come to its end.
    ended: Condvar,
}

/// The counts of messages that are not kept which a hand-over takes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// All of them, if their time has come.
    WhenDue,
    /// All of them.
    Always,
}

#[derive(Debug)]
struct Waiting {
    messages: Vec<RefusedMessage>,
    of_one: HashMap<(AccountNumber, Refusal), OfOne>,
    of_all: Allowance,
    counts_due: Instant,
    /// Hand-overs that were begun, and those of them that have ended.
    begun: u64,
    ended: u64,
}

/// The messages of one account and reason.
#[derive(Clone, Copy, Debug)]
struct OfOne {
    allowance: Allowance,
    not_kept: u64,
}

impl Default for RefusalLog {
    fn default() -> Self {
        let now = Instant::now();
        let waiting = Waiting {
            messages: Vec::new(),
            of_one: HashMap::new(),
            of_all: Allowance::full(KEPT_OF_ALL, now),
            counts_due: now,
            begun: 0,
            ended: 0,
        };
        Self { waiting: Mutex::new(waiting), ended: Condvar::new() }
    }
}

impl RefusalLog {
    /// Notes a refused message. It is made only where it is kept.
    pub fn note(&self, account: AccountNumber, reason: Refusal, message: impl FnOnce() -> RefusedMessage) {
        self.note_at(Instant::now(), account, reason, message);
    }

    fn note_at(
        &self,
        now: Instant,
        account: AccountNumber,
        reason: Refusal,
        message: impl FnOnce() -> RefusedMessage,
    ) {
        let mut waiting = self.waiting.lock();
        if waiting.keeps(now, account, reason) {
            // Made while nobody else may note one, so that the messages are in order; that is at most so many a minute.
            waiting.messages.push(message());
        }
    }

    /// Hands what was noted to the committer, and waits for nothing. What it has no room for, or cannot write at present, comes
    /// back and waits for the next time.
    pub fn hand_over(self: &Arc<Self>, committer: &Committer, counts: Counts) {
        if !committer.is_available() {
            return;
        }
        let Some(row) = self.take(Instant::now(), counts) else { return };
        let log = Arc::clone(self);
        committer.record_refusals(RefusalRecord { row, done: Box::new(move |left| log.end(left)) });
    }

    /// The same with all counts, and waits until whoever looks finds everything that was noted before, for at most `limit`.
    pub fn hand_over_and_wait(self: &Arc<Self>, committer: &Committer, limit: Duration) {
        self.hand_over(committer, Counts::Always);
        let until = Instant::now() + limit;
        let mut waiting = self.waiting.lock();
        // What others have handed over just before is waited for as well.
        let begun = waiting.begun;
        while waiting.ended < begun && !self.ended.wait_until(&mut waiting, until).timed_out() {}
    }

    fn take(&self, now_of_process: Instant, counts: Counts) -> Option<RefusalsRow> {
        let mut waiting = self.waiting.lock();
        let messages = std::mem::take(&mut waiting.messages);
        let is_due = counts == Counts::Always || now_of_process >= waiting.counts_due;
        let not_kept = if is_due { waiting.take_counts(now_of_process) } else { Vec::new() };
        waiting.forget_full(now_of_process);
        if messages.is_empty() && not_kept.is_empty() {
            return None;
        }
        waiting.begun += 1;
        Some(RefusalsRow { at: now(), messages, not_kept })
    }

    /// A hand-over has ended; what was not written is put back.
    fn end(&self, left: Option<RefusalsRow>) {
        let mut waiting = self.waiting.lock();
        if let Some(row) = left {
            waiting.put_back(row);
        }
        waiting.ended += 1;
        drop(waiting);
        self.ended.notify_all();
    }
}

impl Waiting {
    /// True if a message is to be kept. One that is not is counted.
    fn keeps(&mut self, now: Instant, account: AccountNumber, reason: Refusal) -> bool {
        self.of_all.fill(now, KEPT_OF_ALL_PER_MINUTE, KEPT_OF_ALL);
        // While the disk cannot be written, those that wait are bounded too.
        let has_room = self.of_all.has_one() && self.messages.len() < KEPT_OF_ALL as usize;
        let of_one = self.of_one.entry((account, reason)).or_insert_with(|| OfOne::new(now));
        of_one.fill(now);
        if has_room && of_one.allowance.has_one() {
            of_one.allowance.take_one();
            self.of_all.take_one();
            return true;
        }
        of_one.not_kept += 1;
        false
    }

    fn take_counts(&mut self, now: Instant) -> Vec<RefusalsNotKept> {
        let taken = self.of_one.iter_mut().filter(|(_, of_one)| of_one.not_kept > 0);
        let taken = taken.map(|((account, reason), of_one)| RefusalsNotKept {
            account: *account,
            reason: *reason,
            count: std::mem::take(&mut of_one.not_kept),
        });
        let mut taken: Vec<_> = taken.collect();
        taken.sort_unstable_by_key(|counted| (counted.account, counted.reason));
        let intervals = (taken.len() / COUNTS_OF_INTERVAL).min(COUNTS_EVERY_MAX);
        if let Some(intervals) = u32::try_from(intervals).ok().filter(|intervals| *intervals > 1) {
            self.counts_due = now + EVERY * intervals;
        }
        taken
    }

    fn put_back(&mut self, row: RefusalsRow) {
        let later = std::mem::replace(&mut self.messages, row.messages);
        self.messages.extend(later);
        for RefusalsNotKept { account, reason, count } in row.not_kept {
            let of_one = self.of_one.entry((account, reason)).or_insert_with(|| OfOne::new(Instant::now()));
            of_one.not_kept += count;
        }
    }

    /// Forgets those with a full allowance and nothing counted: a new one is as good.
    fn forget_full(&mut self, now: Instant) {
        self.of_one.retain(|_, of_one| {
            of_one.fill(now);
            of_one.not_kept > 0 || !of_one.allowance.is_full(KEPT_OF_ONE)
        });
    }
}

impl OfOne {
    fn new(now: Instant) -> Self {
        Self { allowance: Allowance::full(KEPT_OF_ONE, now), not_kept: 0 }
    }

    fn fill(&mut self, now: Instant) {
        self.allowance.fill(now, KEPT_OF_ONE_PER_MINUTE, KEPT_OF_ONE);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tollgate_engine::time::UnixMicros;
    use tollgate_storage::committer::Limits;
    use tollgate_storage::journal::RocksJournal;
    use tollgate_storage::store::{Durability, Store, StoreOptions};

    use super::*;

    const ACCOUNT: AccountNumber = AccountNumber(1);

    fn message(account: AccountNumber) -> RefusedMessage {
        RefusedMessage {
            account,
            at: now(),
            reason: Refusal::NoRate,
            status: 0x0B,
            source: b"ACME".as_slice().into(),
            destination: b"254722000001".as_slice().into(),
            network: None,
            segments: 1,
            dispatch_id: None,
            idempotency_key: None,
            user_message_reference: None,
        }
    }

    fn note(log: &RefusalLog, now: Instant, account: AccountNumber, count: u32) {
        for _ in 0..count {
            log.note_at(now, account, Refusal::NoRate, || message(account));
        }
    }

    fn counts(row: &RefusalsRow) -> (usize, u64) {
        (row.messages.len(), row.not_kept.iter().map(|counted| counted.count).sum())
    }

    #[test]
    fn a_flood_keeps_some_and_counts_the_rest() {
        let (log, start) = (RefusalLog::default(), Instant::now());
        note(&log, start, ACCOUNT, 1_000_000);
        let row = log.take(start, Counts::WhenDue).unwrap();
        assert_eq!(row.messages.len(), 200);
        let counted = RefusalsNotKept { account: ACCOUNT, reason: Refusal::NoRate, count: 999_800 };
        assert_eq!(row.not_kept, [counted]);
        assert_eq!(log.take(start, Counts::Always), None, "it is taken once");
        // In the next minute twenty more are kept. The others are counted each second.
        let later = start + Duration::from_secs(1);
        note(&log, later, ACCOUNT, 100);
        assert_eq!(counts(&log.take(later, Counts::WhenDue).unwrap()), (0, 100));
        let later = start + Duration::from_mins(1);
        note(&log, later, ACCOUNT, 100);
        assert_eq!(counts(&log.take(later, Counts::WhenDue).unwrap()), (20, 80));
    }

    #[test]
    fn counts_of_many_accounts_are_handed_over_less_often() {
        let (log, start) = (RefusalLog::default(), Instant::now());
        let flood = |at| (0..100).for_each(|account| note(&log, at, AccountNumber(account), 201));
        flood(start);
        assert_eq!(counts(&log.take(start, Counts::WhenDue).unwrap()), (20_000, 100));
        flood(start);
        // Five intervals after a hundred counts.
        assert_eq!(log.take(start + Duration::from_secs(4), Counts::WhenDue), None);
        let asked = log.take(start + Duration::from_secs(4), Counts::Always);
        assert_eq!(counts(&asked.unwrap()), (0, 20_100), "whoever asks gets all of them");
        flood(start);
        assert_eq!(log.take(start + Duration::from_secs(8), Counts::WhenDue), None);
        assert_eq!(counts(&log.take(start + Duration::from_secs(9), Counts::WhenDue).unwrap()), (0, 20_100));
    }

    #[test]
    fn what_is_in_memory_is_bounded_whoever_is_refused() {
        let (log, start) = (RefusalLog::default(), Instant::now());
        for account in 0..1_000 {
            note(&log, start, AccountNumber(account), 300);
        }
        assert_eq!(log.waiting.lock().messages.len(), 20_000);
        assert_eq!(counts(&log.take(start, Counts::WhenDue).unwrap()), (20_000, 280_000));
        assert!(log.waiting.lock().messages.is_empty());
        // Allowances that are full again are not kept.
        assert_eq!(log.take(start + Duration::from_hours(1), Counts::WhenDue), None);
        assert!(log.waiting.lock().of_one.is_empty());
    }

    #[test]
    fn what_was_not_written_comes_again_in_order_and_is_counted_once() {
        let (log, start) = (RefusalLog::default(), Instant::now());
        note(&log, start, ACCOUNT, 202);
        let row = log.take(start, Counts::WhenDue).unwrap();
        note(&log, start, AccountNumber(2), 1);
        note(&log, start, ACCOUNT, 1);
        log.end(Some(row));
        let row = log.take(start, Counts::WhenDue).unwrap();
        assert_eq!(counts(&row), (201, 3));
        let accounts: Vec<u32> = row.messages.iter().map(|message| message.account.0).collect();
        assert_eq!((accounts[0], accounts[199], accounts[200]), (1, 1, 2));
        log.end(None);
        assert_eq!(log.take(start, Counts::Always), None);
    }

    fn committer(store: &Arc<Store>) -> (Committer, std::thread::JoinHandle<()>) {
        let journal = RocksJournal::new(Arc::clone(store), Durability::Os);
        let limits = Limits { queue_messages: 1_000, batch_messages: 1_000, batch_bytes: 1 << 20 };
        Committer::start(Arc::clone(store), journal, limits, Arc::new(())).unwrap()
    }

    fn store(path: &Path, minimum_free_bytes: u64) -> Arc<Store> {
        let options = StoreOptions { minimum_free_bytes, ..StoreOptions::at(path) };
        Arc::new(Store::open(options).unwrap())
    }

    /// The messages that are listed and those that are only counted, on disk.
    fn on_disk(store: &Store) -> (usize, u64) {
        let (mut kept, mut not_kept) = (0, 0);
        let all = UnixMicros(0)..UnixMicros(u64::MAX);
        let visit = |row: &RefusalsRow| {
            let (listed, counted) = counts(row);
            (kept, not_kept) = (kept + listed, not_kept + counted);
            std::ops::ControlFlow::Continue(())
        };
        store.search().refusals_down(&all, visit).unwrap();
        (kept, not_kept)
    }

    #[test]
    fn whoever_waits_finds_what_was_handed_over_by_others() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path(), 0);
        let ((committer, thread), log) = (committer(&store), Arc::new(RefusalLog::default()));
        for round in 1..=20 {
            note(&log, Instant::now(), ACCOUNT, 3);
            log.hand_over(&committer, Counts::WhenDue);
            log.hand_over_and_wait(&committer, Duration::from_mins(1));
            assert_eq!(on_disk(&store), (round * 3, 0));
        }
        drop((committer, log));
        thread.join().unwrap();
    }

    #[test]
    fn a_full_disk_loses_and_repeats_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let log = Arc::new(RefusalLog::default());
        let full = store(dir.path(), u64::MAX);
        let (refusing, thread) = committer(&full);
        note(&log, Instant::now(), ACCOUNT, 202);
        // The first is refused by the journal, the second because the committer has latched.
        for _ in 0..2 {
            log.hand_over_and_wait(&refusing, Duration::from_mins(1));
            assert_eq!(on_disk(&full), (0, 0));
        }
        assert!(!refusing.is_available());
        drop(refusing);
        thread.join().unwrap();
        drop(full);
        let store = store(dir.path(), 0);
        let (committer, thread) = committer(&store);
        for _ in 0..2 {
            log.hand_over_and_wait(&committer, Duration::from_mins(1));
            assert_eq!(on_disk(&store), (200, 2));
        }
        drop(committer);
        thread.join().unwrap();
        tollgate_storage::verify::verify(&store).unwrap();
    }
}
