//! Each test runs the child below in a process of its own, which has a bug in one part, and looks at how it ends.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use metrics::{Counter, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tokio::runtime::Runtime;
use tollgate_provisioning::Loaded;
use tollgate_relay::additions::Additions;
use tollgate_relay::clients::EsmeSession;
use tollgate_relay::core::{Core, Started};
use tollgate_relay::operators::driver::DeliveryDriver;
use tollgate_smpp::proxy::TrustedProxies;
use tollgate_smpp::server::Server;
use tollgate_smpp::{BindHandler, BindOutcome, BindRequest};
use tollgate_storage::batch::Batch;
use tollgate_storage::committer::Limits;
use tollgate_storage::journal::{Journal, JournalError, RocksJournal};
use tollgate_storage::store::{CommitRow, Durability, Store, StoreOptions};

use crate::http_server::HttpLimits;

/// The variable that tells the child which part has the bug.
const PART: &str = "TOLLGATE_TEST_BUG_IN";
/// The number of SIGABRT.
const SIGABRT: i32 = 6;
/// Time after which a child that lives on ends by itself, which fails its test.
const CHILD_MAX: Duration = Duration::from_secs(20);

#[test]
fn a_bug_in_a_session_ends_the_process() {
    check("session", "tokio-rt-worker");
}

#[test]
fn a_bug_in_the_committer_ends_the_process() {
    check("committer", "committer");
}

#[test]
fn a_bug_in_the_delivery_thread_ends_the_process() {
    check("delivery", "delivery");
}

#[test]
fn a_bug_in_an_http_thread_ends_the_process() {
    check("http", "http");
}

fn check(part: &str, thread: &str) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["panics::tests::child", "--exact", "--ignored", "--nocapture"])
        .env(PART, part)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&child.stderr);
    assert_eq!(child.status.signal(), Some(SIGABRT), "{:?}: {log}", child.status);
    let line = log.lines().find(|line| line.contains("a bug was found")).expect(&log);
    assert!(
        line.contains(&format!("a bug in {part}")) && line.contains(&format!("thread=\"{thread}\"")),
        "{line}"
    );
}

#[test]
#[ignore = "run by the tests above in a process of its own"]
fn child() {
    let Ok(part) = std::env::var(PART) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut loaded = tollgate_provisioning::load(
        &PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config/tollgate.toml"),
    )
    .unwrap();
    loaded.settings.smpp.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    crate::logging::install(&loaded.settings.log);
    super::abort_on_panic();
    match part.as_str() {
        "session" => bug_in_session(&loaded),
        "committer" => bug_in_committer(loaded, folder.path()),
        "delivery" => bug_in_delivery(loaded, folder.path()),
        "http" => bug_in_http(),
        other => unreachable!("no part {other}"),
    }
    std::thread::sleep(CHILD_MAX);
}

/// A server whose sessions begin with a bug.
struct Buggy;

impl BindHandler for Buggy {
    type Session = EsmeSession;

    async fn bind(&self, _: BindRequest, _: IpAddr) -> BindOutcome<EsmeSession> {
        unreachable!("a bug in session")
    }
}

fn bug_in_session(loaded: &Loaded) {
    let runtime = Runtime::new().unwrap();
    let config = crate::run::server_config(&loaded.settings.smpp);
    let server = runtime.block_on(Server::start(config, Arc::new(Buggy))).unwrap();
    let mut client = TcpStream::connect(server.plain_addresses()[0]).unwrap();
    // bind_transceiver (SMPP 3.4 §4.1.5) of `x` with the password `y`.
    let body = b"x\0y\0\0\x34\0\0\0";
    let length = u32::try_from(16 + body.len()).unwrap();
    let header = [length, 0x0000_0009, 0, 1].map(u32::to_be_bytes).concat();
    client.write_all(&[&header, &body[..]].concat()).unwrap();
    std::thread::sleep(CHILD_MAX);
}

/// A journal with a bug.
struct BuggyJournal;

impl Journal for BuggyJournal {
    fn append(&mut self, _: &Batch, _: &CommitRow) -> Result<(), JournalError> {
        unreachable!("a bug in committer")
    }

    fn recover(&mut self) -> Result<CommitRow, JournalError> {
        Ok(CommitRow::default())
    }
}

fn bug_in_committer(loaded: Loaded, folder: &Path) {
    drop(start(loaded, store(folder), BuggyJournal));
}

/// Counts what delivery counts, with a bug.
struct BuggyMetrics;

impl Recorder for BuggyMetrics {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(Self))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

impl GaugeFn for BuggyMetrics {
    fn increment(&self, _: f64) {}
    fn decrement(&self, _: f64) {}

    fn set(&self, _: f64) {
        assert_ne!(std::thread::current().name(), Some("delivery"), "a bug in delivery");
    }
}

fn bug_in_delivery(loaded: Loaded, folder: &Path) {
    metrics::set_global_recorder(BuggyMetrics).ok().unwrap();
    let store = store(folder);
    let journal = RocksJournal::new(Arc::clone(&store), Durability::Os);
    let Started { core, .. } = start(loaded, store, journal);
    let driver = DeliveryDriver::start(Arc::clone(&core.scheduler)).unwrap();
    std::thread::sleep(CHILD_MAX);
    drop(driver);
}

fn store(folder: &Path) -> Arc<Store> {
    let options = StoreOptions::at(folder.to_owned());
    Arc::new(Store::open(options).unwrap())
}

fn start(loaded: Loaded, store: Arc<Store>, journal: impl Journal) -> Started {
    let limits = Limits { queue_messages: 1_000, batch_messages: 100, batch_bytes: 1 << 20 };
    Core::start(store, journal, limits, loaded, Additions::default()).unwrap()
}

fn bug_in_http() {
    async fn buggy() -> &'static str {
        unreachable!("a bug in http")
    }
    let http = crate::http::runtime().unwrap();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let router = Router::new().route("/", get(buggy));
    let limits = HttpLimits {
        connections: 10,
        connections_per_address: 10,
        header_timeout: Duration::from_secs(10),
        trusted_proxies: TrustedProxies::default(),
    };
    let serving = crate::http_server::serve(http.handle(), listen, router, limits);
    let address = http.block_on(serving).unwrap().address;
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
}
