//! Servers to measure: the floor, and the daemon with rich accounts and the whole numbering plan.

use std::fmt::Write as _;
use std::fs;
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tollgate_provisioning::passwords;
use tollgate_tools::demo::server::Server;
use tollgate_tools::load::{Bind, Credentials, Destinations, MessageOptions, Mix, Mode, Traffic};

use crate::Failure;

const PASSWORD: &str = "measure";

/// The e-mail address of the admin of the management API.
pub const ADMIN_EMAIL: &str = "measure@example.com";
/// The password of that admin.
pub const ADMIN_PASSWORD: &str = "a staple for 3 horses";

/// Time that a server has to be ready, with ten million CDRs or a million accounts.
const READY_TIMEOUT: Duration = Duration::from_mins(5);

/// A file of the configuration that is shipped.
pub fn shipped(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(file)
}

/// A file that is shipped, as a string of TOML.
fn quoted(file: &str) -> String {
    format!("{:?}", shipped(file).to_string_lossy())
}

/// Another binary of this workspace, which lies where this one does.
pub fn binary(name: &str) -> Result<PathBuf, Failure> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!("{} is not there: build it first", path.display()).into())
    }
}

/// A directory for data and configuration on a real disk, beside the binaries. It goes away when dropped.
pub fn directory() -> Result<tempfile::TempDir, Failure> {
    let binaries = binary("measure")?;
    let parent = binaries.parent().ok_or("no directory")?;
    if crate::disk::is_memory(parent)? {
        return Err(format!("{} is in memory, where a sync measures nothing", parent.display()).into());
    }
    Ok(tempfile::Builder::new().prefix("measure-").tempdir_in(parent)?)
}

/// The messages that the load generator sends: texts to the whole numbering plan.
pub fn traffic(mix: Mix) -> Result<Arc<Traffic>, Failure> {
    traffic_of(mix, false)
}

/// The same, with a receipt asked for each.
pub fn traffic_with_receipts(mix: Mix) -> Result<Arc<Traffic>, Failure> {
    traffic_of(mix, true)
}

/// Real texts to the networks of a few countries, as one business sends them, by their ISO 3166-1 alpha-2.
pub fn traffic_to(countries: &[&str]) -> Result<Arc<Traffic>, Failure> {
    let plan = fs::read_to_string(shipped("numbering/numbering.csv"))?;
    let is_there = |row: &str| row.split(',').nth(3).is_some_and(|country| countries.contains(&country));
    let rows = plan.lines().enumerate().filter(|(place, row)| *place == 0 || is_there(row));
    let rows: String = rows.flat_map(|(_, row)| [row, "\n"]).collect();
    traffic_from(Mix::Real, false, Destinations::read(rows.as_bytes())?)
}

fn traffic_of(mix: Mix, receipts: bool) -> Result<Arc<Traffic>, Failure> {
    let plan = File::open(shipped("numbering/numbering.csv"))?;
    traffic_from(mix, receipts, Destinations::read(plan)?)
}

fn traffic_from(mix: Mix, receipts: bool, to: Destinations) -> Result<Arc<Traffic>, Failure> {
    let options =
        MessageOptions { mix, source: "TOLLGATE".to_owned(), receipts, ..MessageOptions::default() };
    Ok(Arc::new(Traffic::new(&options, to)?))
}

/// Binds of the accounts `1` to `accounts` in turn.
pub fn binds(count: usize, accounts: usize) -> Vec<Bind> {
    (0..count).map(|index| bind(account_name(1 + index % accounts))).collect()
}

/// Binds of one account.
pub fn binds_of(account: usize, count: usize) -> Vec<Bind> {
    (0..count).map(|_| bind(account_name(account))).collect()
}

/// A bind of an account.
pub fn bind(account: String) -> Bind {
    let credentials = Credentials { system_id: account, password: PASSWORD.to_owned() };
    Bind { credentials, mode: Mode::Transceiver, messages: None }
}

/// The name of an account, counted from 1.
pub fn account_name(number: usize) -> String {
    format!("account_{number}")
}

/// Writes a configuration with this many accounts, whose money does not run out, and says where it is.
pub fn configure(directory: &Path, accounts: usize) -> Result<PathBuf, Failure> {
    configure_accounts(directory, (1..=accounts).map(|number| (account_name(number), String::new())))
}

/// The same with accounts of these names, each with further keys.
pub fn configure_accounts(
    directory: &Path,
    accounts: impl Iterator<Item = (String, String)>,
) -> Result<PathBuf, Failure> {
    let settings = format!(
        "watch_files = false\n[tariff]\nplans = {}\naccounts = \"accounts.toml\"\nrates = [{}]\n\
         numbering = {}\nnetworks = {}\ncountries = {}\n",
        quoted("plans.toml"),
        quoted("rates/samples.csv"),
        quoted("numbering/numbering.csv"),
        quoted("numbering/networks.csv"),
        quoted("numbering/countries.csv"),
    );
    let hash = passwords::hash(PASSWORD.as_bytes())?;
    let mut text = String::new();
    let hash = hash.as_str();
    for (name, further) in accounts {
        writeln!(
            text,
            "[[account]]\nid = \"{name}\"\npassword_hash = \"{hash}\"\nplan = \"professional\"\n\
             opening_balance = \"100000000.00\"\nmax_binds = 100\n{further}"
        )?;
    }
    fs::write(directory.join("accounts.toml"), text)?;
    let path = directory.join("tollgate.toml");
    fs::write(&path, settings)?;
    Ok(path)
}

