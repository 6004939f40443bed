//! Reads of the daemon: queues, times, leases, receipts, in order and never more than was asked for.

use std::time::{Duration, Instant};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::health::HealthSample;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::ReceiptState;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::message::QueueKey;
use tollgate_storage::rows::{
    DispatchCounters, ExpiryRow, GatewayReceipt, LeaseRow, OperatorRow, ReceiptAddress, Row, ScheduledRow,
    UnmatchedReason, UnmatchedRow, UpstreamRow,
};
use tollgate_storage::schema::{
    Family, account_id_key, account_name_key, awaiting_key, health_key, instant_id_key, lease_key,
    operator_key, unmatched_key, upstream_key,
};
use tollgate_storage::store::Store;

use crate::support::{Raw, options};

const FIRST: OperatorNumber = OperatorNumber(1);
const SECOND: OperatorNumber = OperatorNumber(2);

/// A store over rows that were put there by hand.
fn store_of(fill: impl FnOnce(&Raw)) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(options(dir.path())).unwrap());
    let raw = Raw::open(dir.path());
    fill(&raw);
    drop(raw);
    let store = Store::open(options(dir.path())).unwrap();
    (dir, store)
}

fn key(first_choice: OperatorNumber, class: u8, message_id: u64) -> QueueKey {
    QueueKey { first_choice, class, message_id }
}

fn ids(store: &Store, first_choice: OperatorNumber, class: u8, after: u64, at_most: usize) -> Vec<u64> {
    let rows = store.queue().after(first_choice, class, after, at_most).unwrap();
    assert!(rows.iter().all(|row| (row.key.first_choice, row.key.class) == (first_choice, class)));
    assert!(rows.iter().all(|row| *row.bytes == row.key.message_id.to_be_bytes()));
    rows.into_iter().map(|row| row.key.message_id).collect()
}

#[test]
fn a_queue_is_read_in_order_and_from_anywhere() {
    let (_dir, store) = store_of(|raw| {
        for place in [
            key(FIRST, 0, 7),
            key(FIRST, 1, 3),
            key(FIRST, 1, 900),
            key(FIRST, 1, u64::MAX),
            key(FIRST, 3, 4),
            key(SECOND, 0, 1),
            key(SECOND, 1, 5),
        ] {
            raw.put(Family::Queue, place.to_bytes(), place.message_id.to_be_bytes());
        }
    });
    assert_eq!(ids(&store, FIRST, 1, 0, 10), [3, 900, u64::MAX]);
    assert_eq!(ids(&store, FIRST, 1, 0, 2), [3, 900]);
    assert_eq!(ids(&store, FIRST, 1, 3, 10), [900, u64::MAX]);
    assert_eq!(ids(&store, FIRST, 1, 899, 1), [900]);
    assert_eq!(ids(&store, FIRST, 1, u64::MAX, 10), [] as [u64; 0]);
    assert_eq!(ids(&store, FIRST, 0, 0, 10), [7]);
    assert_eq!(ids(&store, FIRST, 2, 0, 10), [] as [u64; 0]);
    assert_eq!(ids(&store, FIRST, 3, 0, 0), [] as [u64; 0]);
    assert_eq!(ids(&store, SECOND, 0, 0, 10), [1]);
    assert_eq!(ids(&store, OperatorNumber(u16::MAX), 3, 0, 10), [] as [u64; 0]);
    assert_eq!(store.queue().len_estimate(FIRST).unwrap(), 5);
    assert_eq!(store.queue().len_estimate(OperatorNumber(9)).unwrap(), 0);
    assert_eq!(store.queue().row(key(FIRST, 3, 4)).unwrap().as_deref(), Some(&4_u64.to_be_bytes()[..]));
    assert_eq!(store.queue().row(key(FIRST, 3, 5)).unwrap(), None);
}

