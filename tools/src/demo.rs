//! `tollgate-tools demo`: the main job, end to end, on the shipped configuration and a temporary data directory.
//!
//! The daemon and two simulated operators run as processes of their own; gateways bind over TCP, submit, and are refused
//! where they should be. Midway the preferred operator is killed, and later it comes back. Then the daemon is stopped, and its books are read by the commands that an operator would use. Nothing is left
//! behind, neither process nor directory, however the demo ends.

mod books;
mod evidence;
mod operators;
pub mod scrape;
pub mod server;
mod summary;
mod table;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Deserialize;

use crate::load;
use crate::load::figures::{Millis, grouped};
use crate::load::{
    Bind, Credentials, Destinations, Limits, MessageOptions, Mix, Mode, Record, Report, Running, Traffic,
};
use operators::Operators;
use server::Server;
use tollgate_provisioning as config;

/// How long the daemon may take to read its configuration and open its data directory.
const READY_TIMEOUT: Duration = Duration::from_mins(1);

/// How long the daemon may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Unanswered messages of each bind; what many providers allow.
const WINDOW: usize = 100;

/// Between looks at the progress.
const PROGRESS_PAUSE: Duration = Duration::from_millis(20);

/// The sample accounts, and what each sends of a hundred messages, over two binds. The second gets through its
/// money before it gets through its messages.
const ACCOUNTS: [(&str, &str, u64); 2] = [("biz_test_001", "secret01", 35), ("biz_test_002", "secret02", 65)];

/// Messages that are submitted where it is not allowed, on a bind that is for receiving.
const MESSAGES_ON_RECEIVER: u64 = 25;

/// Starts the daemon and two operators on temporary data, sends real texts through them, kills one operator midway, and
/// checks the books.
#[derive(Debug, clap::Args)]
pub struct DemoCommand {
    /// Messages to submit.
    #[arg(long, default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(1000..=10_000_000))]
    messages: u64,
}

/// What the daemon prints when it is ready.
#[derive(Deserialize)]
struct Ready {
    smpp: SocketAddr,
    metrics: SocketAddr,
    pid: u32,
}

impl DemoCommand {
    /// Runs it. Success means that every acknowledged message has its CDR and the books balance.
    pub fn run(&self, config: &Path) -> Result<(), String> {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&interrupted))
                .map_err(|error| error.to_string())?;
        }
        let directory = tempfile::Builder::new().prefix("tollgate-demo-").tempdir();
        let directory = directory.map_err(|error| format!("no temporary directory: {error}"))?;
        let loaded = config::load(config).map_err(|problems| problems.to_string())?;
        let account_ids: BTreeMap<String, String> = loaded
            .provisioning
            .accounts
            .iter()
            .map(|provisioned| (provisioned.system_id.to_string(), provisioned.account.id.to_string()))
            .collect();
        let scene = Scene {
            config,
            directory: directory.path(),
            numbering: config.with_file_name(&loaded.settings.tariff.numbering),
            account_ids,
            interrupted: &interrupted,
        };
        scene.play(self.messages)
    }
}

/// The program `tollgate`, which is installed beside this one.
fn daemon_program() -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = this.with_file_name("tollgate");
    if program.is_file() {
        return Ok(program);
    }
    Err(format!("the program {} is missing: build it or install it there", program.display()))
}

/// Messages per second: slow enough to watch an operator die.
const RATE: u32 = 5_000;

/// How long the last receipts are waited for while none comes: those of a dead operator never do.
const RECEIPTS_WAIT: Duration = Duration::from_secs(3);

/// What the death of an operator cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Failover {
    /// Until the other had the next message.
    pub away: Duration,
    /// From its return to its next message.
    pub back: Duration,
}

/// Where the demo takes place.
struct Scene<'a> {
    config: &'a Path,
    directory: &'a Path,
    numbering: PathBuf,
    /// Account ids by system id.
    account_ids: BTreeMap<String, String>,
    interrupted: &'a AtomicBool,
}