/// The same for a management API that is asked as often as can be.
pub fn configure_api(directory: &Path, accounts: usize) -> Result<PathBuf, Failure> {
    let path = configure(directory, accounts)?;
    let mut settings = fs::read_to_string(&path)?;
    settings.push_str("[api]\nrequests_per_second = 1000000\nrequests_burst = 1000000\n");
    fs::write(&path, settings)?;
    Ok(path)
}

/// Makes the first admin in the books that [`start_tollgate`] uses; the daemon must not run.
pub fn create_admin(directory: &Path, config: &Path) -> Result<(), Failure> {
    let mut command = Command::new(binary("tollgate")?);
    command.arg("--config").arg(config).args(["admin", "create", "--email", ADMIN_EMAIL, "--data-dir"]);
    command.arg(data_dir(directory));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    writeln!(stdin, "{ADMIN_PASSWORD}")?;
    drop(stdin);
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(format!("no admin could be made: {status}").into()) }
}

/// The same with operators at these addresses, the first preferred.
pub fn configure_operators(
    directory: &Path,
    accounts: usize,
    operators: &[(&str, SocketAddr)],
) -> Result<PathBuf, Failure> {
    let path = configure(directory, accounts)?;
    let mut settings = fs::read_to_string(&path)?;
    settings.push_str("[operators]\nfile = \"operators.toml\"\n[delivery]\nunknown_outcome_seconds = 2\n");
    fs::write(&path, settings)?;
    let mut text = String::new();
    for (priority, (code, address)) in operators.iter().enumerate() {
        writeln!(
            text,
            "[[operator]]\ncode = \"{code}\"\nname = \"{code}\"\nnetworks = \"all\"\ncurrency = \"USD\"\n\
             base_cost = \"0.01\"\npriority = {priority}\n[operator.smpp]\nhost = \"{}\"\nport = {}\n\
             system_id = \"tollgate\"\npassword = \"secret\"\nbinds = 2\nwindow = 1000\nreconnect_min_ms = 50\n\
             reconnect_max_ms = 200",
            address.ip(),
            address.port(),
        )?;
    }
    fs::write(directory.join("operators.toml"), text)?;
    Ok(path)
}

/// A simulated operator, listening; on a free port unless one is given.
pub fn start_sim(
    directory: &Path,
    name: &str,
    address: Option<SocketAddr>,
) -> Result<(Server, SocketAddr), Failure> {
    let mut command = Command::new(binary("tollgate-tools")?);
    let address = address.map_or("127.0.0.1:0".to_owned(), |address| address.to_string());
    command.args(["sim", "--listen", &address]);
    let log = directory.join(format!("{name}.log"));
    let (server, line) = Server::start(&mut command, &log, READY_TIMEOUT)?;
    let ready: serde_json::Value = serde_json::from_str(&line)?;
    let address = ready["smpp"].as_str().ok_or("the simulator did not say where it listens")?;
    Ok((server, address.parse()?))
}

/// The floor, listening.
pub fn start_floor(directory: &Path) -> Result<(Server, SocketAddr), Failure> {
    let mut command = Command::new(binary("floor")?);
    let (server, line) = Server::start(&mut command, &directory.join("floor.log"), READY_TIMEOUT)?;
    Ok((server, line.parse()?))
}

/// The addresses that a daemon listens on.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Ready {
    /// The address for gateways.
    pub smpp: SocketAddr,
    /// The address of the management API.
    pub http: SocketAddr,
    /// The address of the metrics.
    pub metrics: SocketAddr,
}

/// The daemon on `directory/data`, listening.
pub fn start_tollgate(directory: &Path, config: &Path) -> Result<(Server, SocketAddr), Failure> {
    start_tollgate_ready(directory, config).map(|(server, ready)| (server, ready.smpp))
}

/// The same, with all that it listens on.
pub fn start_tollgate_ready(directory: &Path, config: &Path) -> Result<(Server, Ready), Failure> {
    let mut command = Command::new(binary("tollgate")?);
    command.arg("--config").arg(config).arg("run").arg("--data-dir").arg(data_dir(directory));
    for listener in ["--smpp-listen", "--http-listen", "--metrics-listen"] {
        command.args([listener, "127.0.0.1:0"]);
    }
    let (server, line) = Server::start(&mut command, &directory.join("tollgate.log"), READY_TIMEOUT)?;
    Ok((server, serde_json::from_str(&line)?))
}

/// The data directory of [`start_tollgate`].
pub fn data_dir(directory: &Path) -> PathBuf {
    directory.join("data")
}
