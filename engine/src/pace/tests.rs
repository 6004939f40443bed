//! The pace under a virtual clock.

use proptest::prelude::*;

use super::*;

const START: u64 = 1_790_000_000_000_000;
const SECOND: u64 = MICROS_PER_SECOND;

fn at(micros: u64) -> UnixMicros {
    UnixMicros(START + micros)
}

/// Takes whatever it may for so long, being back when told to and this late: when, and how many each time.
fn run(pace: &mut Pace, micros: u64, late: impl Fn(usize) -> u64) -> Vec<(u64, u32)> {
    let (mut taken, mut now) = (Vec::new(), 0);
    while now < micros {
        let granted = pace.take(at(now), u32::MAX);
        if granted > 0 {
            taken.push((now, granted));
        }
        let next = pace.next_at(at(now)).0 - START;
        assert!(next > now || granted > 0, "asked to come back at once for nothing");
        now = next.max(now + 1) + late(taken.len());
    }
    taken
}

fn total(taken: &[(u64, u32)]) -> u64 {
    taken.iter().map(|(_, count)| u64::from(*count)).sum()
}

#[test]
fn without_a_rate_everything_goes_at_once() {
    let mut pace = Pace::new(None);
    assert_eq!(pace.take(at(0), 100_000), 100_000);
    assert_eq!(pace.next_at(at(0)), at(0));
    assert_eq!(pace.take(at(0), 7), 7);
}

#[test]
fn in_the_long_run_exactly_the_rate() {
    for rate in [1, 3, 7, 30, 49, 50, 99, 100, 333, 1_000, 9_999, 123_457] {
        let hour = if rate < 1_000 { 3_600 } else { 60 };
        let taken = total(&run(&mut Pace::new(Some(rate)), hour * SECOND, |_| 0));
        let due = u64::from(rate) * hour;
        let at_once = u64::from(rate / 50).max(1);
        assert!((due..=due + at_once).contains(&taken), "{taken} for {due} at {rate}");
    }
}

#[test]
fn a_caller_who_is_late_now_and_then_loses_nothing() {
    for rate in [5, 30, 70, 450, 10_000] {
        let late = |call: usize| [0, 1_000, 250, 9_000][call % 4];
        let taken = total(&run(&mut Pace::new(Some(rate)), 600 * SECOND, late));
        let due = u64::from(rate) * 600;
        assert!(taken >= due - 1 && taken <= due + u64::from(rate / 50) + 1, "{taken} for {due} at {rate}");
    }
}

#[test]
fn after_a_pause_no_more_than_a_burst_goes_at_once() {
    for (rate, at_once) in [(1, 1), (50, 1), (99, 1), (100, 2), (1_000, 20), (50_000, 1_000)] {
        let mut pace = Pace::new(Some(rate));
        assert_eq!(pace.take(at(0), u32::MAX), at_once, "at {rate}");
        assert_eq!(pace.take(at(0), u32::MAX), 0);
        assert_eq!(pace.take(at(3_600 * SECOND), u32::MAX), at_once, "at {rate}");
    }
}

#[test]
fn only_what_is_wanted_is_taken() {
    let mut pace = Pace::new(Some(1_000));
    assert_eq!([5, 0, 14, 9].map(|wanted| pace.take(at(0), wanted)), [5, 0, 14, 1]);
    assert_eq!(pace.next_at(at(0)), at(1_000));
    assert_eq!([pace.take(at(999), 1), pace.take(at(1_000), 1)], [0, 1]);
}

#[test]
fn another_rate_holds_from_then_on() {
    let mut pace = Pace::new(None);
    pace.set_rate(Some(100));
    let taken = total(&run(&mut pace, 10 * SECOND, |_| 0));
    assert!((1_000..=1_002).contains(&taken), "{taken}");
    let mut pace = Pace::new(Some(100_000));
    pace.set_rate(Some(10));
    assert_eq!(
        pace.take(at(0), u32::MAX),
        1,
        "what was saved up at the old rate is not spent at the new one"
    );
    pace.set_rate(None);
    assert_eq!(pace.take(at(0), 500), 500);
}

