//! The counts of the window, and the movement of the score.

use proptest::prelude::*;

use super::*;
use crate::time::UnixMicros;

fn at(millis: u64) -> UnixMicros {
    UnixMicros(1_790_000_000_000_000 + millis * 1_000)
}

fn bound() -> HealthWindow {
    let mut window = HealthWindow::default();
    window.note_bound(at(0), true);
    window
}

#[test]
fn a_minute_is_counted_and_then_forgotten() {
    let mut window = bound();
    for (kind, count) in ResponseKind::ALL.into_iter().zip(1_u64..) {
        for _ in 0..count {
            window.note_response(at(500), 30_000 * count, kind);
        }
    }
    for delivered in [true, true, false] {
        window.note_receipt(at(500), 3_000_000, delivered);
    }
    let sample = window.sample(at(59_999));
    let kinds = [sample.accepted, sample.temporary, sample.permanent, sample.throttled, sample.lost];
    assert_eq!((kinds, sample.responses), ([1, 2, 3, 4, 5], 15));
    assert_eq!((sample.receipts, sample.delivered), (3, 2));
    assert!((3_000_000..=4_500_000).contains(&sample.receipt_delay_micros), "{sample:?}");
    // Ten answers had a latency: 30, 60 60, 90 90 90, 120 120 120 120 ms.
    assert!((90_000..=102_000).contains(&sample.p50_micros), "{sample:?}");
    assert!((120_000..=135_000).contains(&sample.p99_micros), "{sample:?}");
    let empty = window.sample(at(60_000));
    assert_eq!(empty, HealthSample { bound: true, score: 100, ..HealthSample::default() });
}

#[test]
fn the_ring_is_used_again_and_again() {
    let mut window = bound();
    for second in 0..1_000 {
        window.note_response(at(second * 1_000), 1_000, ResponseKind::Accepted);
        let due = u32::try_from(second + 1).unwrap().min(60);
        assert_eq!(window.sample(at(second * 1_000 + 999)).accepted, due);
    }
    // After a long silence, the bucket's old second is not taken for the new one.
    window.note_response(at(10_000_000), 1_000, ResponseKind::Lost);
    let sample = window.sample(at(10_000_000));
    assert_eq!((sample.accepted, sample.lost), (0, 1));
}

#[test]
fn throughput_is_that_of_the_last_whole_seconds() {
    let mut window = bound();
    for millis in 0..30_000 {
        if !(2_000..15_000).contains(&millis) {
            window.note_response(at(millis), 1_000, ResponseKind::Accepted);
            window.note_response(at(millis), 1_000, ResponseKind::Throttled);
        }
        let per_second = window.sample(at(millis)).per_second;
        match millis {
            0..1_000 => assert_eq!(per_second, 0),
            1_000..3_000 | 25_000.. => assert_eq!(per_second, 1_000, "at {millis} ms"),
            13_000..16_000 => assert_eq!(per_second, 0, "at {millis} ms"),
            _ => {}
        }
    }
}

#[test]
fn a_clock_that_is_set_back_begins_anew() {
    let mut window = bound();
    window.note_response(at(100_000), 1_000, ResponseKind::Lost);
    assert_eq!(window.sample(at(20_000)).lost, 0);
    window.note_response(at(20_000), 1_000, ResponseKind::Accepted);
    let sample = window.sample(at(21_000));
    assert_eq!((sample.accepted, sample.lost, sample.per_second), (1, 0, 0));
}

#[test]
fn how_full_the_windows_are() {
    let mut window = bound();
    for (in_flight, size, percent) in
        [(0, 0, 0), (5, 0, 0), (1, 3, 33), (10, 10, 100), (11, 10, 100), (u32::MAX, u32::MAX, 100)]
    {
        window.note_fill(at(0), in_flight, size);
        assert_eq!(window.sample(at(0)).fill_percent, percent, "{in_flight} of {size}");
    }
}

#[test]
fn a_window_is_small() {
    let window = HealthWindow::default();
    assert!(window.heap_bytes() < 64 * 1_024, "{} bytes", window.heap_bytes());
}

