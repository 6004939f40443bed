//! Traces of inflated and of honest traffic, run against the detector: all of the first are found in time, and the second go
//! through.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod honest;
mod hostile;
mod properties;
mod random;
mod trace;
mod world;

use std::fmt::Write;

use tollgate_engine::network::NetworkCode;
use tollgate_engine::pumping::{Detector, PumpingMode, PumpingSettings, Sent};
use tollgate_engine::time::UnixMicros;
use trace::{Fared, Trace, run};
use world::Numbering;

/// Hostile messages, or milliseconds since the first, by which a trace has to be found.
const FOUND_MESSAGES: usize = 200;
const FOUND_MS: u64 = 60_000;
/// Seeds of the corpus: each makes all traces, with other numbers.
const SEEDS: [u64; 3] = [0, 1_000, 2_000];
/// Receipts come so many milliseconds later.
const DELAYS_MS: [u64; 3] = [50, 3_000, 40_000];
/// Honest traces that may be stepped down.
const STEPPED_DOWN_MAX: usize = 1;

fn row(trace: &Trace, fared: &Fared) -> String {
    let found = fared
        .found_after
        .map_or("never".to_owned(), |messages| format!("{messages} messages, {} ms", fared.found_after_ms));
    let mut row = format!(
        "{:64} found after {found:24} refused {:?}, {} octets",
        trace.name, fared.refused, fared.octets
    );
    for finding in fared.findings.iter().take(6) {
        let word = if finding.is_stepped_down { "down" } else { "alert" };
        write!(row, " | {word} {} {}", finding.kind.name(), finding.range).unwrap();
    }
    row
}

fn is_found(fared: &Fared) -> bool {
    fared.found_after.is_some_and(|messages| messages <= FOUND_MESSAGES || fared.found_after_ms <= FOUND_MS)
}

/// The outcomes of a corpus: each trace with every delay.
fn table(world: &Numbering, traces: &[Trace], is_wrong: impl Fn(&Fared) -> bool) -> (usize, String) {
    let (mut wrong, mut table) = (0, String::new());
    for trace in traces {
        let fared: Vec<Fared> = DELAYS_MS.into_iter().map(|delay| run(world, trace, delay)).collect();
        wrong += usize::from(fared.iter().any(&is_wrong));
        for fared in &fared {
            let word = if is_wrong(fared) { "WRONG " } else { "      " };
            writeln!(table, "{word}{}", row(trace, fared)).unwrap();
        }
    }
    (wrong, table)
}

#[test]
fn all_inflated_traffic_is_found_in_time() {
    let world = Numbering::shipped();
    for seed in SEEDS {
        let traces = hostile::traces(seed);
        assert!(traces.len() >= 30);
        let (missed, table) = table(&world, &traces, |fared| !is_found(fared));
        assert_eq!(missed, 0, "with seed {seed}\n{table}");
    }
}

#[test]
fn honest_traffic_is_not_stepped_down() {
    let world = Numbering::shipped();
    for seed in SEEDS {
        let traces = honest::traces(seed);
        assert!(traces.len() >= 30);
        let is_stepped_down = |fared: &Fared| fared.refused != (0, 0);
        let (stepped_down, table) = table(&world, &traces, is_stepped_down);
        assert!(stepped_down <= STEPPED_DOWN_MAX, "with seed {seed}\n{table}");
    }
}

#[test]
fn different_numbers_are_counted_on_with_the_messages_while_a_finding_is_open() {
    let network = NetworkCode { mcc: 611, mnc: None };
    let settings = PumpingSettings { mode: PumpingMode::Alert, ..PumpingSettings::DEFAULT };
    let send = |detector: &mut Detector, places: std::ops::Range<u64>| {
        for place in places {
            let sent = Sent { number: 224_626_010_000 + place, network, price: 50_000 };
            detector.charged(&settings, &sent, UnixMicros(1_000_000_000 + place * 100_000));
        }
    };
    let counts = |detector: &Detector| {
        let evidence = &detector.open().next().expect("a finding").evidence;
        (evidence.messages, evidence.different_numbers)
    };
    let mut detector = Detector::default();
    send(&mut detector, 0..200);
    assert_eq!(counts(&detector), (200, 200));
    send(&mut detector, 100..200);
    assert_eq!(counts(&detector), (300, 200), "the same numbers again");
    send(&mut detector, 200..400);
    assert_eq!(counts(&detector), (500, 251), "so many of one block are told apart");
    // After a start they may all have been seen before.
    let finding = detector.open().next().expect("a finding").clone();
    let mut detector = Detector::default();
    detector.restore(finding, UnixMicros(2_000_000_000));
    send(&mut detector, 0..100);
    assert_eq!(counts(&detector), (600, 251));
}

#[test]
fn evidence_lists_numbers_of_the_range_and_counts() {
    let world = Numbering::shipped();
    for trace in hostile::traces(SEEDS[0]) {
        for finding in run(&world, &trace, DELAYS_MS[1]).findings {
            let evidence = &finding.evidence;
            assert!(!evidence.numbers.is_empty() && evidence.messages > 0, "{}: {finding:?}", trace.name);
            let is_of_range = |number| finding.range.holds(number, world.network(number));
            let is_sound = |(number, messages): &(u64, u16)| is_of_range(*number) && *messages > 0;
            assert!(evidence.numbers.iter().all(is_sound), "{}: {finding:?}", trace.name);
        }
    }
}
