//! Messages beside reads of the management API: the time that an answer takes longer while the API is read a
//! thousand times a second.
//!
//! Gateways submit at a fixed rate far below what the daemon can do, with and without the readers in turn, so
//! that what else the machine does hits both alike.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tollgate_tools::load::figures::{Millis, grouped};
use tollgate_tools::load::{self, Limits, Traffic};

use crate::fixture::{self, ADMIN_EMAIL, ADMIN_PASSWORD, Ready};
use crate::http::Connection;
use crate::readers::{Readers, Reads};
use crate::results::{median, median_interval, table};
use crate::{Failure, machine, process};

/// Time for which messages are submitted in one round.
const SPAN: Duration = Duration::from_millis(2500);
/// Longest time for which compactions are waited for.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Time that the daemon has to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
const BINDS: usize = 4;
const WINDOW: usize = 1000;
/// Messages per second of all binds together.
const MESSAGES_PER_SECOND: u32 = 50_000;
const READS_PER_SECOND: u32 = 1_000;
/// The countries that the accounts send to: usage has a row for each network.
const COUNTRIES: [&str; 5] = ["KE", "UG", "TZ", "RW", "ET"];
/// The rise of p99 that is allowed, in thousandths: of the middle of all pairs, and of the upper end of its interval.
const RISE_PER_MILLE_MAX: i64 = 250;
const UPPER_PER_MILLE_MAX: i64 = 400;
/// Pairs from which on the interval is narrow enough to tell.
const PAIRS_MIN: usize = 15;

/// The figures of messages and reads in one round.
#[derive(Clone, Debug, Default)]
struct Sample {
    messages_per_second: u64,
    p50: Duration,
    p99: Duration,
    reads: Reads,
}

/// Two samples, taken one after the other in either order.
struct Round {
    alone: Sample,
    beside: Sample,
}

/// A daemon that is read and submitted to.
struct Target {
    pid: u32,
    ready: Ready,
    key: String,
    paths: Arc<[String]>,
}

/// Measures this many rounds. The results in Markdown.
pub fn measure(rounds: usize) -> Result<String, Failure> {
    let traffic = fixture::traffic_to(&COUNTRIES)?;
    let directory = fixture::directory()?;
    let config = fixture::configure_api(directory.path(), BINDS)?;
    fixture::create_admin(directory.path(), &config)?;
    let (server, ready) = fixture::start_tollgate_ready(directory.path(), &config)?;
    // From here on there is something to read, and caches are warm.
    drive(ready.smpp, &traffic, 0)?;
    let key = api_key(ready.http)?;
    let paths = paths(ready.http, &key)?;
    let target = Target { pid: server.pid(), ready, key, paths };
    let mut measured = Vec::new();
    for round in 1..=rounds {
        let seed = round as u64;
        let order = if round % 2 == 0 { [false, true] } else { [true, false] };
        let [one, other] = order.map(|reads| sample(&target, &traffic, seed, reads));
        let (one, other) = (one?, other?);
        let (alone, beside) = if round % 2 == 0 { (one, other) } else { (other, one) };
        eprintln!("round {round}: p99 alone {}, beside reads {}", Millis(alone.p99), Millis(beside.p99));
        measured.push(Round { alone, beside });
    }
    server.stop(STOP_TIMEOUT)?;
    Ok(describe(&measured))
}

/// A key that may read what is read here.
fn api_key(http: SocketAddr) -> Result<String, Failure> {
    let login = json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD });
    let tokens = Connection::new(http, None).post("/v1/auth/login", &login)?;
    let token = tokens["access_token"].as_str().ok_or("no access token")?;
    let scopes = ["accounts:read", "billing:read", "messages:read"];
    let new = json!({ "name": "api load", "scopes": scopes });
    let created = Connection::new(http, Some(token)).post("/v1/api-keys", &new)?;
    Ok(created["key"].as_str().ok_or("no key")?.to_owned())
}