/// A page from the middle of a long queue costs what a page costs, also behind all that was deleted.
#[test]
fn a_page_of_a_long_queue_is_cheap() {
    const MESSAGES: u64 = 400_000;
    let place = |id| key(FIRST, 2, id).to_bytes();
    let (_dir, store) = store_of(|raw| {
        for id in 1..=MESSAGES {
            raw.put(Family::Queue, place(id), id.to_be_bytes());
        }
        for id in 1..MESSAGES / 2 {
            raw.remove(Family::Queue, place(id));
        }
    });
    let started = Instant::now();
    let mut after = MESSAGES / 2 - 1;
    for _ in 0..100 {
        let page = ids(&store, FIRST, 2, after, 256);
        assert_eq!((page.len(), page[0]), (256, after + 1));
        after += 256;
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?} for 100 pages", started.elapsed());
    let estimate = store.queue().len_estimate(FIRST).unwrap();
    assert!((MESSAGES / 3..=MESSAGES).contains(&estimate), "{estimate} of {}", MESSAGES / 2 + 1);
}

#[test]
fn what_is_due_comes_first_come_first_served() {
    let at = UnixMicros;
    let (_dir, store) = store_of(|raw| {
        for (due, id, class) in [(50, 9, 1), (50, 3, 2), (70, 1, 0), (900, 2, 3)] {
            let row = ScheduledRow { first_choice: FIRST, class, bytes: u64::to_be_bytes(id).into() };
            raw.put(Family::Scheduled, instant_id_key(at(due), id), row.to_bytes());
            let row = ExpiryRow { first_choice: SECOND, class, scheduled_at: Some(at(due)) };
            raw.put(Family::Expiries, instant_id_key(at(due + 5), id), row.to_bytes());
        }
    });
    assert_eq!(store.queue().next_scheduled().unwrap(), Some(at(50)));
    let due = |until, at_most| -> Vec<_> {
        let due = store.queue().due_scheduled(at(until), at_most).unwrap();
        due.into_iter().map(|(at, row)| (at.0, row.key)).collect()
    };
    assert_eq!(due(49, 10), []);
    assert_eq!(due(50, 10), [(50, key(FIRST, 2, 3)), (50, key(FIRST, 1, 9))]);
    assert_eq!(due(u64::MAX, 3), [(50, key(FIRST, 2, 3)), (50, key(FIRST, 1, 9)), (70, key(FIRST, 0, 1))]);
    assert_eq!(due(u64::MAX, 0), []);
    assert_eq!(store.queue().scheduled_row(at(70), 1).unwrap().unwrap().class, 0);
    assert_eq!(store.queue().scheduled_row(at(70), 2).unwrap(), None);
    let expiries = store.queue().due_expiries(at(75), 10).unwrap();
    assert_eq!(
        expiries,
        [(at(55), key(SECOND, 2, 3)), (at(55), key(SECOND, 1, 9)), (at(75), key(SECOND, 0, 1))]
    );
    assert_eq!(store.queue().due_expiries(at(75), 1).unwrap().len(), 1);
    assert_eq!(store.queue().due_expiries(at(54), 10).unwrap(), []);
}

#[test]
fn operators_and_leases_have_their_numbers_in_their_keys() {
    let row = |code: &str| OperatorRow { code: code.to_owned(), created_at: UnixMicros(5) };
    let lease = |id| LeaseRow { id, operator: SECOND, at: UnixMicros(id), keys: vec![key(FIRST, 3, id)] };
    let (_dir, store) = store_of(|raw| {
        for (number, code) in [(SECOND, "b"), (FIRST, "a"), (OperatorNumber(u16::MAX), "z")] {
            raw.put(Family::Operators, operator_key(number), row(code).to_bytes());
        }
        for id in [70, 8, u64::MAX] {
            raw.put(Family::Leases, lease_key(id), lease(id).to_bytes());
        }
    });
    let operators = store.provisioned().operators().unwrap();
    assert_eq!(operators, [(FIRST, row("a")), (SECOND, row("b")), (OperatorNumber(u16::MAX), row("z"))]);
    assert_eq!(store.queue().leases().unwrap(), [lease(8), lease(70), lease(u64::MAX)]);
}

