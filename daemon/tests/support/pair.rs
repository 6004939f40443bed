//! Two hand-driven operators in one daemon's config, of which the first is preferred.

use std::ops::Range;

use super::daemon::Daemon;
use super::metrics::Scrape;
use super::operator::{Operator, sandbox};
use super::sandbox::Sandbox;
use super::sm::Sm;
use super::smsc::Smsc;
use super::wait::eventually;

/// Codes `first` and `second`.
pub fn entries(first: &Smsc, second: &Smsc) -> [Operator; 2] {
    [
        Operator::new("first", first.port()).with("priority = 1"),
        Operator::new("second", second.port()).with("priority = 2"),
    ]
}

/// A daemon that is bound to both.
pub fn start(entries: &[Operator], operators: [&Smsc; 2]) -> (Sandbox, Daemon) {
    let sandbox = sandbox(entries);
    let daemon = sandbox.start();
    for operator in operators {
        operator.until_bound();
    }
    (sandbox, daemon)
}

/// A metric of one operator, as it is written.
pub fn series(metric: &str, operator: &str) -> String {
    format!("{metric}{{operator=\"{operator}\"}}")
}

/// Waits until a gauge of one operator has the value.
pub fn until_gauge(daemon: &Daemon, metric: &str, operator: &str, wanted: u64) {
    let series = series(metric, operator);
    eventually(&format!("{series} to be {wanted}"), || {
        (Scrape::of(daemon).count(&series) == wanted).then_some(())
    });
}

pub fn destination(at: usize) -> String {
    format!("2547220{at:05}")
}

/// Messages to destinations of their own.
pub fn numbered(range: Range<usize>) -> Vec<Sm> {
    range.map(|at| Sm::to(&destination(at))).collect()
}