/// The paths that are read in turn: of every account its balance, itself, its transactions, its usage, and
/// one CDR.
fn paths(http: SocketAddr, key: &str) -> Result<Arc<[String]>, Failure> {
    let connection = Connection::new(http, Some(key));
    let mut paths = Vec::new();
    for number in 1..=BINDS {
        let account = fixture::account_name(number);
        let page = connection.read(&format!("/v1/cdrs?account={account}&limit=1"))?;
        let id = page["items"][0]["message_id"].as_str().ok_or("the account has no CDR")?;
        paths.extend([
            format!("/v1/accounts/{account}/balance"),
            format!("/v1/accounts/{account}"),
            format!("/v1/accounts/{account}/transactions?limit=50"),
            format!("/v1/cdrs/{id}"),
            format!("/v1/accounts/{account}/usage?period=this_month"),
        ]);
    }
    Ok(paths.into())
}

fn sample(target: &Target, traffic: &Arc<Traffic>, seed: u64, reads: bool) -> Result<Sample, Failure> {
    let Target { pid, ready, key, paths } = target;
    let start = || Readers::start(ready.http, key, paths, READS_PER_SECOND);
    let readers = reads.then(start).transpose()?;
    let messages = drive(ready.smpp, traffic, seed);
    let reads = readers.map(Readers::finish).transpose()?.unwrap_or_default();
    process::settle(*pid, SETTLE_TIMEOUT)?;
    Ok(Sample { reads, ..messages? })
}

fn drive(smpp: SocketAddr, traffic: &Arc<Traffic>, seed: u64) -> Result<Sample, Failure> {
    let limits = Limits {
        window: WINDOW,
        messages_per_second: Some(MESSAGES_PER_SECOND),
        duration: Some(SPAN),
        seed,
        ..Limits::new(smpp)
    };
    let report = load::start(&limits, fixture::binds(BINDS, BINDS), traffic, None)?.finish();
    if !report.is_complete() || !report.tally.refused.is_empty() {
        return Err(format!("not every message was accepted:\n{report}").into());
    }
    let (p50, p99) = (report.latency(500), report.latency(990));
    Ok(Sample { messages_per_second: report.per_second(), p50, p99, reads: Reads::default() })
}

/// By how many thousandths p99 was higher beside the reads.
fn rise_per_mille(round: &Round) -> i64 {
    let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    let alone = micros(round.alone.p99).max(1);
    (micros(round.beside.p99) - alone).saturating_mul(1000) / alone
}

fn describe(rounds: &[Round]) -> String {
    let headings = ["API", "messages/s", "answer p50", "p99", "reads/s", "read p50", "p99"];
    let row = |name: &str, sample: fn(&Round) -> &Sample| {
        let grouped_median =
            |value: fn(&Sample) -> u64| grouped(median(rounds.iter().map(|round| value(sample(round)))));
        let time = |value: fn(&Sample) -> Duration| {
            Millis(median(rounds.iter().map(|round| value(sample(round))))).to_string()
        };
        let has_reads = rounds.iter().any(|round| sample(round).reads.count > 0);
        let or_none = |text: String| if has_reads { text } else { "none".to_owned() };
        [
            name.to_owned(),
            grouped_median(|sample| sample.messages_per_second),
            time(|sample| sample.p50),
            time(|sample| sample.p99),
            or_none(grouped_median(|sample| sample.reads.per_second)),
            or_none(time(|sample| sample.reads.latency(500))),
            or_none(time(|sample| sample.reads.latency(990))),
        ]
    };
    let rows = [row("at rest", |round| &round.alone), row("read all the time", |round| &round.beside)];
    let verdict = verdict(rounds);
    format!(
        "{}.\n\n{BINDS} binds × window {WINDOW}, an account each, {} messages/s in all to the networks of {} countries; {} pairs of rounds of {:.1} s each, with \
         and without {} reads/s in turn; the table has the middle of all. Balance, account, transactions, CDR and usage are read one after the \
         other over kept connections with an API key; a read's time begins when it is due. Gateways and readers share \
         the machine with the daemon.\n\n{}\n{verdict}\n",
        machine::describe(),
        grouped(MESSAGES_PER_SECOND.into()),
        COUNTRIES.len(),
        rounds.len(),
        SPAN.as_secs_f64(),
        grouped(READS_PER_SECOND.into()),
        table(headings, &rows),
    )
}

