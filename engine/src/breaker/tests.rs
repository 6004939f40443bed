//! The breaker under a virtual clock: by example, and by properties over any sequence of calls.

use proptest::prelude::*;

use super::*;

const CONFIG: BreakerConfig = BreakerConfig {
    failures: 5,
    failure_percent: 50,
    minimum_responses: 20,
    open_for_micros: 500,
    open_for_max_micros: 4_000,
    probes: 1,
};

fn at(micros: u64) -> UnixMicros {
    UnixMicros(1_000_000 + micros)
}

/// Opened by failures in a row at 0.
fn open() -> Breaker {
    let mut breaker = Breaker::new(CONFIG);
    for _ in 0..CONFIG.failures {
        assert!(breaker.admit(at(0)));
        breaker.failure(at(0));
    }
    breaker
}

/// Fails the first probe that it lets through, and says when that was.
fn fail_next_probe(breaker: &mut Breaker, from: u64) -> u64 {
    let probed_at = (from..from + 10_000).find(|micros| breaker.admit(at(*micros))).unwrap();
    breaker.failure(at(probed_at));
    probed_at
}

#[test]
fn failures_in_a_row_open_it_and_no_fewer() {
    let mut breaker = Breaker::new(CONFIG);
    for _ in 0..3 {
        for _ in 1..CONFIG.failures {
            breaker.failure(at(0));
        }
        assert_eq!(breaker.state(at(0)), BreakerState::Closed);
        breaker.success(at(0));
    }
    let breaker = open();
    assert_eq!(
        [0, 499, 500].map(|micros| breaker.state(at(micros))),
        [BreakerState::Open, BreakerState::Open, BreakerState::HalfOpen]
    );
}

#[test]
fn a_share_of_failures_opens_it_once_there_are_enough_answers() {
    // Two failures and two successes in turn: never five in a row, half of all.
    let mut breaker = Breaker::new(CONFIG);
    let opened = (0..100).find(|answer| {
        if answer % 4 < 2 {
            breaker.failure(at(0));
        } else {
            breaker.success(at(0));
        }
        breaker.state(at(0)) == BreakerState::Open
    });
    assert_eq!(opened, Some(20), "the first failure once there are twenty answers");
    let mut patient = Breaker::new(BreakerConfig { failure_percent: 101, ..CONFIG });
    for answer in 0..1_000 {
        if answer % 4 < 2 { patient.failure(at(0)) } else { patient.success(at(0)) }
    }
    assert_eq!(patient.state(at(0)), BreakerState::Closed);
}

#[test]
fn successes_of_long_ago_do_not_hide_failures() {
    let mut breaker = Breaker::new(CONFIG);
    for _ in 0..1_000_000 {
        breaker.success(at(0));
    }
    let answers = (1..1_000).find(|answer| {
        if answer % 4 == 0 {
            breaker.success(at(0));
        } else {
            breaker.failure(at(0));
        }
        breaker.state(at(0)) == BreakerState::Open
    });
    assert!(answers.unwrap() <= 100, "{answers:?}");
}

#[test]
fn every_relapse_doubles_the_time_up_to_the_longest() {
    let (mut breaker, mut now) = (open(), 0);
    for due in [500, 1_000, 2_000, 4_000, 4_000, 4_000] {
        let probed_at = fail_next_probe(&mut breaker, now);
        assert_eq!(probed_at - now, due);
        now = probed_at;
    }
}

#[test]
fn it_comes_back_in_growing_rounds() {
    let (mut breaker, now) = (open(), at(500));
    let mut rounds = Vec::new();
    while breaker.state(now) != BreakerState::Closed {
        let mut admitted = 0;
        while breaker.admit(now) {
            admitted += 1;
        }
        rounds.push(admitted);
        for _ in 0..admitted {
            breaker.success(now);
        }
    }
    assert_eq!(rounds, [1, 2, 4, 8, 16]);
    // Closed as if nothing had been: the next opening is a first one again.
    for _ in 0..CONFIG.failures {
        breaker.failure(now);
    }
    assert_eq!(
        [999, 1_000].map(|micros| breaker.state(at(micros))),
        [BreakerState::Open, BreakerState::HalfOpen]
    );
}

#[test]
fn with_little_traffic_time_closes_it() {
    let mut breaker = open();
    assert!(breaker.admit(at(600)));
    assert_eq!(breaker.state(at(1_000_000)), BreakerState::HalfOpen, "no answer proves nothing");
    breaker.success(at(700));
    assert_eq!(
        [4_699, 4_700].map(|micros| breaker.state(at(micros))),
        [BreakerState::HalfOpen, BreakerState::Closed]
    );
    assert!((0..100).all(|_| breaker.admit(at(4_700))));
}

#[test]
fn a_probe_without_an_answer_does_not_keep_it_waiting() {
    let mut breaker = open();
    assert!(breaker.admit(at(500)));
    assert!(!breaker.admit(at(4_499)));
    assert!(breaker.admit(at(4_500)));
}