#[test]
fn what_operators_took_is_found_by_id_and_by_age() {
    let row = |message_id, accepted_at| UpstreamRow {
        expires_at: UpstreamRow::NOT_BEFORE_SETTLED,
        settled: false,
        message_id,
        accepted_at: UnixMicros(accepted_at),
        cost: Amount::from_micros(5),
        cost_currency: Currency::new("EUR").unwrap(),
        cost_in_account_currency: None,
        attempts: 1,
        possible_duplicate: false,
        ticket: Box::default(),
        leads: false,
    };
    let (_dir, store) = store_of(|raw| {
        for (operator, id, message_id, at) in
            [(SECOND, &b"abc"[..], 1, 30), (FIRST, b"abc", 2, 20), (FIRST, b"ab", 3, 40)]
        {
            raw.put(Family::Upstream, upstream_key(operator, id), row(message_id, at).to_bytes());
            raw.put(Family::Awaiting, awaiting_key(UnixMicros(at), operator, id), []);
        }
    });
    assert_eq!(store.upstream().get(FIRST, b"abc").unwrap(), Some(row(2, 20)));
    assert_eq!(store.upstream().get(SECOND, b"ab").unwrap(), None);
    let overdue = |before, at_most| store.upstream().overdue(UnixMicros(before), at_most).unwrap();
    let (first, second, third) =
        ((FIRST, b"abc".to_vec()), (SECOND, b"abc".to_vec()), (FIRST, b"ab".to_vec()));
    assert_eq!(overdue(20, 10), []);
    assert_eq!(overdue(31, 10), [first.clone(), second.clone()]);
    assert_eq!(overdue(u64::MAX, 10), [first.clone(), second, third]);
    assert_eq!(overdue(u64::MAX, 1), [first]);
}

#[test]
fn receipts_are_read_per_account_and_in_order() {
    let receipt = |message_id| GatewayReceipt {
        message_id,
        source: ReceiptAddress::default(),
        destination: ReceiptAddress::default(),
        state: ReceiptState::Delivered,
        intermediate: false,
        submitted_at: UnixMicros(1),
        done_at: UnixMicros(2),
        error: b"000".to_vec(),
        network_error: Some([3, 0, 1]),
        segments: 1,
        done_date: Vec::new(),
    };
    let accounts = [AccountNumber(1), AccountNumber(7), AccountNumber(u32::MAX)];
    let (_dir, store) = store_of(|raw| {
        for account in accounts {
            for id in [20, 3, u64::MAX] {
                raw.put(Family::Receipts, account_id_key(account, id), receipt(id).to_bytes());
            }
        }
    });
    assert_eq!(store.receipts().accounts().unwrap(), accounts);
    for account in accounts {
        let read = |after, at_most| store.receipts().after(account, after, at_most).unwrap();
        assert_eq!(read(0, 10), [(3, receipt(3)), (20, receipt(20)), (u64::MAX, receipt(u64::MAX))]);
        assert_eq!(read(3, 1), [(20, receipt(20))]);
        assert_eq!(read(u64::MAX, 10), []);
        assert_eq!(read(0, 0), []);
    }
    assert_eq!(store.receipts().after(AccountNumber(2), 0, 10).unwrap(), []);
}