#[test]
fn a_clock_that_is_set_back_silences_nobody() {
    let mut pace = Pace::new(Some(10));
    assert_eq!(pace.take(at(3_600 * SECOND), 5), 1);
    assert_eq!(pace.take(at(0), 5), 0, "setting the clock back is no way to more");
    assert_eq!(pace.take(at(100_000), 5), 1);
    pace.slow_down(at(3_600 * SECOND));
    assert_eq!(pace.take(at(0), 5), 0);
    assert!(pace.next_at(at(0)) <= at(6 * SECOND));
    assert_eq!(pace.take(at(200_000), 5), 1);
}

#[test]
fn a_throttled_pace_rests_and_then_goes_at_half_the_rate() {
    let mut pace = Pace::new(Some(1_000));
    pace.slow_down(at(0));
    for micros in [0, 1, 50_000, 99_999] {
        assert_eq!((pace.take(at(micros), 9), pace.next_at(at(micros)) > at(micros)), (0, true));
        // More answers to what went before the pause.
        pace.slow_down(at(micros));
    }
    assert_eq!(pace.take(at(100_000), 9), 0, "nothing was saved up in the pause");
    assert_eq!(pace.next_at(at(100_000)), at(102_000));
    let granted: u32 = (100_000..1_100_000).step_by(1_000).map(|micros| pace.take(at(micros), 9)).sum();
    assert!((499..=500).contains(&granted), "{granted}");
}

#[test]
fn every_relapse_doubles_the_rest_up_to_five_seconds() {
    let (mut pace, mut now) = (Pace::new(Some(1_000_000)), 0);
    for due in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
        pace.slow_down(at(now));
        let rested = (0..10_000).find(|millis| pace.pause_left(at(now + millis * 1_000)) == 0).unwrap();
        assert_eq!(rested, due);
        now += rested * 1_000;
    }
    pace.speed_up(at(now + 1));
    pace.slow_down(at(now + 2));
    assert_eq!(pace.pause_left(at(now + 2)), PAUSE_MIN_MICROS, "a success ends the doubling");
}

#[test]
fn successes_give_the_whole_rate_back_in_ten_seconds_at_most() {
    let mut pace = Pace::new(Some(1_000));
    for _ in 0..30 {
        pace.slow_down(at(0));
    }
    let recovered = (100..60_000).find(|millis| {
        pace.speed_up(at(millis * 1_000));
        !pace.is_slowed()
    });
    assert!((5_000..=5_200).contains(&recovered.unwrap()), "{recovered:?} ms from one half to the whole");
    let taken: u32 = (0..1_000).map(|millis| pace.take(at((20_000 + millis) * 1_000), 100)).sum();
    assert!((1_000..=1_020).contains(&taken), "{taken}");
}

/// An operator that takes so many messages in a second and throttles the rest, counted in windows of 100 ms.
struct Operator {
    per_window: u32,
    window: u64,
    taken: u32,
}

impl Operator {
    fn submit(&mut self, now: u64) -> bool {
        if now / 100_000 != self.window {
            (self.window, self.taken) = (now / 100_000, 0);
        }
        self.taken += 1;
        self.taken <= self.per_window
    }
}

/// Sends as much as the pace allows for a time, with an answer after 20 ms: taken and throttled of the second
/// half.
fn against(operator: &mut Operator, pace: &mut Pace, micros: u64) -> (u64, u64) {
    let (mut taken, mut throttled) = (0, 0);
    let mut answers = std::collections::VecDeque::new();
    for now in (0..micros).step_by(1_000) {
        while let Some((_, is_taken)) = answers.pop_front_if(|(due, _): &mut (u64, bool)| *due <= now) {
            if is_taken { pace.speed_up(at(now)) } else { pace.slow_down(at(now)) }
        }
        for _ in 0..pace.take(at(now), 50) {
            let is_taken = operator.submit(now);
            answers.push_back((now + 20_000, is_taken));
            if now >= micros / 2 {
                (taken, throttled) = (taken + u64::from(is_taken), throttled + u64::from(!is_taken));
            }
        }
    }
    (taken, throttled)
}

