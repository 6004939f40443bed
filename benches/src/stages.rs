//! The stages of one message, as Criterion has measured them: reads the estimates that `cargo bench` leaves
//! behind.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::results::table;
use crate::{Failure, machine};

/// Benchmarks in the order in which a message goes through them, with their names in the results.
const STAGES: [(&str, &str); 13] = [
    ("decode", "decode: frame and submit_sm"),
    ("numbering", "number → network"),
    ("segments", "segments"),
    ("price", "price"),
    ("debit", "debit of one hot wallet"),
    ("charge", "all of these: rate and debit"),
    ("charge_chain", "the same with two resellers above"),
    ("charge_capped", "the same with three caps"),
    ("pumping", "the detector of traffic pumping, where an account has one"),
    ("pumping_found", "the same for a range that is stepped down"),
    ("cdr_encode", "CDR encode"),
    ("commit", "commit of 1,000 in one synced write"),
    ("encode", "encode: submit_sm_resp"),
];

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// The number of messages in one iteration of a benchmark.
#[derive(Deserialize)]
struct Benchmark {
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
struct Throughput {
    #[serde(rename = "Elements")]
    messages: Option<u32>,
}

/// The last results of Criterion, in Markdown. `criterion` is its directory below the target directory.
pub fn describe(criterion: &Path) -> Result<String, Failure> {
    let mut rows = Vec::new();
    for (benchmark, title) in STAGES {
        let latest = criterion.join("stages").join(benchmark).join("new");
        let Estimates { median } = read(&latest.join("estimates.json"))?;
        let Benchmark { throughput } = read(&latest.join("benchmark.json"))?;
        let messages = throughput.and_then(|throughput| throughput.messages).unwrap_or(1);
        let nanoseconds = median.point_estimate / f64::from(messages);
        rows.push([title.to_owned(), format!("{nanoseconds:.1} ns")]);
    }
    Ok(format!(
        "{}.\n\nOne thread, real texts and numbers; the median that Criterion estimates, per message.\n\n{}",
        machine::describe(),
        table(["stage", "time"], &rows),
    ))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text =
        fs::read(path).map_err(|error| format!("{}: {error}; run `cargo bench` first", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}