/// Thousandths in percent, with their sign.
fn percent(per_mille: i64) -> String {
    let sign = if per_mille < 0 { '−' } else { '+' };
    format!("{sign}{}.{} %", per_mille.abs() / 10, per_mille.abs() % 10)
}

/// The rise of p99 over all pairs, with the interval of its middle, and whether the limits are kept.
fn verdict(rounds: &[Round]) -> String {
    let rises: Vec<i64> = rounds.iter().map(rise_per_mille).collect();
    let middle = median(rises.iter().copied());
    let (least, most) = (rises.iter().min().copied(), rises.iter().max().copied());
    let interval = median_interval(rises.iter().copied());
    let told = match interval {
        Some((low, high)) => format!("{} to {} with 95 % certainty", percent(low), percent(high)),
        None => "too few pairs for an interval".to_owned(),
    };
    let kept = match interval {
        _ if rises.len() < PAIRS_MIN => format!("Fewer than {PAIRS_MIN} pairs tell nothing of the limits"),
        Some((_, high)) if middle <= RISE_PER_MILLE_MAX && high <= UPPER_PER_MILLE_MAX => {
            "The limits are kept".to_owned()
        }
        _ => "The limits are not kept".to_owned(),
    };
    format!(
        "p99 of submit_sm beside the reads, the middle of {} pairs: {} ({told}; single pairs from {} to {}). {kept}: {} for \
         the middle, {} for the upper end of the interval.",
        rises.len(),
        percent(middle),
        percent(least.unwrap_or_default()),
        percent(most.unwrap_or_default()),
        percent(RISE_PER_MILLE_MAX),
        percent(UPPER_PER_MILLE_MAX),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(alone_micros: u64, beside_micros: u64) -> Round {
        let sample = |micros| Sample { p99: Duration::from_micros(micros), ..Sample::default() };
        Round { alone: sample(alone_micros), beside: sample(beside_micros) }
    }

    #[test]
    fn the_rise_is_told_with_its_sign() {
        assert_eq!(rise_per_mille(&round(1_000, 1_100)), 100);
        assert_eq!(rise_per_mille(&round(1_000, 900)), -100);
        let text = describe(&[round(1_000, 1_100), round(1_000, 1_300), round(1_000, 900)]);
        let few = "+10.0 % (too few pairs for an interval; single pairs from −10.0 % to +30.0 %). Fewer than 15 pairs tell";
        assert!(text.contains(few), "{text}");
    }

    #[test]
    fn the_limits_are_for_the_middle_and_for_the_end_of_its_interval() {
        let verdict_of = |beside: [u64; 3]| {
            let of_each = beside.into_iter().flat_map(|beside| (0..5).map(move |_| round(1_000, beside)));
            verdict(&of_each.collect::<Vec<_>>())
        };
        let text = verdict_of([900, 1_100, 1_200]);
        let told =
            "the middle of 15 pairs: +10.0 % (−10.0 % to +20.0 % with 95 % certainty; single pairs from";
        assert!(text.contains(told) && text.contains("The limits are kept: +25.0 %"), "{text}");
        assert!(verdict_of([900, 1_260, 1_300]).contains("are not kept"), "the middle is above its limit");
        assert!(
            verdict_of([900, 1_100, 1_500]).contains("are not kept"),
            "the interval reaches above its own"
        );
    }
}
