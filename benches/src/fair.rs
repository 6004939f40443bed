//! Fair shares: a light account alone, and beside another at full load, at the daemon and at the floor in one run.
//!
//! Client and server share the machine, so that a light account has to wait beside a heavy one even where nothing is charged:
//! that part is the floor's, and only what is more than that is the daemon's.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tollgate_tools::load::figures::{Millis, grouped};
use tollgate_tools::load::{self, Limits, Mix, Report, Traffic};

use crate::results::{median, table};
use crate::{Failure, fixture, machine, process};

/// Time for which the light account submits in one round.
const SPAN: Duration = Duration::from_millis(2500);
/// Time for which the heavy account submits before and after.
const AROUND: Duration = Duration::from_millis(500);
/// Longest time for which compactions are waited for.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Time that the daemon has to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
const LIGHT_WINDOW: usize = 10;
const LIGHT_PER_SECOND: u32 = 300;
const HEAVY_BINDS: usize = 4;
const HEAVY_WINDOW: usize = 1000;
/// The p99 beside another that is wanted, in times of that alone.
const RATIO_WANTED: u64 = 3;

/// The figures of one round at one server.
#[derive(Clone, Copy, Default)]
struct Sample {
    alone: Latency,
    beside: Latency,
    /// Messages per second of the heavy account.
    heavy_per_second: u64,
}

#[derive(Clone, Copy, Default)]
struct Latency {
    p50: Duration,
    p99: Duration,
}

/// A server to drive.
struct Target {
    name: &'static str,
    pid: u32,
    address: SocketAddr,
}

/// Measures this many rounds. The results in Markdown.
pub fn measure(rounds: usize) -> Result<String, Failure> {
    let traffic = fixture::traffic(Mix::Real)?;
    let directory = fixture::directory()?;
    let config = fixture::configure(directory.path(), 2)?;
    let (floor_server, floor) = fixture::start_floor(directory.path())?;
    let (tollgate_server, tollgate) = fixture::start_tollgate(directory.path(), &config)?;
    let targets = [
        Target { name: "floor", pid: floor_server.pid(), address: floor },
        Target { name: "Tollgate", pid: tollgate_server.pid(), address: tollgate },
    ];
    let mut measured: [Vec<Sample>; 2] = Default::default();
    for round in 0..rounds {
        for (target, samples) in targets.iter().zip(&mut measured) {
            let sample = sample(target, &traffic, round as u64)?;
            let (alone, beside) = (Millis(sample.alone.p99), Millis(sample.beside.p99));
            eprintln!("round {}: {}: p99 {alone} alone, {beside} beside", round + 1, target.name);
            samples.push(sample);
        }
    }
    tollgate_server.stop(STOP_TIMEOUT)?;
    Ok(describe(rounds, &targets, &measured))
}

fn sample(target: &Target, traffic: &Arc<Traffic>, seed: u64) -> Result<Sample, Failure> {
    let light = Limits {
        window: LIGHT_WINDOW,
        messages_per_second: Some(LIGHT_PER_SECOND),
        duration: Some(SPAN),
        seed,
        ..Limits::new(target.address)
    };
    let submit = || -> Result<Latency, Failure> {
        let report = complete(load::start(&light, fixture::binds_of(2, 1), traffic, None)?.finish())?;
        Ok(Latency { p50: report.latency(500), p99: report.latency(990) })
    };
    let alone = submit()?;
    let heavy = Limits {
        window: HEAVY_WINDOW,
        messages_per_second: None,
        duration: Some(AROUND + SPAN + AROUND),
        ..light.clone()
    };
    let heavy = load::start(&heavy, fixture::binds_of(1, HEAVY_BINDS), traffic, None)?;
    std::thread::sleep(AROUND);
    let beside = submit()?;
    let heavy = complete(heavy.finish())?;
    process::settle(target.pid, SETTLE_TIMEOUT)?;
    Ok(Sample { alone, beside, heavy_per_second: heavy.per_second() })
}

fn complete(report: Report) -> Result<Report, Failure> {
    if report.is_complete() && report.tally.refused.is_empty() {
        return Ok(report);
    }
    Err(format!("not every message was accepted:\n{report}").into())
}

fn describe(rounds: usize, targets: &[Target; 2], measured: &[Vec<Sample>; 2]) -> String {
    let rows: Vec<_> = targets.iter().zip(measured).map(|(target, samples)| row(target, samples)).collect();
    let headings = [
        "server",
        "p50 alone",
        "p50 beside",
        "p99 alone",
        "p99 beside",
        "p99 beside / alone",
        "heavy, messages/s",
    ];
    let [floor, tollgate] = measured;
    let added = |samples: &[Sample]| {
        median(samples.iter().map(|sample| sample.beside.p99.saturating_sub(sample.alone.p99)))
    };
    let ours = added(tollgate).saturating_sub(added(floor));
    format!(
        "{}.\n\nA bind of one account with {LIGHT_PER_SECOND} messages a second, alone and beside {HEAVY_BINDS} binds × window \
         {HEAVY_WINDOW} of another; the middle of {rounds} rounds of {:.1} s. Both clients share the machine with the server.\n\n\
         {}\nOf what the heavy account adds to the light one's p99 at Tollgate, {} is more than it adds at the floor. Wanted is at \
         most {RATIO_WANTED} times the p99 alone where client and server have machines of their own.\n",
        machine::describe(),
        SPAN.as_secs_f64(),
        table(headings, &rows),
        Millis(ours),
    )
}

fn row(target: &Target, samples: &[Sample]) -> [String; 7] {
    let time = |value: fn(&Sample) -> Duration| median(samples.iter().map(value));
    let (alone, beside) = (time(|sample| sample.alone.p99), time(|sample| sample.beside.p99));
    let tenths = beside.as_micros() * 10 / alone.as_micros().max(1);
    [
        target.name.to_owned(),
        Millis(time(|sample| sample.alone.p50)).to_string(),
        Millis(time(|sample| sample.beside.p50)).to_string(),
        Millis(alone).to_string(),
        Millis(beside).to_string(),
        format!("{}.{}", tenths / 10, tenths % 10),
        grouped(median(samples.iter().map(|sample| sample.heavy_per_second))),
    ]
}
