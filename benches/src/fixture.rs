//! Servers to measure: the floor, and the daemon with rich accounts and the whole numbering plan.

use std::fmt::Write as _;
use std::fs;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tollgate_daemon::config::passwords;
use tollgate_daemon::demo::server::Server;
use tollgate_daemon::load::{Bind, Credentials, Destinations, MessageOptions, Mix, Mode, Traffic};

use crate::Failure;

const PASSWORD: &str = "measure";

/// How long a server may take to be ready, with ten million CDRs or a million accounts.
const READY_TIMEOUT: Duration = Duration::from_mins(5);

/// The configuration that is shipped.
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
        return Err(format!("{} is in memory, where a sync says nothing", parent.display()).into());
    }
    Ok(tempfile::Builder::new().prefix("measure-").tempdir_in(parent)?)
}

/// What the load generator sends: real texts to the whole numbering plan.
pub fn traffic(mix: Mix) -> Result<Arc<Traffic>, Failure> {
    let plan = File::open(shipped("numbering/numbering.csv"))?;
    let options = MessageOptions { mix, source: "TOLLGATE".to_owned(), ..MessageOptions::default() };
    Ok(Arc::new(Traffic::new(&options, Destinations::read(plan)?)?))
}

/// Binds of the accounts `1` to `accounts` in turn.
pub fn binds(count: usize, accounts: usize) -> Vec<Bind> {
    let bind = |index: usize| Bind {
        credentials: Credentials {
            system_id: account_name(1 + index % accounts),
            password: PASSWORD.to_owned(),
        },
        mode: Mode::Transceiver,
        messages: None,
    };
    (0..count).map(bind).collect()
}

fn account_name(number: usize) -> String {
    format!("account_{number}")
}

/// Writes a configuration with this many accounts, whose money does not run out, and says where it is.
pub fn configure(directory: &Path, accounts: usize) -> Result<PathBuf, Failure> {
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
    for number in 1..=accounts {
        let (name, hash) = (account_name(number), hash.as_str());
        writeln!(
            text,
            "[[account]]\nid = \"{name}\"\npassword_hash = \"{hash}\"\nplan = \"professional\"\n\
             opening_balance = \"100000000.00\"\nmax_binds = 100"
        )?;
    }
    fs::write(directory.join("accounts.toml"), text)?;
    let path = directory.join("tollgate.toml");
    fs::write(&path, settings)?;
    Ok(path)
}

/// The floor, listening.
pub fn start_floor(directory: &Path) -> Result<(Server, SocketAddr), Failure> {
    let mut command = Command::new(binary("floor")?);
    let (server, line) = Server::start(&mut command, &directory.join("floor.log"), READY_TIMEOUT)?;
    Ok((server, line.parse()?))
}

/// The daemon on `directory/data`, listening.
pub fn start_tollgate(directory: &Path, config: &Path) -> Result<(Server, SocketAddr), Failure> {
    #[derive(Deserialize)]
    struct Ready {
        smpp: SocketAddr,
    }

    let mut command = Command::new(binary("tollgate")?);
    command.arg("--config").arg(config).arg("run").arg("--data-dir").arg(data_dir(directory));
    for listener in ["--smpp-listen", "--http-listen", "--metrics-listen"] {
        command.args([listener, "127.0.0.1:0"]);
    }
    let (server, line) = Server::start(&mut command, &directory.join("tollgate.log"), READY_TIMEOUT)?;
    let Ready { smpp } = serde_json::from_str(&line)?;
    Ok((server, smpp))
}

/// Where [`start_tollgate`] keeps its books.
pub fn data_dir(directory: &Path) -> PathBuf {
    directory.join("data")
}
