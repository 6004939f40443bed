//! Messages that were refused, on their way to the disk: what a session notes is written down once a second, in the
//! background, for people who ask what became of a message.
//!
//! A flood of refusals costs a count for each: of one account and reason, and of all together, only so many are kept. Those
//! that are not kept are counted, and the counts are written down as well. What is in memory is bounded by these numbers and by the
//! number of accounts and reasons.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::refusal::Refusal;
use tollgate_storage::clock::now;
use tollgate_storage::committer::{Committer, RefusalRecord};
use tollgate_storage::rows::{RefusalsNotKept, RefusalsRow, RefusedMessage};

/// Messages of one account and reason that are kept at once.
pub const KEPT_OF_ONE: u32 = 200;
/// Messages of one account and reason that are kept in a minute after that.
pub const KEPT_OF_ONE_PER_MINUTE: u32 = 20;
/// Messages that are kept at once, whoever they come from.
pub const KEPT_OF_ALL: u32 = 20_000;
/// Messages that are kept in a minute after that: two million in seven days.
pub const KEPT_OF_ALL_PER_MINUTE: u32 = 200;

/// The interval at which messages are written down.
pub const EVERY: Duration = Duration::from_secs(1);
/// The interval at which counts of messages that are not kept are.
const COUNTS_EVERY: Duration = Duration::from_secs(10);

/// The refused messages that are not written down yet.
#[derive(Debug)]
pub struct RefusalLog(Mutex<Waiting>);

#[derive(Debug)]
struct Waiting {
    messages: Vec<RefusedMessage>,
    not_kept: HashMap<(AccountNumber, Refusal), u64>,
    of_one: HashMap<(AccountNumber, Refusal), Allowance>,
    of_all: Allowance,
    counts_due: Instant,
}

/// A number of messages that fills up with time.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    /// In parts, of which a message takes [`PARTS_OF_ONE`], so that no fill loses anything.
    left: u64,
    at: Instant,
}

impl Default for RefusalLog {
    fn default() -> Self {
        let now = Instant::now();
        Self(Mutex::new(Waiting {
            messages: Vec::new(),
            not_kept: HashMap::new(),
            of_one: HashMap::new(),
            of_all: Allowance { left: parts(KEPT_OF_ALL), at: now },
            counts_due: now,
        }))
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
        let mut waiting = self.0.lock();
        if !waiting.keeps(now, account, reason) {
            *waiting.not_kept.entry((account, reason)).or_default() += 1;
            return;
        }
        // Made while nobody else may note one, so that the messages are in order; that is at most so many a minute.
        waiting.messages.push(message());
    }

    /// Hands what was noted to the committer. What it has no room for, or cannot write at present, waits for the next time.
    /// Returns what ends once it is written down, or is not to be; `None` where there was nothing.
    pub fn write_down(&self, committer: &Committer) -> Option<oneshot::Receiver<()>> {
        if !committer.is_available() {
            return None;
        }
        let row = self.take(Instant::now())?;
        let (reply, written) = oneshot::channel();
        if let Err(record) = committer.record_refusals(Box::new(RefusalRecord { row, reply: Some(reply) })) {
            self.put_back(record.row);
        }
        Some(written)
    }

    fn take(&self, now_of_process: Instant) -> Option<RefusalsRow> {
        let mut waiting = self.0.lock();
        waiting.forget_full(now_of_process);
        let mut row = RefusalsRow { at: now(), ..RefusalsRow::default() };
        std::mem::swap(&mut row.messages, &mut waiting.messages);
        if now_of_process >= waiting.counts_due && !waiting.not_kept.is_empty() {
            waiting.counts_due = now_of_process + COUNTS_EVERY;
            let counted = |((account, reason), count)| RefusalsNotKept { account, reason, count };
            row.not_kept = waiting.not_kept.drain().map(counted).collect();
            row.not_kept.sort_unstable_by_key(|counted| (counted.account, counted.reason));
        }
        (!row.messages.is_empty() || !row.not_kept.is_empty()).then_some(row)
    }

    fn put_back(&self, row: RefusalsRow) {
        let mut waiting = self.0.lock();
        let later = std::mem::replace(&mut waiting.messages, row.messages);
        waiting.messages.extend(later);
        for RefusalsNotKept { account, reason, count } in row.not_kept {
            *waiting.not_kept.entry((account, reason)).or_default() += count;
        }
    }
}

