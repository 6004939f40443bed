//! Small rows: what is written reads back, what version 1 wrote is read, and noise is not taken for a row.

mod records;
mod usage;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use tollgate_engine::health::HealthSample;
use tollgate_engine::money::{Amount, Currency, Total};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::ReceiptState;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::message::QueueKey;
use tollgate_storage::rows::{
    AskedOperator, DispatchCounters, DispatchStatus, DoneDate, ExpiryRow, GatewayReceipt, LeaseRow,
    MessageState, OperatorRow, ReceiptAddress, ReceiptAnswer, Row, ScheduledRow, StateRow, UnmatchedReason,
    UnmatchedRow, UpstreamRow,
};

fn micros() -> impl Strategy<Value = UnixMicros> {
    any::<u64>().prop_map(UnixMicros)
}

fn total() -> impl Strategy<Value = Total> {
    (-1_i128 << 100..1 << 100).prop_map(Total::from_micros)
}

fn amount() -> impl Strategy<Value = Amount> {
    any::<i64>().prop_map(Amount::from_micros)
}

fn currency() -> impl Strategy<Value = Currency> {
    "[A-Z]{3}".prop_map(|code| Currency::new(&code).expect("three capital letters"))
}

fn octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=most)
}

fn state() -> impl Strategy<Value = StateRow> {
    let answer = (micros(), any::<u32>()).prop_map(|(at, status)| ReceiptAnswer { at, status });
    let sent = (any::<u16>(), any::<u8>(), any::<bool>(), any::<u32>(), octets(40), of(micros()), of(answer));
    let answered = (any::<u16>(), of((1..=u32::MAX, 1..=u64::MAX))).prop_map(|(operator, answer)| {
        let operator = OperatorNumber(operator);
        answer.map_or(operator.into(), |(status, at)| AskedOperator { operator, status, at: UnixMicros(at) })
    });
    let tried = vec(answered, 0..20);
    let cost = (amount(), of(currency()), of(amount()), tried, of(done_date()));
    let refund = proptest::sample::select(&[(false, false), (true, false), (true, true)][..]);
    let first = (proptest::sample::select(&MessageState::ALL[..]), micros(), amount(), refund);
    (first, sent, cost).prop_map(|((state, at, refunded, refund), sent, cost)| StateRow {
        state,
        at,
        refunded,
        is_refunded: refund.0,
        refunded_by_hand: refund.1,
        operator: OperatorNumber(sent.0),
        attempts: sent.1,
        possible_duplicate: sent.2,
        error: sent.3,
        cost: cost.0,
        cost_currency: cost.1,
        cost_in_account_currency: cost.2,
        upstream_id: sent.4,
        accepted_at: sent.5,
        tried: cost.3,
        done_date: cost.4,
        receipt_answer: sent.6,
    })
}

fn done_date() -> impl Strategy<Value = DoneDate> {
    let digits = octets(12).prop_filter("a date has digits", |digits| !digits.is_empty());
    (digits, of(micros())).prop_map(|(digits, at)| DoneDate { digits, at })
}

fn counters() -> impl Strategy<Value = DispatchCounters> {
    (any::<[u64; 7]>(), total(), total()).prop_map(|(counts, cost, cost_operators)| DispatchCounters {
        messages: counts[0],
        segments: counts[1],
        submitted: counts[2],
        delivered: counts[3],
        failed: counts[4],
        cancelled: counts[5],
        unconfirmed: counts[6],
        cost,
        cost_operators,
    })
}

fn key() -> impl Strategy<Value = QueueKey> {
    (any::<u16>(), any::<u8>(), any::<u64>()).prop_map(|(first_choice, class, message_id)| QueueKey {
        first_choice: OperatorNumber(first_choice),
        class,
        message_id,
    })
}

fn lease() -> impl Strategy<Value = LeaseRow> {
    (any::<u16>(), micros(), vec(key(), 0..40)).prop_map(|(operator, at, keys)| LeaseRow {
        id: 0,
        operator: OperatorNumber(operator),
        at,
        keys,
    })
}

fn upstream() -> impl Strategy<Value = UpstreamRow> {
    let cost = (amount(), currency(), of(amount()));
    let sent = (any::<u64>(), micros(), any::<u8>(), any::<bool>(), octets(80), any::<bool>());
    (micros(), any::<bool>(), sent, cost).prop_map(|(expires_at, settled, sent, cost)| UpstreamRow {
        expires_at,
        settled,
        message_id: sent.0,
        accepted_at: sent.1,
        cost: cost.0,
        cost_currency: cost.1,
        cost_in_account_currency: cost.2,
        attempts: sent.2,
        possible_duplicate: sent.3,
        ticket: sent.4.into(),
        leads: sent.5,
    })
}

fn address() -> impl Strategy<Value = ReceiptAddress> {
    (any::<u8>(), any::<u8>(), octets(21)).prop_map(|(ton, npi, digits)| ReceiptAddress { ton, npi, digits })
}

