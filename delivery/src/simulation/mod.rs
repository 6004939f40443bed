//! The state machine in a seeded random world, under a virtual clock.
//!
//! Operators throttle, refuse, answer late or never, die, repeat and reorder receipts; the store refuses batches, leaves
//! them in doubt, and loses what is not synced when the process is killed; gateways vanish; the wall clock jumps. A seed
//! replays exactly. After some seconds the world becomes kind, and everything has to come to its end.

mod checks;
mod gateway;
mod random;
mod smsc;
mod store;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::planted::Fault;

use world::Simulation;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

/// Seeds that a fault may take until it is caught.
const SEEDS_PER_FAULT: u64 = 10_000;

/// The seeds of a usual run.
const SEEDS: u64 = 2_000;

const FAULTS: [Fault; 23] = [
    Fault::AckDropped,
    Fault::AckEarly,
    Fault::LeaseForgotten,
    Fault::LeaseReleasedEarly,
    Fault::MarkForgotten,
    Fault::ResendUnmarked,
    Fault::ExpiredThoughSent,
    Fault::UnknownForgotten,
    Fault::ScheduledOvertaken,
    Fault::ScheduledByDoubtfulClock,
    Fault::WrongMessage,
    Fault::RewrittenBelieved,
    Fault::OrderLost,
    Fault::ClassesStarve,
    Fault::CountDrifts,
    Fault::RefusedDropped,
    Fault::GatewayReceiptLost,
    Fault::PageCutShort,
    Fault::LateAnswerMixedUp,
    Fault::DroppedSent,
    Fault::UnknownKeptForEver,
    Fault::RefundTwice,
    Fault::SyncSkipped,
];

fn environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The first seed that breaks a promise, with what it broke.
fn first_violation(seeds: std::ops::Range<u64>, fault: Option<Fault>) -> Option<(u64, Violation)> {
    let next = AtomicU64::new(seeds.start);
    let found = std::sync::Mutex::new(None::<(u64, Violation)>);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || found.lock().unwrap().as_ref().is_some_and(|(at, _)| *at < seed) {
                        return;
                    }
                    // A seed that breaks an assertion is as bad as one that breaks a promise.
                    let run = std::panic::catch_unwind(|| Simulation::new(seed, fault).run());
                    let violation = match run {
                        Ok(Ok(_)) => continue,
                        Ok(Err(violation)) => violation,
                        Err(panic) => Violation(format!(
                            "panic: {}",
                            panic.downcast_ref::<String>().map_or("?", String::as_str)
                        )),
                    };
                    let mut found = found.lock().unwrap();
                    if found.as_ref().is_none_or(|(at, _)| seed < *at) {
                        *found = Some((seed, violation));
                    }
                }
            });
        }
    });
    found.into_inner().unwrap()
}

#[test]
fn every_message_ends_once_whatever_the_world_does() {
    if let Some(seed) = environment("SEED") {
        let result = Simulation::new(seed, None).talking().run();
        panic!("seed {seed}: {result:?}");
    }
    let first = environment("FIRST_SEED").unwrap_or(0);
    if let Some(count) = environment("TALLY") {
        return tally(first..first + count);
    }
    let seeds = first..first + environment("SEEDS").unwrap_or(SEEDS);
    if let Some((seed, Violation(what))) = first_violation(seeds, None) {
        panic!("seed {seed}: {what}; SEED={seed} shows how it comes to it");
    }
}

/// Prints what is broken, each kind once with a seed and the number of seeds.
fn tally(seeds: std::ops::Range<u64>) {
    let mut kinds = std::collections::BTreeMap::<String, (u64, u64)>::new();
    for seed in seeds {
        let run = std::panic::catch_unwind(|| Simulation::new(seed, None).run());
        let what = match run {
            Ok(Ok(_)) => "nothing".to_owned(),
            Ok(Err(Violation(what))) => what,
            Err(_) => "panic".to_owned(),
        };
        let kind: String = what.chars().filter(|letter| !letter.is_ascii_digit()).collect();
        kinds.entry(kind).or_insert((seed, 0)).1 += 1;
    }
    for (kind, (seed, count)) in kinds {
        println!("{count:>6} × {kind} (seed {seed})");
    }
}

#[test]
fn the_oldest_on_disk_is_not_one_that_has_gone() {
    assert_eq!(first_violation(1_002_065..1_002_066, None), None);
}

#[test]
fn a_receipt_is_not_taken_for_another_where_two_operators_may_have_its_message() {
    assert_eq!(first_violation(1_003_063..1_003_064, None), None);
}

#[test]
fn planted_faults_are_caught() {
    let mut missed = Vec::new();
    for fault in FAULTS {
        match first_violation(0..SEEDS_PER_FAULT, Some(fault)) {
            Some((seed, Violation(what))) => println!("{fault:?}: seed {seed}: {what}"),
            None => missed.push(fault),
        }
    }
    assert_eq!(missed, [], "nobody noticed these");
    assert!(FAULTS.len() >= 15);
}

#[test]
fn a_seed_replays_exactly() {
    for seed in [1, 7, 12, 33] {
        let runs = [(); 2].map(|()| Simulation::new(seed, None).run().unwrap());
        assert_eq!(runs[0], runs[1], "seed {seed}");
        assert!(runs[0].steps > 100, "something happened: {:?}", runs[0]);
    }
}
