//! The relay: gateway → daemon → simulated operator → receipt → gateway, beside charge-only; and the time for
//! which a dead operator delays messages.
//!
//! Gateway, daemon and operator share the machine. A message counts once its receipt is back at its gateway.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tollgate_tools::demo::scrape;
use tollgate_tools::demo::server::Server;
use tollgate_tools::load::figures::{Millis, grouped};
use tollgate_tools::load::{self, Limits, Mix, Running, Traffic};

use crate::results::{median, table};
use crate::{Failure, fixture, machine, process};

/// Time for which messages are submitted in one round.
const SPAN: Duration = Duration::from_millis(2500);
/// Time for which the last receipts are waited for while none comes.
const RECEIPTS_WAIT: Duration = Duration::from_secs(30);
const SETTLE_TIMEOUT: Duration = Duration::from_secs(20);
const BINDS: usize = 4;
const WINDOW: usize = 1000;
/// Messages per second while operators die and come back.
const FAILOVER_RATE: u32 = 2_000;
/// Time that an operator has until its first message.
const FAILOVER_TIMEOUT: Duration = Duration::from_secs(30);
/// Time between two looks at the metrics.
const LOOK_PAUSE: Duration = Duration::from_millis(2);

/// The figures of one round.
#[derive(Clone, Copy, Default)]
struct Sample {
    per_second: u64,
    per_cpu_second: u64,
    p50: Duration,
    p99: Duration,
}

/// Times from an operator's death to the other's first message, and from its return to its own first message.
#[derive(Clone, Copy, Default)]
struct Failover {
    away: Duration,
    back: Duration,
    receipts_missing: u64,
    possible_duplicates: u64,
}

/// Measures this many rounds. The results in Markdown.
pub fn measure(rounds: usize) -> Result<String, Failure> {
    let (mut charged, mut relayed, mut failovers) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        charged.push(charge_only(round)?);
        relayed.push(relay(round)?);
        failovers.push(failover(round)?);
        eprintln!("round {}: {}", round + 1, shown(&charged, &relayed, &failovers));
    }
    Ok(describe(rounds, &charged, &relayed, &failovers))
}

fn charge_only(round: usize) -> Result<Sample, Failure> {
    let directory = fixture::directory()?;
    let config = fixture::configure(directory.path(), BINDS)?;
    let (server, smpp) = fixture::start_tollgate(directory.path(), &config)?;
    let running = start(smpp, &fixture::traffic(Mix::Real)?, round, None)?;
    finish(running, &server, false)
}

fn relay(round: usize) -> Result<Sample, Failure> {
    let directory = fixture::directory()?;
    let (_operator, operator) = fixture::start_sim(directory.path(), "alpha", None)?;
    let config = fixture::configure_operators(directory.path(), BINDS, &[("alpha", operator)])?;
    let (server, smpp) = fixture::start_tollgate(directory.path(), &config)?;
    let running = start(smpp, &fixture::traffic_with_receipts(Mix::Real)?, round, None)?;
    finish(running, &server, true)
}

fn start(
    target: SocketAddr,
    traffic: &Arc<Traffic>,
    round: usize,
    rate: Option<u32>,
) -> Result<Running, Failure> {
    let limits = Limits {
        window: WINDOW,
        messages_per_second: rate,
        duration: Some(SPAN),
        seed: round as u64,
        receipts_wait: Some(RECEIPTS_WAIT),
        ..Limits::new(target)
    };
    Ok(load::start(&limits, fixture::binds(BINDS, BINDS), traffic, None)?)
}

fn finish(running: Running, server: &Server, receipts: bool) -> Result<Sample, Failure> {
    let report = running.finish();
    let back = report.receipts.filter(|_| receipts);
    if !report.tally.failures.is_empty() || back.is_some_and(|receipts| receipts.outstanding > 0) {
        return Err(format!("not every message came through:\n{report}").into());
    }
    process::settle(server.pid(), SETTLE_TIMEOUT)?;
    let cpu_time = process::cpu_time(server.pid())?.as_millis().max(1);
    let elapsed = back.map_or(report.elapsed, |receipts| receipts.elapsed).as_millis().max(1);
    let per = |time: u128| u64::try_from(u128::from(report.answered()) * 1000 / time);
    Ok(Sample {
        per_second: per(elapsed)?,
        per_cpu_second: per(cpu_time)?,
        p50: report.latency(500),
        p99: report.latency(990),
    })
}

