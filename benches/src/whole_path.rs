//! The whole path: charged and durable, against the floor, in one run with the same client.
//!
//! Both servers run all the time and are driven in turn, so that what else the machine does hits both alike.
//! A round ends only when the daemon's compactions have: their CPU time counts for the messages that caused
//! them, and the floor is not measured beside them.

use std::net::SocketAddr;
use std::time::Duration;

use tollgate_tools::load::figures::{Millis, grouped};
use tollgate_tools::load::{self, Limits, Mix, Report, Traffic};

use crate::results::{median, table};
use crate::{Failure, disk, fixture, machine, process};

/// Time for which a workload is kept up.
const SPAN: Duration = Duration::from_millis(2500);

/// Longest time for which compactions are waited for.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Time that the daemon has to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// The load that gateways make.
struct Workload {
    name: &'static str,
    binds: usize,
    accounts: usize,
    window: usize,
}

const WORKLOADS: [Workload; 5] = [
    Workload { name: "4 binds × window 1000, an account each", binds: 4, accounts: 4, window: 1000 },
    Workload { name: "4 binds × window 1000, one account", binds: 4, accounts: 1, window: 1000 },
    Workload { name: "4 binds × window 100, an account each", binds: 4, accounts: 4, window: 100 },
    Workload { name: "1 bind × window 100", binds: 1, accounts: 1, window: 100 },
    Workload { name: "one message in flight", binds: 1, accounts: 1, window: 1 },
];

/// The figures of one server under one workload.
#[derive(Clone, Copy, Default)]
struct Sample {
    per_second: u64,
    per_cpu_second: u64,
    p50: Duration,
    p99: Duration,
}

/// One round of one workload.
struct Round {
    floor: Sample,
    tollgate: Sample,
    /// A synced append of 4 KiB, measured right before.
    synced_append: Duration,
}

/// A server to drive.
struct Target {
    pid: u32,
    address: SocketAddr,
}

/// Measures this many rounds. The results in Markdown.
pub fn measure(rounds: usize) -> Result<String, Failure> {
    let traffic = fixture::traffic(Mix::Real)?;
    let directory = fixture::directory()?;
    let config = fixture::configure(directory.path(), 4)?;
    let (floor_server, address) = fixture::start_floor(directory.path())?;
    let floor = Target { pid: floor_server.pid(), address };
    let (tollgate_server, address) = fixture::start_tollgate(directory.path(), &config)?;
    let tollgate = Target { pid: tollgate_server.pid(), address };
    let mut measured: [Vec<Round>; WORKLOADS.len()] = Default::default();
    for round in 0..rounds {
        for (workload, samples) in WORKLOADS.iter().zip(&mut measured) {
            let synced_append = disk::synced_append(directory.path())?;
            let first = if round % 2 == 0 { [&floor, &tollgate] } else { [&tollgate, &floor] };
            let [one, other] = first.map(|target| drive(target, workload, &traffic, round));
            let (floor, tollgate) = if round % 2 == 0 { (one?, other?) } else { (other?, one?) };
            eprintln!("round {}: {}: {}", round + 1, workload.name, shown(&floor, &tollgate));
            samples.push(Round { floor, tollgate, synced_append });
        }
    }
    tollgate_server.stop(STOP_TIMEOUT)?;
    Ok(describe(rounds, &measured))
}

fn drive(
    target: &Target,
    workload: &Workload,
    traffic: &std::sync::Arc<Traffic>,
    round: usize,
) -> Result<Sample, Failure> {
    let limits = Limits {
        window: workload.window,
        duration: Some(SPAN),
        seed: round as u64,
        ..Limits::new(target.address)
    };
    let binds = fixture::binds(workload.binds, workload.accounts);
    let before = process::cpu_time(target.pid)?;
    let report = load::start(&limits, binds, traffic, None)?.finish();
    process::settle(target.pid, SETTLE_TIMEOUT)?;
    let cpu_time = process::cpu_time(target.pid)?.saturating_sub(before);
    sample(&report, cpu_time)
}

fn sample(report: &Report, cpu_time: Duration) -> Result<Sample, Failure> {
    if !report.is_complete() || !report.tally.refused.is_empty() {
        return Err(format!("not every message was accepted:\n{report}").into());
    }
    let per_cpu_second = u128::from(report.answered()) * 1000 / cpu_time.as_millis().max(1);
    Ok(Sample {
        per_second: report.per_second(),
        per_cpu_second: u64::try_from(per_cpu_second)?,
        p50: report.latency(500),
        p99: report.latency(990),
    })
}

fn shown(floor: &Sample, tollgate: &Sample) -> String {
    let (floor_rate, tollgate_rate) = (grouped(floor.per_second), grouped(tollgate.per_second));
    format!("floor {floor_rate}/s, Tollgate {tollgate_rate}/s, p50 {}", Millis(tollgate.p50))
}

/// Tollgate's share of the floor, in thousandths.
fn share_per_mille(round: &Round) -> u64 {
    round.tollgate.per_second * 1000 / round.floor.per_second.max(1)
}

/// The time by which a message took longer than a synced append right before.
fn micros_over_append(round: &Round) -> i64 {
    let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    micros(round.tollgate.p50) - micros(round.synced_append)
}

fn describe(rounds: usize, measured: &[Vec<Round>]) -> String {
    let throughput: Vec<_> =
        WORKLOADS.iter().zip(measured).map(|(workload, rounds)| row(workload, rounds)).collect();
    let headings = [
        "gateways",
        "floor, messages/s",
        "Tollgate, messages/s",
        "share of the floor",
        "Tollgate p50",
        "p99",
        "floor, messages per CPU-second",
        "Tollgate, messages per CPU-second",
    ];
    let one_in_flight = measured.last().map(Vec::as_slice).unwrap_or_default();
    let over_append = median(one_in_flight.iter().map(micros_over_append));
    format!(
        "{}.\n\nReal texts to the whole numbering plan, each answer charged and on disk; the middle of {rounds} rounds of \
         {:.1} s each, floor and Tollgate in turn. The client shares the machine. CPU time is the server's, with the \
         compactions that follow.\n\n{}\nOne message in flight: p50 {}; a synced append of 4 KiB to the same disk, right \
         before, {}; the difference is {over_append:+} µs.\n",
        machine::describe(),
        SPAN.as_secs_f64(),
        table(headings, &throughput),
        time(one_in_flight, |round| round.tollgate.p50),
        time(one_in_flight, |round| round.synced_append),
    )
}

fn row(workload: &Workload, rounds: &[Round]) -> [String; 8] {
    let of = |value: fn(&Round) -> u64| grouped(median(rounds.iter().map(value)));
    let share = median(rounds.iter().map(share_per_mille));
    [
        workload.name.to_owned(),
        of(|round| round.floor.per_second),
        of(|round| round.tollgate.per_second),
        format!("{}.{:03}", share / 1000, share % 1000),
        time(rounds, |round| round.tollgate.p50),
        time(rounds, |round| round.tollgate.p99),
        of(|round| round.floor.per_cpu_second),
        of(|round| round.tollgate.per_cpu_second),
    ]
}

fn time(rounds: &[Round], value: fn(&Round) -> Duration) -> String {
    Millis(median(rounds.iter().map(value))).to_string()
}
