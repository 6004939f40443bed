//! `tollgate-tools load`: a run as the command line describes it.

use std::fs::File;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tollgate_console::say;

use super::bind::{Credentials, Mode};
use super::destinations::Destinations;
use super::limits::{Bind, Limits};
use super::record::Record;
use super::report::Report;
use super::run;
use super::traffic::{MessageOptions, Mix, Traffic};

/// Sends messages to an SMPP server as fast as it answers them, and reports throughput, latency and statuses.
#[derive(Debug, clap::Args)]
pub struct LoadCommand {
    /// The server, as HOST:PORT.
    #[arg(long, value_parser = resolve)]
    target: SocketAddr,
    /// Account to bind with; several share the binds among them.
    #[arg(long, required = true)]
    system_id: Vec<String>,
    /// One password for each account, in the same order, or one for all.
    #[arg(long, required = true)]
    password: Vec<String>,
    /// The kind of bind.
    #[arg(long, value_enum, default_value_t)]
    mode: Mode,
    /// Number of connections.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    binds: u16,
    /// Messages that one bind may have unanswered.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    window: u32,
    /// Messages of all binds together.
    #[arg(long, required_unless_present = "seconds")]
    messages: Option<u64>,
    /// Seconds for which messages are sent.
    #[arg(long)]
    seconds: Option<u64>,
    /// Messages per second of all binds together; as fast as possible if not given.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// The kind of messages.
    #[arg(long, value_enum, default_value_t)]
    mix: Mix,
    /// Sender of the messages.
    #[arg(long, default_value = "TOLLGATE")]
    source: String,
    /// The dispatch that the messages belong to, in TLV 0x1451.
    #[arg(long)]
    dispatch_id: Option<String>,
    /// Give every message an idempotency key in TLV 0x1450, and send it again if its answer is lost.
    #[arg(long)]
    idempotency_keys: bool,
    /// Ask for receipts, count them, and wait for them at the end; a missing one makes the run a failure.
    #[arg(long)]
    receipts: bool,
    /// Seconds for which the last receipts are waited for while none comes.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    receipts_wait_seconds: u64,
    /// Seconds for which a lost connection is tried again.
    #[arg(long, default_value_t = 0)]
    reconnect_seconds: u64,
    /// CSV file to which the outcome of every message is written.
    #[arg(long)]
    record: Option<PathBuf>,
    /// Seed of the messages: equal seeds make equal messages.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The numbering plan that destinations are taken from.
    #[arg(long, default_value = "config/numbering/numbering.csv")]
    numbering: PathBuf,
    /// Report as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Tag of the TLV with an idempotency key, unless the server is configured otherwise.
const KEY_TAG: u16 = 0x1450;

/// Tag of the TLV with a dispatch id, unless the server is configured otherwise.
const DISPATCH_TAG: u16 = 0x1451;

impl LoadCommand {
    /// Runs it and prints the report. Success means that every message was answered, even if by a refusal.
    pub fn run(&self) -> Result<ExitCode, Box<dyn std::error::Error>> {
        let report = self.report()?;
        if self.json {
            say!("{}", report.to_json());
        } else {
            say!("{report}");
        }
        Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn report(&self) -> Result<Report, Box<dyn std::error::Error>> {
        if self.receipts && self.mode != Mode::Transceiver {
            return Err(
                "--receipts needs --mode transceiver: no other bind sends messages and gets their receipts"
                    .into(),
            );
        }
        let plan =
            File::open(&self.numbering).map_err(|error| format!("{}: {error}", self.numbering.display()))?;
        let destinations =
            Destinations::read(plan).map_err(|error| format!("{}: {error}", self.numbering.display()))?;
        let options = MessageOptions {
            mix: self.mix,
            source: self.source.clone(),
            key_tag: self.idempotency_keys.then_some(KEY_TAG),
            dispatch: self.dispatch_id.clone().map(|id| (DISPATCH_TAG, id)),
            receipts: self.receipts,
        };
        let traffic = Arc::new(Traffic::new(&options, destinations)?);
        let record = self.record.as_deref().map(|path| {
            Record::create(path).map_err(|error| format!("the record {}: {error}", path.display()))
        });
        let record = record.transpose()?.map(Arc::new);
        let running = run::start(&self.limits()?, self.binds()?, &traffic, record.as_ref())?;
        Ok(running.finish())
    }

    fn limits(&self) -> Result<Limits, Box<dyn std::error::Error>> {
        Ok(Limits {
            window: usize::try_from(self.window)?,
            messages_per_second: self.rate,
            duration: self.seconds.map(Duration::from_secs),
            reconnect_for: Duration::from_secs(self.reconnect_seconds),
            seed: self.seed,
            keyed: self.idempotency_keys,
            receipts_wait: self.receipts.then(|| Duration::from_secs(self.receipts_wait_seconds)),
            key_run: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
            ..Limits::new(self.target)
        })
    }

    /// Binds that take the accounts in turn. The first binds send one message more where the messages do not
    /// divide evenly.
    fn binds(&self) -> Result<Vec<Bind>, String> {
        let passwords = match self.password.as_slice() {
            [one] => vec![one; self.system_id.len()],
            several if several.len() == self.system_id.len() => several.iter().collect(),
            _ => return Err("give one --password for each --system-id, or one for all".to_owned()),
        };
        let accounts: Vec<_> = self.system_id.iter().zip(passwords).collect();
        let count = u64::from(self.binds);
        let share = |index: u64| self.messages.map(|all| all / count + u64::from(index < all % count));
        let binds = accounts.iter().cycle().zip(0..count).map(|((system_id, password), index)| Bind {
            credentials: Credentials { system_id: (*system_id).clone(), password: (*password).clone() },
            mode: self.mode,
            messages: share(index),
        });
        Ok(binds.collect())
    }
}

fn resolve(target: &str) -> Result<SocketAddr, String> {
    let mut addresses = target.to_socket_addrs().map_err(|error| error.to_string())?;
    addresses.next().ok_or_else(|| "the name has no address".to_owned())
}