/// The table of the module, worked out by hand.
#[test]
fn scores_are_what_the_table_says() {
    let well = HealthSample { bound: true, accepted: 990, ..HealthSample::default() };
    for (sample, due) in [
        (HealthSample { bound: false, ..well }, 0),
        (HealthSample { accepted: 0, ..well }, 100),
        (well, 100),
        // 1000 good, 250 bad: 0.8 squared.
        (HealthSample { temporary: 250, ..well }, 64),
        (HealthSample { lost: 125, ..well }, 64),
        (HealthSample { throttled: 500, ..well }, 64),
        (HealthSample { permanent: 1_000, ..well }, 64),
        // 500 + 10 delivered of 990 + 10.
        (HealthSample { receipts: 990, delivered: 490, ..well }, 75),
        (HealthSample { receipts: 990_000, ..well }, 50),
        (HealthSample { p95_micros: 250_000, ..well }, 100),
        (HealthSample { p95_micros: 1_000_000, ..well }, 80),
        (HealthSample { p95_micros: u64::MAX, ..well }, 50),
        (HealthSample { receipt_delay_micros: 40_000_000, ..well }, 90),
        (HealthSample { receipt_delay_micros: u64::MAX, ..well }, 70),
        (HealthSample { fill_percent: 80, ..well }, 100),
        (HealthSample { fill_percent: 90, ..well }, 95),
        (HealthSample { fill_percent: 100, ..well }, 90),
        (HealthSample { temporary: 250, p95_micros: 1_000_000, fill_percent: 100, ..well }, 46),
        (HealthSample { lost: 1_000_000, ..well }, 0),
    ] {
        assert_eq!(score(&sample), due, "{sample:?}");
    }
}

fn samples() -> impl Strategy<Value = HealthSample> {
    let count = || prop_oneof![0_u32..20, 0_u32..10_000, any::<u32>()];
    let time = || prop_oneof![0_u64..1_000_000, 0_u64..1_000_000_000, any::<u64>()];
    let kinds = (count(), count(), count(), count(), count());
    (any::<bool>(), any::<u8>(), kinds, count(), count(), time(), time()).prop_map(
        |(bound, fill_percent, kinds, receipts, delivered, p95_micros, receipt_delay_micros)| {
            let (accepted, temporary, permanent, throttled, lost) = kinds;
            HealthSample {
                bound,
                fill_percent,
                accepted,
                temporary,
                permanent,
                throttled,
                lost,
                receipts,
                delivered: delivered.min(receipts),
                p95_micros,
                receipt_delay_micros,
                ..HealthSample::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn more_good_never_lowers_the_score_and_more_bad_never_raises_it(sample in samples(), more in 1_u32..1_000_000) {
        let was = score(&sample);
        prop_assert!(was <= 100);
        let add = |count: u32| count.saturating_add(more);
        let longer = |micros: u64| micros.saturating_add(u64::from(more));
        let better = [
            HealthSample { bound: true, ..sample },
            HealthSample { accepted: add(sample.accepted), ..sample },
            HealthSample { delivered: add(sample.delivered), ..sample },
        ];
        for other in better {
            prop_assert!(score(&other) >= was, "{:?}", other);
        }
        let worse = [
            HealthSample { bound: false, ..sample },
            HealthSample { temporary: add(sample.temporary), ..sample },
            HealthSample { permanent: add(sample.permanent), ..sample },
            HealthSample { throttled: add(sample.throttled), ..sample },
            HealthSample { lost: add(sample.lost), ..sample },
            HealthSample { receipts: add(sample.receipts), ..sample },
            HealthSample { p95_micros: longer(sample.p95_micros), ..sample },
            HealthSample { receipt_delay_micros: longer(sample.receipt_delay_micros), ..sample },
            HealthSample { fill_percent: sample.fill_percent.saturating_add(10), ..sample },
        ];
        for other in worse {
            prop_assert!(score(&other) <= was, "{:?}", other);
        }
    }

    /// Counts that do not come into the score do not move it.
    #[test]
    fn only_the_table_counts(sample in samples(), other in any::<u32>()) {
        let changed = HealthSample {
            p50_micros: other.into(),
            p99_micros: other.into(),
            responses: other,
            per_second: other,
            score: 7,
            ..sample
        };
        prop_assert_eq!(score(&changed), score(&sample));
    }
}
