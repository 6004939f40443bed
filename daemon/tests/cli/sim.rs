//! `tollgate-tools sim` and `tollgate-tools load` against each other: whatever the one does to messages, the other must see.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use crate::support::sandbox::{Finished, Sandbox, run};
use crate::support::wait::{SOON, eventually};
use serde_json::Value;

/// A simulator that listens.
struct Simulator {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Simulator {
    fn start(sandbox: &Sandbox, flags: &[&str]) -> Self {
        let mut command = sandbox.tools("sim");
        command.args(["--listen", "127.0.0.1:0"]).args(flags);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!((&ready["event"], &ready["pid"]), (&"ready".into(), &child.id().into()));
        let address = ready["smpp"].as_str().unwrap().to_owned();
        Self { child, lines, address }
    }

    /// Asks it to end and gives its counts.
    fn stop(mut self) -> Value {
        let asked = Instant::now();
        let kill = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(kill.success());
        let stopped: Value = serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(stopped["event"], "stopped");
        let status = eventually("the simulator to end", || self.child.try_wait().unwrap());
        assert!(status.success() && asked.elapsed() < SOON, "{status} after {:?}", asked.elapsed());
        stopped
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // Both fail when it has ended and been waited for, which is just as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn load(sandbox: &Sandbox, simulator: &Simulator, flags: &[&str]) -> Command {
    let mut command = sandbox.tools("load");
    command.args([
        "--target",
        &simulator.address,
        "--system-id",
        "gateway",
        "--password",
        "secret",
        "--json",
    ]);
    command.arg("--numbering").arg(sandbox.config("numbering/numbering.csv")).args(flags);
    command
}

fn report(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {finished:?}"))
}

/// A column of the rows of a CSV file without quotes, of those rows whose first column is `kind`, if one is given.
fn column(path: &Path, kind: Option<&str>, name: &str) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let mut rows = text.lines().map(|line| line.split(',').map(ToOwned::to_owned).collect::<Vec<_>>());
    let at = rows.next().unwrap().iter().position(|column| column == name).unwrap();
    rows.filter(|row| kind.is_none_or(|kind| row[0] == kind)).map(|row| row[at].clone()).collect()
}

fn set(of: Vec<String>) -> BTreeSet<String> {
    of.into_iter().collect()
}

fn files(sandbox: &Sandbox) -> (PathBuf, PathBuf) {
    (sandbox.path().join("taken.csv"), sandbox.path().join("sent.csv"))
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("no {name} in {value}"))
}

#[test]
fn both_sides_count_the_same() {
    let sandbox = Sandbox::new();
    let (taken, sent) = files(&sandbox);
    let flags = "--latency-ms 1 --latency-jitter-ms 3 --error-percent 5 --error-status 0x64 --queue-full-percent 5 \
                 --receipt-delay-ms 10 --receipt-duplicate-percent 10 --receipt-early-percent 20 --undelivered-percent 20 \
                 --expired-percent 10 --id-format uuid --receipt-window 7 --record";
    let flags: Vec<&str> = flags.split_whitespace().chain([taken.to_str().unwrap()]).collect();
    let simulator = Simulator::start(&sandbox, &flags);
    let flags = [
        "--messages",
        "4000",
        "--binds",
        "3",
        "--window",
        "40",
        "--receipts",
        "--record",
        sent.to_str().unwrap(),
    ];
    let finished = run(&mut load(&sandbox, &simulator, &flags));
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let (report, counts) = (report(&finished), simulator.stop());

    let acknowledged = number(&report, "acknowledged");
    assert!((3300..3900).contains(&acknowledged), "{report}");
    assert_eq!(number(&report["refused"], "0x00000064"), number(&counts, "failed"));
    assert_eq!(number(&report["refused"], "0x00000014"), number(&counts, "queue_full"));
    assert_eq!(acknowledged, number(&counts, "accepted"));

    let receipts = &report["receipts"];
    let (received, again) = (number(receipts, "received"), number(receipts, "again"));
    assert_eq!((number(receipts, "outstanding"), number(receipts, "strays")), (0, 0));
    assert_eq!(received, acknowledged + again);
    assert_eq!(received, number(&counts, "receipts_acknowledged"));
    assert!(again > 200, "{receipts}");
    let states = ["DELIVRD", "UNDELIV", "EXPIRED"].map(|state| number(&receipts["by_state"], state));
    assert_eq!(states.iter().sum::<u64>(), received);
    assert!(states[0] > states[1] && states[1] > states[2] && states[2] > 100, "{receipts}");

    let ids = set(column(&taken, None, "message_id"));
    assert_eq!(ids.len() as u64, acknowledged);
    assert_eq!(set(column(&sent, Some("acknowledged"), "message_id")), ids);
    assert_eq!(set(column(&sent, Some("receipt"), "message_id")), ids);
    assert_eq!(
        set(column(&taken, None, "destination")),
        set(column(&sent, Some("acknowledged"), "destination"))
    );
}

