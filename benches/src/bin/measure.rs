//! Measures the daemon as a whole and writes what it finds into `RESULTS.md`.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use tollgate_benches::{
    Failure, api_load, chains, fair, fixture, memory, relay, restart, results, stages, whole_path,
};

/// Measures Tollgate and writes sections of benches/RESULTS.md.
#[derive(Parser)]
enum Measurement {
    /// Throughput and latency against the floor.
    WholePath {
        /// Number of rounds of each workload.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
    /// Messages through an operator and receipts back, and failover.
    Relay {
        /// Number of rounds of each.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Messages beside a thousand reads of the management API per second.
    ApiLoad {
        /// Number of pairs of rounds, with and without reads. Fewer than 15 tell too little to be a verdict.
        #[arg(long, default_value_t = 21)]
        rounds: usize,
    },
    /// A light account beside one at full load, at the floor and at the daemon.
    Fair {
        /// Number of rounds of each.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
    /// Messages of chains, of a thousand customers of one reseller and of accounts with caps, beside plain ones.
    Chains {
        /// Number of rounds of each.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
    /// The times of each stage that Criterion has measured.
    Stages,
    /// Memory of wallets, rates and numbering plan.
    Memory,
    /// Restart and disk with many CDRs.
    Restart {
        /// Number of CDRs.
        #[arg(long, default_value_t = 10_000_000)]
        cdrs: u64,
    },
}

impl Measurement {
    fn heading(&self) -> &'static str {
        match self {
            Self::WholePath { .. } => "Whole path",
            Self::Relay { .. } => "Relay",
            Self::ApiLoad { .. } => "API load",
            Self::Fair { .. } => "Fair shares",
            Self::Chains { .. } => "Chains and caps",
            Self::Stages => "Stages",
            Self::Memory => "Memory",
            Self::Restart { .. } => "Restart and disk",
        }
    }

    fn run(&self) -> Result<String, Failure> {
        match self {
            Self::WholePath { rounds } => whole_path::measure(*rounds),
            Self::Relay { rounds } => relay::measure(*rounds),
            Self::ApiLoad { rounds } => api_load::measure(*rounds),
            Self::Fair { rounds } => fair::measure(*rounds),
            Self::Chains { rounds } => chains::measure(*rounds),
            Self::Stages => {
                let program = std::env::current_exe()?;
                let target = program.parent().and_then(Path::parent).ok_or("not below a target directory")?;
                stages::describe(&target.join("criterion"))
            }
            Self::Memory => memory::measure(&fixture::shipped("tollgate.toml")),
            Self::Restart { cdrs } => restart::measure(*cdrs),
        }
    }
}

fn main() -> ExitCode {
    let measurement = Measurement::parse();
    let heading = measurement.heading();
    let written = measurement.run().and_then(|body| {
        println!("## {heading}\n\n{body}");
        Ok(results::replace_section(&results::path(), heading, &body)?)
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("measure: {failure}");
            ExitCode::FAILURE
        }
    }
}