impl Scene<'_> {
    fn play(&self, messages: u64) -> Result<(), String> {
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
        let program = daemon_program()?;
        let mut command = Command::new(program);
        command.arg("--config").arg(config).arg("run").arg("--data-dir").arg(self.data_dir());
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

    /// Reads the books, prints what they say, and judges.
    fn conclude(&self, report: &Report, failover: &Failover, metrics: &str) -> Result<(), String> {
        let refusals = scrape::by_label(metrics, "tollgate_refusals_total");
        let data_dir = self.data_dir();
        let charged = books::charged_messages(self.config, &data_dir)?;
        let wallets = books::wallets(&data_dir)?;
        let evidence = evidence::compare(&self.record(), &charged, &self.account_ids);
        let evidence = evidence.map_err(|error| error.to_string())?;
        let verdict = books::verify(self.config, &data_dir)?;
        for table in [
            summary::performance(report),
            summary::charges_by_network(&charged),
            summary::refusals_by_reason(&refusals, report),
            summary::answers_by_status(report),
            summary::operators(&charged, metrics),
            summary::delivery(report, failover, metrics),
            summary::wallets(&wallets, &charged),
            summary::evidence(&evidence),
        ] {
            print!("\n{table}");
        }
        println!("\n{}", verdict.line);
        match (evidence.is_sound(), verdict.balances) {
            (true, true) => Ok(()),
            (false, _) => Err("the CDRs are not those of the acknowledged messages".to_owned()),
            (true, false) => Err("the books do not balance".to_owned()),
        }
    }
}

fn binds(messages: u64) -> Vec<Bind> {
    let bind = |(system_id, password): (&str, &str), mode, messages| Bind {
        credentials: Credentials { system_id: system_id.to_owned(), password: password.to_owned() },
        mode,
        messages: Some(messages),
    };
    let mut binds = Vec::new();
    for (system_id, password, percent) in ACCOUNTS {
        let each = (messages * percent).div_ceil(100).div_ceil(2);
        binds.extend([each; 2].map(|each| bind((system_id, password), Mode::Transceiver, each)));
    }
    let [(system_id, password, _), _] = ACCOUNTS;
    binds.push(bind((system_id, password), Mode::Receiver, MESSAGES_ON_RECEIVER));
    binds
}

/// What happens to the preferred operator, and when.
enum Event {
    /// It is killed.
    Half,
    /// It comes back.
    ThreeQuarters,
}

/// Shows how far it is, as a bar on a terminal and as a few lines elsewhere, until it is over or interrupted.
fn watch(
    running: &Running,
    total: u64,
    interrupted: &AtomicBool,
    mut happen: impl FnMut(Event) -> Result<Duration, String>,
) -> Result<Failover, String> {
    let terminal = std::io::stderr().is_terminal();
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    if let Ok(style) =
        ProgressStyle::with_template("  submitting  {bar:40} {human_pos} of {human_len}, {eta} left")
    {
        bar.set_style(style);
    }
    let (mut quarters_shown, mut failover) = (0, Failover::default());
    while !running.is_finished() {
        if interrupted.load(Ordering::Relaxed) {
            running.stop();
        }
        let answered = running.answered();
        bar.set_position(answered);
        let quarters = answered * 4 / total.max(1);
        if quarters > quarters_shown {
            if !terminal {
                say("submitting", &format!("{} of {}", grouped(answered), grouped(total)));
            }
            if quarters_shown < 2 && quarters >= 2 {
                failover.away = happen(Event::Half)?;
                bar.suspend(|| {
                    say("kill -9", &format!("alpha; beta took over in {}", Millis(failover.away)));
                });
            }
            if quarters_shown < 3 && quarters >= 3 {
                failover.back = happen(Event::ThreeQuarters)?;
                bar.suspend(|| {
                    say("restart", &format!("alpha; it had a message in {}", Millis(failover.back)));
                });
            }
            quarters_shown = quarters;
        }
        thread::sleep(PROGRESS_PAUSE);
    }
    bar.finish_and_clear();
    say("submitted", &format!("{} of {}", grouped(running.answered()), grouped(total)));
    Ok(failover)
}

fn say(step: &str, what: &str) {
    println!("  {step:<10}  {what}");
}
