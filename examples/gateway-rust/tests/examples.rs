//! The examples against the real daemon and a simulated operator: both gateways, and the price list.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests stop at a surprise"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const TO_SAFARICOM: [&str; 2] = ["--to", "254722000123"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program of the workspace, which cargo puts beside the example's own.
fn program(name: &str) -> Command {
    let path = Path::new(env!("CARGO_BIN_EXE_example-gateway")).with_file_name(name);
    assert!(path.exists(), "{name} is missing: build it with `cargo build --workspace --bins`");
    Command::new(path)
}

/// A program that serves until it is dropped, and the line of JSON with which it says that it is ready.
struct Server {
    child: Child,
    ready: Value,
}

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("standard output can be read");
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self { child, ready }
    }

    fn smpp(&self) -> &str {
        self.ready["smpp"].as_str().expect("an address")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What is acknowledged survives it; nothing else is asked of it here.
        self.child.kill().expect("the program can be killed");
        self.child.wait().expect("the program ends");
    }
}

/// The shipped configuration with a simulated operator, and the daemon that runs on it.
struct Scene {
    folder: TempDir,
    daemon: Server,
    _operator: Server,
}

impl Scene {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("config");
        let copied = Command::new("cp").arg("-r").arg(repository().join("config")).arg(&config).status();
        assert!(copied.expect("cp is there").success());
        let operator = Server::start(program("tollgate-tools").args(["sim", "--listen", "127.0.0.1:0"]));
        let port = operator.smpp().rsplit_once(':').expect("an address with a port").1;
        let one = format!(
            "[[operator]]\ncode = \"alpha\"\ncurrency = \"USD\"\nbase_cost = \"0.01\"\n\n\
             [operator.smpp]\nhost = \"127.0.0.1\"\nport = {port}\nsystem_id = \"t\"\npassword = \"p\"\n\
             reconnect_min_ms = 50\n"
        );
        fs::write(config.join("operators.toml"), one).expect("the operators can be written");
        let settings = fs::read_to_string(config.join("tollgate.toml")).expect("the settings can be read");
        let operators = format!("{settings}\n[operators]\nfile = \"operators.toml\"\n");
        fs::write(config.join("tollgate.toml"), operators).expect("the settings can be written");
        let daemon = Server::start(
            program("tollgate")
                .arg("--config")
                .arg(config.join("tollgate.toml"))
                .arg("run")
                .arg("--data-dir")
                .arg(folder.path().join("data"))
                .args(["--smpp-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"])
                .args(["--metrics-listen", "127.0.0.1:0"])
                .stderr(Stdio::null()),
        );
        Self { folder, daemon, _operator: operator }
    }

    fn python(&self) -> Command {
        let (host, port) = self.daemon.smpp().rsplit_once(':').expect("an address with a port");
        let mut gateway = Command::new("python3");
        gateway.arg(repository().join("examples/gateway.py")).args(["--host", host, "--port", port]);
        gateway
    }

    fn rust(&self) -> Command {
        let mut gateway = Command::new(env!("CARGO_BIN_EXE_example-gateway"));
        gateway.args(["--server", self.daemon.smpp()]);
        gateway
    }
}

/// The lines that a gateway has printed, which ended as it should.
fn lines(gateway: &mut Command, code: i32) -> Vec<String> {
    let Output { status, stdout, stderr } = gateway.output().expect("the gateway runs");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert_eq!(status.code(), Some(code), "{stdout}{stderr}");
    stdout.lines().map(ToOwned::to_owned).collect()
}

/// The message id in `charged 178…: price 0.02, balance 999.98`.
fn charged(line: &str) -> &str {
    let id = line.strip_prefix("charged ").and_then(|rest| rest.split_once(": price 0.02, balance "));
    id.unwrap_or_else(|| panic!("{line:?} is no charge")).0
}

/// A message that is charged and delivered, its resend, and one that is refused.
fn a_message_from_submit_to_receipt(gateway: impl Fn() -> Command, key: &str) {
    let first = lines(gateway().args(TO_SAFARICOM).args(["--key", key, "--wait", "30"]), 0);
    let id = charged(&first[0]);
    assert!(first[1].starts_with(&format!("receipt id:{id} ")), "{first:?}");
    assert!(first[1].contains("stat:DELIVRD"), "{first:?}");

    let again = lines(gateway().args(TO_SAFARICOM).args(["--key", key, "--wait", "0"]), 0);
    assert_eq!(again[0], first[0], "the same id, and the same balance");

    let refused = lines(gateway().args(["--to", "2109999999"]), 1);
    assert!(refused[0].ends_with(", unknown_destination"), "{refused:?}");
}

#[test]
fn the_gateway_in_python() {
    let scene = Scene::start();
    a_message_from_submit_to_receipt(|| scene.python(), "python");
}

#[test]
fn the_gateway_in_rust() {
    let scene = Scene::start();
    a_message_from_submit_to_receipt(|| scene.rust(), "rust");
    // The balance after two gateways' worth of one message each is that of one: the resend was not charged.
    let other = lines(scene.python().args(TO_SAFARICOM).args(["--wait", "0"]), 0);
    assert!(other[0].ends_with("balance 999.96"), "{other:?}");
}

#[test]
fn the_price_list() {
    let scene = Scene::start();
    let config = scene.folder.path().join("config");
    let example = repository().join("examples/price-list.csv");
    fs::copy(example, config.join("rates/price-list.csv")).expect("the list can be copied");
    let settings = fs::read_to_string(config.join("tollgate.toml")).expect("the settings can be read");
    let settings = settings.replace("rates/samples.csv", "rates/price-list.csv");
    fs::write(config.join("tollgate.toml"), settings).expect("the settings can be written");
    let quote = |at: &str, to: &str| {
        let mut quote = program("tollgate");
        quote.arg("--config").arg(config.join("tollgate.toml")).args(["quote", "--account", "biz_test_001"]);
        let quote = lines(quote.args(["--segments", "1", "--json", "--to", to, "--at", at]), 0).concat();
        let quote: Value = serde_json::from_str(&quote).expect("JSON");
        quote["price"].as_str().expect("a price").to_owned()
    };
    assert_eq!(quote("2026-12-01", "254722000123"), "0.0195");
    assert_eq!(quote("2027-02-01", "254722000123"), "0.0205", "announced for the new year");
    assert_eq!(quote("2026-12-01", "33612345678"), "0.048");
    assert_eq!(quote("2026-12-01", "254763000001"), "0.0215", "Equitel has no row of its own");
}