/// Two operators, the first preferred: it is killed under load, and comes back.
fn failover(round: usize) -> Result<Failover, Failure> {
    let directory = fixture::directory()?;
    let (first, alpha) = fixture::start_sim(directory.path(), "alpha", None)?;
    let (_second, beta) = fixture::start_sim(directory.path(), "beta", None)?;
    let config = fixture::configure_operators(directory.path(), BINDS, &[("alpha", alpha), ("beta", beta)])?;
    let (_server, ready) = fixture::start_tollgate_ready(directory.path(), &config)?;
    let traffic = fixture::traffic_with_receipts(Mix::Real)?;
    let limits = Limits {
        window: WINDOW,
        messages_per_second: Some(FAILOVER_RATE),
        duration: Some(SPAN * 3),
        seed: round as u64,
        receipts_wait: Some(RECEIPTS_WAIT),
        ..Limits::new(ready.smpp)
    };
    let running = load::start(&limits, fixture::binds(BINDS, BINDS), &traffic, None)?;
    until_more(ready.metrics, "alpha", 0)?;
    let before = accepted(ready.metrics, "beta")?;
    first.kill()?;
    let away = until_more(ready.metrics, "beta", before)?;
    let before = accepted(ready.metrics, "alpha")?;
    let (_first, _) = fixture::start_sim(directory.path(), "alpha", Some(alpha))?;
    let back = until_more(ready.metrics, "alpha", before)?;
    let report = running.finish();
    let metrics = scrape::metrics(ready.metrics)?;
    let duplicates = scrape::by_label(&metrics, "tollgate_possible_duplicates_total");
    Ok(Failover {
        away,
        back,
        receipts_missing: report.receipts.map_or(0, |receipts| receipts.outstanding),
        possible_duplicates: duplicates.iter().map(|(_, count)| count).sum(),
    })
}

/// The time until an operator has accepted more messages than `before`.
fn until_more(metrics: SocketAddr, operator: &str, before: u64) -> Result<Duration, Failure> {
    let begun = Instant::now();
    while begun.elapsed() < FAILOVER_TIMEOUT {
        if accepted(metrics, operator)? > before {
            return Ok(begun.elapsed());
        }
        std::thread::sleep(LOOK_PAUSE);
    }
    Err(format!("{operator} got no message for {} s", FAILOVER_TIMEOUT.as_secs()).into())
}

fn accepted(metrics: SocketAddr, operator: &str) -> Result<u64, Failure> {
    let text = scrape::metrics(metrics)?;
    let series = format!("tollgate_operator_submits_total{{operator=\"{operator}\",outcome=\"accepted\"}} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&series)).unwrap_or("0");
    Ok(value.trim().parse()?)
}

fn shown(charged: &[Sample], relayed: &[Sample], failovers: &[Failover]) -> String {
    let rate = |samples: &[Sample]| grouped(samples.last().map_or(0, |sample| sample.per_second));
    let failover = failovers.last().copied().unwrap_or_default();
    format!(
        "charge-only {}/s, relay {}/s, failover {}, back {}",
        rate(charged),
        rate(relayed),
        Millis(failover.away),
        Millis(failover.back)
    )
}

fn describe(rounds: usize, charged: &[Sample], relayed: &[Sample], failovers: &[Failover]) -> String {
    let headings = ["path", "messages/s", "messages per CPU-second of the daemon", "answer p50", "p99"];
    let row = |name: &str, samples: &[Sample]| {
        [
            name.to_owned(),
            grouped(median(samples.iter().map(|sample| sample.per_second))),
            grouped(median(samples.iter().map(|sample| sample.per_cpu_second))),
            Millis(median(samples.iter().map(|sample| sample.p50))).to_string(),
            Millis(median(samples.iter().map(|sample| sample.p99))).to_string(),
        ]
    };
    let rows = [
        row("charge only: submit → durable debit, CDR → response", charged),
        row("relay: the same → operator → receipt → gateway", relayed),
    ];
    let of = |value: fn(&Failover) -> Duration| {
        let longest = failovers.iter().map(value).max().unwrap_or_default();
        format!("{} (longest {})", Millis(median(failovers.iter().map(value))), Millis(longest))
    };
    format!(
        "{}.\n\n{BINDS} binds × window {WINDOW}, an account each; one operator with two binds × window 1000 and a receipt \
         for every message; the middle of {rounds} rounds of {:.1} s of submits. The rate is that of messages whose \
         receipt is back at the gateway. Gateways and operator share the machine with the daemon.\n\n{}\n\
         Failover at {} messages/s: from `kill -9` of the preferred operator to the first message that the other has \
         accepted {}; from its return to the first message it accepts again {}. Messages of unknown outcome sent \
         again in one round: at most {}; receipts that died with the operator: at most {}.\n",
        machine::describe(),
        SPAN.as_secs_f64(),
        table(headings, &rows),
        grouped(u64::from(FAILOVER_RATE)),
        of(|failover| failover.away),
        of(|failover| failover.back),
        failovers.iter().map(|failover| failover.possible_duplicates).max().unwrap_or_default(),
        failovers.iter().map(|failover| failover.receipts_missing).max().unwrap_or_default(),
    )
}
