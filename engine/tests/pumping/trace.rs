//! Traces: messages with what becomes of them, and how a detector fares with one.

use std::collections::BinaryHeap;

use tollgate_engine::pumping::{Detector, Finding, News, OCTETS_MAX, PumpingMode, PumpingSettings, Sent};
use tollgate_engine::time::UnixMicros;

use crate::random::Random;
use crate::world::Numbering;

/// One message of a trace.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Milliseconds since the message before.
    pub pause_ms: u64,
    /// The number of the destination.
    pub number: u64,
    /// The word of its receipt; `None` where there is none.
    pub delivered: Option<bool>,
    /// True if it is one of those that are to be found.
    pub is_hostile: bool,
}

/// A sequence of messages under a name.
pub struct Trace {
    /// The name of the trace.
    pub name: String,
    /// The messages of it.
    pub steps: Vec<Step>,
}

/// The outcome of a trace.
#[derive(Debug, Default)]
pub struct Fared {
    /// Hostile messages until the first finding of a hostile range.
    pub found_after: Option<usize>,
    /// Milliseconds from the first hostile message until then.
    pub found_after_ms: u64,
    /// Messages refused, those of hostile and of honest numbers.
    pub refused: (usize, usize),
    /// The findings on the way.
    pub findings: Vec<Finding>,
    /// Octets that the detector took at most.
    pub octets: usize,
}

/// Collects the messages of a trace.
pub struct Writer {
    /// The random choices of the trace.
    pub random: Random,
    steps: Vec<Step>,
    pause_ms: u64,
    delivered_percent: Option<u64>,
}

impl Writer {
    /// Nothing yet: messages ten times a second, of which 95 percent arrive.
    pub fn of(seed: u64) -> Self {
        Self { random: Random::of(seed), steps: Vec::new(), pause_ms: 100, delivered_percent: Some(95) }
    }

    /// Messages so often from here on.
    pub fn every(&mut self, pause_ms: u64) -> &mut Self {
        self.pause_ms = pause_ms;
        self
    }

    /// Such a share of the messages arrives from here on. The share until now.
    pub fn arriving(&mut self, percent: impl Into<Option<u64>>) -> Option<u64> {
        std::mem::replace(&mut self.delivered_percent, percent.into())
    }

    /// A message that is wanted.
    pub fn honest(&mut self, number: u64) {
        self.push(number, false);
    }

    /// A message that nobody wants.
    pub fn hostile(&mut self, number: u64) {
        self.push(number, true);
    }

    fn push(&mut self, number: u64, is_hostile: bool) {
        let delivered = self.delivered_percent.map(|percent| self.random.percent(percent));
        self.steps.push(Step { pause_ms: self.pause_ms, number, delivered, is_hostile });
    }

    /// The trace under a name.
    pub fn named(self, name: impl Into<String>) -> Trace {
        Trace { name: name.into(), steps: self.steps }
    }
}

const START: u64 = 1_000_000_000_000;

/// Lets a detector look at a trace whose receipts come so much later.
pub fn run(world: &Numbering, trace: &Trace, receipts_after_ms: u64) -> Fared {
    let settings = PumpingSettings { mode: PumpingMode::StepDown, ..PumpingSettings::default() };
    let (mut detector, mut fared) = (Detector::default(), Fared::default());
    let mut receipts = BinaryHeap::new();
    let (mut now, mut hostile, mut began) = (START, 0, None);
    for step in &trace.steps {
        now += step.pause_ms * 1_000;
        while let Some(std::cmp::Reverse((at, number, delivered))) = receipts.peek().copied()
            && at <= now
        {
            receipts.pop();
            detector.ended(&settings, number, world.network(number), delivered, UnixMicros(at));
            note(&mut fared, &mut detector, trace, (world, hostile, at - began.unwrap_or(at)));
        }
        let network = world.network(step.number);
        if step.is_hostile {
            hostile += 1;
            began.get_or_insert(now);
        }
        if detector.admits(&settings, step.number, network, UnixMicros(now)) {
            let sent = Sent { number: step.number, network, price: Numbering::price(network) };
            detector.charged(&settings, &sent, UnixMicros(now));
            if let Some(delivered) = step.delivered {
                receipts.push(std::cmp::Reverse((now + receipts_after_ms * 1_000, step.number, delivered)));
            }
        } else if step.is_hostile {
            fared.refused.0 += 1;
        } else {
            fared.refused.1 += 1;
        }
        fared.octets = fared.octets.max(detector.octets());
        note(&mut fared, &mut detector, trace, (world, hostile, now - began.unwrap_or(now)));
    }
    assert!(fared.octets <= OCTETS_MAX, "{}: {} octets", trace.name, fared.octets);
    fared
}

fn note(fared: &mut Fared, detector: &mut Detector, trace: &Trace, at: (&Numbering, usize, u64)) {
    let (world, hostile, since_micros) = at;
    for news in detector.take_news() {
        let (News::Found(finding) | News::SteppedDown(finding)) = news else { continue };
        let is_hostile = trace
            .steps
            .iter()
            .any(|step| step.is_hostile && finding.range.holds(step.number, world.network(step.number)));
        if is_hostile && fared.found_after.is_none() && hostile > 0 {
            fared.found_after = Some(hostile);
            fared.found_after_ms = since_micros / 1_000;
        }
        fared.findings.push(finding);
    }
}
