//! The two simulated operators of the demo, and the configuration that hands messages to them.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::scrape;
use super::server::Server;

/// Time that a simulator has until it listens.
const READY_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that the other operator has until its first message.
const FAILOVER_TIMEOUT: Duration = Duration::from_secs(20);
/// Time between two looks at the metrics.
const LOOK_PAUSE: Duration = Duration::from_millis(1);

/// Code, name, cost of a segment, and the options of the simulator that make its behaviour.
const OPERATORS: [(&str, &str, &str, &[&str]); 2] = [
    (
        "alpha",
        "Alpha Telecom",
        "0.012",
        &["--latency-ms", "4", "--undelivered-percent", "3", "--id-format", "hex"],
    ),
    (
        "beta",
        "Beta Networks",
        "0.018",
        &["--latency-ms", "8", "--error-percent", "1", "--error-status", "0x0B"],
    ),
];

/// The line that a simulator prints once it listens.
#[derive(Deserialize)]
struct Listening {
    smpp: SocketAddr,
}

/// Times that the death of an operator cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Failover {
    /// From the operator's death to the next message of the other.
    pub away: Duration,
    /// From the operator's return to its next message.
    pub back: Duration,
}

/// Both operators, running.
pub struct Operators {
    /// The preferred one, until it is killed.
    pub first: Option<Server>,
    _second: Server,
    addresses: [SocketAddr; 2],
    directory: PathBuf,
}

impl Operators {
    /// Starts both on free ports.
    pub fn start(directory: &Path) -> Result<Self, String> {
        let [first, second] = [0, 1].map(|index| start(directory, index, None));
        let ((first, alpha), (second, beta)) = (first?, second?);
        let directory = directory.to_owned();
        Ok(Self { first: Some(first), _second: second, addresses: [alpha, beta], directory })
    }

    /// The addresses that they listen on, for people.
    pub fn shown(&self) -> String {
        let shown =
            OPERATORS.iter().zip(self.addresses).map(|((code, ..), address)| format!("{code} on {address}"));
        shown.collect::<Vec<_>>().join(", ")
    }

    /// A copy of the configuration beside `config`, with these operators in it.
    pub fn configure(&self, config: &Path) -> Result<PathBuf, String> {
        let copy = self.directory.join("config");
        let folder =
            config.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        copy_folder(folder, &copy).map_err(|error| format!("{}: {error}", folder.display()))?;
        let text = fs::read_to_string(config).map_err(|error| format!("{}: {error}", config.display()))?;
        let mut settings: toml::Table =
            text.parse().map_err(|error| format!("{}: {error}", config.display()))?;
        let table = |text: &str| text.parse::<toml::Table>().map_err(|error| error.to_string());
        settings.insert("operators".to_owned(), table("file = 'operators.toml'")?.into());
        settings.insert("routing".to_owned(), table("strategy = 'priority'\nmargin_guard = 'alert'")?.into());
        settings.insert(
            "delivery".to_owned(),
            table("unknown_outcome_seconds = 1\nhealth_sample_seconds = 1")?.into(),
        );
        let path = copy.join("tollgate.toml");
        let written = fs::write(&path, settings.to_string());
        let written = written.and_then(|()| fs::write(copy.join("operators.toml"), self.provisioning()));
        written.map_err(|error| format!("{}: {error}", copy.display()))?;
        Ok(path)
    }

    fn provisioning(&self) -> String {
        let mut text = String::new();
        for (priority, ((code, name, cost, _), address)) in OPERATORS.iter().zip(self.addresses).enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "[[operator]]\ncode = \"{code}\"\nname = \"{name}\"\nnetworks = \"all\"\ncurrency = \"USD\"\n\
                 base_cost = \"{cost}\"\npriority = {priority}\n[operator.smpp]\nhost = \"{}\"\nport = {}\n\
                 system_id = \"tollgate\"\npassword = \"secret\"\nbinds = 2\nwindow = 500\nreconnect_min_ms = 50\n\
                 reconnect_max_ms = 200\n",
                address.ip(),
                address.port(),
            );
        }
        text
    }

    /// Kills the preferred operator. The time until the other gets its next message.
    pub fn fail_over(&mut self, metrics: SocketAddr) -> Result<Duration, String> {
        let before = accepted(metrics, OPERATORS[1].0)?;
        if let Some(first) = self.first.take() {
            first.kill().map_err(|error| error.to_string())?;
        }
        until_more(metrics, OPERATORS[1].0, before)
    }

    /// Starts it again. The time until it gets a message.
    pub fn come_back(&mut self, metrics: SocketAddr) -> Result<Duration, String> {
        let before = accepted(metrics, OPERATORS[0].0)?;
        self.first = Some(start(&self.directory, 0, Some(self.addresses[0]))?.0);
        until_more(metrics, OPERATORS[0].0, before)
    }
}

fn start(
    directory: &Path,
    index: usize,
    address: Option<SocketAddr>,
) -> Result<(Server, SocketAddr), String> {
    let (code, _, _, behaviour) = OPERATORS[index];
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    let listen = address.map_or("127.0.0.1:0".to_owned(), |address| address.to_string());
    command.args(["sim", "--listen", &listen]).args(behaviour);
    let log = directory.join(format!("{code}.log"));
    let (server, line) =
        Server::start(&mut command, &log, READY_TIMEOUT).map_err(|error| error.to_string())?;
    let Listening { smpp } =
        serde_json::from_str(&line).map_err(|error| format!("{code} said {line:?}: {error}"))?;
    Ok((server, smpp))
}

fn until_more(metrics: SocketAddr, operator: &str, before: u64) -> Result<Duration, String> {
    let begun = Instant::now();
    while begun.elapsed() < FAILOVER_TIMEOUT {
        if accepted(metrics, operator)? > before {
            return Ok(begun.elapsed());
        }
        std::thread::sleep(LOOK_PAUSE);
    }
    Err(format!("{operator} got no message for {} s", FAILOVER_TIMEOUT.as_secs()))
}

fn accepted(metrics: SocketAddr, operator: &str) -> Result<u64, String> {
    let text = scrape::metrics(metrics).map_err(|error| error.to_string())?;
    let labels = format!("operator=\"{operator}\",outcome=\"accepted\"");
    Ok(scrape::value(&text, "tollgate_operator_submits_total", &labels))
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
