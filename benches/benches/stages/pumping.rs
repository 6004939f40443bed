//! The cost of a message in the detector of traffic pumping of a busy account, which works beside rate and debit.

use std::hint::black_box;

use criterion::BenchmarkGroup;
use criterion::measurement::WallTime;
use tollgate_engine::pumping::{Detector, PumpingMode, PumpingSettings, Sent};
use tollgate_engine::time::UnixMicros;

use super::fixture::{Fixture, NOW};

const SETTINGS: PumpingSettings = PumpingSettings { mode: PumpingMode::StepDown, ..PumpingSettings::DEFAULT };
/// Microseconds between two messages.
const PAUSE: u64 = 1_000;
/// Messages that the detector has seen before it is measured, so that its tables are full.
const SEEN: usize = 10_000;

/// The traffic of an account: where each message goes, and at what price.
struct Traffic {
    sent: Vec<Sent>,
    detector: Detector,
    now: UnixMicros,
}

impl Traffic {
    fn of(sent: Vec<Sent>) -> Self {
        let mut traffic = Self { sent, detector: Detector::default(), now: NOW };
        for place in 0..SEEN {
            let sent = traffic.sent[place % traffic.sent.len()];
            traffic.message(&sent);
        }
        traffic
    }

    /// One message: asked for, and charged if it may pass.
    fn message(&mut self, sent: &Sent) {
        self.now = UnixMicros(self.now.0 + PAUSE);
        if self.detector.admits(&SETTINGS, sent.number, sent.network, self.now) {
            self.detector.charged(&SETTINGS, sent, self.now);
        }
    }
}

/// Real numbers, all over the numbering plan.
pub fn pumping(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &Fixture) {
    let sent = fixture.rated.iter().map(|rated| Sent {
        number: rated.number.to_u64(),
        network: fixture.tables.networks.get(rated.network).code,
        price: u64::try_from(rated.unit.price.micros()).unwrap_or_default(),
    });
    measure(group, "pumping", Traffic::of(sent.collect()));
}

/// Numbers in sequence, whose range is stepped down.
pub fn pumping_found(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &Fixture) {
    let first = &fixture.rated[0];
    let network = fixture.tables.networks.get(first.network).code;
    let from = first.number.to_u64() / 10_000 * 10_000;
    let sent = (0..1_000).map(|place| Sent { number: from + place, network, price: 50_000 });
    measure(group, "pumping_found", Traffic::of(sent.collect()));
}

fn measure(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut traffic: Traffic) {
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            for place in 0..traffic.sent.len() {
                let sent = traffic.sent[place];
                traffic.message(black_box(&sent));
            }
            black_box(traffic.detector.octets())
        });
    });
}
