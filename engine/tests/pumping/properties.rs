//! Properties that hold for any traffic: bounded memory, no refusal without a step-down, and ranges that were lifted are left
//! alone.

use proptest::prelude::*;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::pumping::{Detector, News, OCTETS_MAX, PumpingMode, PumpingSettings, Range, Sent};
use tollgate_engine::time::UnixMicros;

/// An event in the life of a detector.
#[derive(Clone, Debug)]
enum Happening {
    Charged { number: u64, mcc: u16, price: u64 },
    Ended { number: u64, mcc: u16, is_delivered: bool },
    Run { first: u64, step: u64, mcc: u16, price: u64 },
    Looked,
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        10_000u64..1_000_000_000_000_000,
        254_722_000_000u64..254_722_020_000,
        22_376_000_000u64..22_376_000_300
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    let mcc = || prop_oneof![Just(639u16), Just(610), 200u16..750];
    let price = || prop_oneof![Just(0u64), Just(20_000), Just(140_000), Just(u64::MAX), any::<u64>()];
    prop_oneof![
        6 => (number(), mcc(), price()).prop_map(|(number, mcc, price)| Happening::Charged { number, mcc, price }),
        3 => (number(), mcc(), any::<bool>())
            .prop_map(|(number, mcc, is_delivered)| Happening::Ended { number, mcc, is_delivered }),
        2 => (number(), 0u64..20, mcc(), price())
            .prop_map(|(first, step, mcc, price)| Happening::Run { first, step, mcc, price }),
        1 => Just(Happening::Looked),
    ]
}

fn network(mcc: u16) -> NetworkCode {
    NetworkCode { mcc, mnc: None }
}

fn settings(mode: PumpingMode) -> PumpingSettings {
    PumpingSettings { mode, ..PumpingSettings::default() }
}

/// Lets it happen; how many messages were refused.
fn let_happen(
    detector: &mut Detector,
    settings: &PumpingSettings,
    happening: &Happening,
    now: UnixMicros,
) -> u32 {
    let mut refused = 0;
    let mut charge = |detector: &mut Detector, number, mcc, price| {
        if detector.admits(settings, number, network(mcc), now) {
            detector.charged(settings, &Sent { number, network: network(mcc), price }, now);
        } else {
            refused += 1;
        }
    };
    match *happening {
        Happening::Charged { number, mcc, price } => charge(detector, number, mcc, price),
        Happening::Ended { number, mcc, is_delivered } => {
            detector.ended(settings, number, network(mcc), is_delivered, now);
        }
        Happening::Run { first, step, mcc, price } => {
            (0..150).for_each(|place| charge(detector, first + place * step, mcc, price));
        }
        Happening::Looked => detector.look(settings, now),
    }
    refused
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn memory_is_bounded_and_nothing_is_refused_without_a_step_down(
        happenings in prop::collection::vec((happening(), 0u64..200_000_000), 1..150),
        takes_news in any::<bool>(),
    ) {
        let settings = settings(PumpingMode::StepDown);
        let (mut detector, mut now, mut stepped_down) = (Detector::default(), 0, false);
        for (happening, pause) in &happenings {
            now += pause;
            let was_open = detector.open().any(|finding| finding.is_stepped_down);
            let refused = let_happen(&mut detector, &settings, happening, UnixMicros(now));
            stepped_down |= was_open || detector.open().any(|finding| finding.is_stepped_down);
            prop_assert!(refused == 0 || stepped_down);
            prop_assert!(detector.octets() <= OCTETS_MAX, "{} octets", detector.octets());
            if takes_news {
                detector.take_news();
            }
        }
    }

    #[test]
    fn an_account_that_only_wants_alerts_is_never_refused(
        happenings in prop::collection::vec((happening(), 0u64..200_000_000), 1..100),
    ) {
        let (mut detector, mut now) = (Detector::default(), 0);
        for (happening, pause) in &happenings {
            now += pause;
            let settings = settings(PumpingMode::Alert);
            prop_assert_eq!(let_happen(&mut detector, &settings, happening, UnixMicros(now)), 0);
            prop_assert!(!detector.open().any(|finding| finding.is_stepped_down));
        }
    }

    #[test]
    fn a_range_that_was_lifted_is_not_found_again_that_day(first in 22_376_000_000u64..22_376_009_000, step in 1u64..4) {
        let settings = settings(PumpingMode::StepDown);
        let run = Happening::Run { first, step, mcc: 610, price: 140_000 };
        let mut detector = Detector::default();
        let_happen(&mut detector, &settings, &run, UnixMicros(0));
        let ranges: Vec<Range> = detector.open().map(|finding| finding.range).collect();
        prop_assert!(!ranges.is_empty());
        for range in &ranges {
            prop_assert!(detector.lift(*range, UnixMicros(1)));
            prop_assert!(!detector.lift(*range, UnixMicros(1)), "it is lifted already");
        }
        prop_assert_eq!(let_happen(&mut detector, &settings, &run, UnixMicros(2)), 0);
        prop_assert!(!detector.open().any(|finding| ranges.contains(&finding.range)));
    }

    #[test]
    fn a_step_down_ends_once_the_range_is_quiet(pause_minutes in 31u64..1_000) {
        let settings = settings(PumpingMode::StepDown);
        let run = Happening::Run { first: 22_376_000_000, step: 1, mcc: 610, price: 140_000 };
        let mut detector = Detector::default();
        prop_assert!(let_happen(&mut detector, &settings, &run, UnixMicros(0)) > 0);
        detector.take_news();
        detector.look(&settings, UnixMicros(29 * 60_000_000));
        prop_assert!(!detector.has_news());
        detector.look(&settings, UnixMicros(pause_minutes * 60_000_000));
        prop_assert!(detector.take_news().iter().all(|news| matches!(news, News::Ended(..))));
        prop_assert_eq!(detector.open().count(), 0);
        prop_assert!(detector.admits(&settings, 22_376_000_001, network(610), UnixMicros(pause_minutes * 60_000_000)));
    }
}