#[test]
fn what_is_acknowledged_is_on_record_however_connections_and_the_process_end() {
    let sandbox = Sandbox::new();
    let (taken, sent) = files(&sandbox);
    let flags = ["--disconnect-every", "500", "--record", taken.to_str().unwrap()];
    let simulator = Simulator::start(&sandbox, &flags);
    let flags =
        ["--seconds", "60", "--window", "50", "--reconnect-seconds", "1", "--record", sent.to_str().unwrap()];
    let mut loading = load(&sandbox, &simulator, &flags).stdout(Stdio::piped()).spawn().unwrap();
    eventually("some thousands of messages", || {
        let text = fs::read_to_string(&taken).unwrap_or_default();
        (text.lines().count() > 3_000).then_some(())
    });
    drop(simulator);
    assert!(!loading.wait().unwrap().success(), "messages without an answer are a failure");
    let (acknowledged, ids) =
        (set(column(&sent, Some("acknowledged"), "message_id")), set(column(&taken, None, "message_id")));
    assert!(acknowledged.is_subset(&ids));
    let lost = ids.difference(&acknowledged).count();
    assert!(lost >= 3, "a cut connection costs answers: {lost}");
}

#[test]
fn a_rate_is_kept_and_rejected_destinations_are_named_by_their_status() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(&sandbox, &["--throttle-per-second", "100"]);
    let finished = run(&mut load(&sandbox, &simulator, &["--messages", "1000", "--window", "10"]));
    let (report, counts) = (report(&finished), simulator.stop());
    let throttled = number(&report["refused"], "0x00000058");
    assert!(throttled > 300, "{report}");
    assert_eq!(throttled, number(&counts, "throttled"));

    let digits: Vec<String> = (1..=9).map(|digit| format!("--reject-prefix={digit}=0x0B")).collect();
    let flags: Vec<&str> = digits.iter().map(String::as_str).collect();
    let simulator = Simulator::start(&sandbox, &flags);
    let finished = run(&mut load(&sandbox, &simulator, &["--messages", "100"]));
    assert_eq!(number(&self::report(&finished)["refused"], "0x0000000B"), 100);
    assert_eq!(number(&simulator.stop(), "rejected"), 100);
}

#[test]
fn receipts_that_are_lost_are_missed() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(&sandbox, &["--receipt-loss-percent", "50"]);
    let flags = ["--messages", "200", "--receipts", "--receipts-wait-seconds", "1"];
    let finished = run(&mut load(&sandbox, &simulator, &flags));
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let (report, counts) = (report(&finished), simulator.stop());
    assert_eq!(number(&report, "acknowledged"), 200);
    assert_eq!(number(&report["receipts"], "outstanding"), number(&counts, "receipts_lost"));
    assert!(number(&counts, "receipts_lost") > 50, "{counts}");
}

#[test]
fn only_the_named_may_bind() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(&sandbox, &["--system-id", "gateway", "--password", "other"]);
    let finished = run(&mut load(&sandbox, &simulator, &["--messages", "1"]));
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("refused the bind with status 0x0000000E"), "{finished:?}");
    assert_eq!(number(&simulator.stop(), "binds_refused"), 1);
}

#[test]
fn its_help_names_every_option() {
    let sandbox = Sandbox::new();
    let help = run(sandbox.tools("sim").arg("--help"));
    assert_eq!(help.code, Some(0), "{help:?}");
    for option in [
        "--listen",
        "--tls-certificate",
        "--tls-key",
        "--system-id",
        "--password",
        "--window",
        "--seed",
        "--record",
        "--latency-ms",
        "--latency-jitter-ms",
        "--error-percent",
        "--error-status",
        "--throttle-per-second",
        "--queue-full-percent",
        "--reject-prefix",
        "--lost-response-percent",
        "--disconnect-every",
        "--id-format",
        "--receipt-delay-ms",
        "--receipt-loss-percent",
        "--receipt-duplicate-percent",
        "--receipt-early-percent",
        "--undelivered-percent",
        "--expired-percent",
        "--receipt-id-format",
        "--receipt-form",
    ] {
        assert!(help.stdout.contains(option), "{option} is not in {}", help.stdout);
    }
}
