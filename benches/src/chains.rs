//! Chains and caps: what they cost beside plain accounts, in one run of one daemon.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tollgate_tools::load::figures::{Millis, grouped};
use tollgate_tools::load::{self, Limits, Mix, Traffic};

use crate::results::{median, table};
use crate::{Failure, fixture, machine, process};

/// Time for which a workload is kept up.
const SPAN: Duration = Duration::from_millis(2500);
/// Longest time for which compactions are waited for.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Time that the daemon has to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Accounts of the small groups.
const FEW: usize = 4;
/// Accounts of the large groups.
const MANY: usize = 1_000;

/// Three caps, none of which is ever reached.
const CAPS: &str = "[[account.caps]]\nname = \"hourly\"\nspan = \"hour\"\nmax_amount = \"90000000\"\nhard = true\n\
                    [[account.caps]]\nname = \"daily\"\nspan = \"day\"\nmax_messages = 900000000\nhard = true\n\
                    [[account.caps]]\nname = \"monthly\"\nspan = \"month\"\nmax_amount = \"90000000\"\nhard = true\n";

/// A group of accounts, each with one bind, and the group that it is compared with.
struct Workload {
    name: &'static str,
    group: &'static str,
    accounts: usize,
    window: usize,
    /// The place of the workload to compare with.
    beside: usize,
}

const WORKLOADS: [Workload; 5] = [
    Workload {
        name: "4 plain accounts × window 1000",
        group: "plain",
        accounts: FEW,
        window: 1000,
        beside: 0,
    },
    Workload {
        name: "4 chains of three × window 1000",
        group: "chained",
        accounts: FEW,
        window: 1000,
        beside: 0,
    },
    Workload {
        name: "4 accounts with three caps × window 1000",
        group: "capped",
        accounts: FEW,
        window: 1000,
        beside: 0,
    },
    Workload {
        name: "1,000 plain accounts × window 10",
        group: "many",
        accounts: MANY,
        window: 10,
        beside: 3,
    },
    Workload {
        name: "1,000 customers of one reseller × window 10",
        group: "hot",
        accounts: MANY,
        window: 10,
        beside: 3,
    },
];

/// One workload in one round.
#[derive(Clone, Copy)]
struct Sample {
    per_second: u64,
    per_cpu_second: u64,
    p99: Duration,
}

/// Measures this many rounds. The results in Markdown.
pub fn measure(rounds: usize) -> Result<String, Failure> {
    let traffic = fixture::traffic(Mix::Real)?;
    let directory = fixture::directory()?;
    let config = fixture::configure_accounts(directory.path(), accounts())?;
    let (server, address) = fixture::start_tollgate(directory.path(), &config)?;
    let mut measured: [Vec<Sample>; WORKLOADS.len()] = Default::default();
    for round in 0..rounds {
        for (workload, samples) in WORKLOADS.iter().zip(&mut measured) {
            let sample = drive((server.pid(), address), workload, &traffic, round)?;
            eprintln!("round {}: {}: {}/s", round + 1, workload.name, grouped(sample.per_second));
            samples.push(sample);
        }
    }
    server.stop(STOP_TIMEOUT)?;
    Ok(describe(rounds, &measured))
}

/// The accounts of all groups: resellers before their children.
fn accounts() -> impl Iterator<Item = (String, String)> {
    let named = |group: &'static str, count| (1..=count).map(move |number| format!("{group}_{number}"));
    let plain = named("plain", FEW).chain(named("many", MANY)).map(|name| (name, String::new()));
    let chains = (1..=FEW).flat_map(|number| {
        let reseller = "is_reseller = true\nchain = true\n";
        [
            (format!("top_{number}"), reseller.to_owned()),
            (format!("middle_{number}"), format!("{reseller}parent = \"top_{number}\"\n")),
            (format!("chained_{number}"), format!("parent = \"middle_{number}\"\n")),
        ]
    });
    let capped = named("capped", FEW).map(|name| (name, CAPS.to_owned()));
    let reseller = [("reseller".to_owned(), "is_reseller = true\nchain = true\n".to_owned())];
    let hot = named("hot", MANY).map(|name| (name, "parent = \"reseller\"\n".to_owned()));
    plain.chain(chains).chain(capped).chain(reseller).chain(hot)
}

fn drive(
    (pid, address): (u32, SocketAddr),
    workload: &Workload,
    traffic: &Arc<Traffic>,
    round: usize,
) -> Result<Sample, Failure> {
    let limits =
        Limits { window: workload.window, duration: Some(SPAN), seed: round as u64, ..Limits::new(address) };
    let binds = (1..=workload.accounts).map(|number| fixture::bind(format!("{}_{number}", workload.group)));
    let before = process::cpu_time(pid)?;
    let report = load::start(&limits, binds.collect(), traffic, None)?.finish();
    process::settle(pid, SETTLE_TIMEOUT)?;
    let cpu_time = process::cpu_time(pid)?.saturating_sub(before);
    if !report.is_complete() || !report.tally.refused.is_empty() {
        return Err(format!("not every message was accepted:\n{report}").into());
    }
    let per_cpu_second = u128::from(report.answered()) * 1000 / cpu_time.as_millis().max(1);
    Ok(Sample {
        per_second: report.per_second(),
        per_cpu_second: u64::try_from(per_cpu_second)?,
        p99: report.latency(990),
    })
}

fn describe(rounds: usize, measured: &[Vec<Sample>]) -> String {
    let row = |(workload, samples): (&Workload, &Vec<Sample>)| {
        let beside = measured.get(workload.beside).map(Vec::as_slice).unwrap_or_default();
        let share =
            samples.iter().zip(beside).map(|(one, other)| one.per_second * 1000 / other.per_second.max(1));
        let share = median(share);
        [
            workload.name.to_owned(),
            grouped(median(samples.iter().map(|sample| sample.per_second))),
            format!("{}.{:03}", share / 1000, share % 1000),
            Millis(median(samples.iter().map(|sample| sample.p99))).to_string(),
            grouped(median(samples.iter().map(|sample| sample.per_cpu_second))),
        ]
    };
    let rows: Vec<_> = WORKLOADS.iter().zip(measured).map(row).collect();
    let headings =
        ["accounts, a bind each", "messages/s", "share of the plain ones", "p99", "messages per CPU-second"];
    format!(
        "{}.\n\nReal texts to the whole numbering plan, each answer charged at every level and on disk; the middle of {rounds} \
         rounds of {:.1} s each. The client shares the machine.\n\n{}",
        machine::describe(),
        SPAN.as_secs_f64(),
        table(headings, &rows)
    )
}