#[test]
fn unmatched_receipts_and_samples_are_read_per_operator() {
    let receipt = |id: u64| UnmatchedRow {
        received_at: UnixMicros(id),
        ids: vec![b"1f".to_vec(), b"31".to_vec()],
        state: ReceiptState::Undeliverable,
        intermediate: false,
        error: Vec::new(),
        network_error: None,
        done_at: UnixMicros(id),
        source: b"254722000001".to_vec(),
        destination: b"TOLLGATE".to_vec(),
        reason: UnmatchedReason::NoMessage,
        done_date: None,
    };
    let sample = |score| HealthSample { score, ..HealthSample::default() };
    let (_dir, store) = store_of(|raw| {
        for (operator, id) in [(SECOND, 4), (FIRST, 9), (FIRST, 2)] {
            raw.put(Family::Unmatched, unmatched_key(operator, id), receipt(id).to_bytes());
        }
        for (operator, at, score) in [(FIRST, 10, 90), (FIRST, 20, 80), (FIRST, 30, 70), (SECOND, 20, 1)] {
            raw.put(Family::Health, health_key(operator, UnixMicros(at)), sample(score).to_bytes());
        }
    });
    let all = [(FIRST, 2, receipt(2)), (FIRST, 9, receipt(9)), (SECOND, 4, receipt(4))];
    assert_eq!(store.receipts().unmatched(None).unwrap(), all);
    assert_eq!(store.receipts().unmatched(Some(FIRST)).unwrap(), all[..2]);
    assert_eq!(store.receipts().unmatched(Some(SECOND)).unwrap(), all[2..]);
    assert_eq!(store.receipts().unmatched_row(FIRST, 9).unwrap(), Some(receipt(9)));
    assert_eq!(store.receipts().unmatched_row(SECOND, 9).unwrap(), None);
    let health = |from, to| store.health(FIRST, UnixMicros(from), UnixMicros(to)).unwrap();
    assert_eq!(health(10, 30), [(UnixMicros(10), sample(90)), (UnixMicros(20), sample(80))]);
    assert_eq!(health(11, u64::MAX).len(), 2);
    assert_eq!(health(30, 10), []);
}

#[test]
fn a_dispatch_is_read_by_its_id() {
    let counters = DispatchCounters { messages: 3, delivered: 2, ..DispatchCounters::default() };
    let (_dir, store) = store_of(|raw| {
        raw.put(Family::Dispatches, account_name_key(AccountNumber(1), b"spring"), counters.to_bytes());
    });
    assert_eq!(store.dispatches().counters(AccountNumber(1), b"spring").unwrap(), Some(counters));
    assert_eq!(store.dispatches().counters(AccountNumber(1), b"sprin").unwrap(), None);
}

#[test]
fn damaged_rows_are_named_by_their_family() {
    let (_dir, store) = store_of(|raw| {
        raw.put(Family::Queue, [0, 1, 0, 9], [1]);
        raw.put(Family::Scheduled, [0; 15], [1]);
        raw.put(Family::Expiries, [0; 16], [1]);
        raw.put(Family::Leases, [0; 8], [1]);
        raw.put(Family::Operators, [0; 2], [9]);
        raw.put(Family::Awaiting, [0; 9], []);
        raw.put(Family::Receipts, account_id_key(AccountNumber(0), 1), [1]);
        raw.put(Family::Unmatched, [0; 10], [1]);
        raw.put(Family::Health, [0; 10], [9]);
    });
    let zero = UnixMicros(0);
    let errors = [
        store.queue().after(FIRST, 0, 0, 9).unwrap_err(),
        store.queue().next_scheduled().unwrap_err(),
        store.queue().due_expiries(zero, 9).unwrap_err(),
        store.queue().leases().unwrap_err(),
        store.provisioned().operators().unwrap_err(),
        store.upstream().overdue(UnixMicros(9), 9).unwrap_err(),
        store.receipts().after(AccountNumber(0), 0, 9).unwrap_err(),
        store.receipts().unmatched(None).unwrap_err(),
        store.health(OperatorNumber(0), zero, UnixMicros(9)).unwrap_err(),
    ];
    let names = [
        "queue",
        "scheduled",
        "expiries",
        "leases",
        "operators",
        "awaiting",
        "receipts",
        "unmatched",
        "health",
    ];
    for (error, name) in errors.into_iter().zip(names) {
        assert!(error.to_string().ends_with(&format!("a damaged row in {name}")), "{name}: {error}");
    }
}