fn receipt_state() -> impl Strategy<Value = ReceiptState> {
    proptest::sample::select(&ReceiptState::ALL[..])
}

fn receipt() -> impl Strategy<Value = GatewayReceipt> {
    let about = (any::<u64>(), address(), address(), micros(), micros(), any::<u8>(), octets(12));
    (about, receipt_state(), any::<bool>(), octets(16), of(any::<[u8; 3]>())).prop_map(
        |(about, state, intermediate, error, network_error)| GatewayReceipt {
            message_id: about.0,
            source: about.1,
            destination: about.2,
            state,
            intermediate,
            submitted_at: about.3,
            done_at: about.4,
            error,
            network_error,
            segments: about.5,
            done_date: about.6,
        },
    )
}

fn unmatched() -> impl Strategy<Value = UnmatchedRow> {
    let reason = proptest::sample::select(&UnmatchedReason::ALL[..]);
    let why = (reason, of(done_date()));
    let about = (micros(), vec(octets(20), 0..4), micros(), octets(21), octets(21), why);
    (about, receipt_state(), any::<bool>(), octets(16), of(any::<[u8; 3]>())).prop_map(
        |(about, state, intermediate, error, network_error)| UnmatchedRow {
            received_at: about.0,
            ids: about.1,
            state,
            intermediate,
            error,
            network_error,
            done_at: about.2,
            source: about.3,
            destination: about.4,
            reason: about.5.0,
            done_date: about.5.1,
        },
    )
}

fn health() -> impl Strategy<Value = HealthSample> {
    (any::<bool>(), any::<[u8; 2]>(), any::<[u64; 4]>(), any::<[u32; 9]>()).prop_map(
        |(bound, octets, times, counts)| HealthSample {
            bound,
            fill_percent: octets[0],
            p50_micros: times[0],
            p95_micros: times[1],
            p99_micros: times[2],
            responses: counts[0],
            accepted: counts[1],
            temporary: counts[2],
            permanent: counts[3],
            throttled: counts[4],
            lost: counts[5],
            receipts: counts[6],
            delivered: counts[7],
            receipt_delay_micros: times[3],
            per_second: counts[8],
            score: octets[1],
        },
    )
}

fn waiting() -> impl Strategy<Value = (ScheduledRow, ExpiryRow)> {
    (any::<u16>(), any::<u8>(), octets(60), of(micros())).prop_map(
        |(first_choice, class, bytes, scheduled_at)| {
            let first_choice = OperatorNumber(first_choice);
            (
                ScheduledRow { first_choice, class, bytes: bytes.into() },
                ExpiryRow { first_choice, class, scheduled_at },
            )
        },
    )
}

/// Reads back, and is nothing when it is cut at its end or longer.
fn check<R: Row + PartialEq + std::fmt::Debug>(row: &R) {
    let bytes = row.to_bytes();
    assert_eq!(R::read(&bytes).as_ref(), Some(row));
    assert_eq!(R::read(&bytes[..bytes.len() - 1]), None);
    assert_eq!(R::read(&[&bytes[..], &[0]].concat()), None);
}

proptest! {
    #[test]
    fn rows_read_back_as_they_were_written(
        state in state(),
        counters in counters(),
        lease in lease(),
        upstream in upstream(),
        receipt in receipt(),
        unmatched in unmatched(),
        health in health(),
        waiting in waiting(),
        code in ".{0,20}",
        created_at in micros(),
    ) {
        check(&state);
        check(&counters);
        check(&lease);
        check(&upstream);
        check(&receipt);
        check(&unmatched);
        check(&health);
        check(&waiting.1);
        check(&OperatorRow { code, created_at });
        // A scheduled row ends where its message does, which has an end of its own.
        prop_assert_eq!(ScheduledRow::read(&waiting.0.to_bytes()), Some(waiting.0));
        prop_assert_eq!(LeaseRow::read_as(9, &lease.to_bytes()), Some(LeaseRow { id: 9, ..lease }));
    }

    #[test]
    fn noise_never_panics(noise in vec(any::<u8>(), 0..200)) {
        let _ = (StateRow::read(&noise), DispatchCounters::read(&noise), LeaseRow::read(&noise));
        let _ = (UpstreamRow::read(&noise), GatewayReceipt::read(&noise), UnmatchedRow::read(&noise));
        let _ = (HealthSample::read(&noise), ExpiryRow::read(&noise), ScheduledRow::read(&noise));
        let _ = OperatorRow::read(&noise);
    }
}

#[test]
fn a_lease_of_many_messages_takes_few_octets() {
    let first = 177_000_000_000_000_000;
    let key = |message_id| QueueKey { first_choice: OperatorNumber(2), class: 3, message_id };
    let keys = (first..first + 1_000).map(key).collect();
    let lease = LeaseRow { id: 1, operator: OperatorNumber(2), at: UnixMicros(5), keys };
    assert!(lease.to_bytes().len() < 3_020, "{} octets", lease.to_bytes().len());
}