impl Waiting {
    fn keeps(&mut self, now: Instant, account: AccountNumber, reason: Refusal) -> bool {
        let new = Allowance { left: parts(KEPT_OF_ONE), at: now };
        let of_one = self.of_one.entry((account, reason)).or_insert(new);
        of_one.fill(now, KEPT_OF_ONE_PER_MINUTE, KEPT_OF_ONE);
        self.of_all.fill(now, KEPT_OF_ALL_PER_MINUTE, KEPT_OF_ALL);
        // While the disk cannot be written, those that wait are bounded too.
        let has_room = of_one.left >= PARTS_OF_ONE
            && self.of_all.left >= PARTS_OF_ONE
            && self.messages.len() < KEPT_OF_ALL as usize;
        if has_room {
            of_one.left -= PARTS_OF_ONE;
            self.of_all.left -= PARTS_OF_ONE;
        }
        has_room
    }

    /// Forgets allowances that are full: a new one is as good.
    fn forget_full(&mut self, now: Instant) {
        self.of_one.retain(|_, allowance| {
            allowance.fill(now, KEPT_OF_ONE_PER_MINUTE, KEPT_OF_ONE);
            allowance.left < parts(KEPT_OF_ONE)
        });
    }
}

/// The nanoseconds of a minute: in one of them an allowance of so many a minute grows by so many parts.
const PARTS_OF_ONE: u64 = 60_000_000_000;

fn parts(messages: u32) -> u64 {
    u64::from(messages) * PARTS_OF_ONE
}

impl Allowance {
    fn fill(&mut self, now: Instant, per_minute: u32, most: u32) {
        let nanos = u64::try_from(now.saturating_duration_since(self.at).as_nanos()).unwrap_or(u64::MAX);
        self.left = self.left.saturating_add(nanos.saturating_mul(per_minute.into())).min(parts(most));
        self.at = now.max(self.at);
    }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::time::UnixMicros;

    use super::*;

    const ACCOUNT: AccountNumber = AccountNumber(1);

    fn message(account: AccountNumber) -> RefusedMessage {
        RefusedMessage {
            account,
            at: UnixMicros(1),
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

    #[test]
    fn a_flood_keeps_some_and_counts_the_rest() {
        let (log, start) = (RefusalLog::default(), Instant::now());
        note(&log, start, ACCOUNT, 1_000_000);
        let row = log.take(start).unwrap();
        assert_eq!(row.messages.len(), 200);
        let counted = RefusalsNotKept { account: ACCOUNT, reason: Refusal::NoRate, count: 999_800 };
        assert_eq!(row.not_kept, [counted]);
        // In the next minute twenty more are kept; their counts come every ten seconds.
        note(&log, start + Duration::from_secs(1), ACCOUNT, 100);
        assert_eq!(log.take(start + Duration::from_secs(1)), None);
        note(&log, start + Duration::from_mins(1), ACCOUNT, 100);
        let row = log.take(start + Duration::from_mins(1)).unwrap();
        assert_eq!((row.messages.len(), row.not_kept[0].count), (20, 180));
    }

    #[test]
    fn what_is_in_memory_is_bounded_whoever_is_refused() {
        let (log, start) = (RefusalLog::default(), Instant::now());
        for account in 0..1_000 {
            note(&log, start, AccountNumber(account), 300);
        }
        assert_eq!(log.0.lock().messages.len(), 20_000);
        let row = log.take(start).unwrap();
        let not_kept: u64 = row.not_kept.iter().map(|counted| counted.count).sum();
        assert_eq!((row.messages.len(), not_kept), (20_000, 280_000));
        assert!(log.0.lock().messages.is_empty());
        // Allowances that are full again are not kept.
        assert_eq!(log.take(start + Duration::from_hours(1)), None);
        assert!(log.0.lock().of_one.is_empty());
    }

    #[test]
    fn what_was_not_taken_comes_again_in_order() {
        let (log, start) = (RefusalLog::default(), Instant::now());
        note(&log, start, ACCOUNT, 2);
        let row = log.take(start).unwrap();
        note(&log, start, AccountNumber(2), 1);
        log.put_back(row);
        let row = log.take(start).unwrap();
        let accounts: Vec<u32> = row.messages.iter().map(|message| message.account.0).collect();
        assert_eq!(accounts, [1, 1, 2]);
    }
}