#[test]
fn it_finds_what_an_operator_takes() {
    for (rate, takes) in [(Some(1_000), 300), (Some(1_000), 900), (Some(200), 50), (None, 500), (None, 2_000)]
    {
        let mut operator = Operator { per_window: takes / 10, window: 0, taken: 0 };
        let seconds = 120;
        let (taken, throttled) = against(&mut operator, &mut Pace::new(rate), 2 * seconds * SECOND);
        let due = u64::from(takes) * seconds;
        assert!(taken * 100 >= due * 60, "{taken} of {due} at {rate:?}");
        assert!(throttled * 100 <= taken * 5, "{throttled} throttled beside {taken} at {rate:?}");
    }
}

#[test]
fn an_operator_that_never_throttles_gets_the_whole_rate() {
    let mut operator = Operator { per_window: u32::MAX, window: 0, taken: 0 };
    let (taken, throttled) = against(&mut operator, &mut Pace::new(Some(700)), 20 * SECOND);
    assert_eq!((taken, throttled), (7_000, 0));
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Take(u32),
    SlowDown,
    SpeedUp,
    Rate(Option<u32>),
}

fn calls() -> impl Strategy<Value = Vec<(u64, Call)>> {
    let call = prop_oneof![
        8 => (0_u32..100).prop_map(Call::Take),
        1 => Just(Call::SlowDown),
        4 => Just(Call::SpeedUp),
        1 => prop::option::of(0_u32..5_000).prop_map(Call::Rate),
    ];
    prop::collection::vec((0_u64..100_000, call), 0..300)
}

proptest! {
    /// Over any stretch of time: no more than the rate for that long, a burst, and the message that was on
    /// its way.
    #[test]
    fn never_more_than_the_rate_and_a_burst(
        rate in 1_u32..3_000,
        steps in prop::collection::vec((0_u64..50_000, 0_u32..200), 1..200),
    ) {
        let (mut pace, mut now, mut taken) = (Pace::new(Some(rate)), 0, Vec::new());
        for (micros, wanted) in steps {
            now += micros;
            let granted = pace.take(at(now), wanted);
            prop_assert!(granted <= wanted && granted <= (rate / 50).max(1));
            taken.push((now, u64::from(granted)));
        }
        for from in 0..taken.len() {
            let mut sum = 0;
            for (time, granted) in &taken[from..] {
                sum += granted;
                let most = u64::from(rate) * (time - taken[from].0) / SECOND + u64::from(rate / 50).max(1) + 1;
                prop_assert!(sum <= most, "{} from {} to {}", sum, taken[from].0, time);
            }
        }
    }

    /// Whatever happens, what it says about the next message holds: nothing goes before, and something goes
    /// then.
    #[test]
    fn it_says_when(rate in prop::option::of(0_u32..5_000), calls in calls()) {
        let (mut pace, mut now) = (Pace::new(rate), 0);
        for (micros, call) in calls {
            now += micros;
            match call {
                Call::Take(wanted) => drop(pace.take(at(now), wanted)),
                Call::SlowDown => pace.slow_down(at(now)),
                Call::SpeedUp => pace.speed_up(at(now)),
                Call::Rate(rate) => pace.set_rate(rate),
            }
            let next = pace.next_at(at(now));
            prop_assert!(next <= at(now + 7 * SECOND), "nobody waits for longer than a pause and a second");
            prop_assert!(next == at(now) || pace.clone().take(UnixMicros(next.0 - 1), 1) == 0);
            prop_assert_eq!(pace.clone().take(next, 1), 1);
        }
    }
}
