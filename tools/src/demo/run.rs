//! The steps of the demo, one after the other.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Deserialize;
use tollgate_console::output;

use super::books::Books;
use super::gateways::binds;
use super::operators::{Failover, Operators};
use super::program::Program;
use super::progress::{Event, say, watch};
use super::server::Server;
use super::{evidence, scrape, summary};
use crate::load;
use crate::load::figures::grouped;
use crate::load::{Destinations, Limits, MessageOptions, Mix, Record, Report, Traffic};

/// Time that the daemon has to read its configuration and open its data directory.
const READY_TIMEOUT: Duration = Duration::from_mins(1);

/// Time that the daemon has to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Unanswered messages of each bind; as many as many providers allow.
const WINDOW: usize = 100;

/// Messages per second: slow enough to watch an operator die.
const RATE: u32 = 5_000;

/// Time for which the last receipts are waited for while none comes: those of a dead operator never do.
const RECEIPTS_WAIT: Duration = Duration::from_secs(3);

/// The line that the daemon prints when it is ready.
#[derive(Deserialize)]
struct Ready {
    smpp: SocketAddr,
    metrics: SocketAddr,
    pid: u32,
}

/// One demo on a temporary directory.
pub struct Demo<'a> {
    /// The program `tollgate`.
    pub program: &'a Program,
    /// The configuration that the demo starts from.
    pub config: &'a Path,
    /// The temporary directory.
    pub directory: &'a Path,
    /// The file with the numbering plan.
    pub numbering: PathBuf,
    /// Account ids by system id.
    pub account_ids: BTreeMap<String, String>,
    /// True once the demo is to end early.
    pub interrupted: &'a AtomicBool,
}

impl Demo<'_> {
    /// Starts everything, sends `messages`, stops the daemon and judges its books.
    pub fn run(&self, messages: u64) -> Result<(), String> {
        let mut operators = Operators::start(self.directory)?;
        say("operators", &operators.shown());
        let (server, ready) = self.start_daemon(&operators.configure(self.config)?)?;
        say("daemon", &format!("process {} is ready, SMPP on {}", ready.pid, ready.smpp));
        let (report, failover) = self.submit(&ready, messages, &mut operators)?;
        let metrics = scrape::metrics(ready.metrics).map_err(|error| error.to_string())?;
        let took = server.stop(STOP_TIMEOUT).map_err(|error| error.to_string())?;
        say("stop", &format!("SIGTERM, exit code 0 after {:.2} s", took.as_secs_f64()));
        self.conclude(&report, &failover, &metrics)
    }

    fn start_daemon(&self, config: &Path) -> Result<(Server, Ready), String> {
        let mut command = self.program.command(config);
        command.arg("run").arg("--data-dir").arg(self.data_dir());
        for listener in ["--smpp-listen", "--http-listen", "--metrics-listen"] {
            command.args([listener, "127.0.0.1:0"]);
        }
        let log = self.directory.join("daemon.log");
        let (server, line) =
            Server::start(&mut command, &log, READY_TIMEOUT).map_err(|error| error.to_string())?;
        let ready =
            serde_json::from_str(&line).map_err(|error| format!("the daemon said {line:?}: {error}"))?;
        Ok((server, ready))
    }

    fn data_dir(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn record(&self) -> PathBuf {
        self.directory.join("record.csv")
    }

    /// Lets the gateways submit everything, and waits until everything is answered.
    fn submit(
        &self,
        ready: &Ready,
        messages: u64,
        operators: &mut Operators,
    ) -> Result<(Report, Failover), String> {
        let shown = |error: &dyn std::fmt::Display| format!("{}: {error}", self.numbering.display());
        let plan = File::open(&self.numbering).map_err(|error| shown(&error))?;
        let destinations = Destinations::read(plan).map_err(|error| shown(&error))?;
        let (mix, source) = (Mix::Flawed, "TOLLGATE".to_owned());
        let options = MessageOptions { mix, source, receipts: true, ..MessageOptions::default() };
        let traffic = Arc::new(Traffic::new(&options, destinations).map_err(|error| error.to_string())?);
        let record = Arc::new(Record::create(&self.record()).map_err(|error| error.to_string())?);
        let limits = Limits {
            window: WINDOW,
            messages_per_second: Some(RATE),
            receipts_wait: Some(RECEIPTS_WAIT),
            ..Limits::new(ready.smpp)
        };
        let binds = binds(messages);
        let total = binds.iter().filter_map(|bind| bind.messages).sum();
        say(
            "gateways",
            &format!("{} transceivers and a receiver, {} messages", binds.len() - 1, grouped(total)),
        );
        let running =
            load::start(&limits, binds, &traffic, Some(&record)).map_err(|error| error.to_string())?;
        let failover = watch(&running, total, self.interrupted, |event| match event {
            Event::Half => operators.fail_over(ready.metrics),
            Event::ThreeQuarters => operators.come_back(ready.metrics),
        });
        let report = running.finish();
        let failover = failover?;
        match report.tally.failures.as_slice() {
            _ if self.interrupted.load(Ordering::Relaxed) => Err("interrupted".to_owned()),
            [] if report.tally.unknown == 0 => Ok((report, failover)),
            failures => Err(format!("not everything was answered: {}", failures.join("; "))),
        }
    }

    /// Reads the books, prints a summary of them, and judges.
    fn conclude(&self, report: &Report, failover: &Failover, metrics: &str) -> Result<(), String> {
        let refusals = scrape::by_label(metrics, "tollgate_refusals_total");
        let data_dir = self.data_dir();
        let books = Books { program: self.program, config: self.config, data_dir: &data_dir };
        let charged = books.charged_messages()?;
        let evidence = evidence::compare(&self.record(), &charged, &self.account_ids);
        let evidence = evidence.map_err(|error| error.to_string())?;
        let verified = books.verify();
        for table in [
            summary::performance(report),
            summary::charges_by_network(&charged),
            summary::refusals_by_reason(&refusals, report),
            summary::answers_by_status(report),
            summary::operators(&charged, metrics),
            summary::delivery(report, failover, metrics),
        ] {
            output::write(format_args!("\n{table}"));
        }
        if let Ok(counts) = &verified {
            output::write(format_args!("\n{}", summary::wallets(&counts.accounts, &charged)));
        }
        output::write(format_args!("\n{}", summary::evidence(&evidence)));
        tollgate_console::say!("\n{}", verified?.line());
        if evidence.is_sound() {
            Ok(())
        } else {
            Err("the CDRs are not those of the acknowledged messages".to_owned())
        }
    }
}