/// Version 1 wrote the state, when it was reached and what was given back.
#[test]
fn states_of_version_1_are_read() {
    let cancelled = StateRow::read(&[4, 7, 0xC0, 0x9A, 0x0C]).unwrap();
    assert_eq!(cancelled, StateRow::cancelled(UnixMicros(7), Amount::from_micros(100_000)));
    assert_eq!((cancelled.operator, cancelled.accepted_at), (OperatorNumber(0), None));
    assert_eq!(StateRow::read(&[4, 7]), None);
    assert_eq!(StateRow::read(&[9, 7, 0]), None);
}

/// Version 1 wrote messages, segments, cancelled messages and the cost.
#[test]
fn counters_of_version_1_are_read() {
    let counters = DispatchCounters::read(&[3, 5, 1, 0xC0, 0x9A, 0x0C]).unwrap();
    let expected = DispatchCounters {
        messages: 3,
        segments: 5,
        cancelled: 1,
        cost: Amount::from_micros(100_000).into(),
        ..DispatchCounters::default()
    };
    assert_eq!(counters, expected);
    assert_eq!((counters.pending(), counters.status()), (2, DispatchStatus::Processing));
    assert_eq!(DispatchCounters::read(&[3, 5, 1]), None);
}

#[test]
fn a_dispatch_is_processing_until_nothing_is_pending() {
    let counters = |delivered, failed, cancelled, unconfirmed| DispatchCounters {
        messages: 4,
        delivered,
        failed,
        cancelled,
        unconfirmed,
        ..DispatchCounters::default()
    };
    let status = |counters: DispatchCounters| (counters.pending(), counters.status().name());
    assert_eq!(status(counters(0, 0, 0, 0)), (4, "processing"));
    assert_eq!(status(counters(1, 1, 1, 0)), (1, "processing"));
    assert_eq!(status(counters(1, 1, 2, 0)), (0, "completed"));
    assert_eq!(status(counters(0, 0, 1, 3)), (0, "completed"));
    assert_eq!(status(counters(0, 3, 1, 0)), (0, "failed"));
    assert_eq!(status(DispatchCounters::default()), (0, "completed"));
}

#[test]
fn a_state_without_an_answer_of_a_gateway_is_written_as_it_was_before() {
    let asked = AskedOperator { operator: OperatorNumber(3), status: 8, at: UnixMicros(7) };
    let row = StateRow {
        state: MessageState::Delivered,
        tried: vec![asked],
        done_date: Some(DoneDate { digits: b"2611301200".to_vec(), at: None }),
        ..StateRow::default()
    };
    let answer = ReceiptAnswer { at: UnixMicros(9), status: 0 };
    let answered = StateRow { receipt_answer: Some(answer), ..row.clone() };
    let (before, after) = (row.to_bytes(), answered.to_bytes());
    assert!(after.len() > before.len() && after.starts_with(&before));
    assert_eq!(StateRow::read(&before), Some(row));
    assert_eq!(StateRow::read(&after), Some(answered));
}

#[test]
fn a_margin_is_what_is_left_of_the_price() {
    let cents = |cents: i64| Amount::from_micros(cents * 10_000);
    let usd = Currency::new("USD");
    let sent = |known| StateRow {
        cost: cents(2),
        cost_currency: usd,
        cost_in_account_currency: known,
        ..StateRow::default()
    };
    assert_eq!(sent(Some(cents(2))).margin(cents(5)), Some(cents(3)));
    assert_eq!(sent(None).margin(cents(5)), None);
    assert_eq!(StateRow::default().margin(cents(5)), Some(cents(5)));
    let given_back = StateRow { refunded: cents(5), ..sent(Some(cents(2))) };
    assert_eq!(given_back.margin(cents(5)), Some(cents(-2)));
}

#[test]
fn a_settled_row_is_kept_for_seven_days() {
    let row = UpstreamRow {
        expires_at: UpstreamRow::NOT_BEFORE_SETTLED,
        settled: false,
        message_id: 1,
        accepted_at: UnixMicros(1),
        cost: Amount::ZERO,
        cost_currency: Currency::new("USD").unwrap(),
        cost_in_account_currency: None,
        attempts: 1,
        possible_duplicate: false,
        ticket: Box::default(),
        leads: false,
    };
    assert!(row.is_awaited());
    let settled = row.settled(UnixMicros(5));
    assert!(settled.settled && !settled.is_awaited());
    assert_eq!(settled.expires_at, UnixMicros(5 + 7 * 86_400_000_000));
    // Compaction looks at nothing else.
    assert_eq!(settled.to_bytes()[..8], settled.expires_at.0.to_be_bytes());
}