#[test]
fn late_answers_change_nothing() {
    let mut breaker = open();
    for _ in 0..100 {
        breaker.failure(at(100));
        breaker.success(at(100));
        breaker.success(at(500));
        breaker.failure(at(500));
    }
    assert_eq!(breaker.state(at(500)), BreakerState::HalfOpen);
    assert!(breaker.admit(at(500)));
}

#[test]
fn it_can_be_tripped_and_reset() {
    let mut breaker = Breaker::new(CONFIG);
    breaker.trip(at(0));
    breaker.trip(at(400));
    assert_eq!(
        [499, 500].map(|micros| breaker.state(at(micros))),
        [BreakerState::Open, BreakerState::HalfOpen]
    );
    breaker.trip(at(500));
    assert_eq!(breaker.state(at(1_499)), BreakerState::Open, "for twice the time");
    breaker.reset();
    assert_eq!(breaker.state(at(500)), BreakerState::Closed);
    breaker.trip(at(600));
    assert_eq!(breaker.state(at(1_100)), BreakerState::HalfOpen, "for the first time again");
}

#[test]
fn a_clock_that_is_set_back_does_not_keep_it_open() {
    let mut breaker = Breaker::new(CONFIG);
    breaker.trip(at(1_000_000));
    assert_eq!(breaker.state(at(0)), BreakerState::HalfOpen);
    assert!(breaker.admit(at(0)));
}

/// A call of a breaker.
#[derive(Clone, Copy, Debug)]
enum Call {
    Wait(u64),
    Admit,
    Success,
    Failure,
    Trip,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        3 => (0_u64..1_500).prop_map(Call::Wait),
        8 => Just(Call::Admit),
        6 => Just(Call::Success),
        2 => Just(Call::Failure),
        1 => Just(Call::Trip),
    ];
    prop::collection::vec(call, 0..400)
}

fn configs() -> impl Strategy<Value = BreakerConfig> {
    (1_u32..6, 0_u8..120, 0_u32..30, 1_u64..2_000, 0_u64..9_000, 0_u32..4).prop_map(
        |(failures, failure_percent, minimum_responses, open_for_micros, open_for_max_micros, probes)| {
            BreakerConfig {
                failures,
                failure_percent,
                minimum_responses,
                open_for_micros,
                open_for_max_micros,
                probes,
            }
        },
    )
}

proptest! {
    /// It never lets through what it must not, never opens for longer than it may, and never more go at once
    /// in a trial than its last round has room for.
    #[test]
    fn it_keeps_its_word(config in configs(), calls in calls()) {
        let (mut breaker, mut now, mut unanswered, mut asked_at) = (Breaker::new(config), 0, 0_u32, 0);
        let longest = config.open_for_max_micros.max(config.open_for_micros);
        for call in calls {
            let before = breaker.state(at(now));
            if !matches!(call, Call::Wait(_)) && now - asked_at >= longest {
                // Whoever did not answer by now is forgotten.
                unanswered = 0;
            }
            match call {
                Call::Wait(micros) => now += micros,
                Call::Admit => {
                    let admitted = breaker.admit(at(now));
                    prop_assert!(before != BreakerState::Closed || admitted);
                    prop_assert!(before != BreakerState::Open || !admitted);
                    unanswered = if before == BreakerState::HalfOpen { unanswered + u32::from(admitted) } else { 0 };
                    asked_at = if admitted { now } else { asked_at };
                }
                Call::Success => {
                    breaker.success(at(now));
                    unanswered = unanswered.saturating_sub(1);
                    prop_assert!(breaker.state(at(now)) != BreakerState::Open || before == BreakerState::Open);
                }
                Call::Failure => {
                    breaker.failure(at(now));
                    unanswered = unanswered.saturating_sub(1);
                    prop_assert!(before == BreakerState::Closed || breaker.state(at(now)) != BreakerState::Closed);
                }
                Call::Trip => {
                    breaker.trip(at(now));
                    unanswered = 0;
                    prop_assert_eq!(breaker.state(at(now)), BreakerState::Open);
                }
            }
            if breaker.state(at(now)) != BreakerState::HalfOpen {
                unanswered = 0;
            }
            prop_assert!(unanswered <= 16 * config.probes.max(1), "{} at once", unanswered);
            prop_assert!(breaker.state(at(now + longest)) != BreakerState::Open);
        }
    }

    /// Whatever was before, an operator that takes everything gets everything soon: after the longest
    /// opening, five rounds are enough.
    #[test]
    fn a_well_operator_comes_back(config in configs(), calls in calls()) {
        let (mut breaker, mut now) = (Breaker::new(config), 0);
        for call in calls {
            match call {
                Call::Wait(micros) => now += micros,
                Call::Admit => drop(breaker.admit(at(now))),
                Call::Success => breaker.success(at(now)),
                Call::Failure => breaker.failure(at(now)),
                Call::Trip => breaker.trip(at(now)),
            }
        }
        now += 2 * config.open_for_max_micros.max(config.open_for_micros);
        let mut messages = 0;
        while breaker.state(at(now)) != BreakerState::Closed {
            prop_assert!(breaker.admit(at(now)));
            breaker.success(at(now));
            messages += 1;
            prop_assert!(messages <= 31 * config.probes.max(1));
        }
    }
}
